package registry

import (
	"context"
	"errors"
	"time"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/internal/sequencer"
	"github.com/ori-lang/registry/internal/store"
	"github.com/ori-lang/registry/translog"
)

// A package passes to a new owner in two steps: whoever may give it away offers
// it, and the receiver accepts. An offer is worth what the right of its giver is
// worth: it ends with that right, which is asked again at the acceptance.

// offerLife is for how long an offer can be accepted, of a package or of a role.
const offerLife = 14 * 24 * time.Hour

// OfferTransfer offers a package to the account with the login to, which becomes
// its one owner by accepting. The same offer again stays as it is: created is
// false then. It needs admin, and the right to give the package away.
func (r *Registry) OfferTransfer(ctx context.Context, a Actor, name ident.Package, to string) (offer *api.Transfer, created bool, err error) {
	if err := r.mayTransfer(a, name); err != nil {
		return nil, false, err
	}
	if err := ident.CheckLogin(to); err != nil {
		return nil, false, invalidValue("/to", "%v", err)
	}
	var t *store.Transfer
	err = r.write(ctx, func(tx *store.Tx) (err error) {
		t, created, err = r.offer(ctx, tx, a, name, to)
		return err
	})
	if err != nil {
		return nil, false, err
	}
	return r.wireTransfer(t), created, nil
}

// mayTransfer asks what every call needs that moves a transfer on.
func (r *Registry) mayTransfer(a Actor, name ident.Package) error {
	if err := r.Require(a, api.Admin); err != nil {
		return err
	}
	return a.requirePackage(name)
}

func (r *Registry) offer(ctx context.Context, tx *store.Tx, a Actor, name ident.Package, to string) (offer *store.Transfer, created bool, err error) {
	p, last, err := r.transferOf(ctx, &tx.Reader, a, name)
	if err != nil {
		return nil, false, err
	}
	if err := mustGive(ctx, &tx.Reader, a, p); err != nil {
		return nil, false, err
	}
	receiver, err := tx.AccountByLogin(ctx, to)
	switch {
	case err != nil:
		return nil, false, orProblem(err, noUser(to))
	case receiver.ID == a.account.ID:
		return nil, false, invalidValue("/to", "%s offers the package and cannot receive it", to)
	}
	if last != nil && r.standing(last.Status, last.ExpiresAt) == api.Pending {
		return last, false, mustBeTo(receiver, last)
	}
	id, err := r.newID("x_")
	if err != nil {
		return nil, false, err
	}
	now := r.now()
	err = tx.SetTransfer(ctx, store.Transfer{
		ID: id, Package: name, From: a.account.ID, To: receiver.ID,
		Status: string(api.Pending), CreatedAt: now, ExpiresAt: now.Add(offerLife),
	})
	if err != nil {
		return nil, false, err
	}
	offer, err = tx.Transfer(ctx, name)
	return offer, true, err
}

// transferOf gives a package, and the newest transfer of it or nil. Like all of
// a transaction's first steps it asks whether the actor's token is good still.
func (r *Registry) transferOf(ctx context.Context, db *store.Reader, a Actor, name ident.Package) (*store.Package, *store.Transfer, error) {
	if err := r.recheck(ctx, db, a); err != nil {
		return nil, nil, err
	}
	p, err := db.Package(ctx, name)
	if err != nil {
		return nil, nil, orProblem(err, noPackage(name))
	}
	t, err := db.Transfer(ctx, name)
	if errors.Is(err, store.ErrNotFound) {
		return p, nil, nil
	}
	return p, t, err
}

// mayGive reports whether the account may give the package away: as its owner
// after a transfer, else as an owner of its scope.
func mayGive(ctx context.Context, db *store.Reader, account string, p *store.Package) (bool, error) {
	if p.Owner != "" {
		return p.Owner == account, nil
	}
	role, err := db.Role(ctx, p.Name.Scope(), account)
	return api.Role(role) == api.Owner, err
}

