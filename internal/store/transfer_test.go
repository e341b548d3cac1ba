package store

import (
	"context"
	"testing"
	"time"

	"github.com/ori-lang/registry/ident"
)

func offer(id, name string, from, to Account, status string, expires time.Time) Transfer {
	return Transfer{
		ID: id, Package: named(name), From: from.ID, FromLogin: from.Login, To: to.ID, ToLogin: to.Login,
		Status: status, CreatedAt: at(1), ExpiresAt: expires,
	}
}

func setTransfer(o Transfer) change {
	return func(ctx context.Context, tx *Tx) error { return tx.SetTransfer(ctx, o) }
}

func endTransfer(want bool, id, status string) change {
	return func(ctx context.Context, tx *Tx) error {
		if ended, err := tx.EndTransfer(ctx, id, status); err != nil || ended != want {
			return errorf(err, "ending %s gave %t", id, ended)
		}
		return nil
	}
}

func TestTransfers(t *testing.T) {
	forEachDatabase(t, func(t *testing.T, db *DB) {
		write(t, db, account(true, ada), account(true, bob), scope("ori", 0), pkg("@ori/a"), pkg("@ori/b"))
		_, err := db.Reader().Transfer(t.Context(), named("@ori/a"))
		notFound(t, "transfer", err)
		check := func(want Transfer) {
			t.Helper()
			got, err := db.Reader().Transfer(t.Context(), want.Package)
			must(t, err)
			equal(t, "transfer", *got, want)
		}
		first, second := offer("x-1", "@ori/a", ada, bob, "pending", at(9)), offer("x-2", "@ori/a", bob, ada, "pending", at(8))
		write(t, db, setTransfer(first), setTransfer(offer("x-9", "@ori/b", ada, bob, "pending", at(9))))
		check(first)
		write(t, db, endTransfer(true, "x-1", "declined"), endTransfer(false, "x-1", "accepted"), endTransfer(false, "x-7", "accepted"))
		first.Status = "declined"
		check(first)
		write(t, db, setTransfer(second), endTransfer(false, "x-1", "accepted"))
		check(second)
		check(offer("x-9", "@ori/b", ada, bob, "pending", at(9)))

		refuses(t, db, "a transfer of no package", setTransfer(offer("x-3", "@ori/none", ada, bob, "pending", at(9))))
		refuses(t, db, "a transfer to nobody", setTransfer(offer("x-3", "@ori/b", ada, Account{ID: "u-none"}, "pending", at(9))))
		refuses(t, db, "the id of another", setTransfer(offer("x-2", "@ori/b", ada, bob, "pending", at(9))))
	})
}

func named(text string) ident.Package { return reference(text + "@0.0.0").Package }

func TestTransfersTo(t *testing.T) {
	forEachDatabase(t, func(t *testing.T, db *DB) {
		write(t, db, account(true, ada), account(true, bob), scope("ori", 0))
		oldest := offer("x-0", "@ori/z", ada, bob, "pending", at(9))
		oldest.CreatedAt = at(0)
		waiting := []Transfer{oldest, offer("x-1", "@ori/a", ada, bob, "pending", at(9)), offer("x-2", "@ori/b", ada, bob, "pending", at(9))}
		for _, o := range append([]Transfer{
			offer("x-3", "@ori/c", bob, ada, "pending", at(9)),
			offer("x-4", "@ori/d", ada, bob, "declined", at(9)),
			offer("x-5", "@ori/e", ada, bob, "pending", at(5)),
		}, waiting...) {
			write(t, db, pkg(o.Package.String()), setTransfer(o))
		}
		for limit, want := range map[int][]Transfer{9: waiting, 2: waiting[:2]} {
			got, err := db.Reader().TransfersTo(t.Context(), bob.ID, at(5), limit)
			must(t, err)
			equal(t, "waiting", got, want)
		}
		none, err := db.Reader().TransfersTo(t.Context(), bob.ID, at(9), 9)
		must(t, err)
		equal(t, "waiting when all have lapsed", len(none), 0)
	})
}

func TestEndTransfersOf(t *testing.T) {
	forEachDatabase(t, func(t *testing.T, db *DB) {
		write(t, db, account(true, ada), account(true, bob), scope("ori", 0), scope("acme", 1))
		for _, o := range []Transfer{
			offer("x-1", "@ori/a", ada, bob, "pending", at(9)), offer("x-2", "@ori/b", ada, bob, "declined", at(9)),
			offer("x-3", "@ori/own", ada, bob, "pending", at(9)), offer("x-4", "@ori/c", bob, ada, "pending", at(9)),
			offer("x-5", "@acme/a", ada, bob, "pending", at(9)),
		} {
			write(t, db, pkg(o.Package.String()), setTransfer(o))
		}
		write(t, db,
			func(ctx context.Context, tx *Tx) error { return tx.SetOwner(ctx, named("@ori/own"), ada.ID, at(3)) },
			func(ctx context.Context, tx *Tx) error { return tx.EndTransfersOf(ctx, ada.ID, "ori", "cancelled") })
		for name, want := range map[string]string{
			"@ori/a": "cancelled", "@ori/b": "declined", "@ori/own": "pending", "@ori/c": "pending", "@acme/a": "pending",
		} {
			got, err := db.Reader().Transfer(t.Context(), named(name))
			must(t, err)
			equal(t, name, got.Status, want)
		}
	})
}

func TestSetOwner(t *testing.T) {
	forEachDatabase(t, func(t *testing.T, db *DB) {
		write(t, db, account(true, ada), scope("ori", 0), pkg("@ori/a"), pkg("@ori/b"),
			func(ctx context.Context, tx *Tx) error { return tx.SetOwner(ctx, named("@ori/a"), ada.ID, at(3)) })
		p, err := db.Reader().Package(t.Context(), named("@ori/a"))
		must(t, err)
		since := at(3)
		equal(t, "package", *p, Package{Name: named("@ori/a"), Owner: ada.ID, Status: "active", OwnershipChangedAt: &since, CreatedAt: at(6)})
		refuses(t, db, "an owner that does not exist", func(ctx context.Context, tx *Tx) error {
			return tx.SetOwner(ctx, named("@ori/b"), "u-none", at(3))
		})
	})
}

func TestRevokePackageTokens(t *testing.T) {
	forEachDatabase(t, func(t *testing.T, db *DB) {
		write(t, db, account(true, ada), account(true, bob))
		tokens := map[string]struct {
			holder   Account
			packages []string
			ended    bool
		}{
			"this":        {ada, []string{"@ori/http"}, true},
			"others too":  {ada, []string{"@ori/http", "@ori/json"}, false},
			"the scope":   {ada, []string{"@ori/*"}, false},
			"all":         {ada, nil, false},
			"longer name": {ada, []string{"@ori/http2"}, false},
			"of bob":      {bob, []string{"@ori/http"}, false},
		}
		n := byte(0)
		for id, test := range tokens {
			n++
			write(t, db, token(Token{ID: id, Account: test.holder.ID, Hash: [32]byte{n}, Packages: test.packages, ExpiresAt: at(9)}))
		}
		write(t, db, func(ctx context.Context, tx *Tx) error {
			return tx.RevokePackageTokens(ctx, named("@ori/http"), bob.ID, at(5))
		})
		for id, test := range tokens {
			got, err := db.Reader().TokenByID(t.Context(), id)
			must(t, err)
			equal(t, id+" has ended", got.RevokedAt != nil, test.ended)
		}
	})
}
