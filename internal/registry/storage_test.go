package registry_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/internal/registry"
	"github.com/ori-lang/registry/internal/repotest/sample"
)

// A disk or database that takes or gives nothing is unavailable, and the error
// that goes to the log says why.
func TestStorageFaults(t *testing.T) {
	large := sample.Package{Ref: "@acme/http@1.0.0", Noise: 100 << 10}
	publish := func(f *fixture, a registry.Actor) error {
		staged, err := f.StageArchive(f.t.Context(), strings.NewReader(string(large.Archive(f.t))))
		if err != nil {
			return err
		}
		defer staged.Discard()
		_, err = f.Publish(f.t.Context(), a, pkg("@acme/http"), registry.Upload{Archive: staged})
		return err
	}
	token := func(f *fixture, a registry.Actor) error {
		_, err := f.CreateToken(f.t.Context(), a, api.NewToken{Name: "ci", Scopes: []api.TokenScope{api.Read}})
		return err
	}
	advise := func(f *fixture, _ registry.Actor) error {
		_, _, err := f.file(f.operator("root"), f.record("x_ORI-2026-0001", affects("@acme/http", `{"introduced":"0"}`)), false)
		return err
	}
	noSpace := func(table string) func(*fixture, registry.Actor) {
		return func(f *fixture, _ registry.Actor) {
			f.tamper(`CREATE TRIGGER no_space BEFORE INSERT ON ` + table + ` BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END`)
		}
	}
	for name, test := range map[string]struct {
		spoil func(*fixture, registry.Actor)
		call  func(*fixture, registry.Actor) error
		want  string // in the text for the log
	}{
		"incoming": {func(f *fixture, _ registry.Actor) { must(f.t, os.RemoveAll(f.path("incoming"))) }, publish, "creating upload: "},
		"archives": {func(f *fixture, _ registry.Actor) {
			must(f.t, os.RemoveAll(f.path("archives")))
			must(f.t, os.WriteFile(f.path("archives"), nil, 0o600))
		}, publish, "not a directory"},
		"missing archive": {func(f *fixture, a registry.Actor) {
			must(f.t, publish(f, a))
			files, err := filepath.Glob(f.path("archives/*/*"))
			must(f.t, err)
			must(f.t, os.Remove(files[0]))
		}, func(f *fixture, _ registry.Actor) error {
			_, err := f.Archive(f.t.Context(), ref("@acme/http@1.0.0"))
			return err
		}, "no such file"},
		"advisory": {noSpace("advisory"), advise, "disk is full"},
		"database": {noSpace("token"), token, "disk is full"},
		"log":      {noSpace("log_entry"), publish, "disk is full"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			ada := f.owner("ada", "acme")
			test.spoil(f, ada)
			err := test.call(f, ada)
			wantCode(t, name, err, api.Unavailable)
			problem, ok := errors.AsType[*api.Problem](err)
			if !ok || !strings.Contains(problem.Detail, "the registry cannot ") || strings.Contains(problem.Detail, test.want) {
				t.Errorf("the client is told %v", problem)
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("the log is told %v, want %q", err, test.want)
			}
		})
	}
}

// A registry that is read-only changes nothing at all.
func TestReadOnlyChangesNothing(t *testing.T) {
	whole := newFixture(t)
	secret, err := whole.AddUser(t.Context(), "ada", false)
	must(t, err)
	must(t, whole.log.Close())
	must(t, os.Remove(filepath.Join(whole.keys, "log.anchor")))
	f := newFixtureWithKeys(t, whole.database, whole.keys)
	ada := f.actor(secret)
	me, err := f.Me(t.Context(), ada)
	must(t, err)
	_, err = f.CreateToken(t.Context(), ada, api.NewToken{Name: "ci", Scopes: []api.TokenScope{api.Read}})
	wantCode(t, "CreateToken", err, api.ReadOnly)
	wantCode(t, "RevokeToken", f.RevokeToken(t.Context(), ada, me.Token.ID), api.ReadOnly)
	_, err = f.RevokeAnyToken(t.Context(), me.Token.ID)
	wantCode(t, "RevokeAnyToken", err, api.ReadOnly)
	_, err = f.AddUser(t.Context(), "eve", false)
	wantCode(t, "AddUser", err, api.ReadOnly)
	_, err = f.AddToken(t.Context(), "ada", api.Admin)
	wantCode(t, "AddToken", err, api.ReadOnly)
}

// A database that was set back does not know of all archives, so none is
// deleted by it: the newest, put back, must find its own.
func TestSweepWithAnOlderDatabase(t *testing.T) {
	whole := newFixture(t)
	ada := whole.owner("ada", "acme")
	old, err := whole.parts.DB.Reader().LogState(t.Context())
	must(t, err)
	digits := whole.mustPublish(ada, sample.Package{Ref: "@acme/http@1.0.0", Noise: 100 << 10}).Checksum.Hex()
	whole.tamper(`DELETE FROM version`)
	whole.tamper(`DELETE FROM archive`)
	whole.tamper(fmt.Sprintf(`UPDATE log_state SET size = %d, root = x'%x'`, old.Size, old.Root[:]))

	wantKept := func(when string, f *fixture) {
		t.Helper()
		if err := whole.blobs.Sweep(t.Context(), f.OwnsArchive); err == nil {
			t.Errorf("%s: the sweep went through", when)
		}
		if _, err := os.Stat(whole.path(filepath.Join("archives", digits[:2], digits))); err != nil {
			t.Errorf("%s: %v", when, err)
		}
	}
	wantKept("under a running server", whole)
	wantCode(t, "Ready", whole.Ready(t.Context()), api.ReadOnly)
	_, err = whole.AddToken(t.Context(), "ada", api.Read)
	wantCode(t, "AddToken", err, api.ReadOnly)
	must(t, whole.log.Close())
	wantKept("at a start", newFixtureWithKeys(t, whole.database, whole.keys))
}
