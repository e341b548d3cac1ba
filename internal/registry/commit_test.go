package registry_test

import (
	"context"
	"testing"
	"time"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/internal/registry"
	"github.com/ori-lang/registry/internal/repotest/sample"
)

// interrupted is a folder of archives with something that happens around the
// keeping of a large one: before it, when a publish has made every check; after
// it, with only the transaction to come; and when the archive is let go.
type interrupted struct {
	registry.Blobs
	before, kept, released func()
}

func (b interrupted) Keep(ctx context.Context, name string, c ident.Checksum) (release func(), err error) {
	b.before()
	letGo, err := b.Blobs.Keep(ctx, name, c)
	b.kept()
	return func() { b.released(); letGo() }, err
}

// around is the registry with such a folder.
func (f *fixture) around(before, kept, released func()) *registry.Registry {
	parts := f.parts
	parts.Blobs = interrupted{f.blobs, before, kept, released}
	return registry.New(parts)
}

func nothing() {}

// What was true when a publish was checked may have ended when it commits: the
// transaction asks everything again, and what it refuses leaves nothing.
func TestWhatChangesBeforeTheCommit(t *testing.T) {
	large := sample.Package{Ref: "@acme/http@1.0.0", Noise: 100 << 10}
	for name, test := range map[string]struct {
		meanwhile func(f *fixture, ada, token registry.Actor)
		want      api.Code
		added     int64 // entries of the log
	}{
		"nothing": {func(*fixture, registry.Actor, registry.Actor) {}, "", 1},
		"the token is revoked": {func(f *fixture, ada, token registry.Actor) {
			me, err := f.Me(f.t.Context(), token)
			must(f.t, err)
			must(f.t, f.RevokeToken(f.t.Context(), ada, me.Token.ID))
		}, api.TokenInvalid, 0},
		"the token is deleted": {func(f *fixture, _, _ registry.Actor) {
			f.tamper(`DELETE FROM token WHERE name = 'test'`)
		}, api.TokenInvalid, 0},
		"the token expires": {func(f *fixture, _, _ registry.Actor) { f.pass(91 * 24 * time.Hour) }, api.TokenExpired, 0},
		"the account leaves the scope": {func(f *fixture, ada, _ registry.Actor) {
			f.enter(ada, f.user("bob"), "acme", api.Owner)
			must(f.t, f.RemoveMember(f.t.Context(), ada, "acme", "ada"))
		}, api.NotOwner, 2},
		"the package gets another owner": {func(f *fixture, ada, _ registry.Actor) {
			bob := f.user("bob")
			f.mustPublish(ada, sample.Package{Ref: "@acme/http@0.9.0"})
			f.offer(ada, bob, "@acme/http")
			_, err := f.AcceptTransfer(f.t.Context(), bob, pkg("@acme/http"))
			must(f.t, err)
		}, api.NotOwner, 2},
		"the version is published with other bytes": {func(f *fixture, ada, _ registry.Actor) {
			f.mustPublish(ada, sample.Package{Ref: large.Ref})
		}, api.VersionExists, 1},
		"the version is published": {func(f *fixture, ada, _ registry.Actor) { f.mustPublish(ada, large) }, "", 1},
		"a similar name is taken": {func(f *fixture, ada, _ registry.Actor) {
			f.mustPublish(ada, sample.Package{Ref: "@acme/ht-tp@1.0.0"})
		}, api.NameTooSimilar, 1},
	} {
		t.Run(name, func(t *testing.T) {
			eachDatabase(t, func(t *testing.T, f *fixture) {
				ada := f.owner("ada", "acme")
				token := f.token(ada, api.Publish)
				staged, before := f.stage(large.Archive(t)), f.logSize()
				r := f.around(func() { test.meanwhile(f, ada, token) }, nothing, nothing)
				_, err := r.Publish(t.Context(), token, pkg("@acme/http"), registry.Upload{Archive: staged})
				wantCode(t, "publishing", err, test.want)
				if added := f.logSize() - before; added != test.added {
					t.Errorf("the log has %d new entries, want %d", added, test.added)
				}
				must(t, f.blobs.Sweep(t.Context(), f.OwnsArchive))
				if faults := f.fsck(); len(faults) > 0 {
					t.Errorf("fsck: %q", faults)
				}
			})
		})
	}
}

// A token that ended since the call began makes no other one.
func TestAnEndedTokenMakesNone(t *testing.T) {
	for name, test := range map[string]struct {
		end  func(*fixture, registry.Actor) error
		want api.Code
	}{
		"revoked": {func(f *fixture, a registry.Actor) error {
			me, err := f.Me(f.t.Context(), a)
			must(f.t, err)
			return f.RevokeToken(f.t.Context(), a, me.Token.ID)
		}, api.TokenInvalid},
		"expired": {func(f *fixture, _ registry.Actor) error { f.pass(91 * 24 * time.Hour); return nil }, api.TokenExpired},
	} {
		t.Run(name, func(t *testing.T) {
			eachDatabase(t, func(t *testing.T, f *fixture) {
				ada := f.user("ada")
				must(t, test.end(f, ada))
				_, err := f.CreateToken(t.Context(), ada, api.NewToken{Name: "ci", Scopes: []api.TokenScope{api.Read}})
				wantCode(t, "making a token", err, test.want)
			})
		})
	}
}

// The sweeper takes an archive that is let go and has no owner: a publish lets
// go of its own when the transaction is over. That it runs to its end is the
// reason why it does so when its client has gone, too.
func TestAnArchiveIsHeldUntilTheCommit(t *testing.T) {
	eachDatabase(t, func(t *testing.T, f *fixture) {
		ada := f.owner("ada", "acme")
		content := sample.Package{Ref: "@acme/http@1.0.0", Noise: 100 << 10}.Archive(t)
		staged := f.stage(content)
		client, leave := context.WithCancel(t.Context())
		var owned []bool
		r := f.around(nothing, leave, func() {
			has, err := f.OwnsArchive(t.Context(), ident.ChecksumOf(content))
			must(t, err)
			owned = append(owned, has)
		})
		_, err := r.Publish(client, ada, pkg("@acme/http"), registry.Upload{Archive: staged})
		if len(owned) != 1 || !owned[0] {
			t.Errorf("when the archive was let go it had an owner: %v; publishing gave %v", owned, err)
		}
	})
}
