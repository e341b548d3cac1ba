package httpapi_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/internal/httpapi"
	"github.com/ori-lang/registry/spec"
)

// filled gives an address of a route that settled has something to show at; a
// route with a query parameter that is required gets it here too.
func filled(pattern string) string {
	return strings.NewReplacer("{$}", "", "{scope}", "acme", "{name}", "http", "{version}", "1.0.0",
		"{tile...}", "0/000.p/1", "{id}", "t_none", "{login}", "alice", "{code}", "version_exists", "{advisory}", "x_ORI-2026-0001").Replace(pattern)
}

func TestEveryReadHasHeadAndETag(t *testing.T) {
	s, _ := settled(t)
	s.advise("0")
	for _, route := range httpapi.Routes() {
		if route.Method != http.MethodGet {
			continue
		}
		path := filled(route.Pattern)
		got := s.want(s.do("GET", path, nil, nil), 200, "")
		head := s.do("HEAD", path, nil, nil)
		if head.StatusCode != 200 || len(head.body) > 0 || head.ContentLength != int64(len(got.body)) {
			t.Errorf("HEAD %s: %d, length %d of %d", path, head.StatusCode, head.ContentLength, len(got.body))
		}
		for _, name := range []string{"Content-Type", "Cache-Control", "ETag", "Vary", "Repr-Digest", "Content-Disposition"} {
			if head.Header.Get(name) != got.Header.Get(name) {
				t.Errorf("%s: HEAD gives %s %q, GET %q", path, name, head.Header.Get(name), got.Header.Get(name))
			}
		}
		tag := got.Header.Get("ETag")
		if (tag == "") != (got.Header.Get("Cache-Control") == "no-store") {
			t.Errorf("%s: ETag %q with Cache-Control %q", path, tag, got.Header.Get("Cache-Control"))
		}
		if tag != "" {
			for _, method := range []string{"GET", "HEAD"} {
				if again := s.do(method, path, nil, header{"If-None-Match": tag}); again.StatusCode != 304 || again.Header.Get("ETag") != tag {
					t.Errorf("%s %s with its own tag: %d", method, path, again.StatusCode)
				}
			}
		}
	}
}

func TestCacheControl(t *testing.T) {
	s, _ := settled(t)
	const page = "/v1/packages/acme/http"
	for path, want := range map[string]string{
		"/v1/":                     "public, max-age=0, must-revalidate",
		page:                       "public, max-age=0, must-revalidate",
		page + "/versions":         "public, max-age=0, must-revalidate",
		page + "/1.0.0/metadata":   "public, max-age=0, must-revalidate",
		page + "/1.0.0/download":   "public, max-age=31536000, s-maxage=300, immutable",
		page + "/1.0.0/readme":     "public, max-age=31536000, s-maxage=300, immutable",
		page + "/1.0.0/proof":      "public, max-age=300, must-revalidate",
		"/log/checkpoint":          "no-cache",
		"/log/tile/0/000.p/1":      "public, max-age=31536000, immutable",
		"/log/tile/0/000.p/200":    "no-store",
		"/v1/me":                   "no-store",
		"/v1/tokens":               "no-store",
		"/v1/nothing":              "no-store",
		"/openapi.yaml":            "public, max-age=0, must-revalidate",
		"/docs":                    "public, max-age=0, must-revalidate",
		"/problems/version_exists": "public, max-age=0, must-revalidate",
		"/v1/advisories":           "public, max-age=0, must-revalidate",
		"/v1/advisories/x_ORI-1":   "no-store",
		"/livez":                   "no-store",
		"/readyz":                  "no-store",
	} {
		if got := s.do("GET", path, nil, nil).Header.Get("Cache-Control"); got != want {
			t.Errorf("%s: Cache-Control %q, want %q", path, got, want)
		}
	}
}

