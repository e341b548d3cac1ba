package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ori-lang/registry/api"
)

// outcome is what one run gave.
type outcome struct {
	code           int
	stdout, stderr string
}

// oripk runs the program on a fresh machine with these settings.
func oripk(t *testing.T, env map[string]string, args ...string) outcome {
	t.Helper()
	return oripkContext(t, t.Context(), env, args...)
}

func oripkContext(t *testing.T, ctx context.Context, env map[string]string, args ...string) outcome {
	t.Helper()
	state := t.TempDir()
	getenv := func(name string) string {
		if name == "XDG_STATE_HOME" && env[name] == "" {
			return state
		}
		return env[name]
	}
	var stdout, stderr bytes.Buffer
	code := run(ctx, args, getenv, strings.NewReader(""), &stdout, &stderr)
	return outcome{code, stdout.String(), stderr.String()}
}

func (o outcome) want(t *testing.T, code int, parts ...string) {
	t.Helper()
	if o.code != code {
		t.Errorf("exit code %d, want %d\n%s%s", o.code, code, o.stdout, o.stderr)
	}
	for _, part := range parts {
		if !strings.Contains(o.stdout+o.stderr, part) {
			t.Errorf("%q is not in the output:\n%s%s", part, o.stdout, o.stderr)
		}
	}
}

func TestUsage(t *testing.T) {
	const key = "log.example+8b7b1eb1+AQ=="
	project := writeProject(t)
	cases := []struct {
		args string
		want string
	}{
		{"frobnicate", "unknown command"},
		{"synk", "  try: oripk sync"},
		{"--frobnicate", "unknown flag"},
		{"sync --lokced", "  try: oripk sync --locked"},
		{"scope", "needs a command"},
		{"scope frobnicate", "unknown command"},
		{"scope claim", "needs the argument @SCOPE"},
		{"scope claim @Acme", "lower-case"},
		{"scope claim @acme", "no registry is given"},
		{"pack more", `oripk pack takes no argument, and was given "more"`},
		{"publish --registry http://127.0.0.1:1 -C " + project, "no terminal"},
		{"publish", "no registry is given"},
		{"fetch", "needs the argument @SCOPE/NAME@VERSION"},
		{"fetch @a/b@1.0.0 more", "takes one argument, @SCOPE/NAME@VERSION, and was given 2"},
		{"fetch hello", "write @scope/name or @scope/name@1.2.3"},
		{"fetch @a/b@1.0.0 --registry http://a.b:99999", "ports go up to 65535"},
		{"search x --limit many", `--limit cannot be "many"`},
		{"search x --limit many", "  why: it is a number"},
		{"sync --locked=perhaps", "  why: it is true or false"},
		{"help bogus", `no command "bogus"`},
		{"help scope bogus", "no command"},
		{"whoami --registry=", "--registry is empty"},
		{"fetch @a/b", "oripk info @a/b --versions lists them"},
		{"fetch a/b@1.0.0", "does not start with @"},
		{"fetch @a/b@1.0", "major.minor.patch"},
		{"fetch @a/b@1.0.0", "no registry is given"},
		{"fetch @a/b@1.0.0 --registry ftp://x", "http"},
		{"fetch @a/b@1.0.0 --registry https://u:p@x", "password"},
		{"fetch @a/b@1.0.0 -o - --json --registry http://127.0.0.1:1", "standard output"},
		{"verify a.oripk b.oripk", "takes one argument, FILE|@SCOPE/NAME@VERSION, and was given 2"},
		{"diff", "needs two versions"},
		{"diff @a/b 1.0.0", "needs two versions"},
		{"diff @a/b 1.0.0 1.1.0 1.2.0", "was given 4"},
		{"verify x", "no registry is given"},
		{"verify x --offline", "--proof"},
		{"verify @a/b@1.0.0 --offline --proof y", "--offline"},
		{"verify @a/b@1.0.0 --proof y", "--proof"},
		{"verify x --log-key " + key, "key"},
		{"info", "needs the argument @SCOPE/NAME[@VERSION]"},
		{"info a", "write @scope/name"},
		{"info @a", "is not"},
		{"info @a/b@x", "major.minor.patch"},
		{"whoami", "no registry is given"},
		{"whoami more", "takes no argument"},
	}
	env := map[string]string{"ORI_REGISTRY_TOKEN": "ori_x"}
	for _, c := range cases {
		t.Run(c.args, func(t *testing.T) { wantUsage(t, env, strings.Fields(c.args), c.want) })
	}
}

// TestNoJSON: what prints a text of its own form does not do so for programs
// that wait for JSON.
func TestNoJSON(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "man")
	for _, args := range []string{"docs", "man " + dir, "completion bash"} {
		oripk(t, nil, append(strings.Fields(args), "--json")...).want(t, exitUsage, "cannot be printed as JSON", `"code": "usage"`)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("the manual pages were written")
	}
}

