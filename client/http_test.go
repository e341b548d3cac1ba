package client

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/ident"
)

// TestRetries counts the attempts of a read that fails at first, and the waits
// between them (with the largest jitter).
func TestRetries(t *testing.T) {
	const ms = time.Millisecond
	answer := func(status int, after string) func(w http.ResponseWriter) {
		return func(w http.ResponseWriter) {
			if after != "" {
				w.Header().Set("Retry-After", after)
			}
			w.WriteHeader(status)
		}
	}
	cases := []struct {
		name     string
		fail     func(w http.ResponseWriter)
		failures int
		waits    []time.Duration
		status   int // of the error; 0: none
	}{
		{"once", answer(503, ""), 1, []time.Duration{500 * ms}, 0},
		{"three times", answer(502, ""), 3, []time.Duration{500 * ms, 1000 * ms, 2000 * ms}, 0},
		{"for ever", answer(504, ""), 9, []time.Duration{500 * ms, 1000 * ms, 2000 * ms}, 504},
		{"too many requests", answer(429, "7"), 1, []time.Duration{7 * time.Second}, 0},
		{"after a date", answer(429, "Tue, 24 Nov 2026 00:00:20 GMT"), 1, []time.Duration{20 * time.Second}, 0},
		{"after ten years", answer(503, "315360000"), 1, []time.Duration{time.Minute}, 0},
		{"after more than a number holds", answer(503, strings.Repeat("9", 40)), 1, []time.Duration{time.Minute}, 0},
		{"after less than nothing", answer(503, "-5"), 1, []time.Duration{500 * ms}, 0},
		{"after some words", answer(503, "tomorrow"), 1, []time.Duration{500 * ms}, 0},
		{"until somebody repairs it", answerReadOnly, 9, nil, 503},
		{"an internal error", answer(500, ""), 1, nil, 500},
		{"a refusal", answer(403, ""), 1, nil, 403},
		{"a broken connection", func(http.ResponseWriter) { panic(http.ErrAbortHandler) }, 2, []time.Duration{500 * ms, 1000 * ms}, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var calls atomic.Int32
			u := newUser(t)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if int(calls.Add(1)) <= c.failures {
					c.fail(w)
					return
				}
				writeJSON(w, 200, api.Discovery{APIVersion: api.ProtocolVersion, Log: api.LogInfo{PublicKey: "any"}})
			}))
			defer server.Close()
			_, err := u.client(server.URL).Discovery(t.Context())
			problem, _ := errors.AsType[*api.Problem](err)
			if c.status == 0 && err != nil || c.status != 0 && (problem == nil || problem.Status != c.status) {
				t.Errorf("error: %v, want status %d", err, c.status)
			}
			if !slices.Equal(u.waits, c.waits) {
				t.Errorf("waits: %v, want %v", u.waits, c.waits)
			}
		})
	}
}

// answerReadOnly is the answer of a registry that its operators must repair.
func answerReadOnly(w http.ResponseWriter) {
	w.Header().Set("Retry-After", "60")
	writeProblem(w, api.Errorf(api.ReadOnly, "an older state was put back"))
}

// TestBrokenDownload breaks a transfer in the middle: it starts again.
func TestBrokenDownload(t *testing.T) {
	var calls atomic.Int32
	f, u := newFake(t), newUser(t)
	f.publish(httpRef)
	f.instead["/download"] = func(w http.ResponseWriter, _ *http.Request) {
		if calls.Add(1) < 3 {
			w.Header().Set("Content-Length", "1000000")
			w.Write(f.archives[httpRef][:100])
			return
		}
		w.Write(f.archives[httpRef])
	}
	path := filepath.Join(t.TempDir(), "x")
	if _, err := u.client(f.server.URL).FetchFile(t.Context(), mustRef(t, httpRef), path, nil); err != nil {
		t.Fatal(err)
	}
	if calls.Load() != 3 {
		t.Errorf("attempts: %d, want 3", calls.Load())
	}
}

