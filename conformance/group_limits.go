package conformance

import (
	"strconv"
	"time"

	"github.com/ori-lang/registry/api"
)

// maxCalls bounds the calls that this group makes to use up a limit.
const maxCalls = 2000

// limitHeaders reads the three headers of a reply.
func (c *check) limitHeaders(a *answer) (limit, remaining int, reset time.Time) {
	numbers := map[string]int64{}
	for _, name := range []string{"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"} {
		n, err := strconv.ParseInt(a.header.Get(name), 10, 64)
		if err != nil {
			c.fatalf("%s: %s is %q", a.what, name, a.header.Get(name))
		}
		numbers[name] = n
	}
	return int(numbers["X-RateLimit-Limit"]), int(numbers["X-RateLimit-Remaining"]), time.Unix(numbers["X-RateLimit-Reset"], 0)
}

func limitsGroup(s *session) {
	s.hold("headers", "Every reply under `/v1` and `/log` says", func(c *check) {
		for _, url := range []string{s.urls.Discovery(), s.urls.Checkpoint(), s.urls.Base() + "/v1/nothing"} {
			limit, remaining, reset := c.limitHeaders(c.get(url))
			if limit < 1 || remaining < 0 || remaining > limit || reset.After(time.Now().Add(2*time.Minute)) {
				c.failf("%s says %d of %d until %v", url, remaining, limit, reset)
			}
		}
	})
	s.hold("what caches may keep", "What caches may keep has a limit of its own, ten times as high", func(c *check) {
		for _, token := range []string{"", s.options.Token} {
			calls, _, _ := c.limitHeaders(c.send("GET", s.urls.Discovery(), token, nil))
			kept, _, _ := c.limitHeaders(c.send("GET", s.urls.Checkpoint(), token, nil))
			c.equal("the limit of what caches may keep", kept, 10*calls)
		}
	})
	s.hold("the protocol's numbers", "1,000 calls for an account, over all of its tokens, and 100 without a token", func(c *check) {
		anonymous, _, _ := c.limitHeaders(c.send("GET", s.urls.Discovery(), "", nil))
		account, _, _ := c.limitHeaders(c.send("GET", s.urls.Discovery(), s.options.Token, nil))
		if anonymous != 100 || account != 1000 {
			c.skipf("this registry has other numbers, as it may: %d for an account and %d without a token", account, anonymous)
		}
	})
	s.hold("304 is given back", "A call that is answered 304 was let in by the limit of other calls and is given back to it, as its headers say, so long as the limit of what caches may keep has room for it.", func(c *check) {
		tag := c.get(s.urls.Discovery()).header.Get("ETag")
		_, kept, oldest := c.limitHeaders(c.get(s.urls.Checkpoint()))
		_, before, _ := c.limitHeaders(c.ok(c.get(s.urls.Discovery(), "If-None-Match", tag), 304))
		_, after, _ := c.limitHeaders(c.ok(c.get(s.urls.Discovery(), "If-None-Match", tag), 304))
		if after < before {
			c.failf("two 304s leave %d and then %d", before, after)
		}
		// While the oldest call is the same, none has left the count.
		if _, left, still := c.limitHeaders(c.get(s.urls.Checkpoint())); still.Equal(oldest) && left > kept-3 {
			c.failf("of %d calls for what caches may keep, %d are left after two 304s and another call", kept, left)
		}
	})
	s.hold("used up", "That one is answered 429 `rate_limited` before its body is read; it goes through after the time in `Retry-After`", func(c *check) {
		limit, _, _ := c.limitHeaders(c.call(request{method: "GET", url: s.urls.Me(), hasty: true}))
		if limit > maxCalls {
			c.skipf("an address has %d calls here, and the suite makes no more than %d to use them up", limit, maxCalls)
		}
		began := time.Now()
		for range limit {
			a := c.call(request{method: "GET", url: s.urls.Me(), hasty: true})
			if a.status != 429 {
				continue
			}
			p := c.problem(a, api.RateLimited)
			after, err := strconv.Atoi(a.header.Get("Retry-After"))
			if err != nil || after < 1 || after > 60 || p.RetryAfter != after {
				c.failf("Retry-After is %q, retry_after %d", a.header.Get("Retry-After"), p.RetryAfter)
			}
			if _, remaining, _ := c.limitHeaders(a); remaining != 0 {
				c.failf("a 429 says that %d calls remain", remaining)
			}
			c.ok(c.call(request{method: "GET", url: s.urls.Base() + api.PathLive}), 200)
			return
		}
		if took := time.Since(began); took >= time.Minute {
			c.skipf("%d calls took %v, and they count for a minute", limit, took)
		}
		c.failf("%d calls in a row are let through", limit+1)
	})
}
