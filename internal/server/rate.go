package server

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// MaxRate is the largest Rate: more calls than a process can answer, and each
// takes 8 bytes for a minute.
const MaxRate = 10_000_000

// Rate is a number of calls in any 60 seconds. Zero, as in a Config that was not
// loaded, is the default of its field; there is no way to set no limit.
type Rate int

// UnmarshalText reads a number from 1 to MaxRate.
func (r *Rate) UnmarshalText(text []byte) error {
	n, err := strconv.Atoi(string(text))
	if err != nil || n < 1 || n > MaxRate {
		return fmt.Errorf("%q is no number of calls from 1 to %d", text, MaxRate)
	}
	*r = Rate(n)
	return nil
}

// Networks is a list of networks.
type Networks []netip.Prefix

// UnmarshalText reads addresses and networks with commas between them.
func (n *Networks) UnmarshalText(text []byte) error {
	*n = nil
	for word := range strings.SplitSeq(string(text), ",") {
		word = strings.TrimSpace(word)
		if word == "" {
			continue
		}
		network, err := parseNetwork(word)
		if err != nil {
			return err
		}
		*n = append(*n, network)
	}
	return nil
}

// parseNetwork reads 10.0.0.0/8, or an address alone. What could be meant
// otherwise is an error: too large a network is believed by mistake.
func parseNetwork(word string) (netip.Prefix, error) {
	network, err := netip.ParsePrefix(word)
	if addr, alone := netip.ParseAddr(word); alone == nil && addr.Zone() == "" {
		network, err = addr.Prefix(addr.BitLen())
	}
	switch {
	case err != nil:
		return network, fmt.Errorf("%q is no address and no network such as 10.0.0.0/8", word)
	case network.Addr().Is4In6():
		return network, fmt.Errorf("%q is an IPv4 address in IPv6 form; write it as IPv4", word)
	case network != network.Masked():
		return network, fmt.Errorf("%q has bits behind its prefix; did you mean %s?", word, network.Masked())
	}
	return network, nil
}
