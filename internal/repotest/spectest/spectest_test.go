package spectest

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// witness is a test that only notes what it is told.
type witness struct {
	testing.TB
	reports []string
}

func (w *witness) Helper()        {}
func (w *witness) Cleanup(func()) {}
func (w *witness) Errorf(format string, args ...any) {
	w.reports = append(w.reports, fmt.Sprintf(format, args...))
}

// answer is a reply of a server that was never written.
type answer struct {
	status int
	header map[string]string
	body   string
}

func (a answer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	for name, value := range a.header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(a.status)
	_, _ = io.WriteString(w, a.body)
}

// with changes one header; "" takes it away.
func (a answer) with(name, value string) answer {
	a.header = maps.Clone(a.header)
	a.header[name] = value
	if value == "" {
		delete(a.header, name)
	}
	return a
}

func (a answer) replacing(text, by string) answer {
	a.body = strings.Replace(a.body, text, by, 1)
	return a
}

func problem(code, title string, status int) answer {
	body := fmt.Sprintf(`{"type":"http://x.example/problems/%s","code":"%s","title":"%s","status":%d,"detail":"it is so","request_id":"r1"}`,
		code, code, title, status)
	return answer{status, map[string]string{
		"X-Ratelimit-Limit": "100", "X-Ratelimit-Remaining": "99", "X-Ratelimit-Reset": "1795457251",
		"Content-Type": "application/problem+json", "X-Request-Id": "r1", "X-Content-Type-Options": "nosniff",
		"Cache-Control": "no-store",
	}, body}
}

func scopePage() answer {
	return answer{200, map[string]string{
		"X-Ratelimit-Limit": "100", "X-Ratelimit-Remaining": "99", "X-Ratelimit-Reset": "1795457251",
		"Content-Type": "application/json", "X-Request-Id": "r1", "X-Content-Type-Options": "nosniff",
		"Cache-Control": "public, max-age=0, must-revalidate", "Vary": "Accept-Encoding", "ETag": `"1"`,
	}, `{"scope":"acme","claimed_at":"2026-11-23T18:02:10Z","members":[{"login":"mira","role":"owner"}],"log_index":1}`}
}

// uncounted says nothing of a rate limit.
func uncounted(a answer) answer {
	return a.with("X-Ratelimit-Limit", "").with("X-Ratelimit-Remaining", "").with("X-Ratelimit-Reset", "")
}

func tooMany() answer {
	return problem("rate_limited", "Too many requests", 429).with("Retry-After", "7").
		replacing(`"request_id"`, `"retry_after":7,"request_id"`)
}

func unauthenticated() answer {
	return problem("unauthenticated", "Authentication required", 401).
		with("WWW-Authenticate", `Bearer realm="ori", error="invalid_token"`)
}

func tokenMade() answer {
	return answer{201, map[string]string{
		"X-Ratelimit-Limit": "100", "X-Ratelimit-Remaining": "99", "X-Ratelimit-Reset": "1795457251",
		"Content-Type": "application/json", "X-Request-Id": "r1", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store",
	}, `{"id":"t_1","name":"ci","scopes":["publish"],"packages":[],"prefix":"ori_Zw01","created_at":"2026-11-23T18:11:02Z",` +
		`"expires_at":"2026-12-23T00:00:00Z","last_used_at":null,"token":"ori_Zw01bYdX7uJ2hQ9sKfN4vT8cRm3gLpEa1f0Gzk"}`}
}

func archive() answer {
	return answer{200, map[string]string{
		"X-Ratelimit-Limit": "100", "X-Ratelimit-Remaining": "99", "X-Ratelimit-Reset": "1795457251",
		"Content-Type": "application/gzip", "X-Request-Id": "r1", "X-Content-Type-Options": "nosniff", "ETag": `"1"`,
		"Cache-Control": "public, max-age=31536000, s-maxage=300, immutable", "Accept-Ranges": "bytes",
		"Repr-Digest":         "sha-256=:Os3HOjTKHYnA4KzXhC+JpTShSSw4PoFDInum1t/awBI=:",
		"Content-Disposition": `attachment; filename="acme-http-1.4.0.oripk"`,
	}, "the bytes"}
}

const scopePath, downloadPath = "/v1/scopes/acme", "/v1/packages/acme/http/1.4.0/download"

func request(method, path, contentType, body string) *http.Request {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer ori_x")
	r.Header.Set("Content-Type", contentType)
	return r
}

func multipartForm(parts ...[2]string) (contentType, body string) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, part := range parts {
		_ = w.WriteField(part[0], part[1])
	}
	_ = w.Close()
	return w.FormDataContentType(), b.String()
}

type exchangeCase struct {
	name    string
	request *http.Request
	answer  http.Handler
	fault   string // what the report says; "": there is none
}

