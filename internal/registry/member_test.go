package registry_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/internal/registry"
	"github.com/ori-lang/registry/internal/repotest/pgtest"
	"github.com/ori-lang/registry/internal/repotest/sample"
	"github.com/ori-lang/registry/internal/store"
	"github.com/ori-lang/registry/translog"
)

func TestMembers(t *testing.T) { eachDatabase(t, testMembers) }

func testMembers(t *testing.T, f *fixture) {
	ada, bob := f.owner("ada", "acme"), f.user("bob")
	accept := func() (*api.Invitation, error) { return f.AcceptInvitation(t.Context(), bob, "acme", "bob") }
	decline := func() (*api.Invitation, error) { return f.DeclineInvitation(t.Context(), bob, "acme", "bob") }
	set := func(role api.Role) (*api.Invitation, bool) {
		t.Helper()
		i, invited, err := f.SetMember(t.Context(), ada, "acme", "bob", role)
		must(t, err)
		return i, invited
	}
	size := f.logSize()

	_, err := accept()
	wantCode(t, "accepting what was not offered", err, api.NotFound)
	_, err = decline()
	wantCode(t, "declining what was not offered", err, api.NotFound)

	first, invited := set(api.MemberOfTeam)
	if !invited || first.Status != api.Pending || first.Role != api.MemberOfTeam || *first.InvitedBy != "ada" || first.Login != "bob" ||
		first.Scope != "acme" || first.ExpiresAt.Sub(first.CreatedAt.Time) != 14*24*time.Hour {
		t.Errorf("the invitation is %+v, new: %v", first, invited)
	}
	f.pass(time.Hour)
	again, invited := set(api.MemberOfTeam)
	if invited || *again.ExpiresAt != *first.ExpiresAt {
		t.Errorf("the same again gives %+v, new: %v", again, invited)
	}
	if other, invited := set(api.Owner); !invited || other.Role != api.Owner || *other.ExpiresAt == *first.ExpiresAt {
		t.Errorf("another role gives %+v, new: %v", other, invited)
	}
	if _, n := f.inbox(bob); n != 1 {
		t.Errorf("bob's inbox has %d invitations", n)
	}
	if got := f.members("acme"); len(got) != 1 {
		t.Errorf("an invitation made members of %v", got)
	}
	f.publishes("the invited", bob, "@acme/http@1.0.0", api.NotOwner)
	set(api.MemberOfTeam)
	f.grew("inviting", size, 0)

	for range 2 { // again: it stays so
		i, err := accept()
		must(t, err)
		if i.Status != api.Accepted || i.Role != api.MemberOfTeam {
			t.Errorf("accepting gives %+v", i)
		}
	}
	f.grew("accepting", size, 1)
	if e := f.lastEntry(); e.Kind != translog.KindMemberAdd || e.Scope != "acme" || e.Member != bob.AccountID() ||
		e.Role != "member" || e.Actor != ada.AccountID() {
		t.Errorf("the log says %+v", e)
	}
	if _, n := f.inbox(bob); n != 0 {
		t.Errorf("bob's inbox has %d invitations", n)
	}
	if got, want := f.members("acme"), map[string]api.Role{"ada": api.Owner, "bob": api.MemberOfTeam}; !maps.Equal(got, want) {
		t.Errorf("the members are %v", got)
	}
	f.publishes("a member", bob, "@acme/http@1.0.0", "")
	_, err = decline()
	wantCode(t, "declining as a member", err, api.NotFound)

	size = f.logSize()
	for range 2 {
		if i, invited := set(api.Owner); invited || i.Status != api.Accepted || i.Role != api.Owner {
			t.Errorf("another role of a member gives %+v, new: %v", i, invited)
		}
	}
	f.grew("another role", size, 1)
	if e := f.lastEntry(); e.Kind != translog.KindMemberAdd || e.Member != bob.AccountID() || e.Role != "owner" || e.Actor != ada.AccountID() {
		t.Errorf("the log says %+v", e)
	}
	for range 2 {
		must(t, f.RemoveMember(t.Context(), bob, "acme", "ada"))
	}
	f.grew("removing", size, 2)
	if e := f.lastEntry(); e.Kind != translog.KindMemberRemove || e.Member != ada.AccountID() || e.Role != "owner" || e.Actor != bob.AccountID() {
		t.Errorf("the log says %+v", e)
	}
	f.publishes("a former owner", ada, "@acme/http@1.0.1", api.NotOwner)
	_, err = f.AcceptInvitation(t.Context(), ada, "acme", "ada")
	wantCode(t, "coming back uninvited", err, api.NotFound)
	f.wantSound()
}

