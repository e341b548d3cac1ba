package store

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/ori-lang/registry/internal/repotest/pgtest"
)

func TestWrite(t *testing.T) {
	forEachDatabase(t, func(t *testing.T, db *DB) {
		write(t, db, tile(0, ""), tile(1, ""))
		stop := errors.New("stop")
		err := try(t.Context(), db, tile(2, ""), func(context.Context, *Tx) error { return stop })
		if !errors.Is(err, stop) {
			t.Errorf("Write gave %v", err)
		}
		equal(t, "tiles", tiles(t, db.Reader()), []int64{0, 1})
	})
}

// A panic that somebody recovers must not leave the transaction open: nobody
// else could write any more.
func TestWriteThatPanics(t *testing.T) {
	forEachDatabase(t, func(t *testing.T, db *DB) {
		func() {
			defer func() {
				if recover() != "stop" {
					t.Error("Write swallowed the panic")
				}
			}()
			_ = try(t.Context(), db, tile(0, ""), func(context.Context, *Tx) error { panic("stop") })
		}()
		write(t, db, tile(1, ""))
		equal(t, "tiles", tiles(t, db.Reader()), []int64{1})
	})
}

func TestTransaction(t *testing.T) {
	forEachDatabase(t, func(t *testing.T, db *DB) {
		tx, err := db.Begin(t.Context())
		must(t, err)
		must(t, tx.SetTile(t.Context(), 0, 0, nothing()))
		equal(t, "tiles within", tiles(t, &tx.Reader), []int64{0})
		equal(t, "tiles outside", tiles(t, db.Reader()), []int64(nil))
		must(t, tx.Commit())
		equal(t, "tiles", tiles(t, db.Reader()), []int64{0})
		tx.Rollback() // does nothing any more
		equal(t, "tiles", tiles(t, db.Reader()), []int64{0})
		if tx.Commit() == nil {
			t.Error("a second Commit succeeded")
		}

		tx, err = db.Begin(t.Context())
		must(t, err)
		must(t, tx.SetTile(t.Context(), 0, 1, nothing()))
		for range 2 {
			tx.Rollback()
		}
		if tx.Commit() == nil {
			t.Error("a Commit after Rollback succeeded")
		}
		equal(t, "tiles", tiles(t, db.Reader()), []int64{0})
	})
}

// nothing is an empty value that is not null.
func nothing() []byte { return []byte{} }

func TestTransactionWhoseContextEnds(t *testing.T) {
	forEachDatabase(t, func(t *testing.T, db *DB) {
		ctx, cancel := context.WithCancel(t.Context())
		tx, err := db.Begin(ctx)
		must(t, err)
		must(t, tx.SetTile(ctx, 0, 0, nothing()))
		cancel()
		if err := tx.Commit(); err == nil {
			t.Error("it was committed")
		}
		tx.Rollback()
		write(t, db, tile(1, ""))
		equal(t, "tiles", tiles(t, db.Reader()), []int64{1})
	})
}

func TestSavepoint(t *testing.T) {
	savepoint, release, back := (*Tx).Savepoint, (*Tx).Release, (*Tx).RollbackToSavepoint
	call := func(f func(*Tx, context.Context) error) change {
		return func(ctx context.Context, tx *Tx) error { return f(tx, ctx) }
	}
	collide := func(ctx context.Context, tx *Tx) error {
		if tx.AddEntry(ctx, LogEntry{Index: 0, Bytes: []byte("0"), Kind: "key"}) == nil {
			return errors.New("a second entry with the same index was accepted")
		}
		return nil
	}
	cases := map[string]struct {
		changes []change
		want    []int64
	}{
		"released":         {[]change{tile(0, ""), call(savepoint), tile(1, ""), call(release), tile(2, "")}, []int64{0, 1, 2}},
		"rolled back":      {[]change{tile(0, ""), call(savepoint), tile(1, ""), tile(2, ""), call(back), tile(3, "")}, []int64{0, 3}},
		"after a failure":  {[]change{tile(0, ""), call(savepoint), tile(1, ""), collide, call(back), tile(3, "")}, []int64{0, 3}},
		"left open":        {[]change{tile(0, ""), call(savepoint), tile(1, "")}, []int64{0, 1}},
		"one after other":  {[]change{call(savepoint), tile(0, ""), call(back), call(savepoint), tile(1, ""), call(release), call(savepoint), tile(2, ""), call(back)}, []int64{1}},
		"nothing happened": {[]change{call(savepoint), call(release), call(savepoint), call(back)}, nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			forEachDatabase(t, func(t *testing.T, db *DB) {
				write(t, db, func(ctx context.Context, tx *Tx) error {
					return tx.AddEntry(ctx, LogEntry{Index: 0, Bytes: []byte("0"), Kind: "open"})
				})
				write(t, db, c.changes...)
				equal(t, "tiles", tiles(t, db.Reader()), c.want)
			})
		})
	}
}

