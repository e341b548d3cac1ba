package httpapi_test

import (
	"bytes"
	"context"
	"database/sql"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/internal/httpapi"
	"github.com/ori-lang/registry/internal/repotest/sample"
	"github.com/ori-lang/registry/internal/server"
)

// TestEveryRouteFailsWithItsDatabase: a database that answers with errors is a
// 500 that says nothing of the reason, whether the token cannot be looked up or
// what the address is about.
func TestEveryRouteFailsWithItsDatabase(t *testing.T) {
	s, _ := settled(t)
	s.spoil(`ALTER TABLE token RENAME TO lost_token`, `ALTER TABLE version RENAME TO lost_version`,
		`ALTER TABLE package RENAME TO lost_package`, `ALTER TABLE scope RENAME TO lost_scope`,
		`ALTER TABLE log_state RENAME TO lost_state`, `ALTER TABLE log_tile RENAME TO lost_tile`,
		`ALTER TABLE advisory RENAME TO lost_advisory`, `ALTER TABLE search_package RENAME TO lost_search`)
	for _, route := range httpapi.Routes() {
		if route.Kind == httpapi.Health {
			continue
		}
		path := filled(route.Pattern)
		a := s.want(s.do(route.Method, path, unsent(route), nil), 500, api.Internal)
		if strings.Contains(string(a.body), "lost") || strings.Contains(string(a.body), "table") {
			t.Errorf("the reply tells what is inside: %s", a.body)
		}
		if route.Scope == "" && route.Method == http.MethodGet && !isFixed(route.Pattern) {
			s.want(s.get(path), 500, api.Internal)
		}
	}
	s.want(s.resolve(`{"dependencies":[{"package":"@acme/http","version":"1.0.0"}]}`), 500, api.Internal)
	for _, table := range []string{"token", "package", "scope", "log_state", "log_tile", "advisory"} {
		if want := "no such table: " + table; !strings.Contains(s.log.String(), want) {
			t.Errorf("the log does not say %q", want)
		}
	}
}

// isFixed reports whether what is at the address is part of the program.
func isFixed(pattern string) bool {
	switch pattern {
	case api.PathDiscovery, api.PathOpenAPI, api.PathDocs, api.PathProblems, api.PathProblem:
		return true
	}
	return false
}

// unsent is a body for a call that is answered before it is read.
func unsent(route httpapi.Route) io.Reader {
	if route.Method == http.MethodGet {
		return nil
	}
	return strings.NewReader("{}")
}

// spoil changes the database behind the server's back.
func (s *site) spoil(statements ...string) {
	s.t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(s.data, "registry.db"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer db.Close()
	for _, statement := range statements {
		if _, err := db.Exec(statement); err != nil {
			s.t.Fatalf("%s: %v", statement, err)
		}
	}
}

// TestEveryRouteCanBeGivenUp: a call whose context has ended, because its client
// has closed its half of the connection, or time is up, is unavailable.
func TestEveryRouteCanBeGivenUp(t *testing.T) {
	s, _ := settled(t)
	ended, end := context.WithCancel(t.Context())
	end()
	for _, route := range httpapi.Routes() {
		if route.Kind == httpapi.Health {
			continue
		}
		r := httptest.NewRequestWithContext(ended, route.Method, filled(route.Pattern), unsent(route))
		r.Header.Set("Authorization", "Bearer "+s.token)
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, r)
		a := answer{w.Result(), w.Body.Bytes()}
		if a.StatusCode != 503 || a.code() != api.Unavailable || a.Header.Get("Retry-After") == "" {
			t.Errorf("%s %s: %d %s %v", route.Method, route.Pattern, a.StatusCode, a.body, a.Header)
		}
	}
}

