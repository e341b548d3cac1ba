package registry_test

import (
	"sync"
	"testing"
	"time"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/internal/registry"
	"github.com/ori-lang/registry/internal/repotest/sample"
)

// What a token may not do any more it may not finish either, whether it was
// revoked or its time came.
func TestATokenThatEndsMeanwhile(t *testing.T) { eachDatabase(t, testATokenThatEndsMeanwhile) }

func testATokenThatEndsMeanwhile(t *testing.T, f *fixture) {
	ada := f.owner("ada", "acme")
	content := sample.Package{Ref: "@acme/http@1.0.0"}.Archive(t)
	for name, test := range map[string]struct {
		end  func(registry.Actor)
		code api.Code
	}{
		"revoked": {func(a registry.Actor) { must(t, f.RevokeToken(t.Context(), ada, f.tokenOf(a).ID)) }, api.TokenInvalid},
		"expired": {func(registry.Actor) { f.pass(2 * time.Hour) }, api.TokenExpired},
	} {
		soon := api.NewTime(f.clock().Add(time.Hour))
		made, err := f.CreateToken(t.Context(), ada, api.NewToken{Name: name, Scopes: []api.TokenScope{api.Admin}, ExpiresAt: &soon})
		must(t, err)
		a := f.actor(made.Secret)
		staged := f.stage(content)
		must(t, f.MayPublish(t.Context(), a, pkg("@acme/http")))
		test.end(a)
		before := f.logSize()
		_, err = f.Publish(t.Context(), a, pkg("@acme/http"), registry.Upload{Archive: staged})
		wantCode(t, name+", publishing", err, test.code)
		_, _, err = f.ClaimScope(t.Context(), a, "other")
		wantCode(t, name+", claiming", err, test.code)
		_, err = f.CreateToken(t.Context(), a, api.NewToken{Name: "x", Scopes: []api.TokenScope{api.Read}})
		wantCode(t, name+", making a token", err, test.code)
		wantCode(t, name+", revoking another", f.RevokeToken(t.Context(), a, f.tokenOf(ada).ID), test.code)
		if after := f.logSize(); after != before {
			t.Errorf("%s: the log grew by %d", name, after-before)
		}
	}
	f.mustPublish(ada, sample.Package{Ref: "@acme/http@1.0.0"})
}

func (f *fixture) tokenOf(a registry.Actor) api.Token {
	f.t.Helper()
	me, err := f.Me(f.t.Context(), a)
	must(f.t, err)
	return me.Token
}

// A token that is limited to packages writes to no other, whatever its account may.
func TestPatternsLimitWrites(t *testing.T) { eachDatabase(t, testPatternsLimitWrites) }

func testPatternsLimitWrites(t *testing.T, f *fixture) {
	ada := f.owner("ada", "acme")
	_, _, err := f.ClaimScope(t.Context(), ada, "acme-tools")
	must(t, err)
	for _, test := range []struct {
		pattern, ref string
		code         api.Code
	}{
		{"@acme/*", "@acme/http@1.0.0", ""},
		{"@acme/*", "@acme-tools/http@1.0.0", api.TokenPackageMismatch},
		{"@acme/http", "@acme/http@1.0.1", ""},
		{"@acme/http", "@acme/http2@1.0.0", api.TokenPackageMismatch},
		{"@acme/http", "@acme/htt@1.0.0", api.TokenPackageMismatch},
		{"@acme-tools/*", "@acme/http@1.0.2", api.TokenPackageMismatch},
	} {
		token := f.token(ada, api.Publish, test.pattern)
		wantCode(t, test.pattern+" asks for "+test.ref, f.MayPublish(t.Context(), token, ref(test.ref).Package), test.code)
		_, err := f.publish(token, ref(test.ref).Package.String(), sample.Package{Ref: test.ref}.Archive(t))
		wantCode(t, test.pattern+" publishes "+test.ref, err, test.code)
	}
}

// The hour of the last use is kept, and nothing finer.
func TestLastUse(t *testing.T) { eachDatabase(t, testLastUse) }

func testLastUse(t *testing.T, f *fixture) {
	ada := f.user("ada")
	made, err := f.CreateToken(t.Context(), ada, api.NewToken{Name: "x", Scopes: []api.TokenScope{api.Read}})
	must(t, err)
	lastUse := func() *api.Time {
		t.Helper()
		tokens, err := f.Tokens(t.Context(), ada)
		must(t, err)
		for _, token := range tokens.Tokens {
			if token.ID == made.ID {
				return token.LastUsedAt
			}
		}
		t.Fatal("the token is not listed")
		return nil
	}
	if used := lastUse(); used != nil {
		t.Errorf("a new token was used at %v", used)
	}
	for _, step := range []time.Duration{0, 10 * time.Minute, time.Hour, 30 * 24 * time.Hour} {
		f.pass(step)
		f.actor(made.Secret)
		if used, want := lastUse(), f.clock().Truncate(time.Hour); used == nil || !used.Equal(want) {
			t.Errorf("after %v: used at %v, want %v", step, used, want)
		}
	}
}

// However many calls come with a token when an hour begins, one of them writes.
func TestTheFirstUseOfAnHourIsNoted(t *testing.T) {
	f := newFixture(t)
	secret, err := f.AddUser(t.Context(), "ada", false)
	must(t, err)
	f.tamper(`CREATE TABLE noted (at BIGINT)`,
		`CREATE TRIGGER note AFTER UPDATE OF last_used_at ON token BEGIN INSERT INTO noted VALUES (NEW.last_used_at); END`)
	const hours = 3
	for range hours {
		var calls sync.WaitGroup
		for range 32 {
			calls.Go(func() {
				if _, err := f.Authenticate(t.Context(), secret); err != nil {
					t.Error(err)
				}
			})
		}
		calls.Wait()
		f.pass(time.Hour)
	}
	db := f.behind()
	defer db.Close()
	var writes, different int
	must(t, db.QueryRow(`SELECT COUNT(*), COUNT(DISTINCT at) FROM noted`).Scan(&writes, &different))
	if writes != hours || different != hours {
		t.Errorf("in %d hours %d uses of %d hours were noted", hours, writes, different)
	}
}
