package server

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/internal/repotest/spectest"
)

func open(t *testing.T, cfg Config) *Server {
	t.Helper()
	if cfg.Data == "" {
		cfg.Data = t.TempDir()
	}
	cfg.Listen = "127.0.0.1:0"
	s, err := Open(t.Context(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestBaseURLFollowsTheListener(t *testing.T) {
	s := open(t, Config{})
	if want := "http://" + s.Addr().String(); s.URL() != want || strings.HasSuffix(want, ":0") {
		t.Errorf("URL %q, listening on %q", s.URL(), s.Addr())
	}
	if want := strings.TrimPrefix(s.URL(), "http://") + "/log"; s.LogOrigin() != want {
		t.Errorf("log origin %q, want %q", s.LogOrigin(), want)
	}
}

// The origin is that of the day on which the log was made.
func TestLogOriginStays(t *testing.T) {
	cfg := Config{Data: t.TempDir(), BaseURL: "https://registry.test/ori/"}
	first := open(t, cfg)
	if first.LogOrigin() != "registry.test/ori/log" || first.URL() != "https://registry.test/ori" {
		t.Errorf("origin %q, URL %q", first.LogOrigin(), first.URL())
	}
	key := first.LogKey()
	first.Close()
	cfg.LogOrigin, cfg.Listen = "other.test/log", "127.0.0.1:0"
	if _, err := Open(t.Context(), cfg, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "the log's origin is registry.test/ori/log") {
		t.Errorf("with another origin: %v", err)
	}
	cfg.BaseURL, cfg.LogOrigin = "https://new.test", first.LogOrigin()
	if again := open(t, cfg); again.LogOrigin() != "registry.test/ori/log" || again.LogKey() != key {
		t.Errorf("origin %q, key %q", again.LogOrigin(), again.LogKey())
	}
}

func TestSecondServerIsRefused(t *testing.T) {
	first := open(t, Config{})
	_, err := Open(t.Context(), Config{Data: first.cfg.Data, Listen: "127.0.0.1:0"}, first.log)
	if err == nil || !strings.Contains(err.Error(), "another registry runs on the data folder "+first.cfg.Data) {
		t.Errorf("error %v", err)
	}
	_, err = Open(t.Context(), Config{Data: t.TempDir(), Listen: first.Addr().String()}, first.log)
	if err == nil || !strings.Contains(err.Error(), "another program listens on "+first.Addr().String()) {
		t.Errorf("error %v", err)
	}
	_, err = Open(t.Context(), Config{Data: t.TempDir(), Listen: "127.0.0.1:x"}, first.log)
	if err == nil || !strings.Contains(err.Error(), "--listen") {
		t.Errorf("error %v", err)
	}
	first.Close()
	second := open(t, Config{Data: first.cfg.Data})
	if second.Addr() == nil {
		t.Error("the folder is not free again")
	}
}

func TestReadiness(t *testing.T) {
	s := open(t, Config{})
	handler := spectest.New(t).Middleware(s.Handler())
	ready := func() int {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest("GET", "/readyz", nil))
		return w.Code
	}
	if got := ready(); got != 200 {
		t.Errorf("ready: %d", got)
	}
	s.stopping.Store(true)
	if got := ready(); got != 503 {
		t.Errorf("stopping: %d", got)
	}
	w := httptest.NewRecorder()
	if handler.ServeHTTP(w, httptest.NewRequest("GET", "/livez", nil)); w.Code != 200 || w.Body.String() != "ok\n" {
		t.Errorf("alive while stopping: %d", w.Code)
	}
}

// held is a handler whose calls last until they are let go.
type held struct {
	entered chan struct{}
	release chan struct{}
}

func (h *held) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	h.entered <- struct{}{}
	<-h.release
	_, _ = io.WriteString(w, "whole")
}

func TestGracefulStop(t *testing.T) {
	s := open(t, Config{ShutdownTimeout: Duration(time.Minute)})
	calls := &held{make(chan struct{}), make(chan struct{})}
	s.Front(func(http.Handler) http.Handler { return calls })
	ctx, stop := context.WithCancel(t.Context())
	ended, reply := make(chan error, 1), make(chan string, 1)
	go func() { ended <- s.Run(ctx) }()
	go func() { reply <- fetch(s.URL()) }()
	<-calls.entered
	stop()
	for { // until nobody is let in any more
		conn, err := net.Dial("tcp", s.Addr().String())
		if err != nil {
			break
		}
		conn.Close()
	}
	select {
	case err := <-ended:
		t.Fatalf("stopped while a call was running: %v", err)
	case calls.release <- struct{}{}:
	}
	if got := <-reply; got != "whole" {
		t.Errorf("the running call got %q", got)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if s.reg.Ready(t.Context()) == nil {
		t.Error("the database is still open")
	}
	if got := fetch(s.URL()); got != "refused" {
		t.Errorf("after the stop a call gets %q", got)
	}
}

// Who waits for changes does not hold up the stop: the answer is that there are none.
func TestStopAnswersWhoWaits(t *testing.T) {
	s := open(t, Config{ShutdownTimeout: Duration(15 * time.Second)})
	entered := make(chan struct{}, 1)
	s.Front(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			entered <- struct{}{}
			next.ServeHTTP(w, r)
		})
	})
	ctx, stop := context.WithCancel(t.Context())
	ended, reply := make(chan error, 1), make(chan string, 1)
	go func() { ended <- s.Run(ctx) }()
	go func() { reply <- fetch(s.URL() + "/v1/changes?after=0&wait=25") }()
	<-entered
	stop()
	if got := <-reply; !strings.HasPrefix(got, `{"changes":[],`) {
		t.Errorf("who waited got %q", got)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestStopDoesNotWaitForEver(t *testing.T) {
	s := open(t, Config{ShutdownTimeout: Duration(time.Millisecond)})
	calls := &held{make(chan struct{}), make(chan struct{})}
	defer close(calls.release)
	s.Front(func(http.Handler) http.Handler { return calls })
	ctx, stop := context.WithCancel(t.Context())
	ended, reply := make(chan error, 1), make(chan string, 1)
	go func() { ended <- s.Run(ctx) }()
	go func() { reply <- fetch(s.URL()) }()
	<-calls.entered
	stop()
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "cut off") {
		t.Errorf("error %v", err)
	}
	if got := <-reply; got != "refused" {
		t.Errorf("the call that was cut off got %q", got)
	}
}

