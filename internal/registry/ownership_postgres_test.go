package registry_test

import (
	"testing"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/internal/repotest/pgtest"
	"github.com/ori-lang/registry/internal/repotest/sample"
	"github.com/ori-lang/registry/internal/store"
)

// On PostgreSQL an acceptance can have read an offer that is then taken back
// before it is accepted. The acceptance must notice.
func TestOffersTakenBackUnderTheAcceptance(t *testing.T) {
	f := newFixtureOn(t, pgtest.URL(t))
	ada, bob := f.owner("ada", "acme"), f.user("bob")
	f.mustPublish(ada, sample.Package{Ref: "@acme/http@1.0.0"})
	offer := f.offer(ada, bob, "@acme/http")
	_, _, err := f.SetMember(t.Context(), ada, "acme", "bob", api.Owner)
	must(t, err)
	size := f.logSize()
	for _, test := range []struct {
		what     string
		takeBack func(*store.Tx) (bool, error)
		blocked  string // the statement of the acceptance that waits
		accept   func() error
		code     api.Code
	}{
		{
			"transfer",
			func(tx *store.Tx) (bool, error) { return tx.EndTransfer(t.Context(), offer.ID, "cancelled") },
			"UPDATE transfer %",
			func() error { _, err := f.AcceptTransfer(t.Context(), bob, pkg("@acme/http")); return err },
			api.TransferNotFound,
		},
		{
			"invitation",
			func(tx *store.Tx) (bool, error) {
				return tx.EndInvitation(t.Context(), "acme", bob.AccountID(), "cancelled")
			},
			"UPDATE invitation %",
			func() error { _, err := f.AcceptInvitation(t.Context(), bob, "acme", "bob"); return err },
			api.NotFound,
		},
	} {
		db, err := store.Open(t.Context(), f.database)
		must(t, err)
		tx, err := db.Begin(t.Context())
		must(t, err)
		if ended, err := test.takeBack(tx); err != nil || !ended {
			t.Fatalf("%s: taken back: %v (%v)", test.what, ended, err)
		}
		answer := make(chan error, 1)
		go func() { answer <- test.accept() }()
		f.awaitLock(test.blocked, answer)
		must(t, tx.Commit())
		wantCode(t, test.what, <-answer, test.code)
		must(t, db.Close())
	}
	f.grew("all of it", size, 0)
	f.wantSound()
}

// awaitLock returns when a statement like this waits for a lock, or when there
// is an answer already.
func (f *fixture) awaitLock(statement string, answer chan error) {
	f.t.Helper()
	db := f.behind()
	defer db.Close()
	for waiting := 0; waiting == 0 && len(answer) == 0; {
		must(f.t, db.QueryRowContext(f.t.Context(),
			`SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE $1`, statement).Scan(&waiting))
	}
}
