package httpapi

import (
	"errors"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/internal/ratelimit"
)

// gate decides whether a call is let in at all.
type gate struct {
	tiers   ratelimit.Tiers
	counter *ratelimit.Memory
	proxies []netip.Prefix
	known   *knownTokens
}

func newGate(opts Options) gate {
	g := gate{opts.Rates, opts.Counter, opts.Proxies, &knownTokens{}}
	if g.counter == nil {
		g.counter = ratelimit.NewMemory(time.Now, 0)
	}
	return g
}

// admit finds out who calls, and counts the call. Whose call it is depends on
// the token, so that is looked at even where nothing else is; whether it is good
// is asked later, behind path and method.
func (s *service) admit(c *call, r *http.Request) error {
	segment := firstSegment(r.URL.Path)
	isCounted := segment == "v1" || segment == "log"
	if c.route == nil && !isCounted || c.route != nil && c.route.Kind == Health {
		return nil
	}
	if c.private {
		c.vary("Authorization")
	}
	from := clientAddress(r, s.gate.proxies)
	c.identity = s.identify(c, r, from)
	if errors.Is(c.identity, api.RateLimited) {
		return c.identity
	}
	if !isCounted {
		return nil
	}
	bucket := s.gate.tiers.OfAddress(from)
	if !c.actor.IsAnonymous() {
		bucket = s.gate.tiers.OfAccount(c.actor.AccountID())
	}
	if segment == "log" || c.route != nil && c.route.Kind == Immutable {
		bucket = bucket.Immutable()
	}
	return c.count(s.gate.counter, bucket)
}

// charge is a call in the count.
type charge struct {
	counter  *ratelimit.Memory // nil: the call is not counted
	bucket   ratelimit.Bucket
	standing ratelimit.Standing
}

// count takes the call from a bucket, and says in the reply how that stands.
func (c *call) count(counter *ratelimit.Memory, bucket ratelimit.Bucket) error {
	standing := counter.Take(bucket)
	if !standing.Allowed {
		problem := c.limited(standing, "the limit of %d calls in 60 seconds is used up", standing.Limit)
		if c.actor.IsAnonymous() {
			problem.Hint = "a token raises the limit"
		}
		return problem
	}
	c.charge = charge{counter, bucket, standing}
	c.showLimit(standing)
	return nil
}

// recount moves a call that is answered 304 to the caller's count of what caches
// may keep. It must stay in one of the two, for a 304 can cost as much as any
// answer, and a client gets it for the asking: by If-None-Match: *.
func (c *call) recount() {
	from := c.charge
	if from.counter == nil || from.bucket == from.bucket.Immutable() || !from.counter.Take(from.bucket.Immutable()).Allowed {
		return
	}
	c.showLimit(from.counter.GiveBack(from.bucket, from.standing))
}

// limited refuses a call for what its bucket has left.
func (c *call) limited(now ratelimit.Standing, format string, args ...any) *api.Problem {
	c.showLimit(now)
	problem := api.Errorf(api.RateLimited, format, args...)
	problem.RetryAfter = int(roundedUp(now.RetryAfter) / time.Second)
	return problem
}

func (c *call) showLimit(now ratelimit.Standing) {
	limits := wireLimits(now)
	header := c.Header()
	header.Set("X-RateLimit-Limit", strconv.Itoa(limits.Limit))
	header.Set("X-RateLimit-Remaining", strconv.Itoa(limits.Remaining))
	header.Set("X-RateLimit-Reset", strconv.FormatInt(limits.Reset, 10))
}

// wireLimits rounds up to seconds: at Reset the oldest call has left.
func wireLimits(now ratelimit.Standing) api.RateLimits {
	reset := now.Reset.Unix()
	if now.Reset.Nanosecond() > 0 {
		reset++
	}
	return api.RateLimits{Limit: now.Limit, Remaining: now.Remaining, Reset: reset}
}

// roundedUp gives whole seconds, one at least.
func roundedUp(d time.Duration) time.Duration {
	return max(time.Second, (d + time.Second - 1).Truncate(time.Second))
}
