package httpapi

import (
	"net/http"
	"strings"

	"github.com/ori-lang/registry/api"
)

// authenticate finds out who calls and whether the token is enough for the
// route. A token that is sent is checked on public routes too: one that is no
// longer good is never silently nobody. A call that says nothing of tokens is a
// read, which a private registry gives to its own alone.
func (s *service) authenticate(c *call, r *http.Request) error {
	if c.route.Kind == Health {
		return nil
	}
	if c.private {
		c.vary("Authorization")
	}
	token, sent, err := bearer(r)
	if err != nil {
		return err
	}
	if sent {
		if c.actor, err = s.reg.Authenticate(r.Context(), token); err != nil {
			return err
		}
	}
	switch {
	case c.route.Scope != "":
		return s.reg.Require(c.actor, c.route.Scope)
	case c.route.Kind == Open:
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
