package registry

import (
	"context"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/internal/store"
)

// AddUser makes an account and its first token, whose secret it gives: scope
// admin, all packages, 90 days. It asks no rights: it is for those who can
// open the data folder. A login that is taken is validation_failed.
func (r *Registry) AddUser(ctx context.Context, login string, operator bool) (secret string, err error) {
	if err := ident.CheckLogin(login); err != nil {
		return "", api.Errorf(api.InvalidName, "%v", err)
	}
	id, err := r.newID("u_")
	if err != nil {
		return "", err
	}
	account := store.Account{ID: id, Login: login, Operator: operator, CreatedAt: r.now()}
	token, secret, err := r.drawToken(id, api.NewToken{Name: "first token", Scopes: []api.TokenScope{api.Admin}})
	if err != nil {
		return "", err
	}
	return secret, r.write(ctx, func(tx *store.Tx) error {
		added, err := tx.AddAccount(ctx, account)
		if err != nil {
			return err
		}
		if !added {
			return api.Errorf(api.ValidationFailed, "the login %q is taken", login)
		}
		return tx.AddToken(ctx, *token)
	})
}

// AddToken makes one more token of an account, for all packages and 90 days, and
// gives its secret. It asks no rights: it is for those who can open the data folder.
func (r *Registry) AddToken(ctx context.Context, login string, scope api.TokenScope) (secret string, err error) {
	if rank(scope) == 0 {
		return "", api.Errorf(api.ValidationFailed, "%q is no token scope; the scopes are read, publish and admin", scope)
	}
	account, err := r.db.Reader().AccountByLogin(ctx, login)
	if err != nil {
		return "", orProblem(err, noUser(login))
	}
	token, secret, err := r.drawToken(account.ID, api.NewToken{Name: "from ori-registry", Scopes: []api.TokenScope{scope}})
	if err != nil {
		return "", err
	}
	return secret, r.write(ctx, func(tx *store.Tx) error { return tx.AddToken(ctx, *token) })
}

// Me gives the account, token and scopes of the actor. It needs any token.
func (r *Registry) Me(ctx context.Context, a Actor) (*api.Me, error) {
	if err := r.Require(a, api.Read); err != nil {
		return nil, err
	}
	roles, err := r.db.Reader().ScopesOf(ctx, a.account.ID)
	if err != nil {
		return nil, err
	}
	me := &api.Me{
		User: api.User{
			ID: a.account.ID, Login: a.account.Login, Operator: a.account.Operator,
			CreatedAt: api.NewTime(a.account.CreatedAt),
		},
		Token:  wireToken(a.token),
		Scopes: []api.ScopeRole{},
	}
	for _, role := range roles {
		me.Scopes = append(me.Scopes, api.ScopeRole{Scope: role.Scope, Role: api.Role(role.Role)})
	}
	return me, nil
}

func noUser(login string) *api.Problem {
	return api.Errorf(api.UserNotFound, "there is no account with the login %q", login)
}