func TestSavepointThatIsNotThere(t *testing.T) {
	forEachDatabase(t, func(t *testing.T, db *DB) {
		refuses(t, db, "a release", func(ctx context.Context, tx *Tx) error { return tx.Release(ctx) })
		refuses(t, db, "a rollback", func(ctx context.Context, tx *Tx) error { return tx.RollbackToSavepoint(ctx) })
	})
}

func TestSnapshot(t *testing.T) {
	forEachDatabase(t, func(t *testing.T, db *DB) {
		write(t, db, tile(0, ""))
		must(t, db.Snapshot(t.Context(), func(snapshot *Reader) error {
			equal(t, "tiles before", tiles(t, snapshot), []int64{0})
			write(t, db, tile(1, ""))
			equal(t, "tiles in the snapshot", tiles(t, snapshot), []int64{0})
			equal(t, "tiles outside", tiles(t, db.Reader()), []int64{0, 1})
			return nil
		}))
		stop := errors.New("stop")
		if err := db.Snapshot(t.Context(), func(*Reader) error { return stop }); !errors.Is(err, stop) {
			t.Errorf("Snapshot gave %v", err)
		}
		must(t, db.Snapshot(t.Context(), func(snapshot *Reader) error {
			equal(t, "tiles in the next one", tiles(t, snapshot), []int64{0, 1})
			return nil
		}))
	})
}

// Writers of one log, in one process or several, follow one another: none
// overwrites what another did.
func TestLockLog(t *testing.T) {
	forEachURL(t, func(t *testing.T, url string) {
		const writers, rounds = 3, 5
		db := open(t, url)
		grow := func(ctx context.Context, tx *Tx) error {
			state, err := tx.LockLog(ctx)
			if err != nil {
				return err
			}
			state.Size++
			return tx.SetLogState(ctx, *state)
		}
		write(t, db, func(ctx context.Context, tx *Tx) error { return tx.SetLogState(ctx, LogState{Origin: "test"}) })
		var all sync.WaitGroup
		for range writers {
			other := open(t, url)
			all.Go(func() {
				for _, server := range slices.Repeat([]*DB{db, other}, rounds) {
					if err := try(t.Context(), server, grow); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		state, err := db.Reader().LogState(t.Context())
		must(t, err)
		equal(t, "size", state.Size, int64(2*writers*rounds))
	})
}

// Two writers that decide by the same reading do not both go through: the one
// that comes later decides again. SQLite has one writer at a time anyway.
func TestWriteIsAsIfAlone(t *testing.T) {
	db := open(t, pgtest.URL(t))
	firstCome := func(n int64, then func()) change {
		return func(ctx context.Context, tx *Tx) error {
			if len(tiles(t, &tx.Reader)) > 0 {
				return nil
			}
			then()
			return tile(n, "")(ctx, tx)
		}
	}
	overtake := sync.OnceFunc(func() { write(t, db, firstCome(1, func() {})) })
	write(t, db, firstCome(0, overtake))
	equal(t, "tiles", tiles(t, db.Reader()), []int64{1})
}
