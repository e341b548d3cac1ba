package client

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ori-lang/registry/api"
)

// buildToken is a token that a test asks for, and what the registry makes of it.
func buildToken(t *testing.T) (asked api.NewToken, made api.CreatedToken) {
	t.Helper()
	secret, err := api.NewSecret(bytes.NewReader(bytes.Repeat([]byte{7}, 1000)))
	if err != nil {
		t.Fatal(err)
	}
	ends := api.NewTime(time.Date(2027, 1, 31, 23, 59, 59, 0, time.UTC))
	asked = api.NewToken{Name: "build", Scopes: []api.TokenScope{api.Publish, api.Read}, Packages: []string{"@acme/*"}, ExpiresAt: &ends}
	return asked, api.CreatedToken{
		Token: api.Token{
			ID: "t_1", Name: "build", Scopes: []api.TokenScope{api.Read, api.Publish}, Packages: []string{"@acme/*"},
			Prefix: secret[:api.SecretShown], ExpiresAt: ends,
		},
		Secret: secret,
	}
}

func tokenWrites(t *testing.T) []writeCase {
	asked, made := buildToken(t)
	return []writeCase{
		{
			name: "create token", method: "POST", path: "/v1/tokens", status: 201, answer: made, once: true,
			body: `{"name":"build","scopes":["publish","read"],"packages":["@acme/*"],"expires_at":"2027-01-31T23:59:59Z"}`,
			call: func(ctx context.Context, c *Client) error { _, err := c.CreateToken(ctx, asked); return err },
		},
		{
			name: "revoke token", method: "DELETE", path: "/v1/tokens/t_1", status: 204, once: true,
			call: func(ctx context.Context, c *Client) error { return c.RevokeToken(ctx, "t_1") },
		},
	}
}

// TestCreatedTokenIsTheOneAsked: a registry that makes another token is told from one
// that makes this.
func TestCreatedTokenIsTheOneAsked(t *testing.T) {
	asked, made := buildToken(t)
	other := func(change func(*api.CreatedToken)) any {
		answer := made
		change(&answer)
		return answer
	}
	call := func(c *Client) error { _, err := c.CreateToken(t.Context(), asked); return err }
	refuses(t, "/v1/tokens", call, map[string]any{
		"no secret":      other(func(a *api.CreatedToken) { a.Secret = "" }),
		"a mistyped one": other(func(a *api.CreatedToken) { a.Secret = a.Secret[:41] + "!" }),
		"another name":   other(func(a *api.CreatedToken) { a.Name = "\x1b[31mbuild" }),
		"no id":          other(func(a *api.CreatedToken) { a.ID = "" }),
		"an id like a way": other(func(a *api.CreatedToken) {
			a.ID = "../me"
		}),
		"more rights":   other(func(a *api.CreatedToken) { a.Scopes = []api.TokenScope{api.Admin} }),
		"less rights":   other(func(a *api.CreatedToken) { a.Scopes = []api.TokenScope{api.Read} }),
		"all packages":  other(func(a *api.CreatedToken) { a.Packages = nil }),
		"for all times": other(func(a *api.CreatedToken) { a.ExpiresAt = api.Time{} }),
	})
}

func TestTokens(t *testing.T) {
	f, u := newFake(t), newUser(t)
	list := []api.Token{{ID: "t_1", Prefix: "ori_4Kq7Wn"}, {ID: "t_2", Prefix: "ori_secret"}, {ID: "t_3", Prefix: "ori_"}}
	f.instead["/v1/tokens"] = func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, 200, api.Tokens{Tokens: list}) }
	c := u.client(f.server.URL)
	got, err := c.Tokens(t.Context())
	if err != nil || len(got) != 3 {
		t.Fatalf("%v, %v", got, err)
	}
	for i, own := range []bool{false, true, false} {
		if c.IsOwn(&got[i]) != own {
			t.Errorf("%s is the token of the client: %v", got[i].ID, !own)
		}
	}
	refuses(t, "/v1/tokens", func(c *Client) error { _, err := c.Tokens(t.Context()); return err }, map[string]any{
		"an empty list": api.Tokens{}, "nothing": nil, "one without an id": api.Tokens{Tokens: []api.Token{{Name: "x"}}},
	})
}

// TestSecretInPlaceOfAnID: a secret must not get into an address.
func TestSecretInPlaceOfAnID(t *testing.T) {
	f, u := newFake(t), newUser(t)
	_, made := buildToken(t)
	for _, id := range []string{made.Secret, "", "../users", "t/1", strings.Repeat("t", 65)} {
		err := u.client(f.server.URL).RevokeToken(t.Context(), id)
		if !errors.Is(err, ErrTokenID) || len(f.asked()) > 0 {
			t.Errorf("%q: %v after %d requests", id, err, len(f.asked()))
		}
	}
}
