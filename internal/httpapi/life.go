package httpapi

import (
	"encoding/json"
	"net/http"

	"github.com/ori-lang/registry/api"
)

func (s *service) yank(c *call, r *http.Request) error {
	ref, err := pathRef(r)
	if err != nil {
		return err
	}
	var wish api.Yank
	if err := decode(c, r, &wish, true); err != nil {
		return err
	}
	version, err := s.reg.Yank(r.Context(), c.actor, ref, wish)
	if err != nil {
		return err
	}
	return s.json(c, r, http.StatusOK, version)
}

func (s *service) unyank(c *call, r *http.Request) error {
	ref, err := pathRef(r)
	if err != nil {
		return err
	}
	if err := decode(c, r, &struct{}{}, true); err != nil {
		return err
	}
	version, err := s.reg.Unyank(r.Context(), c.actor, ref)
	if err != nil {
		return err
	}
	return s.json(c, r, http.StatusOK, version)
}

func (s *service) deprecate(c *call, r *http.Request) error {
	ref, err := pathRef(r)
	if err != nil {
		return err
	}
	wish, err := decodeDeprecation(c, r)
	if err != nil {
		return err
	}
	version, err := s.reg.Deprecate(r.Context(), c.actor, ref, wish)
	if err != nil {
		return err
	}
	return s.json(c, r, http.StatusOK, version)
}

// decodeDeprecation tells a message that is null, which takes the deprecation
// back, from one that is absent, which is a fault: nobody takes one back by
// forgetting a member.
func decodeDeprecation(c *call, r *http.Request) (wish api.Deprecation, err error) {
	var body struct {
		Message     json.RawMessage `json:"message"`
		Replacement *string         `json:"replacement"`
	}
	if err := decode(c, r, &body, false); err != nil {
		return wish, err
	}
	if body.Message == nil {
		problem := api.Errorf(api.ValidationFailed, "the member message is missing").
			WithHint("say why, or send null to take the deprecation back")
		problem.Errors = []api.Fault{{Pointer: "/message", Code: "value", Detail: "the message is missing"}}
		return wish, problem
	}
	if json.Unmarshal(body.Message, &wish.Message) != nil {
		return wish, wrongForm("message")
	}
	wish.Replacement = body.Replacement
	return wish, nil
}

func (s *service) remove(c *call, r *http.Request) error {
	ref, err := pathRef(r)
	if err != nil {
		return err
	}
	var wish api.Removal
	if err := decode(c, r, &wish, false); err != nil {
		return err
	}
	version, err := s.reg.Remove(r.Context(), c.actor, ref, wish)
	if err != nil {
		return err
	}
	return s.json(c, r, http.StatusOK, version)
}

func (s *service) setStatus(c *call, r *http.Request) error {
	p, err := pathPackage(r)
	if err != nil {
		return err
	}
	var wish api.StatusChange
	if err := decode(c, r, &wish, false); err != nil {
		return err
	}
	page, err := s.reg.SetStatus(r.Context(), c.actor, p, wish)
	if err != nil {
		return err
	}
	return s.json(c, r, http.StatusOK, page)
}
