package registry

import (
	"context"
	"strings"

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
	u, err := r.drawUser(login, operator)
	if err != nil {
		return "", err
	}
	return u.secret, r.write(ctx, func(tx *store.Tx) error { return u.add(ctx, tx) })
}

// CreateUser makes an account and its first token as AddUser does, for an
// operator. A token that is limited to packages makes none: the new one is not.
func (r *Registry) CreateUser(ctx context.Context, a Actor, n api.NewUser) (*api.CreatedUser, error) {
	if err := r.requireOperator(a); err != nil {
		return nil, err
	}
	if len(a.token.Packages) > 0 {
		return nil, api.Errorf(api.TokenPackageMismatch, "this token is for %s only, and an account's first token is for all packages", strings.Join(a.token.Packages, ", "))
	}
	if err := ident.CheckLogin(n.Login); err != nil {
		return nil, invalidValue("/login", "%v", err)
	}
	u, err := r.drawUser(n.Login, n.Operator)
	if err != nil {
		return nil, err
	}
	err = r.write(ctx, func(tx *store.Tx) error {
		if err := r.recheck(ctx, &tx.Reader, a); err != nil {
			return err
		}
		return u.add(ctx, tx)
	})
	if err != nil {
		return nil, err
	}
	return &api.CreatedUser{User: wireUser(&u.account), Token: api.CreatedToken{Token: wireToken(u.token), Secret: u.secret}}, nil
}

// newUser is an account with its first token, before it is stored.
type newUser struct {
	account store.Account
	token   *store.Token
	secret  string
}

func (r *Registry) drawUser(login string, operator bool) (*newUser, error) {
	id, err := r.newID("u_")
	if err != nil {
		return nil, err
	}
	u := &newUser{account: store.Account{ID: id, Login: login, Operator: operator, CreatedAt: r.now()}}
	u.token, u.secret, err = r.drawToken(id, api.NewToken{Name: "first token", Scopes: []api.TokenScope{api.Admin}})
	return u, err
}

func (u *newUser) add(ctx context.Context, tx *store.Tx) error {
	added, err := tx.AddAccount(ctx, u.account)
	if err != nil {
		return err
	}
	if !added {
		return invalidValue("/login", "the login %q is taken", u.account.Login)
	}
	return tx.AddToken(ctx, *u.token)
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
		User:   wireUser(a.account),
		Token:  wireToken(a.token),
		Scopes: []api.ScopeRole{},
	}
	for _, role := range roles {
		me.Scopes = append(me.Scopes, api.ScopeRole{Scope: role.Scope, Role: api.Role(role.Role)})
	}
	return me, nil
}

func wireUser(a *store.Account) api.User {
	return api.User{ID: a.ID, Login: a.Login, Operator: a.Operator, CreatedAt: api.NewTime(a.CreatedAt)}
}

func noUser(login string) *api.Problem {
	return api.Errorf(api.UserNotFound, "there is no account with the login %q", login)
}
