package ratelimit

import (
	"net/netip"
	"testing"
	"time"
)

func TestTiers(t *testing.T) {
	a := netip.MustParseAddr("192.0.2.1")
	for name, test := range map[string]struct {
		bucket Bucket
		limit  int
	}{
		"address":              {Tiers{}.OfAddress(a), 100},
		"account":              {Tiers{}.OfAccount("u_1"), 1000},
		"refusals":             {Tiers{}.OfRefusals(a), 20},
		"immutable, address":   {Tiers{}.OfAddress(a).Immutable(), 1000},
		"immutable, account":   {Tiers{}.OfAccount("u_1").Immutable(), 10_000},
		"address, configured":  {Tiers{Anonymous: 7}.OfAddress(a), 7},
		"account, configured":  {Tiers{Authenticated: 8}.OfAccount("u_1"), 8},
		"refusals, configured": {Tiers{Anonymous: 50}.OfRefusals(a), 10},
		"refusals, few":        {Tiers{Anonymous: 4}.OfRefusals(a), 1},
	} {
		m := NewMemory(newClock().now, 0)
		if got := taken(m, test.bucket, test.limit+10); got != test.limit || m.Peek(test.bucket).Limit != test.limit {
			t.Errorf("%s: %d calls, want %d", name, got, test.limit)
		}
	}
}

// Each caller has buckets of its own, and an address is its owner's.
func TestWhoSharesABucket(t *testing.T) {
	address := func(text string) Bucket { return Tiers{}.OfAddress(netip.MustParseAddr(text)) }
	for _, test := range []struct {
		name string
		a, b Bucket
		same bool
	}{
		{"one address", address("192.0.2.1"), address("192.0.2.1"), true},
		{"two addresses", address("192.0.2.1"), address("192.0.2.2"), false},
		{"IPv4 in IPv6", address("192.0.2.1"), address("::ffff:192.0.2.1"), true},
		{"two of IPv4 in IPv6", address("::ffff:192.0.2.1"), address("::ffff:192.0.2.2"), false},
		{"one /64", address("2001:db8:1:2::1"), address("2001:db8:1:2:ffff:ffff:ffff:ffff"), true},
		{"two of one /63", address("2001:db8:1:2::1"), address("2001:db8:1:3::1"), false},
		{"zones", address("fe80::1%eth0"), address("fe80::1%eth1"), true},
		{"IPv4 and the IPv6 of its bytes", address("32.1.13.184"), address("2001:db8::"), false},
		{"calls and downloads", address("192.0.2.1"), address("192.0.2.1").Immutable(), false},
		{"calls and refusals", address("192.0.2.1"), Tiers{}.OfRefusals(netip.MustParseAddr("192.0.2.1")), false},
		{"refusals are one kind", Tiers{}.OfRefusals(netip.Addr{}), Tiers{}.OfRefusals(netip.Addr{}).Immutable(), true},
		{"accounts", Tiers{}.OfAccount("u_1"), Tiers{}.OfAccount("u_2"), false},
		{"an account named like an address", Tiers{}.OfAccount("\xc0\x00\x02\x01"), address("192.0.2.1"), false},
		{"downloads of those", Tiers{}.OfAccount("\xc0\x00\x02\x01").Immutable(), address("192.0.2.1").Immutable(), false},
		{"without an address", Tiers{}.OfAddress(netip.Addr{}), Tiers{}.OfAddress(netip.Addr{}), true},
	} {
		m := NewMemory(newClock().now, 0)
		m.Take(test.a)
		now := m.Peek(test.b)
		if shared := now.Remaining < now.Limit; shared != test.same {
			t.Errorf("%s: shared %t, want %t", test.name, shared, test.same)
		}
	}
}

func BenchmarkTake(b *testing.B) {
	b.Run("one", func(b *testing.B) {
		m, of := NewMemory(time.Now, 0), Tiers{}.OfAccount("u_1")
		b.ReportAllocs()
		for b.Loop() {
			m.Take(of)
		}
	})
	b.Run("refused", func(b *testing.B) {
		m, of := NewMemory(time.Now, 0), Tiers{Anonymous: 1}.OfAddress(address(0))
		b.ReportAllocs()
		for b.Loop() {
			m.Take(of)
		}
	})
	b.Run("parallel", func(b *testing.B) {
		m := NewMemory(time.Now, 0)
		b.RunParallel(func(p *testing.PB) {
			for of := (Tiers{}).OfAccount("u_1"); p.Next(); {
				m.Take(of)
			}
		})
	})
	b.Run("given back", func(b *testing.B) {
		m, of := NewMemory(time.Now, 0), Tiers{}.OfAccount("u_1")
		for b.Loop() {
			m.GiveBack(of, m.Take(of))
		}
	})
	b.Run("among a million", func(b *testing.B) {
		m := NewMemory(time.Now, 1<<30)
		for i := range 1_000_000 {
			m.Take(Tiers{}.OfAddress(address(i)))
		}
		b.ReportAllocs()
		i := 0
		for b.Loop() {
			m.Take(Tiers{}.OfAddress(address(i * 7919 % 1_000_000)))
			i++
		}
		b.ReportMetric(float64(m.bytes)/float64(len(m.entries)), "B/key")
	})
	b.Run("new when full", func(b *testing.B) {
		m := NewMemory(time.Now, 0)
		b.ReportAllocs()
		i := 0
		for b.Loop() {
			m.Take(Tiers{}.OfAddress(address(i)))
			i++
		}
		b.ReportMetric(float64(len(m.entries)), "keys")
	})
}
