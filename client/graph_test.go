package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/manifest"
)

// tellGraphs has the fake answer POST /v1/resolve as the protocol says. lie
// changes the answer, nil: it is the truth.
func (f *fake) tellGraphs(lie func(*api.Resolution)) {
	f.instead["/v1/resolve"] = func(w http.ResponseWriter, r *http.Request) {
		var ask api.Resolve
		if err := json.NewDecoder(r.Body).Decode(&ask); err != nil {
			f.t.Error(err)
		}
		var queue []string
		for _, d := range ask.Dependencies {
			queue = append(queue, d.Package+"@"+d.Version)
		}
		reply := f.resolution(queue)
		if lie != nil {
			lie(reply)
		}
		writeJSON(w, 200, reply)
	}
}

func (f *fake) resolution(queue []string) *api.Resolution {
	reply, seen := &api.Resolution{}, map[string]bool{}
	for ; len(queue) > 0; queue = queue[1:] {
		data := f.archives[queue[0]]
		if data == nil || seen[queue[0]] {
			continue
		}
		seen[queue[0]] = true
		ref, m := mustRef(f.t, queue[0]), manifestIn(f.t, data)
		proof := string(f.proof(queue[0], f.size()))
		v := api.ResolvedVersion{Package: ref.Package, Proof: &proof}
		v.Version.Version, v.Checksum, v.Size = ref.Version, ident.ChecksumOf(data), int64(len(data))
		for _, d := range m.Dependencies {
			v.Dependencies = append(v.Dependencies, api.Dependency{
				Package: d.Package, Version: d.Version, Kind: string(d.Kind), DefaultFeatures: true,
			})
			queue = append(queue, d.Package.String()+"@"+d.Version.String())
		}
		reply.Packages = append(reply.Packages, v)
	}
	return reply
}

func manifestIn(t *testing.T, data []byte) *manifest.Manifest {
	t.Helper()
	report, err := checkArchive(strings.NewReader(string(data)))
	if err != nil || !report.OK() {
		t.Fatal(err, report)
	}
	return report.Manifest
}

