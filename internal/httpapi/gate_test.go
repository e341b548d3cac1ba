package httpapi

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/internal/ratelimit"
)

// timed is the handler of routed with a clock of its own and a limit of n calls
// for an address.
func timed(t *testing.T, n int, handle handler) (s *service, pass func(time.Duration)) {
	now := time.Unix(1_800_000_000, 500_000_000) // half a second past
	s, _ = routed(t, "GET", mutable, handle)
	s.gate = newGate(Options{Rates: ratelimit.Tiers{Anonymous: n}, Counter: ratelimit.NewMemory(func() time.Time { return now }, 0)})
	return s, func(d time.Duration) { now = now.Add(d) }
}

// standing is what a reply says of the limit.
type standing struct {
	status, limit, remaining int
	reset                    int64 // from the start
	retryAfter               string
}

func standingOf(w *httptest.ResponseRecorder) standing {
	number := func(name string) int {
		n, err := strconv.Atoi(w.Header().Get(name))
		if err != nil {
			return -1
		}
		return n
	}
	return standing{
		w.Code, number("X-RateLimit-Limit"), number("X-RateLimit-Remaining"),
		int64(number("X-RateLimit-Reset")) - 1_800_000_000, w.Header().Get("Retry-After"),
	}
}

func TestRateHeaders(t *testing.T) {
	s, pass := timed(t, 2, func(s *service, c *call, r *http.Request) error {
		return s.send(c, r, newDocument("text/plain", []byte("text")))
	})
	step := func(after time.Duration, want standing, header ...string) *httptest.ResponseRecorder {
		t.Helper()
		pass(after)
		w := get(s, header...)
		if got := standingOf(w); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
		return w
	}
	first := step(0, standing{200, 2, 1, 61, ""})
	tag := first.Header().Get("ETag")
	step(10*time.Second, standing{304, 2, 1, 61, ""}, "If-None-Match", tag)
	step(0, standing{304, 2, 1, 61, ""}, "If-None-Match", tag)
	step(0, standing{200, 2, 0, 61, ""})
	refused := step(100*time.Millisecond, standing{429, 2, 0, 61, "50"})
	step(0, standing{429, 2, 0, 61, "50"}, "If-None-Match", tag) // nothing is left to charge and give back
	var problem api.Problem
	if err := json.Unmarshal(refused.Body.Bytes(), &problem); err != nil || problem.Code != api.RateLimited || problem.RetryAfter != 50 {
		t.Errorf("%s, %v", refused.Body, err)
	}
	step(49*time.Second, standing{429, 2, 0, 61, "1"})
	step(time.Second, standing{200, 2, 0, 71, ""})
	step(time.Minute, standing{304, 2, 2, 121, ""}, "If-None-Match", tag) // nothing is counted: Reset is now
}

// What a caller has already costs none of its own calls, and is no way to call
// without end: it counts among what caches may keep, and where that is used up
// it costs what every call does.
func TestNotModifiedIsCounted(t *testing.T) {
	s, pass := timed(t, 2, func(s *service, c *call, r *http.Request) error {
		return s.send(c, r, newDocument("text/plain", []byte("text")))
	})
	ask := func(want standing) {
		t.Helper()
		if got := standingOf(get(s, "If-None-Match", "*")); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
	for range 20 {
		ask(standing{304, 2, 2, 1, ""})
	}
	ask(standing{304, 2, 1, 61, ""})
	ask(standing{304, 2, 0, 61, ""})
	ask(standing{429, 2, 0, 61, "60"})
	pass(time.Minute)
	ask(standing{304, 2, 2, 61, ""})
}

// Every reply says how the caller stands, also one that nobody meant to send.
func TestFailuresSayTheLimit(t *testing.T) {
	for name, handle := range map[string]handler{
		"panic":   func(*service, *call, *http.Request) error { panic("no") },
		"failure": func(*service, *call, *http.Request) error { return api.Unavailable },
	} {
		s, _ := timed(t, 5, handle)
		if got := standingOf(get(s)); got.status < 500 || got.limit != 5 || got.remaining != 4 {
			t.Errorf("%s: %+v", name, got)
		}
	}
	s, _ := timed(t, 20, nil)
	for _, test := range []struct {
		method, path string
		status       int
		limit        int // -1: nothing is said
	}{
		{"GET", "/v1/nothing", 404, 20},
		{"GET", "/v1", 404, 20},
		{"POST", "/v1/test", 405, 20},
		{"OPTIONS", "/v1/test", 405, 20},
		{"GET", "/v1/a%2Fb", 404, 20},
		{"GET", "/v1//test", 404, 20},
		{"GET", "/v1/../test", 404, 20},
		{"GET", "/log/nothing", 404, 200},
		{"GET", "/log", 404, 200},
		{"GET", "/v2/", 404, -1},
		{"GET", "/", 404, -1},
		{"GET", "//v1/test", 404, -1},
		{"GET", "/v1x/test", 404, -1},
	} {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest(test.method, "http://x"+test.path, nil))
		got := standingOf(w)
		if got.status != test.status || got.limit != test.limit {
			t.Errorf("%s %s: %+v", test.method, test.path, got)
		}
	}
}

func TestKnownTokens(t *testing.T) {
	k := &knownTokens{}
	if k.has("a") {
		t.Error("an unknown token is known")
	}
	k.add("a")
	for i := range maxKnown {
		k.add(strconv.Itoa(i))
	}
	if !k.has("a") || !k.has("0") {
		t.Error("a token is forgotten too early")
	}
	for i := range maxKnown {
		k.add("b" + strconv.Itoa(i))
	}
	if k.has("a") || len(k.recent)+len(k.older) > 2*maxKnown {
		t.Errorf("%d tokens are remembered", len(k.recent)+len(k.older))
	}
	k.drop("b0")
	if k.drop("b1"); k.has("b0") || k.has("b1") || !k.has("b2") {
		t.Error("a token that was refused is known")
	}
}
