package registry_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
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

// A removed version leaves its record, and not one byte of its content, in the
// database or beside it.
func TestRemoval(t *testing.T) {
	for _, noise := range []int{20 << 10, 200 << 10} { // in the database, in a file
		eachDatabase(t, func(t *testing.T, f *fixture) { testRemoval(t, f, noise) })
	}
}

func testRemoval(t *testing.T, f *fixture, noise int) {
	ada, root := f.owner("ada", "acme"), f.operator("root")
	bad := sample.Package{Ref: "@acme/http@1.0.0", Noise: noise, Files: map[string]string{"README.md": "# the text to be forgotten, zqxpassword\n"}}
	content := bad.Archive(t)
	receipt := f.mustPublish(ada, bad)
	f.mustPublish(ada, sample.Package{Ref: "@acme/http@0.9.0"})
	target := ref("@acme/http@1.0.0")

	for what, test := range map[string]struct {
		actor   registry.Actor
		removal api.Removal
		code    api.Code
	}{
		"owner":          {ada, api.Removal{Reason: "malware"}, api.NotOwner},
		"nobody":         {registry.Actor{}, api.Removal{Reason: "malware"}, api.Unauthenticated},
		"publish token":  {f.token(root, api.Publish), api.Removal{Reason: "malware"}, api.InsufficientScope},
		"other's token":  {f.token(root, api.Admin, "@acme/other"), api.Removal{Reason: "malware"}, api.TokenPackageMismatch},
		"no reason":      {root, api.Removal{}, api.ValidationFailed},
		"unknown reason": {root, api.Removal{Reason: "broken"}, api.ValidationFailed},
		"bad message":    {root, api.Removal{Reason: "legal", Message: given("\u202e")}, api.ValidationFailed},
	} {
		_, err := f.Remove(t.Context(), test.actor, target, test.removal)
		wantCode(t, what, err, test.code)
	}
	before := f.logSize()
	for range 2 { // the second time nothing changes
		v, err := f.Remove(t.Context(), root, target, api.Removal{Reason: "malware", Message: given("steals keys")})
		must(t, err)
		if v.Removed == nil || v.Removed.Reason != "malware" || *v.Removed.Message != "steals keys" || v.Checksum != receipt.Checksum {
			t.Fatalf("the version says %+v", v)
		}
	}
	if f.logSize() != before+1 {
		t.Errorf("the log grew by %d", f.logSize()-before)
	}
	f.checkGone(target, content, api.VersionGone)

	_, err := f.publish(ada, "@acme/http", content)
	wantCode(t, "the same bytes again", err, api.VersionRemoved)
	_, err = f.publish(ada, "@acme/http", sample.Package{Ref: "@acme/http@1.0.0", Noise: 7}.Archive(t))
	wantCode(t, "the number again", err, api.VersionRemoved)
	_, err = f.Yank(t.Context(), ada, target, api.Yank{})
	wantCode(t, "yank", err, api.VersionRemoved)
	_, err = f.publish(ada, "@acme/user", sample.Package{
		Ref: "@acme/user@1.0.0", Manifest: "[dependencies]\n\"@acme/http\" = \"1.0.0\"\n", Lock: `"@acme/http:1.0.0" = "` + receipt.Checksum.String() + "\"\n",
	}.Archive(t))
	wantCode(t, "a dependency on it", err, api.DependencyNotFound)
	page, err := f.Package(t.Context(), pkg("@acme/http"))
	must(t, err)
	if page.Newest.Version.Version.String() != "0.9.0" || page.Latest.String() != "0.9.0" {
		t.Errorf("the newest is %s, the latest %s", page.Newest.Version.Version, page.Latest)
	}
	if _, err := f.Proof(t.Context(), target); err != nil {
		t.Errorf("its proof: %v", err)
	}
	_, err = f.Remove(t.Context(), root, target, api.Removal{Reason: "legal"})
	must(t, err)
	f.checkGone(target, content, api.Legal)
	if faults := f.fsck(); len(faults) > 0 {
		t.Errorf("fsck: %s", faults)
	}
}

// checkGone looks for the content of a removed version everywhere.
func (f *fixture) checkGone(target ident.Ref, content []byte, code api.Code) {
	f.t.Helper()
	_, err := f.Archive(f.t.Context(), target)
	wantCode(f.t, "download", err, code)
	_, err = f.Readme(f.t.Context(), target)
	wantCode(f.t, "README", err, code)
	needle := content[len(content)/2 : len(content)/2+64]
	for _, root := range []string{f.dir, filepath.Dir(strings.TrimPrefix(f.database, "sqlite:"))} {
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) { // of PostgreSQL there is no folder here
				return nil
			}
			if err != nil || entry.IsDir() {
				return err
			}
			stored, err := os.ReadFile(path)
			for _, gone := range [][]byte{needle, []byte("to be forgotten"), []byte("qxpassword")} { // the last is a word of the search's index
				if bytes.Contains(stored, gone) {
					f.t.Errorf("%s still has %q, which was removed", filepath.Base(path), gone)
				}
			}
			return err
		})
		must(f.t, err)
	}
}

// Every removal of a process erases like its first.
func TestManyRemovals(t *testing.T) {
	f := newFixture(t)
	ada, root := f.owner("ada", "acme"), f.operator("root")
	bad := func(i int) sample.Package {
		return sample.Package{
			Ref: fmt.Sprintf("@acme/http@1.0.%d", i), Noise: 10<<10 + i,
			Files: map[string]string{"README.md": "# the text to be forgotten, zqxpassword\n"},
		}
	}
	const many = 4
	for i := range many {
		p := bad(i)
		f.mustPublish(ada, p)
		_, err := f.Remove(t.Context(), root, ref(p.Ref), api.Removal{Reason: "legal"})
		must(t, err)
		f.checkGone(ref(p.Ref), p.Archive(t), api.Legal)
	}
}

