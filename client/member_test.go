package client

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/ori-lang/registry/api"
)

func memberWrites(t *testing.T) []writeCase {
	offer := api.Invitation{Scope: "acme", Login: "bob", Role: api.MemberOfTeam, Status: api.Pending}
	return []writeCase{
		{
			name: "invite", method: "PUT", path: "/v1/scopes/acme/members/bob", body: `{"role":"member"}`, status: 202, answer: offer,
			call: func(ctx context.Context, c *Client) error {
				_, invited, err := c.Invite(ctx, "acme", "bob", api.MemberOfTeam)
				if err == nil && !invited {
					t.Error("202 is told as no news")
				}
				return err
			},
		},
		{
			name: "remove", method: "DELETE", path: "/v1/scopes/acme/members/bob", status: 204,
			call: func(ctx context.Context, c *Client) error { return c.RemoveMember(ctx, "acme", "bob") },
		},
	}
}

// TestAnswerInvitation: the address holds the login, which the registry is asked for.
func TestAnswerInvitation(t *testing.T) {
	accept := func(c *Client) error { _, err := c.AcceptInvitation(t.Context(), "acme"); return err }
	decline := func(c *Client) error { _, err := c.DeclineInvitation(t.Context(), "acme"); return err }
	answer := api.Invitation{Scope: "acme", Login: "ada", Role: api.Owner, Status: api.Accepted}
	f := newFake(t)
	f.instead["/v1/scopes/acme/members/ada/accept"] = func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.ContentLength > 0 {
			t.Errorf("%s with %d bytes", r.Method, r.ContentLength)
		}
		writeJSON(w, 200, answer)
	}
	if err := accept(newUser(t).client(f.server.URL)); err != nil {
		t.Error(err)
	}
	nobody := func(o *Options) { o.Token = "" }
	if err := accept(newUser(t).client(f.server.URL, nobody)); !errors.Is(err, ErrNoToken) || len(f.asked()) != 2 {
		t.Errorf("without a token: %v after %d requests", err, len(f.asked()))
	}
	other := func(change func(*api.Invitation)) any {
		i := answer
		change(&i)
		return i
	}
	refuses(t, "/accept", accept, map[string]any{
		"another scope": other(func(i *api.Invitation) { i.Scope = "evil" }), "another login": other(func(i *api.Invitation) { i.Login = "eve" }),
		"it waits still": other(func(i *api.Invitation) { i.Status = api.Pending }), "nothing": nil,
	})
	refuses(t, "/decline", decline, map[string]any{"it was accepted": answer})
	refuses(t, "/v1/me", accept, map[string]any{"a login like a way": api.Me{User: api.User{ID: "u", Login: "../../tokens"}}})
}

func TestInvitationLies(t *testing.T) {
	invite := func(c *Client) error {
		_, _, err := c.Invite(t.Context(), "acme", "bob", api.MemberOfTeam)
		return err
	}
	refuses(t, "/members/bob", invite, map[string]any{
		"another role": api.Invitation{Scope: "acme", Login: "bob", Role: api.Owner, Status: api.Pending},
		"declined":     api.Invitation{Scope: "acme", Login: "bob", Role: api.MemberOfTeam, Status: api.Declined},
		"another one":  api.Invitation{Scope: "acme", Login: "eve", Role: api.MemberOfTeam, Status: api.Pending},
	})
	scope := func(c *Client) error { _, err := c.Scope(t.Context(), "acme"); return err }
	refuses(t, "/v1/scopes/acme", scope, map[string]any{"another scope": api.Scope{Scope: "evil"}})
}

// TestMembersOfWhatCannotBe: nothing is sent for names that no scope or account has.
func TestMembersOfWhatCannotBe(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { t.Errorf("sent: %s", r.URL) }))
	defer server.Close()
	c := newUser(t).client(server.URL)
	for _, pair := range [][2]string{{"../x", "bob"}, {"acme", "Bob"}, {"acme", ""}, {"@acme", "bob"}} {
		_, _, err := c.Invite(t.Context(), pair[0], pair[1], api.Owner)
		if gone := c.RemoveMember(t.Context(), pair[0], pair[1]); err == nil || gone == nil {
			t.Errorf("%q: %v, %v", pair, err, gone)
		}
	}
	if _, err := c.AcceptInvitation(t.Context(), "a/b"); err == nil {
		t.Error("a scope with a slash is taken")
	}
}
