package registry_test

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/internal/registry"
	"github.com/ori-lang/registry/internal/repotest/sample"
)

// What is found follows every change at once.
func TestSearchFollows(t *testing.T) { eachDatabase(t, testSearchFollows) }

func testSearchFollows(t *testing.T, f *fixture) {
	ada, op := f.owner("ada", "acme"), f.operator("root")
	publish := func(p sample.Package) { f.pass(time.Second); f.mustPublish(ada, p) }
	check := func(what, query, want string) {
		t.Helper()
		if got := f.names(query); got != want {
			t.Errorf("%s: %q finds %q, want %q", what, query, got, want)
		}
	}
	first := ref("@acme/http@1.0.0")
	call := func(_ any, err error) {
		t.Helper()
		must(t, err)
	}
	ctx := t.Context()
	publish(described("@acme/http@1.0.0", "Alpha.", "one"))
	check("published", "alpha keyword:one", "@acme/http")
	publish(described("@acme/http@2.0.0-rc.1", "Beta.", "two"))
	check("a pre-release does not count", "alpha keyword:one", "@acme/http")
	publish(described("@acme/http@0.9.0", "Gamma."))
	check("an older version does not count", "gamma", "")
	publish(described("@acme/http@1.1.0", "Delta."))
	check("a newer version counts", "delta", "@acme/http")
	check("and the one before does not", "alpha", "")
	call(f.Yank(ctx, ada, ref("@acme/http@1.1.0"), api.Yank{}))
	check("yanked", "delta", "")
	check("and the one before is back", "alpha keyword:one", "@acme/http")
	call(f.Deprecate(ctx, ada, first, api.Deprecation{Message: given("old"), Replacement: given("@a/b")}))
	check("deprecated", "alpha", "!@acme/http")
	results, _ := f.search(registry.Search{Query: "alpha"})
	if d := results.Results[0].Deprecated; d.Message != "old" || *d.Replacement != "@a/b" || !d.At.Equal(f.clock()) {
		t.Errorf("the result says of its deprecation: %+v", d)
	}
	call(f.Yank(ctx, ada, first, api.Yank{}))
	call(f.Yank(ctx, ada, ref("@acme/http@0.9.0"), api.Yank{}))
	check("only a pre-release is left", "beta keyword:two", "@acme/http")
	call(f.Yank(ctx, ada, ref("@acme/http@2.0.0-rc.1"), api.Yank{}))
	check("nothing is left", "", "")
	call(f.Unyank(ctx, ada, ref("@acme/http@0.9.0")))
	check("back", "gamma", "@acme/http")
	call(f.Remove(ctx, op, ref("@acme/http@0.9.0"), api.Removal{Reason: "malware"}))
	check("removed", "", "")
	call(f.Unyank(ctx, ada, ref("@acme/http@1.1.0")))
	check("back", "delta", "@acme/http")
	call(f.SetStatus(ctx, op, pkg("@acme/http"), api.StatusChange{Status: api.Quarantined}))
	check("quarantined", "", "")
	call(f.SetStatus(ctx, op, pkg("@acme/http"), api.StatusChange{Status: api.Archived}))
	check("archived", "delta", "@acme/http")
}

// A refused publish and a dry run leave nothing to be found.
func TestSearchShowsNothingOfARefusal(t *testing.T) { eachDatabase(t, testSearchShowsNothing) }

func testSearchShowsNothing(t *testing.T, f *fixture) {
	ada := f.owner("ada", "acme")
	staged := f.stage(described("@acme/http@1.0.0", "Alpha.").Archive(t))
	_, err := f.Publish(t.Context(), ada, pkg("@acme/http"), registry.Upload{Archive: staged, DryRun: true})
	must(t, err)
	_, err = f.publish(ada, "@acme/json", sample.Package{
		Ref: "@acme/json@1.0.0", Manifest: "[dependencies]\n\"@acme/none\" = \"1.0.0\"\n",
		Lock: fmt.Sprintf("\"@acme/none:1.0.0\" = %q\n", ident.ChecksumOf(nil)),
	}.Archive(t))
	wantCode(t, "publish", err, api.DependencyNotFound)
	if got := f.names(""); got != "" {
		t.Errorf("found %s", got)
	}
}

// world makes random changes and knows what the search must say after them.
type world struct {
	*fixture
	ada, op registry.Actor
	random  *rand.Rand
	next    map[string]int // minor version
	words   map[string]string
}

var worldNames = []string{"a", "b", "c", "d", "e", "f", "g"}

// Whatever happens in whatever order: the search says what the packages say,
// and the same as when it is made anew.
func TestSearchIsWhatThePackagesSay(t *testing.T) {
	eachDatabase(t, func(t *testing.T, f *fixture) {
		w := &world{
			fixture: f, ada: f.owner("ada", "acme"), op: f.operator("root"),
			random: rand.New(rand.NewPCG(1, 2)), next: map[string]int{}, words: map[string]string{},
		}
		for i := range 60 {
			f.pass(time.Second)
			w.change(i)
			if i%5 == 4 {
				w.check(fmt.Sprintf("after %d changes", i+1))
			}
		}
		w.rebuild()
		w.check("made anew")
	})
}

