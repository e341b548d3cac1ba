package httpapi_test

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/internal/repotest/sample"
	"github.com/ori-lang/registry/internal/store"
)

// post sends a JSON body.
func (s *site) post(path, body string, h header) answer {
	s.t.Helper()
	return s.sendJSON("POST", path, body, h)
}

func (s *site) sendJSON(method, path, body string, h header) answer {
	s.t.Helper()
	all := header{"Content-Type": "application/json"}
	maps.Copy(all, h)
	return s.do(method, path, strings.NewReader(body), all)
}

// as is the header that makes a call another account's.
func as(token string) header { return header{"Authorization": "Bearer " + token} }

func TestTransferOverHTTP(t *testing.T) {
	s, _ := settled(t)
	bob, eve := as(s.user("bob")), as(s.user("eve"))
	const path = "/v1/packages/acme/http/transfer"
	var offer, seen api.Transfer
	s.want(s.publish("acme/json", part{"archive", sample.Package{Ref: "@acme/json@1.0.0"}.Archive(t)}), 201, "")
	s.want(s.do("GET", "/v1/packages/acme/json/transfer", nil, nil), 404, api.TransferNotFound)
	s.want(s.do("POST", path+"/cancel", nil, nil), 200, "")
	s.want(s.post(path, `{"to":"bob"}`, nil), 202, "").json(t, &offer)
	if offer.From != "alice" || offer.To != "bob" || offer.Status != api.Pending {
		t.Errorf("%+v", offer)
	}
	s.want(s.post(path, `{"to":"bob"}`, nil), 200, "").json(t, &seen)
	if seen != offer {
		t.Errorf("the same again is %+v", seen)
	}
	s.want(s.post(path, `{"to":"eve"}`, nil), 409, api.TransferPending)
	s.want(s.post("/v1/packages/@acme/http/transfer", `{"to":"bob"}`, nil), 200, "")
	for _, h := range []header{nil, bob} {
		s.want(s.do("GET", path, nil, h), 200, "").json(t, &seen)
		if seen != offer {
			t.Errorf("a party sees %+v", seen)
		}
	}
	a := s.want(s.do("GET", "/v1/packages/@acme/http/transfer", nil, bob), 308, "")
	if a.Header.Get("Location") != s.base+path {
		t.Errorf("Location %q", a.Header.Get("Location"))
	}
	s.want(s.do("GET", path, nil, eve), 403, api.NotOwner)
	s.want(s.do("GET", path, nil, header{"Authorization": ""}), 401, api.Unauthenticated)
	s.want(s.do("GET", "/v1/packages/acme/none/transfer", nil, nil), 404, api.PackageNotFound)
	s.want(s.do("GET", "/v1/packages/Acme/http/transfer", nil, nil), 400, api.InvalidName)
	a = s.want(s.do("PUT", path, nil, nil), 405, api.MethodNotAllowed)
	if a.Header.Get("Allow") != "POST, GET, HEAD" {
		t.Errorf("Allow %q", a.Header.Get("Allow"))
	}

	var inbox api.Inbox
	s.want(s.do("GET", "/v1/me/inbox", nil, bob), 200, "").json(t, &inbox)
	if len(inbox.Transfers) != 1 || inbox.Transfers[0] != offer || inbox.Invitations == nil || len(inbox.Invitations) != 0 {
		t.Errorf("%+v", inbox)
	}
	s.want(s.do("POST", path+"/accept", nil, eve), 403, api.NotOwner)
	s.want(s.do("POST", path+"/accept", nil, nil), 403, api.NotOwner)
	for range 2 {
		s.want(s.do("POST", path+"/accept", nil, bob), 200, "").json(t, &seen)
		if seen.Status != api.Accepted || seen.ID != offer.ID {
			t.Errorf("%+v", seen)
		}
	}
	var page api.Package
	s.want(s.get("/v1/packages/acme/http"), 200, "").json(t, &page)
	if len(page.Owners) != 1 || page.Owners[0].Login != "bob" || page.OwnershipChangedAt == nil {
		t.Errorf("%+v", page)
	}
	s.want(s.post(path, `{"to":"eve"}`, nil), 403, api.NotOwner)
	s.want(s.post(path, `{"to":"eve"}`, bob), 202, "")
	s.want(s.post(path+"/decline", `{}`, eve), 200, "")
	s.want(s.post(path+"/decline", `{"later":1}`, eve), 200, "")
	s.want(s.do("POST", path+"/cancel", nil, bob), 404, api.TransferNotFound)
	s.want(s.post(path, `{"to":"alice"}`, bob), 202, "")
	s.want(s.do("POST", path+"/cancel", nil, bob), 200, "")
	s.want(s.do("POST", path+"/cancel", nil, bob), 200, "")
	s.want(s.do("POST", path+"/accept", nil, nil), 404, api.TransferNotFound)
}

