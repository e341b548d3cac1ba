package registry_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/archive"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/internal/registry"
	"github.com/ori-lang/registry/internal/repotest/sample"
	"github.com/ori-lang/registry/translog"
)

func TestPublishedVersionIsReadAsItWasSent(t *testing.T) {
	for _, noise := range []int{10, 200 << 10} { // in the database, in a file
		eachDatabase(t, func(t *testing.T, f *fixture) { testReadAsSent(t, f, noise) })
	}
}

func testReadAsSent(t *testing.T, f *fixture, noise int) {
	ada := f.owner("ada", "acme")
	content := sample.Package{Ref: "@acme/http@1.0.0", Noise: noise, Files: map[string]string{"README.md": "# http\n"}}.Archive(t)
	receipt, err := f.publish(ada, "@acme/http", content)
	must(t, err)
	if !receipt.Created || receipt.Checksum != ident.ChecksumOf(content) || receipt.Log.Index != 2 {
		t.Errorf("the receipt is %+v", receipt)
	}
	got, err := f.Archive(t.Context(), ref("@acme/http@1.0.0"))
	must(t, err)
	if _, isFile := got.Content.(*os.File); isFile != (noise > 64<<10) {
		t.Errorf("an archive of %d bytes is a file: %v", len(content), isFile)
	}
	if read(t, got) != string(content) {
		t.Error("the archive differs from what was sent")
	}
	readme, err := f.Readme(t.Context(), ref("@acme/http@1.0.0"))
	if err != nil || string(readme) != "# http\n" {
		t.Errorf("the README is %q (%v)", readme, err)
	}
	f.checkProof(receipt)
	if faults := f.fsck(); len(faults) > 0 {
		t.Errorf("fsck: %s", faults)
	}
}

func (f *fixture) checkProof(receipt *api.Receipt) {
	f.t.Helper()
	verifier, err := translog.NewVerifier(f.log.VerifierKey())
	must(f.t, err)
	proof, err := verifier.VerifyProof([]byte(receipt.Log.Proof))
	must(f.t, err)
	e := proof.Entry
	if e.Kind != translog.KindPublish || e.Package != receipt.Package || e.Version != receipt.Version.Version ||
		e.Archive != receipt.Checksum || e.Size != receipt.Size || e.Manifest != receipt.ManifestChecksum ||
		!e.Time.Equal(receipt.PublishedAt.Time) || proof.Index != receipt.LogIndex {
		f.t.Errorf("the log says %+v", e)
	}
}

// Every row of the publish table that is decided here, each with its answer.
func TestPublishAnswers(t *testing.T) { eachDatabase(t, testPublishAnswers) }

