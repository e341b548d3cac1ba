package registry_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/internal/registry"
	"github.com/ori-lang/registry/internal/repotest/sample"
	"github.com/ori-lang/registry/translog"
)

func TestTransfer(t *testing.T) { eachDatabase(t, testTransfer) }

func testTransfer(t *testing.T, f *fixture) {
	ada, bob, eve := f.owner("ada", "acme"), f.user("bob"), f.user("eve")
	f.enter(ada, eve, "acme", api.Owner)
	f.mustPublish(ada, sample.Package{Ref: "@acme/http@1.0.0"})
	http := pkg("@acme/http")
	size := f.logSize()

	_, err := f.Transfer(t.Context(), ada, http)
	wantCode(t, "no transfer yet, its owner asks", err, api.TransferNotFound)
	_, err = f.Transfer(t.Context(), bob, http)
	wantCode(t, "no transfer yet, a stranger asks", err, api.NotOwner)

	offer, created, err := f.OfferTransfer(t.Context(), ada, http, "bob")
	must(t, err)
	if !created || offer.Package != http || offer.From != "ada" || offer.To != "bob" || offer.Status != api.Pending ||
		offer.ExpiresAt.Sub(offer.CreatedAt.Time) != 14*24*time.Hour {
		t.Errorf("the offer is %+v, new: %v", offer, created)
	}
	f.pass(time.Hour)
	for _, giver := range []registry.Actor{ada, eve} {
		again, created, err := f.OfferTransfer(t.Context(), giver, http, "bob")
		must(t, err)
		if created || *again != *offer {
			t.Errorf("the same again gives %+v, new: %v", again, created)
		}
	}
	_, _, err = f.OfferTransfer(t.Context(), ada, http, "eve")
	wantCode(t, "to somebody else", err, api.TransferPending)
	for _, party := range []registry.Actor{ada, bob, eve} {
		if seen, err := f.Transfer(t.Context(), party, http); err != nil || *seen != *offer {
			t.Errorf("%s sees %+v (%v)", f.login(party), seen, err)
		}
	}
	if transfers, _ := f.inbox(bob); transfers != 1 {
		t.Errorf("bob's inbox has %d transfers", transfers)
	}
	f.grew("offering", size, 0)

	f.pass(time.Minute)
	for range 2 { // again: it stays so
		accepted, err := f.AcceptTransfer(t.Context(), bob, http)
		must(t, err)
		if accepted.Status != api.Accepted || accepted.ID != offer.ID {
			t.Errorf("accepting gives %+v", accepted)
		}
	}
	f.grew("accepting", size, 1)
	entry := f.lastEntry()
	if entry.Kind != translog.KindTransfer || entry.Package != http || entry.From != ada.AccountID() ||
		entry.To != bob.AccountID() || entry.Actor != bob.AccountID() {
		t.Errorf("the log says %+v", entry)
	}
	page, err := f.Package(t.Context(), http)
	must(t, err)
	if len(page.Owners) != 1 || page.Owners[0] != (api.Member{Login: "bob", Role: api.Owner}) || !page.OwnershipChangedAt.Equal(entry.Time) {
		t.Errorf("the package is %+v", page)
	}
	versions, err := f.Versions(t.Context(), http, time.Time{})
	must(t, err)
	if !versions.OwnershipChangedAt.Equal(entry.Time) {
		t.Errorf("its ownership changed at %v", versions.OwnershipChangedAt)
	}
	if transfers, _ := f.inbox(bob); transfers != 0 {
		t.Errorf("bob's inbox has %d transfers", transfers)
	}

	f.publishes("who gave it", ada, "@acme/http@1.0.1", api.NotOwner)
	f.publishes("another owner of the scope", eve, "@acme/http@1.0.1", api.NotOwner)
	f.publishes("the receiver", bob, "@acme/http@1.0.1", "")
	f.publishes("the receiver, another package of the scope", bob, "@acme/json@1.0.0", api.NotOwner)
	f.publishes("the scope's owner, another package", ada, "@acme/json@1.0.0", "")
	_, _, err = f.OfferTransfer(t.Context(), ada, http, "eve")
	wantCode(t, "who gave it offers it again", err, api.NotOwner)
	_, err = f.Transfer(t.Context(), eve, http)
	wantCode(t, "another owner of the scope asks", err, api.NotOwner)
	if _, err = f.Transfer(t.Context(), ada, http); err != nil {
		t.Errorf("who gave it asks: %v", err)
	}
	_, err = f.CancelTransfer(t.Context(), ada, http)
	wantCode(t, "cancelling what was accepted", err, api.TransferNotFound)
	_, err = f.DeclineTransfer(t.Context(), bob, http)
	wantCode(t, "declining what was accepted", err, api.TransferNotFound)

	f.offer(bob, ada, "@acme/http") // and back, to her alone
	_, err = f.AcceptTransfer(t.Context(), ada, http)
	must(t, err)
	f.publishes("the owner of before", bob, "@acme/http@1.0.2", api.NotOwner)
	f.publishes("another owner of the scope", eve, "@acme/http@1.0.2", api.NotOwner)
	f.publishes("who has it back", ada, "@acme/http@1.0.2", "")
	f.wantSound()
}

