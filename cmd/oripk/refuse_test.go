package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/client"
)

// TestFaultsAsJSON: every fault can be read by a program.
func TestFaultsAsJSON(t *testing.T) {
	bad := writeProject(t)
	writeFile(t, filepath.Join(bad, "oripk.toml"), "[project]\nname = \"@acme/HTTP\"\nversion = \"1.0.0\"\ndescription = \"x\"\nori = \"1.0.0\"\n")
	noise := filepath.Join(t.TempDir(), "x.oripk")
	writeFile(t, noise, "noise")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		p := api.Errorf(api.ValidationFailed, "a detail")
		p.Errors = []api.Fault{{Path: "oripk.toml", Pointer: "/project/name", Code: "name", Detail: "no"}}
		writeProblem(w, p)
	}))
	defer server.Close()
	cases := []struct {
		args []string
		want fault
	}{
		{[]string{"pack", "-C", bad}, fault{File: "oripk.toml", Line: 2, Column: 8, Pointer: "/project/name", Code: "name"}},
		{[]string{"verify", noise}, fault{Code: "not_gzip"}},
		{[]string{"info", "@a/b"}, fault{File: "oripk.toml", Pointer: "/project/name", Code: "name"}},
	}
	for _, c := range cases {
		got := oripk(t, map[string]string{"ORI_REGISTRY_URL": server.URL}, append(c.args, "--json")...)
		var reply map[string]explanation
		if err := json.Unmarshal([]byte(got.stdout), &reply); err != nil || len(reply["error"].Faults) != 1 {
			t.Errorf("%v: %v\n%s", c.args, err, got.stdout)
			continue
		}
		one := reply["error"].Faults[0]
		if one.Detail == "" {
			t.Errorf("%v: no detail", c.args)
		}
		if one.Detail = ""; one != c.want {
			t.Errorf("%v: %+v, want %+v", c.args, one, c.want)
		}
	}
	got := oripk(t, nil, "whoami", "--json")
	got.want(t, exitUsage, `"faults": []`)
}

// TestPackReplacesArchivesOnly: what cannot be made again stays.
func TestPackReplacesArchivesOnly(t *testing.T) {
	dir := writeProject(t)
	text := filepath.Join(dir, "oripk.toml")
	before, _ := os.ReadFile(text)
	oripk(t, nil, "pack", "-C", dir, "-o", text).want(t, exitFailed, "is no archive; it was left as it is", "try: -o FILE")
	if after, _ := os.ReadFile(text); !bytes.Equal(before, after) {
		t.Error("the manifest was replaced")
	}
	link := filepath.Join(t.TempDir(), "x.oripk")
	if err := os.Symlink(text, link); err != nil {
		t.Fatal(err)
	}
	for _, other := range []string{link, t.TempDir()} {
		oripk(t, nil, "pack", "-C", dir, "-o", other).want(t, exitFailed, "is no regular file")
	}
	backup := filepath.Join(t.TempDir(), "backup.tar.gz")
	writeFile(t, backup, zipped(t, "the only copy"))
	oripk(t, nil, "pack", "-C", dir, "-o", backup).want(t, exitFailed, "is no archive; it was left as it is")
	older := filepath.Join(t.TempDir(), "x.oripk")
	for range 2 {
		oripk(t, nil, "pack", "-C", dir, "-o", older).want(t, exitOK)
		writeFile(t, filepath.Join(dir, "src", "more.ori"), "")
	}
}

