package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/internal/httpapi"
	"github.com/ori-lang/registry/internal/server"
)

// Every route of a private registry wants a token, but those that the table
// leaves open; each line is asked by nobody and by who may only read.
func TestPrivateRegistry(t *testing.T) {
	s, _ := settledWith(t, server.Config{Access: string(api.Private)})
	s.advise("0")
	reader := header{"Authorization": "Bearer " + s.newToken(`{"name":"r","scopes":["read"]}`).Secret}
	nobody, bad := header{"Authorization": ""}, header{"Authorization": "Bearer x"}
	for _, route := range httpapi.Routes() {
		path := filled(route.Pattern)
		open := route.Kind == httpapi.Open || route.Kind == httpapi.Health
		if a := s.do(route.Method, path, nil, nobody); (a.code() == api.Unauthenticated) == open {
			t.Errorf("%s %s without a token: %d %s", route.Method, path, a.StatusCode, a.code())
		}
		if a := s.do(route.Method, path, nil, bad); (a.code() == api.TokenInvalid) == (route.Kind == httpapi.Health) {
			t.Errorf("%s %s with a bad token: %d %s", route.Method, path, a.StatusCode, a.code())
		}
		read := s.do(route.Method, path, nil, reader)
		if route.Scope == "" && (read.StatusCode == http.StatusUnauthorized || read.StatusCode == http.StatusForbidden) {
			t.Errorf("%s %s with a token to read: %d %s", route.Method, path, read.StatusCode, read.code())
		}
		if route.Scope == "" && route.Method == http.MethodGet {
			s.keptByTheCallerAlone(route, s.want(read, http.StatusOK, ""))
		}
	}
	stays := map[string]bool{}
	for _, route := range httpapi.Routes() {
		if route.Kind == httpapi.Open {
			stays[route.Pattern] = true
		}
	}
	if len(stays) != 3 || !stays[api.PathDiscovery] || !stays[api.PathProblems] || !stays[api.PathProblem] {
		t.Errorf("open stay %v", stays)
	}
}

// keptByTheCallerAlone fails the test when a shared cache could keep the answer,
// or give it to another caller.
func (s *site) keptByTheCallerAlone(route httpapi.Route, a answer) {
	s.t.Helper()
	control, vary := a.Header.Get("Cache-Control"), strings.Join(a.Header["Vary"], ", ")
	if strings.Contains(control, "public") || !strings.Contains(control, "private") && control != "no-store" && control != "no-cache" {
		s.t.Errorf("%s: Cache-Control %q", route.Pattern, control)
	}
	if route.Kind != httpapi.Health && !strings.Contains(vary, "Authorization") {
		s.t.Errorf("%s: Vary %q", route.Pattern, vary)
	}
}

func TestPrivateReplies(t *testing.T) {
	s, _ := settledWith(t, server.Config{Access: string(api.Private)})
	var d api.Discovery
	s.want(s.get("/v1/"), 200, "").json(t, &d)
	if d.Access != api.Private {
		t.Errorf("discovery says %q", d.Access)
	}
	const download = "/v1/packages/acme/http/1.0.0/download"
	for path, want := range map[string]string{
		"/v1/packages/acme/http": "private, max-age=0, must-revalidate",
		download:                 "private, max-age=31536000, s-maxage=300, immutable",
		"/log/checkpoint":        "no-cache",
		"/log/tile/0/000.p/1":    "private, max-age=31536000, immutable",
		"/v1/me":                 "no-store",
	} {
		got := s.do("GET", path, nil, nil)
		if control := got.Header.Get("Cache-Control"); control != want {
			t.Errorf("%s: Cache-Control %q, want %q", path, control, want)
		}
		if tag := got.Header.Get("ETag"); tag != "" {
			again := s.do("GET", path, nil, header{"If-None-Match": tag})
			if again.StatusCode != 304 || again.Header.Get("Cache-Control") != want || !strings.HasPrefix(again.Header.Get("Vary"), "Authorization") {
				t.Errorf("%s again: %d %v", path, again.StatusCode, again.Header)
			}
			s.want(s.do("GET", path, nil, header{"If-None-Match": tag, "Authorization": ""}), 401, api.Unauthenticated)
		}
	}
	// What is there, and what is not, nobody learns without a token.
	for _, path := range []string{"/v1/packages/acme/none", "/v1/packages/@acme/http", "/v1/packages/ACME/http", "/v1/scopes/acme", "/log/tile/0/999"} {
		s.want(s.get(path), 401, api.Unauthenticated)
	}
	s.want(s.get("/v1/nothing"), 404, api.NotFound)
	page := s.do("GET", "/v1/packages/acme/http", nil, header{"Accept-Encoding": "gzip"})
	if vary := page.Header.Get("Vary"); vary != "Authorization, Accept-Encoding" {
		t.Errorf("Vary %q", vary)
	}
	moved := s.do("GET", "/v1/packages/@acme/http", nil, nil)
	if moved.StatusCode != 308 || !strings.HasPrefix(moved.Header.Get("Cache-Control"), "private") || moved.Header.Get("Vary") != "Authorization" {
		t.Errorf("308: %d %v", moved.StatusCode, moved.Header)
	}
}

// A public registry gives everybody the same, and says so to caches.
func TestPublicRegistryVariesByNobody(t *testing.T) {
	s, _ := settled(t)
	for _, h := range []header{nil, {"Authorization": ""}} {
		a := s.do("GET", "/v1/packages/acme/http", nil, h)
		if a.Header.Get("Vary") != "Accept-Encoding" || !strings.HasPrefix(a.Header.Get("Cache-Control"), "public") {
			t.Errorf("%v", a.Header)
		}
	}
}
