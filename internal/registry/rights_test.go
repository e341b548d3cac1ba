package registry_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/internal/registry"
)

func TestClaimingScopes(t *testing.T) { eachDatabase(t, testClaimingScopes) }

func testClaimingScopes(t *testing.T, f *fixture) {
	ada, eve := f.owner("ada", "two-words"), f.user("eve")
	tests := []struct {
		what, scope string
		actor       registry.Actor
		code        api.Code
		created     bool
	}{
		{"free", "acme", ada, "", true},
		{"one's own again", "acme", ada, "", false},
		{"somebody else's", "acme", eve, api.ScopeTaken, false},
		{"similar", "twowords", eve, api.NameTooSimilar, false},
		{"similar to one's own", "twowo-rds", ada, api.NameTooSimilar, false},
		{"reserved", "internal", ada, api.NameReserved, false},
		{"of the standard library", "stdx", ada, api.NameReserved, false},
		{"malformed", "Acme", ada, api.InvalidName, false},
		{"nobody asks", "other", registry.Actor{}, api.Unauthenticated, false},
		{"read token", "other", f.token(ada, api.Read), api.InsufficientScope, false},
		{"token for another scope", "other", f.token(ada, api.Publish, "@acme/*"), api.TokenPackageMismatch, false},
		{"token for one package of it", "other", f.token(ada, api.Publish, "@other/one"), api.TokenPackageMismatch, false},
		{"token for it", "other", f.token(ada, api.Publish, "@other/*"), "", true},
	}
	for _, test := range tests {
		before := f.logSize()
		scope, created, err := f.ClaimScope(t.Context(), test.actor, test.scope)
		wantCode(t, test.what, err, test.code)
		if created != test.created {
			t.Errorf("%s: created is %v", test.what, created)
		}
		if grown := f.logSize() - before; (grown == 1) != test.created || grown > 1 {
			t.Errorf("%s: the log grew by %d", test.what, grown)
		}
		if err == nil && (scope.Scope != test.scope || len(scope.Members) != 1 || scope.Members[0] != (api.Member{Login: "ada", Role: api.Owner})) {
			t.Errorf("%s: the scope is %+v", test.what, scope)
		}
	}
}

func TestAuthentication(t *testing.T) { eachDatabase(t, testAuthentication) }

func testAuthentication(t *testing.T, f *fixture) {
	secret, err := f.AddUser(t.Context(), "ada", false)
	must(t, err)
	forged, err := api.NewSecret(strings.NewReader(strings.Repeat("x", 400)))
	must(t, err)
	alike, err := api.NewSecret(strings.NewReader(beginning(secret[:api.SecretShown]) + strings.Repeat("\x00", 400)))
	must(t, err)
	if alike[:api.SecretShown] != secret[:api.SecretShown] {
		t.Fatalf("%s does not begin like %s", alike, secret)
	}
	ada := f.actor(secret)
	revoked, err := f.CreateToken(t.Context(), ada, api.NewToken{Name: "a", Scopes: []api.TokenScope{api.Read}})
	must(t, err)
	must(t, f.RevokeToken(t.Context(), ada, revoked.ID))
	must(t, f.RevokeToken(t.Context(), ada, revoked.ID)) // again: nothing to do
	soon := api.NewTime(f.clock().Add(time.Hour))
	brief, err := f.CreateToken(t.Context(), ada, api.NewToken{Name: "b", Scopes: []api.TokenScope{api.Read}, ExpiresAt: &soon})
	must(t, err)
	check := func(what, secret string, code api.Code) {
		t.Helper()
		_, err := f.Authenticate(t.Context(), secret)
		wantCode(t, what, err, code)
	}
	check("good", secret, "")
	check("empty", "", api.TokenInvalid)
	check("mistyped", secret[:len(secret)-1]+"_", api.TokenInvalid)
	check("well formed and unknown", forged, api.TokenInvalid)
	check("well formed, with the same beginning", alike, api.TokenInvalid)
	check("revoked", revoked.Secret, api.TokenInvalid)
	check("short-lived", brief.Secret, "")
	f.pass(time.Hour)
	check("expired", brief.Secret, api.TokenExpired)
	f.pass(90 * 24 * time.Hour)
	check("first token after 90 days", secret, api.TokenExpired)
}

