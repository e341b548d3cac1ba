package store

import (
	"context"
	"errors"
	"time"
)

// Scope is a claimed scope.
type Scope struct {
	Name      string
	ClaimedAt time.Time
	LogIndex  int64 // of its scope-claim entry
}

// Member is an account in a scope.
type Member struct {
	Account, Login, Role string
}

// Scope gives the scope, or ErrNotFound.
func (r *Reader) Scope(ctx context.Context, name string) (*Scope, error) {
	s := Scope{Name: name}
	var claimed int64
	err := r.row(ctx, []any{&claimed, &s.LogIndex}, `SELECT claimed_at, log_index FROM scope WHERE name = $1`, name)
	if err != nil {
		return nil, err
	}
	s.ClaimedAt = fromMicros(claimed)
	return &s, nil
}

// ScopeByFold gives the name of the scope that is this one but for hyphens, or ErrNotFound.
func (r *Reader) ScopeByFold(ctx context.Context, folded string) (name string, err error) {
	err = r.row(ctx, []any{&name}, `SELECT name FROM scope WHERE folded = $1`, folded)
	return name, err
}

// CountScopes gives the number of scopes.
func (r *Reader) CountScopes(ctx context.Context) (n int64, err error) {
	err = r.row(ctx, []any{&n}, `SELECT COUNT(*) FROM scope`)
	return n, err
}

// AddScope stores a new scope.
func (t *Tx) AddScope(ctx context.Context, s Scope, folded string) error {
	return t.exec(ctx, `INSERT INTO scope (name, folded, claimed_at, log_index) VALUES ($1, $2, $3, $4)`,
		s.Name, folded, micros(s.ClaimedAt), s.LogIndex)
}

// Role gives the account's role in the scope, "" when it has none.
func (r *Reader) Role(ctx context.Context, scope, account string) (role string, err error) {
	err = r.row(ctx, []any{&role}, `SELECT role FROM scope_member WHERE scope = $1 AND account = $2`, scope, account)
	if errors.Is(err, ErrNotFound) {
		return "", nil
	}
	return role, err
}

// Members lists the scope's members by login.
func (r *Reader) Members(ctx context.Context, scope string) ([]Member, error) {
	var members []Member
	err := r.rows(ctx, func(scan func(...any) error) error {
		var m Member
		err := scan(&m.Account, &m.Login, &m.Role)
		members = append(members, m)
		return err
	}, `SELECT account.id, account.login, scope_member.role
		FROM scope_member JOIN account ON account.id = scope_member.account
		WHERE scope_member.scope = $1 ORDER BY account.login`, scope)
	return members, err
}

// ScopeRole is a scope and a role in it.
type ScopeRole struct{ Scope, Role string }

// ScopesOf lists the scopes that the account is a member of, by name.
func (r *Reader) ScopesOf(ctx context.Context, account string) ([]ScopeRole, error) {
	var scopes []ScopeRole
	err := r.rows(ctx, func(scan func(...any) error) error {
		var s ScopeRole
		err := scan(&s.Scope, &s.Role)
		scopes = append(scopes, s)
		return err
	}, `SELECT scope, role FROM scope_member WHERE account = $1 ORDER BY scope`, account)
	return scopes, err
}