func exchangeCases() []exchangeCase {
	formType, twice := multipartForm([2]string{"archive", "a"}, [2]string{"archive", "b"})
	return []exchangeCase{
		{"as the spec says", httptest.NewRequest("GET", scopePath, nil), scopePage(), ""},
		{"as HEAD", httptest.NewRequest("HEAD", scopePath, nil), scopePage(), ""},
		{"status", httptest.NewRequest("GET", scopePath, nil), answer{status: 418}, "status 418 is not listed"},
		{"header missing", httptest.NewRequest("GET", scopePath, nil), scopePage().with("ETag", ""), "header Etag is missing"},
		{"header wrong", httptest.NewRequest("GET", scopePath, nil), scopePage().with("ETag", `W/"1"`), "header Etag is"},
		{"header unknown", httptest.NewRequest("GET", scopePath, nil), scopePage().with("X-Powered-By", "x"), "X-Powered-By is not listed"},
		{"media type", httptest.NewRequest("GET", scopePath, nil), scopePage().with("Content-Type", "text/json"), `media type is "text/json"`},
		{"member missing", httptest.NewRequest("GET", scopePath, nil), scopePage().replacing(`,"log_index":1`, ""), "log_index"},
		{"member unknown", httptest.NewRequest("GET", scopePath, nil), scopePage().replacing(`"role"`, `"email":"m@acme.example","role"`), "email"},
		{"list null", httptest.NewRequest("GET", scopePath, nil), scopePage().replacing(`[{"login":"mira","role":"owner"}]`, "null"), "members"},
		{"time without Z", httptest.NewRequest("GET", scopePath, nil), scopePage().replacing("10Z", "10+01:00"), "claimed_at"},
		{"no JSON", httptest.NewRequest("GET", scopePath, nil), scopePage().replacing("{", ""), "its body"},
		{"gzip", httptest.NewRequest("GET", scopePath, nil), zipped(scopePage()), ""},
		{"gzip of something else", httptest.NewRequest("GET", scopePath, nil), zipped(scopePage().replacing("acme", "A")), "scope"},

		{"problem", httptest.NewRequest("GET", scopePath, nil), problem("not_found", "Not found", 404), ""},
		{"code of another operation", httptest.NewRequest("GET", scopePath, nil), problem("version_not_found", "Version not found", 404), "not among its x-codes"},
		{"code of another status", httptest.NewRequest("GET", scopePath, nil), problem("invalid_name", "Invalid name", 404), "HTTP status of invalid_name is 404, not 400"},
		{"request id of another", httptest.NewRequest("GET", scopePath, nil), problem("not_found", "Not found", 404).with("X-Request-Id", "r2"), "request_id"},
		{"401 without a challenge", httptest.NewRequest("GET", scopePath, nil), unauthenticated().with("WWW-Authenticate", ""), "Www-Authenticate is missing"},

		{"unknown address", httptest.NewRequest("GET", "/v2/", nil), uncounted(problem("not_found", "Not found", 404)), ""},
		{"unknown address that counts", httptest.NewRequest("GET", "/v1/none", nil), problem("not_found", "Not found", 404), ""},
		{"unknown address, too often", httptest.NewRequest("GET", "/v1/none", nil), tooMany(), ""},
		{"unknown method, too often", httptest.NewRequest("PATCH", scopePath, nil), tooMany(), ""},
		{"too often where nothing counts", httptest.NewRequest("GET", "/v2/", nil), tooMany(), "the answer is 404"},
		{"too often, and not when again", httptest.NewRequest("GET", scopePath, nil), tooMany().with("Retry-After", ""), "Retry-After is missing"},
		{"no word of the limit", httptest.NewRequest("GET", scopePath, nil), uncounted(scopePage()), "X-RateLimit-Reset is missing: the call counts"},
		{"a limit that is none", httptest.NewRequest("GET", scopePath, nil), scopePage().with("X-Ratelimit-Limit", "many"), "Ratelimit-Limit is"},
		{"a limit where nothing counts", httptest.NewRequest("GET", "/v2/", nil), problem("not_found", "Not found", 404), "X-RateLimit-Limit is there"},
		{"unclean address", httptest.NewRequest("GET", "/v1/scopes/a%2Fb", nil), problem("not_found", "Not found", 404), ""},
		{"unknown address that answers", httptest.NewRequest("GET", "/v2/", nil), scopePage(), "the answer is 404"},
		{"unknown method", httptest.NewRequest("PATCH", scopePath, nil), problem("method_not_allowed", "Method not allowed", 405).with("Allow", "GET, HEAD, PUT"), ""},
		{"unknown method without Allow", httptest.NewRequest("PATCH", scopePath, nil), problem("method_not_allowed", "Method not allowed", 405), "Allow is missing"},
		{"unknown method that answers", httptest.NewRequest("PATCH", scopePath, nil), scopePage(), "the answer is 405"},

		{"bad name, refused", httptest.NewRequest("GET", "/v1/scopes/ACME", nil), problem("invalid_name", "Invalid name", 400), ""},
		{"bad name, taken", httptest.NewRequest("GET", "/v1/scopes/ACME", nil), scopePage(), "should have been refused: the path parameter scope"},
		{"no token, refused", httptest.NewRequest("GET", "/v1/me", nil), unauthenticated(), ""},
		{"no token, taken", httptest.NewRequest("POST", "/v1/tokens", nil), tokenMade(), "should have been refused: it has no token"},
		{"body", request("POST", "/v1/tokens", "application/json", `{"name":"ci","scopes":["publish"],"extra":1}`), tokenMade(), ""},
		{"body against the schema", request("POST", "/v1/tokens", "application/json", `{"name":"ci","scopes":[]}`), tokenMade(), "should have been refused: its body"},
		{"body of another type", request("POST", "/v1/tokens", "text/plain", `{}`), tokenMade(), `should have been refused: its media type`},
		{"part twice", request("POST", "/v1/packages/acme/http/publish", formType, twice), answer{status: 200}, "two parts"},

		{"archive", httptest.NewRequest("GET", downloadPath, nil), archive(), ""},
		{"archive with a coding", httptest.NewRequest("GET", downloadPath, nil), archive().with("Content-Encoding", "gzip"), "Content-Encoding is not listed"},
		{"archive of no digest", httptest.NewRequest("GET", downloadPath, nil), archive().with("Repr-Digest", "sha-256=:0:"), "Repr-Digest"},
		{"tile of another spelling", httptest.NewRequest("GET", "/log/tile/0/x000/001", nil), problem("not_found", "Not found", 404), ""},
	}
}