// TestReadOnly: a registry that is read-only gives what it has, signs nothing
// and refuses every change.
func TestReadOnly(t *testing.T) {
	before, _ := settled(t)
	before.advise("0")
	made := before.newToken(`{"name":"ci","scopes":["read"]}`)
	s := withoutAnchor(t, before)
	next := sample.Package{Ref: "@acme/http@1.0.1"}.Archive(t)
	const graph = `{"dependencies":[{"package":"@acme/http","version":"1.0.0"}],"proofs":`
	s.want(s.resolve(graph+"false}"), 200, "")
	for _, a := range []answer{
		s.resolve(graph + "true}"),
		s.publish("acme/http", part{"archive", next}),
		s.do("PUT", "/v1/scopes/corp", nil, nil),
		s.do("POST", "/v1/tokens", strings.NewReader(`{"name":"x","scopes":["read"]}`), header{"Content-Type": "application/json"}),
		s.do("DELETE", "/v1/tokens/"+made.ID, nil, nil),
		s.post("/v1/packages/acme/http/transfer", `{"to":"rita"}`, nil),
		s.do("POST", "/v1/packages/acme/http/transfer/cancel", nil, nil),
		s.sendJSON("PUT", "/v1/scopes/acme/members/rita", `{"role":"member"}`, nil),
		s.sendJSON("PUT", "/v1/scopes/acme/members/alice", `{"role":"member"}`, nil),
		s.do("DELETE", "/v1/scopes/acme/members/alice", nil, nil),
	} {
		s.wantAgainLater(a, api.ReadOnly)
	}
	for _, route := range httpapi.Routes() {
		if route.Method != http.MethodGet {
			continue
		}
		a := s.do("GET", filled(route.Pattern), nil, nil)
		switch route.Pattern {
		case api.PathCheckpoint, api.PathProof, api.PathChanges, api.PathReady:
			s.wantAgainLater(a, api.ReadOnly)
		default:
			s.want(a, 200, "")
		}
	}
}

// wantAgainLater is want for a 503, which tells when to try again.
func (s *site) wantAgainLater(a answer, code api.Code) {
	s.t.Helper()
	if s.want(a, 503, code); a.Header.Get("Retry-After") == "" || a.problem().RetryAfter == 0 {
		s.t.Errorf("%s %s does not say when to try again: %s", a.Request.Method, a.Request.URL, a.body)
	}
}

// withoutAnchor opens the registry again after its head anchor was lost.
func withoutAnchor(t *testing.T, s *site) *site {
	t.Helper()
	if err := s.srv.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(s.data, "keys", "log.anchor")); err != nil {
		t.Fatal(err)
	}
	again := openSite(t, server.Config{Data: s.data})
	again.token = s.token
	if again.srv.ReadOnly() == "" {
		t.Fatal("the registry is not read-only")
	}
	return again
}

// TestStorageGivesOrTakesNothing: a disk or database that fails is no fault of
// the client, who is told to try again.
func TestStorageGivesOrTakesNothing(t *testing.T) {
	large := sample.Package{Ref: "@acme/big@1.0.0", Noise: 100 << 10}.Archive(t)
	full := func(event string) string {
		return `CREATE TRIGGER full BEFORE ` + event + ` BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END`
	}
	for name, test := range map[string]struct {
		spoil func(*site)
		call  func(*site) answer
	}{
		"an archive that is gone": {
			func(s *site) { s.remove("archives/*/*") },
			func(s *site) answer { return s.get("/v1/packages/acme/big/1.0.0/download") },
		},
		"no place for an upload": {
			func(s *site) { s.remove("incoming/*"); s.remove("incoming") },
			func(s *site) answer { return s.publish("acme/big", part{"archive", large}) },
		},
		"no place for an entry": {
			func(s *site) { s.spoil(full("INSERT ON log_entry")) },
			func(s *site) answer { return s.do("PUT", "/v1/scopes/corp", nil, nil) },
		},
		"no place for a token": {
			func(s *site) { s.spoil(full("INSERT ON token")) },
			func(s *site) answer {
				return s.do("POST", "/v1/tokens", strings.NewReader(`{"name":"x","scopes":["read"]}`), header{"Content-Type": "application/json"})
			},
		},
		"a token that stays": {
			func(s *site) { s.spoil(full("UPDATE OF revoked_at ON token")) },
			func(s *site) answer {
				var me api.Me
				s.want(s.do("GET", "/v1/me", nil, nil), 200, "").json(s.t, &me)
				return s.do("DELETE", "/v1/tokens/"+me.Token.ID, nil, nil)
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := settled(t)
			s.want(s.publish("acme/big", part{"archive", large}), 201, "")
			test.spoil(s)
			a := test.call(s)
			if s.wantAgainLater(a, api.Unavailable); bytes.Contains(a.body, []byte("full")) || bytes.Contains(a.body, []byte(s.data)) {
				t.Errorf("the reply tells what is inside: %s", a.body)
			}
		})
	}
}

// remove deletes what matches the pattern from the data folder.
func (s *site) remove(pattern string) {
	s.t.Helper()
	found, err := filepath.Glob(filepath.Join(s.data, pattern))
	if err != nil || len(found) == 0 {
		s.t.Fatalf("nothing matches %s: %v", pattern, err)
	}
	for _, path := range found {
		if err := os.Remove(path); err != nil {
			s.t.Fatal(err)
		}
	}
}