func TestAnswersToInvitations(t *testing.T) { eachDatabase(t, testAnswersToInvitations) }

func testAnswersToInvitations(t *testing.T, f *fixture) {
	ada, bob := f.owner("ada", "acme"), f.user("bob")
	invite := func() {
		t.Helper()
		_, invited, err := f.SetMember(t.Context(), ada, "acme", "bob", api.MemberOfTeam)
		must(t, err)
		if !invited {
			t.Error("the invitation is no new one")
		}
	}
	accept := func(what string, code api.Code) {
		t.Helper()
		_, err := f.AcceptInvitation(t.Context(), bob, "acme", "bob")
		wantCode(t, "accepting what was "+what, err, code)
	}
	size := f.logSize()

	invite()
	for range 2 {
		i, err := f.DeclineInvitation(t.Context(), bob, "acme", "bob")
		must(t, err)
		if i.Status != api.Declined {
			t.Errorf("declining gives %+v", i)
		}
	}
	accept("declined", api.NotFound)

	invite()
	for range 2 {
		must(t, f.RemoveMember(t.Context(), ada, "acme", "bob"))
	}
	accept("withdrawn", api.NotFound)
	_, err := f.DeclineInvitation(t.Context(), bob, "acme", "bob")
	wantCode(t, "declining what was withdrawn", err, api.NotFound)

	invite()
	must(t, f.RemoveMember(t.Context(), bob, "acme", "bob"))
	accept("refused by DELETE", api.NotFound)

	invite()
	f.pass(14 * 24 * time.Hour)
	accept("lapsed", api.NotFound)
	_, err = f.DeclineInvitation(t.Context(), bob, "acme", "bob")
	wantCode(t, "declining what has lapsed", err, api.NotFound)
	if _, n := f.inbox(bob); n != 0 {
		t.Errorf("an invitation that has lapsed is in the inbox")
	}
	f.grew("what came to nothing", size, 0)

	invite()
	f.pass(14*24*time.Hour - time.Microsecond)
	if _, n := f.inbox(bob); n != 1 {
		t.Errorf("an invitation lapsed before its time")
	}
	accept("about to lapse", "")
	f.grew("accepting", size, 1)
	f.wantSound()
}

func TestAScopeKeepsAnOwner(t *testing.T) { eachDatabase(t, testAScopeKeepsAnOwner) }

func testAScopeKeepsAnOwner(t *testing.T, f *fixture) {
	ada, bob := f.owner("ada", "acme"), f.user("bob")
	f.enter(ada, bob, "acme", api.MemberOfTeam)
	size := f.logSize()
	wantCode(t, "leaving", f.RemoveMember(t.Context(), ada, "acme", "ada"), api.LastOwner)
	_, _, err := f.SetMember(t.Context(), ada, "acme", "ada", api.MemberOfTeam)
	wantCode(t, "stepping back", err, api.LastOwner)
	i, invited, err := f.SetMember(t.Context(), ada, "acme", "ada", api.Owner)
	must(t, err)
	if invited || i.Status != api.Accepted || i.InvitedBy != nil || i.CreatedAt != nil || i.ExpiresAt != nil {
		t.Errorf("whoever claimed the scope is %+v", i)
	}
	f.grew("nothing", size, 0)

	_, _, err = f.SetMember(t.Context(), ada, "acme", "bob", api.Owner)
	must(t, err)
	_, _, err = f.SetMember(t.Context(), ada, "acme", "ada", api.MemberOfTeam)
	wantCode(t, "stepping back beside another owner", err, "")
	_, _, err = f.SetMember(t.Context(), ada, "acme", "ada", api.Owner)
	wantCode(t, "stepping up again alone", err, api.NotOwner)
	wantCode(t, "leaving as a member", f.RemoveMember(t.Context(), ada, "acme", "ada"), "")
	wantCode(t, "leaving as the last owner", f.RemoveMember(t.Context(), bob, "acme", "bob"), api.LastOwner)
	f.wantSound()
}

// Who is put out, or is an owner no more, leaves no door open: what the account
// has offered as an owner ends.
func TestOffersEndWithTheRightToMakeThem(t *testing.T) {
	eachDatabase(t, testOffersEndWithTheRightToMakeThem)
}

