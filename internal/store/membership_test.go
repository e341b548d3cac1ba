package store

import (
	"context"
	"testing"
	"time"
)

func invitation(scope string, to, by Account, status string, expires time.Time) Invitation {
	return Invitation{
		Scope: scope, Account: to.ID, Login: to.Login, Role: "member", Inviter: by.ID, InvitedBy: by.Login,
		Status: status, CreatedAt: at(1), ExpiresAt: expires,
	}
}

func setInvitation(i Invitation) change {
	return func(ctx context.Context, tx *Tx) error { return tx.SetInvitation(ctx, i) }
}

func endInvitation(want bool, scope, account, status string) change {
	return func(ctx context.Context, tx *Tx) error {
		if ended, err := tx.EndInvitation(ctx, scope, account, status); err != nil || ended != want {
			return errorf(err, "ending the invitation of %s gave %t", account, ended)
		}
		return nil
	}
}

func TestInvitations(t *testing.T) {
	forEachDatabase(t, func(t *testing.T, db *DB) {
		write(t, db, account(true, ada), account(true, bob), scope("ori", 0), scope("acme", 1))
		_, err := db.Reader().Invitation(t.Context(), "ori", bob.ID)
		notFound(t, "invitation", err)
		check := func(want Invitation) {
			t.Helper()
			got, err := db.Reader().Invitation(t.Context(), want.Scope, want.Account)
			must(t, err)
			equal(t, "invitation", *got, want)
		}
		first, other := invitation("ori", bob, ada, "pending", at(9)), invitation("acme", bob, ada, "pending", at(9))
		write(t, db, setInvitation(first), setInvitation(other))
		check(first)
		write(t, db, endInvitation(true, "ori", bob.ID, "declined"), endInvitation(false, "ori", bob.ID, "accepted"), endInvitation(false, "ori", ada.ID, "accepted"))
		first.Status = "declined"
		check(first)
		second := Invitation{"ori", bob.ID, "bob", "owner", bob.ID, "bob", "pending", at(3), at(8)}
		write(t, db, setInvitation(second))
		check(second)
		write(t, db, func(ctx context.Context, tx *Tx) error { return tx.EndInvitationsBy(ctx, ada.ID, "acme", "cancelled") },
			func(ctx context.Context, tx *Tx) error { return tx.EndInvitationsBy(ctx, ada.ID, "ori", "cancelled") })
		check(second)
		other.Status = "cancelled"
		check(other)

		refuses(t, db, "an invitation to no scope", setInvitation(invitation("none", bob, ada, "pending", at(9))))
		refuses(t, db, "an invitation of nobody", setInvitation(invitation("ori", Account{ID: "u-none"}, ada, "pending", at(9))))
	})
}

func TestInvitationsTo(t *testing.T) {
	forEachDatabase(t, func(t *testing.T, db *DB) {
		write(t, db, account(true, ada), account(true, bob))
		oldest := invitation("z", bob, ada, "pending", at(9))
		oldest.CreatedAt = at(0)
		waiting := []Invitation{oldest, invitation("a", bob, ada, "pending", at(9)), invitation("b", bob, ada, "pending", at(9))}
		for n, i := range append([]Invitation{
			invitation("c", ada, bob, "pending", at(9)),
			invitation("d", bob, ada, "declined", at(9)),
			invitation("e", bob, ada, "pending", at(5)),
		}, waiting...) {
			write(t, db, scope(i.Scope, int64(n)), setInvitation(i))
		}
		for limit, want := range map[int][]Invitation{9: waiting, 2: waiting[:2]} {
			got, err := db.Reader().InvitationsTo(t.Context(), bob.ID, at(5), limit)
			must(t, err)
			equal(t, "waiting", got, want)
		}
	})
}

func TestChangingMembers(t *testing.T) {
	set := func(scope, account, role string) change {
		return func(ctx context.Context, tx *Tx) error { return tx.SetMember(ctx, scope, account, role) }
	}
	remove := func(scope, account string) change {
		return func(ctx context.Context, tx *Tx) error { return tx.RemoveMember(ctx, scope, account) }
	}
	forEachDatabase(t, func(t *testing.T, db *DB) {
		write(t, db, account(true, ada), account(true, bob), scope("ori", 0), scope("acme", 1),
			member("ori", ada.ID, "owner"), set("ori", bob.ID, "member"), set("acme", bob.ID, "owner"))
		count := func(scope, role string, want int64) {
			t.Helper()
			n, err := db.Reader().CountMembers(t.Context(), scope, role)
			must(t, err)
			equal(t, role+"s of "+scope, n, want)
		}
		count("ori", "owner", 1)
		count("ori", "member", 1)
		count("none", "owner", 0)
		write(t, db, set("ori", bob.ID, "owner"), remove("acme", ada.ID))
		count("ori", "owner", 2)
		write(t, db, remove("ori", ada.ID))
		all := map[[2]string]string{}
		must(t, db.Reader().EachMember(t.Context(), func(scope, account, role string) error {
			all[[2]string{scope, account}] = role
			return nil
		}))
		equal(t, "members", all, map[[2]string]string{{"ori", bob.ID}: "owner", {"acme", bob.ID}: "owner"})
		refuses(t, db, "a member that does not exist", set("ori", "u-nobody", "member"))
	})
}