// TestCutConnection: an end in the middle is told in words, not as "EOF".
func TestCutConnection(t *testing.T) {
	quick := func(o *Options) { o.Retries = -1 }
	for name, begin := range map[string]string{"before the answer": "", "in the answer": "begin"} {
		f, u := newFake(t), newUser(t)
		f.instead["/download"] = func(w http.ResponseWriter, _ *http.Request) {
			if begin != "" {
				w.Header().Set("Content-Length", "1000")
				io.WriteString(w, begin)
			}
			panic(http.ErrAbortHandler)
		}
		_, err := u.client(f.server.URL, quick).FetchFile(t.Context(), mustRef(t, httpRef), filepath.Join(t.TempDir(), "x"), nil)
		if _, ok := errors.AsType[*NetworkError](err); !ok || !strings.Contains(err.Error(), "the connection ended") || strings.Contains(err.Error(), "EOF") {
			t.Errorf("%s: %v, want a *NetworkError about the connection", name, err)
		}
	}
}

func TestNothingListens(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + listener.Addr().String()
	listener.Close()
	for name, call := range map[string]func(*Client) error{
		"a read":  func(c *Client) error { _, err := c.Discovery(t.Context()); return err },
		"a write": func(c *Client) error { _, _, err := c.ClaimScope(t.Context(), "acme"); return err },
	} {
		u := newUser(t)
		err := call(u.client(url))
		if failure, ok := errors.AsType[*NetworkError](err); !ok || failure.Tries != 4 {
			t.Errorf("%s: %+v, want a *NetworkError after four tries", name, err)
		}
		if len(u.waits) != 3 {
			t.Errorf("%s: %d more attempts, want 3: nothing was sent", name, len(u.waits))
		}
	}
}

// TestNotRetried: what would be the same the next time.
func TestNotRetried(t *testing.T) {
	f, u := newFake(t), newUser(t)
	err := me(u.client(strings.Replace(f.server.URL, "http:", "https:", 1)))
	if _, ok := errors.AsType[*NetworkError](err); !ok || len(u.waits) > 0 || !strings.Contains(err.Error(), "does not speak HTTPS") {
		t.Errorf("HTTPS where HTTP is spoken: %v after %d more attempts, want a *NetworkError at once", err, len(u.waits))
	}
}

// TestWritesWaitTheirTurn: a call beyond the limit was not carried out, so that
// a write is made again like a read.
func TestWritesWaitTheirTurn(t *testing.T) {
	var calls atomic.Int32
	u := newUser(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if calls.Add(1) == 1 {
			problem := api.Errorf(api.RateLimited, "the limit of 1000 calls in 60 seconds is used up")
			problem.RetryAfter = 41
			writeProblem(w, problem)
			return
		}
		writeJSON(w, 200, api.Scope{Scope: "acme"})
	}))
	defer server.Close()
	if _, _, err := u.client(server.URL).ClaimScope(t.Context(), "acme"); err != nil {
		t.Fatal(err)
	}
	if want := []time.Duration{41 * time.Second}; !slices.Equal(u.waits, want) {
		t.Errorf("waits: %v, want %v", u.waits, want)
	}
}

// TestWritesAreSentOnce: a write may have been done when the answer is lost.
func TestWritesAreSentOnce(t *testing.T) {
	for name, fail := range map[string]func(http.ResponseWriter){
		"no answer":   func(http.ResponseWriter) { panic(http.ErrAbortHandler) },
		"unavailable": func(w http.ResponseWriter) { w.WriteHeader(503) },
	} {
		var calls atomic.Int32
		u := newUser(t)
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			calls.Add(1)
			fail(w)
		}))
		_, _, err := u.client(server.URL).ClaimScope(t.Context(), "acme")
		if err == nil || calls.Load() != 1 {
			t.Errorf("%s: %d calls, error %v; want one call and an error", name, calls.Load(), err)
		}
		server.Close()
	}
}

