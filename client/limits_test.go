package client

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ori-lang/registry/api"
)

// tells gives a reply's headers about the count, by a clock that shows date.
func tells(h http.Header, remaining string, reset, date time.Time) {
	h.Set("X-RateLimit-Limit", "100")
	h.Set("X-RateLimit-Remaining", remaining)
	h.Set("X-RateLimit-Reset", strconv.FormatInt(reset.Unix(), 10))
	h.Set("Date", date.UTC().Format(http.TimeFormat))
}

// TestPacing makes a call after one whose reply told of the count.
func TestPacing(t *testing.T) {
	now := newUser(t).options.Now()
	cases := []struct {
		name string
		tell func(h http.Header)
		wait time.Duration // 0: none
	}{
		{"some are left", func(h http.Header) { tells(h, "1", now.Add(12*time.Second), now) }, 0},
		{"none is left", func(h http.Header) { tells(h, "0", now.Add(12*time.Second), now) }, 12 * time.Second},
		{"less than none", func(h http.Header) { tells(h, "-3", now.Add(12*time.Second), now) }, 12 * time.Second},
		{"none was left, long ago", func(h http.Header) { tells(h, "0", now.Add(-time.Hour), now) }, 0},
		{"none is left for ten years", func(h http.Header) { tells(h, "0", now.AddDate(10, 0, 0), now) }, 70 * time.Second},
		{"the registry's clock is wrong", func(h http.Header) {
			tells(h, "0", now.Add(time.Hour+12*time.Second), now.Add(time.Hour))
		}, 12 * time.Second},
		{"the registry has no clock", func(h http.Header) {
			tells(h, "0", now.Add(12*time.Second), now)
			h["Date"] = nil
		}, 12 * time.Second},
		{"a cache tells of another time", func(h http.Header) {
			tells(h, "0", now.Add(12*time.Second), now)
			h.Set("Age", "1")
		}, 0},
		{"no number", func(h http.Header) { tells(h, "none", now.Add(12*time.Second), now) }, 0},
		{"no time", func(h http.Header) {
			tells(h, "0", now, now)
			h.Set("X-RateLimit-Reset", strings.Repeat("9", 40))
		}, 0},
		{"nothing", func(http.Header) {}, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f, u := newFake(t), newUser(t)
			f.instead["/v1/me"] = func(w http.ResponseWriter, _ *http.Request) {
				c.tell(w.Header())
				writeJSON(w, 200, api.Me{User: api.User{ID: testAccount, Login: "ada"}})
			}
			client := u.client(f.server.URL)
			for range 2 {
				if err := me(client); err != nil {
					t.Fatal(err)
				}
			}
			var want []time.Duration
			if c.wait > 0 {
				want = []time.Duration{c.wait}
			}
			if !slices.Equal(u.waits, want) || len(u.notices) != len(want) {
				t.Errorf("waits: %v, want %v; told was %q", u.waits, want, u.notices)
			}
		})
	}
}

// TestPacingSaysWhy: a line says what is waited for.
func TestPacingSaysWhy(t *testing.T) {
	for token, want := range map[string]string{
		testToken: "waiting 12 s: the registry allows 100 requests a minute",
		"":        "waiting 12 s: the registry allows 100 requests a minute without a token",
	} {
		f, u := newFake(t), newUser(t)
		u.options.Token = token
		f.instead["/v1/"] = func(w http.ResponseWriter, _ *http.Request) {
			tells(w.Header(), "0", u.options.Now().Add(12*time.Second), u.options.Now())
			writeJSON(w, 200, api.Discovery{APIVersion: "1", Log: api.LogInfo{PublicKey: "any"}})
		}
		c := u.client(f.server.URL)
		for range 3 { // the clock of the test stands still: it is the same wait
			if _, err := c.Discovery(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if len(u.notices) != 1 || u.notices[0] != want {
			t.Errorf("told: %q, want %q once", u.notices, want)
		}
	}
}

// TestPacingCounts: what never changes has a count of its own, and what another
// origin tells is not the registry's word.
func TestPacingCounts(t *testing.T) {
	f, u := newFake(t), newUser(t)
	f.publish(httpRef)
	used := func(w http.ResponseWriter) { tells(w.Header(), "0", u.options.Now().Add(time.Minute), u.options.Now()) }
	storage := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		used(w)
		w.Write(f.archives[httpRef])
	}))
	defer storage.Close()
	f.instead["/download"] = func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, storage.URL, http.StatusFound) }
	f.instead["/v1/me"] = func(w http.ResponseWriter, _ *http.Request) {
		used(w)
		writeJSON(w, 200, api.Me{User: api.User{ID: testAccount, Login: "ada"}})
	}
	c := u.client(f.server.URL)
	if err := remote(t, c); err != nil {
		t.Fatal(err)
	}
	if err := me(c); err != nil {
		t.Fatal(err)
	}
	if err := remote(t, c); err != nil || len(u.waits) > 0 {
		t.Errorf("%v, waits: %v, want none", err, u.waits)
	}
	f.instead["/proof"] = func(w http.ResponseWriter, _ *http.Request) {
		used(w)
		w.Write(f.proof(httpRef, f.size()))
	}
	if err := remote(t, c); err != nil || len(u.waits) > 0 {
		t.Errorf("%v, waits: %v, want none", err, u.waits)
	}
	if err := remote(t, c); err != nil || !slices.Equal(u.waits, []time.Duration{time.Minute}) {
		t.Errorf("%v, waits: %v, want one before the download", err, u.waits)
	}
}

