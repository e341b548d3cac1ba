package registry

import (
	"context"
	"crypto/sha256"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/internal/store"
)

// Actor is who makes a call: the zero value is nobody in particular, anything
// else an account with the token that it showed. Only Authenticate makes one.
type Actor struct {
	account *store.Account
	token   *store.Token
}

// IsAnonymous reports whether the call carried no token.
func (a Actor) IsAnonymous() bool { return a.account == nil }

// AccountID gives the opaque id of the account, "" for nobody.
func (a Actor) AccountID() string {
	if a.IsAnonymous() {
		return ""
	}
	return a.account.ID
}

// Authenticate gives the actor whose token this is, or token_invalid or token_expired.
func (r *Registry) Authenticate(ctx context.Context, secret string) (Actor, error) {
	if err := api.CheckSecret(secret); err != nil {
		return Actor{}, err
	}
	token, account, err := r.db.Reader().TokenByHash(ctx, sha256.Sum256([]byte(secret)))
	if err != nil {
		return Actor{}, orProblem(err, api.Errorf(api.TokenInvalid, "the registry does not know this token"))
	}
	if err := r.checkAlive(token); err != nil {
		return Actor{}, err
	}
	r.noteUse(ctx, token)
	return Actor{account: account, token: token}, nil
}

func (r *Registry) checkAlive(token *store.Token) error {
	if token.RevokedAt != nil {
		return api.Errorf(api.TokenInvalid, "this token was revoked")
	}
	if !r.now().Before(token.ExpiresAt) {
		return api.Errorf(api.TokenExpired, "this token expired at %s", token.ExpiresAt.Format(time.RFC3339))
	}
	return nil
}

// noteTime is how long a call waits at most until the use of its token is noted.
const noteTime = time.Second

// noteUse records the hour in which a token was used last: the first call of
// that hour does. It may fail: a registry that cannot write can still be read.
func (r *Registry) noteUse(ctx context.Context, token *store.Token) {
	hour := r.now().Truncate(time.Hour)
	if token.LastUsedAt != nil && !token.LastUsedAt.Before(hour) || !r.uses.isFirst(token.ID, hour) {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteTime)
	defer cancel()
	_ = r.write(ctx, func(tx *store.Tx) error { return tx.TouchToken(ctx, token.ID, hour) })
}

// uses are the tokens that were used in an hour.
type uses struct {
	mu     sync.Mutex
	hour   time.Time
	tokens map[string]bool
}

func (u *uses) isFirst(token string, hour time.Time) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if !u.hour.Equal(hour) {
		u.hour, u.tokens = hour, make(map[string]bool)
	}
	first := !u.tokens[token]
	u.tokens[token] = true
	return first
}

// rank orders the token scopes: a higher one may all that a lower one may.
func rank(scope api.TokenScope) int {
	switch scope {
	case api.Read:
		return 1
	case api.Publish:
		return 2
	case api.Admin:
		return 3
	}
	return 0
}

func tokenRank(token *store.Token) (highest int) {
	for _, scope := range token.Scopes {
		highest = max(highest, rank(api.TokenScope(scope)))
	}
	return highest
}

// Require is nil when the actor's token has at least the given scope, else
// unauthenticated or insufficient_scope.
func (r *Registry) Require(a Actor, need api.TokenScope) error {
	if a.IsAnonymous() {
		return api.Errorf(api.Unauthenticated, "this call needs a token with the scope %q and the request carries none", need).
			WithHint("set ORI_REGISTRY_TOKEN, or send Authorization: Bearer <token>")
	}
	if tokenRank(a.token) < rank(need) {
		problem := api.Errorf(api.InsufficientScope, "this call needs a token with the scope %q, this one has %q", need, strings.Join(a.token.Scopes, " "))
		problem.RequiredScope = string(need)
		return problem
	}
	return nil
}

// MayRead is nil when the actor may read what the registry shows: everybody on
// a public one, on a private one whoever has a token. Who serves a read asks it.
func (r *Registry) MayRead(a Actor) error {
	if !r.private {
		return nil
	}
	return r.Require(a, api.Read)
}

// requireOperator is nil for an operator of the registry whose token has the
// scope admin, else unauthenticated, insufficient_scope or not_owner.
func (r *Registry) requireOperator(a Actor) error {
	if err := r.Require(a, api.Admin); err != nil {
		return err
	}
	if !a.account.Operator {
		return api.Errorf(api.NotOwner, "this call is for the operators of the registry, and %s is none", a.account.Login)
	}
	return nil
}

// requireOperatorOf is requireOperator for what an operator does to a package:
// the token must be good for it.
func (r *Registry) requireOperatorOf(a Actor, p ident.Package) error {
	if err := r.requireOperator(a); err != nil {
		return err
	}
	return a.requirePackage(p)
}

// requirePackage is nil when the token is good for the package: it has no
// patterns, or one that matches.
func (a Actor) requirePackage(p ident.Package) error {
	if patternsCover(a.token.Packages, p.String()) {
		return nil
	}
	return api.Errorf(api.TokenPackageMismatch, "this token is for %s, not for %s", strings.Join(a.token.Packages, ", "), p)
}

// patternsCover reports whether the pattern "@acme/*" or the package
// "@acme/http" lies within the patterns; no patterns cover everything.
func patternsCover(patterns []string, wanted string) bool {
	if len(patterns) == 0 {
		return true
	}
	scope, _, _ := strings.Cut(wanted, "/")
	for _, pattern := range patterns {
		if pattern == wanted || pattern == scope+"/*" {
			return true
		}
	}
	return false
}

// recheck asks again, inside of a transaction, that the token is still good:
// it may have been revoked while an upload was on its way.
func (r *Registry) recheck(ctx context.Context, db *store.Reader, a Actor) error {
	token, err := db.TokenByID(ctx, a.token.ID)
	if errors.Is(err, store.ErrNotFound) {
		return api.Errorf(api.TokenInvalid, "this token was deleted")
	}
	if err != nil {
		return err
	}
	return r.checkAlive(token)
}