// TestGraph looks at what is told of the packages.
func TestGraph(t *testing.T) {
	f, u := newFake(t), newUser(t)
	features := "\n[features]\ndefault = [\"fast\"]\nfast = []\ncolour = [\"@a/base/wide\"]\nslow = []\n"
	f.publishBytes("@a/base@1.0.0", packageBytes(t, "@a/base@1.0.0", "\n[features]\nwide = [\"deep\"]\ndeep = []\ndefault = []\n"))
	f.publishBytes("@a/left@1.0.0", packageBytes(t, "@a/left@1.0.0", features, "@a/base 1.0.0"))
	f.publish("@a/check@1.0.0", "@a/base 1.0.0")
	f.publish("@a/far@1.0.0")
	extra := "\"@a/left\" = { version = \"1.0.0\", features = [\"colour\"], default-features = false }\n" +
		"\n[dev-dependencies]\n\"@a/check\" = \"1.0.0\"\n\n[target.\"cfg(unix)\".dependencies]\n\"@a/far\" = \"1.0.0\"\n"
	dir := writeProject(t, "@me/app@0.1.0", extra)
	synced, err := u.sync(dir, f.server.URL)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range synced.Graph.Packages {
		var by []string
		for _, r := range p.RequiredBy {
			by = append(by, r.By())
		}
		got = append(got, fmt.Sprintf("%s %s %v %v", p.Ref, p.Kind, p.Features, by))
	}
	want := []string{
		"@a/base@1.0.0 normal [deep default wide] [@a/left@1.0.0 @a/check@1.0.0]",
		"@a/check@1.0.0 dev [] [oripk.toml:11:1]",
		"@a/far@1.0.0 target [] [oripk.toml:14:1]",
		"@a/left@1.0.0 normal [colour] [oripk.toml:8:1]",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if p := synced.Graph.Find(mustRef(t, "@a/far@1.0.0").Package); p == nil || p.Ref.String() != "@a/far@1.0.0" {
		t.Errorf("found %v", p)
	}
}

// TestFeatureOfADevDependency: what a package switches on of what it is tested
// with is nothing to a project that has the same package for another reason.
func TestFeatureOfADevDependency(t *testing.T) {
	f, u := newFake(t), newUser(t)
	f.publishBytes("@a/check@1.0.0", packageBytes(t, "@a/check@1.0.0", "\n[features]\nwide = []\n"))
	f.publish("@a/check@2.0.0")
	left := "\n[features]\ncolour = [\"@a/check/wide\"]\n\n[dev-dependencies]\n\"@a/check\" = \"1.0.0\"\n"
	f.publishBytes("@a/left@1.0.0", packageBytes(t, "@a/left@1.0.0", left))
	own := "\n[features]\ndefault = [\"@a/check/wide\"]\n"
	cases := []struct {
		name, check, extra string
		want               []string
	}{
		{"the same version", "1.0.0", "", []string{}},
		{"one that has no such feature", "2.0.0", "", []string{}},
		{"the project's own", "1.0.0", own, []string{"wide"}},
	}
	for _, c := range cases {
		extra := "\"@a/left\" = { version = \"1.0.0\", features = [\"colour\"] }\n\n[dev-dependencies]\n\"@a/check\" = \"" + c.check + "\"\n" + c.extra
		synced, err := u.sync(writeProject(t, "@me/app@0.1.0", extra), f.server.URL)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := synced.Graph.Find(mustPackage(t, "@a/check")).Features; !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestUnknownFeature(t *testing.T) {
	f, u := newFake(t), newUser(t)
	f.publishBytes("@a/left@1.0.0", packageBytes(t, "@a/left@1.0.0", "\n[features]\ncolour = []\n"))
	dir := writeProject(t, "@me/app@0.1.0", "\"@a/left\" = { version = \"1.0.0\", features = [\"color\"] }\n")
	_, err := u.sync(dir, f.server.URL)
	feature, ok := errors.AsType[*FeatureError](err)
	if !ok || feature.Feature != "color" || !slices.Equal(feature.Has, []string{"colour"}) || feature.Asks.By() != "oripk.toml:8:1" {
		t.Errorf("error: %v", err)
	}
	wantFiles(t, dir, "oripk.toml", "src")
}

// TestForetoldLies: what a registry tells of a graph is never more than a hint,
// and one that contradicts the archives is found out.
func TestForetoldLies(t *testing.T) {
	find := func(r *api.Resolution, name string) *api.ResolvedVersion {
		for i := range r.Packages {
			if r.Packages[i].Package.String() == name {
				return &r.Packages[i]
			}
		}
		return nil
	}
	cases := []struct {
		name string
		lie  func(*api.Resolution)
		want string // in the error; "": it does no harm
	}{
		{"nothing", func(r *api.Resolution) { *r = api.Resolution{} }, ""},
		{"a package left out", func(r *api.Resolution) { r.Packages = r.Packages[:1] }, ""},
		{"no proofs", func(r *api.Resolution) {
			for i := range r.Packages {
				r.Packages[i].Proof = nil
			}
		}, ""},
		{"a stranger", func(r *api.Resolution) {
			stranger := *find(r, "@a/base")
			stranger.Package = mustRef(t, "@a/far@1.0.0").Package
			r.Packages = append(r.Packages, stranger)
		}, ""},
		{"a proof of another", func(r *api.Resolution) { find(r, "@a/left").Proof = find(r, "@a/right").Proof }, "NOT IN LOG"},
		{"a proof that is none", func(r *api.Resolution) { *find(r, "@a/left").Proof = "trust me" }, "NOT IN LOG"},
		{"another checksum", func(r *api.Resolution) { find(r, "@a/base").Checksum = ident.Checksum{1} }, "other checksums of @a/base@1.0.0"},
		{"a dependency more", func(r *api.Resolution) {
			find(r, "@a/base").Dependencies = []api.Dependency{{Package: mustRef(t, "@a/far@1.0.0").Package, Version: mustRef(t, "@a/far@1.0.0").Version, Kind: "normal"}}
		}, "other dependencies of @a/base@1.0.0"},
		{"a dependency less", func(r *api.Resolution) { find(r, "@a/left").Dependencies = nil }, "other dependencies of @a/left@1.0.0"},
		{"too many", func(r *api.Resolution) { r.Packages = slices.Repeat(r.Packages[:1], api.MaxResolvePackages+1) }, "more than 5000 packages"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f, u := newFake(t), newUser(t)
			dir := chain(f)
			f.publish("@a/far@1.0.0")
			f.tellGraphs(c.lie)
			_, err := u.sync(dir, f.server.URL)
			if c.want == "" {
				if err != nil || lockOf(t, dir) != "@a/base:1.0.0 @a/check:1.0.0 @a/left:1.0.0 @a/right:2.0.0" {
					t.Errorf("%v, locked %s", err, lockOf(t, dir))
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error: %v, want …%s…", err, c.want)
			}
			wantFiles(t, dir, "oripk.toml", "src")
		})
	}
}

// TestWideLevel: a registry is asked for no more at once than it answers.
func TestWideLevel(t *testing.T) {
	f, u := newFake(t), newUser(t)
	var asked []int
	f.instead["/v1/resolve"] = func(w http.ResponseWriter, r *http.Request) {
		var ask api.Resolve
		if err := json.NewDecoder(r.Body).Decode(&ask); err != nil {
			t.Error(err)
		}
		asked = append(asked, len(ask.Dependencies))
		writeJSON(w, 200, &api.Resolution{})
	}
	source := u.client(f.server.URL)
	var level []*node
	for i := range api.MaxResolveRoots + 1 {
		n := &node{}
		n.Ref, n.Source = mustRef(t, fmt.Sprintf("@a/p%d@1.0.0", i)), source
		level = append(level, n)
	}
	s := newSupply(t.Context(), NewRegistries(u.options), ResolveOptions{})
	if err := errors.Join(s.foretell(level), s.close()); err != nil {
		t.Fatal(err)
	}
	if want := []int{api.MaxResolveRoots, 1}; !slices.Equal(asked, want) {
		t.Errorf("asked for %v, want %v", asked, want)
	}
}

// TestManySections: a package that is required in several sections has what all
// of them ask for.
func TestManySections(t *testing.T) {
	f, u := newFake(t), newUser(t)
	f.publishBytes("@a/base@1.0.0", packageBytes(t, "@a/base@1.0.0", "\n[features]\nwide = []\n"))
	extra := "\n[target.\"cfg(unix)\".dependencies]\n\"@a/base\" = { version = \"1.0.0\", features = [\"wide\"] }\n"
	f.publishBytes("@a/left@1.0.0", packageBytes(t, "@a/left@1.0.0", extra, "@a/base 1.0.0"))
	dir := writeProject(t, "@me/app@0.1.0", "", "@a/left 1.0.0")
	synced, err := u.sync(dir, f.server.URL)
	if err != nil {
		t.Fatal(err)
	}
	base := synced.Graph.Find(mustRef(t, "@a/base@1.0.0").Package)
	if base.Kind != manifest.Normal || !slices.Equal(base.Features, []string{"wide"}) {
		t.Errorf("%s %v", base.Kind, base.Features)
	}
}

// tellLife has the fake say what versions are like now, as whole graphs or one
// by one; gone is a package that was removed.
func (f *fake) tellLife(t *testing.T, graphs bool, life func(*api.Version), gone string) {
	removed := mustRef(t, gone+"@2.0.0")
	if graphs {
		f.tellGraphs(func(r *api.Resolution) {
			r.Packages = slices.DeleteFunc(r.Packages, func(v api.ResolvedVersion) bool { return v.Package == removed.Package })
			for i := range r.Packages {
				life(&r.Packages[i].Version)
			}
			r.Missing = append(r.Missing, api.MissingVersion{Package: removed.Package, Version: removed.Version, Code: api.VersionGone})
		})
		return
	}
	for name, data := range f.archives {
		ref := mustRef(t, name)
		m := api.Metadata{Package: ref.Package}
		m.Version.Version, m.Checksum = ref.Version, ident.ChecksumOf(data)
		life(&m.Version)
		if ref == removed {
			m.Removed = &api.Removed{}
		}
		f.instead["/"+ref.Package.Name()+"/"+ref.Version.String()+"/metadata"] = func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, 200, m) }
	}
}