// wantUsage holds that a command line is refused in these words, for people and
// for programs, and that nothing else is printed.
func wantUsage(t *testing.T, env map[string]string, args []string, want ...string) {
	t.Helper()
	got := oripk(t, env, args...)
	got.want(t, exitUsage, append(want, "error: ", "  try: ")...)
	if got.stdout != "" && !slices.Contains(args, "--json") {
		t.Errorf("standard output: %q", got.stdout)
	}
	withJSON := oripk(t, env, append(args, "--json")...)
	withJSON.want(t, exitUsage)
	var reply map[string]explanation
	if err := json.Unmarshal([]byte(withJSON.stdout), &reply); err != nil || reply["error"].Code != "usage" || reply["error"].ExitCode != exitUsage {
		t.Errorf("JSON: %v\n%s", err, withJSON.stdout)
	}
}

func TestSettings(t *testing.T) {
	const url = "http://127.0.0.1:1"
	oripk(t, map[string]string{"ORI_REGISTRY_TOKEN": "a b"}, "whoami", "--registry", url).want(t, exitUsage, "ORI_REGISTRY_TOKEN")
	oripk(t, map[string]string{"ORI_REGISTRY_URL": url}, "whoami").want(t, exitAuth, "ORI_REGISTRY_TOKEN")
	oripk(t, map[string]string{"ORI_REGISTRY_URL": "registry.example"}, "whoami").want(t, exitUsage, "or ORI_REGISTRY_URL=https://…")
	oripk(t, map[string]string{"ORI_REGISTRY_CORP_URL": "corp.example"}, "whoami", "--registry", "corp").want(t, exitUsage, "or ORI_REGISTRY_CORP_URL=https://…")

	var stderr bytes.Buffer
	nothing := func(string) string { return "" }
	code := run(t.Context(), []string{"whoami", "--registry", url}, nothing, nil, io.Discard, &stderr)
	if code != exitUsage || !strings.Contains(stderr.String(), "neither XDG_STATE_HOME nor HOME is set to an absolute path") {
		t.Errorf("without a home: %d, %s", code, stderr.String())
	}
}

func TestHelp(t *testing.T) {
	for _, args := range [][]string{{}, {"--help"}, {"publish", "--help"}, {"help", "verify"}} {
		got := oripk(t, nil, args...)
		got.want(t, exitOK, "Usage:")
		if got.stderr != "" {
			t.Errorf("%v: standard error: %s", args, got.stderr)
		}
	}
	oripk(t, nil, "version").want(t, exitOK, "oripk ", "protocol 1")
	oripk(t, nil, "version", "--json").want(t, exitOK, `"protocol": "1"`)
}

// TestProblems: one code of the registry for each exit code.
func TestProblems(t *testing.T) {
	cases := []struct {
		code api.Code
		exit int
		say  string
	}{
		{api.InvalidRequest, exitFailed, "invalid request"},
		{api.TokenInvalid, exitAuth, "ORI_REGISTRY_TOKEN"},
		{api.InsufficientScope, exitAuth, "token scope too small"},
		{api.ScopeNotClaimed, exitAuth, "scope not claimed"},
		{api.PackageNotFound, exitNotFound, "package not found"},
		{api.VersionGone, exitNotFound, "version gone"},
		{api.ScopeTaken, exitConflict, "scope taken"},
		{api.ValidationFailed, exitFailed, "validation failed"},
		{api.Internal, exitFailed, "request r_42"},
	}
	for _, c := range cases {
		t.Run(string(c.code), func(t *testing.T) {
			server := httptest.NewServer(problem(c.code))
			defer server.Close()
			env := map[string]string{"ORI_REGISTRY_URL": server.URL, "ORI_REGISTRY_TOKEN": "ori_x"}
			oripk(t, env, "whoami").want(t, c.exit, c.say, "why: a detail")
			got := oripk(t, env, "whoami", "--json")
			got.want(t, c.exit)
			var reply map[string]explanation
			if err := json.Unmarshal([]byte(got.stdout), &reply); err != nil || reply["error"].Code != string(c.code) {
				t.Errorf("JSON: %v\n%s", err, got.stdout)
			}
		})
	}
}

func problem(code api.Code) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		writeProblem(w, api.Errorf(code, "a detail"))
	}
}

func writeProblem(w http.ResponseWriter, p *api.Problem) {
	urls, _ := api.NewURLs("http://registry.example")
	full := p.Complete(urls, "r_42")
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(full.Status)
	json.NewEncoder(w).Encode(full)
}