// beginning gives the random bytes of which a secret is made that begins so.
func beginning(shown string) string {
	const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	return strings.Map(func(c rune) rune { return rune(strings.IndexRune(base62, c)) }, strings.TrimPrefix(shown, "ori_"))
}

func TestATokenMakesNoneThatMayDoMore(t *testing.T) {
	eachDatabase(t, testATokenMakesNoneThatMayDoMore)
}

func testATokenMakesNoneThatMayDoMore(t *testing.T, f *fixture) {
	ada := f.user("ada")
	limited := f.token(ada, api.Admin, "@acme/*", "@other/one")
	early, late := api.NewTime(f.clock()), api.NewTime(f.clock().Add(367*24*time.Hour))
	year := api.NewTime(f.clock().Add(366 * 24 * time.Hour))
	read := []api.TokenScope{api.Read}
	tests := []struct {
		what  string
		actor registry.Actor
		token api.NewToken
		code  api.Code
	}{
		{"narrower", limited, api.NewToken{Name: "x", Scopes: read, Packages: []string{"@acme/http", "@other/one"}}, ""},
		{"as wide", limited, api.NewToken{Name: "x", Scopes: read, Packages: []string{"@acme/*"}}, ""},
		{"all packages", limited, api.NewToken{Name: "x", Scopes: read}, api.TokenPackageMismatch},
		{"another scope", limited, api.NewToken{Name: "x", Scopes: read, Packages: []string{"@else/*"}}, api.TokenPackageMismatch},
		{"the whole of a scope", limited, api.NewToken{Name: "x", Scopes: read, Packages: []string{"@other/*"}}, api.TokenPackageMismatch},
		{"more than itself, by a publish token", f.token(ada, api.Publish), api.NewToken{Name: "x", Scopes: []api.TokenScope{api.Admin}}, api.InsufficientScope},
		{"itself again, by a limited one", limited, api.NewToken{Name: "x", Scopes: []api.TokenScope{api.Admin}, Packages: []string{"@acme/*", "@other/one"}}, ""},
		{"by a publish token", f.token(ada, api.Publish), api.NewToken{Name: "x", Scopes: read}, api.InsufficientScope},
		{"by nobody", registry.Actor{}, api.NewToken{Name: "x", Scopes: read}, api.Unauthenticated},
		{"a year", ada, api.NewToken{Name: "x", Scopes: read, ExpiresAt: &year}, ""},
		{"over a year", ada, api.NewToken{Name: "x", Scopes: read, ExpiresAt: &late}, api.ValidationFailed},
		{"in the past", ada, api.NewToken{Name: "x", Scopes: read, ExpiresAt: &early}, api.ValidationFailed},
		{"no name", ada, api.NewToken{Scopes: read}, api.ValidationFailed},
		{"name with an escape", ada, api.NewToken{Name: "a\x1b[2J", Scopes: read}, api.ValidationFailed},
		{"long name", ada, api.NewToken{Name: strings.Repeat("é", 101), Scopes: read}, api.ValidationFailed},
		{"no scope", ada, api.NewToken{Name: "x"}, api.ValidationFailed},
		{"too many scopes", ada, api.NewToken{Name: "x", Scopes: slices.Repeat(read, 4)}, api.ValidationFailed},
		{"unknown scope", ada, api.NewToken{Name: "x", Scopes: []api.TokenScope{"root"}}, api.ValidationFailed},
		{"bad pattern", ada, api.NewToken{Name: "x", Scopes: read, Packages: []string{"@acme/h*"}}, api.ValidationFailed},
		{"everything pattern", ada, api.NewToken{Name: "x", Scopes: read, Packages: []string{"*"}}, api.ValidationFailed},
		{"too many patterns", ada, api.NewToken{Name: "x", Scopes: read, Packages: slices.Repeat([]string{"@a/*"}, 65)}, api.ValidationFailed},
	}
	for _, test := range tests {
		_, err := f.CreateToken(t.Context(), test.actor, test.token)
		wantCode(t, test.what, err, test.code)
	}
}

func TestTokensAreSeenAndRevokedByTheirOwnerOnly(t *testing.T) {
	eachDatabase(t, testTokensAreSeenAndRevokedByTheirOwnerOnly)
}

