package registry_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/internal/registry"
	"github.com/ori-lang/registry/internal/repotest/sample"
	"github.com/ori-lang/registry/translog"
)

// operator makes an account that is an operator.
func (f *fixture) operator(login string) registry.Actor {
	f.t.Helper()
	secret, err := f.AddUser(f.t.Context(), login, true)
	must(f.t, err)
	return f.actor(secret)
}

func given(s string) *string { return &s }

// lifeStep is a call about @acme/http@1.0.0 and what must follow from it.
type lifeStep struct {
	what  string
	call  func(context.Context) (*api.Version, error)
	code  api.Code
	entry string // first lines of the entry that it adds, "" for none
	// what the versions reply says of it afterwards
	yanked, deprecated, latest string
}

func TestLifeOfAVersion(t *testing.T) { eachDatabase(t, testLifeOfAVersion) }

func testLifeOfAVersion(t *testing.T, f *fixture) {
	ada := f.owner("ada", "acme")
	f.mustPublish(ada, sample.Package{Ref: "@acme/http@0.9.0"})
	f.mustPublish(ada, sample.Package{Ref: "@acme/http@1.0.0"})
	target := ref("@acme/http@1.0.0")
	yank := func(reason, message *string) func(context.Context) (*api.Version, error) {
		return func(ctx context.Context) (*api.Version, error) {
			return f.Yank(ctx, ada, target, api.Yank{Reason: reason, Message: message})
		}
	}
	unyank := func(ctx context.Context) (*api.Version, error) { return f.Unyank(ctx, ada, target) }
	deprecate := func(message, replacement *string) func(context.Context) (*api.Version, error) {
		return func(ctx context.Context) (*api.Version, error) {
			return f.Deprecate(ctx, ada, target, api.Deprecation{Message: message, Replacement: replacement})
		}
	}
	hash := func(s string) string { return ident.ChecksumOf([]byte(s)).String() }
	const version = "package @acme/http\nversion 1.0.0\n"
	steps := []lifeStep{
		{what: "unyank of what is not yanked", call: unyank, latest: "1.0.0"},
		{what: "undeprecate of what is not deprecated", call: deprecate(nil, nil), latest: "1.0.0"},
		{what: "yank without a word", call: yank(nil, nil), entry: "yank\n" + version + "reason -\nmessage -\n", yanked: "|", latest: "0.9.0"},
		{what: "the same again", call: yank(nil, given("")), yanked: "|", latest: "0.9.0"},
		{what: "yank with a reason", call: yank(given("broken"), given("eats files")), entry: "yank\n" + version + "reason broken\nmessage " + hash("eats files") + "\n", yanked: "broken|eats files", latest: "0.9.0"},
		{what: "that again", call: yank(given("broken"), given("eats files")), yanked: "broken|eats files", latest: "0.9.0"},
		{what: "unknown reason", call: yank(given("boring"), nil), code: api.ValidationFailed, yanked: "broken|eats files", latest: "0.9.0"},
		{what: "long message", call: yank(nil, given(strings.Repeat("ä", 501))), code: api.ValidationFailed, yanked: "broken|eats files", latest: "0.9.0"},
		{what: "longest message", call: yank(nil, given(strings.Repeat("ä", 500))), entry: "yank\n" + version + "reason -\nmessage " + hash(strings.Repeat("ä", 500)) + "\n", yanked: "|" + strings.Repeat("ä", 500), latest: "0.9.0"},
		{what: "message with an escape", call: yank(nil, given("\x1b[31m")), code: api.ValidationFailed, yanked: "|" + strings.Repeat("ä", 500), latest: "0.9.0"},
		{what: "unyank", call: unyank, entry: "unyank\n" + version, latest: "1.0.0"},
		{what: "unyank again", call: unyank, latest: "1.0.0"},
		{what: "deprecate", call: deprecate(given("old"), nil), entry: "deprecate\n" + version + "message " + hash("old") + "\nreplacement -\n", deprecated: "old|", latest: "1.0.0"},
		{what: "deprecate again", call: deprecate(given("old"), nil), deprecated: "old|", latest: "1.0.0"},
		{what: "deprecate with a replacement", call: deprecate(given("old"), given("@acme/web")), entry: "deprecate\n" + version + "message " + hash("old") + "\nreplacement @acme/web\n", deprecated: "old|@acme/web", latest: "1.0.0"},
		{what: "replacement version", call: deprecate(given("old"), given("@acme/http@2.0.0")), entry: "deprecate\n" + version + "message " + hash("old") + "\nreplacement @acme/http@2.0.0\n", deprecated: "old|@acme/http@2.0.0", latest: "1.0.0"},
		{what: "replaced by itself", call: deprecate(given("old"), given("@acme/http@1.0.0")), code: api.ValidationFailed, deprecated: "old|@acme/http@2.0.0", latest: "1.0.0"},
		{what: "replaced by nonsense", call: deprecate(given("old"), given("http")), code: api.ValidationFailed, deprecated: "old|@acme/http@2.0.0", latest: "1.0.0"},
		{what: "blank message", call: deprecate(given(" "), nil), code: api.ValidationFailed, deprecated: "old|@acme/http@2.0.0", latest: "1.0.0"},
		{what: "replacement without a message", call: deprecate(nil, given("@acme/web")), code: api.ValidationFailed, deprecated: "old|@acme/http@2.0.0", latest: "1.0.0"},
		{what: "yank of a deprecated one", call: yank(given("other"), nil), entry: "yank\n" + version + "reason other\nmessage -\n", yanked: "other|", deprecated: "old|@acme/http@2.0.0", latest: "0.9.0"},
		{what: "undeprecate", call: deprecate(nil, nil), entry: "undeprecate\n" + version, yanked: "other|", latest: "0.9.0"},
	}
	for _, step := range steps {
		f.pass(time.Minute)
		f.checkStep(step)
	}
	if faults := f.fsck(); len(faults) > 0 {
		t.Errorf("fsck: %s", faults)
	}
}

