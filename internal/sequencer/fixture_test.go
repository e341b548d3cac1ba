package sequencer

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/ori-lang/registry/internal/repotest/pgtest"
	"github.com/ori-lang/registry/internal/store"
	"github.com/ori-lang/registry/translog"
)

// fixture is a log in a folder of its own, which can be closed and opened again.
type fixture struct {
	t        testing.TB
	dir      string
	database string // its URL
	db       *store.DB
	seq      *Sequencer
	tick     int64
	mu       sync.Mutex
}

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// eachDatabase runs test on a new log in every kind of database.
func eachDatabase(t *testing.T, test func(*testing.T, *fixture)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, newFixture(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, newFixtureOn(t, pgtest.URL(t))) })
}

func newFixture(t testing.TB) *fixture { return newFixtureOn(t, "") }

// newFixtureOn makes a log in the database, or for "" in a file of the fixture's own folder.
func newFixtureOn(t testing.TB, database string) *fixture {
	f := &fixture{t: t, dir: t.TempDir(), database: database}
	if database == "" {
		f.database = "sqlite:" + filepath.Join(f.dir, "registry.db")
	}
	f.open()
	t.Cleanup(f.close)
	return f
}

func (f *fixture) now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tick++
	return time.Unix(1_800_000_000+f.tick, 999).UTC()
}

func (f *fixture) options() Options {
	return Options{
		KeyDir: filepath.Join(f.dir, "keys"), Origin: testOrigin, Now: f.now, Rand: rand.Reader,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
}

func (f *fixture) open() {
	f.t.Helper()
	if err := f.tryOpen(); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) tryOpen() (err error) {
	f.t.Helper()
	f.db, err = store.Open(f.t.Context(), f.database)
	if err != nil {
		return err
	}
	f.seq, err = Open(context.WithoutCancel(f.t.Context()), f.db, f.options())
	if err != nil {
		return errors.Join(err, f.db.Close())
	}
	return nil
}

func (f *fixture) close() {
	f.t.Helper()
	if f.seq == nil {
		return
	}
	if err := errors.Join(f.seq.Close(), f.db.Close()); err != nil {
		f.t.Error(err)
	}
	f.seq = nil
}

func claim(n int) *translog.Entry {
	return &translog.Entry{Kind: translog.KindScopeClaim, Scope: fmt.Sprintf("s%d", n), Actor: "u_12345678"}
}

func appending(entries ...*translog.Entry) Change {
	return func(ctx context.Context, tx *Tx) error {
		for _, e := range entries {
			if _, _, err := tx.Append(ctx, e); err != nil {
				return err
			}
		}
		return nil
	}
}

func (f *fixture) submit(entries ...*translog.Entry) {
	f.t.Helper()
	if err := f.seq.Submit(f.t.Context(), appending(entries...)); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) tree() tlog.Tree {
	f.t.Helper()
	text, err := f.seq.Checkpoint(f.t.Context())
	if err != nil {
		f.t.Fatal(err)
	}
	tree, err := f.verifier().OpenCheckpoint(text)
	if err != nil {
		f.t.Fatal(err)
	}
	return tree
}

func (f *fixture) verifier() *translog.Verifier {
	f.t.Helper()
	v, err := translog.NewVerifier(f.seq.VerifierKey())
	if err != nil {
		f.t.Fatal(err)
	}
	return v
}

// Tile makes the fixture a translog.TileSource.
func (f *fixture) Tile(ctx context.Context, t tlog.Tile) ([]byte, error) { return f.seq.Tile(ctx, t) }
