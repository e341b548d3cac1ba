package registry_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/internal/repotest/pgtest"
	"github.com/ori-lang/registry/internal/repotest/sample"
	"github.com/ori-lang/registry/internal/store"
	"github.com/ori-lang/registry/translog"
)

// plant writes versions into the database as if they had been published; the
// log knows nothing of them. Each is a line "a@1.0.0: b@1.0.0, dev c@1.0.0,
// target d@1.0.0, https://x.example e@1.0.0" of packages of the scope @acme,
// which ada owns.
func (f *fixture) plant(lines ...string) {
	f.t.Helper()
	db, err := store.Open(f.t.Context(), f.database)
	must(f.t, err)
	defer db.Close()
	ada, err := db.Reader().AccountByLogin(f.t.Context(), "ada")
	must(f.t, err)
	must(f.t, db.Write(f.t.Context(), func(tx *store.Tx) error {
		for i, line := range lines {
			if err := plantVersion(f.t.Context(), tx, ada.ID, int64(1000+i), line); err != nil {
				return err
			}
		}
		return nil
	}))
}

func plantVersion(ctx context.Context, tx *store.Tx, account string, index int64, line string) error {
	name, list, _ := strings.Cut(line, ": ")
	r := acme(name)
	facts := map[string]any{"ori": "0.4.0", "dependencies": readDependencies(list)}
	details, err := json.Marshal(facts)
	if err != nil {
		return err
	}
	if _, err := tx.Package(ctx, r.Package); errors.Is(err, store.ErrNotFound) {
		if err := tx.AddPackage(ctx, store.Package{Name: r.Package, Status: "active"}); err != nil {
			return err
		}
	}
	if err := tx.AddArchive(ctx, ident.ChecksumOf(nil), 1, []byte{0}); err != nil {
		return err
	}
	return tx.AddVersion(ctx, &store.Version{
		Package: r.Package, Version: r.Version, Checksum: ident.ChecksumOf(nil), Size: 1, PublishedBy: account, LogIndex: index, Details: details,
	})
}

func readDependencies(list string) (dependencies []api.Dependency) {
	for text := range strings.SplitSeq(list, ", ") {
		words := strings.Fields(text)
		if len(words) == 0 {
			continue
		}
		r := acme(words[len(words)-1])
		d := api.Dependency{Package: r.Package, Version: r.Version, Features: []string{}, Kind: "normal"}
		switch first := words[0]; {
		case len(words) == 1:
		case strings.HasPrefix(first, "https://"):
			d.Registry = &first
		default:
			d.Kind = first
		}
		dependencies = append(dependencies, d)
	}
	return dependencies
}

// acme reads "a@1.0.0" as "@acme/a@1.0.0".
func acme(text string) ident.Ref { return ref("@acme/" + text) }

func roots(list string) []api.Root {
	roots := []api.Root{}
	for _, text := range strings.Fields(list) {
		r := acme(text)
		roots = append(roots, api.Root{Package: r.Package.String(), Version: r.Version.String()})
	}
	return roots
}

// told gives a resolution in a few words, without the scope.
func told(g *api.Resolution) string {
	var b strings.Builder
	for _, v := range g.Packages {
		fmt.Fprintf(&b, "%s@%s ", v.Package, v.Version.Version)
	}
	for _, d := range g.External {
		fmt.Fprintf(&b, "external %s@%s %s ", d.Package, d.Version, *d.Registry)
	}
	for _, c := range g.Conflicts {
		fmt.Fprintf(&b, "conflict %s (", c.Package)
		for i, r := range c.Requirements {
			fmt.Fprintf(&b, "%s%s by %s", []string{"", ", "}[min(i, 1)], r.Version, by(r.RequiredBy))
		}
		b.WriteString(") ")
	}
	for _, m := range g.Missing {
		fmt.Fprintf(&b, "missing %s@%s by %s %s ", m.Package, m.Version, by(m.RequiredBy), m.Code)
	}
	return strings.TrimSpace(strings.ReplaceAll(b.String(), "@acme/", ""))
}

func by(requirer *string) string {
	if requirer == nil {
		return "-"
	}
	return *requirer
}

func TestResolve(t *testing.T) { eachDatabase(t, testResolve) }

