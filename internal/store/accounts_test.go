package store

import (
	"context"
	"testing"
	"time"
)

var (
	ada  = Account{ID: "u-ada", Login: "ada", Operator: true, CreatedAt: at(1)}
	bob  = Account{ID: "u-bob", Login: "bob", CreatedAt: at(2)}
	full = Token{
		ID: "t-1", Account: ada.ID, Name: "my “laptop”", Hash: [32]byte{1}, Prefix: "ori_abcdef", Scopes: []string{"publish", "read"},
		Packages: []string{"@ori/*", "@acme/http"}, CreatedAt: at(3), ExpiresAt: at(30),
	}
)

func account(want bool, a Account) change {
	return func(ctx context.Context, tx *Tx) error {
		if added, err := tx.AddAccount(ctx, a); err != nil || added != want {
			return errorf(err, "adding the account %s gave %t", a.ID, added)
		}
		return nil
	}
}

func token(token Token) change {
	return func(ctx context.Context, tx *Tx) error { return tx.AddToken(ctx, token) }
}

func revoke(id string, at time.Time) change {
	return func(ctx context.Context, tx *Tx) error { return tx.RevokeToken(ctx, id, at) }
}

func touch(id string, at time.Time) change {
	return func(ctx context.Context, tx *Tx) error { return tx.TouchToken(ctx, id, at) }
}

func TestAccounts(t *testing.T) {
	forEachDatabase(t, func(t *testing.T, db *DB) {
		write(t, db, account(true, ada), account(true, bob))
		for _, want := range []Account{ada, bob} {
			byLogin, err := db.Reader().AccountByLogin(t.Context(), want.Login)
			must(t, err)
			byID, err := db.Reader().AccountByID(t.Context(), want.ID)
			must(t, err)
			equal(t, "by login", *byLogin, want)
			equal(t, "by id", *byID, want)
			equal(t, "zone", byID.CreatedAt.Location().String(), "UTC")
		}
		for _, nobody := range []string{"", "eve", "ADA", "ad", "a%", "u-ada"} {
			_, err := db.Reader().AccountByLogin(t.Context(), nobody)
			notFound(t, nobody, err)
		}
		_, err := db.Reader().AccountByID(t.Context(), "ada")
		notFound(t, "id", err)
	})
}

func TestLoginIsTaken(t *testing.T) {
	forEachDatabase(t, func(t *testing.T, db *DB) {
		write(t, db, account(true, ada))
		write(t, db, account(false, Account{ID: "u-2", Login: "ada", CreatedAt: at(9)}))
		kept, err := db.Reader().AccountByLogin(t.Context(), "ada")
		must(t, err)
		equal(t, "account", *kept, ada)
		refuses(t, db, "an account with the same id", account(true, Account{ID: "u-ada", Login: "eve"}))
	})
}

func TestTokens(t *testing.T) {
	least := Token{ID: "t-2", Account: bob.ID, Hash: [32]byte{2}, Scopes: []string{"read"}, Packages: []string{}, CreatedAt: at(4), ExpiresAt: at(5)}
	forEachDatabase(t, func(t *testing.T, db *DB) {
		write(t, db, account(true, ada), account(true, bob), token(full), token(least))
		for want, holder := range map[*Token]Account{&full: ada, &least: bob} {
			byHash, account, err := db.Reader().TokenByHash(t.Context(), want.Hash)
			must(t, err)
			byID, err := db.Reader().TokenByID(t.Context(), want.ID)
			must(t, err)
			equal(t, "by hash", byHash, want)
			equal(t, "by id", byID, want)
			equal(t, "account", *account, holder)
		}
		_, _, err := db.Reader().TokenByHash(t.Context(), [32]byte{3})
		notFound(t, "hash", err)
		_, err = db.Reader().TokenByID(t.Context(), "t-3")
		notFound(t, "id", err)
	})
}

func TestTokenIsRefused(t *testing.T) {
	forEachDatabase(t, func(t *testing.T, db *DB) {
		write(t, db, account(true, ada), token(full))
		other := full
		other.Hash = [32]byte{9}
		refuses(t, db, "a second token with the same id", token(other))
		other.ID, other.Hash = "t-9", full.Hash
		refuses(t, db, "a second token with the same secret", token(other))
		other.Hash, other.Account = [32]byte{9}, "u-nobody"
		refuses(t, db, "a token of nobody", token(other))
	})
}

// A revoked token is still known, so that the reason can be said, and no
// longer listed.
func TestRevokedAndTouched(t *testing.T) {
	forEachDatabase(t, func(t *testing.T, db *DB) {
		write(t, db, account(true, ada), token(full))
		write(t, db, touch("t-1", at(10)), touch("t-1", at(11)), revoke("t-1", at(12)), revoke("t-1", at(13)))
		want := full
		used, gone := at(11), at(12)
		want.LastUsedAt, want.RevokedAt = &used, &gone
		byHash, _, err := db.Reader().TokenByHash(t.Context(), full.Hash)
		must(t, err)
		equal(t, "by hash", *byHash, want)
		byID, err := db.Reader().TokenByID(t.Context(), "t-1")
		must(t, err)
		equal(t, "by id", *byID, want)
		wantTokens(t, db, ada.ID)
		write(t, db, touch("t-none", at(1)), revoke("t-none", at(1)))
	})
}

func wantTokens(t *testing.T, db *DB, account string, want ...string) {
	t.Helper()
	tokens, err := db.Reader().TokensOf(t.Context(), account)
	must(t, err)
	equal(t, "tokens of "+account, ids(tokens), want)
}

func ids(tokens []Token) (ids []string) {
	for _, token := range tokens {
		ids = append(ids, token.ID)
	}
	return ids
}

func TestListsOfTokens(t *testing.T) {
	forEachDatabase(t, func(t *testing.T, db *DB) {
		write(t, db, account(true, ada), account(true, bob))
		for i, row := range []struct {
			id, account, prefix string
			second              int
		}{{"t-b", ada.ID, "ori_1", 2}, {"t-c", ada.ID, "ori_2", 1}, {"t-a", ada.ID, "ori_2", 2}, {"t-d", bob.ID, "ori_1", 0}, {"t-e", ada.ID, "ori_1", 0}} {
			write(t, db, token(Token{
				ID: row.id, Account: row.account, Prefix: row.prefix, Hash: [32]byte{byte(i)}, CreatedAt: at(row.second), ExpiresAt: at(60),
			}))
		}
		write(t, db, revoke("t-e", at(3)))
		wantTokens(t, db, ada.ID, "t-c", "t-a", "t-b")
		wantTokens(t, db, bob.ID, "t-d")
		wantTokens(t, db, "u-nobody")
		for prefix, want := range map[string][]string{"ori_1": {"t-b", "t-d"}, "ori_2": {"t-a", "t-c"}, "ori_": nil, "ORI_1": nil, "": nil} {
			tokens, err := db.Reader().TokensByPrefix(t.Context(), prefix)
			must(t, err)
			equal(t, "tokens that start with "+prefix, ids(tokens), want)
		}
	})
}
