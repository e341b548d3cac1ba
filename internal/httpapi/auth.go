package httpapi

import (
	"errors"
	"net/http"
	"net/netip"
	"strings"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/internal/ratelimit"
)

// identify finds the account behind the token that was sent, if one was. A
// token that is no longer good is never silently nobody.
//
// Only so many tokens of an address are refused in a minute. Beyond, it is told
// to wait before anything is looked up, but for a token that was good lately:
// whoever shares the address with somebody who guesses goes on undisturbed.
func (s *service) identify(c *call, r *http.Request, from netip.Addr) error {
	token, sent, err := bearer(r)
	if !sent && err == nil || s.reg == nil {
		return nil
	}
	refusals := s.gate.tiers.OfRefusals(from)
	if now := s.gate.counter.Peek(refusals); !now.Allowed && !s.gate.known.has(token) {
		return c.refusedTooOften(now)
	}
	if err == nil {
		c.actor, err = s.reg.Authenticate(r.Context(), token)
	}
	switch {
	case err == nil:
		s.gate.known.add(token)
	case errors.Is(err, api.TokenInvalid), errors.Is(err, api.TokenExpired):
		s.gate.known.drop(token)
		if now := s.gate.counter.Take(refusals); !now.Allowed {
			return c.refusedTooOften(now)
		}
	}
	return err
}

func (c *call) refusedTooOften(now ratelimit.Standing) error {
	return c.limited(now, "%d tokens from this address were refused in the last 60 seconds", now.Limit).
		WithHint("check the token; one that was good lately is still taken")
}

// authorize checks that the token is good, and enough for the route. A call
// that says nothing of tokens is a read, which a private registry gives to its
// own alone.
func (s *service) authorize(c *call) error {
	switch {
	case c.identity != nil:
		return c.identity
	case c.route.Scope != "":
		return s.reg.Require(c.actor, c.route.Scope)
	case c.route.Kind == Open, c.route.Kind == Health:
		return nil
	}
	return s.reg.MayRead(c.actor)
}

// bearer gives the token of RFC 6750's header; a header that holds none is a
// token that is not valid.
func bearer(r *http.Request) (token string, sent bool, err error) {
	values := r.Header["Authorization"]
	if len(values) == 0 {
		return "", false, nil
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	token = strings.Trim(token, " ")
	if len(values) > 1 || !strings.EqualFold(scheme, "Bearer") || token == "" {
		return "", false, api.Errorf(api.TokenInvalid, "the Authorization header is not of the form: Bearer <token>")
	}
	return token, true, nil
}