func TestDownload(t *testing.T) {
	s, data := settled(t)
	const path = "/v1/packages/acme/http/1.0.0/download"
	sum := sha256.Sum256(data)
	digest := "sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"
	tag := `"sha256-` + ident.Checksum(sum).Hex() + `"`
	for name, test := range map[string]struct {
		header header
		status int
		body   []byte
		span   string // Content-Range
	}{
		"whole":             {nil, 200, data, ""},
		"gzip is refused":   {header{"Accept-Encoding": "gzip"}, 200, data, ""},
		"first bytes":       {header{"Range": "bytes=0-9"}, 206, data[:10], "bytes 0-9/"},
		"the rest":          {header{"Range": "bytes=10-"}, 206, data[10:], "bytes 10-"},
		"the last":          {header{"Range": "bytes=-5"}, 206, data[len(data)-5:], ""},
		"several":           {header{"Range": "bytes=0-1,4-5"}, 200, data, ""},
		"nonsense":          {header{"Range": "lines=1-2"}, 200, data, ""},
		"if same":           {header{"Range": "bytes=0-9", "If-Range": tag}, 206, data[:10], "bytes 0-9/"},
		"if other":          {header{"Range": "bytes=0-9", "If-Range": `"x"`}, 200, data, ""},
		"has it":            {header{"If-None-Match": tag}, 304, nil, ""},
		"has it, wants end": {header{"If-None-Match": tag, "Range": "bytes=99999999-"}, 304, nil, ""},
	} {
		a := s.do("GET", path, nil, test.header)
		if a.StatusCode != test.status || !bytes.Equal(a.body, test.body) || !strings.HasPrefix(a.Header.Get("Content-Range"), test.span) {
			t.Errorf("%s: %d with %d bytes, Content-Range %q", name, a.StatusCode, len(a.body), a.Header.Get("Content-Range"))
		}
		if a.Header.Get("ETag") != tag || a.Header.Get("Content-Encoding") != "" {
			t.Errorf("%s: %v", name, a.Header)
		}
		if test.status != 304 && (a.Header.Get("Repr-Digest") != digest || a.Header.Get("Content-Type") != "application/gzip" || a.Header.Get("Accept-Ranges") != "bytes" ||
			a.Header.Get("Content-Disposition") != `attachment; filename="acme-http-1.0.0.oripk"`) {
			t.Errorf("%s: %v", name, a.Header)
		}
	}
	a := s.want(s.do("GET", path, nil, header{"Range": "bytes=99999999-"}), 416, api.RangeNotSatisfiable)
	if !strings.HasPrefix(a.Header.Get("Content-Range"), "bytes */") || a.Header.Get("ETag") != "" || a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("416 with %v", a.Header)
	}
}

func TestGzipForm(t *testing.T) {
	s, _ := settled(t)
	for _, path := range []string{"/v1/packages/acme/http", "/v1/packages/acme/http/1.0.0/readme", "/openapi.yaml", "/docs"} {
		plain := s.do("GET", path, nil, nil)
		zipped := s.do("GET", path, nil, header{"Accept-Encoding": "gzip"})
		reader, err := gzip.NewReader(bytes.NewReader(zipped.body))
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if text, err := io.ReadAll(reader); err != nil || !bytes.Equal(text, plain.body) {
			t.Errorf("%s: the gzip form differs: %v", path, err)
		}
		if zipped.Header.Get("ETag") == plain.Header.Get("ETag") || zipped.Header.Get("Content-Encoding") != "gzip" {
			t.Errorf("%s: %v and %v", path, plain.Header, zipped.Header)
		}
	}
}

func TestSpecAndProblemPages(t *testing.T) {
	s := newSite(t)
	a := s.want(s.get("/openapi.yaml"), 200, "")
	if !bytes.Equal(a.body, spec.OpenAPI) || a.Header.Get("Content-Type") != "application/yaml" {
		t.Errorf("the spec is served as %v with %d bytes", a.Header, len(a.body))
	}
	for _, info := range api.Codes {
		a := s.want(s.get("/problems/"+string(info.Code)), 200, "")
		if !strings.Contains(string(a.body), "<title>"+info.Title) || a.Header.Get("Content-Type") != "text/html; charset=utf-8" {
			t.Errorf("page of %s: %s", info.Code, a.body)
		}
	}
	s.want(s.get("/problems/no_such_code"), 404, api.NotFound)
	index := s.want(s.get("/problems/"), 200, "")
	for _, info := range api.Codes {
		if !strings.Contains(string(index.body), `<a href="`+string(info.Code)+`">`) {
			t.Errorf("/problems/ does not list %s", info.Code)
		}
	}
	s.want(s.get("/problems/%3Cscript%3E"), 404, api.NotFound)
}

func TestDocs(t *testing.T) {
	s := newSite(t)
	a := s.want(s.get("/docs"), 200, "")
	if a.Header.Get("Content-Type") != "text/html; charset=utf-8" || !bytes.Contains(a.body, []byte(`id="getDocs"`)) {
		t.Errorf("%v, %d bytes", a.Header, len(a.body))
	}
	style := regexp.MustCompile(`(?s)<style>(.*)</style>`).FindSubmatch(a.body)[1]
	sum := sha256.Sum256(style)
	if policy := a.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'") {
		t.Errorf("the policy %q does not let the style sheet through", policy)
	}
	var d api.Discovery
	if s.get("/v1/").json(t, &d); d.Links.Docs != s.base+"/docs" {
		t.Errorf("discovery leads to %s", d.Links.Docs)
	}
	for _, page := range []string{"/problems/", "/problems/internal"} {
		if !bytes.Contains(s.get(page).body, []byte(`href="../docs"`)) {
			t.Errorf("%s does not lead to the whole protocol", page)
		}
	}
}

