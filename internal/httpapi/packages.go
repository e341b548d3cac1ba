package httpapi

import (
	"net/http"

	"github.com/ori-lang/registry/api"
)

func (s *service) discovery(c *call, r *http.Request) error {
	return s.json(c, r, http.StatusOK, s.reg.Discovery())
}

func (s *service) packagePage(c *call, r *http.Request) error {
	p, err := pathPackage(r)
	if err != nil {
		return err
	}
	page, err := s.reg.Package(r.Context(), p)
	if err != nil {
		return err
	}
	return s.json(c, r, http.StatusOK, page)
}

func (s *service) versions(c *call, r *http.Request) error {
	p, err := pathPackage(r)
	if err != nil {
		return err
	}
	before, err := queryTime(r, "published_before")
	if err != nil {
		return err
	}
	list, err := s.reg.Versions(r.Context(), p, before)
	if err != nil {
		return err
	}
	return s.json(c, r, http.StatusOK, list)
}

func (s *service) metadata(c *call, r *http.Request) error {
	ref, err := pathRef(r)
	if err != nil {
		return err
	}
	metadata, err := s.reg.Metadata(r.Context(), ref)
	if err != nil {
		return err
	}
	return s.json(c, r, http.StatusOK, metadata)
}

func (s *service) readme(c *call, r *http.Request) error {
	ref, err := pathRef(r)
	if err != nil {
		return err
	}
	text, err := s.reg.Readme(r.Context(), ref)
	if err != nil {
		return err
	}
	return s.send(c, r, newDocument("text/markdown; charset=utf-8", text))
}

func (s *service) proof(c *call, r *http.Request) error {
	ref, err := pathRef(r)
	if err != nil {
		return err
	}
	text, err := s.reg.Proof(r.Context(), ref)
	if err != nil {
		return err
	}
	return s.send(c, r, newDocument("text/plain; charset=utf-8", text))
}

func (s *service) scope(c *call, r *http.Request) error {
	name, err := pathScope(r)
	if err != nil {
		return err
	}
	scope, err := s.reg.Scope(r.Context(), name)
	if err != nil {
		return err
	}
	return s.json(c, r, http.StatusOK, scope)
}

func (s *service) claimScope(c *call, r *http.Request) error {
	name, err := pathScope(r)
	if err != nil {
		return err
	}
	if err := decode(c, r, &struct{}{}, true); err != nil { // no member means anything yet
		return err
	}
	scope, created, err := s.reg.ClaimScope(r.Context(), c.actor, name)
	if err != nil {
		return err
	}
	return s.json(c, r, createdAt(c, created, s.urls.Scope(name)), scope)
}

// createdAt gives 201, with the address of the new thing, or 200.
func createdAt(c *call, created bool, location string) int {
	if !created {
		return http.StatusOK
	}
	c.Header().Set("Location", location)
	return http.StatusCreated
}

func (s *service) me(c *call, r *http.Request) error {
	me, err := s.reg.Me(r.Context(), c.actor)
	if err != nil {
		return err
	}
	me.Limits = wireLimits(c.charge.standing)
	return s.json(c, r, http.StatusOK, me)
}

func (s *service) tokens(c *call, r *http.Request) error {
	tokens, err := s.reg.Tokens(r.Context(), c.actor)
	if err != nil {
		return err
	}
	return s.json(c, r, http.StatusOK, tokens)
}

func (s *service) createToken(c *call, r *http.Request) error {
	var wish api.NewToken
	if err := decode(c, r, &wish, false); err != nil {
		return err
	}
	token, err := s.reg.CreateToken(r.Context(), c.actor, wish)
	if err != nil {
		return err
	}
	return s.json(c, r, http.StatusCreated, token)
}

func (s *service) revokeToken(c *call, r *http.Request) error {
	if err := s.reg.RevokeToken(r.Context(), c.actor, r.PathValue("id")); err != nil {
		return err
	}
	return noContent(c)
}
