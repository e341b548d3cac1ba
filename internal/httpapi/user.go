package httpapi

import (
	"net/http"

	"github.com/ori-lang/registry/api"
)

func (s *service) createUser(c *call, r *http.Request) error {
	var wish api.NewUser
	if err := decode(c, r, &wish, false); err != nil {
		return err
	}
	user, err := s.reg.CreateUser(r.Context(), c.actor, wish)
	if err != nil {
		return err
	}
	return s.json(c, r, http.StatusCreated, user)
}