func testOffersEndWithTheRightToMakeThem(t *testing.T, f *fixture) {
	ada, eve, bob := f.owner("ada", "acme"), f.user("eve"), f.user("bob")
	_, _, err := f.ClaimScope(t.Context(), eve, "eves")
	must(t, err)
	for _, name := range []string{"@acme/a", "@acme/b"} {
		f.mustPublish(ada, sample.Package{Ref: name + "@1.0.0"})
	}
	f.mustPublish(eve, sample.Package{Ref: "@eves/own@1.0.0"})
	ends := map[string]func() error{
		"put out": func() error { return f.RemoveMember(t.Context(), ada, "acme", "eve") },
		"left":    func() error { return f.RemoveMember(t.Context(), eve, "acme", "eve") },
		"made a member": func() error {
			_, _, err := f.SetMember(t.Context(), ada, "acme", "eve", api.MemberOfTeam)
			return err
		},
	}
	for what, end := range ends {
		must(t, f.RemoveMember(t.Context(), ada, "acme", "eve"))
		f.enter(ada, eve, "acme", api.Owner)
		_, _, err := f.SetMember(t.Context(), eve, "acme", "bob", api.Owner)
		must(t, err)
		f.offer(eve, bob, "@acme/a")
		f.offer(ada, bob, "@acme/b")
		f.offer(eve, bob, "@eves/own")
		must(t, end())
		_, err = f.AcceptInvitation(t.Context(), bob, "acme", "bob")
		wantCode(t, "the invitation of who was "+what, err, api.NotFound)
		_, err = f.AcceptTransfer(t.Context(), bob, pkg("@acme/a"))
		wantCode(t, "the offer of who was "+what, err, api.TransferNotFound)
		if offer, err := f.Transfer(t.Context(), bob, pkg("@acme/a")); err != nil || offer.Status != api.Cancelled {
			t.Errorf("%s: the offer is %+v (%v)", what, offer, err)
		}
		if transfers, invitations := f.inbox(bob); transfers != 2 || invitations != 0 {
			t.Errorf("%s: bob's inbox has %d transfers, %d invitations", what, transfers, invitations)
		}
	}
	for _, name := range []string{"@acme/b", "@eves/own"} {
		_, err := f.AcceptTransfer(t.Context(), bob, pkg(name))
		wantCode(t, "the offer of "+name+", whose giver has the right", err, "")
	}
	f.wantSound()
}

// On PostgreSQL an offer can be stored just after its maker has lost the right.
// The acceptance asks again.
func TestOffersOfWhoLostTheRightAreVoid(t *testing.T) {
	eachDatabase(t, testOffersOfWhoLostTheRightAreVoid)
}

func testOffersOfWhoLostTheRightAreVoid(t *testing.T, f *fixture) {
	ada, eve, bob := f.owner("ada", "acme"), f.user("eve"), f.user("bob")
	f.mustPublish(ada, sample.Package{Ref: "@acme/http@1.0.0"})
	f.enter(ada, eve, "acme", api.MemberOfTeam)
	soon := f.clock().Add(time.Hour)
	f.write(func(tx *store.Tx) error {
		return errors.Join(
			tx.SetInvitation(t.Context(), store.Invitation{
				Scope: "acme", Account: bob.AccountID(), Role: "owner", Inviter: eve.AccountID(), Status: "pending", ExpiresAt: soon,
			}),
			tx.SetTransfer(t.Context(), store.Transfer{
				ID: "x_1", Package: pkg("@acme/http"), From: eve.AccountID(), To: bob.AccountID(), Status: "pending", ExpiresAt: soon,
			}),
		)
	})
	size := f.logSize()
	_, err := f.AcceptInvitation(t.Context(), bob, "acme", "bob")
	wantCode(t, "the invitation", err, api.NotFound)
	_, err = f.AcceptTransfer(t.Context(), bob, pkg("@acme/http"))
	wantCode(t, "the transfer", err, api.TransferNotFound)
	f.grew("void offers", size, 0)
	_, err = f.CancelTransfer(t.Context(), ada, pkg("@acme/http"))
	wantCode(t, "an owner cancels it", err, "")
	must(t, f.RemoveMember(t.Context(), ada, "acme", "bob"))
	f.wantSound()
}

// Who may do what with members, each with the answer to those who may not.
func TestMemberRights(t *testing.T) { eachDatabase(t, testMemberRights) }