// TestSilence: a registry that says nothing, or stops in the middle.
func TestSilence(t *testing.T) {
	quick := func(o *Options) { o.Timeout, o.Retries = 50*time.Millisecond, -1 }
	for name, begin := range map[string]string{"from the start": "", "after the first bytes": "begin"} {
		f, u := newFake(t), newUser(t)
		f.instead["/download"] = func(w http.ResponseWriter, r *http.Request) {
			if begin != "" {
				io.WriteString(w, begin)
				w.(http.Flusher).Flush()
			}
			<-r.Context().Done()
		}
		_, err := u.client(f.server.URL, quick).FetchFile(t.Context(), mustRef(t, httpRef), filepath.Join(t.TempDir(), "x"), nil)
		if _, ok := errors.AsType[*NetworkError](err); !ok || !strings.Contains(err.Error(), "longer than") {
			t.Errorf("%s: %v, want a *NetworkError about the time", name, err)
		}
	}
}

// TestTokenStaysHome follows the redirects that are allowed, and refuses the
// others; the token is seen by nobody else.
func TestTokenStaysHome(t *testing.T) {
	var stolen []string
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		stolen = append(stolen, r.Header.Get("Authorization"))
		if next := r.URL.Query().Get("next"); next != "" {
			http.Redirect(w, r, next, http.StatusFound)
			return
		}
		io.WriteString(w, "archive")
	}))
	defer elsewhere.Close()
	other := elsewhere.URL
	cases := []struct {
		name, at, to string
		call         func(*Client) error
		want         error
	}{
		{"a download, elsewhere", "/download", other + "/x", download, ChecksumMismatch},
		{"a download, elsewhere within", "/download", other + "/x?next=/y", download, ChecksumMismatch},
		{"a download, elsewhere and back", "/download", other + "/x?next=HOME/v1/me", download, errAnyReply},
		{"a download, elsewhere without TLS", "/download", "http://registry.invalid/x", download, errAnyReply},
		{"a download, to a file", "/download", "file:///x", download, errAnyReply},
		{"a document, elsewhere", "/v1/me", other + "/x", me, errAnyReply},
		{"a document, for ever", "/v1/me", "/v1/me", me, errAnyReply},
		{"a write", "/v1/scopes/acme", "/v1/scopes/acme", claim, errAnyReply},
		{"a write, elsewhere", "/v1/scopes/acme", other + "/x", claim, errAnyReply},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			stolen = nil
			f, u := newFake(t), newUser(t)
			f.publish(httpRef)
			target := strings.ReplaceAll(c.to, "HOME", url.QueryEscape(f.server.URL))
			f.instead[c.at] = func(w http.ResponseWriter, r *http.Request) {
				if got := r.Header.Get("Authorization"); got != "Bearer "+testToken {
					t.Errorf("the registry itself got the token %q", got)
				}
				http.Redirect(w, r, target, http.StatusTemporaryRedirect)
			}
			wantError(t, c.call(u.client(f.server.URL)), c.want)
			for _, token := range stolen {
				if token != "" {
					t.Errorf("another origin got %q", token)
				}
			}
		})
	}
}

// TestOwnMachineIsNotAsked: a registry elsewhere cannot have a client ask what
// listens on the user's own machine.
func TestOwnMachineIsNotAsked(t *testing.T) {
	for _, target := range []string{"http://127.0.0.1:8080/x", "http://localhost/x", "http://[::1]/x", "https://LocalHost/x"} {
		asked := 0
		answer := func(r *http.Request) (*http.Response, error) {
			asked++
			header := http.Header{"Location": {target}}
			return &http.Response{StatusCode: http.StatusFound, Header: header, Body: http.NoBody}, nil
		}
		u := newUser(t)
		c := u.client("https://registry.example", func(o *Options) { o.Transport = roundTrip(answer) })
		wantError(t, download(c), errAnyReply)
		if asked != 1 {
			t.Errorf("%s: %d requests, want that to the registry alone", target, asked)
		}
	}
}