func testResolve(t *testing.T, f *fixture) {
	f.owner("ada", "acme")
	f.plant(
		"leaf@1.0.0", "leaf@2.0.0", "leaf@2.0.0-rc.1",
		"one@1.0.0: leaf@1.0.0", "two@1.0.0: leaf@1.0.0", "both@1.0.0: one@1.0.0, two@1.0.0",
		"kinds@1.0.0: dev one@1.0.0, target leaf@1.0.0, target leaf@1.0.0, dev none@1.0.0",
		"newer@1.0.0: leaf@2.0.0", "mixed@1.0.0: newer@1.0.0, one@1.0.0",
		"away@1.0.0: https://x.example far@1.0.0, https://x.example far@1.0.0, https://y.example far@1.0.0",
		"away@2.0.0: https://x.example far@2.0.0, https://x.example leaf@1.0.0",
		"away@3.0.0: https://x.example none@1.0.0",
		"lost@1.0.0: none@1.0.0, leaf@9.0.0", "lost@2.0.0: none@1.0.0",
		"self@1.0.0: self@1.0.0", "ring-a@1.0.0: ring-b@1.0.0", "ring-b@1.0.0: ring-c@1.0.0", "ring-c@1.0.0: ring-a@1.0.0",
		"old@2.0.0: old@1.0.0", "old@1.0.0",
	)
	for _, test := range []struct{ what, roots, want string }{
		{"nothing", "", ""},
		{"one", "leaf@1.0.0", "leaf@1.0.0"},
		{"a pre-release is another version", "leaf@2.0.0-rc.1", "leaf@2.0.0-rc.1"},
		{"the same twice", "leaf@1.0.0 leaf@1.0.0", "leaf@1.0.0"},
		{"a diamond, breadth first", "both@1.0.0", "both@1.0.0 one@1.0.0 two@1.0.0 leaf@1.0.0"},
		{"in the order of the request", "two@1.0.0 one@1.0.0", "two@1.0.0 one@1.0.0 leaf@1.0.0"},
		{"targets are followed, tests are not", "kinds@1.0.0", "kinds@1.0.0 leaf@1.0.0"},
		{"a conflict below", "mixed@1.0.0", "mixed@1.0.0 newer@1.0.0 one@1.0.0 leaf@2.0.0 leaf@1.0.0 conflict leaf (2.0.0 by newer@1.0.0, 1.0.0 by one@1.0.0)"},
		{
			"a conflict with all who have a part in it", "leaf@1.0.0 both@1.0.0 newer@1.0.0",
			"leaf@1.0.0 both@1.0.0 newer@1.0.0 one@1.0.0 two@1.0.0 leaf@2.0.0 conflict leaf (1.0.0 by -, 2.0.0 by newer@1.0.0, 1.0.0 by one@1.0.0, 1.0.0 by two@1.0.0)",
		},
		{"a conflict of the roots", "leaf@1.0.0 leaf@2.0.0 leaf@1.0.0", "leaf@1.0.0 leaf@2.0.0 conflict leaf (1.0.0 by -, 2.0.0 by -)"},
		{"elsewhere, each once", "away@1.0.0", "away@1.0.0 external far@1.0.0 https://x.example external far@1.0.0 https://y.example"},
		{
			"a conflict elsewhere", "away@1.0.0 leaf@2.0.0 newer@1.0.0 away@2.0.0",
			"away@1.0.0 leaf@2.0.0 newer@1.0.0 away@2.0.0 " +
				"external far@1.0.0 https://x.example external far@1.0.0 https://y.example external far@2.0.0 https://x.example external leaf@1.0.0 https://x.example " +
				"conflict away (1.0.0 by -, 2.0.0 by -) conflict leaf (2.0.0 by -, 2.0.0 by newer@1.0.0, 1.0.0 by away@2.0.0) " +
				"conflict far (1.0.0 by away@1.0.0, 2.0.0 by away@2.0.0)",
		},
		{"missing roots", "none@1.0.0 leaf@3.0.0 leaf@1.0.0", "leaf@1.0.0 conflict leaf (3.0.0 by -, 1.0.0 by -) missing none@1.0.0 by - package_not_found missing leaf@3.0.0 by - version_not_found"},
		{
			"missing below, for each who needs it", "lost@1.0.0 lost@2.0.0",
			"lost@1.0.0 lost@2.0.0 conflict lost (1.0.0 by -, 2.0.0 by -) " +
				"missing none@1.0.0 by lost@1.0.0 package_not_found missing none@1.0.0 by lost@2.0.0 package_not_found missing leaf@9.0.0 by lost@1.0.0 version_not_found",
		},
		{
			"missing here and there elsewhere", "lost@2.0.0 away@3.0.0",
			"lost@2.0.0 away@3.0.0 external none@1.0.0 https://x.example missing none@1.0.0 by lost@2.0.0 package_not_found",
		},
		{"itself", "self@1.0.0", "self@1.0.0"},
		{"a ring", "ring-b@1.0.0", "ring-b@1.0.0 ring-c@1.0.0 ring-a@1.0.0"},
		{"an older one of itself", "old@2.0.0", "old@2.0.0 old@1.0.0 conflict old (2.0.0 by -, 1.0.0 by old@2.0.0)"},
	} {
		g, err := f.Resolve(t.Context(), api.Resolve{Dependencies: roots(test.roots)})
		must(t, err)
		if got := told(g); got != test.want {
			t.Errorf("%s:\n got %s\nwant %s", test.what, got, test.want)
		}
		if g.Packages == nil || g.External == nil || g.Conflicts == nil || g.Missing == nil {
			t.Errorf("%s: a list is null", test.what)
		}
	}
}

