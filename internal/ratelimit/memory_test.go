package ratelimit

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// clock is a time that the test moves on.
type clock struct{ t time.Time }

func newClock() *clock                 { return &clock{time.Unix(1_800_000_000, 0)} }
func (c *clock) now() time.Time        { return c.t }
func (c *clock) pass(d time.Duration)  { c.t = c.t.Add(d) }
func bucket(name string, n int) Bucket { return Bucket{key{callsOfAddress, name}, n} }

// taken takes n calls and counts those that are let through.
func taken(m *Memory, b Bucket, n int) (allowed int) {
	for range n {
		if m.Take(b).Allowed {
			allowed++
		}
	}
	return allowed
}

func TestWindowSlides(t *testing.T) {
	c := newClock()
	m := NewMemory(c.now, 0)
	b := bucket("a", 3)
	step := func(after time.Duration, want Standing) {
		t.Helper()
		c.pass(after)
		got := m.Take(b)
		got.counted = 0
		if want.Limit, want.Reset = 3, c.t.Add(want.Reset.Sub(time.Time{})); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	in := func(d time.Duration) time.Time { return time.Time{}.Add(d) }
	step(0, Standing{Allowed: true, Remaining: 2, Reset: in(60 * time.Second)})
	step(59*time.Second, Standing{Allowed: true, Remaining: 1, Reset: in(time.Second)})
	step(0, Standing{Allowed: true, Remaining: 0, Reset: in(time.Second), RetryAfter: time.Second})
	step(999_999_999, Standing{Allowed: false, Reset: in(1), RetryAfter: 1})
	step(1, Standing{Allowed: true, Remaining: 0, Reset: in(59 * time.Second), RetryAfter: 59 * time.Second})
	step(0, Standing{Allowed: false, Reset: in(59 * time.Second), RetryAfter: 59 * time.Second})
	step(59*time.Second, Standing{Allowed: true, Remaining: 1, Reset: in(time.Second)})
}

// No burst at an edge: two limits' worth of calls need a whole minute, however
// they lie.
func TestNoDoubleBurst(t *testing.T) {
	c := newClock()
	m := NewMemory(c.now, 0)
	b := bucket("a", 100)
	c.pass(59 * time.Second)
	got := taken(m, b, 150)
	c.pass(2 * time.Second)
	if got += taken(m, b, 150); got != 100 {
		t.Errorf("%d calls within two seconds, the limit is 100", got)
	}
}

// model is the plainest limiter: all times, looked through for each call.
type model map[Bucket][]time.Time

func (m model) live(b Bucket, now time.Time) []time.Time {
	m[b] = slices.DeleteFunc(m[b], func(t time.Time) bool { return !t.After(now.Add(-Window)) })
	return m[b]
}

func (m model) standing(b Bucket, now time.Time) Standing {
	live := m.live(b, now)
	s := Standing{Limit: b.limit, Remaining: b.limit - len(live), Reset: now}
	if len(live) > 0 {
		s.Reset = live[0].Add(Window)
	}
	if s.Remaining == 0 {
		s.RetryAfter = s.Reset.Sub(now)
	}
	return s
}

// TestAgainstModel makes random calls of random buckets at random times, and
// gives random ones back.
func TestAgainstModel(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 7))
		c, plain := newClock(), model{}
		m := NewMemory(c.now, 0)
		var buckets []Bucket
		for i := range 4 {
			buckets = append(buckets, bucket(fmt.Sprint(i), 1+random.IntN(40)))
		}
		type call struct {
			of    Bucket
			at    time.Time
			taken Standing
		}
		var calls []call
		for step := range 2000 {
			c.pass(time.Duration(random.Int64N(1 << random.IntN(37)))) // a nanosecond to a minute and more
			b := buckets[random.IntN(len(buckets))]
			want := plain.standing(b, c.t)
			want.Allowed = want.Remaining > 0
			var got Standing
			switch what := random.IntN(10); {
			case what < 7:
				got = m.Take(b)
				if want.Allowed {
					plain[b] = append(plain[b], c.t)
					calls = append(calls, call{b, c.t, got})
				}
				allowed := want.Allowed
				want = plain.standing(b, c.t)
				want.Allowed = allowed
			case what < 9 && len(calls) > 0:
				back := calls[random.IntN(len(calls))] // perhaps one that left long ago, or was given back before
				if i := slices.Index(plain[back.of], back.at); i >= 0 {
					plain[back.of] = slices.Delete(plain[back.of], i, i+1)
				}
				got, want = m.GiveBack(back.of, back.taken), plain.standing(back.of, c.t)
				want.Allowed = want.Remaining > 0
			default:
				got = m.Peek(b)
			}
			got.counted = 0
			if got != want {
				t.Fatalf("seed %d, step %d: %+v, want %+v", seed, step, got, want)
			}
		}
		check(t, m)
	}
}

