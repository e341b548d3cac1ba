package client

import (
	"context"
	"testing"
	"time"

	"github.com/ori-lang/registry/api"
)

// lived is a version of httpRef in a state of its life.
func lived(t *testing.T, change func(*api.Version)) *api.Version {
	v := &api.Version{Version: mustRef(t, httpRef).Version}
	change(v)
	return v
}

func lifeWrites(t *testing.T) []writeCase {
	at := api.NewTime(time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC))
	broken, lost, other := "broken", "Loses a byte.", "@acme/fetch"
	ref := mustRef(t, httpRef)
	of := "/v1/packages/acme/http/" + ref.Version.String()
	return []writeCase{
		{
			name: "yank", method: "POST", path: of + "/yank", body: `{"reason":"broken","message":"Loses a byte."}`, status: 200,
			answer: lived(t, func(v *api.Version) { v.Yanked = &api.Yanked{At: at, Reason: &broken, Message: &lost} }),
			call:   func(ctx context.Context, c *Client) error { _, err := c.Yank(ctx, ref, broken, lost); return err },
		},
		{
			name: "yank without words", method: "POST", path: of + "/yank", body: `{"reason":null,"message":null}`, status: 200,
			answer: lived(t, func(v *api.Version) { v.Yanked = &api.Yanked{At: at} }),
			call:   func(ctx context.Context, c *Client) error { _, err := c.Yank(ctx, ref, "", ""); return err },
		},
		{
			name: "unyank", method: "POST", path: of + "/unyank", status: 200, answer: lived(t, func(*api.Version) {}),
			call: func(ctx context.Context, c *Client) error { _, err := c.Unyank(ctx, ref); return err },
		},
		{
			name: "deprecate", method: "POST", path: of + "/deprecate", body: `{"message":"Loses a byte.","replacement":"@acme/fetch"}`, status: 200,
			answer: lived(t, func(v *api.Version) { v.Deprecated = &api.Deprecated{At: at, Message: lost, Replacement: &other} }),
			call:   func(ctx context.Context, c *Client) error { _, err := c.Deprecate(ctx, ref, lost, other); return err },
		},
		{
			name: "undeprecate", method: "POST", path: of + "/deprecate", body: `{"message":null,"replacement":null}`, status: 200,
			answer: lived(t, func(*api.Version) {}),
			call:   func(ctx context.Context, c *Client) error { _, err := c.Undeprecate(ctx, ref); return err },
		},
	}
}

// TestLifeLies: an answer that does not show what was done is no success.
func TestLifeLies(t *testing.T) {
	ref := mustRef(t, httpRef)
	broken, legal, message := "broken", "legal", "No."
	yank := func(c *Client) error { _, err := c.Yank(t.Context(), ref, "broken", ""); return err }
	refuses(t, "/yank", yank, map[string]any{
		"not yanked":            lived(t, func(*api.Version) {}),
		"for another reason":    lived(t, func(v *api.Version) { v.Yanked = &api.Yanked{Reason: &legal} }),
		"with words of its own": lived(t, func(v *api.Version) { v.Yanked = &api.Yanked{Reason: &broken, Message: &message} }),
		"another version":       &api.Version{Version: mustRef(t, "@a/b@9.9.9").Version, Yanked: &api.Yanked{}},
	})
	yanked := lived(t, func(v *api.Version) { v.Yanked = &api.Yanked{} })
	refuses(t, "/unyank", func(c *Client) error { _, err := c.Unyank(t.Context(), ref); return err }, map[string]any{"yanked still": yanked})
	deprecated := lived(t, func(v *api.Version) { v.Deprecated = &api.Deprecated{Message: "Other words."} })
	refuses(t, "/deprecate", func(c *Client) error { _, err := c.Deprecate(t.Context(), ref, message, ""); return err },
		map[string]any{"other words": deprecated, "not deprecated": yanked, "another replacement": lived(t, func(v *api.Version) {
			v.Deprecated = &api.Deprecated{Message: message, Replacement: &legal}
		})})
	refuses(t, "/deprecate", func(c *Client) error { _, err := c.Undeprecate(t.Context(), ref); return err }, map[string]any{"deprecated still": deprecated})
}
