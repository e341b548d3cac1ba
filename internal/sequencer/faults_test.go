package sequencer

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/internal/store"
)

// execute changes the database behind the back of the sequencer.
func (f *fixture) execute(text string, args ...any) {
	f.t.Helper()
	raw, err := sql.Open("sqlite", filepath.Join(f.dir, "registry.db"))
	if err != nil {
		f.t.Fatal(err)
	}
	defer raw.Close()
	if _, err := raw.Exec(text, args...); err != nil {
		f.t.Fatal(err)
	}
}

// A database that is set back while the server runs (a failover that lost
// commits, a backup put in place) must not fork the log: nothing is taken as
// done, and no other tree is signed.
func TestDatabaseSetBackUnderARunningServer(t *testing.T) {
	for name, setBack := range map[string]func(f *fixture, old *store.LogState, tile []byte){
		"to an older log": func(f *fixture, old *store.LogState, tile []byte) {
			f.execute(`DELETE FROM log_entry WHERE idx >= $1`, old.Size)
			f.execute(`DELETE FROM log_subject WHERE idx >= $1`, old.Size)
			f.execute(`UPDATE log_state SET size = $1, root = $2`, old.Size, old.Root[:])
			f.execute(`UPDATE log_tile SET data = $1`, tile)
		},
		"to no log": func(f *fixture, _ *store.LogState, _ []byte) {
			for _, table := range []string{"log_entry", "log_subject", "log_tile"} {
				f.execute("DELETE FROM " + table)
			}
			f.execute(`UPDATE log_state SET size = 0`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.submit(claim(1))
			old, err := f.db.Reader().LogState(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			tile, err := f.db.Reader().Tile(t.Context(), 0, 0)
			if err != nil {
				t.Fatal(err)
			}
			f.submit(claim(2), claim(3))
			shown := f.tree()
			setBack(f, old, tile)
			for n := range 4 { // more than was lost
				if err := f.seq.Submit(t.Context(), appending(claim(10+n))); !errors.Is(err, api.ReadOnly) {
					t.Errorf("a change gave %v", err)
				}
			}
			if err := f.seq.CheckDatabase(t.Context()); !errors.Is(err, api.ReadOnly) {
				t.Errorf("the database is %v", err)
			}
			if head := f.seq.head.Load(); head.Tree != shown {
				t.Errorf("%v was shown, and now %v", shown, head.Tree)
			}
		})
	}
}

// What a change was refused for may be the work of another change of its
// group; when that group fails it is not true.
func TestRefusalsOfAFailedGroupAreNotTold(t *testing.T) {
	eachDatabase(t, testRefusalsOfAFailedGroupAreNotTold)
}

func testRefusalsOfAFailedGroupAreNotTold(t *testing.T, f *fixture) {
	claimed := func(ctx context.Context, tx *Tx) error {
		if s, err := tx.Subject(ctx, claim(1).Subject()); err != nil || s.Seq > 0 {
			return errors.Join(err, api.ScopeTaken)
		}
		return nil
	}
	losing := func(_ context.Context, tx *Tx) error { tx.Rollback(); return nil }
	var group []*waiting
	for _, change := range []Change{appending(claim(1)), claimed, losing} {
		group = append(group, &waiting{ctx: t.Context(), change: change, done: make(chan error, 1)})
	}
	if err := f.seq.Close(); err != nil { // so that the group is this one
		t.Fatal(err)
	}
	for _, w := range group[1:] {
		f.seq.queue <- w
	}
	f.seq.runGroup(t.Context(), group[0])
	for i, w := range group {
		if err := <-w.done; !errors.Is(err, api.Unavailable) {
			t.Errorf("change %d gave %v", i, err)
		}
	}
}

// A commit whose outcome is unclear took place also when another server has
// grown the log since.
func TestUnclearCommitThatOthersGrewOn(t *testing.T) {
	eachDatabase(t, testUnclearCommitThatOthersGrewOn)
}

func testUnclearCommitThatOthersGrewOn(t *testing.T, f *fixture) {
	f.submit(claim(1))
	ours := f.tree()
	f.submit(claim(2))
	tx, err := f.db.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tx.Rollback() // so that Commit fails
	if err := f.seq.settle(t.Context(), tx, ours); err != nil {
		t.Error(err)
	}
	if err := f.seq.tookPlace(t.Context(), tlog.Tree{N: ours.N + 5}); !errors.Is(err, errForeign) {
		t.Errorf("a tree larger than the log: %v", err)
	}
}

// A commit that did not take place, on a full disk say, is no database that was set back.
func TestFailedCommitIsNotTakenForASetBack(t *testing.T) {
	eachDatabase(t, testFailedCommitIsNotTakenForASetBack)
}

func testFailedCommitIsNotTakenForASetBack(t *testing.T, f *fixture) {
	f.submit(claim(1))
	tx, err := f.db.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tx.Rollback() // so that Commit fails
	err = f.seq.settle(t.Context(), tx, tlog.Tree{N: f.tree().N + 1})
	if err == nil || errors.Is(err, errForeign) {
		t.Errorf("settling gave %v", err)
	}
}

// A tree that cannot be shown is the reason that the start gives.
func TestStartNamesWhyTheTreeIsNotShown(t *testing.T) {
	f := newFixture(t)
	f.close()
	f.execute(`UPDATE log_state SET size = 2`)
	err := f.tryOpen()
	f.seq = nil
	if err == nil || !strings.Contains(err.Error(), errShortTile.Error()) {
		t.Errorf("starting gave %v", err)
	}
}

// A registry whose database was replaced by an empty one says what it lacks.
func TestCheckpointOfAnEmptyDatabase(t *testing.T) {
	f := newFixture(t)
	f.close()
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.RemoveAll(filepath.Join(f.dir, "registry.db"+suffix)); err != nil {
			t.Fatal(err)
		}
	}
	f.open()
	f.checkReadOnly("an older state was put back")
}

func TestAPanicInAChangeEndsOnlyItsGroup(t *testing.T) {
	eachDatabase(t, testAPanicInAChangeEndsOnlyItsGroup)
}

func testAPanicInAChangeEndsOnlyItsGroup(t *testing.T, f *fixture) {
	err := f.seq.Submit(t.Context(), func(ctx context.Context, tx *Tx) error {
		if _, _, err := tx.Append(ctx, claim(1)); err != nil {
			return err
		}
		panic("a bug")
	})
	if !errors.Is(err, api.Unavailable) {
		t.Errorf("the change gave %v", err)
	}
	f.submit(claim(1))
	if n := f.tree().N; n != 2 {
		t.Errorf("the tree has %d entries", n)
	}
}

// A change that has begun goes on when its submitter leaves: an interrupted
// statement would take back the whole group.
func TestASubmitterThatLeavesInterruptsNothing(t *testing.T) {
	eachDatabase(t, testASubmitterThatLeavesInterruptsNothing)
}

func testASubmitterThatLeavesInterruptsNothing(t *testing.T, f *fixture) {
	ctx, leave := context.WithCancel(t.Context())
	err := f.seq.Submit(ctx, func(ctx context.Context, tx *Tx) error {
		leave()
		return appending(claim(1))(ctx, tx)
	})
	if err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("the change gave %v", err)
	}
	f.submit(claim(2))
	if n := f.tree().N; n != 3 {
		t.Errorf("the tree has %d entries", n)
	}
}
