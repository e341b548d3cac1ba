package store

import (
	"context"
	"testing"

	"github.com/ori-lang/registry/ident"
)

func scope(name string, index int64) change {
	return func(ctx context.Context, tx *Tx) error {
		return tx.AddScope(ctx, Scope{name, at(5), index}, ident.Fold(name))
	}
}

func member(scope, account, role string) change {
	return func(ctx context.Context, tx *Tx) error { return tx.SetMember(ctx, scope, account, role) }
}

func TestScopes(t *testing.T) {
	forEachDatabase(t, func(t *testing.T, db *DB) {
		write(t, db, scope("ori-lang", 7))
		got, err := db.Reader().Scope(t.Context(), "ori-lang")
		must(t, err)
		equal(t, "scope", *got, Scope{"ori-lang", at(5), 7})
		_, err = db.Reader().Scope(t.Context(), "orilang")
		notFound(t, "scope", err)

		name, err := db.Reader().ScopeByFold(t.Context(), "orilang")
		must(t, err)
		equal(t, "the scope of that fold", name, "ori-lang")
		_, err = db.Reader().ScopeByFold(t.Context(), "ori-lang")
		notFound(t, "fold", err)

		refuses(t, db, "the same scope again", scope("ori-lang", 8))
		refuses(t, db, "a scope of the same fold", scope("or-ilang", 8))
	})
}

func TestMembers(t *testing.T) {
	forEachDatabase(t, func(t *testing.T, db *DB) {
		write(t, db, account(true, bob), account(true, ada), scope("ori", 0), scope("acme", 1), scope("empty", 2),
			member("ori", bob.ID, "owner"), member("ori", ada.ID, "member"), member("acme", ada.ID, "owner"))
		for name, want := range map[string][]Member{
			"ori":   {{ada.ID, "ada", "member"}, {bob.ID, "bob", "owner"}},
			"acme":  {{ada.ID, "ada", "owner"}},
			"empty": nil,
			"none":  nil,
		} {
			members, err := db.Reader().Members(t.Context(), name)
			must(t, err)
			equal(t, "members of "+name, members, want)
		}
		for id, want := range map[string][]ScopeRole{
			ada.ID: {{"acme", "owner"}, {"ori", "member"}}, bob.ID: {{"ori", "owner"}}, "u-nobody": nil,
		} {
			scopes, err := db.Reader().ScopesOf(t.Context(), id)
			must(t, err)
			equal(t, "scopes of "+id, scopes, want)
		}
	})
}

func TestRole(t *testing.T) {
	forEachDatabase(t, func(t *testing.T, db *DB) {
		write(t, db, account(true, ada), account(true, bob), scope("ori", 0), scope("acme", 1), member("ori", ada.ID, "owner"))
		for _, c := range []struct{ scope, account, want string }{
			{"ori", ada.ID, "owner"}, {"ori", bob.ID, ""}, {"acme", ada.ID, ""}, {"none", ada.ID, ""}, {"ori", "ada", ""},
		} {
			role, err := db.Reader().Role(t.Context(), c.scope, c.account)
			must(t, err)
			equal(t, "role of "+c.account+" in "+c.scope, role, c.want)
		}
		refuses(t, db, "a member that does not exist", member("ori", "u-nobody", "member"))
		refuses(t, db, "a member of no scope", member("none", ada.ID, "member"))
	})
}
