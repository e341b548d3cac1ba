package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/internal/repotest/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// databases are what every test that asks forEachDatabase runs on. url gives
// the address of a new one, which goes away with the test.
func databases() []database {
	return []database{
		{"sqlite", func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "registry.db") }},
		{"postgres", func(t *testing.T) string { return pgtest.URL(t) }},
	}
}

type database struct {
	name string
	url  func(t *testing.T) string
}

// forEachDatabase runs test on a new database of every kind.
func forEachDatabase(t *testing.T, test func(t *testing.T, db *DB)) {
	t.Helper()
	forEachURL(t, func(t *testing.T, url string) { test(t, open(t, url)) })
}

// forEachURL is forEachDatabase for a test that opens the database itself.
func forEachURL(t *testing.T, test func(t *testing.T, url string)) {
	t.Helper()
	for _, d := range databases() {
		t.Run(d.name, func(t *testing.T) { test(t, d.url(t)) })
	}
}

func open(t *testing.T, url string) *DB {
	t.Helper()
	db, err := Open(t.Context(), url)
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	return db
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// write runs changes in one transaction, which must succeed.
func write(t *testing.T, db *DB, changes ...change) {
	t.Helper()
	must(t, try(t.Context(), db, changes...))
}

type change func(context.Context, *Tx) error

func try(ctx context.Context, db *DB, changes ...change) error {
	return db.Write(ctx, func(tx *Tx) error {
		for _, change := range changes {
			if err := change(ctx, tx); err != nil {
				return err
			}
		}
		return nil
	})
}

// refuses checks that the database itself refuses a change.
func refuses(t *testing.T, db *DB, what string, change change) {
	t.Helper()
	err := try(t.Context(), db, change)
	if err == nil {
		t.Errorf("%s was accepted", what)
	} else if !strings.HasPrefix(err.Error(), "changing the database: ") {
		t.Errorf("%s: %v", what, err)
	}
}

// errorf is err, or a new error when there is none.
func errorf(err error, format string, args ...any) error {
	if err != nil {
		return err
	}
	return fmt.Errorf(format, args...)
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(ident.Package{}, ident.Version{})); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func notFound(t *testing.T, what string, err error) {
	t.Helper()
	if !errors.Is(err, ErrNotFound) {
		t.Errorf("%s: error is %v, want %v", what, err, ErrNotFound)
	}
}

// at gives an instant with microseconds, in another zone than the database's.
func at(seconds int) time.Time {
	return time.Date(2026, 3, 1, 12, 0, seconds, 123_456_000, time.FixedZone("east", 3600))
}

func tile(n int64, data string) change {
	return func(ctx context.Context, tx *Tx) error { return tx.SetTile(ctx, 0, n, []byte(data)) }
}

// tiles gives the numbers of the tiles that are there, of the first hundred.
func tiles(t *testing.T, r *Reader) []int64 {
	t.Helper()
	var there []int64
	for n := range int64(100) {
		_, err := r.Tile(t.Context(), 0, n)
		if err == nil {
			there = append(there, n)
		} else {
			notFound(t, "tile", err)
		}
	}
	return there
}

func TestOpenAgain(t *testing.T) {
	forEachURL(t, func(t *testing.T, url string) {
		first := open(t, url)
		write(t, first, tile(7, "hashes"))
		applied := migrationsOf(t, first)
		if len(applied) == 0 {
			t.Error("no migration is recorded")
		}
		must(t, first.Close())

		second := open(t, url)
		equal(t, "applied migrations", migrationsOf(t, second), applied)
		equal(t, "tiles", tiles(t, second.Reader()), []int64{7})
		must(t, second.Ping(t.Context()))
	})
}

// migrationsOf gives the record of what was applied, and when.
func migrationsOf(t *testing.T, db *DB) (applied []string) {
	t.Helper()
	must(t, db.Reader().rows(t.Context(), func(scan func(...any) error) error {
		var row string
		err := scan(&row)
		applied = append(applied, row)
		return err
	}, `SELECT id || ' ' || version_id || ' ' || tstamp FROM goose_db_version ORDER BY id`))
	return applied
}

// A command beside a server that starts for the first time finds the schema
// half done, or does it for the server.
func TestOpenTogether(t *testing.T) {
	forEachURL(t, openTogether)
}

func openTogether(t *testing.T, url string) {
	var all sync.WaitGroup
	for n := range int64(8) {
		all.Go(func() {
			db, err := Open(t.Context(), url)
			if err != nil {
				t.Error(err)
				return
			}
			if err := errors.Join(try(t.Context(), db, tile(n, "")), db.Close()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	equal(t, "tiles", tiles(t, open(t, url).Reader()), []int64{0, 1, 2, 3, 4, 5, 6, 7})
}

func TestOpenRefuses(t *testing.T) {
	for _, url := range []string{"", "sqlite", "sqlite:", ":", "/var/lib/registry.db", "mysql:x", "postgres://me:secret@host/db", "postgres://me:secret@127.0.0.1:1/db"} {
		db, err := Open(t.Context(), url)
		if err == nil {
			t.Errorf("%q was opened", url)
			must(t, db.Close())
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("the error quotes a secret: %v", err)
		}
	}
}

func TestClosed(t *testing.T) {
	forEachURL(t, func(t *testing.T, url string) {
		db, err := Open(t.Context(), url)
		must(t, err)
		write(t, db, tile(0, ""))
		if _, err := db.Reader().CountTiles(t.Context()); err != nil {
			t.Error(err)
		}
		for range 2 {
			must(t, db.Close())
		}
		if _, err := db.Reader().CountTiles(t.Context()); err == nil || errors.Is(err, ErrNotFound) {
			t.Errorf("a closed database answers %v", err)
		}
		if db.Ping(t.Context()) == nil || try(t.Context(), db, tile(1, "")) == nil {
			t.Error("a closed database works")
		}
	})
}