func TestEndsOfATransfer(t *testing.T) { eachDatabase(t, testEndsOfATransfer) }

func testEndsOfATransfer(t *testing.T, f *fixture) {
	ada, bob, eve := f.owner("ada", "acme"), f.user("bob"), f.user("eve")
	f.enter(ada, eve, "acme", api.Owner)
	f.mustPublish(ada, sample.Package{Ref: "@acme/http@1.0.0"})
	http := pkg("@acme/http")
	accept := func() error { _, err := f.AcceptTransfer(t.Context(), bob, http); return err }
	decline := func() error { _, err := f.DeclineTransfer(t.Context(), bob, http); return err }
	cancel := func() error { _, err := f.CancelTransfer(t.Context(), ada, http); return err }
	cancelled := func() error { _, err := f.CancelTransfer(t.Context(), eve, http); return err }
	lapse := func() error { f.pass(14 * 24 * time.Hour); return nil }
	size := f.logSize()
	for _, test := range []struct {
		what                    string
		end                     func() error
		status                  api.OfferStatus
		accept, decline, cancel api.Code
	}{
		{"declined", decline, api.Declined, api.TransferNotFound, "", api.TransferNotFound},
		{"cancelled", cancel, api.Cancelled, api.TransferNotFound, api.TransferNotFound, ""},
		{"cancelled by another owner", cancelled, api.Cancelled, api.TransferNotFound, api.TransferNotFound, ""},
		{"lapsed", lapse, api.Expired, api.TransferExpired, api.TransferExpired, api.TransferExpired},
	} {
		old := f.offer(ada, bob, "@acme/http")
		must(t, test.end())
		for range 2 { // the same again changes nothing
			wantCode(t, "accepting what was "+test.what, accept(), test.accept)
			wantCode(t, "declining what was "+test.what, decline(), test.decline)
			wantCode(t, "cancelling what was "+test.what, cancel(), test.cancel)
		}
		for _, party := range []registry.Actor{ada, bob} {
			if seen, err := f.Transfer(t.Context(), party, http); err != nil || seen.ID != old.ID || seen.Status != test.status {
				t.Errorf("%s: %s sees %+v (%v)", test.what, f.login(party), seen, err)
			}
		}
		if transfers, _ := f.inbox(bob); transfers != 0 {
			t.Errorf("%s: bob's inbox has %d transfers", test.what, transfers)
		}
	}
	f.grew("what came to nothing", size, 0)
	f.publishes("who gave nothing away", ada, "@acme/http@1.0.1", "")
	size = f.logSize()
	f.offer(ada, bob, "@acme/http")
	f.pass(14*24*time.Hour - time.Microsecond)
	wantCode(t, "accepting at the last moment", accept(), "")
	f.grew("accepting", size, 1)
	f.wantSound()
}