func (f *fixture) checkStep(step lifeStep) {
	f.t.Helper()
	before := f.logSize()
	got, err := step.call(f.t.Context())
	wantCode(f.t, step.what, err, step.code)
	grown := f.logSize() - before
	if step.entry == "" && grown != 0 || step.entry != "" && grown != 1 {
		f.t.Errorf("%s: the log grew by %d", step.what, grown)
	} else if step.entry != "" && !strings.HasPrefix(f.entry(before), "ori-log/v1 "+step.entry+"actor u_") {
		f.t.Errorf("%s: the log says\n%swant\n%s", step.what, f.entry(before), step.entry)
	}
	list, err := f.Versions(f.t.Context(), pkg("@acme/http"), time.Time{})
	must(f.t, err)
	v := list.Versions[0]
	if yanked, deprecated := lifeTexts(v); yanked != step.yanked || deprecated != step.deprecated || list.Latest.String() != step.latest {
		f.t.Errorf("%s: yanked %q, deprecated %q, latest %s; want %q, %q, %s", step.what, yanked, deprecated, list.Latest, step.yanked, step.deprecated, step.latest)
	}
	if got != nil {
		yanked, deprecated := lifeTexts(*got)
		if yanked != step.yanked || deprecated != step.deprecated {
			f.t.Errorf("%s: the reply says yanked %q, deprecated %q", step.what, yanked, deprecated)
		}
	}
}

// lifeTexts writes what a version says of itself as "reason|message" and
// "message|replacement", "" where it says nothing.
func lifeTexts(v api.Version) (yanked, deprecated string) {
	or := func(s *string) string {
		if s == nil {
			return ""
		}
		return *s
	}
	if v.Yanked != nil {
		yanked = or(v.Yanked.Reason) + "|" + or(v.Yanked.Message)
	}
	if v.Deprecated != nil {
		deprecated = v.Deprecated.Message + "|" + or(v.Deprecated.Replacement)
	}
	return yanked, deprecated
}

// entry gives the text of a log entry.
func (f *fixture) entry(index int64) string {
	f.t.Helper()
	proof, err := f.log.Proof(f.t.Context(), index)
	must(f.t, err)
	verifier, err := translog.NewVerifier(f.log.VerifierKey())
	must(f.t, err)
	opened, err := verifier.VerifyProof(proof)
	must(f.t, err)
	text, err := opened.Entry.Bytes()
	must(f.t, err)
	return string(text)
}

func TestRightsOverAVersion(t *testing.T) { eachDatabase(t, testRightsOverAVersion) }

func testRightsOverAVersion(t *testing.T, f *fixture) {
	ada, eve, root := f.owner("ada", "acme"), f.owner("eve", "other"), f.operator("root")
	f.mustPublish(ada, sample.Package{Ref: "@acme/http@1.0.0"})
	revoked := f.token(ada, api.Publish)
	list, err := f.Tokens(t.Context(), ada)
	must(t, err)
	must(t, f.RevokeToken(t.Context(), ada, list.Tokens[len(list.Tokens)-1].ID))
	target := ref("@acme/http@1.0.0")
	calls := map[string]func(registry.Actor, ident.Ref) error{
		"yank": func(a registry.Actor, r ident.Ref) error {
			_, err := f.Yank(t.Context(), a, r, api.Yank{})
			return err
		},
		"unyank": func(a registry.Actor, r ident.Ref) error { _, err := f.Unyank(t.Context(), a, r); return err },
		"deprecate": func(a registry.Actor, r ident.Ref) error {
			_, err := f.Deprecate(t.Context(), a, r, api.Deprecation{Message: given("old")})
			return err
		},
		"undeprecate": func(a registry.Actor, r ident.Ref) error {
			_, err := f.Deprecate(t.Context(), a, r, api.Deprecation{})
			return err
		},
	}
	for name, call := range calls {
		for what, test := range map[string]struct {
			actor registry.Actor
			ref   ident.Ref
			code  api.Code
		}{
			"nobody":             {registry.Actor{}, target, api.Unauthenticated},
			"read token":         {f.token(ada, api.Read), target, api.InsufficientScope},
			"other package's":    {f.token(ada, api.Publish, "@acme/other"), target, api.TokenPackageMismatch},
			"revoked token":      {revoked, target, api.TokenInvalid},
			"stranger":           {eve, target, api.NotOwner},
			"operator":           {root, target, api.NotOwner},
			"no such package":    {ada, ref("@acme/none@1.0.0"), api.PackageNotFound},
			"no such version":    {ada, ref("@acme/http@3.0.0"), api.VersionNotFound},
			"no scope either":    {ada, ref("@none/none@1.0.0"), api.PackageNotFound},
			"publish token":      {f.token(ada, api.Publish), target, ""},
			"this package's":     {f.token(ada, api.Publish, "@acme/http"), target, ""},
			"token of the scope": {f.token(ada, api.Publish, "@acme/*"), target, ""},
		} {
			wantCode(t, name+" by "+what, call(test.actor, test.ref), test.code)
		}
	}
}