func download(c *Client) error {
	ref, _ := ident.ParseRef(httpRef)
	_, err := c.VerifyRemote(context.Background(), ref)
	return err
}

func me(c *Client) error {
	_, err := c.Me(context.Background())
	return err
}

func claim(c *Client) error {
	_, _, err := c.ClaimScope(context.Background(), "acme")
	return err
}

func TestOrigins(t *testing.T) {
	cases := []struct {
		a, b string
		same bool
	}{
		{"http://a.b", "http://A.b:80/x", true},
		{"https://a.b", "https://a.b:443", true},
		{"http://a.b", "https://a.b", false},
		{"http://a.b", "http://a.b:8080", false},
		{"https://a.b", "https://x.a.b", false},
		{"https://a.b", "https://a.b.c", false},
	}
	for _, c := range cases {
		a, _ := url.Parse(c.a)
		b, _ := url.Parse(c.b)
		if got := sameOrigin(a, b); got != c.same {
			t.Errorf("sameOrigin(%s, %s) = %v", c.a, c.b, got)
		}
	}
}

func TestNoToken(t *testing.T) {
	f, u := newFake(t), newUser(t)
	u.options.Token = ""
	c := u.client(f.server.URL)
	for name, call := range map[string]func(*Client) error{"whoami": me, "claim": claim} {
		if err := call(c); !errors.Is(err, ErrNoToken) || !strings.Contains(err.Error(), f.server.URL) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(f.asked()) > 0 {
		t.Error("the registry was asked")
	}
}

// TestProblemIsClean sends texts that would do things to a terminal.
func TestProblemIsClean(t *testing.T) {
	f, u := newFake(t), newUser(t)
	f.instead["/v1/me"] = func(w http.ResponseWriter, _ *http.Request) {
		p := api.Errorf(api.TokenExpired, "\x1b[2Jover\u202e since \x1b]0;title\x07yesterday\r\nerror: none")
		p.Hint = "\u009b31mred"
		p.Errors = []api.Fault{{Path: "a\x1b[31m", Detail: "b\x00c"}}
		writeProblem(w, p)
	}
	err := me(u.client(f.server.URL))
	problem, ok := errors.AsType[*api.Problem](err)
	if !ok || !errors.Is(err, api.TokenExpired) || problem.Status != 401 {
		t.Fatalf("error: %#v", err)
	}
	if problem.Detail != "over since yesterday  error: none" || problem.Hint != "31mred" || problem.Errors[0].Path != "a" || problem.Errors[0].Detail != "bc" {
		t.Errorf("not clean: %q, %q, %q", problem.Detail, problem.Hint, problem.Errors)
	}
}

// TestProblemsOfOthers: what stands in front of a registry answers HTML.
func TestProblemsOfOthers(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"a page":          func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "<h1>no</h1>", http.StatusForbidden) },
		"an endless page": func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(403); endless(w, r) },
		"broken JSON": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(403)
			io.WriteString(w, `{"code":`)
		},
	} {
		f, u := newFake(t), newUser(t)
		f.instead["/v1/me"] = answer
		problem, ok := errors.AsType[*api.Problem](me(u.client(f.server.URL)))
		if !ok || problem.Status != 403 || problem.Code != "http_403" || !strings.Contains(problem.Detail, f.server.URL) {
			t.Errorf("%s: %+v", name, problem)
		}
	}
}

func FuzzPrintable(f *testing.F) {
	for _, s := range []string{"", "plain", "\x1b", "\x1b[", "\x1b[31", "\x1b]0;x", "\x1bPq\x1b\\", "a\u2028b", "\xff\xfe", "\x1b[\x1b[31m"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		clean := Printable(s)
		for _, r := range clean {
			if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
				t.Errorf("Printable(%q) = %q holds %U", s, clean, r)
			}
		}
		if again := Printable(clean); again != clean {
			t.Errorf("Printable(%q) = %q, and again %q", s, clean, again)
		}
	})
}