func testPublishAnswers(t *testing.T, f *fixture) {
	ada, eve := f.owner("ada", "acme"), f.user("eve")
	base := f.mustPublish(ada, sample.Package{Ref: "@acme/base@1.0.0"})
	f.mustPublish(ada, sample.Package{Ref: "@acme/two-words@1.0.0"})
	f.pass(time.Hour)
	zero := ident.Checksum{1}
	dependency := "[dependencies]\n\"@acme/base\" = \"1.0.0\"\n"
	tests := []struct {
		what     string
		actor    registry.Actor
		to       string // "": the package's own name
		source   sample.Package
		checksum *ident.Checksum
		code     api.Code
		fault    string // pointer of the first fault, after its path
	}{
		{what: "new version", actor: ada, source: sample.Package{Ref: "@acme/base@1.0.1"}},
		{what: "pre-release", actor: ada, source: sample.Package{Ref: "@acme/base@2.0.0-rc.1"}},
		{what: "nobody", source: sample.Package{Ref: "@acme/base@3.0.0"}, code: api.Unauthenticated},
		{what: "stranger", actor: eve, source: sample.Package{Ref: "@acme/base@3.0.0"}, code: api.NotOwner},
		{what: "scope not claimed", actor: eve, source: sample.Package{Ref: "@free/base@3.0.0"}, code: api.ScopeNotClaimed},
		{what: "read token", actor: f.token(ada, api.Read), source: sample.Package{Ref: "@acme/base@3.0.0"}, code: api.InsufficientScope},
		{what: "token for another package", actor: f.token(ada, api.Publish, "@acme/other"), source: sample.Package{Ref: "@acme/base@3.0.0"}, code: api.TokenPackageMismatch},
		{what: "token for the scope", actor: f.token(ada, api.Publish, "@acme/*"), source: sample.Package{Ref: "@acme/base@3.0.0"}},
		{what: "other bytes", actor: ada, source: sample.Package{Ref: "@acme/base@1.0.0", Noise: 99}, code: api.VersionExists},
		{what: "reserved name", actor: ada, source: sample.Package{Ref: "@acme/internal@1.0.0"}, code: api.NameReserved},
		{what: "similar name", actor: ada, source: sample.Package{Ref: "@acme/twowords@1.0.0"}, code: api.NameTooSimilar},
		{what: "another package's address", actor: ada, to: "@acme/other", source: sample.Package{Ref: "@acme/base@4.0.0"}, code: api.ManifestMismatch, fault: "oripk.toml/project/name"},
		{what: "wrong checksum part", actor: ada, checksum: &zero, source: sample.Package{Ref: "@acme/base@4.0.0"}, code: api.ChecksumMismatch},
		{what: "dependency here", actor: ada, source: sample.Package{Ref: "@acme/a@1.0.0", Manifest: dependency, Lock: `"@acme/base:1.0.0" = "` + base.Checksum.String() + "\"\n"}},
		{what: "dependency not here", actor: ada, source: sample.Package{
			Ref: "@acme/b@1.0.0", Manifest: "[dependencies]\n\"@acme/none\" = \"1.0.0\"\n", Lock: `"@acme/none:1.0.0" = "` + base.Checksum.String() + "\"\n",
		}, code: api.DependencyNotFound, fault: "oripk.toml/dependencies/@acme~1none"},
		{what: "version of a dependency not here", actor: ada, source: sample.Package{
			Ref: "@acme/b@1.0.0", Manifest: "[dependencies]\n\"@acme/base\" = \"9.9.9\"\n", Lock: `"@acme/base:9.9.9" = "` + base.Checksum.String() + "\"\n",
		}, code: api.DependencyNotFound, fault: "oripk.toml/dependencies/@acme~1base"},
		{what: "dependency in another registry", actor: ada, source: sample.Package{
			Ref:      "@acme/c@1.0.0",
			Manifest: "[dependencies]\n\"@other/x\" = \"1.0.0\"\n[registries.other]\nurl = \"https://other.example\"\nscopes = [\"@other\"]\n",
			Lock:     `"@other/x:1.0.0" = "` + base.Checksum.String() + "\"\n",
		}},
		{what: "lock with another checksum", actor: ada, source: sample.Package{
			Ref: "@acme/d@1.0.0", Manifest: dependency, Lock: `"@acme/base:1.0.0" = "` + zero.String() + "\"\n",
		}, code: api.ArchiveInvalid, fault: "oripk.lock/checksums/@acme~1base:1.0.0"},
	}
	for _, test := range tests {
		t.Run(test.what, func(t *testing.T) {
			before := f.logSize()
			content := test.source.Archive(t)
			to := test.to
			if to == "" {
				to = ref(test.source.Ref).Package.String()
			}
			for _, dryRun := range []bool{true, false} {
				receipt, err := f.Publish(t.Context(), test.actor, pkg(to), registry.Upload{Archive: f.stage(content), Checksum: test.checksum, DryRun: dryRun})
				wantCode(t, fmt.Sprintf("dry run %v", dryRun), err, test.code)
				var problem *api.Problem
				if errors.As(err, &problem) && test.fault != "" {
					if len(problem.Errors) != 1 || problem.Errors[0].Path+problem.Errors[0].Pointer != test.fault {
						t.Errorf("the faults are %+v", problem.Errors)
					}
				}
				if err == nil && (receipt.DryRun != dryRun || receipt.Created == dryRun) {
					t.Errorf("dry run %v: the receipt says dry_run %v, created %v", dryRun, receipt.DryRun, receipt.Created)
				}
			}
			grown := f.logSize() - before
			if want := map[bool]int64{true: 1}[test.code == ""]; grown != want {
				t.Errorf("the log grew by %d, want %d", grown, want)
			}
		})
	}
	if faults := f.fsck(); len(faults) > 0 {
		t.Errorf("fsck: %s", faults)
	}
}

func TestTheSameBytesAgainChangeNothing(t *testing.T) {
	eachDatabase(t, testTheSameBytesAgainChangeNothing)
}

