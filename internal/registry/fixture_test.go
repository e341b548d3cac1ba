package registry_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/internal/blob"
	"github.com/ori-lang/registry/internal/registry"
	"github.com/ori-lang/registry/internal/repotest/pgtest"
	"github.com/ori-lang/registry/internal/repotest/sample"
	"github.com/ori-lang/registry/internal/sequencer"
	"github.com/ori-lang/registry/internal/store"
	"github.com/ori-lang/registry/translog"
)

// fixture is a registry in a folder of its own, with a clock that the test moves.
type fixture struct {
	*registry.Registry
	t        testing.TB
	dir      string
	database string // its URL
	keys     string // folder of the log's key and anchor
	blobs    *blob.Dir
	log      *sequencer.Sequencer
	parts    registry.Config // that the registry was made of

	mu  sync.Mutex
	now time.Time
}

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// eachDatabase runs test on a new registry over every kind of database.
func eachDatabase(t *testing.T, test func(*testing.T, *fixture)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, newFixture(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, newFixtureOn(t, pgtest.URL(t))) })
}

func newFixture(t testing.TB) *fixture {
	t.Helper()
	return newFixtureOn(t, "sqlite:"+filepath.Join(t.TempDir(), "registry.db"))
}

func newFixtureOn(t testing.TB, database string) *fixture {
	t.Helper()
	return newFixtureWithKeys(t, database, filepath.Join(t.TempDir(), "keys"))
}

func newFixtureWithKeys(t testing.TB, database, keys string) *fixture {
	t.Helper()
	f := &fixture{t: t, dir: t.TempDir(), database: database, keys: keys, now: time.Date(2026, 11, 23, 18, 6, 31, 0, time.UTC)}
	db, err := store.Open(t.Context(), database)
	must(t, err)
	f.blobs, err = blob.OpenDir(f.dir)
	must(t, err)
	urls, err := api.NewURLs("https://registry.example")
	must(t, err)
	f.log, err = sequencer.Open(context.WithoutCancel(t.Context()), db, sequencer.Options{
		KeyDir: keys, Origin: urls.LogOrigin(), Now: f.clock, Rand: rand.Reader,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	must(t, err)
	f.parts = registry.Config{
		URLs: urls, ServerVersion: "test", DB: db, Log: f.log, Blobs: f.blobs, Now: f.clock, Rand: rand.Reader,
	}
	f.Registry = registry.New(f.parts)
	must(t, f.FillSearch(t.Context()))
	t.Cleanup(func() { must(t, errors.Join(f.log.Close(), db.Close())) })
	return f
}

func (f *fixture) path(name string) string { return filepath.Join(f.dir, name) }

func (f *fixture) clock() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now
}

func (f *fixture) pass(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = f.now.Add(d)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// user makes an account and gives it as an actor.
func (f *fixture) user(login string) registry.Actor {
	f.t.Helper()
	secret, err := f.AddUser(f.t.Context(), login, false)
	must(f.t, err)
	return f.actor(secret)
}

func (f *fixture) actor(secret string) registry.Actor {
	f.t.Helper()
	a, err := f.Authenticate(f.t.Context(), secret)
	must(f.t, err)
	return a
}

// token makes a token of the account and gives it as an actor.
func (f *fixture) token(a registry.Actor, scope api.TokenScope, packages ...string) registry.Actor {
	f.t.Helper()
	f.pass(time.Second)
	created, err := f.CreateToken(f.t.Context(), a, api.NewToken{Name: "test", Scopes: []api.TokenScope{scope}, Packages: packages})
	must(f.t, err)
	return f.actor(created.Secret)
}

// owner makes an account that owns the scope.
func (f *fixture) owner(login, scope string) registry.Actor {
	f.t.Helper()
	a := f.user(login)
	_, _, err := f.ClaimScope(f.t.Context(), a, scope)
	must(f.t, err)
	return a
}

func (f *fixture) stage(content []byte) *registry.Staged {
	f.t.Helper()
	staged, err := f.StageArchive(f.t.Context(), bytes.NewReader(content))
	must(f.t, err)
	f.t.Cleanup(staged.Discard)
	return staged
}

func pkg(name string) ident.Package {
	p, err := ident.ParsePackage(name)
	if err != nil {
		panic(err)
	}
	return p
}

func ref(text string) ident.Ref {
	r, err := ident.ParseRef(text)
	if err != nil {
		panic(err)
	}
	return r
}

func (f *fixture) publish(a registry.Actor, name string, content []byte) (*api.Receipt, error) {
	f.t.Helper()
	staged := f.stage(content)
	defer staged.Discard()
	return f.Publish(f.t.Context(), a, pkg(name), registry.Upload{Archive: staged})
}

func (f *fixture) mustPublish(a registry.Actor, s sample.Package) *api.Receipt {
	f.t.Helper()
	receipt, err := f.publish(a, ref(s.Ref).Package.String(), s.Archive(f.t))
	must(f.t, err)
	return receipt
}

func (f *fixture) logSize() int64 {
	f.t.Helper()
	verifier, err := translog.NewVerifier(f.log.VerifierKey())
	must(f.t, err)
	checkpoint, err := f.Checkpoint(f.t.Context())
	must(f.t, err)
	tree, err := verifier.OpenCheckpoint(checkpoint)
	must(f.t, err)
	return tree.N
}

// wantCode fails unless err is the problem with this code (nil for "").
func wantCode(t testing.TB, what string, err error, code api.Code) {
	t.Helper()
	switch {
	case code == "" && err != nil:
		t.Errorf("%s: %v", what, err)
	case code != "" && !errors.Is(err, code):
		t.Errorf("%s: got %v, want %s", what, err, code)
	}
}

func (f *fixture) fsck() []string {
	f.t.Helper()
	key, shown, err := sequencer.Shown(f.keys)
	must(f.t, err)
	report, err := f.Fsck(f.t.Context(), registry.Fsck{Key: key, Shown: shown, Kept: f.blobs.All})
	must(f.t, err)
	return report.Faults
}

func read(t testing.TB, a *registry.Archive) string {
	t.Helper()
	defer a.Content.Close()
	content, err := io.ReadAll(a.Content)
	must(t, err)
	return string(content)
}