func mustGive(ctx context.Context, db *store.Reader, a Actor, p *store.Package) error {
	gives, err := mayGive(ctx, db, a.account.ID, p)
	if err == nil && !gives {
		err = api.Errorf(api.NotOwner, "this account may not give %s away", p.Name).
			WithHint("its owners may: GET /v1/packages/%s/%s names them", p.Name.Scope(), p.Name.Name())
	}
	return err
}

// standing is the status of an offer at this moment.
func (r *Registry) standing(status string, expires time.Time) api.OfferStatus {
	if api.OfferStatus(status) == api.Pending && !r.now().Before(expires) {
		return api.Expired
	}
	return api.OfferStatus(status)
}

// Transfer gives the newest transfer of a package to its two parties: whoever
// offered it or may give the package away, and the receiver. It needs any token.
func (r *Registry) Transfer(ctx context.Context, a Actor, name ident.Package) (*api.Transfer, error) {
	if err := r.Require(a, api.Read); err != nil {
		return nil, err
	}
	var t *store.Transfer
	err := r.db.Snapshot(ctx, func(db *store.Reader) (err error) {
		if t, err = r.receivedBy(ctx, db, a, name); errors.Is(err, api.NotOwner) {
			t, err = r.givenBy(ctx, db, a, name)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return r.wireTransfer(t), nil
}

// receivedBy gives the newest transfer of a package to its receiver alone.
func (r *Registry) receivedBy(ctx context.Context, db *store.Reader, a Actor, name ident.Package) (*store.Transfer, error) {
	_, t, err := r.transferOf(ctx, db, a, name)
	if err == nil && (t == nil || t.To != a.account.ID) {
		err = api.Errorf(api.NotOwner, "%s is not offered to this account", name)
	}
	return t, err
}

// givenBy gives the newest transfer of a package to the giver's side alone.
func (r *Registry) givenBy(ctx context.Context, db *store.Reader, a Actor, name ident.Package) (*store.Transfer, error) {
	p, t, err := r.transferOf(ctx, db, a, name)
	if err != nil {
		return nil, err
	}
	if t != nil && t.From == a.account.ID {
		return t, nil
	}
	err = mustGive(ctx, db, a, p)
	if err == nil && t == nil {
		err = api.Errorf(api.TransferNotFound, "%s was never offered to anybody", name)
	}
	return t, err
}

// AcceptTransfer makes the receiver the one owner of the package. What the
// receiver has accepted already stays so. It needs admin.
func (r *Registry) AcceptTransfer(ctx context.Context, a Actor, name ident.Package) (*api.Transfer, error) {
	if err := r.mayTransfer(a, name); err != nil {
		return nil, err
	}
	var t *store.Transfer
	err := r.submit(ctx, func(ctx context.Context, tx *sequencer.Tx) (err error) {
		t, err = r.accept(ctx, tx, a, name)
		return err
	})
	if err != nil {
		return nil, err
	}
	return r.wireTransfer(t), nil
}

func (r *Registry) accept(ctx context.Context, tx *sequencer.Tx, a Actor, name ident.Package) (*store.Transfer, error) {
	t, err := r.receivedBy(ctx, &tx.Reader, a, name)
	if err != nil || api.OfferStatus(t.Status) == api.Accepted {
		return t, err
	}
	if err := r.mustBePending(t); err != nil {
		return nil, err
	}
	if err := stillGiven(ctx, &tx.Reader, t); err != nil {
		return nil, err
	}
	ended, err := tx.EndTransfer(ctx, t.ID, string(api.Accepted))
	if err == nil && !ended { // on PostgreSQL a decline or cancel can come between
		err = notPending(name)
	}
	if err != nil {
		return nil, err
	}
	t.Status = string(api.Accepted)
	return t, r.handOver(ctx, tx, t)
}

// stillGiven asks for the giver's right once more. It can be gone although the
// offer is pending: on PostgreSQL an offer and the loss of the right can cross.
func stillGiven(ctx context.Context, db *store.Reader, t *store.Transfer) error {
	p, err := db.Package(ctx, t.Package)
	if err != nil {
		return err
	}
	gives, err := mayGive(ctx, db, t.From, p)
	if err == nil && !gives {
		err = api.Errorf(api.TransferNotFound, "%s may no longer give %s away, and the offer ended with that right", t.FromLogin, t.Package)
	}
	return err
}

// handOver records that the package has a new owner, alone. Tokens of others
// that are for nothing but this package end: they must not come to life again
// when the package comes back.
func (r *Registry) handOver(ctx context.Context, tx *sequencer.Tx, t *store.Transfer) error {
	entry := &translog.Entry{Kind: translog.KindTransfer, Package: t.Package, From: t.From, To: t.To, Actor: t.To}
	if _, _, err := tx.Append(ctx, entry); err != nil {
		return err
	}
	if err := tx.SetOwner(ctx, t.Package, t.To, entry.Time); err != nil {
		return err
	}
	return tx.RevokePackageTokens(ctx, t.Package, t.To, r.now())
}

// DeclineTransfer ends the offer for the receiver, who needs admin.
func (r *Registry) DeclineTransfer(ctx context.Context, a Actor, name ident.Package) (*api.Transfer, error) {
	return r.endTransfer(ctx, a, name, r.receivedBy, api.Declined)
}

// CancelTransfer takes the offer back for the giver's side, who needs admin.
func (r *Registry) CancelTransfer(ctx context.Context, a Actor, name ident.Package) (*api.Transfer, error) {
	return r.endTransfer(ctx, a, name, r.givenBy, api.Cancelled)
}

// party gives the newest transfer of a package to one of its parties.
type party func(context.Context, *store.Reader, Actor, ident.Package) (*store.Transfer, error)

// endTransfer ends a pending offer; one that has this end already stays so.
func (r *Registry) endTransfer(ctx context.Context, a Actor, name ident.Package, find party, end api.OfferStatus) (*api.Transfer, error) {
	if err := r.mayTransfer(a, name); err != nil {
		return nil, err
	}
	var t *store.Transfer
	err := r.write(ctx, func(tx *store.Tx) (err error) {
		if t, err = find(ctx, &tx.Reader, a, name); err != nil || api.OfferStatus(t.Status) == end {
			return err
		}
		if err := r.mustBePending(t); err != nil {
			return err
		}
		t.Status = string(end)
		_, err = tx.EndTransfer(ctx, t.ID, t.Status)
		return err
	})
	if err != nil {
		return nil, err
	}
	return r.wireTransfer(t), nil
}

func (r *Registry) mustBePending(t *store.Transfer) error {
	switch r.standing(t.Status, t.ExpiresAt) {
	case api.Pending:
		return nil
	case api.Expired:
		return api.Errorf(api.TransferExpired, "the offer of %s lapsed at %s", t.Package, t.ExpiresAt.Format(time.RFC3339)).
			WithHint("ask %s for a new one", t.FromLogin)
	default:
		return notPending(t.Package)
	}
}

func notPending(name ident.Package) *api.Problem {
	return api.Errorf(api.TransferNotFound, "no transfer of %s is pending", name).
		WithHint("GET …/transfer says what became of the last one")
}

func mustBeTo(receiver *store.Account, t *store.Transfer) error {
	if t.To == receiver.ID {
		return nil
	}
	return api.Errorf(api.TransferPending, "%s is offered to %s until %s", t.Package, t.ToLogin, t.ExpiresAt.Format(time.RFC3339)).
		WithHint("cancel that offer first: POST …/transfer/cancel")
}

func (r *Registry) wireTransfer(t *store.Transfer) *api.Transfer {
	return &api.Transfer{
		ID: t.ID, Package: t.Package, From: t.FromLogin, To: t.ToLogin, Status: r.standing(t.Status, t.ExpiresAt),
		CreatedAt: api.NewTime(t.CreatedAt), ExpiresAt: api.NewTime(t.ExpiresAt),
	}
}
