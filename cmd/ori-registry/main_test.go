package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

type result struct {
	code           int
	stdout, stderr string
}

func call(t *testing.T, environ []string, args ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), args, environ, &stdout, &stderr)
	return result{code, stdout.String(), stderr.String()}
}

func TestUsage(t *testing.T) {
	empty, fresh := t.TempDir(), t.TempDir()
	for name, test := range map[string]struct {
		args    string
		environ string
		code    int
		stdout  string
		stderr  string
	}{
		"nothing":           {"", "", 0, "Run a registry", ""},
		"help":              {"--help", "", 0, "fsck", ""},
		"version":           {"version", "", 0, "ori-registry ", ""},
		"help of serve":     {"serve --help", "", 0, "ORIREG_BASE_URL", ""},
		"unknown command":   {"server", "", 2, "", "unknown command"},
		"unknown flag":      {"serve --colour", "", 2, "", "unknown flag"},
		"surplus argument":  {"serve here", "", 2, "", `unknown command "here"`},
		"no login":          {"user add", "", 2, "", "accepts 1 arg"},
		"half a command":    {"user", "", 2, "", "user needs a command"},
		"help of nothing":   {"help tokn", "", 2, "", `there is no command "tokn"`},
		"help of a half":    {"help token create", "", 0, "Make another token", ""},
		"odd half":          {"user ad", "", 2, "", "unknown command"},
		"bad setting":       {"serve --log-format xml", "", 2, "", "--log-format"},
		"bad variable":      {"serve", "ORIREG_SHUTDOWN_TIMEOUT=soon", 2, "", "ORIREG_SHUTDOWN_TIMEOUT"},
		"unknown variable":  {"fsck --data " + empty, "ORIREG_DATE=x", 1, "", "warning: the variable ORIREG_DATE is not a setting and is ignored; did you mean ORIREG_DATA?"},
		"no registry":       {"fsck", "ORIREG_DATA=" + empty, 1, "", "there is no registry in the folder " + empty},
		"no registry there": {"token revoke t_x --data " + empty, "", 1, "", "there is no registry"},
		"bad login":         {"user add --data " + fresh + " Al!ce", "", 1, "", `"Al!ce" is not a login`},
		"nobody's token":    {"token create --data " + empty + " alice", "", 1, "", "there is no registry"},
		"prefix":            {"token revoke --help", "", 0, "first ten characters", ""},
		"bad level":         {"serve --log-level loud", "", 2, "", `"loud" is no level of messages; debug, info, warn and error`},
		"far database":      {"serve --listen 127.0.0.1:0 --data " + empty + " --database sqlite:" + empty + "-nope/x.db", "", 1, "", "of the database does not exist"},
		"bad database":      {"user add --data " + empty + " --database mysql:x alice", "", 1, "", "sqlite:PATH"},
	} {
		t.Run(name, func(t *testing.T) {
			got := call(t, []string{test.environ}, strings.Fields(test.args)...)
			if got.code != test.code || !strings.Contains(got.stdout, test.stdout) || !strings.Contains(got.stderr, test.stderr) {
				t.Errorf("%+v, want %+v", got, test)
			}
			if test.code == 0 && got.stderr != "" || test.code != 0 && got.stdout != "" {
				t.Errorf("printed to the wrong place: %+v", got)
			}
		})
	}
}

// A token that cannot be printed is an error that says how to get another one.
func TestLostTokens(t *testing.T) {
	data := filepath.Join(t.TempDir(), "da ta")
	for _, command := range []string{"user add ada", "user add --json bob", "token create ada"} {
		lost(t, data, append(strings.Fields(command), "--data", data))
	}
	made := call(t, nil, "token", "create", "--json", "--scope", "publish", "--data", data, "ada")
	var token struct{ Login, Token string }
	if err := json.Unmarshal([]byte(made.stdout), &token); err != nil || token.Login != "ada" || !strings.HasPrefix(token.Token, "ori_") || made.stderr != "" {
		t.Errorf("%+v: %v", made, err)
	}
	if got := call(t, nil, "token", "create", "--data", data, "eve"); got.code != 1 || !strings.Contains(got.stderr, `no account with the login "eve"`) {
		t.Errorf("%+v", got)
	}
	if got := call(t, nil, "token", "create", "--scope", "all", "--data", data, "ada"); got.code != 1 || !strings.Contains(got.stderr, "read, publish and admin") {
		t.Errorf("%+v", got)
	}
}

