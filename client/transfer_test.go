package client

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/ori-lang/registry/api"
)

// offered is a transfer of @acme/http from ada to bob.
func offered(t *testing.T, change func(*api.Transfer)) api.Transfer {
	offer := api.Transfer{ID: "x_1", Package: mustRef(t, httpRef).Package, From: "ada", To: "bob", Status: api.Pending}
	change(&offer)
	return offer
}

func transferWrites(t *testing.T) []writeCase {
	p := mustRef(t, httpRef).Package
	const path = "/v1/packages/acme/http/transfer"
	end := func(status api.OfferStatus) api.Transfer {
		return offered(t, func(offer *api.Transfer) { offer.Status = status })
	}
	return []writeCase{
		{
			name: "offer", method: "POST", path: path, body: `{"to":"bob"}`, status: 202, answer: end(api.Pending),
			call: func(ctx context.Context, c *Client) error {
				_, created, err := c.OfferTransfer(ctx, p, "bob")
				if err == nil && !created {
					t.Error("202 is told as no news")
				}
				return err
			},
		},
		{
			name: "accept", method: "POST", path: path + "/accept", status: 200, answer: end(api.Accepted),
			call: func(ctx context.Context, c *Client) error { _, err := c.AcceptTransfer(ctx, p); return err },
		},
		{
			name: "decline", method: "POST", path: path + "/decline", status: 200, answer: end(api.Declined),
			call: func(ctx context.Context, c *Client) error { _, err := c.DeclineTransfer(ctx, p); return err },
		},
		{
			name: "cancel", method: "POST", path: path + "/cancel", status: 200, answer: end(api.Cancelled),
			call: func(ctx context.Context, c *Client) error { _, err := c.CancelTransfer(ctx, p); return err },
		},
	}
}

// TestTransferLies: an answer about another offer, or one that stands otherwise.
func TestTransferLies(t *testing.T) {
	p := mustRef(t, httpRef).Package
	other := mustRef(t, "@evil/http@1.0.0").Package
	offer := func(c *Client) error { _, _, err := c.OfferTransfer(t.Context(), p, "bob"); return err }
	refuses(t, "/transfer", offer, map[string]any{
		"another package":  offered(t, func(o *api.Transfer) { o.Package = other }),
		"another receiver": offered(t, func(o *api.Transfer) { o.To = "eve" }),
		"a giver that cannot be": offered(t, func(o *api.Transfer) {
			o.From = "\x1b[31mada"
		}),
		"accepted before it was offered": offered(t, func(o *api.Transfer) { o.Status = api.Accepted }),
	})
	refuses(t, "/accept", func(c *Client) error { _, err := c.AcceptTransfer(t.Context(), p); return err }, map[string]any{
		"it waits still": offered(t, func(*api.Transfer) {}), "it was declined": offered(t, func(o *api.Transfer) { o.Status = api.Declined }),
	})
	refuses(t, "/transfer", func(c *Client) error { _, err := c.Transfer(t.Context(), p); return err }, map[string]any{
		"another package": offered(t, func(o *api.Transfer) { o.Package = other }),
		"no such status":  offered(t, func(o *api.Transfer) { o.Status = "sold" }),
	})
	f := newFake(t)
	if _, _, err := newUser(t).client(f.server.URL).OfferTransfer(t.Context(), p, "Bob"); err == nil || len(f.asked()) > 0 {
		t.Errorf("a login that cannot be: %v after %d requests", err, len(f.asked()))
	}
}

// TestInbox: the names in it become parts of command lines.
func TestInbox(t *testing.T) {
	ada, evil := "ada", "ada; rm"
	good := api.Inbox{
		Transfers:   []api.Transfer{offered(t, func(*api.Transfer) {})},
		Invitations: []api.Invitation{{Scope: "acme", Login: "bob", InvitedBy: &ada, Role: api.Owner, Status: api.Pending}},
	}
	f, u := newFake(t), newUser(t)
	f.instead["/v1/me/inbox"] = func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, 200, good) }
	inbox, err := u.client(f.server.URL).Inbox(t.Context())
	if err != nil || len(inbox.Transfers) != 1 || len(inbox.Invitations) != 1 {
		t.Errorf("%+v, %v", inbox, err)
	}
	if _, err := u.client(f.server.URL, func(o *Options) { o.Token = "" }).Inbox(t.Context()); !errors.Is(err, ErrNoToken) {
		t.Errorf("without a token: %v", err)
	}
	refuses(t, "/v1/me/inbox", func(c *Client) error { _, err := c.Inbox(t.Context()); return err }, map[string]any{
		"nothing":             struct{}{},
		"no package":          api.Inbox{Transfers: []api.Transfer{{From: "ada", To: "bob", Status: api.Pending}}},
		"what is over":        api.Inbox{Transfers: []api.Transfer{offered(t, func(o *api.Transfer) { o.Status = api.Expired })}},
		"a scope like a line": api.Inbox{Invitations: []api.Invitation{{Scope: "acme; rm -r .", Login: "bob", InvitedBy: &ada}}},
		"an inviter like one": api.Inbox{Invitations: []api.Invitation{{Scope: "acme", Login: "bob", InvitedBy: &evil}}},
	})
}