// check compares what a Memory keeps with what it says of it.
func check(t *testing.T, m *Memory) {
	t.Helper()
	bytes, queued := 0, 0
	for _, e := range m.entries {
		bytes += e.bytes()
	}
	for _, q := range []*queue{&m.cheap, &m.dear} {
		for e := q.oldest(); e != nil && e != &q.ends; e = e.next {
			queued++
			if e.next != &q.ends && e.next.last < e.last {
				t.Error("a queue is out of order")
			}
		}
	}
	if bytes != m.bytes || queued != len(m.entries) {
		t.Errorf("%d bytes of %d entries, it says %d bytes and has queued %d", bytes, len(m.entries), m.bytes, queued)
	}
}

// One call is given back by its own taking, and by nothing else.
func TestGiveBackIsExact(t *testing.T) {
	c := newClock()
	m := NewMemory(c.now, 0)
	b := bucket("a", 2)
	first := m.Take(b)
	c.pass(10 * time.Second)
	second := m.Take(b)
	refused := m.Take(b)
	if got := m.GiveBack(b, refused); got.Remaining != 0 {
		t.Errorf("a refused call was given back: %+v", got)
	}
	if got := m.GiveBack(b, second); got.Remaining != 1 || got.Reset != c.t.Add(50*time.Second) {
		t.Errorf("without the second: %+v", got)
	}
	if got := m.GiveBack(b, second); got.Remaining != 1 {
		t.Errorf("the second twice: %+v", got)
	}
	c.pass(50 * time.Second)
	third := m.Take(b)
	if got := m.GiveBack(b, first); got.Remaining != 1 {
		t.Errorf("the first, which had left: %+v", got)
	}
	if got := m.GiveBack(b, third); got.Remaining != 2 || got.Reset != c.t || !got.Allowed {
		t.Errorf("empty: %+v", got)
	}
}

// Of many calls at once exactly as many as the limit go through, and what is
// given back meanwhile can be taken again.
func TestParallel(t *testing.T) {
	const limit = 50_000
	m := NewMemory(time.Now, 0)
	b := bucket("a", limit)
	var allowed atomic.Int64
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for i := range limit / 8 {
				s := m.Take(b)
				switch {
				case !s.Allowed:
				case i%3 == 0:
					m.GiveBack(b, s)
				default:
					allowed.Add(1)
				}
			}
		})
	}
	all.Wait()
	allowed.Add(int64(taken(m, b, limit+1)))
	if got := allowed.Load(); got != limit {
		t.Errorf("%d calls, want %d", got, limit)
	}
	check(t, m)
}

// Whoever waits as long as told is let through.
func TestRetryAfterIsTrue(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	c := newClock()
	m := NewMemory(c.now, 0)
	b := bucket("a", 5)
	for range 1000 {
		c.pass(time.Duration(random.Int64N(int64(10 * time.Second))))
		if s := m.Take(b); !s.Allowed {
			c.pass(s.RetryAfter - 1)
			if early := m.Take(b); early.Allowed {
				t.Fatalf("let through before %v were over", s.RetryAfter)
			}
			c.pass(1)
			if !m.Take(b).Allowed {
				t.Fatalf("refused after %v", s.RetryAfter)
			}
		}
	}
}

func TestIdleBucketsAreForgotten(t *testing.T) {
	c := newClock()
	m := NewMemory(c.now, 0)
	for i := range 1000 {
		m.Take(bucket(fmt.Sprint(i), 1+i%2)) // cheap and dear ones
	}
	c.pass(Window)
	for range 1000 {
		m.Take(bucket("busy", 100))
	}
	if len(m.entries) != 1 {
		t.Errorf("%d buckets are remembered a minute later, want 1", len(m.entries))
	}
	check(t, m)
}