func testMemberRights(t *testing.T, f *fixture) {
	ada, bob, eve := f.owner("ada", "acme"), f.user("bob"), f.owner("eve", "other")
	f.enter(ada, bob, "acme", api.MemberOfTeam)
	f.user("dan")
	calls := map[string]func(registry.Actor, string, string) error{
		"set": func(a registry.Actor, scope, login string) error {
			_, _, err := f.SetMember(t.Context(), a, scope, login, api.MemberOfTeam)
			return err
		},
		"remove": func(a registry.Actor, scope, login string) error { return f.RemoveMember(t.Context(), a, scope, login) },
		"accept": func(a registry.Actor, scope, login string) error {
			_, err := f.AcceptInvitation(t.Context(), a, scope, login)
			return err
		},
		"decline": func(a registry.Actor, scope, login string) error {
			_, err := f.DeclineInvitation(t.Context(), a, scope, login)
			return err
		},
	}
	every := []string{"set", "remove", "accept", "decline"}
	manage, answer := every[:2], every[2:]
	tests := []struct {
		what         string
		calls        []string
		actor        registry.Actor
		scope, login string
		code         api.Code
	}{
		{"nobody", every, registry.Actor{}, "acme", "dan", api.Unauthenticated},
		{"publish token", every, f.token(ada, api.Publish), "acme", "dan", api.InsufficientScope},
		{"token for one package", every, f.token(ada, api.Admin, "@acme/http"), "acme", "dan", api.TokenPackageMismatch},
		{"token for another scope", every, f.token(ada, api.Admin, "@other/*"), "acme", "dan", api.TokenPackageMismatch},
		{"token for the scope", manage, f.token(ada, api.Admin, "@acme/*"), "acme", "dan", ""},
		{"member", manage, bob, "acme", "dan", api.NotOwner},
		{"member, of an owner", manage, bob, "acme", "ada", api.NotOwner},
		{"member, of nobody", manage, bob, "acme", "nobody", api.NotOwner},
		{"owner of another scope", manage, eve, "acme", "dan", api.NotOwner},
		{"stranger, into the scope", calls1("set"), eve, "acme", "eve", api.NotOwner},
		{"stranger, out of the scope", calls1("remove"), eve, "acme", "eve", ""},
		{"member, of itself", calls1("set"), bob, "acme", "bob", api.NotOwner},
		{"scope not claimed", manage, ada, "free", "dan", api.ScopeNotClaimed},
		{"scope not claimed, of itself", every, ada, "free", "ada", api.ScopeNotClaimed},
		{"malformed scope", every, ada, "Acme", "dan", api.InvalidName},
		{"malformed login", every, ada, "acme", "D@n", api.InvalidName},
		{"unknown login", manage, ada, "acme", "nobody", api.UserNotFound},
		{"for another account", answer, ada, "acme", "dan", api.NotOwner},
		{"for an unknown account", answer, ada, "acme", "nobody", api.NotOwner},
		{"not invited", answer, eve, "acme", "eve", api.NotFound},
	}
	size := f.logSize()
	for _, test := range tests {
		for _, call := range test.calls {
			wantCode(t, call+": "+test.what, calls[call](test.actor, test.scope, test.login), test.code)
		}
	}
	for _, role := range []api.Role{"", "admin", "Owner"} {
		_, _, err := f.SetMember(t.Context(), ada, "acme", "dan", role)
		wantPointer(t, fmt.Sprintf("role %q", role), err, "/role")
	}
	f.grew("all of it", size, 0)
}

func calls1(name string) []string { return []string{name} }

// wantPointer fails unless err is validation_failed for one member of the body.
func wantPointer(t *testing.T, what string, err error, pointer string) {
	t.Helper()
	problem, ok := errors.AsType[*api.Problem](err)
	if !ok || problem.Code != api.ValidationFailed || len(problem.Errors) != 1 || problem.Errors[0].Pointer != pointer {
		t.Errorf("%s: %v, want validation_failed for %s", what, err, pointer)
	}
}

// A token that was revoked while its call was on its way is refused in the transaction.
func TestMembersAreAskedInTheTransaction(t *testing.T) {
	eachDatabase(t, testMembersAreAskedInTheTransaction)
}

func testMembersAreAskedInTheTransaction(t *testing.T, f *fixture) {
	ada, bob := f.owner("ada", "acme"), f.user("bob")
	ofAda, ofBob := f.ended(ada), f.ended(bob)
	_, _, err := f.SetMember(t.Context(), ofAda, "acme", "bob", api.Owner)
	wantCode(t, "inviting", err, api.TokenInvalid)
	wantCode(t, "removing", f.RemoveMember(t.Context(), ofAda, "acme", "bob"), api.TokenInvalid)
	_, _, err = f.SetMember(t.Context(), ada, "acme", "bob", api.MemberOfTeam)
	must(t, err)
	_, err = f.AcceptInvitation(t.Context(), ofBob, "acme", "bob")
	wantCode(t, "accepting", err, api.TokenInvalid)
	_, err = f.DeclineInvitation(t.Context(), ofBob, "acme", "bob")
	wantCode(t, "declining", err, api.TokenInvalid)
	wantCode(t, "leaving", f.RemoveMember(t.Context(), ofBob, "acme", "bob"), api.TokenInvalid)
}