func (w *world) change(i int) {
	name := "@acme/" + worldNames[w.random.IntN(len(worldNames))]
	versions, err := w.Versions(w.t.Context(), pkg(name), time.Time{})
	if err != nil || w.random.IntN(3) == 0 {
		w.publishNext(name, i, err == nil && versions.Status != api.Active)
		return
	}
	v := versions.Versions[w.random.IntN(len(versions.Versions))]
	target := ident.Ref{Package: pkg(name), Version: v.Version}
	ctx := w.t.Context()
	switch w.random.IntN(7) {
	case 0, 1:
		_, err = w.Yank(ctx, w.ada, target, api.Yank{})
	case 2, 3:
		_, err = w.Unyank(ctx, w.ada, target)
	case 4:
		_, err = w.Deprecate(ctx, w.ada, target, api.Deprecation{Message: given("old")})
	case 5:
		_, err = w.Remove(ctx, w.op, target, api.Removal{Reason: "malware"})
	case 6:
		status := []api.Status{api.Active, api.Active, api.Quarantined}[w.random.IntN(3)]
		_, err = w.SetStatus(ctx, w.op, pkg(name), api.StatusChange{Status: status})
	}
	if v.Removed == nil {
		must(w.t, err)
	}
}

// publishNext publishes a version with a word of its own that depends on some
// of the other packages.
func (w *world) publishNext(name string, i int, closed bool) {
	if closed {
		return
	}
	w.next[name]++
	number := fmt.Sprintf("%s@0.%d.0", name, w.next[name])
	if w.random.IntN(4) == 0 {
		number += "-rc.1"
	}
	p := sample.Package{Ref: number, Description: fmt.Sprintf("x%dx", i), Manifest: "[dependencies]\n"}
	w.words[number] = p.Description
	for _, other := range worldNames {
		versions, err := w.Versions(w.t.Context(), pkg("@acme/"+other), time.Time{})
		if err != nil || "@acme/"+other == name || versions.Latest == nil || w.random.IntN(2) == 0 {
			continue
		}
		p.Manifest += fmt.Sprintf("\"@acme/%s\" = %q\n", other, versions.Latest)
		for _, v := range versions.Versions {
			if v.Version == *versions.Latest {
				p.Lock += fmt.Sprintf("\"@acme/%s:%s\" = %q\n", other, v.Version, v.Checksum)
			}
		}
	}
	w.mustPublish(w.ada, p)
}

// check compares what is found with what the packages' own replies say.
func (w *world) check(what string) {
	w.t.Helper()
	want := map[string]api.Result{}
	var words []string
	dependents := map[string]int64{}
	for _, name := range worldNames {
		versions, err := w.Versions(w.t.Context(), pkg("@acme/"+name), time.Time{})
		if err != nil || versions.Status == api.Quarantined {
			continue
		}
		number := cmp.Or(versions.Latest, versions.LatestPrerelease)
		if number == nil {
			continue
		}
		r := api.Result{Package: versions.Package, Latest: versions.Latest, Keywords: []string{}}
		for _, v := range versions.Versions {
			if v.Yanked == nil && v.Removed == nil && v.PublishedAt.After(r.UpdatedAt.Time) {
				r.UpdatedAt = v.PublishedAt
			}
			if v.Version == *number {
				r.Description, r.Deprecated = w.words[versions.Package.String()+"@"+number.String()], v.Deprecated
				for _, dep := range v.Dependencies {
					dependents[dep.Package.String()]++
				}
			}
		}
		want[r.Package.String()], words = r, append(words, r.Description)
	}
	results, _ := w.search(registry.Search{Query: "scope:acme", Limit: 100})
	got := map[string]api.Result{}
	for _, r := range results.Results {
		r.Dependents -= dependents[r.Package.String()]
		got[r.Package.String()] = r
	}
	if diff := gocmp.Diff(want, got, gocmp.AllowUnexported(ident.Package{}, ident.Version{})); diff != "" {
		w.t.Fatalf("%s (-packages +search):\n%s", what, diff)
	}
	for _, word := range w.words {
		if found := w.names(word); (found != "") != slices.Contains(words, word) {
			w.t.Fatalf("%s: %s finds %q", what, word, found)
		}
	}
}

// rebuild empties the search, as if its tables were new, and fills it again.
func (w *world) rebuild() {
	w.t.Helper()
	w.tamper(`DELETE FROM search_text`, `DELETE FROM search_package`, `DELETE FROM search_dependency`, `DELETE FROM search_word`,
		`UPDATE search_state SET filled_to = ''`)
	if found := w.names(""); found != "" {
		w.t.Errorf("after it was emptied, the search finds %s", found)
	}
	for range 2 { // the second time nothing is left to do
		must(w.t, w.FillSearch(context.WithoutCancel(w.t.Context())))
	}
}
