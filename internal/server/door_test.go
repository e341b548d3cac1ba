package server

import (
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/ori-lang/registry/internal/repotest/spectest"
)

// From the first moment on a registry is alive; until it is open it says so and
// nothing else, in the form of every other failure.
func TestAnswersWhileItOpens(t *testing.T) {
	var logged lockedBuffer
	log := slog.New(slog.NewTextHandler(&logged, nil))
	s := &Server{cfg: Config{Data: t.TempDir(), Listen: "127.0.0.1:0"}.resolved(), log: log}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	client := &http.Client{Transport: spectest.New(t).Transport(http.DefaultTransport)}
	want := func(method, path string, status int, text string) {
		t.Helper()
		r, err := http.NewRequest(method, s.URL()+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer nobody-is-known-yet")
		reply, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer reply.Body.Close()
		body, err := io.ReadAll(reply.Body)
		if err != nil || reply.StatusCode != status || !strings.Contains(string(body), text) {
			t.Errorf("%s %s: %d %s, %v, want %d %s", method, path, reply.StatusCode, body, err, status, text)
		}
	}
	steps := s.steps()
	for _, step := range steps[:2] { // its folder is locked, and it listens
		if err := step(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	want("GET", "/livez", 200, "ok")
	for _, call := range []string{"GET /readyz", "GET /v1/", "GET /log/checkpoint", "GET /openapi.yaml", "GET /problems/", "PUT /v1/scopes/acme"} {
		method, path, _ := strings.Cut(call, " ")
		want(method, path, 503, `"the registry is starting"`)
	}
	for _, step := range steps[2:] {
		if err := step(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	want("GET", "/livez", 200, "ok")
	want("GET", "/readyz", 200, "ok")
	want("GET", "/v1/", 401, "token_invalid")
	if text := logged.String(); strings.Contains(text, "level=ERROR") {
		t.Errorf("the log speaks of failures:\n%s", text)
	}
}

// lockedBuffer takes what several goroutines write.
type lockedBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