func testTheSameBytesAgainChangeNothing(t *testing.T, f *fixture) {
	ada := f.owner("ada", "acme")
	content := sample.Package{Ref: "@acme/http@1.0.0", Noise: 100 << 10}.Archive(t)
	first, err := f.publish(ada, "@acme/http", content)
	must(t, err)
	size := f.logSize()
	again, err := f.publish(ada, "@acme/http", content)
	must(t, err)
	if again.Created || again.LogIndex != first.LogIndex || f.logSize() != size {
		t.Errorf("the second receipt is %+v", again)
	}
}

func TestFaultsOfAnArchiveAreToldAllAtOnce(t *testing.T) {
	eachDatabase(t, testFaultsOfAnArchiveAreToldAllAtOnce)
}

func testFaultsOfAnArchiveAreToldAllAtOnce(t *testing.T, f *fixture) {
	ada := f.owner("ada", "acme")
	_, err := f.publish(ada, "@acme/http", []byte("this is no archive"))
	wantCode(t, "no archive", err, api.ArchiveInvalid)
	_, err = f.publish(ada, "@acme/http", make([]byte, api.MaxArchive+1))
	wantCode(t, "one byte over the limit", err, api.ArchiveTooLarge)
	content := sample.Package{Ref: "@acme/http@1.0.0", Manifest: "keywords = [\"a\", \"b\", \"c\", \"d\", \"e\"]\n"}.Archive(t)
	_, err = f.publish(ada, "@acme/http", append(content, 0, 0))
	wantCode(t, "bytes after the end", err, api.ArchiveInvalid)
	var problem *api.Problem
	if !errors.As(err, &problem) || len(problem.Errors) == 0 || problem.Errors[0].Code != string(archive.TrailingData) {
		t.Errorf("the problem is %+v", problem)
	}
}

func TestTwoPublishersRace(t *testing.T) { eachDatabase(t, testTwoPublishersRace) }

func testTwoPublishersRace(t *testing.T, f *fixture) {
	ada := f.owner("ada", "acme")
	for round, same := range []bool{true, false} {
		version := fmt.Sprintf("1.0.%d", round)
		content := sample.Package{Ref: "@acme/http" + "@" + version, Noise: 100 << 10}.Archive(t)
		var created, identical, conflicts int
		var mu sync.Mutex
		var all sync.WaitGroup
		for i := range 8 {
			mine := content
			if !same {
				mine = sample.Package{Ref: "@acme/http@" + version, Noise: 100 << 10, Files: map[string]string{"NOTICE": fmt.Sprint(i)}}.Archive(t)
			}
			all.Go(func() {
				receipt, err := f.publish(ada, "@acme/http", mine)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil && receipt.Created:
					created++
				case err == nil:
					identical++
				case errors.Is(err, api.VersionExists):
					conflicts++
				default:
					t.Error(err)
				}
			})
		}
		all.Wait()
		if created != 1 || same && identical != 7 || !same && conflicts != 7 {
			t.Errorf("same bytes %v: %d created, %d identical, %d conflicts", same, created, identical, conflicts)
		}
	}
	must(t, f.blobs.Sweep(t.Context(), f.OwnsArchive))
	if faults := f.fsck(); len(faults) > 0 {
		t.Errorf("fsck after the sweep: %s", faults)
	}
}

// A token that is revoked while its upload is on its way is refused.
func TestRightsAreAskedAgainAtTheCommit(t *testing.T) {
	eachDatabase(t, testRightsAreAskedAgainAtTheCommit)
}

func testRightsAreAskedAgainAtTheCommit(t *testing.T, f *fixture) {
	ada := f.owner("ada", "acme")
	token := f.token(ada, api.Publish)
	staged := f.stage(sample.Package{Ref: "@acme/http@1.0.0"}.Archive(t))
	must(t, f.MayPublish(t.Context(), token, pkg("@acme/http")))
	me, err := f.Me(t.Context(), token)
	must(t, err)
	must(t, f.RevokeToken(t.Context(), ada, me.Token.ID))
	_, err = f.Publish(t.Context(), token, pkg("@acme/http"), registry.Upload{Archive: staged})
	wantCode(t, "publishing", err, api.TokenInvalid)
	_, _, err = f.ClaimScope(t.Context(), token, "other")
	wantCode(t, "claiming", err, api.TokenInvalid)
	wantCode(t, "revoking itself again", f.RevokeToken(t.Context(), token, me.Token.ID), api.TokenInvalid)
}