// Who may do what with a transfer, each with the answer to those who may not.
func TestTransferRights(t *testing.T) { eachDatabase(t, testTransferRights) }

func testTransferRights(t *testing.T, f *fixture) {
	ada, bob, eve, mel := f.owner("ada", "acme"), f.user("bob"), f.owner("eve", "other"), f.user("mel")
	f.enter(ada, mel, "acme", api.MemberOfTeam)
	f.mustPublish(ada, sample.Package{Ref: "@acme/http@1.0.0"})
	calls := map[string]func(registry.Actor, string) error{
		"offer": func(a registry.Actor, name string) error {
			_, _, err := f.OfferTransfer(t.Context(), a, pkg(name), "bob")
			return err
		},
		"see": func(a registry.Actor, name string) error { _, err := f.Transfer(t.Context(), a, pkg(name)); return err },
		"accept": func(a registry.Actor, name string) error {
			_, err := f.AcceptTransfer(t.Context(), a, pkg(name))
			return err
		},
		"decline": func(a registry.Actor, name string) error {
			_, err := f.DeclineTransfer(t.Context(), a, pkg(name))
			return err
		},
		"cancel": func(a registry.Actor, name string) error {
			_, err := f.CancelTransfer(t.Context(), a, pkg(name))
			return err
		},
	}
	every := []string{"see", "offer", "accept", "decline", "cancel"}
	change, give, receive := every[1:], []string{"offer", "cancel"}, []string{"accept", "decline"}
	tests := []struct {
		what  string
		calls []string
		actor registry.Actor
		name  string
		code  api.Code
	}{
		{"nobody", every, registry.Actor{}, "@acme/http", api.Unauthenticated},
		{"publish token", change, f.token(ada, api.Publish), "@acme/http", api.InsufficientScope},
		{"publish token of the receiver", change, f.token(bob, api.Publish), "@acme/http", api.InsufficientScope},
		{"token for another package", change, f.token(ada, api.Admin, "@acme/json"), "@acme/http", api.TokenPackageMismatch},
		{"token of the receiver for another package", change, f.token(bob, api.Admin, "@acme/json"), "@acme/http", api.TokenPackageMismatch},
		{"read token", calls1("see"), f.token(ada, api.Read, "@acme/json"), "@acme/http", ""},
		{"member", every, mel, "@acme/http", api.NotOwner},
		{"stranger", every, eve, "@acme/http", api.NotOwner},
		{"receiver", give, bob, "@acme/http", api.NotOwner},
		{"giver", receive, ada, "@acme/http", api.NotOwner},
		{"unknown package", every, ada, "@acme/none", api.PackageNotFound},
		{"package of no scope", every, ada, "@free/none", api.PackageNotFound},
		{"token for the package", calls1("offer"), f.token(ada, api.Admin, "@acme/http"), "@acme/http", ""},
		{"token for the scope", calls1("offer"), f.token(ada, api.Admin, "@acme/*"), "@acme/http", ""},
	}
	f.offer(ada, bob, "@acme/http")
	size := f.logSize()
	for _, test := range tests {
		for _, call := range test.calls {
			wantCode(t, call+": "+test.what, calls[call](test.actor, test.name), test.code)
		}
	}
	if seen, err := f.Transfer(t.Context(), bob, pkg("@acme/http")); err != nil || seen.Status != api.Pending {
		t.Errorf("after all of that the transfer is %+v (%v)", seen, err)
	}
	_, err := f.CancelTransfer(t.Context(), ada, pkg("@acme/http"))
	must(t, err)
	for to, code := range map[string]api.Code{
		"ada": api.ValidationFailed, "": api.ValidationFailed, "B@b": api.ValidationFailed, "nobody": api.UserNotFound,
	} {
		_, _, err := f.OfferTransfer(t.Context(), ada, pkg("@acme/http"), to)
		wantCode(t, fmt.Sprintf("to %q", to), err, code)
		if code == api.ValidationFailed {
			wantPointer(t, fmt.Sprintf("to %q", to), err, "/to")
		}
	}
	f.grew("all of it", size, 0)
}