// Many change the same version at once: the log and the record agree whatever
// the order was.
func TestLifeUnderContention(t *testing.T) { eachDatabase(t, testLifeUnderContention) }

func testLifeUnderContention(t *testing.T, f *fixture) {
	ada := f.owner("ada", "acme")
	f.mustPublish(ada, sample.Package{Ref: "@acme/http@1.0.0"})
	before := f.logSize()
	var everybody sync.WaitGroup
	for range 16 {
		everybody.Go(func() {
			if _, err := f.Yank(t.Context(), ada, ref("@acme/http@1.0.0"), api.Yank{Reason: given("broken")}); err != nil {
				t.Errorf("yank: %v", err)
			}
		})
	}
	everybody.Wait()
	if grown := f.logSize() - before; grown != 1 {
		t.Errorf("16 equal yanks made %d entries", grown)
	}
	for i := range 16 {
		everybody.Go(func() {
			var err error
			if i%2 == 0 {
				_, err = f.Unyank(t.Context(), ada, ref("@acme/http@1.0.0"))
			} else {
				_, err = f.Yank(t.Context(), ada, ref("@acme/http@1.0.0"), api.Yank{Reason: given("broken")})
			}
			if err != nil {
				t.Errorf("changing: %v", err)
			}
		})
	}
	everybody.Wait()
	if faults := f.fsck(); len(faults) > 0 {
		t.Errorf("fsck: %s", faults)
	}
}

func TestYankedDependencyIsAWarning(t *testing.T) {
	f := newFixture(t)
	ada := f.owner("ada", "acme")
	base := f.mustPublish(ada, sample.Package{Ref: "@acme/base@1.0.0"})
	_, err := f.Yank(t.Context(), ada, ref("@acme/base@1.0.0"), api.Yank{})
	must(t, err)
	receipt := f.mustPublish(ada, sample.Package{
		Ref: "@acme/user@1.0.0", Manifest: "[dependencies]\n\"@acme/base\" = \"1.0.0\"\n", Lock: `"@acme/base:1.0.0" = "` + base.Checksum.String() + "\"\n",
	})
	want := api.Warning{Code: "dependency_yanked", Detail: "@acme/base@1.0.0 is yanked", Pointer: "/dependencies/@acme~1base"}
	if len(receipt.Warnings) != 1 || receipt.Warnings[0] != want {
		t.Errorf("the warnings are %+v", receipt.Warnings)
	}
}

// The newest version is the one that a package is shown by.
func TestNewest(t *testing.T) {
	f := newFixture(t)
	ada, root := f.owner("ada", "acme"), f.operator("root")
	for _, v := range []string{"1.0.0", "1.1.0", "2.0.0-rc.1"} {
		f.mustPublish(ada, sample.Package{Ref: "@acme/http@" + v})
	}
	yank := func(v string) { _, err := f.Yank(t.Context(), ada, ref("@acme/http@"+v), api.Yank{}); must(t, err) }
	remove := func(v string) {
		_, err := f.Remove(t.Context(), root, ref("@acme/http@"+v), api.Removal{Reason: "legal"})
		must(t, err)
	}
	for _, step := range []struct {
		change                     func()
		latest, prerelease, newest string
	}{
		{func() {}, "1.1.0", "2.0.0-rc.1", "1.1.0"},
		{func() { yank("1.1.0") }, "1.0.0", "2.0.0-rc.1", "1.0.0"},
		{func() { remove("1.0.0") }, "-", "2.0.0-rc.1", "2.0.0-rc.1"},
		{func() { yank("2.0.0-rc.1") }, "-", "-", "2.0.0-rc.1"},
		{func() { remove("2.0.0-rc.1") }, "-", "-", "1.1.0"},
		{func() { remove("1.1.0") }, "-", "-", "-"},
	} {
		step.change()
		page, err := f.Package(t.Context(), pkg("@acme/http"))
		must(t, err)
		newest := "-"
		if page.Newest != nil {
			newest = page.Newest.Version.Version.String()
		}
		if text(page.Latest) != step.latest || text(page.LatestPrerelease) != step.prerelease || newest != step.newest {
			t.Errorf("latest %s, pre-release %s, newest %s; want %+v", text(page.Latest), text(page.LatestPrerelease), newest, step)
		}
	}
}
