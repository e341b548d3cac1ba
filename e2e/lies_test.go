package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/ori-lang/registry/internal/repotest/lying"
	"github.com/ori-lang/registry/internal/repotest/sample"
	"github.com/ori-lang/registry/registrytest"
)

// TestLies runs oripk against registries that lie: exit code and code of the
// error are right, nothing reaches the terminal that it would obey, the folder is
// as it was, and the program stays small. What a lie does to the SDK is held by
// the tests of client.
func TestLies(t *testing.T) {
	const maxMemory = 200 << 20
	cases := []struct {
		lie  string
		args string
		exit int
		code string
	}{
		{"archive/one bit of an archive", "fetch @acme/http@1.4.0", 3, "checksum_mismatch"},
		{"archive/another archive", "sync", 3, "checksum_mismatch"},
		{"archive/an archive that unpacks without end", "fetch @acme/http@1.4.0", 3, "checksum_mismatch"},
		{"archive/an archive that unpacks without end", "sync", 3, "checksum_mismatch"},
		{"archive/a body without end", "fetch @acme/http@1.4.0", 1, "bad_reply"},
		{"archive/a redirect to another host", "fetch @acme/http@1.4.0", 3, "checksum_mismatch"},
		{"archive/a redirect to a host in clear", "fetch @acme/http@1.4.0", 1, "bad_reply"},
		{"archive/a web page of an error", "fetch @acme/http@1.4.0", 1, "http_500"},
		{"archive/escapes in a problem", "fetch @acme/http@1.4.0", 4, "not_owner31m"},
		{"proof/the proof of another version", "fetch @acme/http@1.4.0", 3, "not_in_log"},
		{"proof/a proof that another key signed", "fetch @acme/http@1.4.0", 3, "policy"},
		{"proof/a body without end", "fetch @acme/http@1.4.0", 7, "log_unreachable"},
		{"log/tiles of zeros", "fetch @acme/http@1.4.0", 7, "log_unreachable"},
		{"discovery/a web page", "fetch @acme/http@1.4.0", 7, "no_registry"},
		{"document/a bomb of gzip", "info @acme/http", 1, "bad_reply"},
		{"document/a body without end", "search http", 1, "bad_reply"},
		{"document/a list of millions", "info @acme/http --versions", 1, "bad_reply"},
		{"document/a list of millions", "sync", 1, "bad_reply"},
		{"document/a redirect to another host", "whoami", 1, "bad_reply"},
		{"document/escapes where texts are free", "info @acme/http", 0, ""},
		{"document/escapes where texts are free", "search http", 0, ""},
		{"document/escapes in a problem", "whoami", 4, "not_owner31m"},
	}
	l := newLiar(t)
	for _, c := range cases {
		t.Run(c.lie+"/"+c.args, func(t *testing.T) {
			got := l.run(t, c.lie, strings.Fields(c.args))
			if got.exit != c.exit || got.code != c.code {
				t.Errorf("exit code %d and %q, want %d and %q\n%s%s", got.exit, got.code, c.exit, c.code, got.stdout, got.stderr)
			}
			if strings.ContainsAny(got.stdout+got.stderr, "\x1b\x07\u009b\u202e") {
				t.Errorf("the terminal gets escapes:\n%q\n%q", got.stdout, got.stderr)
			}
			if got.memory > maxMemory {
				t.Errorf("it took %d bytes of memory, want %d at most", got.memory, maxMemory)
			}
			if left := strings.Join(got.files, " "); left != "oripk.toml src" {
				t.Errorf("the folder holds %s", left)
			}
		})
	}
}

// liar is a registry that tells the truth behind all lies, and the machine of
// somebody who has seen an earlier tree of its log.
type liar struct {
	registry *registrytest.Registry
	token    string
	honest   http.Handler
	state    string
	lies     map[string]lying.Lie
}