// A token that was revoked while its call was on its way is refused in the transaction.
func TestTransfersAreAskedInTheTransaction(t *testing.T) {
	eachDatabase(t, testTransfersAreAskedInTheTransaction)
}

func testTransfersAreAskedInTheTransaction(t *testing.T, f *fixture) {
	ada, bob := f.owner("ada", "acme"), f.user("bob")
	f.mustPublish(ada, sample.Package{Ref: "@acme/http@1.0.0"})
	http := pkg("@acme/http")
	ofAda, ofBob := f.ended(ada), f.ended(bob)
	_, _, err := f.OfferTransfer(t.Context(), ofAda, http, "bob")
	wantCode(t, "offering", err, api.TokenInvalid)
	f.offer(ada, bob, "@acme/http")
	_, err = f.Transfer(t.Context(), ofBob, http)
	wantCode(t, "looking", err, api.TokenInvalid)
	_, err = f.AcceptTransfer(t.Context(), ofBob, http)
	wantCode(t, "accepting", err, api.TokenInvalid)
	_, err = f.DeclineTransfer(t.Context(), ofBob, http)
	wantCode(t, "declining", err, api.TokenInvalid)
	_, err = f.CancelTransfer(t.Context(), ofAda, http)
	wantCode(t, "cancelling", err, api.TokenInvalid)
}

// On acceptance the tokens end that others have for this very package.
func TestATransferEndsTokens(t *testing.T) { eachDatabase(t, testATransferEndsTokens) }

func testATransferEndsTokens(t *testing.T, f *fixture) {
	ada, bob := f.owner("ada", "acme"), f.user("bob")
	f.mustPublish(ada, sample.Package{Ref: "@acme/http@1.0.0"})
	tests := []struct {
		what     string
		holder   registry.Actor
		packages []string
		code     api.Code // afterwards
	}{
		{"the giver's, for the package", ada, []string{"@acme/http"}, api.TokenInvalid},
		{"the giver's, for one more", ada, []string{"@acme/http", "@acme/json"}, ""},
		{"the giver's, for the scope", ada, []string{"@acme/*"}, ""},
		{"the giver's, for all", ada, nil, ""},
		{"the giver's, for a longer name", ada, []string{"@acme/http2"}, ""},
		{"the receiver's, for the package", bob, []string{"@acme/http"}, ""},
	}
	secrets := make([]string, len(tests))
	for i, test := range tests {
		token, err := f.CreateToken(t.Context(), test.holder, api.NewToken{Name: "x", Scopes: []api.TokenScope{api.Publish}, Packages: test.packages})
		must(t, err)
		secrets[i] = token.Secret
	}
	f.offer(ada, bob, "@acme/http")
	for i, test := range tests {
		_, err := f.Authenticate(t.Context(), secrets[i])
		wantCode(t, "while it is offered: "+test.what, err, "")
	}
	_, err := f.AcceptTransfer(t.Context(), f.token(bob, api.Admin, "@acme/http"), pkg("@acme/http"))
	must(t, err)
	for i, test := range tests {
		_, err := f.Authenticate(t.Context(), secrets[i])
		wantCode(t, "afterwards: "+test.what, err, test.code)
	}
	later := f.token(ada, api.Publish, "@acme/http")
	f.offer(bob, ada, "@acme/http")
	_, err = f.AcceptTransfer(t.Context(), ada, pkg("@acme/http"))
	must(t, err)
	_, err = f.Authenticate(t.Context(), secrets[0])
	wantCode(t, "a token of before, now that the package is back", err, api.TokenInvalid)
	f.publishes("a token of the time between", later, "@acme/http@1.0.1", "")
}

// An acceptance beside another, a withdrawal, a refusal or a new offer: one of them
// takes place, and the log agrees with it.
func TestTransfersRace(t *testing.T) { eachCluster(t, testTransfersRace) }

