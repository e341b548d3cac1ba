package registry

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/internal/store"
)

const (
	tokenLife        = 90 * 24 * time.Hour
	maxTokenLife     = 366 * 24 * time.Hour
	maxTokenName     = 100 // characters
	maxTokenScopes   = 3
	maxTokenPatterns = 64
)

// Tokens lists the account's tokens. It needs admin.
func (r *Registry) Tokens(ctx context.Context, a Actor) (*api.Tokens, error) {
	if err := r.Require(a, api.Admin); err != nil {
		return nil, err
	}
	tokens, err := r.db.Reader().TokensOf(ctx, a.account.ID)
	if err != nil {
		return nil, err
	}
	list := &api.Tokens{Tokens: []api.Token{}}
	for i := range tokens {
		list.Tokens = append(list.Tokens, wireToken(&tokens[i]))
	}
	return list, nil
}

// CreateToken makes a token of the actor's account, which may never do more
// than the token that makes it. It needs admin.
func (r *Registry) CreateToken(ctx context.Context, a Actor, n api.NewToken) (*api.CreatedToken, error) {
	if err := r.Require(a, api.Admin); err != nil {
		return nil, err
	}
	if faults := r.checkNewToken(n); len(faults) > 0 {
		problem := api.Errorf(api.ValidationFailed, "the token cannot be made as it is described")
		problem.Errors = faults
		return nil, problem
	}
	if err := withinPatterns(a, n.Packages); err != nil {
		return nil, err
	}
	token, secret, err := r.drawToken(a.account.ID, n)
	if err != nil {
		return nil, err
	}
	err = r.write(ctx, func(tx *store.Tx) error {
		if err := r.recheck(ctx, &tx.Reader, a); err != nil {
			return err
		}
		return tx.AddToken(ctx, *token)
	})
	if err != nil {
		return nil, err
	}
	return &api.CreatedToken{Token: wireToken(token), Secret: secret}, nil
}

// withinPatterns refuses what the maker's token may not touch itself; a new
// token for all packages is more than any list of patterns.
func withinPatterns(a Actor, wanted []string) error {
	if len(a.token.Packages) > 0 && len(wanted) == 0 {
		return api.Errorf(api.TokenPackageMismatch, "this token is for %s only and can make none for all packages", strings.Join(a.token.Packages, ", ")).
			WithHint("name the packages of the new token")
	}
	for _, pattern := range wanted {
		if !patternsCover(a.token.Packages, pattern) {
			return api.Errorf(api.TokenPackageMismatch, "this token is for %s and can make none for %s", strings.Join(a.token.Packages, ", "), pattern)
		}
	}
	return nil
}

func (r *Registry) checkNewToken(n api.NewToken) (faults []api.Fault) {
	fault := func(pointer, format string, args ...any) {
		faults = append(faults, api.Fault{Pointer: pointer, Code: "value", Detail: fmt.Sprintf(format, args...)})
	}
	if reason := checkLabel(n.Name, maxTokenName); reason != "" {
		fault("/name", "the name %s", reason)
	}
	if len(n.Scopes) == 0 || len(n.Scopes) > maxTokenScopes {
		fault("/scopes", `%d scopes are given; the scopes are "read", "publish" and "admin"`, len(n.Scopes))
	}
	for i, scope := range n.Scopes[:min(len(n.Scopes), maxTokenScopes)] {
		if rank(scope) == 0 {
			fault(fmt.Sprintf("/scopes/%d", i), `this is no token scope; the scopes are "read", "publish" and "admin"`)
		}
	}
	if len(n.Packages) > maxTokenPatterns {
		fault("/packages", "%d patterns are given, at most %d are allowed", len(n.Packages), maxTokenPatterns)
		return faults
	}
	for i, pattern := range n.Packages {
		if err := checkPattern(pattern); err != nil {
			fault(fmt.Sprintf("/packages/%d", i), "%v; a pattern is @scope/* or @scope/name", err)
		}
	}
	if n.ExpiresAt != nil && !(n.ExpiresAt.After(r.now()) && n.ExpiresAt.Before(r.now().Add(maxTokenLife+time.Minute))) {
		fault("/expires_at", "the time lies in the past or more than 366 days ahead")
	}
	return faults
}

func checkPattern(pattern string) error {
	if scope, all := strings.CutSuffix(pattern, "/*"); all && strings.HasPrefix(scope, "@") {
		return ident.CheckScope(scope[1:])
	}
	_, err := ident.ParsePackage(pattern)
	return err
}