func TestLapsedTransferOverHTTP(t *testing.T) {
	s, _ := settled(t)
	bob := as(s.user("bob"))
	const path = "/v1/packages/acme/http/transfer"
	s.want(s.do("POST", path+"/cancel", nil, nil), 200, "")
	s.want(s.post(path, `{"to":"bob"}`, nil), 202, "")
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(s.data, "registry.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.Write(t.Context(), func(tx *store.Tx) error {
		p, err := ident.ParsePackage("@acme/http")
		if err != nil {
			return err
		}
		offer, err := tx.Transfer(t.Context(), p)
		if err != nil {
			return err
		}
		offer.ExpiresAt = time.Now().Add(-time.Second)
		return tx.SetTransfer(t.Context(), *offer)
	})
	if err != nil {
		t.Fatal(err)
	}
	s.want(s.do("POST", path+"/accept", nil, bob), 410, api.TransferExpired)
	s.want(s.do("POST", path+"/decline", nil, bob), 410, api.TransferExpired)
	s.want(s.do("POST", path+"/cancel", nil, nil), 410, api.TransferExpired)
	var seen api.Transfer
	s.want(s.do("GET", path, nil, bob), 200, "").json(t, &seen)
	if seen.Status != api.Expired {
		t.Errorf("%+v", seen)
	}
}

