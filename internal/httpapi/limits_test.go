package httpapi_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/internal/httpapi"
	"github.com/ori-lang/registry/internal/server"
)

// limitedSite has these limits, and believes what a test says of its address.
func limitedSite(t *testing.T, anonymous, authenticated server.Rate) *site {
	t.Helper()
	return newSiteWith(t, server.Config{
		RateAnonymous: anonymous, RateAuthenticated: authenticated,
		TrustedProxies: server.Networks{netip.MustParsePrefix("127.0.0.0/8")},
	})
}

// from is the header of a call without a token from an address.
func from(address string) header {
	return header{"Authorization": "", "X-Forwarded-For": address}
}

// remaining gives what a reply says of its limit.
func (s *site) remaining(a answer) (limit, remaining int) {
	s.t.Helper()
	limit, err := strconv.Atoi(a.Header.Get("X-RateLimit-Limit"))
	if err == nil {
		remaining, err = strconv.Atoi(a.Header.Get("X-RateLimit-Remaining"))
	}
	if err != nil {
		s.t.Errorf("%d without a limit: %v", a.StatusCode, a.Header)
	}
	return limit, remaining
}

// Every route that counts answers 429 when the limit is used up, and every
// route that looks at a token does when too many were refused.
func TestEveryRouteIsLimited(t *testing.T) {
	s := limitedSite(t, 1, 1)
	account := header{"Authorization": "Bearer " + s.user("bob")}
	for i, route := range httpapi.Routes() {
		path := filled(route.Pattern)
		counts := strings.HasPrefix(path, "/v1/") || strings.HasPrefix(path, "/log/")
		status, code := 429, api.RateLimited
		if route.Kind == httpapi.Health {
			status, code = 200, ""
		}

		many := from(fmt.Sprintf("2001:db8:0:%x::1", i))
		for _, caller := range []header{many, account} {
			for used := 0; counts && used < 10; used++ { // of the larger bucket
				s.do(route.Method, path, nil, caller)
			}
			if counts {
				s.want(s.do(route.Method, path, nil, caller), status, code)
			}
		}

		guessing := header{"Authorization": "Bearer guessed", "X-Forwarded-For": fmt.Sprintf("2001:db8:1:%x::1", i)}
		if route.Kind != httpapi.Health {
			s.want(s.do(route.Method, path, nil, guessing), 401, api.TokenInvalid)
		}
		s.want(s.do(route.Method, path, nil, guessing), status, code)
	}
}

// The tiers of the protocol, with and without a token, and of both buckets.
func TestTiers(t *testing.T) {
	s := limitedSite(t, 100, 1000)
	for _, test := range []struct {
		path   string
		header header
		want   int
	}{
		{"/v1/", from("192.0.2.1"), 100},
		{"/v1/", nil, 1000},
		{"/log/checkpoint", from("192.0.2.1"), 1000},
		{"/log/checkpoint", nil, 10_000},
		{"/v1/packages/acme/http/1.0.0/download", from("192.0.2.2"), 1000},
	} {
		if limit, remaining := s.remaining(s.do("GET", test.path, nil, test.header)); limit != test.want || remaining >= limit {
			t.Errorf("%s: %d of %d, want %d", test.path, remaining, limit, test.want)
		}
	}
}

// What caches may keep is counted apart.
func TestTwoBuckets(t *testing.T) {
	s := limitedSite(t, 2, 1000)
	me := from("192.0.2.1")
	for range 2 {
		s.want(s.do("GET", "/v1/", nil, me), 200, "")
	}
	s.want(s.do("GET", "/v1/", nil, me), 429, api.RateLimited)
	s.want(s.do("GET", "/v1/nowhere", nil, me), 429, api.RateLimited)
	s.want(s.do("PATCH", "/v1/", nil, me), 429, api.RateLimited)
	if limit, remaining := s.remaining(s.want(s.do("GET", "/log/checkpoint", nil, me), 200, "")); limit != 20 || remaining != 19 {
		t.Errorf("%d of %d", remaining, limit)
	}
	for _, path := range []string{"/openapi.yaml", "/problems/", "/livez", "/readyz"} {
		s.want(s.do("GET", path, nil, me), 200, "")
	}
}

// An account has one count over all of its tokens, wherever they are used.
func TestTokensOfAnAccountCountTogether(t *testing.T) {
	s := limitedSite(t, 100, 5)
	made := s.newToken(`{"name":"ci","scopes":["read"]}`).Secret // the first call
	var me api.Me
	s.want(s.do("GET", "/v1/me", nil, header{"Authorization": "Bearer " + made, "X-Forwarded-For": "192.0.2.1"}), 200, "").json(t, &me)
	if me.Limits.Limit != 5 || me.Limits.Remaining != 3 || me.Limits.Reset == 0 {
		t.Errorf("limits %+v", me.Limits)
	}
	a := s.do("GET", "/v1/me", nil, nil)
	if a.json(t, &me); strconv.FormatInt(me.Limits.Reset, 10) != a.Header.Get("X-RateLimit-Reset") {
		t.Errorf("limits %+v, header %v", me.Limits, a.Header)
	}
	s.want(s.do("GET", "/v1/nowhere", nil, header{"X-Forwarded-For": "192.0.2.2"}), 404, api.NotFound)
	s.want(s.do("POST", "/v1/", nil, nil), 405, api.MethodNotAllowed)
	s.want(s.do("GET", "/v1/", nil, header{"Authorization": "Bearer " + made}), 429, api.RateLimited)
	s.want(s.do("GET", "/v1/", nil, header{"Authorization": "Bearer " + s.user("bob")}), 200, "")
	s.want(s.do("GET", "/v1/", nil, from("192.0.2.1")), 200, "")
}

