package httpapi

import (
	"context"
	"net/http"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/internal/registry"
)

func (s *service) offerTransfer(c *call, r *http.Request) error {
	p, err := pathPackage(r)
	if err != nil {
		return err
	}
	var wish api.NewTransfer
	if err := decode(c, r, &wish, false); err != nil {
		return err
	}
	offer, created, err := s.reg.OfferTransfer(r.Context(), c.actor, p, wish.To)
	if err != nil {
		return err
	}
	return s.json(c, r, offered(created), offer)
}

// offered gives 202 for an offer that waits for its receiver from now on, else 200.
func offered(created bool) int {
	if created {
		return http.StatusAccepted
	}
	return http.StatusOK
}

func (s *service) transfer(c *call, r *http.Request) error {
	p, err := pathPackage(r)
	if err != nil {
		return err
	}
	transfer, err := s.reg.Transfer(r.Context(), c.actor, p)
	if err != nil {
		return err
	}
	return s.json(c, r, http.StatusOK, transfer)
}

// transferStep makes the handler of a call by which a party answers a transfer.
func transferStep(step func(*registry.Registry, context.Context, registry.Actor, ident.Package) (*api.Transfer, error)) handler {
	return func(s *service, c *call, r *http.Request) error {
		p, err := pathPackage(r)
		if err != nil {
			return err
		}
		if err := decode(c, r, &struct{}{}, true); err != nil { // no member means anything yet
			return err
		}
		transfer, err := step(s.reg, r.Context(), c.actor, p)
		if err != nil {
			return err
		}
		return s.json(c, r, http.StatusOK, transfer)
	}
}