func TestAddressesOfLog(t *testing.T) {
	s, _ := settled(t)
	for path, status := range map[string]int{
		"/log/checkpoint":           200,
		"/log/tile/0/000.p/1":       200,
		"/log/tile/0/000.p/3":       200,
		"/log/tile/entries/000.p/1": 200,
		"/log/tile/entries/000.p/3": 200,
		"/log/tile/0/000":           404, // not full yet
		"/log/tile/0/000.p/4":       404,
		"/log/tile/0/000.p/0":       404,
		"/log/tile/0/000.p/256":     404,
		"/log/tile/0/000.p/01":      404,
		"/log/tile/0/x000/000":      404,
		"/log/tile/0/0":             404,
		"/log/tile/00/000.p/1":      404,
		"/log/tile/1/000.p/1":       404,
		"/log/tile/64/000.p/1":      404,
		"/log/tile/-1/000.p/1":      404,
		"/log/tile/entries/001.p/1": 404,
		"/log/tile/8/0/000.p/1":     404,
		"/log/tile/data/000.p/1":    404,
		"/log/tile/":                404,
		"/log/tile":                 404,
		"/log/tile/0/000.p/1/":      404,
		"/log/tile/0/%30%30%30.p/1": 200, // the same address, escaped without need
		"/log/tile/0/x999/x999/x999/x999/x999/x999/x999/999": 404,
		"/log/": 404,
		"/log":  404,
	} {
		code := api.Code("")
		if status == 404 {
			code = api.NotFound
		}
		s.want(s.get(path), status, code)
	}
}

func TestNotThere(t *testing.T) {
	s, _ := settled(t)
	for path, want := range map[string]api.Code{
		"/v1/packages/acme/none":                                     api.PackageNotFound,
		"/v1/packages/none/http/versions":                            api.PackageNotFound,
		"/v1/packages/acme/http/1.0.1/metadata":                      api.VersionNotFound,
		"/v1/packages/acme/http/1.0.1/download":                      api.VersionNotFound,
		"/v1/packages/acme/http/1.0.1/proof":                         api.VersionNotFound,
		"/v1/packages/acme/http/1.0.1/readme":                        api.VersionNotFound,
		"/v1/packages/acme/none/1.0.0/metadata":                      api.PackageNotFound,
		"/v1/packages/Acme/http":                                     api.InvalidName,
		"/v1/packages/acme/http_2/versions":                          api.InvalidName,
		"/v1/packages/acme/" + strings.Repeat("a", 65):               api.InvalidName,
		"/v1/packages/acme/http/1.0/metadata":                        api.InvalidVersion,
		"/v1/packages/acme/http/01.0.0/download":                     api.InvalidVersion,
		"/v1/packages/acme/http/1.0.0+b/metadata":                    api.InvalidVersion,
		"/v1/packages/acme/http/v1.0.0/proof":                        api.InvalidVersion,
		"/v1/packages/acme/http/1/readme":                            api.InvalidVersion,
		"/v1/scopes/none":                                            api.NotFound,
		"/v1/scopes/NONE":                                            api.InvalidName,
		"/v1/packages/acme/http/versions?published_before=yesterday": api.InvalidRequest,
	} {
		a := s.get(path)
		s.want(a, want.Info().Status, want)
	}
	before := s.want(s.get("/v1/packages/acme/http/versions?published_before=2020-01-01T00:00:00Z"), 200, "")
	var list api.Versions
	if before.json(t, &list); len(list.Versions) != 0 || list.Versions == nil {
		t.Errorf("before the first version: %s", before.body)
	}
}