func fetch(url string) string {
	reply, err := http.Get(url)
	if err != nil {
		return "refused"
	}
	defer reply.Body.Close()
	body, err := io.ReadAll(reply.Body)
	if err != nil {
		return "broken"
	}
	return string(body)
}

func TestUnderBase(t *testing.T) {
	echo := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.URL.EscapedPath()) })
	for _, test := range []struct{ base, path, want string }{
		{"http://x", "/v1/", "/v1/"},
		{"http://x/reg", "/v1/", "/v1/"},
		{"http://x/reg", "/reg/v1/", "/v1/"},
		{"http://x/reg", "/reg", "/reg"},
		{"http://x/reg", "/registry/v1/", "/registry/v1/"},
		{"http://x/reg", "/reg//v1/", "//v1/"},
		{"http://x/reg", "/reg/v1/packages/%40a/b%2Fc", "/v1/packages/%40a/b%2Fc"},
		{"http://x/reg", "/%72eg/v1/", "/%72eg/v1/"},
		{"http://x/a/b", "/a/b/v1/", "/v1/"},
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest("GET", test.path, nil)
		before := *r.URL
		if underBase(test.base, echo).ServeHTTP(w, r); w.Body.String() != test.want || *r.URL != before {
			t.Errorf("%s under %s: %s, want %s", test.path, test.base, w.Body, test.want)
		}
	}
	s := open(t, Config{BaseURL: "https://registry.test/ori"})
	w := httptest.NewRecorder()
	if s.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/ori/v1/", nil)); w.Code != 200 {
		t.Errorf("discovery below the base: %d", w.Code)
	}
}