func newLiar(t *testing.T) *liar {
	l := &liar{state: t.TempDir(), lies: map[string]lying.Lie{}}
	l.registry = registrytest.New(t, registrytest.Options{Front: func(r http.Handler) http.Handler {
		l.honest = r
		return r
	}})
	l.token = l.registry.User("ada")
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			t.Error("another origin got the token")
		}
	}))
	t.Cleanup(elsewhere.Close)
	for _, lie := range lying.Lies(lying.World{Elsewhere: elsewhere.URL, Other: sample.Ref(t, "@acme/other@1.0.0")}) {
		l.lies[string(lie.About)+"/"+lie.Name] = lie
	}
	l.publish("@acme/http@1.4.0")
	if got := l.oripk(t, l.registry.URL, l.state, []string{"fetch", "@acme/http@1.4.0"}); got.exit != 0 {
		t.Fatal(got.stderr)
	}
	l.publish("@acme/other@1.0.0")
	return l
}

func (l *liar) publish(ref string) {
	name, version, _ := strings.Cut(ref[1:], "@")
	l.registry.Publish(l.token, map[string]string{
		"oripk.toml":  "[project]\nname = \"@" + name + "\"\nversion = \"" + version + "\"\ndescription = \"A package with words.\"\nori = \"0.4.0\"\n",
		"src/lib.ori": "// " + ref + "\n",
	})
}

// ran is what a run of oripk has left.
type ran struct {
	exit           int
	code           string // of the error in its JSON
	stdout, stderr string
	memory         int64
	files          []string
}

func (l *liar) run(t *testing.T, lie string, args []string) ran {
	t.Helper()
	told, ok := l.lies[lie]
	if !ok {
		t.Fatalf("there is no lie %q", lie)
	}
	server := httptest.NewServer(told.Before(l.honest))
	defer server.Close()
	defer server.CloseClientConnections()
	state := t.TempDir()
	if err := os.CopyFS(state, os.DirFS(l.state)); err != nil {
		t.Fatal(err)
	}
	human := l.oripk(t, server.URL, state, args)
	machine := l.oripk(t, server.URL, state, append(args, "--json"))
	if human.exit != machine.exit {
		t.Errorf("exit code %d, with --json %d", human.exit, machine.exit)
	}
	machine.stdout += human.stdout
	machine.stderr += human.stderr
	machine.memory = max(machine.memory, human.memory)
	return machine
}

// oripk runs the program once, in a project that depends on @acme/http.
func (l *liar) oripk(t *testing.T, url, state string, args []string) (got ran) {
	t.Helper()
	dir := t.TempDir()
	manifest := "[project]\nname = \"@me/app\"\nversion = \"0.1.0\"\ndescription = \"A test.\"\nori = \"0.4.0\"\n\n[dependencies]\n\"@acme/http\" = \"1.4.0\"\n"
	err := errors.Join(
		os.WriteFile(filepath.Join(dir, "oripk.toml"), []byte(manifest), 0o600),
		os.Mkdir(filepath.Join(dir, "src"), 0o700),
		os.WriteFile(filepath.Join(dir, "src", "lib.ori"), nil, 0o600))
	if err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	command := exec.CommandContext(t.Context(), filepath.Join(binaries(t), "oripk"), args...)
	command.Dir, command.Stdout, command.Stderr = dir, &stdout, &stderr
	command.Env = []string{"HOME=" + t.TempDir(), "XDG_STATE_HOME=" + state, "ORI_REGISTRY_URL=" + url, "ORI_REGISTRY_TOKEN=" + l.token}
	if err := command.Run(); err != nil && command.ProcessState == nil {
		t.Fatal(err)
	}
	got.exit, got.stdout, got.stderr = command.ProcessState.ExitCode(), stdout.String(), stderr.String()
	if usage, ok := command.ProcessState.SysUsage().(*syscall.Rusage); ok {
		got.memory = usage.Maxrss << 10
	}
	var answer struct{ Error struct{ Code string } }
	_ = json.Unmarshal(stdout.Bytes(), &answer)
	got.code = answer.Error.Code
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		got.files = append(got.files, entry.Name())
	}
	return got
}
