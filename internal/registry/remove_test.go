package registry_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/internal/registry"
	"github.com/ori-lang/registry/internal/repotest/sample"
)

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