// What a crash, or a disk that fails, leaves of a large archive is deleted by
// the next start, and by the same call again.
func TestRemovalThatBreaksOff(t *testing.T) {
	f := newFixture(t)
	ada, root := f.owner("ada", "acme"), f.operator("root")
	receipt := f.mustPublish(ada, sample.Package{Ref: "@acme/http@1.0.0", Noise: 100 << 10})
	must(t, f.blobs.Sweep(t.Context(), f.OwnsArchive))
	digits := receipt.Checksum.Hex()
	path := f.path(filepath.Join("archives", digits[:2], digits))
	content, err := os.ReadFile(path)
	must(t, err)
	must(t, os.Remove(path))
	must(t, os.MkdirAll(filepath.Join(path, "in the way"), 0o700)) // it cannot be deleted

	_, err = f.Remove(t.Context(), root, ref("@acme/http@1.0.0"), api.Removal{Reason: "malware"})
	wantCode(t, "removal with a disk that fails", err, api.Unavailable)
	_, err = f.Archive(t.Context(), ref("@acme/http@1.0.0"))
	wantCode(t, "download", err, api.VersionGone)

	must(t, os.RemoveAll(path))
	must(t, os.WriteFile(path, content, 0o600))
	must(t, f.blobs.Sweep(t.Context(), f.OwnsArchive)) // as a start does
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the archive is still there: %v", err)
	}
	must(t, os.WriteFile(path, content, 0o600))
	_, err = f.Remove(t.Context(), root, ref("@acme/http@1.0.0"), api.Removal{Reason: "malware"})
	must(t, err)
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after the same call again the archive is still there: %v", err)
	}
}

func TestStatus(t *testing.T) { eachDatabase(t, testStatus) }

func testStatus(t *testing.T, f *fixture) {
	ada, root := f.owner("ada", "acme"), f.operator("root")
	first := sample.Package{Ref: "@acme/http@1.0.0", Files: map[string]string{"README.md": "# http\n"}}
	f.mustPublish(ada, first)
	set := func(a registry.Actor, name string, status api.Status) error {
		_, err := f.SetStatus(t.Context(), a, pkg(name), api.StatusChange{Status: status})
		return err
	}
	wantCode(t, "owner", set(ada, "@acme/http", api.Archived), api.NotOwner)
	wantCode(t, "token for another", set(f.token(root, api.Admin, "@acme/other"), "@acme/http", api.Archived), api.TokenPackageMismatch)
	wantCode(t, "token for this one", set(f.token(root, api.Admin, "@acme/http"), "@acme/http", api.Active), "")
	wantCode(t, "no such status", set(root, "@acme/http", "gone"), api.ValidationFailed)
	wantCode(t, "no such package", set(root, "@acme/none", api.Archived), api.PackageNotFound)
	for _, test := range []struct {
		status            api.Status
		publish, download api.Code
		grown             int64
	}{
		{api.Active, "", "", 0},
		{api.Archived, api.PackageArchived, "", 1},
		{api.Archived, api.PackageArchived, "", 0},
		{api.Quarantined, api.PackageQuarantined, api.PackageQuarantined, 1},
		{api.Active, "", "", 1},
	} {
		before := f.logSize()
		page, err := f.SetStatus(t.Context(), root, pkg("@acme/http"), api.StatusChange{Status: test.status})
		must(t, err)
		if page.Status != test.status || f.logSize()-before != test.grown {
			t.Errorf("%s: the page says %s, the log grew by %d", test.status, page.Status, f.logSize()-before)
		}
		_, err = f.Archive(t.Context(), ref("@acme/http@1.0.0"))
		wantCode(t, string(test.status)+": download", err, test.download)
		_, err = f.Readme(t.Context(), ref("@acme/http@1.0.0"))
		wantCode(t, string(test.status)+": README", err, test.download)
		wantCode(t, string(test.status)+": publish, early", f.MayPublish(t.Context(), ada, pkg("@acme/http")), test.publish)
		_, err = f.publish(ada, "@acme/http", first.Archive(t))
		wantCode(t, string(test.status)+": publish", err, test.publish)
		_, err = f.Yank(t.Context(), ada, ref("@acme/http@1.0.0"), api.Yank{})
		wantCode(t, string(test.status)+": yank", err, "")
	}
	if faults := f.fsck(); len(faults) > 0 {
		t.Errorf("fsck: %s", faults)
	}
}

// A status that comes while an upload is on its way is obeyed at the commit.
func TestStatusIsAskedAgainAtTheCommit(t *testing.T) {
	f := newFixture(t)
	ada, root := f.owner("ada", "acme"), f.operator("root")
	f.mustPublish(ada, sample.Package{Ref: "@acme/http@1.0.0"})
	staged := f.stage(sample.Package{Ref: "@acme/http@1.1.0"}.Archive(t))
	must(t, f.MayPublish(t.Context(), ada, pkg("@acme/http")))
	_, err := f.SetStatus(t.Context(), root, pkg("@acme/http"), api.StatusChange{Status: api.Archived})
	must(t, err)
	_, err = f.Publish(t.Context(), ada, pkg("@acme/http"), registry.Upload{Archive: staged})
	wantCode(t, "publish", err, api.PackageArchived)
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