func TestExchanges(t *testing.T) {
	for _, test := range exchangeCases() {
		t.Run(test.name, func(t *testing.T) {
			w := &witness{TB: t}
			New(w).Middleware(test.answer).ServeHTTP(httptest.NewRecorder(), test.request)
			got := strings.Join(w.reports, "\n")
			if test.fault == "" && got != "" || !strings.Contains(got, test.fault) {
				t.Errorf("reported %q, want %q in it", got, test.fault)
			}
		})
	}
}

func zipped(a answer) answer {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, a.body)
	_ = w.Close()
	a.body = b.String()
	return a.with("Content-Encoding", "gzip")
}

// TestTransport sees the same through the client's side, also when the client
// stops reading behind the JSON value.
func TestTransport(t *testing.T) {
	w := &witness{TB: t}
	v := New(w)
	for _, a := range []answer{scopePage(), scopePage().replacing("acme", "A")} {
		server := httptest.NewServer(a)
		client := &http.Client{Transport: v.Transport(server.Client().Transport)}
		res, err := client.Get(server.URL + scopePath)
		if err != nil {
			t.Fatal(err)
		}
		if err := res.Body.Close(); err != nil {
			t.Fatal(err)
		}
		server.Close()
	}
	if len(w.reports) != 1 || !strings.Contains(w.reports[0], "/scope") {
		t.Errorf("reported %q, want the second reply alone", w.reports)
	}
	if diff := cmp.Diff([]Exchange{{"getScope", 200}}, v.Seen()); diff != "" {
		t.Errorf("seen (-want +got):\n%s", diff)
	}
}

// TestLargeBodiesAreNotKept bounds what a validator holds of a body.
func TestLargeBodiesAreNotKept(t *testing.T) {
	for _, test := range []struct {
		kept bool
		want int
	}{{true, keep}, {false, 0}} {
		c := &capture{keep: test.kept}
		body := c.watch(io.NopCloser(io.LimitReader(zeros{}, keep+1)))
		if _, err := io.Copy(io.Discard, body); err != nil {
			t.Fatal(err)
		}
		if c.data.Len() != test.want || c.size != keep+1 || c.complete() {
			t.Errorf("kept %d of %d bytes (complete: %v), want %d", c.data.Len(), c.size, c.complete(), test.want)
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// TestStreamingStays flushes through the middleware while the handler runs.
func TestStreamingStays(t *testing.T) {
	read := make(chan bool)
	server := httptest.NewUnstartedServer(nil)
	server.Config.Handler = New(t).Middleware(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for name, value := range archive().header {
			w.Header().Set(name, value)
		}
		_, _ = io.WriteString(w, "first")
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
		<-read
	}))
	server.Start()
	defer server.Close()
	res, err := server.Client().Get(server.URL + downloadPath)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if _, err := io.ReadFull(res.Body, make([]byte, len("first"))); err != nil {
		t.Fatal(err)
	}
	close(read)
}