// TestPacingTogether has eight workers go through a count of twenty, again and
// again: none is ever refused, and one line tells of each wait.
func TestPacingTogether(t *testing.T) {
	const calls, room = 100, 20
	u := newUser(t)
	var mu sync.Mutex
	now, used, refused := u.options.Now(), 0, 0
	window := now
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if now.Sub(window) >= time.Minute {
			window, used = now, 0
		}
		if used == room {
			refused++
		}
		used++
		tells(w.Header(), strconv.Itoa(max(0, room-used)), window.Add(time.Minute), now)
		writeJSON(w, 200, api.Me{User: api.User{ID: testAccount, Login: "ada"}})
	}))
	defer server.Close()
	u.options.Now = func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	u.options.Sleep = func(_ context.Context, d time.Duration) error {
		mu.Lock()
		defer mu.Unlock()
		u.waits = append(u.waits, d)
		now = now.Add(d)
		return nil
	}
	c := u.client(server.URL)
	work := make(chan struct{}, calls)
	for range calls {
		work <- struct{}{}
	}
	close(work)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for range work {
				if err := me(c); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if refused > 0 || len(u.waits) != calls/room-1 || len(u.notices) != len(u.waits) {
		t.Errorf("%d calls were too many; waits: %v; told: %q", refused, u.waits, u.notices)
	}
}

// TestPacingOneByOne has a count whose places come free one after the other, a
// second apart: whoever waits behind somebody waits no longer than that second.
func TestPacingOneByOne(t *testing.T) {
	const room, waiting = 4, 6
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		var mu sync.Mutex
		var calls []time.Time // of the last minute
		for i := range room - 1 {
			calls = append(calls, begin.Add(time.Duration(i+1-room)*time.Second))
		}
		answer := func(*http.Request) (*http.Response, error) {
			mu.Lock()
			defer mu.Unlock()
			now, w := time.Now(), httptest.NewRecorder()
			calls = append(slices.DeleteFunc(calls, func(at time.Time) bool { return now.Sub(at) >= time.Minute }), now)
			if len(calls) > room {
				t.Errorf("after %s a call is made that has no room", now.Sub(begin))
			}
			tells(w.Header(), strconv.Itoa(room-len(calls)), calls[0].Add(time.Minute), now)
			writeJSON(w, 200, api.Me{User: api.User{ID: testAccount, Login: "ada"}})
			return w.Result(), nil
		}
		c, err := New(Options{URL: "https://registry.example", Token: testToken, StateDir: t.TempDir(), Transport: roundTrip(answer)})
		if err != nil {
			t.Fatal(err)
		}
		if err := me(c); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for range waiting {
			wg.Go(func() {
				if err := me(c); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		// Three places at 57, 58 and 59 s, one at 60 s, and a minute after the
		// first two of them two more.
		if got, want := time.Since(begin), 118*time.Second; got != want {
			t.Errorf("all of them are through after %s, want %s", got, want)
		}
	})
}

// roundTrip answers without a network.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := f(r)
	if resp != nil {
		resp.Request = r
	}
	return resp, err
}

// TestPacingEnds: who waits can be interrupted, and whoever waits behind it.
func TestPacingEnds(t *testing.T) {
	f, u := newFake(t), newUser(t)
	f.instead["/v1/me"] = func(w http.ResponseWriter, _ *http.Request) {
		tells(w.Header(), "0", u.options.Now().Add(time.Minute), u.options.Now())
		writeJSON(w, 200, api.Me{User: api.User{ID: testAccount, Login: "ada"}})
	}
	asleep := make(chan struct{}, 2)
	c := u.client(f.server.URL, func(o *Options) {
		o.Sleep = func(ctx context.Context, _ time.Duration) error {
			asleep <- struct{}{}
			<-ctx.Done()
			return ctx.Err()
		}
	})
	if err := me(c); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 2)
	for range 2 {
		go func() { _, err := c.Me(ctx); ended <- err }()
	}
	<-asleep
	cancel()
	for range 2 {
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("error: %v, want context.Canceled", err)
		}
	}
	if got := len(f.asked()); got != 1 {
		t.Errorf("%d calls, want the first one alone", got)
	}
}

// TestWaitsAreTold: a long wait before another attempt has a line as well.
func TestWaitsAreTold(t *testing.T) {
	for status, want := range map[int]string{
		429: "waiting 40 s: the registry allows 100 requests a minute",
		503: "waiting 40 s: the registry is not available",
	} {
		calls := 0
		f, u := newFake(t), newUser(t)
		f.instead["/v1/me"] = func(w http.ResponseWriter, _ *http.Request) {
			if calls++; calls == 1 {
				w.Header().Set("Retry-After", "40")
				w.Header().Set("X-RateLimit-Limit", "100")
				w.Header().Set("X-RateLimit-Remaining", "0")
				w.Header().Set("X-RateLimit-Reset", strconv.FormatInt(u.options.Now().Unix(), 10))
				w.WriteHeader(status)
				return
			}
			writeJSON(w, 200, api.Me{User: api.User{ID: testAccount, Login: "ada"}})
		}
		if err := me(u.client(f.server.URL)); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(u.notices, []string{want}) {
			t.Errorf("told: %q, want %q", u.notices, want)
		}
	}
}