// zipped is a gzip file that holds something else than a package.
func zipped(t *testing.T, text string) string {
	t.Helper()
	var b strings.Builder
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// full is a disk without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

func TestLostOutput(t *testing.T) {
	dir := writeProject(t)
	for _, args := range [][]string{{"version"}, {"version", "--json"}, {"--help"}, {"pack", "-C", dir, "-o", "-"}} {
		var stderr bytes.Buffer
		code := run(t.Context(), args, func(string) string { return "" }, nil, full{}, &stderr)
		if code != exitFailed || !strings.Contains(stderr.String(), "error: the output could not be written: no space left") {
			t.Errorf("%v: %d, %s", args, code, stderr.String())
		}
	}
}

// TestFolderOutOfReach: what is told of is what the user named, and its folder.
func TestFolderOutOfReach(t *testing.T) {
	for path, want := range map[string]string{
		".oripk-1.part":      "writing the archive: its folder: permission denied",
		"/out/.oripk-1.part": "writing the archive: /out: permission denied",
	} {
		e := explain(fmt.Errorf("writing the archive: %w", &fs.PathError{Op: "open", Path: path, Err: syscall.EACCES}))
		if e.Message != want || !strings.HasPrefix(e.Hint, "make it readable and writable") {
			t.Errorf("%+v, want %s", e, want)
		}
	}
	gone := filepath.Join(t.TempDir(), "gone")
	got := oripk(t, nil, "fetch", "@a/b@1.0.0", "-o", filepath.Join(gone, "x"), "--registry", "http://127.0.0.1:1")
	got.want(t, exitFailed, "error: writing "+filepath.Join(gone, "x")+": ", gone+": no such file or directory", "  try: check the path")
}

func TestNoRegistry(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	env := map[string]string{"ORI_REGISTRY_TOKEN": "ori_x"}
	for _, args := range [][]string{
		{"whoami"}, {"info", "@a/b"}, {"fetch", "@a/b@1.0.0"}, {"verify", "@a/b@1.0.0"}, {"scope", "claim", "@a"}, {"publish", "--yes", "-C", writeProject(t)},
	} {
		got := oripk(t, env, append(args, "--registry", server.URL)...)
		got.want(t, exitNetwork, "error: there is no Ori registry at "+server.URL, "/v1/: the answer is HTTP 404 Not Found")
	}
	oripk(t, env, "whoami", "--registry", server.URL+"/v1/").want(t, exitNetwork, "try: the address without /v1: --registry "+server.URL+"\n")
}

// TestForeignAnswer: what a proxy in front of a registry says is told with its
// address and a way on.
func TestForeignAnswer(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "<h1>no</h1>", http.StatusForbidden) }))
	defer server.Close()
	got := oripk(t, nil, "info", "@a/b", "--registry", server.URL)
	got.want(t, exitAuth, "error: HTTP 403 Forbidden", "what answers at "+server.URL+" is no Ori registry", "  try: check the address")
}

// TestPublishElsewhere: the manifest says where a package may go.
func TestPublishElsewhere(t *testing.T) {
	dir := writeProject(t, "\n[registries.corp]\nurl = \"https://corp.example/\"\n\n[publish]\nregistry = \"corp\"\n\n[scripts]\nbuild = \"make\"\n")
	env := map[string]string{"ORI_REGISTRY_TOKEN": "ori_x"}
	got := oripk(t, env, "publish", "--yes", "-C", dir, "--registry", "http://127.0.0.1:1")
	got.want(t, exitFailed, `meant for the registry "corp"`, "try: --registry https://corp.example/")

	path := filepath.Join(dir, "oripk.toml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, path, strings.ReplaceAll(string(text), "registry = \"corp\"\n", ""))
	server := httptest.NewServer(problem(api.ScopeNotClaimed))
	defer server.Close()
	got = oripk(t, env, "publish", "--yes", "-C", dir, "--registry", server.URL)
	got.want(t, exitAuth, "scope not claimed", "note: [scripts]", "warning: there is no README.md", "warning: there is no LICENSE")
}

func TestNoProof(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "x")
	writeFile(t, file, "root:x:0:0\n")
	oripk(t, nil, "verify", file, "--proof", file, "--registry", "http://127.0.0.1:1").want(t, exitFailed, "no tlog-proof", "--proof FILE")
}

// TestUnanswered: nobody knows whether it is done.
func TestUnanswered(t *testing.T) {
	ref, err := parseRef("@acme/http@1.4.0")
	if err != nil {
		t.Fatal(err)
	}
	lost := &client.NetworkError{Host: "https://registry.example", Err: io.ErrUnexpectedEOF}
	cases := []struct {
		err  *client.UnansweredError
		code string
		exit int
		say  []string
	}{
		{&client.UnansweredError{Ref: ref, Again: true, Err: context.Canceled}, "interrupted", exitFailed, []string{"may be published", "publish it again"}},
		{&client.UnansweredError{Again: true, Err: context.Canceled}, "interrupted", exitFailed, []string{"may have been done", "do it again"}},
		{&client.UnansweredError{Err: context.Canceled}, "interrupted", exitFailed, []string{"may have been done", "oripk token list"}},
		{&client.UnansweredError{Err: lost}, "network", exitNetwork, []string{"may have been done", "no answer from https://registry.example", "oripk token list"}},
	}
	for _, c := range cases {
		e := explain(c.err)
		for _, part := range c.say {
			if e.Code != c.code || e.ExitCode != c.exit || !strings.Contains(e.Message+e.Hint+strings.Join(e.Details, " "), part) {
				t.Errorf("%v: %+v, want %q", c.err, e, part)
			}
		}
	}
}