// Whoever sends bad tokens is stopped before they are looked up; who shares the
// address and is known goes on, and so does who sends none.
func TestRefusedTokens(t *testing.T) {
	s := limitedSite(t, 100, 1000)
	old := s.newToken(`{"name":"old","scopes":["read"]}`)
	bad := header{"Authorization": "Bearer " + old.Secret, "X-Forwarded-For": "192.0.2.1"}
	good := header{"X-Forwarded-For": "192.0.2.1"}
	s.want(s.do("GET", "/v1/me", nil, bad), 200, "")
	s.want(s.do("DELETE", "/v1/tokens/"+old.ID, nil, nil), 204, "")
	for i := range 20 {
		a := s.want(s.do("GET", "/v1/", nil, bad), 401, api.TokenInvalid)
		if limit, remaining := s.remaining(a); limit != 100 || remaining != 99-i {
			t.Errorf("%d of %d: a refused token is a call of the address", remaining, limit)
		}
	}
	s.spoil(`ALTER TABLE token RENAME TO lost_token`)
	s.want(s.do("GET", "/v1/me", nil, good), 500, api.Internal) // known from the first calls, so looked up
	for _, path := range []string{"/v1/", "/openapi.yaml", "/log/checkpoint", "/v1/nowhere"} {
		a := s.want(s.do("GET", path, nil, bad), 429, api.RateLimited)
		if limit, remaining := s.remaining(a); limit != 20 || remaining != 0 {
			t.Errorf("%s: %d of %d", path, remaining, limit)
		}
	}
	s.spoil(`ALTER TABLE lost_token RENAME TO token`)
	s.want(s.do("GET", "/livez", nil, bad), 200, "")
	s.want(s.do("GET", "/v1/me", nil, good), 200, "")
	if _, remaining := s.remaining(s.do("GET", "/v1/", nil, from("192.0.2.1"))); remaining != 78 {
		t.Errorf("%d calls are left without a token, want 78", remaining)
	}
	s.want(s.do("GET", "/v1/me", nil, header{"Authorization": "Bearer " + s.user("bob"), "X-Forwarded-For": "192.0.2.1"}), 429, api.RateLimited)
	bad["X-Forwarded-For"] = "192.0.2.2"
	s.want(s.do("GET", "/v1/", nil, bad), 401, api.TokenInvalid)
}

// At most as many bad tokens as the limit are refused, however many come at once.
func TestRefusedTokensAtOnce(t *testing.T) {
	s := limitedSite(t, 100, 1000)
	var mu sync.Mutex
	statuses := map[int]int{}
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			w := httptest.NewRecorder()
			r := httptest.NewRequest("GET", "/v1/", nil)
			r.Header.Set("Authorization", "Bearer guessed")
			s.srv.Handler().ServeHTTP(w, r)
			mu.Lock()
			defer mu.Unlock()
			statuses[w.Code]++
		})
	}
	all.Wait()
	if statuses[401] != 20 || statuses[429] != 30 {
		t.Errorf("statuses %v, want 20 times 401 and 30 times 429", statuses)
	}
}

// The limit is asked before the body: nobody uploads in vain.
func TestLimitedBeforeTheBody(t *testing.T) {
	s := limitedSite(t, 100, 1)
	s.claim("acme")
	a := s.raw("POST /v1/packages/acme/http/publish HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + s.token +
		"\r\nExpect: 100-continue\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 1000000\r\n\r\n")
	s.want2(a, 429, api.RateLimited)
	if a.Header.Get("Retry-After") == "" || !a.Close {
		t.Errorf("%v, the connection ends: %t", a.Header, a.Close)
	}
}

// A header that the client writes itself means nothing without a proxy.
func TestForwardedForNeedsAProxy(t *testing.T) {
	s := newSiteWith(t, server.Config{RateAnonymous: 1})
	s.want(s.do("GET", "/v1/", nil, from("192.0.2.1")), 200, "")
	s.want(s.do("GET", "/v1/", nil, from("192.0.2.2")), 429, api.RateLimited)
}

// Of calls at once that are all answered 304 none stays in the caller's own
// count, and each is in that of what caches may keep.
func TestNotModifiedAtOnce(t *testing.T) {
	s := limitedSite(t, 100, 1)
	tag := s.do("GET", "/v1/", nil, from("192.0.2.1")).Header.Get("ETag")
	var all sync.WaitGroup
	for range 40 {
		all.Go(func() {
			r := httptest.NewRequest(http.MethodGet, "/v1/", nil)
			r.RemoteAddr = "192.0.2.1:1"
			r.Header.Set("If-None-Match", tag)
			w := httptest.NewRecorder()
			if s.srv.Handler().ServeHTTP(w, r); w.Code != 304 {
				t.Errorf("status %d", w.Code)
			}
		})
	}
	all.Wait()
	if _, remaining := s.remaining(s.do("GET", "/v1/", nil, from("192.0.2.1"))); remaining != 98 {
		t.Errorf("%d calls are left, want 98", remaining)
	}
	checkpoint := s.do("GET", "/log/checkpoint", nil, from("192.0.2.1"))
	if _, remaining := s.remaining(checkpoint); remaining != 959 {
		t.Errorf("%d calls are left for what caches may keep, want 959", remaining)
	}
	again := from("192.0.2.1")
	again["If-None-Match"] = checkpoint.Header.Get("ETag")
	if _, remaining := s.remaining(s.want(s.do("GET", "/log/checkpoint", nil, again), 304, "")); remaining != 958 {
		t.Errorf("%d are left after a 304 of the log, want 958", remaining)
	}
}