// What the life of a version has left on it is told, and only what was removed
// is not in the graph.
func TestResolveTellsMarks(t *testing.T) { eachDatabase(t, testResolveTellsMarks) }

func testResolveTellsMarks(t *testing.T, f *fixture) {
	ada, root := f.owner("ada", "acme"), f.operator("root")
	var refs []api.Root
	for _, name := range []string{"plain", "yanked", "deprecated", "quarantined", "malware", "unlawful"} {
		r := f.mustPublish(ada, sample.Package{Ref: "@acme/" + name + "@1.0.0"})
		refs = append(refs, api.Root{Package: r.Package.String(), Version: "1.0.0"})
	}
	_, err := f.Yank(t.Context(), ada, acme("yanked@1.0.0"), api.Yank{Reason: given("broken")})
	must(t, err)
	_, err = f.Deprecate(t.Context(), ada, acme("deprecated@1.0.0"), api.Deprecation{Message: given("old")})
	must(t, err)
	_, err = f.SetStatus(t.Context(), root, pkg("@acme/quarantined"), api.StatusChange{Status: api.Quarantined})
	must(t, err)
	_, err = f.Remove(t.Context(), root, acme("malware@1.0.0"), api.Removal{Reason: "malware"})
	must(t, err)
	_, err = f.Remove(t.Context(), root, acme("unlawful@1.0.0"), api.Removal{Reason: "legal"})
	must(t, err)
	g, err := f.Resolve(t.Context(), api.Resolve{Dependencies: refs, Proofs: true})
	must(t, err)
	const want = "plain@1.0.0 yanked@1.0.0 deprecated@1.0.0 quarantined@1.0.0 " +
		"missing malware@1.0.0 by - version_gone missing unlawful@1.0.0 by - legal"
	if got := told(g); got != want {
		t.Fatalf("got %s", got)
	}
	for i, v := range g.Packages {
		marks := fmt.Sprintln(v.Yanked != nil, v.Deprecated != nil, v.Status)
		if want := []string{"false false active", "true false active", "false true active", "false false quarantined"}[i] + "\n"; marks != want {
			t.Errorf("%s: %s, want %s", v.Package, marks, want)
		}
		metadata, err := f.Metadata(t.Context(), ident.Ref{Package: v.Package, Version: v.Version.Version})
		must(t, err)
		if got, want := asJSON(t, v.Version), asJSON(t, metadata.Version); got != want {
			t.Errorf("the graph says\n%s\nthe metadata\n%s", got, want)
		}
	}
}

func asJSON(t testing.TB, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	must(t, err)
	return string(text)
}

// Each proof is of its own version, and all are of one checkpoint.
func TestResolveProves(t *testing.T) { eachDatabase(t, testResolveProves) }