func TestNetworkIsAway(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + listener.Addr().String()
	listener.Close()
	var stdout, stderr bytes.Buffer
	a := &app{
		getenv: func(name string) string { return map[string]string{"HOME": t.TempDir()}[name] },
		stdout: &output{Writer: &stdout}, stderr: &stderr, retries: -1,
	}
	if code := a.execute(t.Context(), []string{"info", "@a/b", "--registry", url}); code != exitNetwork {
		t.Errorf("exit code %d: %s", code, stderr.String())
	}
}

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	}))
	defer server.Close()
	dir := t.TempDir()
	oripkContext(t, ctx, nil, "fetch", "@a/b@1.0.0", "--registry", server.URL, "-o", filepath.Join(dir, "x")).want(t, exitFailed, "interrupted")
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestPack(t *testing.T) {
	dir := writeProject(t)
	file := filepath.Join(t.TempDir(), "x.oripk")
	oripk(t, nil, "pack", "-C", dir, "-o", file).want(t, exitOK, file, "@acme/http 1.4.0", "sha256:", "src/lib.ori")
	first, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	got := oripk(t, nil, "pack", "-C", dir, "-o", file, "--json")
	got.want(t, exitOK)
	var packed packedResult
	if err := json.Unmarshal([]byte(got.stdout), &packed); err != nil || packed.Package.String() != "@acme/http" || len(packed.Files) != 4 {
		t.Errorf("JSON: %v\n%s", err, got.stdout)
	}
	got = oripk(t, nil, "pack", "-C", dir, "-o", "-")
	got.want(t, exitOK)
	if got.stdout != string(first) {
		t.Error("the same project gave other bytes")
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(file), ".*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestPackFaults(t *testing.T) {
	dir := writeProject(t)
	writeFile(t, filepath.Join(dir, "oripk.toml"), "[project]\nname = \"@acme/HTTP\"\nversion = \"1\"\n")
	got := oripk(t, nil, "pack", "-C", dir)
	got.want(t, exitFailed, "oripk.toml:2:", "oripk.toml:3:", "ori")
	oripk(t, nil, "pack", "-C", t.TempDir()).want(t, exitFailed, "no oripk.toml", "  why: nor is there one in a folder above it", "-C DIR")
	oripk(t, nil, "pack", "-C", filepath.Join(dir, "nowhere")).want(t, exitFailed, "error: ")

	needs := writeProject(t, "\"@a/b\" = \"1.0.0\"\n")
	oripk(t, nil, "pack", "-C", needs).want(t, exitUsage, "no registry is given")
	broken := writeProject(t)
	writeFile(t, filepath.Join(broken, "oripk.lock"), "[checksums]\n\"@a/b:1.0.0\" = \"sha256:00\"\n")
	oripk(t, nil, "pack", "-C", broken).want(t, exitFailed, "oripk.lock is not right", "remove the file, and it is made again")
}

// TestPublishOrder: what is missing is noticed in an order that asks nothing in vain.
func TestPublishOrder(t *testing.T) {
	calls := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls++
		problem(api.ScopeNotClaimed)(w, r)
	}))
	defer server.Close()
	broken := writeProject(t)
	writeFile(t, filepath.Join(broken, "oripk.toml"), "[project]\n")
	none := map[string]string{"ORI_REGISTRY_URL": server.URL}
	env := map[string]string{"ORI_REGISTRY_URL": server.URL, "ORI_REGISTRY_TOKEN": "ori_x"}

	oripk(t, none, "publish", "-C", broken).want(t, exitAuth, "needs a token")
	oripk(t, env, "publish", "-C", broken).want(t, exitUsage, "--yes")
	oripk(t, env, "publish", "-C", broken, "--yes").want(t, exitFailed, "oripk.toml")
	if calls > 0 {
		t.Errorf("the registry was asked %d times", calls)
	}
	oripk(t, env, "publish", "-C", writeProject(t), "--yes").want(t, exitAuth, "scope not claimed")
}

func TestInfo(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `{"package":"@acme/http","version":"1.4.0","description":"Fast \u001b[31mhttp\u202e",
			"checksum":"sha256:`+strings.Repeat("ab", 32)+`","size":1234,"published_at":"2026-11-23T18:06:31Z",
			"yanked":{"at":"2026-11-23T18:06:31Z","reason":"broken","message":"do\nnot"},"unknown":1,
			"dependencies":[{"package":"@a/b","version":"1.0.0","kind":"dev"}]}`)
	}))
	defer server.Close()
	got := oripk(t, nil, "info", "@acme/http@1.4.0", "--registry", server.URL)
	got.want(t, exitOK, "@acme/http 1.4.0", "Fast http", "YANKED", "broken: do not", "@a/b 1.0.0 (dev)", "1.2 kB")
	if strings.Contains(got.stdout, "\x1b") {
		t.Errorf("an escape sequence reached the terminal: %q", got.stdout)
	}
	got = oripk(t, nil, "info", "@acme/http@1.4.0", "--registry", server.URL, "--json")
	got.want(t, exitOK, `\u001b[31m`, `\u202e`)
	var back api.Metadata
	if err := json.Unmarshal([]byte(got.stdout), &back); err != nil || back.Description != "Fast \x1b[31mhttp\u202e" {
		t.Errorf("JSON: %v, %q", err, back.Description)
	}
}

func writeProject(t *testing.T, dependencies ...string) string {
	t.Helper()
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "oripk.toml"),
		"[project]\nname = \"@acme/http\"\nversion = \"1.4.0\"\ndescription = \"A test.\"\nori = \"1.0.0\"\n\n[dependencies]\n"+strings.Join(dependencies, ""))
	writeFile(t, filepath.Join(dir, "src", "lib.ori"), "// nothing\n")
	return dir
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
