package registry_test

import (
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/internal/registry"
	"github.com/ori-lang/registry/internal/repotest/sample"
	"github.com/ori-lang/registry/internal/store"
	"github.com/ori-lang/registry/translog"
)

// What the tests of members and of transfers share.

func (f *fixture) login(a registry.Actor) string {
	f.t.Helper()
	me, err := f.Me(f.t.Context(), a)
	must(f.t, err)
	return me.User.Login
}

// ended gives an actor whose token was revoked after it was shown.
func (f *fixture) ended(a registry.Actor) registry.Actor {
	f.t.Helper()
	token := f.token(a, api.Admin)
	me, err := f.Me(f.t.Context(), token)
	must(f.t, err)
	must(f.t, f.RevokeToken(f.t.Context(), token, me.Token.ID))
	return token
}

// enter makes an account a member of a scope on the word of an owner.
func (f *fixture) enter(owner, a registry.Actor, scope string, role api.Role) {
	f.t.Helper()
	_, _, err := f.SetMember(f.t.Context(), owner, scope, f.login(a), role)
	must(f.t, err)
	_, err = f.AcceptInvitation(f.t.Context(), a, scope, f.login(a))
	must(f.t, err)
}

// offer offers a package to an account.
func (f *fixture) offer(a, to registry.Actor, name string) *api.Transfer {
	f.t.Helper()
	offer, _, err := f.OfferTransfer(f.t.Context(), a, pkg(name), f.login(to))
	must(f.t, err)
	return offer
}

// lastEntry is the newest of the log.
func (f *fixture) lastEntry() *translog.Entry {
	f.t.Helper()
	size := f.logSize()
	tile := tlog.Tile{H: translog.TileHeight, L: -1, N: 0, W: int(size)}
	data, err := f.Tile(f.t.Context(), tile)
	must(f.t, err)
	entries, err := translog.ReadBundle(data, tile.W)
	must(f.t, err)
	e, err := translog.ParseEntry(entries[size-1])
	must(f.t, err)
	return e
}

// grew fails unless the log grew by so many entries since it had the size.
func (f *fixture) grew(what string, since, by int64) {
	f.t.Helper()
	if grown := f.logSize() - since; grown != by {
		f.t.Errorf("%s: the log grew by %d, want %d", what, grown, by)
	}
}

func (f *fixture) members(scope string) map[string]api.Role {
	f.t.Helper()
	s, err := f.Scope(f.t.Context(), scope)
	must(f.t, err)
	members := map[string]api.Role{}
	for _, m := range s.Members {
		members[m.Login] = m.Role
	}
	return members
}

func (f *fixture) inbox(a registry.Actor) (transfers, invitations int) {
	f.t.Helper()
	inbox, err := f.Inbox(f.t.Context(), a)
	must(f.t, err)
	for _, t := range inbox.Transfers {
		if t.Status != api.Pending || t.To != f.login(a) {
			f.t.Errorf("in the inbox is %+v", t)
		}
	}
	for _, i := range inbox.Invitations {
		if i.Status != api.Pending || i.Login != f.login(a) {
			f.t.Errorf("in the inbox is %+v", i)
		}
	}
	return len(inbox.Transfers), len(inbox.Invitations)
}

// wantSound fails when fsck finds anything.
func (f *fixture) wantSound() {
	f.t.Helper()
	for _, fault := range f.fsck() {
		f.t.Errorf("fsck: %s", fault)
	}
}

// write changes the database behind the registry's back.
func (f *fixture) write(change func(*store.Tx) error) {
	f.t.Helper()
	db, err := store.Open(f.t.Context(), f.database)
	must(f.t, err)
	defer db.Close()
	must(f.t, db.Write(f.t.Context(), change))
}

// publishes fails unless the account may publish the package, or else is
// answered with the code.
func (f *fixture) publishes(what string, a registry.Actor, ref string, code api.Code) {
	f.t.Helper()
	_, err := f.publish(a, refOf(ref), sample.Package{Ref: ref}.Archive(f.t))
	wantCode(f.t, what, err, code)
}

func refOf(text string) string { return ref(text).Package.String() }

// An inbox that is full shows the oldest, and what is answered makes room.
func TestInboxIsBounded(t *testing.T) { eachDatabase(t, testInboxIsBounded) }

func testInboxIsBounded(t *testing.T, f *fixture) {
	ada, bob := f.owner("ada", "first"), f.user("bob")
	_, _, err := f.SetMember(t.Context(), ada, "first", "bob", api.MemberOfTeam)
	must(t, err)
	for i := range 100 {
		scope := "acme-" + string(rune('a'+i/26)) + string(rune('a'+i%26))
		_, _, err := f.ClaimScope(t.Context(), ada, scope)
		must(t, err)
		_, _, err = f.SetMember(t.Context(), ada, scope, "bob", api.MemberOfTeam)
		must(t, err)
	}
	if _, n := f.inbox(bob); n != 100 {
		t.Errorf("the inbox shows %d of 101 invitations", n)
	}
	_, err = f.DeclineInvitation(t.Context(), bob, "first", "bob")
	must(t, err)
	if _, n := f.inbox(bob); n != 100 {
		t.Errorf("the inbox shows %d of 100 invitations", n)
	}
	_, err = f.Inbox(t.Context(), registry.Actor{})
	wantCode(t, "nobody's inbox", err, api.Unauthenticated)
}