func testResolveProves(t *testing.T, f *fixture) {
	ada := f.owner("ada", "acme")
	var asked []api.Root
	for i := range 40 {
		r := f.mustPublish(ada, sample.Package{Ref: fmt.Sprintf("@acme/p%d@1.0.0", i)})
		asked = append(asked, api.Root{Package: r.Package.String(), Version: "1.0.0"})
	}
	slices.Reverse(asked)
	g, err := f.Resolve(t.Context(), api.Resolve{Dependencies: asked, Proofs: true})
	must(t, err)
	verifier, err := translog.NewVerifier(f.log.VerifierKey())
	must(t, err)
	checkpoints := map[string]bool{}
	for _, v := range g.Packages {
		proof, err := verifier.VerifyProof([]byte(*v.Proof))
		must(t, err)
		if e := proof.Entry; e.Package != v.Package || e.Version != v.Version.Version || e.Archive != v.Checksum || proof.Index != v.LogIndex {
			t.Errorf("%s has the proof of %s@%s", v.Package, e.Package, e.Version)
		}
		checkpoints[string(proof.Checkpoint)] = true
	}
	if len(g.Packages) != len(asked) || len(checkpoints) != 1 {
		t.Errorf("%d versions with %d checkpoints", len(g.Packages), len(checkpoints))
	}
	g, err = f.Resolve(t.Context(), api.Resolve{Dependencies: asked})
	must(t, err)
	if g.Packages[0].Proof != nil {
		t.Error("a proof came that nobody asked for")
	}
}

// The far end of a long graph is yanked after its root and unyanked before it,
// again and again: no graph may show it otherwise.
func TestResolveIsOfOneMoment(t *testing.T) { eachDatabase(t, testResolveIsOfOneMoment) }

func testResolveIsOfOneMoment(t *testing.T, f *fixture) {
	ada := f.owner("ada", "acme")
	const length = 60
	lines := []string{fmt.Sprintf("p%d@1.0.0", length-1)}
	for i := range length - 1 {
		lines = append(lines, fmt.Sprintf("p%d@1.0.0: p%d@1.0.0", i, i+1))
	}
	f.plant(lines...)
	near, far := acme("p0@1.0.0"), acme(lines[0])
	done := make(chan error, 1)
	go func() {
		var err error
		for range 10 {
			for _, step := range []func() error{
				func() error { _, err := f.Yank(t.Context(), ada, near, api.Yank{}); return err },
				func() error { _, err := f.Yank(t.Context(), ada, far, api.Yank{}); return err },
				func() error { _, err := f.Unyank(t.Context(), ada, far); return err },
				func() error { _, err := f.Unyank(t.Context(), ada, near); return err },
			} {
				err = errors.Join(err, step())
			}
		}
		done <- err
	}()
	for {
		g, err := f.Resolve(t.Context(), api.Resolve{Dependencies: roots("p0@1.0.0")})
		must(t, err)
		if len(g.Packages) != length {
			t.Fatalf("the graph has %d packages", len(g.Packages))
		}
		if g.Packages[length-1].Yanked != nil && g.Packages[0].Yanked == nil {
			t.Fatal("the end of the graph is of a later moment than its root")
		}
		select {
		case err := <-done:
			must(t, err)
			return
		default:
		}
	}
}

func TestResolveRefuses(t *testing.T) { eachDatabase(t, testResolveRefuses) }

