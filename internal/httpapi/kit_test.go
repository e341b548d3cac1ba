package httpapi_test

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"log/slog"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/internal/repotest/sample"
	"github.com/ori-lang/registry/internal/repotest/spectest"
	"github.com/ori-lang/registry/internal/server"
)

// coverage is what the tests of this package have seen of the spec: all of it.
var coverage spectest.Coverage

func TestMain(m *testing.M) { os.Exit(coverage.Main(m)) }

// site is a whole registry on an empty folder behind a real connection. Every
// exchange with it is held against the spec.
type site struct {
	t     *testing.T
	url   string
	base  string // what the registry takes for its URL
	data  string
	token string // of alice, scope admin
	log   *lockedBuffer
	srv   *server.Server

	handler http.Handler // what the url leads to
}

type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func newSite(t *testing.T) *site {
	t.Helper()
	return newSiteWith(t, server.Config{})
}

// newSiteWith is newSite with some settings.
func newSiteWith(t *testing.T, cfg server.Config) *site {
	t.Helper()
	cfg.Data = t.TempDir()
	s := openSite(t, cfg)
	s.token = s.user("alice")
	return s
}

// openSite opens a registry on a folder that may hold one already. Where nothing
// else is set, the limits of rates are out of reach.
func openSite(t *testing.T, cfg server.Config) *site {
	t.Helper()
	validator := coverage.New(t)
	s := &site{t: t, data: cfg.Data, log: &lockedBuffer{}}
	log := slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	cfg.Listen = "127.0.0.1:0"
	cfg.RateAnonymous = cmp.Or(cfg.RateAnonymous, server.MaxRate)
	cfg.RateAuthenticated = cmp.Or(cfg.RateAuthenticated, server.MaxRate)
	srv, err := server.Open(t.Context(), cfg, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := srv.Close(); err != nil {
			t.Error(err)
		}
	})
	s.handler = validator.Middleware(srv.Handler())
	web := httptest.NewServer(s.handler)
	t.Cleanup(web.Close)
	s.srv, s.url, s.base = srv, web.URL, srv.URL()
	return s
}

func (s *site) user(login string) (token string) {
	s.t.Helper()
	token, err := s.srv.AddUser(s.t.Context(), login, false)
	if err != nil {
		s.t.Fatal(err)
	}
	return token
}

// answer is a reply with its body read.
type answer struct {
	*http.Response
	body []byte
}

func (a answer) problem() api.Problem {
	var p api.Problem
	_ = json.Unmarshal(a.body, &p)
	return p
}

// code is the problem's code, "" for a reply that is none.
func (a answer) code() api.Code { return a.problem().Code }

func (a answer) json(t *testing.T, v any) {
	t.Helper()
	if err := json.Unmarshal(a.body, v); err != nil {
		t.Fatalf("%v in %s", err, a.body)
	}
}

type header map[string]string

// do makes a call; headers may be nil, "Authorization" in them takes the place
// of alice's token, empty for none.
func (s *site) do(method, path string, body io.Reader, h header) answer {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, body)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+s.token)
	r.Header.Set("Accept-Encoding", "identity")
	for name, value := range h {
		r.Header.Set(name, value)
		if value == "" {
			r.Header.Del(name)
		}
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	reply, err := client.Do(r)
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(reply.Body)
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	return answer{reply, text}
}

func (s *site) get(path string) answer {
	s.t.Helper()
	return s.do("GET", path, nil, header{"Authorization": ""})
}

// raw sends bytes as they are and reads one reply.
func (s *site) raw(request string) answer {
	s.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, request); err != nil {
		s.t.Fatal(err)
	}
	reply, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		s.t.Fatalf("no reply to %q: %v", request, err)
	}
	defer reply.Body.Close()
	body, err := io.ReadAll(reply.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer{reply, body}
}

// want fails the test unless the answer has this status and, for a failure, code.
func (s *site) want(a answer, status int, code api.Code) answer {
	s.t.Helper()
	if a.StatusCode != status || a.code() != code {
		s.t.Errorf("%s %s: %d %s, want %d %s\n%s", a.Request.Method, a.Request.URL, a.StatusCode, a.code(), status, code, a.body)
	}
	return a
}

func (s *site) claim(scope string) {
	s.t.Helper()
	s.want(s.do("PUT", "/v1/scopes/"+scope, nil, nil), 201, "")
}

// part of a multipart body.
type part struct {
	name string
	data []byte
}

func multipartOf(parts ...part) (body *bytes.Buffer, contentType string) {
	body = &bytes.Buffer{}
	w := multipart.NewWriter(body)
	for _, p := range parts {
		field, _ := w.CreateFormField(p.name)
		_, _ = field.Write(p.data)
	}
	_ = w.Close()
	return body, w.FormDataContentType()
}

// publish posts parts to the package's address, which may carry a query.
func (s *site) publish(pkg string, parts ...part) answer {
	s.t.Helper()
	body, contentType := multipartOf(parts...)
	return s.do("POST", "/v1/packages/"+strings.Replace(pkg, "?", "/publish?", 1)+publishEnd(pkg), body, header{"Content-Type": contentType})
}

func publishEnd(pkg string) string {
	if strings.Contains(pkg, "?") {
		return ""
	}
	return "/publish"
}

// settled gives a site with @acme/http@1.0.0 published and offered to rita, and that archive.
func settled(t *testing.T) (*site, []byte) {
	t.Helper()
	return settledWith(t, server.Config{})
}

// settledWith is settled with some settings.
func settledWith(t *testing.T, cfg server.Config) (*site, []byte) {
	t.Helper()
	s := newSiteWith(t, cfg)
	s.claim("acme")
	data := sample.Package{Ref: "@acme/http@1.0.0", Files: map[string]string{"README.md": "# http\n" + strings.Repeat("Fetch things. ", 200)}}.Archive(t)
	s.want(s.publish("acme/http", part{"archive", data}), 201, "")
	s.user("rita")
	s.want(s.post("/v1/packages/acme/http/transfer", `{"to":"rita"}`, nil), 202, "")
	return s, data
}