func TestMembersOverHTTP(t *testing.T) {
	s := newSite(t)
	s.claim("acme")
	bob, eve := as(s.user("bob")), as(s.user("eve"))
	const path = "/v1/scopes/acme/members/bob"
	var invitation, seen api.Invitation
	s.want(s.sendJSON("PUT", path, `{"role":"member"}`, nil), 202, "").json(t, &invitation)
	if invitation.Status != api.Pending || invitation.Login != "bob" || invitation.Role != api.MemberOfTeam || *invitation.InvitedBy != "alice" {
		t.Errorf("%+v", invitation)
	}
	s.want(s.sendJSON("PUT", path, `{"role":"member"}`, nil), 200, "").json(t, &seen)
	if *seen.ExpiresAt != *invitation.ExpiresAt {
		t.Errorf("the same again is %+v", seen)
	}
	var inbox api.Inbox
	s.want(s.do("GET", "/v1/me/inbox", nil, bob), 200, "").json(t, &inbox)
	if len(inbox.Invitations) != 1 || inbox.Invitations[0].Scope != "acme" || inbox.Transfers == nil {
		t.Errorf("%+v", inbox)
	}
	s.want(s.do("GET", "/v1/me/inbox", nil, header{"Authorization": ""}), 401, api.Unauthenticated)
	s.want(s.do("POST", path+"/accept", nil, eve), 403, api.NotOwner)
	s.want(s.do("POST", path+"/accept", nil, nil), 403, api.NotOwner)
	s.want(s.do("POST", "/v1/scopes/acme/members/eve/accept", nil, eve), 404, api.NotFound)
	s.want(s.do("POST", path+"/decline", nil, bob), 200, "").json(t, &seen)
	if seen.Status != api.Declined {
		t.Errorf("%+v", seen)
	}
	s.want(s.do("POST", path+"/accept", nil, bob), 404, api.NotFound)
	s.want(s.sendJSON("PUT", path, `{"role":"member"}`, nil), 202, "")
	for range 2 {
		s.want(s.post(path+"/accept", `{}`, bob), 200, "").json(t, &seen)
		if seen.Status != api.Accepted {
			t.Errorf("%+v", seen)
		}
	}
	s.want(s.do("POST", path+"/decline", nil, bob), 404, api.NotFound)
	s.want(s.do("DELETE", "/v1/scopes/acme/members/alice", nil, bob), 403, api.NotOwner)
	s.want(s.do("DELETE", "/v1/scopes/acme/members/alice", nil, nil), 409, api.LastOwner)
	s.want(s.sendJSON("PUT", "/v1/scopes/acme/members/alice", `{"role":"member"}`, nil), 409, api.LastOwner)
	s.want(s.sendJSON("PUT", "/v1/scopes/acme/members/alice", `{"role":"owner"}`, nil), 200, "").json(t, &seen)
	if seen.InvitedBy != nil || seen.CreatedAt != nil || seen.ExpiresAt != nil {
		t.Errorf("whoever claimed the scope is %+v", seen)
	}
	s.want(s.sendJSON("PUT", path, `{"role":"owner"}`, nil), 200, "").json(t, &seen)
	if seen.Status != api.Accepted || seen.Role != api.Owner {
		t.Errorf("%+v", seen)
	}
	var scope api.Scope
	s.want(s.get("/v1/scopes/acme"), 200, "").json(t, &scope)
	if !slices.Equal(scope.Members, []api.Member{{Login: "alice", Role: api.Owner}, {Login: "bob", Role: api.Owner}}) {
		t.Errorf("%+v", scope)
	}
	for range 2 {
		a := s.want(s.do("DELETE", "/v1/scopes/acme/members/alice", nil, nil), 204, "")
		if len(a.body) > 0 {
			t.Errorf("%q", a.body)
		}
	}
	s.want(s.sendJSON("PUT", "/v1/scopes/acme/members/alice", `{"role":"owner"}`, nil), 403, api.NotOwner)
}

// What the calls of owners refuse before they ask for rights, all alike.
func TestOwnershipRefusals(t *testing.T) {
	s, _ := settled(t)
	s.user("bob")
	s.want(s.do("POST", "/v1/packages/acme/http/transfer/cancel", nil, nil), 200, "")
	narrow := as(s.newToken(`{"name":"x","scopes":["admin"],"packages":["@acme/json"]}`).Secret)
	publisher := as(s.newToken(`{"name":"x","scopes":["publish"]}`).Secret)
	const pkg, member = "/v1/packages/acme/http/transfer", "/v1/scopes/acme/members/bob"
	type call struct{ method, path, body, malformed string } // malformed: the path with a name that is none
	calls := []call{
		{"POST", pkg, `{"to":"bob"}`, "/v1/packages/acme/Http/transfer"},
		{"POST", pkg + "/accept", "", "/v1/packages/acme/Http/transfer/accept"},
		{"POST", pkg + "/decline", "", "/v1/packages/acme/Http/transfer/decline"},
		{"POST", pkg + "/cancel", "", "/v1/packages/acme/Http/transfer/cancel"},
		{"PUT", member, `{"role":"member"}`, "/v1/scopes/acme/members/Bob"},
		{"DELETE", member, "", "/v1/scopes/acme/members/Bob"},
		{"POST", member + "/accept", "", "/v1/scopes/@acme/members/bob/accept"},
		{"POST", member + "/decline", "", "/v1/scopes/acme/members/bob-/decline"},
		{"POST", "/v1/users", `{"login":"new"}`, ""},
	}
	for _, c := range calls {
		s.want(s.do(c.method, c.path, nil, header{"Authorization": ""}), 401, api.Unauthenticated)
		s.want(s.do(c.method, c.path, nil, publisher), 403, api.InsufficientScope)
		if c.malformed != "" {
			s.want(s.sendJSON(c.method, c.path, c.body, narrow), 403, api.TokenPackageMismatch)
			s.want(s.sendJSON(c.method, c.malformed, c.body, nil), 400, api.InvalidName)
		}
		if c.body != "" {
			s.want(s.do(c.method, c.path, nil, nil), 400, api.InvalidRequest)
		}
	}
	for _, test := range []struct{ method, path, body, pointer string }{
		{"POST", pkg, `{}`, "/to"},
		{"POST", pkg, `{"to":null}`, "/to"},
		{"POST", pkg, `{"to":"Bob"}`, "/to"},
		{"POST", pkg, `{"to":"alice"}`, "/to"},
		{"PUT", member, `{}`, "/role"},
		{"PUT", member, `{"role":"boss"}`, "/role"},
	} {
		a := s.want(s.sendJSON(test.method, test.path, test.body, nil), 422, api.ValidationFailed)
		if faults := a.problem().Errors; len(faults) != 1 || faults[0].Pointer != test.pointer {
			t.Errorf("%s: %+v", test.body, faults)
		}
	}
	s.want(s.post(pkg, `{"to":"nobody"}`, nil), 404, api.UserNotFound)
	s.want(s.post(pkg, `{"to":7}`, nil), 400, api.InvalidRequest)
	s.want(s.post("/v1/packages/acme/none/transfer", `{"to":"bob"}`, nil), 404, api.PackageNotFound)
	s.want(s.do("DELETE", "/v1/scopes/acme/members/nobody", nil, nil), 404, api.UserNotFound)
	s.want(s.sendJSON("PUT", "/v1/scopes/acme/members/nobody", `{"role":"member"}`, nil), 404, api.UserNotFound)
	s.want(s.sendJSON("PUT", "/v1/scopes/free/members/bob", `{"role":"member"}`, nil), 403, api.ScopeNotClaimed)
	s.want(s.do("GET", member, nil, nil), 405, api.MethodNotAllowed)
}

