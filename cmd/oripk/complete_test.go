package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestCompletionWaitsForNobody: a registry that does not answer in a second, or
// answers with anything else, offers nothing and says nothing.
func TestCompletionWaitsForNobody(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"silence":    func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"a failure":  func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) },
		"no results": func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(`{"results":null}`)) },
	} {
		server := httptest.NewServer(answer)
		env := map[string]string{"ORI_REGISTRY_URL": server.URL}
		for _, typed := range []string{"@a/b", "@a/b@"} {
			got := oripk(t, env, "__complete", "info", typed)
			got.want(t, exitOK)
			if !strings.HasPrefix(got.stdout, ":") || strings.Contains(got.stderr, "error") {
				t.Errorf("%s, %s: %s%s", name, typed, got.stdout, got.stderr)
			}
		}
		server.Close()
	}
}

// TestCompletionCannotBeObeyed: what the registry says of a package reaches a
// terminal.
func TestCompletionCannotBeObeyed(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Write([]byte(`{"query":"@a/b","total":1,"results":[{"package":"@a/bad","description":"red \u001b[31m\n:0\n@a/b"}],"next":null}`))
	}))
	defer server.Close()
	got := oripk(t, map[string]string{"ORI_REGISTRY_URL": server.URL}, "__complete", "info", "@a/b")
	if got.stdout != "@a/bad\tred  :0 @a/b\n:36\n" {
		t.Errorf("%q", got.stdout)
	}
}