// eachCluster runs test on what a race needs: one server on each database, and
// two servers on one PostgreSQL.
func eachCluster(t *testing.T, test func(*testing.T, [2]*fixture)) {
	t.Helper()
	eachDatabase(t, func(t *testing.T, f *fixture) { test(t, [2]*fixture{f, f}) })
	t.Run("two servers", func(t *testing.T) {
		first := newFixtureOn(t, pgtest.URL(t))
		test(t, [2]*fixture{first, first.twin()})
	})
}

// together runs calls at the same moment and gives their errors.
func together(calls ...func() error) []error {
	errs := make([]error, len(calls))
	start := make(chan struct{})
	var all sync.WaitGroup
	for i, call := range calls {
		all.Go(func() {
			<-start
			errs[i] = call()
		})
	}
	close(start)
	all.Wait()
	return errs
}

// isOneOf reports whether err is nil or one of the codes.
func isOneOf(err error, codes ...api.Code) bool {
	for _, code := range codes {
		if errors.Is(err, code) {
			return true
		}
	}
	return err == nil
}

// Two owners who put each other out, or leave at once: one of them stays.
func TestOwnersLeaveAtOnce(t *testing.T) { eachCluster(t, testOwnersLeaveAtOnce) }

func testOwnersLeaveAtOnce(t *testing.T, at [2]*fixture) {
	f := at[0]
	ada, bob := f.user("ada"), f.user("bob")
	for i := range 10 {
		scope := fmt.Sprintf("acme%d", i)
		_, _, err := f.ClaimScope(t.Context(), ada, scope)
		must(t, err)
		f.enter(ada, bob, scope, api.Owner)
		from := [2]string{"ada", "bob"} // they leave
		if i%2 == 1 {
			from = [2]string{"bob", "ada"} // they put each other out
		}
		errs := together(
			func() error { return at[0].RemoveMember(t.Context(), ada, scope, from[0]) },
			func() error { return at[1].RemoveMember(t.Context(), bob, scope, from[1]) },
		)
		failed := 0
		for _, err := range errs {
			if err != nil {
				failed++
			}
			if !isOneOf(err, api.LastOwner, api.NotOwner) {
				t.Errorf("%s: %v", scope, err)
			}
		}
		if members := f.members(scope); failed != 1 || len(members) != 1 {
			t.Errorf("%s: of two owners who left %d were held, and %v stayed", scope, failed, members)
		}
	}
	f.wantSound()
}

// An acceptance beside an answer or a withdrawal: one of them takes place, and
// the log agrees with it.
func TestInvitationsRace(t *testing.T) { eachCluster(t, testInvitationsRace) }

func testInvitationsRace(t *testing.T, at [2]*fixture) {
	f := at[0]
	ada, bob := f.user("ada"), f.user("bob")
	others := []func(ctx context.Context, scope string) error{
		func(ctx context.Context, scope string) error { return at[1].RemoveMember(ctx, ada, scope, "bob") },
		func(ctx context.Context, scope string) error {
			_, err := at[1].DeclineInvitation(ctx, bob, scope, "bob")
			return err
		},
		func(ctx context.Context, scope string) error {
			_, _, err := at[1].SetMember(ctx, ada, scope, "bob", api.Owner)
			return err
		},
		func(ctx context.Context, scope string) error {
			_, err := at[1].AcceptInvitation(ctx, bob, scope, "bob")
			return err
		},
	}
	for i := range 4 * len(others) {
		scope := fmt.Sprintf("acme%d", i)
		_, _, err := f.ClaimScope(t.Context(), ada, scope)
		must(t, err)
		_, _, err = f.SetMember(t.Context(), ada, scope, "bob", api.MemberOfTeam)
		must(t, err)
		errs := together(
			func() error { _, err := at[0].AcceptInvitation(t.Context(), bob, scope, "bob"); return err },
			func() error { return others[i%len(others)](t.Context(), scope) },
		)
		for _, err := range errs {
			if !isOneOf(err, api.NotFound, api.Unavailable) {
				t.Errorf("race %d: %v", i%len(others), err)
			}
		}
		_, isMember := f.members(scope)["bob"]
		if i%len(others) == 1 && (errs[0] == nil) != isMember || i%len(others) == 3 && (errs[0] != nil || errs[1] != nil || !isMember) {
			t.Errorf("race %d: bob is a member: %v, and the answers were %v", i%len(others), isMember, errs)
		}
	}
	f.wantSound()
}
