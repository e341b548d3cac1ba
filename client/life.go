package client

import (
	"context"
	"net/http"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/ident"
)

// Yank marks a version as one that nobody should begin to use; those who use it
// go on. reason is one of api.YankReasons, or "" like message. A yank for another
// reason takes the place of the one before.
func (c *Client) Yank(ctx context.Context, ref ident.Ref, reason, message string) (*api.Version, error) {
	wish := api.Yank{Reason: orNull(reason), Message: orNull(message)}
	return c.changeLife(ctx, c.urls.Yank(ref), ref, wish, func(v *api.Version) bool {
		return v.Yanked != nil && textOr(v.Yanked.Reason) == reason && textOr(v.Yanked.Message) == message
	})
}

// Unyank takes a yank back; a version that is not yanked stays so.
func (c *Client) Unyank(ctx context.Context, ref ident.Ref) (*api.Version, error) {
	return c.changeLife(ctx, c.urls.Unyank(ref), ref, nil, func(v *api.Version) bool { return v.Yanked == nil })
}

// Deprecate says of a version what its users should know, and what to use
// instead: "@a/b", "@a/b@1.2.3" or "".
func (c *Client) Deprecate(ctx context.Context, ref ident.Ref, message, replacement string) (*api.Version, error) {
	wish := api.Deprecation{Message: &message, Replacement: orNull(replacement)}
	return c.changeLife(ctx, c.urls.Deprecate(ref), ref, wish, func(v *api.Version) bool {
		return v.Deprecated != nil && v.Deprecated.Message == message && textOr(v.Deprecated.Replacement) == replacement
	})
}

// Undeprecate takes a deprecation back; a version that is not deprecated stays so.
func (c *Client) Undeprecate(ctx context.Context, ref ident.Ref) (*api.Version, error) {
	return c.changeLife(ctx, c.urls.Deprecate(ref), ref, api.Deprecation{}, func(v *api.Version) bool { return v.Deprecated == nil })
}

// changeLife makes a write whose answer is the version after it, which must be
// as done says.
func (c *Client) changeLife(ctx context.Context, url string, ref ident.Ref, body any, done func(*api.Version) bool) (*api.Version, error) {
	var v api.Version
	err := c.change(ctx, http.MethodPost, url, body, &v, func(int) error {
		if err := sameText(url, v.Version.String(), ref.Version.String()); err != nil {
			return err
		}
		if !done(&v) {
			return &ReplyError{URL: url, Reason: "the answer shows the version as if nothing had been done"}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &v, nil
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func textOr(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