// A claim whose caller has gone is there as a whole or not at all; the race
// detector sees that the two do not meet.
func TestCallersThatLeave(t *testing.T) { eachDatabase(t, testCallersThatLeave) }

func testCallersThatLeave(t *testing.T, f *fixture) {
	ada := f.user("ada")
	var all sync.WaitGroup
	for i := range 100 {
		ctx, leave := context.WithCancel(t.Context())
		all.Go(func() {
			_, created, err := f.ClaimScope(ctx, ada, fmt.Sprintf("scope%d", i))
			if err == nil && !created {
				t.Error("a free scope was not claimed anew")
			}
		})
		all.Go(leave)
	}
	all.Wait()
	if faults := f.fsck(); len(faults) > 0 {
		t.Errorf("fsck: %s", faults)
	}
}

func TestUploadsLeaveNoFiles(t *testing.T) { eachDatabase(t, testUploadsLeaveNoFiles) }

func testUploadsLeaveNoFiles(t *testing.T, f *fixture) {
	ada := f.owner("ada", "acme")
	content := sample.Package{Ref: "@acme/http@1.0.0", Noise: 100 << 10}.Archive(t)
	broken := io.MultiReader(bytes.NewReader(content[:80<<10]), &failing{})
	if _, err := f.StageArchive(t.Context(), broken); err == nil {
		t.Error("an upload that broke off was staged")
	}
	_, err := f.publish(f.user("eve"), "@acme/http", content)
	wantCode(t, "stranger", err, api.NotOwner)
	staged := f.stage(content)
	_, err = f.Publish(t.Context(), ada, pkg("@acme/http"), registry.Upload{Archive: staged, DryRun: true})
	must(t, err)
	staged.Discard()
	staged.Discard()
	for _, folder := range []string{"incoming/*", "archives/*/*"} {
		left, err := filepath.Glob(f.path(folder))
		must(t, err)
		if len(left) > 0 {
			t.Errorf("%s holds %v", folder, left)
		}
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestLatest(t *testing.T) { eachDatabase(t, testLatest) }

func testLatest(t *testing.T, f *fixture) {
	ada := f.owner("ada", "acme")
	for _, version := range []string{"1.0.0-rc.1", "1.0.0-rc.2"} {
		f.mustPublish(ada, sample.Package{Ref: "@acme/http" + "@" + version})
		f.pass(time.Hour)
	}
	check := func(before time.Time, want string) {
		t.Helper()
		v, err := f.Versions(t.Context(), pkg("@acme/http"), before)
		must(t, err)
		var order []string
		for _, version := range v.Versions {
			order = append(order, version.Version.String())
		}
		got := fmt.Sprintf("%v %v %v", text(v.Latest), text(v.LatestPrerelease), order)
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	check(time.Time{}, "- 1.0.0-rc.2 [1.0.0-rc.2 1.0.0-rc.1]")
	cut := f.clock()
	for _, version := range []string{"1.10.0", "1.9.0", "2.0.0-beta"} {
		f.mustPublish(ada, sample.Package{Ref: "@acme/http" + "@" + version})
	}
	check(time.Time{}, "1.10.0 2.0.0-beta [2.0.0-beta 1.10.0 1.9.0 1.0.0-rc.2 1.0.0-rc.1]")
	check(cut, "- 1.0.0-rc.2 [1.0.0-rc.2 1.0.0-rc.1]")
	page, err := f.Package(t.Context(), pkg("@acme/http"))
	must(t, err)
	if page.Newest == nil || page.Newest.Version.Version.String() != "1.10.0" || len(page.Owners) != 1 || page.Owners[0].Login != "ada" {
		t.Errorf("the package page says %+v", page)
	}
}

func text(v *ident.Version) string {
	if v == nil {
		return "-"
	}
	return v.String()
}

func TestNothingThereHasItsAnswer(t *testing.T) { eachDatabase(t, testNothingThereHasItsAnswer) }

func testNothingThereHasItsAnswer(t *testing.T, f *fixture) {
	f.mustPublish(f.owner("ada", "acme"), sample.Package{Ref: "@acme/http@1.0.0"})
	for what, call := range map[string]func(ident.Ref) error{
		"metadata": func(r ident.Ref) error { _, err := f.Metadata(t.Context(), r); return err },
		"archive":  func(r ident.Ref) error { _, err := f.Archive(t.Context(), r); return err },
		"readme":   func(r ident.Ref) error { _, err := f.Readme(t.Context(), r); return err },
		"proof":    func(r ident.Ref) error { _, err := f.Proof(t.Context(), r); return err },
	} {
		wantCode(t, what, call(ref("@acme/none@1.0.0")), api.PackageNotFound)
		wantCode(t, what, call(ref("@acme/http@1.0.1")), api.VersionNotFound)
	}
	_, err := f.Readme(t.Context(), ref("@acme/http@1.0.0"))
	wantCode(t, "no README", err, api.NotFound)
	_, err = f.Versions(t.Context(), pkg("@acme/none"), time.Time{})
	wantCode(t, "versions", err, api.PackageNotFound)
	_, err = f.Scope(t.Context(), "nobody")
	wantCode(t, "scope", err, api.NotFound)
}

// Where the check of a hostile archive stops early nobody knows the checksum of
// the whole: the answer is the fault, not that the checksum part is wrong.
func TestABombIsNoChecksumMismatch(t *testing.T) { eachDatabase(t, testABombIsNoChecksumMismatch) }

func testABombIsNoChecksumMismatch(t *testing.T, f *fixture) {
	ada := f.owner("ada", "acme")
	var bomb bytes.Buffer
	packed := gzip.NewWriter(&bomb)
	files := tar.NewWriter(packed)
	must(t, files.WriteHeader(&tar.Header{Name: "oripk.toml", Size: 20 << 20, Mode: 0o644, ModTime: time.Unix(315532800, 0), Format: tar.FormatUSTAR}))
	_, err := files.Write(make([]byte, 20<<20))
	must(t, errors.Join(err, files.Close(), packed.Close()))
	tail := append(bomb.Bytes(), sample.Noise("tail", 64<<10)...)
	sum := ident.ChecksumOf(tail)
	_, err = f.Publish(t.Context(), ada, pkg("@acme/http"), registry.Upload{Archive: f.stage(tail), Checksum: &sum})
	wantCode(t, "bomb", err, api.ArchiveInvalid)
}

// A lock file has lines of packages that live elsewhere; that somebody has
// published others under their names here is nothing to them.
func TestLockOfExternalPackages(t *testing.T) {
	f := newFixture(t)
	ada, eve := f.owner("ada", "acme"), f.owner("eve", "corp")
	here := f.mustPublish(eve, sample.Package{Ref: "@corp/lib@1.0.0"})
	f.mustPublish(eve, sample.Package{Ref: "@corp/base@1.0.0"})
	elsewhere := `"` + ident.ChecksumOf([]byte("elsewhere")).String() + "\"\n"
	for i, test := range []struct {
		manifest, lock string
		code           api.Code
	}{
		{
			"[dependencies]\n\"@corp/lib\" = \"1.0.0\"\n[registries.corp]\nurl = \"https://corp.example\"\nscopes = [\"corp\"]\n",
			`"@corp/lib:1.0.0" = ` + elsewhere + `"@corp/base:1.0.0" = ` + elsewhere, "",
		},
		{
			"[dependencies]\n\"@corp/lib\" = { version = \"1.0.0\", registry = \"corp\" }\n[registries.corp]\nurl = \"https://corp.example\"\n",
			`"@corp/lib:1.0.0" = ` + elsewhere, "",
		},
		{"[dependencies]\n\"@corp/lib\" = \"1.0.0\"\n", `"@corp/lib:1.0.0" = ` + elsewhere, api.ArchiveInvalid},
		{
			"[dependencies]\n\"@corp/lib\" = \"1.0.0\"\n",
			`"@corp/base:1.0.0" = ` + elsewhere + `"@corp/lib:1.0.0" = "` + here.Checksum.String() + "\"\n", api.ArchiveInvalid,
		},
	} {
		p := sample.Package{Ref: fmt.Sprintf("@acme/app@1.0.%d", i), Manifest: test.manifest, Lock: test.lock}
		_, err := f.publish(ada, "@acme/app", p.Archive(t))
		wantCode(t, p.Ref, err, test.code)
	}
}
