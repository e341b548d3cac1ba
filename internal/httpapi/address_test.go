package httpapi

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
)

func proxiesOf(t testing.TB, list ...string) (proxies []netip.Prefix) {
	t.Helper()
	for _, text := range list {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			t.Fatal(err)
		}
		proxies = append(proxies, prefix)
	}
	return proxies
}

func TestClientAddress(t *testing.T) {
	proxies := proxiesOf(t, "127.0.0.0/8", "10.0.0.0/8", "fd00::/8", "192.0.2.7/32")
	for name, test := range map[string]struct {
		peer  string
		lines []string
		want  string
	}{
		"no proxy":                     {"198.51.100.1:1234", nil, "198.51.100.1"},
		"no proxy, but a header":       {"198.51.100.1:1234", []string{"203.0.113.9"}, "198.51.100.1"},
		"IPv6":                         {"[2001:db8::1]:1234", nil, "2001:db8::1"},
		"a zone":                       {"[fe80::1%eth0]:1234", nil, "fe80::1"},
		"IPv4 in IPv6":                 {"[::ffff:198.51.100.1]:1234", nil, "198.51.100.1"},
		"no address":                   {"@", nil, "invalid IP"},
		"no address, but a header":     {"", []string{"203.0.113.9"}, "invalid IP"},
		"proxy without a header":       {"127.0.0.1:1", nil, "127.0.0.1"},
		"empty header":                 {"127.0.0.1:1", []string{""}, "127.0.0.1"},
		"one":                          {"127.0.0.1:1", []string{"203.0.113.9"}, "203.0.113.9"},
		"proxy as IPv4 in IPv6":        {"[::ffff:127.0.0.1]:1", []string{"203.0.113.9"}, "203.0.113.9"},
		"proxy by its address alone":   {"192.0.2.7:1", []string{"203.0.113.9"}, "203.0.113.9"},
		"its neighbour":                {"192.0.2.8:1", []string{"203.0.113.9"}, "192.0.2.8"},
		"what the client wrote":        {"127.0.0.1:1", []string{"8.8.8.8, 203.0.113.9"}, "203.0.113.9"},
		"what the client wrote, lines": {"127.0.0.1:1", []string{"8.8.8.8", "1.1.1.1, 203.0.113.9"}, "203.0.113.9"},
		"last line empty":              {"127.0.0.1:1", []string{"8.8.8.8, 203.0.113.9", ""}, "203.0.113.9"},
		"two proxies":                  {"127.0.0.1:1", []string{"8.8.8.8, 203.0.113.9, 10.1.2.3"}, "203.0.113.9"},
		"two proxies, a line each":     {"127.0.0.1:1", []string{"8.8.8.8, 203.0.113.9", "10.1.2.3", "fd00::7"}, "203.0.113.9"},
		"proxies alone":                {"127.0.0.1:1", []string{"10.1.2.3, 10.1.2.4"}, "10.1.2.3"},
		"spaces and tabs":              {"127.0.0.1:1", []string{"8.8.8.8 ,\t203.0.113.9 , 10.1.2.3\t"}, "203.0.113.9"},
		"empty elements":               {"127.0.0.1:1", []string{"8.8.8.8,, 203.0.113.9, ,"}, "203.0.113.9"},
		"a port":                       {"127.0.0.1:1", []string{"203.0.113.9:4711"}, "203.0.113.9"},
		"IPv6 bare":                    {"127.0.0.1:1", []string{"2001:db8::9"}, "2001:db8::9"},
		"IPv6 in brackets":             {"127.0.0.1:1", []string{"[2001:db8::9]"}, "2001:db8::9"},
		"IPv6 with a port":             {"127.0.0.1:1", []string{"[2001:db8::9]:443"}, "2001:db8::9"},
		"IPv6 with a zone":             {"127.0.0.1:1", []string{"fe80::9%25eth0"}, "fe80::9"},
		"mapped":                       {"127.0.0.1:1", []string{"::ffff:203.0.113.9"}, "203.0.113.9"},
		"mapped proxy":                 {"127.0.0.1:1", []string{"203.0.113.9, ::ffff:10.0.0.1"}, "203.0.113.9"},
		"a word":                       {"127.0.0.1:1", []string{"unknown"}, "127.0.0.1"},
		"a word behind a proxy":        {"127.0.0.1:1", []string{"203.0.113.9, unknown, 10.1.2.3"}, "10.1.2.3"},
		"a word before the client":     {"127.0.0.1:1", []string{"unknown, 203.0.113.9"}, "203.0.113.9"},
		"a host":                       {"127.0.0.1:1", []string{"registry.example"}, "127.0.0.1"},
		"a network":                    {"127.0.0.1:1", []string{"203.0.113.0/24"}, "127.0.0.1"},
		"in quotes":                    {"127.0.0.1:1", []string{`"203.0.113.9"`}, "127.0.0.1"},
		"octets with zeros":            {"127.0.0.1:1", []string{"203.000.113.009"}, "127.0.0.1"},
		"too large an octet":           {"127.0.0.1:1", []string{"203.0.113.999"}, "127.0.0.1"},
		"no port behind the colon":     {"127.0.0.1:1", []string{"203.0.113.9:"}, "127.0.0.1"},
		"half a bracket":               {"127.0.0.1:1", []string{"[2001:db8::9"}, "127.0.0.1"},
	} {
		r := &http.Request{RemoteAddr: test.peer, Header: http.Header{"X-Forwarded-For": test.lines}}
		if got := clientAddress(r, proxies).String(); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

// FuzzClientAddress: whatever stands in the header, the client is the peer, a
// proxy that says that it passed the call on, or an address that a proxy wrote;
// and who writes more in front of the list changes nothing.
func FuzzClientAddress(f *testing.F) {
	for _, seed := range []struct{ peer, forwarded string }{
		{"127.0.0.1:1", "203.0.113.9"},
		{"127.0.0.1:1", "8.8.8.8, 203.0.113.9, 10.1.2.3"},
		{"127.0.0.1:1", "unknown, [2001:db8::1]:80 ,"},
		{"198.51.100.1:1", "203.0.113.9"},
		{"[::1]:1", ",,,"},
		{"@", "fe80::1%eth0"},
		{"127.0.0.1:1", "[]:,[::ffff:10.0.0.1]"},
	} {
		f.Add(seed.peer, seed.forwarded)
	}
	proxies := proxiesOf(f, "127.0.0.0/8", "10.0.0.0/8")
	f.Fuzz(func(t *testing.T, peer, forwarded string) {
		client := func(lines ...string) netip.Addr {
			return clientAddress(&http.Request{RemoteAddr: peer, Header: http.Header{"X-Forwarded-For": lines}}, proxies)
		}
		got, alone := client(forwarded), client()
		if got.Is4In6() || got.Zone() != "" {
			t.Errorf("%v is not in its one form", got)
		}
		if !isProxy(alone, proxies) && got != alone {
			t.Errorf("%v, but the peer %v is no proxy", got, alone)
		}
		if split := client(strings.Split(forwarded, ",")...); split != got {
			t.Errorf("%v, and %v with a line for each element", got, split)
		}
		if passed := client(forwarded, "10.1.2.3"); isProxy(alone, proxies) && !isProxy(got, proxies) && passed != got {
			t.Errorf("%v, and %v behind one more proxy", got, passed)
		}
		if !isProxy(got, proxies) {
			if forged := client("198.51.100.66", "198.51.100.67, "+forwarded); forged != got {
				t.Errorf("%v, and %v with more written in front", got, forged)
			}
		}
	})
}
