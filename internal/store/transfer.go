package store

import (
	"context"
	"time"

	"github.com/ori-lang/registry/ident"
)

// Transfer is the newest offer of a package to another account.
type Transfer struct {
	ID                 string
	Package            ident.Package
	From, To           string // account ids
	FromLogin, ToLogin string // theirs; read, not stored here
	Status             string // "pending" also when the offer has lapsed
	CreatedAt          time.Time
	ExpiresAt          time.Time
}

const transferColumns = `transfer.id, transfer.package, transfer.giver, giver.login, transfer.receiver, receiver.login,
	transfer.status, transfer.created_at, transfer.expires_at
	FROM transfer JOIN account AS giver ON giver.id = transfer.giver JOIN account AS receiver ON receiver.id = transfer.receiver`

func scanTransfer(scan func(...any) error) (Transfer, error) {
	var t Transfer
	var name string
	var created, expires int64
	err := scan(&t.ID, &name, &t.From, &t.FromLogin, &t.To, &t.ToLogin, &t.Status, &created, &expires)
	if err != nil {
		return t, err
	}
	t.CreatedAt, t.ExpiresAt = fromMicros(created), fromMicros(expires)
	t.Package, err = ident.ParsePackage(name)
	return t, err
}

// Transfer gives the newest offer of a package, or ErrNotFound.
func (r *Reader) Transfer(ctx context.Context, p ident.Package) (*Transfer, error) {
	list, err := r.transfers(ctx, `SELECT `+transferColumns+` WHERE transfer.package = $1`, p.String())
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, ErrNotFound
	}
	return &list[0], nil
}

// TransfersTo gives at most limit offers that wait for the account and have not
// lapsed by then, the oldest first.
func (r *Reader) TransfersTo(ctx context.Context, account string, now time.Time, limit int) ([]Transfer, error) {
	return r.transfers(ctx, `SELECT `+transferColumns+`
		WHERE transfer.receiver = $1 AND transfer.status = 'pending' AND transfer.expires_at > $2
		ORDER BY transfer.created_at, transfer.package LIMIT $3`, account, micros(now), limit)
}

func (r *Reader) transfers(ctx context.Context, text string, args ...any) ([]Transfer, error) {
	var list []Transfer
	err := r.rows(ctx, func(scan func(...any) error) error {
		t, err := scanTransfer(scan)
		list = append(list, t)
		return err
	}, text, args...)
	return list, err
}

// SetTransfer stores the newest offer of a package, in place of the one before.
func (t *Tx) SetTransfer(ctx context.Context, o Transfer) error {
	return t.exec(ctx, `INSERT INTO transfer (package, id, giver, receiver, status, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (package) DO UPDATE SET id = excluded.id, giver = excluded.giver, receiver = excluded.receiver,
		status = excluded.status, created_at = excluded.created_at, expires_at = excluded.expires_at`,
		o.Package.String(), o.ID, o.From, o.To, o.Status, micros(o.CreatedAt), micros(o.ExpiresAt))
}

// EndTransfer gives a pending offer its last status; false when it is pending
// no more.
func (t *Tx) EndTransfer(ctx context.Context, id, status string) (bool, error) {
	n, err := t.changed(ctx, `UPDATE transfer SET status = $2 WHERE id = $1 AND status = 'pending'`, id, status)
	return n == 1, err
}

// EndTransfersOf ends the account's pending offers of packages that belong to
// the members of the scope.
func (t *Tx) EndTransfersOf(ctx context.Context, giver, scope, status string) error {
	return t.exec(ctx, `UPDATE transfer SET status = $3 WHERE giver = $1 AND status = 'pending'
		AND package IN (SELECT name FROM package WHERE scope = $2 AND owner IS NULL)`, giver, scope, status)
}

// SetOwner makes the account the one owner of the package.
func (t *Tx) SetOwner(ctx context.Context, p ident.Package, account string, at time.Time) error {
	return t.exec(ctx, `UPDATE package SET owner = $2, ownership_changed_at = $3 WHERE name = $1`, p.String(), account, micros(at))
}

// RevokePackageTokens ends the tokens that are for this package alone, but for
// those of one account.
func (t *Tx) RevokePackageTokens(ctx context.Context, p ident.Package, but string, at time.Time) error {
	return t.exec(ctx, `UPDATE token SET revoked_at = $3
		WHERE packages = $1 AND packages <> '' AND account <> $2 AND revoked_at IS NULL`, p.String(), but, micros(at))
}