// A ring follows what is in it: one burst does not stay for ever.
func TestRingShrinks(t *testing.T) {
	c := newClock()
	m := NewMemory(c.now, 0)
	b := bucket("a", 1000)
	taken(m, b, 999)
	c.pass(Window - 1)
	if taken(m, b, 2) != 1 || m.bytes > entryBytes+8*1000 {
		t.Errorf("%d bytes for 1000 calls", m.bytes)
	}
	c.pass(1)
	if m.Take(b); m.bytes != entryBytes+8*fewest {
		t.Errorf("%d bytes for two calls", m.bytes)
	}
	check(t, m)
}

func address(i int) netip.Addr {
	return netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, byte(i >> 24), byte(i >> 16), byte(i >> 8), byte(i)})
}

// A million addresses find room in what there is, and what that takes is what
// the count says.
func TestMemoryIsBounded(t *testing.T) {
	const room = 16 << 20
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	c := newClock()
	m := NewMemory(c.now, room)
	for i := range 1_000_000 {
		if s := m.Take(Tiers{}.OfAddress(address(i))); !s.Allowed || s.Remaining != 99 {
			t.Fatalf("address %d: %+v", i, s)
		}
		if m.bytes > room {
			t.Fatalf("%d bytes after %d addresses", m.bytes, i)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	heap := int64(after.HeapAlloc) - int64(before.HeapAlloc)
	t.Logf("%d addresses remembered in %d bytes, the heap grew by %d", len(m.entries), m.bytes, heap)
	if heap > room*5/4 {
		t.Errorf("the heap grew by %d bytes, there is room for %d", heap, room)
	}
	if want := room / (entryBytes + 8*fewest); len(m.entries) < want {
		t.Errorf("%d addresses are remembered, there is room for %d", len(m.entries), want)
	}
	check(t, m)
}

// Who has a great many addresses wins back neither a used-up one nor an account
// by calling from all the others, and shuts nobody out.
func TestFlood(t *testing.T) {
	const room = 1 << 20
	c := newClock()
	m := NewMemory(c.now, room)
	used, half, account := Tiers{}.OfAddress(address(0)), Tiers{}.OfAddress(address(1)), Tiers{}.OfAccount("u_1")
	taken(m, used, 100)
	taken(m, half, 51)
	taken(m, account, 10)
	for i := range 200_000 {
		if !m.Take(Tiers{}.OfAddress(address(1000 + i))).Allowed {
			t.Fatalf("the address %d is shut out", i)
		}
	}
	if got := taken(m, used, 1000); got != 0 {
		t.Errorf("the used-up address has %d more calls", got)
	}
	if got := m.Peek(half).Remaining; got != 49 {
		t.Errorf("the address with 51 calls has %d left", got)
	}
	if got := m.Peek(account).Remaining; got != 990 {
		t.Errorf("the account with 10 calls has %d left", got)
	}
	// Only when all others are used up, too, is it the turn of the used-up ones.
	for i := range 2000 {
		taken(m, Tiers{}.OfAddress(address(1000+i)), 100)
	}
	if m.bytes > room || !m.Peek(used).Allowed {
		t.Errorf("%d bytes, used-up address: %+v", m.bytes, m.Peek(used))
	}
	check(t, m)
}

// One bucket may need more than all the room; it is not forgotten for that.
func TestOneBucketLargerThanTheRoom(t *testing.T) {
	c := newClock()
	m := NewMemory(c.now, 1000)
	b := bucket("a", 1000)
	if got := taken(m, b, 2000); got != 1000 {
		t.Errorf("%d calls, want 1000", got)
	}
	check(t, m)
}

// A clock that goes back does not bring calls back.
func TestClockGoesBack(t *testing.T) {
	c := newClock()
	m := NewMemory(c.now, 0)
	b := bucket("a", 2)
	c.pass(time.Hour)
	m.Take(b)
	c.pass(-30 * time.Minute)
	m.Take(bucket("another", 2)) // behind b all the same
	if s := m.Take(b); !s.Allowed || m.Take(b).Allowed {
		t.Errorf("%+v", s)
	}
	check(t, m)
	c.pass(30*time.Minute + Window - 1)
	if s := m.Take(b); s.Allowed {
		t.Errorf("%+v", s)
	}
	check(t, m)
}
