package store

import (
	"context"
	"strings"
	"time"
)

// Account is a holder of tokens.
type Account struct {
	ID        string // opaque; the log calls it actor
	Login     string // a label, which may change
	Operator  bool
	CreatedAt time.Time
}

// Token is what is stored of a token: all but the secret.
type Token struct {
	ID         string
	Account    string
	Name       string
	Hash       [32]byte // SHA-256 of the secret
	Prefix     string
	Scopes     []string
	Packages   []string // patterns; empty: all packages
	CreatedAt  time.Time
	ExpiresAt  time.Time
	LastUsedAt *time.Time
	RevokedAt  *time.Time
}

const accountColumns = `account.id, account.login, account.operator, account.created_at`

func (a *Account) columns(created *int64) []any {
	return []any{&a.ID, &a.Login, &a.Operator, created}
}

// AccountByLogin gives the account, or ErrNotFound.
func (r *Reader) AccountByLogin(ctx context.Context, login string) (*Account, error) {
	return r.account(ctx, `SELECT `+accountColumns+` FROM account WHERE login = $1`, login)
}

// AccountByID gives the account, or ErrNotFound.
func (r *Reader) AccountByID(ctx context.Context, id string) (*Account, error) {
	return r.account(ctx, `SELECT `+accountColumns+` FROM account WHERE id = $1`, id)
}

func (r *Reader) account(ctx context.Context, text, key string) (*Account, error) {
	var a Account
	var created int64
	if err := r.row(ctx, a.columns(&created), text, key); err != nil {
		return nil, err
	}
	a.CreatedAt = fromMicros(created)
	return &a, nil
}

// AddAccount stores a new account; false when the login is taken.
func (t *Tx) AddAccount(ctx context.Context, a Account) (bool, error) {
	n, err := t.changed(ctx, `INSERT INTO account (id, login, operator, created_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (login) DO NOTHING`,
		a.ID, a.Login, boolToInt(a.Operator), micros(a.CreatedAt))
	return n == 1, err
}

const tokenColumns = `token.id, token.account, token.name, token.hash, token.prefix, token.scopes, token.packages,
	token.created_at, token.expires_at, token.last_used_at, token.revoked_at`

// tokenRow is a row of tokenColumns as it is scanned.
type tokenRow struct {
	token            Token
	hash             []byte
	scopes, packages string
	created, expires int64
	lastUsed, gone   *int64
}

func (row *tokenRow) dest() []any {
	return []any{
		&row.token.ID, &row.token.Account, &row.token.Name, &row.hash, &row.token.Prefix, &row.scopes, &row.packages,
		&row.created, &row.expires, &row.lastUsed, &row.gone,
	}
}

func (row *tokenRow) value() Token {
	t := row.token
	copy(t.Hash[:], row.hash)
	t.Scopes = strings.Fields(row.scopes)
	t.Packages = strings.Fields(row.packages)
	t.CreatedAt, t.ExpiresAt = fromMicros(row.created), fromMicros(row.expires)
	t.LastUsedAt, t.RevokedAt = timeOrNil(row.lastUsed), timeOrNil(row.gone)
	return t
}

func timeOrNil(us *int64) *time.Time {
	if us == nil {
		return nil
	}
	t := fromMicros(*us)
	return &t
}

// TokenByHash gives the token whose secret has this SHA-256, and its account, or ErrNotFound.
func (r *Reader) TokenByHash(ctx context.Context, hash [32]byte) (*Token, *Account, error) {
	var row tokenRow
	var account Account
	var created int64
	err := r.row(ctx, append(row.dest(), account.columns(&created)...),
		`SELECT `+tokenColumns+`, `+accountColumns+`
		FROM token JOIN account ON account.id = token.account WHERE token.hash = $1`, hash[:])
	if err != nil {
		return nil, nil, err
	}
	account.CreatedAt = fromMicros(created)
	token := row.value()
	return &token, &account, nil
}

// TokenByID gives the token, or ErrNotFound.
func (r *Reader) TokenByID(ctx context.Context, id string) (*Token, error) {
	var row tokenRow
	if err := r.row(ctx, row.dest(), `SELECT `+tokenColumns+` FROM token WHERE id = $1`, id); err != nil {
		return nil, err
	}
	token := row.value()
	return &token, nil
}

// TokensByPrefix gives the tokens whose secret starts with the shown prefix.
func (r *Reader) TokensByPrefix(ctx context.Context, prefix string) ([]Token, error) {
	return r.tokens(ctx, `SELECT `+tokenColumns+` FROM token WHERE prefix = $1 AND revoked_at IS NULL ORDER BY id`, prefix)
}

// TokensOf gives the account's tokens that are not revoked, oldest first.
func (r *Reader) TokensOf(ctx context.Context, account string) ([]Token, error) {
	return r.tokens(ctx, `SELECT `+tokenColumns+` FROM token WHERE account = $1 AND revoked_at IS NULL
		ORDER BY created_at, id`, account)
}

func (r *Reader) tokens(ctx context.Context, text, key string) ([]Token, error) {
	var tokens []Token
	err := r.rows(ctx, func(scan func(...any) error) error {
		var row tokenRow
		if err := scan(row.dest()...); err != nil {
			return err
		}
		tokens = append(tokens, row.value())
		return nil
	}, text, key)
	return tokens, err
}

// AddToken stores a new token.
func (t *Tx) AddToken(ctx context.Context, token Token) error {
	return t.exec(ctx, `INSERT INTO token (id, account, name, hash, prefix, scopes, packages, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		token.ID, token.Account, token.Name, token.Hash[:], token.Prefix,
		strings.Join(token.Scopes, " "), strings.Join(token.Packages, " "), micros(token.CreatedAt), micros(token.ExpiresAt))
}

// RevokeToken ends a token's life; it stays for the record.
func (t *Tx) RevokeToken(ctx context.Context, id string, at time.Time) error {
	return t.exec(ctx, `UPDATE token SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL`, id, micros(at))
}

// TouchToken notes that a token was used.
func (t *Tx) TouchToken(ctx context.Context, id string, at time.Time) error {
	return t.exec(ctx, `UPDATE token SET last_used_at = $2 WHERE id = $1`, id, micros(at))
}
