package ratelimit

import (
	"sync"
	"time"
)

// Room is how many bytes a Memory takes when nothing else is said: enough for
// some 230,000 addresses that call once in a minute.
const Room = 64 << 20

// Memory counts in the memory of this process. It is safe for concurrent use.
//
// It knows of every bucket the times of its counted calls, 8 bytes each, and
// forgets a bucket when the last of them has left. When more callers come within
// a minute than there is room for, some are forgotten early, which gives them
// their calls back; nobody is ever refused for want of room. Those go first
// who lose least by it: addresses that used no more than half of their limit,
// the one first that has been silent longest. So who has a great many addresses
// can have a used-up one forgotten only by using up all the others too, some
// ninety thousand of them for the sake of one; and accounts, which cannot be
// made in the mass, stay as long as those.
type Memory struct {
	now   func() time.Time
	began time.Time
	room  int // bytes

	mu      sync.Mutex
	latest  time.Duration // since began; it never goes back
	entries map[key]*entry
	cheap   queue // that are forgotten first
	dear    queue
	bytes   int // of all entries, about
}

// entry is a bucket that has counted calls.
type entry struct {
	key        key
	calls      stamps
	last       time.Duration // when the newest call was counted, given back or not
	prev, next *entry
}

// entryBytes is what an entry takes beside its stamps: itself, its key and its
// place in the map.
const entryBytes = 250

func (e *entry) bytes() int { return entryBytes + e.calls.bytes() }

// NewMemory makes a Memory that takes about room bytes (0: Room). The clock must
// not go back, as that of time.Now does not.
func NewMemory(now func() time.Time, room int) *Memory {
	m := &Memory{now: now, began: now(), room: orElse(room, Room), entries: map[key]*entry{}}
	m.cheap.init()
	m.dear.init()
	return m
}

// Take counts a call, unless the bucket is full.
func (m *Memory) Take(b Bucket) Standing {
	m.mu.Lock()
	defer m.mu.Unlock()
	wall, now := m.tick()
	m.forgetIdle(now)
	e := m.entries[b.key]
	if e == nil {
		e = m.add(b.key)
	}
	before := e.bytes()
	e.calls.dropUntil(now - Window)
	allowed := e.calls.n < b.limit
	if allowed {
		e.calls.push(now, b.limit)
		e.last = now
		m.enqueue(e, b.limit)
	}
	m.bytes += e.bytes() - before
	m.makeRoom(e)
	standing := e.standing(b, wall, now)
	standing.Allowed, standing.counted = allowed, now
	return standing
}

// GiveBack takes the call that Take counted out of the count again, and gives
// the bucket as it stands then.
func (m *Memory) GiveBack(b Bucket, taken Standing) Standing {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e := m.entries[b.key]; e != nil && taken.Allowed {
		e.calls.remove(taken.counted)
	}
	return m.peek(b)
}

// Peek gives the bucket as it stands, and counts nothing.
func (m *Memory) Peek(b Bucket) Standing {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.peek(b)
}

func (m *Memory) peek(b Bucket) Standing {
	wall, now := m.tick()
	e := m.entries[b.key]
	if e == nil {
		e = &entry{}
	} else {
		before := e.bytes()
		e.calls.dropUntil(now - Window)
		m.bytes += e.bytes() - before
	}
	standing := e.standing(b, wall, now)
	standing.Allowed = standing.RetryAfter == 0
	return standing
}

func (e *entry) standing(b Bucket, wall time.Time, now time.Duration) Standing {
	s := Standing{Limit: b.limit, Remaining: max(0, b.limit-e.calls.n), Reset: wall}
	if e.calls.n > 0 {
		s.Reset = wall.Add(e.calls.at(0) + Window - now)
	}
	if s.Remaining == 0 {
		// One more than fits must leave when the limit was larger before.
		s.RetryAfter = e.calls.at(e.calls.n-b.limit) + Window - now
	}
	return s
}

// tick reads the clock, under the lock, so that stamps are in their order.
func (m *Memory) tick() (wall time.Time, now time.Duration) {
	wall = m.now()
	m.latest = max(m.latest, wall.Sub(m.began))
	return wall, m.latest
}

func (m *Memory) add(k key) *entry {
	e := &entry{key: k}
	m.entries[k] = e
	m.bytes += e.bytes()
	return e
}

// enqueue gives an entry that has just counted a call the last place of its queue.
func (m *Memory) enqueue(e *entry, limit int) {
	e.leave()
	switch {
	case e.key.class.ofAccount(), 2*e.calls.n > limit:
		m.dear.push(e)
	default:
		m.cheap.push(e)
	}
}

// forgetIdle forgets buckets that count nothing any more: as many in each call as
// keep up with any rate at which they come.
func (m *Memory) forgetIdle(now time.Duration) {
	for _, q := range []*queue{&m.cheap, &m.dear} {
		for range 2 {
			if e := q.oldest(); e != nil && e.last <= now-Window {
				m.forget(e)
			}
		}
	}
}

// makeRoom forgets buckets until the others have room, but for the one in use.
func (m *Memory) makeRoom(inUse *entry) {
	for m.bytes > m.room {
		e := m.cheap.oldest()
		if e == nil || e == inUse {
			e = m.dear.oldest()
		}
		if e == nil || e == inUse {
			return
		}
		m.forget(e)
	}
}

func (m *Memory) forget(e *entry) {
	e.leave()
	delete(m.entries, e.key)
	m.bytes -= e.bytes()
}
