package client

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/ori-lang/registry/api"
)

// CreateToken makes a token of the account, which may not do more than the
// token of the Client. The answer holds its secret, this once. When the answer is
// lost, nothing is sent again, for each call makes another token: Tokens tells
// whether it is there.
func (c *Client) CreateToken(ctx context.Context, n api.NewToken) (*api.CreatedToken, error) {
	var made api.CreatedToken
	r := request{method: http.MethodPost, url: c.urls.Tokens()}
	err := c.write(ctx, r, n, &made, func(int) error { return checkCreated(r.url, &made, n) })
	if err != nil {
		return nil, err
	}
	return &made, nil
}

// checkCreated compares a new token with the one that was asked for: it is no
// other, and may do neither more nor less.
func checkCreated(url string, made *api.CreatedToken, asked api.NewToken) error {
	wrong := func(what string) error {
		return &ReplyError{URL: url, Reason: "the token of the answer " + what + "; revoke it", foreign: made.Secret == ""}
	}
	switch {
	case api.CheckSecret(made.Secret) != nil:
		return wrong("is none: it has not the form of one")
	case !isTokenID(made.ID) || made.Name != asked.Name:
		return wrong("is not the one that was asked for")
	case !sameSet(made.Scopes, asked.Scopes) || !sameSet(made.Packages, asked.Packages):
		return wrong("may not do the same as the one that was asked for")
	case asked.ExpiresAt != nil && !made.ExpiresAt.Equal(api.NewTime(asked.ExpiresAt.Time).Time):
		return wrong("does not end when it was asked to")
	}
	return nil
}

func sameSet[T comparable](a, b []T) bool {
	set := func(list []T) map[T]bool {
		all := map[T]bool{}
		for _, one := range list {
			all[one] = true
		}
		return all
	}
	return maps.Equal(set(a), set(b))
}

// Tokens lists the account's tokens, without their secrets.
func (c *Client) Tokens(ctx context.Context) ([]api.Token, error) {
	if !c.HasToken() {
		return nil, c.noToken()
	}
	var list api.Tokens
	url := c.urls.Tokens()
	err := c.getJSON(ctx, url, maxReply, &list, func() error {
		if len(list.Tokens) == 0 || slices.ContainsFunc(list.Tokens, func(t api.Token) bool { return !isTokenID(t.ID) }) {
			return &ReplyError{URL: url, Reason: "the answer lists no tokens, or some without an id", foreign: true}
		}
		return nil
	})
	return list.Tokens, err
}

// IsOwn reports whether t, as it was listed, seems to be the token of the Client.
func (c *Client) IsOwn(t *api.Token) bool {
	return len(t.Prefix) == api.SecretShown && strings.HasPrefix(c.options.Token, t.Prefix)
}

// ErrTokenID says that what was given cannot be the id of a token; it is given
// before anything is sent.
var ErrTokenID = errors.New("this is no id of a token")

// RevokeToken ends a token of the account. When the answer is lost, nothing is
// sent again: what revokes itself would then be refused.
func (c *Client) RevokeToken(ctx context.Context, id string) error {
	if !isTokenID(id) {
		return ErrTokenID
	}
	return c.remove(ctx, request{url: c.urls.Token(id)})
}

// isTokenID reports whether s can be the id of a token. A secret is none: it must
// not get into an address.
func isTokenID(s string) bool {
	return tokenID.MatchString(s) && !strings.HasPrefix(s, api.SecretPrefix)
}

var tokenID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