func TestReachable(t *testing.T) {
	for listen, host := range map[string]string{"127.0.0.1:0": "127.0.0.1", "0.0.0.0:0": "127.0.0.1", ":0": "127.0.0.1", "localhost:0": "127.0.0.1"} {
		s, err := Open(t.Context(), Config{Data: t.TempDir(), Listen: listen}, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		if u, err := url.Parse(s.URL()); err != nil || u.Hostname() != host {
			t.Errorf("listening on %s: URL %s", listen, s.URL())
		}
		s.Close()
	}
}

func TestAdmin(t *testing.T) {
	s := open(t, Config{}) // it runs on while the commands work
	cfg := Config{Data: s.cfg.Data}
	if _, err := OpenExisting(t.Context(), Config{Data: t.TempDir()}); err == nil || !strings.Contains(err.Error(), "there is no registry") {
		t.Errorf("error %v", err)
	}
	typo := Config{Data: filepath.Join(t.TempDir(), "typo"), Database: "postgres://ori@127.0.0.1:1/registry"}
	if _, err := OpenExisting(t.Context(), typo); err == nil || !strings.Contains(err.Error(), "there is no registry in the folder "+typo.Data) {
		t.Errorf("error %v", err)
	}
	admin, err := OpenExisting(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	secret, err := admin.AddUser(t.Context(), "alice", true)
	if err != nil {
		t.Fatal(err)
	}
	if got := me(s, secret); got != 200 {
		t.Errorf("the new token gets %d", got)
	}
	if _, err := admin.AddUser(t.Context(), "alice", false); !errors.Is(err, api.ValidationFailed) {
		t.Errorf("the same login again: %v", err)
	}
	if _, err := admin.RevokeToken(t.Context(), secret[:api.SecretShown]); err != nil {
		t.Error(err)
	}
	if got := me(s, secret); got != 401 {
		t.Errorf("the revoked token gets %d", got)
	}
	beside, err := OpenAdmin(t.Context(), Config{Data: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer beside.Close()
	if _, err := beside.Fsck(t.Context()); err == nil || !strings.Contains(err.Error(), "start the registry if it never ran") {
		t.Errorf("fsck before the first start: %v", err)
	}
	report, err := admin.Fsck(t.Context())
	if err != nil || len(report.Faults) > 0 || report.Entries != 1 {
		t.Errorf("%+v, %v", report, err)
	}
}

// Beside the keys of another log nobody can tell whether the database is the newest.
func TestAdminRefusesTheKeysOfAnotherLog(t *testing.T) {
	s, other := open(t, Config{}), open(t, Config{})
	admin, err := OpenExisting(t.Context(), Config{Data: s.cfg.Data, KeyDir: other.cfg.KeyDir})
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	if _, err := admin.AddUser(t.Context(), "ada", false); !errors.Is(err, api.ReadOnly) || !strings.Contains(err.Error(), "--key-dir") {
		t.Errorf("error %v", err)
	}
}

// A read-only registry deletes nothing, and says once why, not again for each sweep.
func TestReadOnlySweepsNothing(t *testing.T) {
	s := open(t, Config{})
	s.Close()
	if err := os.Remove(filepath.Join(s.cfg.KeyDir, "log.anchor")); err != nil {
		t.Fatal(err)
	}
	mark := filepath.Join(s.cfg.Data, "incoming", ident.ChecksumOf(nil).Hex()+".up_y.mark")
	if err := os.WriteFile(mark, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	again, err := Open(t.Context(), Config{Data: s.cfg.Data, Listen: "127.0.0.1:0"}, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if _, err := os.Stat(mark); err != nil || strings.Count(log.String(), "level=ERROR") != 1 {
		t.Errorf("%v; the log says %s", err, &log)
	}
}

// What is changed in a database that was set back would be lost with it.
func TestAdminRefusesWhatWouldBeLost(t *testing.T) {
	s := open(t, Config{})
	cfg := Config{Data: s.cfg.Data}
	s.Close()
	admin, err := OpenExisting(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	if _, err := admin.AddUser(t.Context(), "ada", false); err != nil {
		t.Fatal(err)
	}
	raw, err := sql.Open("sqlite", filepath.Join(cfg.Data, "registry.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	for _, test := range []struct{ statement, want string }{
		{`UPDATE log_state SET size = 0`, "holds 0 log entries and the registry has shown 1"},
		{`UPDATE log_state SET size = 1`, "there is no head anchor"},
	} {
		if _, err := raw.Exec(test.statement); err != nil {
			t.Fatal(err)
		}
		_, err := admin.AddToken(t.Context(), "ada", api.Admin)
		if !errors.Is(err, api.ReadOnly) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v, want %q", err, test.want)
		}
		_ = os.Remove(filepath.Join(cfg.Data, "keys", "log.anchor"))
	}
	report, err := admin.Fsck(t.Context())
	if err != nil || len(report.Faults) != 1 || !strings.Contains(report.Faults[0], "no head anchor") || report.Entries != 1 {
		t.Errorf("fsck without the anchor: %+v, %v", report, err)
	}
}

// A body may take all of the time to read and leave some for the 408.
func TestTimeIsLeftToAnswer(t *testing.T) {
	if server := open(t, Config{}).httpServer(); server.WriteTimeout < server.ReadTimeout+10*time.Second {
		t.Errorf("%v to read, %v to write", server.ReadTimeout, server.WriteTimeout)
	}
}

func me(s *Server, token string) int {
	r := httptest.NewRequest("GET", "/v1/me", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	return w.Code
}

// A file that an upload left when the process died is gone after the next start.
func TestStartSweeps(t *testing.T) {
	s := open(t, Config{})
	s.Close()
	content := bytes.Repeat([]byte("x"), 100)
	sum := ident.ChecksumOf(content).Hex()
	left := []string{"incoming/up_x.part", "incoming/" + sum + ".up_y.mark", "archives/" + sum[:2] + "/" + sum}
	for i, name := range left {
		left[i] = filepath.Join(s.cfg.Data, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(left[i]), 0o700), os.WriteFile(left[i], content, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	stuck := ident.ChecksumOf(nil).Hex() // a folder is in its place
	for _, name := range []string{"incoming/" + stuck + ".up_z.mark", "archives/" + stuck[:2] + "/" + stuck + "/x"} {
		if err := os.MkdirAll(filepath.Join(s.cfg.Data, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	open(t, Config{Data: s.cfg.Data})
	for _, path := range left {
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is still there: %v", path, err)
		}
	}
}

func TestSweeperEnds(t *testing.T) {
	s := open(t, Config{})
	synctest.Test(t, func(*testing.T) {
		stop := s.keepSweeping()
		synctest.Wait()
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}
