package ratelimit

import (
	"sort"
	"time"
)

// fewest is the least that a ring has room for, in stamps.
const fewest = 4

// stamps are the times of calls, oldest first, in a ring that grows and shrinks
// with them.
type stamps struct {
	ring  []time.Duration
	first int // place of the oldest
	n     int
}

func (s *stamps) bytes() int { return 8 * len(s.ring) }

// place gives where in the ring the i-th oldest stands.
func (s *stamps) place(i int) int {
	if i += s.first; i >= len(s.ring) {
		i -= len(s.ring)
	}
	return i
}

func (s *stamps) at(i int) time.Duration { return s.ring[s.place(i)] }

// push adds the newest; there are fewer than limit.
func (s *stamps) push(t time.Duration, limit int) {
	if s.n == len(s.ring) {
		s.resize(min(max(fewest, 2*s.n), limit))
	}
	s.n++
	s.ring[s.place(s.n-1)] = t
}

// dropUntil drops what is not later than t.
func (s *stamps) dropUntil(t time.Duration) {
	for s.n > 0 && s.ring[s.first] <= t {
		s.first = s.place(1)
		s.n--
	}
	if len(s.ring) > fewest && s.n <= len(s.ring)/4 {
		s.resize(max(fewest, 2*s.n))
	}
}

// remove takes out one stamp of this time, if there is one.
func (s *stamps) remove(t time.Duration) {
	i := sort.Search(s.n, func(i int) bool { return s.at(i) >= t })
	if i == s.n || s.at(i) != t {
		return
	}
	for ; i < s.n-1; i++ {
		s.ring[s.place(i)] = s.at(i + 1)
	}
	s.n--
}

func (s *stamps) resize(size int) {
	ring := make([]time.Duration, size)
	for i := range s.n {
		ring[i] = s.at(i)
	}
	s.ring, s.first = ring, 0
}