func lost(t *testing.T, data string, args []string) {
	t.Helper()
	var stderr bytes.Buffer
	code := run(t.Context(), args, nil, full{}, &stderr)
	if want := "ori-registry token create --data '" + data + "' "; code != 1 || !strings.Contains(stderr.String(), want) {
		t.Errorf("%q: %d, %s; want %q", args, code, &stderr, want)
	}
}

// full is a disk without space.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

func TestUserAddSaysThatTheFolderIsNew(t *testing.T) {
	data := filepath.Join(t.TempDir(), "typo")
	if got := call(t, []string{"ORIREG_DATA=" + data}, "user", "add", "ada"); got.code != 0 || !strings.Contains(got.stderr, "made a new registry in the data folder "+data) {
		t.Errorf("%+v", got)
	}
	if got := call(t, nil, "user", "add", "--data", data, "bob"); got.code != 0 || strings.Contains(got.stderr, "made a new registry") {
		t.Errorf("%+v", got)
	}
}

// notifier tells when something was written to it.
type notifier struct {
	bytes.Buffer
	written chan struct{}
}

func (n *notifier) Write(p []byte) (int, error) {
	defer func() {
		select {
		case n.written <- struct{}{}:
		default:
		}
	}()
	return n.Buffer.Write(p)
}

func TestServeAndTheOthersBesideIt(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	ctx, stop := context.WithCancel(t.Context())
	stdout, stderr := &notifier{written: make(chan struct{}, 1)}, &bytes.Buffer{}
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"serve", "--data", data, "--listen", "127.0.0.1:0"}, nil, stdout, stderr)
	}()
	select {
	case <-stdout.written:
	case code := <-ended:
		t.Fatalf("ended with %d: %s", code, stderr)
	}
	url := strings.Fields(stdout.String()[strings.Index(stdout.String(), "URL"):])[1]

	added := call(t, nil, "user", "add", "--json", "--operator", "--data", data, "alice")
	var account struct{ Login, Token string }
	if err := json.Unmarshal([]byte(added.stdout), &account); err != nil || account.Login != "alice" || !strings.HasPrefix(account.Token, "ori_") {
		t.Fatalf("%+v: %v", added, err)
	}
	if got := status(t, url+"/v1/me", account.Token); got != 200 {
		t.Errorf("the new token gets %d", got)
	}
	if taken := call(t, nil, "user", "add", "--data", data, "alice"); taken.code != 1 || !strings.Contains(taken.stderr, "taken") {
		t.Errorf("%+v", taken)
	}
	if second := call(t, nil, "serve", "--data", data, "--listen", "127.0.0.1:0"); second.code != 1 || !strings.Contains(second.stderr, "another registry runs") {
		t.Errorf("%+v", second)
	}
	if checked := call(t, nil, "fsck", "--data", data); checked.code != 0 || !strings.Contains(checked.stdout, "Everything fits together") {
		t.Errorf("%+v", checked)
	}
	if revoked := call(t, nil, "token", "revoke", "--data", data, account.Token[:10]); revoked.code != 0 || strings.Contains(revoked.stdout, account.Token) {
		t.Errorf("%+v", revoked)
	}
	if got := status(t, url+"/v1/me", account.Token); got != 401 {
		t.Errorf("the revoked token gets %d", got)
	}
	stop()
	if code := <-ended; code != 0 {
		t.Errorf("serve ended with %d: %s", code, stderr)
	}
}

func TestFsckFindsDamage(t *testing.T) {
	data := t.TempDir()
	ctx, stop := context.WithCancel(t.Context())
	stdout := &notifier{written: make(chan struct{}, 1)}
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"serve", "--data", data, "--listen", "127.0.0.1:0"}, nil, stdout, io.Discard)
	}()
	<-stdout.written
	stop()
	<-ended
	stray := filepath.Join(data, "archives", "00", strings.Repeat("0", 64))
	if err := os.MkdirAll(filepath.Dir(stray), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(stray, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := call(t, nil, "fsck", "--data", data); got.code != 1 || !strings.Contains(got.stdout, "MISMATCH: ") || !strings.Contains(got.stderr, "mismatches found: 1") {
		t.Errorf("%+v", got)
	}
}

func status(t *testing.T, url, token string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	reply, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	reply.Body.Close()
	return reply.StatusCode
}
