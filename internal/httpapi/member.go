package httpapi

import (
	"context"
	"net/http"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/internal/registry"
)

// pathMember reads {scope} and {login}.
func pathMember(r *http.Request) (scope, login string, err error) {
	if scope, err = pathScope(r); err != nil {
		return "", "", err
	}
	login = r.PathValue("login")
	return scope, login, badIdent(ident.CheckLogin(login))
}

func (s *service) setMember(c *call, r *http.Request) error {
	scope, login, err := pathMember(r)
	if err != nil {
		return err
	}
	var wish api.NewMember
	if err := decode(c, r, &wish, false); err != nil {
		return err
	}
	invitation, invited, err := s.reg.SetMember(r.Context(), c.actor, scope, login, wish.Role)
	if err != nil {
		return err
	}
	return s.json(c, r, offered(invited), invitation)
}

func (s *service) removeMember(c *call, r *http.Request) error {
	scope, login, err := pathMember(r)
	if err != nil {
		return err
	}
	if err := s.reg.RemoveMember(r.Context(), c.actor, scope, login); err != nil {
		return err
	}
	return noContent(c)
}

// noContent answers a call that leaves nothing to be shown.
func noContent(c *call) error {
	c.Header().Set("Cache-Control", string(never))
	c.WriteHeader(http.StatusNoContent)
	return nil
}

// invitationStep makes the handler of a call by which the invited answers.
func invitationStep(step func(*registry.Registry, context.Context, registry.Actor, string, string) (*api.Invitation, error)) handler {
	return func(s *service, c *call, r *http.Request) error {
		scope, login, err := pathMember(r)
		if err != nil {
			return err
		}
		if err := decode(c, r, &struct{}{}, true); err != nil { // no member means anything yet
			return err
		}
		invitation, err := step(s.reg, r.Context(), c.actor, scope, login)
		if err != nil {
			return err
		}
		return s.json(c, r, http.StatusOK, invitation)
	}
}

func (s *service) inbox(c *call, r *http.Request) error {
	inbox, err := s.reg.Inbox(r.Context(), c.actor)
	if err != nil {
		return err
	}
	return s.json(c, r, http.StatusOK, inbox)
}