func testResolveRefuses(t *testing.T, f *fixture) {
	f.owner("ada", "acme")
	many := slices.Repeat([]api.Root{{Package: "@acme/a", Version: "1.0.0"}}, api.MaxResolveRoots)
	_, err := f.Resolve(t.Context(), api.Resolve{Dependencies: many})
	wantCode(t, "as many roots as are allowed", err, "")
	for _, test := range []struct {
		what   string
		roots  []api.Root
		faults []string
	}{
		{"no list", nil, []string{"/dependencies value"}},
		{"a root too many", append(many, many[0]), []string{"/dependencies limit"}},
		{"nonsense", []api.Root{{}, {Package: "@acme/a", Version: "1.0.0"}, {Package: "acme/a", Version: "^1.0"}}, []string{
			"/dependencies/0/package value", "/dependencies/0/version value", "/dependencies/2/package value", "/dependencies/2/version value",
		}},
	} {
		_, err := f.Resolve(t.Context(), api.Resolve{Dependencies: test.roots})
		wantCode(t, test.what, err, api.ValidationFailed)
		if got := faultsOf(err); !slices.Equal(got, test.faults) {
			t.Errorf("%s: %q", test.what, got)
		}
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.Resolve(gone, api.Resolve{Dependencies: many[:1]}); !errors.Is(err, context.Canceled) {
		t.Errorf("after the caller has gone: %v", err)
	}
}

func faultsOf(err error) (faults []string) {
	problem, _ := errors.AsType[*api.Problem](err)
	if problem == nil {
		return nil
	}
	for _, fault := range problem.Errors {
		faults = append(faults, fault.Pointer+" "+fault.Code)
	}
	return faults
}

// wide plants a root that needs so many packages, in rows of 200 that need each
// other, and gives it.
func (f *fixture) wide(packages int) []api.Root {
	f.t.Helper()
	const row = 200
	var lines []string
	for i := range packages - 1 {
		line := fmt.Sprintf("w%d@1.0.0: ", i)
		if i+row < packages-1 {
			line += fmt.Sprintf("w%d@1.0.0", i+row)
		}
		lines = append(lines, line)
	}
	var first []string
	for i := range min(row, packages-1) {
		first = append(first, fmt.Sprintf("w%d@1.0.0", i))
	}
	f.plant(append(lines, "wide@1.0.0: "+strings.Join(first, ", "), "wider@1.0.0: wide@1.0.0")...)
	return roots("wide@1.0.0")
}

func TestLimitsOfResolve(t *testing.T) { eachDatabase(t, testLimitsOfResolve) }

func testLimitsOfResolve(t *testing.T, f *fixture) {
	f.owner("ada", "acme")
	most := f.wide(api.MaxResolvePackages)
	g, err := f.Resolve(t.Context(), api.Resolve{Dependencies: most})
	must(t, err)
	if len(g.Packages) != api.MaxResolvePackages || len(g.Missing)+len(g.Conflicts) > 0 {
		t.Errorf("%d versions, %d missing", len(g.Packages), len(g.Missing))
	}
	_, err = f.Resolve(t.Context(), api.Resolve{Dependencies: roots("wider@1.0.0")})
	if got := fmt.Sprint(faultsOf(err)); got != "[/dependencies limit]" || !strings.Contains(err.Error(), "more than 5000 packages") {
		t.Errorf("one more: %v", err)
	}
}

// Packages with long manifests are refused for what these say, long before there
// are too many of them.
func TestRecordsOfResolveAreBounded(t *testing.T) { eachDatabase(t, testRecordsOfResolveAreBounded) }

func testRecordsOfResolveAreBounded(t *testing.T, f *fixture) {
	f.owner("ada", "acme")
	long := strings.Repeat("https://x.example far@1.0.0, ", 8000) // a megabyte of a record
	var lines, names []string
	for i := range 20 {
		names = append(names, fmt.Sprintf("l%d@1.0.0", i))
		lines = append(lines, names[i]+": "+long)
	}
	f.plant(lines...)
	_, err := f.Resolve(t.Context(), api.Resolve{Dependencies: roots(strings.Join(names, " "))})
	if got := fmt.Sprint(faultsOf(err)); got != "[/dependencies limit]" || !strings.Contains(err.Error(), "16777216 bytes") {
		t.Errorf("long records: %v", err)
	}
	_, err = f.Resolve(t.Context(), api.Resolve{Dependencies: roots(strings.Join(names[:10], " "))})
	must(t, err)
}

// BenchmarkResolve makes the largest graph that is allowed.
func BenchmarkResolve(b *testing.B) {
	for name, open := range map[string]func() *fixture{
		"sqlite":   func() *fixture { return newFixture(b) },
		"postgres": func() *fixture { return newFixtureOn(b, pgtest.URL(b)) },
	} {
		b.Run(name, func(b *testing.B) {
			f := open()
			f.owner("ada", "acme")
			most := f.wide(api.MaxResolvePackages)
			b.ReportAllocs()
			for b.Loop() {
				g, err := f.Resolve(b.Context(), api.Resolve{Dependencies: most})
				if err != nil || len(g.Packages) != api.MaxResolvePackages {
					b.Fatal(err)
				}
			}
		})
	}
}