func testTokensAreSeenAndRevokedByTheirOwnerOnly(t *testing.T, f *fixture) {
	ada, eve := f.user("ada"), f.user("eve")
	reader := f.token(ada, api.Read)
	list := func(a registry.Actor) (names []string) {
		tokens, err := f.Tokens(t.Context(), a)
		must(t, err)
		for _, token := range tokens.Tokens {
			names = append(names, token.Name)
		}
		return names
	}
	if got := fmt.Sprint(list(ada), list(eve)); got != "[first token test] [first token]" {
		t.Errorf("ada and eve see %s", got)
	}
	_, err := f.Tokens(t.Context(), reader)
	wantCode(t, "a read token lists", err, api.InsufficientScope)
	me, err := f.Me(t.Context(), ada)
	must(t, err)
	wantCode(t, "eve revokes ada's", f.RevokeToken(t.Context(), eve, me.Token.ID), api.NotFound)
	wantCode(t, "a read token revokes another", f.RevokeToken(t.Context(), reader, me.Token.ID), api.InsufficientScope)
	wantCode(t, "unknown", f.RevokeToken(t.Context(), ada, "t_nothing"), api.NotFound)
	mine, err := f.Me(t.Context(), reader)
	must(t, err)
	wantCode(t, "itself", f.RevokeToken(t.Context(), reader, mine.Token.ID), "")
}

func TestUsers(t *testing.T) { eachDatabase(t, testUsers) }

func testUsers(t *testing.T, f *fixture) {
	f.user("ada")
	_, err := f.AddUser(t.Context(), "ada", false)
	wantCode(t, "taken", err, api.ValidationFailed)
	_, err = f.AddUser(t.Context(), "Ada", false)
	wantCode(t, "malformed", err, api.InvalidName)
	secret, err := f.AddUser(t.Context(), "root", true)
	must(t, err)
	revoked, err := f.RevokeAnyToken(t.Context(), secret[:api.SecretShown])
	must(t, err)
	_, err = f.Authenticate(t.Context(), secret)
	wantCode(t, "revoked "+revoked.ID, err, api.TokenInvalid)
	_, err = f.RevokeAnyToken(t.Context(), "t_nothing")
	wantCode(t, "no such token", err, api.NotFound)
}

func TestOperatorsMakeUsers(t *testing.T) { eachDatabase(t, testOperatorsMakeUsers) }

func testOperatorsMakeUsers(t *testing.T, f *fixture) {
	secret, err := f.AddUser(t.Context(), "root", true)
	must(t, err)
	root := f.actor(secret)
	for _, operator := range []bool{false, true} {
		login := fmt.Sprintf("made-%t", operator)
		made, err := f.CreateUser(t.Context(), root, api.NewUser{Login: login, Operator: operator})
		must(t, err)
		me, err := f.Me(t.Context(), f.actor(made.Token.Secret))
		must(t, err)
		if me.User != made.User || me.User.Login != login || me.User.Operator != operator || me.Token.ID != made.Token.ID ||
			fmt.Sprint(me.Token.Scopes) != "[admin]" || len(me.Token.Packages) > 0 || me.Token.ExpiresAt.Sub(f.clock()) != 90*24*time.Hour {
			t.Errorf("%+v was made, and is %+v", made, me)
		}
	}
	for _, test := range []struct {
		what  string
		actor registry.Actor
		login string
		code  api.Code
	}{
		{"nobody", registry.Actor{}, "x", api.Unauthenticated},
		{"no operator", f.user("ada"), "x", api.NotOwner},
		{"an operator's publish token", f.token(root, api.Publish), "x", api.InsufficientScope},
		{"a token that may do less than the new one", f.token(root, api.Admin, "@acme/*"), "x", api.TokenPackageMismatch},
		{"a token that was ended meanwhile", f.ended(root), "x", api.TokenInvalid},
		{"taken", root, "ada", api.ValidationFailed},
		{"malformed", root, "Ada", api.ValidationFailed},
		{"absent", root, "", api.ValidationFailed},
	} {
		_, err := f.CreateUser(t.Context(), test.actor, api.NewUser{Login: test.login})
		wantCode(t, test.what, err, test.code)
		if test.code == api.ValidationFailed {
			wantPointer(t, test.what, err, "/login")
		}
	}
}
