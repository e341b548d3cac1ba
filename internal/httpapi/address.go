package httpapi

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// clientAddress gives the address that a call is counted for: that of the
// connection, or, when that is one of the proxies, what they say in
// X-Forwarded-For. Each proxy adds the address that it was called from at the
// end, so the list is read from there, and the first address that is no proxy is
// the client: what stands before it, anybody can have written.
//
// Where the list ends, or goes on with something that is no address, the call is
// that of the proxy which passed it on. A connection without an address (a
// socket of this machine) has none here either.
func clientAddress(r *http.Request, proxies []netip.Prefix) netip.Addr {
	peer, _ := parseAddress(r.RemoteAddr)
	if !isProxy(peer, proxies) {
		return peer
	}
	for _, line := range slices.Backward(r.Header["X-Forwarded-For"]) {
		for rest, more := line, true; more; {
			var last string
			rest, last, more = cutLast(rest)
			if last == "" {
				continue // an empty element says nothing (RFC 9110, 5.6.1)
			}
			next, ok := parseAddress(last)
			if !ok {
				return peer
			}
			if peer = next; !isProxy(peer, proxies) {
				return peer
			}
		}
	}
	return peer
}

// cutLast cuts the last element off a list.
func cutLast(list string) (rest, last string, more bool) {
	i := strings.LastIndexByte(list, ',')
	return list[:max(i, 0)], strings.Trim(list[i+1:], " \t"), i >= 0
}

// parseAddress reads an address as proxies write it: with or without a port,
// an IPv6 one with or without brackets. A zone means something to the proxy
// alone, and goes.
func parseAddress(text string) (netip.Addr, bool) {
	if host, ok := strings.CutPrefix(text, "["); ok && strings.HasSuffix(host, "]") {
		text = host[:len(host)-1]
	}
	addr, err := netip.ParseAddr(text)
	if err != nil {
		var withPort netip.AddrPort
		withPort, err = netip.ParseAddrPort(text)
		addr = withPort.Addr()
	}
	return addr.Unmap().WithZone(""), err == nil
}

func isProxy(a netip.Addr, proxies []netip.Prefix) bool {
	return slices.ContainsFunc(proxies, func(p netip.Prefix) bool { return p.Contains(a) })
}