func TestCanonicalAddress(t *testing.T) {
	s, data := settled(t)
	for path, want := range map[string]string{
		"/v1/packages/@acme/http":                        "/v1/packages/acme/http",
		"/v1/packages/%40acme/http/versions":             "/v1/packages/acme/http/versions",
		"/v1/packages/@acme/http/1.0.0/download?a=b&c=%": "/v1/packages/acme/http/1.0.0/download?a=b&c=%",
		"/v1/packages/@acme/http/1.0.0/metadata":         "/v1/packages/acme/http/1.0.0/metadata",
		"/v1/packages/@acme/http/1.0.0/readme":           "/v1/packages/acme/http/1.0.0/readme",
		"/v1/packages/@acme/http/1.0.0/proof":            "/v1/packages/acme/http/1.0.0/proof",
	} {
		for _, method := range []string{"GET", "HEAD"} {
			a := s.raw(method + " " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
			if a.StatusCode != 308 || a.Header.Get("Location") != s.base+want {
				t.Errorf("%s %s: %d to %s", method, path, a.StatusCode, a.Header.Get("Location"))
			}
		}
	}
	s.want(s.get("/v1/packages/@@acme/http"), 400, api.InvalidName)
	s.want(s.get("/v1/packages/@/http"), 400, api.InvalidName)
	s.want(s.get("/v1/packages/@acme/http/1.0.0"), 404, api.NotFound)
	s.want(s.publish("@acme/http", part{"archive", data}), 200, "")
	s.want(s.publish("%40acme/http", part{"archive", data}), 200, "")
}

func TestMethods(t *testing.T) {
	s := newSite(t)
	allowed := map[string][]string{}
	for _, route := range httpapi.Routes() {
		allowed[route.Pattern] = append(allowed[route.Pattern], route.Method)
		if route.Method == http.MethodGet {
			allowed[route.Pattern] = append(allowed[route.Pattern], http.MethodHead)
		}
	}
	for pattern, methods := range allowed {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"} {
			if slices.Contains(methods, method) {
				continue
			}
			a := s.do(method, filled(pattern), nil, nil)
			if a.StatusCode != 405 || a.Header.Get("Allow") != strings.Join(methods, ", ") || method != "HEAD" && a.code() != api.MethodNotAllowed {
				t.Errorf("%s %s: %d %s, Allow %q, want %v", method, pattern, a.StatusCode, a.code(), a.Header.Get("Allow"), methods)
			}
		}
	}
}

func TestHostileAddresses(t *testing.T) {
	s, _ := settled(t)
	for _, path := range []string{
		"/", "//", "/v1", "/v1//", "//v1/", "/v1/.", "/v1/..", "/v1/../v1/", "/v1/./", "/V1/", "/v1/%2e/", "/v1/%2e%2e/v1/",
		"/v1//packages/acme/http", "/v1/packages//acme/http", "/v1/packages/acme//http", "/v1/packages/acme/http//versions",
		"/v1/packages/acme/http/", "/v1/packages/acme/http/versions/", "/v1/packages/acme", "/v1/packages/", "/v1/packages",
		"/v1/packages/acme%2Fhttp", "/v1/packages/acme%2fhttp/versions", "/v1/packages/acme/..%2f..%2fetc",
		"/v1/packages/acme/http%5c", `/v1/packages/acme\http`, "/v1/packages/../../../etc/passwd", "/v1/packages/acme/http/1.0.0",
		"/v1/packages/acme/http/1.0.0/metadata/x", "/v1/packages/acme/http/1.0.0/../1.0.0/download", "/livez/", "/livez/x", "/readyz/..", "/log/../livez",
		"/v1/tokens/a/b", "/v1/advisories/", "/v1/advisories/x_ORI-2026-0001/", "/v1/packages/acme/http;x/..;/", "*", "/v1/%c0%ae%c0%ae/", "/.well-known/x", "/favicon.ico",
		"/openapi.yaml/", "/openapi.json", "/docs/", "/docs/x", "/problems", "/problems/internal/", "/%2e%2e/%2e%2e/etc/passwd", "/v1/%", "/v1/me/", "/v1/tokens/", "/v1/scopes/",
	} {
		a := s.raw("GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		bad := path == "/v1/%" // net/http itself refuses what is no address
		switch {
		case bad && a.StatusCode == 400:
		case a.StatusCode != 404 || a.code() != api.NotFound || a.Header.Get("X-Request-Id") == "" || a.Header.Get("Location") != "":
			t.Errorf("%s: %d %s %s", path, a.StatusCode, a.Header.Get("Location"), a.body)
		}
	}
	for _, path := range []string{"/v1/packages/%252e%252e/http", "/v1/packages/acme/%ff", "/v1/packages/ａcme/http", "/v1/packages/acme/http%20", "/v1/packages/acme/%252F"} {
		a := s.raw("GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		if a.StatusCode != 400 || a.code() != api.InvalidName {
			t.Errorf("%s: %d %s", path, a.StatusCode, a.body)
		}
	}
	for _, path := range []string{"/v1/packages/acme/http%00", "/v1/packages/acme/http%0d%0aX-Bad:1", "/v1/packages/%7f/http"} {
		w := httptest.NewRecorder()
		s.srv.Handler().ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		if w.Code != 404 || w.Header().Get("X-Bad") != "" {
			t.Errorf("%s: %d %v", path, w.Code, w.Header())
		}
	}
	for _, request := range []string{
		"OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
		"CONNECT registry.test:443 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
		"GET http://elsewhere.test/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
	} {
		if a := s.raw(request); a.StatusCode != 404 && a.StatusCode != 200 { // the test's server answers OPTIONS * itself
			t.Errorf("%.20s: %d %s", request, a.StatusCode, a.body)
		}
	}
}
