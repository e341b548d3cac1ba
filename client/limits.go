package client

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// limits are the two counts of calls that a registry keeps: one of what never
// changes (downloads, proofs, READMEs, the log), one of all else.
type limits struct {
	immutable, other budget

	mu   sync.Mutex
	said time.Time // the end of the wait that the user was last told of
}

func newLimits() *limits {
	l := &limits{}
	for _, b := range []*budget{&l.immutable, &l.other} {
		b.turn, b.answered = make(chan struct{}, 1), make(chan struct{}, 1)
		b.turn <- struct{}{}
	}
	return l
}

func (l *limits) of(r request) *budget {
	if r.immutable {
		return &l.immutable
	}
	return &l.other
}

// budget is what is left of one count, as the registry's replies tell. Calls
// that are on their way are not in their number, so they are taken from it.
type budget struct {
	turn     chan struct{} // held by whoever enters, and by the one that finds out whether calls are let in again
	answered chan struct{} // told that a call has ended

	mu       sync.Mutex
	known    bool
	left     int       // the least that a reply has told while the oldest counted call was the same
	reset    int64     // when that one leaves the count, by the registry's clock
	until    time.Time // the same by ours
	limit    int       // calls a minute
	underway int
}

// longestWait is how long a registry can make a call wait for its turn: a
// minute, and what clocks and lines add to that.
const longestWait = 70 * time.Second

// enter has wait wait until the count has room, and gives what must be called
// when the call is answered. When it is not known how many calls have room
// again, one goes ahead and the others stand behind it until it is answered.
func (b *budget) enter(ctx context.Context, now func() time.Time, wait func(d time.Duration) error) (leave func(), err error) {
	if err := receive(ctx, b.turn); err != nil {
		return nil, err
	}
	giveTurn := func() { b.turn <- struct{}{} }
	for {
		full, room := b.start()
		switch {
		case room:
			giveTurn()
			return b.end, nil
		case full:
			if err := wait(b.rest(now())); err != nil {
				giveTurn()
				return nil, err
			}
			b.forget()
			b.start()
			return func() { b.end(); giveTurn() }, nil
		}
		if err := receive(ctx, b.answered); err != nil {
			giveTurn()
			return nil, err
		}
	}
}

func receive(ctx context.Context, from <-chan struct{}) error {
	select {
	case <-from:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// start begins a call if there is room for it. If there is none, full says that
// time must pass; else the calls that are on their way tell more.
func (b *budget) start() (full, room bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.known && b.left <= b.underway {
		return b.left <= 0 || b.underway == 0, false
	}
	b.underway++
	return false, true
}

func (b *budget) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.underway--
	select {
	case b.answered <- struct{}{}:
	default:
	}
}

// rest gives the time for which there is no room.
func (b *budget) rest(now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.until.Sub(now)
}

// forget drops what is known of a time that is over.
func (b *budget) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.known = false
}

// hear reads what a reply tells of the count. One that a cache kept (it has an
// Age) tells of another time, and maybe of somebody else.
func (b *budget) hear(h http.Header, now time.Time) {
	left, err := strconv.Atoi(h.Get("X-RateLimit-Remaining"))
	reset, resetErr := strconv.ParseInt(h.Get("X-RateLimit-Reset"), 10, 64)
	if err != nil || resetErr != nil || h.Get("Age") != "" {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.known && now.Before(b.until) && reset < b.reset:
		return // another reply has overtaken this one
	case b.known && reset == b.reset:
		b.left = min(b.left, left)
	default:
		b.left = left
	}
	b.known, b.reset, b.until = true, reset, now.Add(waitUntil(reset, h, now))
	b.limit, _ = strconv.Atoi(h.Get("X-RateLimit-Limit"))
}

// waitUntil gives the time from now until the registry's clock, which may differ
// from ours and is told in Date, shows reset.
func waitUntil(reset int64, h http.Header, now time.Time) time.Duration {
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		now = date
	}
	seconds := reset - now.Unix()
	return time.Duration(max(0, min(seconds, int64(longestWait/time.Second)))) * time.Second
}

// await waits, and says why when that is long enough to be noticed: once, however
// many calls wait for the same.
func (c *Client) await(ctx context.Context, d time.Duration, why string) error {
	const noticed = 3 * time.Second
	if d <= 0 {
		return nil
	}
	end := c.options.Now().Add(d)
	c.limits.mu.Lock()
	isNews := d >= noticed && end.Sub(c.limits.said) >= noticed
	if isNews {
		c.limits.said = end
	}
	c.limits.mu.Unlock()
	if isNews {
		c.options.Notice(fmt.Sprintf("waiting %.0f s: %s", d.Seconds(), why))
	}
	return c.options.Sleep(ctx, d)
}

// allowance says in words what the registry allows.
func (c *Client) allowance(b *budget) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.limit <= 0:
		return "the registry limits how often it is asked"
	case c.HasToken():
		return fmt.Sprintf("the registry allows %d requests a minute", b.limit)
	}
	return fmt.Sprintf("the registry allows %d requests a minute without a token", b.limit)
}
