package httpapi

import (
	"net/http"

	"github.com/ori-lang/registry/api"
)

func (s *service) resolve(c *call, r *http.Request) error {
	var wish api.Resolve
	if err := decodeUpTo(api.MaxResolveJSON, c, r, &wish, false); err != nil {
		return err
	}
	resolution, err := s.reg.Resolve(r.Context(), wish)
	if err != nil {
		return err
	}
	return s.json(c, r, http.StatusOK, resolution)
}