func TestUsersOverHTTP(t *testing.T) {
	s := newSite(t)
	root := s.operator("root")
	var made api.CreatedUser
	a := s.want(s.post("/v1/users", `{"login":"bob"}`, root), 201, "")
	a.json(t, &made)
	if made.User.Login != "bob" || made.User.Operator || a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%+v %v", made, a.Header)
	}
	var me api.Me
	s.want(s.do("GET", "/v1/me", nil, as(made.Token.Secret)), 200, "").json(t, &me)
	if me.User != made.User || me.Token.ID != made.Token.ID {
		t.Errorf("%+v", me)
	}
	s.want(s.post("/v1/users", `{"login":"second","operator":true}`, root), 201, "").json(t, &made)
	s.want(s.post("/v1/users", `{"login":"third","operator":null}`, as(made.Token.Secret)), 201, "")
	s.want(s.post("/v1/users", `{"login":"fourth"}`, nil), 403, api.NotOwner)
	for _, body := range []string{`{"login":"bob"}`, `{"login":"Bob"}`, `{}`} {
		a := s.want(s.post("/v1/users", body, root), 422, api.ValidationFailed)
		if faults := a.problem().Errors; len(faults) != 1 || faults[0].Pointer != "/login" {
			t.Errorf("%s: %+v", body, faults)
		}
	}
	if strings.Contains(s.log.String(), made.Token.Secret) {
		t.Error("a token stands in the log")
	}
}

// A transferred package is published by its new owner, and no longer by members.
func TestPublishAfterTransfer(t *testing.T) {
	s, _ := settled(t)
	bob := s.user("bob")
	s.want(s.do("POST", "/v1/packages/acme/http/transfer/cancel", nil, nil), 200, "")
	s.want(s.post("/v1/packages/acme/http/transfer", `{"to":"bob"}`, nil), 202, "")
	s.want(s.do("POST", "/v1/packages/acme/http/transfer/accept", nil, as(bob)), 200, "")
	next := sample.Package{Ref: "@acme/http@1.0.1"}.Archive(t)
	s.want(s.publish("acme/http", part{"archive", next}), 403, api.NotOwner)
	s.token = bob
	s.want(s.publish("acme/http", part{"archive", next}), 201, "")
}