func testTransfersRace(t *testing.T, at [2]*fixture) {
	f := at[0]
	ada, bob, eve := f.owner("ada", "acme"), f.user("bob"), f.user("eve")
	f.enter(ada, eve, "acme", api.Owner)
	races := []struct {
		what  string
		other func(name string) error
		codes []api.Code // that one of the two may get
	}{
		{"accept", func(name string) error { _, err := at[1].AcceptTransfer(t.Context(), bob, pkg(name)); return err }, nil},
		{"cancel", func(name string) error { _, err := at[1].CancelTransfer(t.Context(), eve, pkg(name)); return err }, []api.Code{api.TransferNotFound, api.NotOwner}},
		{"decline", func(name string) error { _, err := at[1].DeclineTransfer(t.Context(), bob, pkg(name)); return err }, []api.Code{api.TransferNotFound}},
		{"offer", func(name string) error {
			_, _, err := at[1].OfferTransfer(t.Context(), eve, pkg(name), "ada")
			return err
		}, []api.Code{api.TransferPending, api.NotOwner}},
	}
	for i := range 6 * len(races) {
		race, name := races[i%len(races)], fmt.Sprintf("@acme/p%d", i)
		f.mustPublish(ada, sample.Package{Ref: name + "@1.0.0"})
		f.offer(ada, bob, name)
		size := f.logSize()
		errs := together(
			func() error { _, err := at[0].AcceptTransfer(t.Context(), bob, pkg(name)); return err },
			func() error { return race.other(name) },
		)
		for _, err := range errs {
			if !isOneOf(err, race.codes...) {
				t.Errorf("%s: %v", race.what, err)
			}
		}
		page, err := f.Package(t.Context(), pkg(name))
		must(t, err)
		accepted := page.OwnershipChangedAt != nil
		if accepted != (errs[0] == nil) || accepted == (errs[1] == nil) && race.what != "accept" {
			t.Errorf("accept and %s at once: accepted %v, the answers were %v", race.what, accepted, errs)
		}
		if race.what == "accept" && !accepted {
			t.Errorf("two acceptances: %v", errs)
		}
		grown := int64(0)
		if accepted {
			grown = 1
		}
		f.grew("accept and "+race.what, size, grown)
	}
	f.wantSound()
}

// The receiver accepts while the giver is put out of the scope: either comes first.
func TestAcceptanceAndLossOfTheRightRace(t *testing.T) {
	eachCluster(t, testAcceptanceAndLossOfTheRightRace)
}

func testAcceptanceAndLossOfTheRightRace(t *testing.T, at [2]*fixture) {
	f := at[0]
	ada, bob, eve := f.owner("ada", "acme"), f.user("bob"), f.user("eve")
	for i := range 8 {
		name := fmt.Sprintf("@acme/p%d", i)
		f.enter(ada, eve, "acme", api.Owner)
		f.mustPublish(ada, sample.Package{Ref: name + "@1.0.0"})
		calls := []func() error{
			func() error { _, err := at[0].AcceptTransfer(t.Context(), bob, pkg(name)); return err },
			func() error { return at[1].RemoveMember(t.Context(), ada, "acme", "eve") },
		}
		if i%2 == 0 {
			f.offer(eve, bob, name)
		} else { // the offer itself is made at this moment
			calls[0] = func() error { _, _, err := at[0].OfferTransfer(t.Context(), eve, pkg(name), "bob"); return err }
		}
		errs := together(calls...)
		if !isOneOf(errs[0], api.TransferNotFound, api.NotOwner) || errs[1] != nil {
			t.Errorf("race %d: the answers were %v", i, errs)
		}
		if i%2 == 1 {
			_, err := f.AcceptTransfer(t.Context(), bob, pkg(name))
			if !errors.Is(err, api.TransferNotFound) && !errors.Is(err, api.NotOwner) {
				t.Errorf("accepting the offer of who was put out: %v", err)
			}
		}
	}
	f.wantSound()
}