// checkLabel says what is wrong with a name that a person gives, "" when nothing is.
func checkLabel(s string, limit int) string {
	switch {
	case strings.TrimSpace(s) == "":
		return "is empty"
	case len([]rune(s)) > limit:
		return fmt.Sprintf("has more than %d characters", limit)
	case strings.ContainsFunc(s, isHidden):
		return "has control or bidirectional characters"
	}
	return ""
}

// isHidden reports characters that a reader does not see and that can make a
// text look like another.
func isHidden(c rune) bool { return unicode.IsControl(c) || unicode.Is(unicode.Bidi_Control, c) }

// drawToken makes a token of a checked description.
func (r *Registry) drawToken(account string, n api.NewToken) (*store.Token, string, error) {
	secret, err := api.NewSecret(r.rand)
	if err != nil {
		return nil, "", err
	}
	id, err := r.newID("t_")
	if err != nil {
		return nil, "", err
	}
	token := &store.Token{
		ID: id, Account: account, Name: n.Name, Hash: sha256.Sum256([]byte(secret)), Prefix: secret[:api.SecretShown],
		CreatedAt: r.now(), ExpiresAt: r.now().Add(tokenLife),
	}
	if n.ExpiresAt != nil {
		token.ExpiresAt = n.ExpiresAt.Time
	}
	for _, scope := range n.Scopes {
		token.Scopes = append(token.Scopes, string(scope))
	}
	token.Scopes = slices.Compact(slices.Sorted(slices.Values(token.Scopes)))
	token.Packages = slices.Compact(slices.Sorted(slices.Values(n.Packages)))
	return token, secret, nil
}

// RevokeToken ends a token of the actor's account: any with admin, else only
// itself. One that is revoked already stays so.
func (r *Registry) RevokeToken(ctx context.Context, a Actor, id string) error {
	if err := r.Require(a, api.Read); err != nil {
		return err
	}
	notFound := api.Errorf(api.NotFound, "this account has no token with this id")
	token, err := r.db.Reader().TokenByID(ctx, id)
	if err != nil {
		return orProblem(err, notFound)
	}
	if token.Account != a.account.ID {
		return notFound
	}
	if token.ID != a.token.ID {
		if err := r.Require(a, api.Admin); err != nil {
			return err
		}
	}
	return r.write(ctx, func(tx *store.Tx) error {
		if err := r.recheck(ctx, &tx.Reader, a); err != nil {
			return err
		}
		return tx.RevokeToken(ctx, token.ID, r.now())
	})
}

// RevokeAnyToken ends the token with this id, or the one whose secret begins
// with the shown prefix. It asks no rights: it is for those who can open the
// data folder.
func (r *Registry) RevokeAnyToken(ctx context.Context, idOrPrefix string) (*api.Token, error) {
	db := r.db.Reader()
	token, err := db.TokenByID(ctx, idOrPrefix)
	if err != nil {
		matching, listErr := db.TokensByPrefix(ctx, idOrPrefix[:min(len(idOrPrefix), api.SecretShown)])
		switch {
		case listErr != nil:
			return nil, listErr
		case len(matching) == 0:
			return nil, orProblem(err, api.Errorf(api.NotFound, "there is no token with this id or prefix"))
		case len(matching) > 1:
			return nil, api.Errorf(api.ValidationFailed, "%d tokens begin so; name one by its id", len(matching))
		}
		token = &matching[0]
	}
	wire := wireToken(token)
	return &wire, r.write(ctx, func(tx *store.Tx) error { return tx.RevokeToken(ctx, token.ID, r.now()) })
}

func wireToken(t *store.Token) api.Token {
	wire := api.Token{
		ID: t.ID, Name: t.Name, Scopes: []api.TokenScope{}, Packages: append([]string{}, t.Packages...), Prefix: t.Prefix,
		CreatedAt: api.NewTime(t.CreatedAt), ExpiresAt: api.NewTime(t.ExpiresAt), LastUsedAt: timeOrNull(t.LastUsedAt),
	}
	for _, scope := range t.Scopes {
		wire.Scopes = append(wire.Scopes, api.TokenScope(scope))
	}
	return wire
}

func timeOrNull(t *time.Time) *api.Time {
	if t == nil {
		return nil
	}
	wire := api.NewTime(*t)
	return &wire
}
