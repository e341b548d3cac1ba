package registry_test

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/internal/blob"
	"github.com/ori-lang/registry/internal/registry"
	"github.com/ori-lang/registry/internal/repotest/sample"
)

// Every way to change what is stored is found by fsck.
func TestFsckFindsEveryMismatch(t *testing.T) {
	run := func(statements ...string) func(*testing.T, *fixture) {
		return func(_ *testing.T, f *fixture) { f.tamper(statements...) }
	}
	large := func(f *fixture) string {
		files, err := filepath.Glob(f.path("archives/*/*"))
		must(f.t, err)
		return files[0]
	}
	tests := []struct {
		name   string
		change func(*testing.T, *fixture)
		want   string // part of a fault; "" when there is none
	}{
		{"nothing", func(*testing.T, *fixture) {}, ""},
		{"archive changed", func(t *testing.T, f *fixture) {
			content, err := os.ReadFile(large(f))
			must(t, err)
			content[len(content)/2] ^= 1
			must(t, os.WriteFile(large(f), content, 0o600))
		}, "its archive has the checksum"},
		{"archive gone", func(t *testing.T, f *fixture) { must(t, os.Remove(large(f))) }, "cannot be opened"},
		{"archive that nobody owns", func(t *testing.T, f *fixture) {
			name := ident.ChecksumOf([]byte("stray")).Hex()
			must(t, os.MkdirAll(f.path("archives/"+name[:2]), 0o700))
			must(t, os.WriteFile(f.path("archives/"+name[:2]+"/"+name), []byte("stray"), 0o600))
		}, "belongs to no version"},
		{"file among the archives", func(t *testing.T, f *fixture) {
			must(t, os.WriteFile(f.path("archives/README"), nil, 0o600))
		}, "archives/README is no archive"},
		{"small archive changed", run(`UPDATE archive SET data = X'00' WHERE data IS NOT NULL`), "has other bytes"},
		{"surplus archive", run(`INSERT INTO archive (checksum, size, data) VALUES (X'0000000000000000000000000000000000000000000000000000000000000001', 1, X'00')`), "belongs to no version"},
		{"version deleted", run(`DELETE FROM version WHERE version = '1.0.0'`), "there is no record of it"},
		{"version renamed", run(`UPDATE version SET version = '1.0.7' WHERE version = '1.0.0'`), "differs from entry"},
		{"checksum changed", run(`UPDATE version SET checksum = manifest WHERE version = '1.0.0'`), "differs from entry"},
		{"time changed", run(`UPDATE version SET published_at = published_at + 1000000`), "differs from entry"},
		{"publisher changed", run(`UPDATE version SET published_by = (SELECT id FROM account WHERE login = 'eve')`), "differs from entry"},
		{"leaf changed", run(`UPDATE version SET leaf = manifest WHERE version = '1.0.0'`), "differs from entry"},
		{"manifest told otherwise", run(`UPDATE version SET details = '{"description":"x","ori":"1.0.0"}'`), "something else than its archive"},
		{"files counted otherwise", run(`UPDATE version SET file_count = file_count + 1`), "something else than its archive"},
		{"README changed", run(`UPDATE readme SET content = X'00'`), "its README differs"},
		{"README deleted", run(`DELETE FROM readme`), "its README differs"},
		{"README denied", run(`UPDATE version SET has_readme = 0`), "its README differs"},
		{"version that is not in the log", run(`INSERT INTO version (package, version, checksum, size, manifest, unpacked_size, file_count, published_at, published_by, log_index, leaf, has_readme, details) SELECT package, '9.9.9', checksum, size, manifest, unpacked_size, file_count, published_at, published_by, 999, leaf, has_readme, details FROM version WHERE version = '1.0.0'`), "the log speaks of"},
		{"entry changed", func(_ *testing.T, f *fixture) { f.tamperEntry(2, "1.0.0", "1.0.8") }, "the state of the log says"},
		{"entry deleted", run(`DELETE FROM log_entry WHERE idx = 2`), "is missing"},
		{"last entry deleted", run(`DELETE FROM log_entry WHERE idx = 4`), "the state of the log says"},
		{"entry of garbage", run(`UPDATE log_entry SET bytes = X'00' WHERE idx = 3`), "entry 3"},
		{"tile changed", run(`UPDATE log_tile SET data = X'0000000000000000' || substr(data, 9)`), "differs from what the entries make"},
		{"tile deleted", run(`DELETE FROM log_tile`), "is missing"},
		{"surplus tile", run(`INSERT INTO log_tile VALUES (3, 7, X'00')`), "a log of 5 entries has"},
		{"state set back", run(`UPDATE log_state SET size = 3`), "the state of the log says"},
		{"state of a log without end", run(`UPDATE log_state SET size = 1152921504606846976`), "the state of the log says"},
		{"subject changed", run(`UPDATE log_subject SET seq = seq + 1`), "the log says otherwise"},
		{"subject deleted", run(`DELETE FROM log_subject`), "its place in the log is not recorded"},
		{"scope deleted", run(`DELETE FROM scope`), "its record differs"},
		{"surplus scope", run(`INSERT INTO scope VALUES ('ghost', 'ghost', 0, 0)`), "there are 2 scopes, the log speaks of 1"},
		{"scope that looks like another", run(`UPDATE scope SET folded = 'other'`), "scope @acme: its record differs"},
		{"surplus package", run(`INSERT INTO package (name, scope, folded, status, created_at) VALUES ('@acme/ghost', 'acme', 'ghost', 'active', 0)`), "@acme/ghost: its record differs from the entry of its first version"},
		{"package dated otherwise", run(`UPDATE package SET created_at = created_at + 1000000`), "@acme/http: its record differs from the entry of its first version"},
		{"package that looks like another", run(`UPDATE package SET folded = 'other'`), "@acme/http: a name that looks like it"},
		{"shown with another version", run(`UPDATE search_package SET version = '1.0.0'`), "@acme/http: the search shows it otherwise"},
		{"shown with other terms", run(`UPDATE search_package SET terms = 'x'`), "@acme/http: the search shows it otherwise"},
		{"not shown", run(`DELETE FROM search_package`), "@acme/http: the search shows it otherwise"},
		{"shown and not there", run(`INSERT INTO search_package (package, place, terms, version, latest, updated_at, description, keywords, dependents) SELECT '@acme/ghost', place + 1, terms, version, latest, updated_at, description, keywords, dependents FROM search_package`), "the search shows more packages"},
		{"another dependency", run(`INSERT INTO search_dependency VALUES ('@acme/http', '@acme/ghost')`), "@acme/http: the search shows it otherwise"},
		{"advisory changed", func(_ *testing.T, f *fixture) { f.tamperAdvisory("1.0.1", "1.0.2") }, "its record differs from entry 4"},
		{"advisory of garbage", run(`UPDATE advisory SET record = X'7B'`), "something else than its record"},
		{"advisory dated otherwise", run(`UPDATE advisory SET changed_at = changed_at + 1000000`), "its record differs from entry 4"},
		{"advisory of another entry", run(`UPDATE advisory SET log_index = 3`), "its record differs from entry 4"},
		{"advisory withdrawn in its row", run(`UPDATE advisory SET withdrawn = 1`), "something else than its record"},
		{"advisory deleted", run(`DELETE FROM advisory_package`, `DELETE FROM advisory`), "entry 4 files it"},
		{"advisory that is not in the log", run(`INSERT INTO advisory SELECT 'x_ORI-2026-0009', record, withdrawn, changed_at, 999 FROM advisory`), "there are 2 advisories, the log speaks of 1"},
		{"advisory that affects something else", run(`UPDATE advisory_package SET affected = '{}'`), "what is kept of @acme/http differs"},
		{"advisory that hides what it affects", run(`DELETE FROM advisory_package`), "what is kept of @acme/http differs"},
		{"advisory on another package too", run(`INSERT INTO advisory_package SELECT '@acme/url', advisory, affected FROM advisory_package`), "under 2 names of packages, their records have 1"},
		{"all of the log set back", run(`DELETE FROM log_entry WHERE idx = 4`, `UPDATE log_state SET size = 4`), "the registry has shown 5"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			eachDatabase(t, func(t *testing.T, f *fixture) {
				f.user("eve")
				root, ada := f.operator("root"), f.owner("ada", "acme")
				f.mustPublish(ada, sample.Package{Ref: "@acme/http@1.0.0", Files: map[string]string{"README.md": "# http\n"}})
				f.mustPublish(ada, sample.Package{Ref: "@acme/http@1.0.1", Noise: 100 << 10})
				f.mustFile(root, f.record("x_ORI-2026-0001", affects("@acme/http", `{"introduced":"0"},{"fixed":"1.0.1"}`)), false)
				must(t, f.blobs.Sweep(t.Context(), f.OwnsArchive))
				test.change(t, f)
				f.findsMismatch(t, test.want)
			})
		})
	}
}

// leaving removes a version as soon as somebody opens an archive of it.
type leaving struct {
	*blob.Dir
	remove func()
}

func (l *leaving) Open(c ident.Checksum) (io.ReadSeekCloser, error) {
	l.remove()
	return l.Dir.Open(c)
}

// What is removed while fsck reads is not missing.
func TestFsckBesideARemoval(t *testing.T) {
	f := newFixture(t)
	digits := f.mustPublish(f.owner("ada", "acme"), sample.Package{Ref: "@acme/http@1.0.0", Noise: 100 << 10}).Checksum.Hex()
	must(t, f.blobs.Sweep(t.Context(), f.OwnsArchive))
	parts := f.parts
	parts.Blobs = &leaving{f.blobs, func() {
		f.tamper(`UPDATE version SET removed_at = 0, remove_reason = 'legal'`, `UPDATE archive SET removed = 1`)
		must(t, os.Remove(f.path(filepath.Join("archives", digits[:2], digits))))
	}}
	f.Registry = registry.New(parts)
	f.findsMismatch(t, "")
}
