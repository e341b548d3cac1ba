package store

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/ori-lang/registry/ident"
)

// numbers counts for much longer than any test waits, and not without end.
const numbers = `WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 100000000) `

func TestContextStopsAQuery(t *testing.T) {
	forEachDatabase(t, func(t *testing.T, db *DB) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		var count int64
		err := db.Reader().row(ctx, []any{&count}, numbers+`SELECT COUNT(*) FROM numbers`)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a long count gave %d, %v", count, err)
		}
		checkReaders(t, db)
	})
}

func TestContextStopsALongAnswer(t *testing.T) {
	forEachDatabase(t, func(t *testing.T, db *DB) {
		ctx, cancel := context.WithCancel(t.Context())
		err := db.Reader().rows(ctx, func(func(...any) error) error {
			cancel()
			return nil
		}, numbers+`SELECT n FROM numbers`)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("a long answer ended with %v", err)
		}
		checkReaders(t, db)
	})
}

func TestContextStopsASnapshot(t *testing.T) {
	forEachDatabase(t, func(t *testing.T, db *DB) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		err := db.Snapshot(ctx, func(snapshot *Reader) error {
			var count int64
			return snapshot.row(ctx, []any{&count}, numbers+`SELECT COUNT(*) FROM numbers`)
		})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a long snapshot ended with %v", err)
		}
		checkReaders(t, db)
	})
}

// checkReaders checks that every connection for reading can be had and works.
func checkReaders(t *testing.T, db *DB) {
	t.Helper()
	for range db.readers.db.Stats().MaxOpenConnections {
		conn, err := db.readers.db.Conn(t.Context())
		must(t, err)
		defer conn.Close()
		var one int
		if err := conn.QueryRowContext(t.Context(), `SELECT 1`).Scan(&one); err != nil || one != 1 {
			t.Errorf("a reader gives %d, %v", one, err)
		}
	}
}

// What visit says ends the reading and comes back as it is.
func TestVisitStops(t *testing.T) {
	forEachDatabase(t, func(t *testing.T, db *DB) {
		write(t, db, func(ctx context.Context, tx *Tx) error {
			return errors.Join(
				tx.SetSubject(ctx, "@ori/a", Subject{1, 0}), tx.SetSubject(ctx, "@ori/b", Subject{1, 1}),
				tx.AddEntry(ctx, LogEntry{Index: 0, Bytes: []byte("0"), Kind: "open"}),
				tx.AddEntry(ctx, LogEntry{Index: 1, Bytes: []byte("1"), Kind: "key"}),
				tx.AddArchive(ctx, ident.Checksum{1}, 1, []byte("1")), tx.AddArchive(ctx, ident.Checksum{2}, 1, []byte("2")),
			)
		})
		stop := errors.New("stop")
		visits := 0
		visit := func() error { visits++; return stop }
		r := db.Reader()
		for name, err := range map[string]error{
			"EachSubject": r.EachSubject(t.Context(), func(string, Subject) error { return visit() }),
			"Entries":     r.Entries(t.Context(), 0, 10, func(int64, []byte) error { return visit() }),
			"EachArchive": r.EachArchive(t.Context(), func(StoredArchive) error { return visit() }),
		} {
			if !errors.Is(err, stop) {
				t.Errorf("%s gave %v", name, err)
			}
		}
		equal(t, "visits", visits, 3)
		checkReaders(t, db)
	})
}

// A statement that a transaction was the first to need is ready for the next.
func TestStatementsAreLearned(t *testing.T) {
	forEachDatabase(t, func(t *testing.T, db *DB) {
		write(t, db, tile(0, ""), tile(1, ""))
		learned := len(db.writer.statements)
		if learned == 0 {
			t.Error("no statement was learned")
		}
		write(t, db, tile(2, ""), tile(3, ""))
		equal(t, "statements of the writer", len(db.writer.statements), learned)
		before := len(db.readers.statements) // the writer's too, where they share a pool
		for range 2 {
			must(t, db.Snapshot(t.Context(), func(r *Reader) error {
				_, err := r.CountTiles(t.Context())
				return err
			}))
			equal(t, "statements of the readers", len(db.readers.statements), before+1)
		}
	})
}

func TestReadersShareStatements(t *testing.T) {
	forEachDatabase(t, func(t *testing.T, db *DB) {
		write(t, db, tile(0, ""))
		before := len(db.readers.statements)
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				for range 10 {
					if n, err := db.Reader().CountTiles(t.Context()); err != nil || n != 1 {
						t.Errorf("CountTiles gave %d, %v", n, err)
					}
				}
			})
		}
		all.Wait()
		equal(t, "statements", len(db.readers.statements), before+1)
	})
}
