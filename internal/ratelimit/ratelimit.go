// Package ratelimit counts calls, so that nobody makes more than so many in any
// minute. What it promises of each bucket:
//
//   - Exact. Of all calls that it let through, no 60 seconds hold more than the
//     limit, wherever they begin: there is no edge at which a burst counts twice.
//     A call that was made at t is out of the count at t plus 60 seconds.
//   - True. Who waits for RetryAfter is let through, unless somebody else took
//     from the same bucket meanwhile.
//   - Forgiving. A call that is refused is not counted, and one that was counted
//     can be given back: that one, and no other.
//   - Bounded. What is remembered has room for so many bytes; see Memory.
//
// A caller is an account, over all of its tokens, or an address: an IPv4 one, or
// the 64 bits of an IPv6 one that name a network, since its owner has all of the rest.
package ratelimit

import (
	"net/netip"
	"time"
)

// Window is the time that a call counts for.
const Window = time.Minute

// The limits of the protocol.
const (
	Anonymous     = 100  // calls of an address in a Window
	Authenticated = 1000 // of an account
	ofImmutable   = 10   // times as many for what caches may keep
	ofRefusals    = 5    // so many times fewer tokens of an address are refused: 20
)

// Bucket is what calls are counted in, and how many of them it takes in a Window.
type Bucket struct {
	key   key
	limit int
}

// key names a bucket.
type key struct {
	class   class
	subject string // of an account its id, of an address the bytes that matter
}

// class says what is counted, and for whom.
type class uint8

const (
	callsOfAddress class = iota
	immutableOfAddress
	refusalsOfAddress
	callsOfAccount
	immutableOfAccount
)

func (c class) ofAccount() bool { return c == callsOfAccount || c == immutableOfAccount }

// Tiers are how many calls each caller has in a Window; zero: as the protocol says.
type Tiers struct {
	Anonymous     int // an address
	Authenticated int // an account
}

// OfAccount gives the bucket of an account's calls.
func (t Tiers) OfAccount(id string) Bucket {
	return Bucket{key{callsOfAccount, id}, orElse(t.Authenticated, Authenticated)}
}

// OfAddress gives the bucket of the calls that an address makes without a token.
func (t Tiers) OfAddress(a netip.Addr) Bucket {
	return Bucket{key{callsOfAddress, network(a)}, orElse(t.Anonymous, Anonymous)}
}

// Immutable gives the same caller's bucket for what caches may keep for long.
func (b Bucket) Immutable() Bucket {
	switch b.key.class {
	case callsOfAddress:
		b.key.class = immutableOfAddress
	case callsOfAccount:
		b.key.class = immutableOfAccount
	default:
		return b
	}
	b.limit *= ofImmutable
	return b
}

// OfRefusals gives the bucket of the bad tokens that an address sends.
func (t Tiers) OfRefusals(a netip.Addr) Bucket {
	return Bucket{key{refusalsOfAddress, network(a)}, max(1, orElse(t.Anonymous, Anonymous)/ofRefusals)}
}

func orElse(n, fallback int) int {
	if n <= 0 {
		return fallback
	}
	return n
}

// network gives the bytes of an address that tell its owner from others. A
// connection without an address (a socket of this machine) has none.
func network(a netip.Addr) string {
	a = a.Unmap()
	switch {
	case a.Is4():
		bytes := a.As4()
		return string(bytes[:])
	case a.Is6():
		bytes := a.As16()
		return string(bytes[:8])
	}
	return ""
}

// Standing is how a bucket stands.
type Standing struct {
	Allowed    bool          // the call was counted; of Peek: one would be
	Limit      int           // calls in a Window
	Remaining  int           // that are left just now
	Reset      time.Time     // when the oldest counted call leaves; now, when none is counted
	RetryAfter time.Duration // until there is room for a call; 0 when there is

	counted time.Duration // the call, on the clock of the Memory
}
