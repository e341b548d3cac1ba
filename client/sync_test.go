package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
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

// paths gives what was asked, sorted.
func (f *fake) paths() (all []string) {
	for _, r := range f.asked() {
		all = append(all, r.Method+" "+r.URL.Path)
	}
	slices.Sort(all)
	return all
}

func (f *fake) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests = nil
}

func (u *user) registries(p *Project, url string, change ...func(*Options)) *Registries {
	o := u.options
	o.URL = url
	for _, f := range change {
		f(&o)
	}
	return NewRegistries(o, ProjectSites(p.Manifest)...)
}

func (u *user) sync(dir, url string, change ...func(*Options)) (*Synced, error) {
	u.t.Helper()
	p := openProject(u.t, dir)
	return p.Sync(u.t.Context(), u.registries(p, url, change...), SyncOptions{})
}

func offline(o *Options) { o.Offline = true }

// chain publishes a graph: app → left, right → base; check for tests alone.
func chain(f *fake) (dir string) {
	f.publish("@a/base@1.0.0")
	f.publish("@a/left@1.0.0", "@a/base 1.0.0")
	f.publish("@a/right@2.0.0", "@a/base 1.0.0")
	f.publish("@a/check@1.0.0", "@a/base 1.0.0")
	return writeProject(f.t, "@me/app@0.1.0", "\n[dev-dependencies]\n\"@a/check\" = \"1.0.0\"\n", "@a/left 1.0.0", "@a/right 2.0.0")
}

func linked(t *testing.T, dir string) string {
	t.Helper()
	var all []string
	paths, err := filepath.Glob(filepath.Join(dir, ".ori", "packages", "@*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(filepath.Join(path, "src", "lib.ori"))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, strings.TrimSpace(strings.TrimPrefix(string(text), "// ")))
	}
	return strings.Join(all, " ")
}

// TestSync brings a project up to date in as few requests as there can be, and
// then in none.
func TestSync(t *testing.T) {
	const want = "@a/base@1.0.0 @a/check@1.0.0 @a/left@1.0.0 @a/right@2.0.0"
	downloads := []string{
		"GET /v1/packages/a/base/1.0.0/download", "GET /v1/packages/a/check/1.0.0/download",
		"GET /v1/packages/a/left/1.0.0/download", "GET /v1/packages/a/right/2.0.0/download",
	}
	for name, tells := range map[string]bool{"whole graphs": true, "one by one": false} {
		t.Run(name, func(t *testing.T) {
			f, u := newFake(t), newUser(t)
			dir := chain(f)
			asked := append([]string{"GET /v1/"}, downloads...)
			if tells {
				f.tellGraphs(nil)
				asked = append(asked, "POST /v1/resolve")
			} else {
				for _, d := range downloads {
					asked = append(asked, strings.Replace(d, "/download", "/proof", 1))
				}
				asked = append(asked, "POST /v1/resolve", "GET /v1/") // a 404, which a registry gives
			}
			slices.Sort(asked)

			synced, err := u.sync(dir, f.server.URL)
			if err != nil || !synced.LockChanged || len(synced.Changes) != 4 {
				t.Fatalf("%+v, %v", synced, err)
			}
			if got := f.paths(); !slices.Equal(got, asked) {
				t.Errorf("asked\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(asked, "\n"))
			}
			if got := linked(t, dir); got != want {
				t.Errorf("linked %s, want %s", got, want)
			}
			f.forget()
			for how, change := range map[string]func(*Options){"again": func(*Options) {}, "offline": offline} {
				if synced, err := u.sync(dir, f.server.URL, change); err != nil || synced.LockChanged || len(f.paths()) > 0 {
					t.Errorf("%s: %+v, %v, asked %v", how, synced, err, f.paths())
				}
			}
		})
	}
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

// TestDamagedCache: a changed cache accuses nobody, and is never used.
func TestDamagedCache(t *testing.T) {
	f, u := newFake(t), newUser(t)
	dir := chain(f)
	synced, err := u.sync(dir, f.server.URL)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(synced.Graph.Packages[0].Dir, "oripk.toml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	writeFile(t, path, string(text)+"# changed\n")
	_, err = u.sync(dir, f.server.URL)
	wantError(t, err, LocalStateDamaged)
}

// TestCacheLosesParts: whatever part of the cache is gone comes back.
func TestCacheLosesParts(t *testing.T) {
	for part, asks := range map[string]string{"archives": "", "packages": "", "proofs": "proof", ".": "download"} {
		t.Run(part, func(t *testing.T) {
			f, u := newFake(t), newUser(t)
			dir := chain(f)
			if _, err := u.sync(dir, f.server.URL); err != nil {
				t.Fatal(err)
			}
			f.forget()
			if err := os.RemoveAll(filepath.Join(u.options.CacheDir, part)); err != nil {
				t.Fatal(err)
			}
			if _, err := u.sync(dir, f.server.URL); err != nil {
				t.Error(err)
			}
			if asked := strings.Join(f.paths(), " "); asks == "" && asked != "" || !strings.Contains(asked, asks) {
				t.Errorf("asked %s, want …%s", asked, asks)
			}
			if got := linked(t, dir); got != "@a/base@1.0.0 @a/check@1.0.0 @a/left@1.0.0 @a/right@2.0.0" {
				t.Errorf("linked %s", got)
			}
		})
	}
}

// TestOfflineWithout: what is not in the cache is named.
func TestOfflineWithout(t *testing.T) {
	f, u := newFake(t), newUser(t)
	dir := chain(f)
	if _, err := u.client(f.server.URL).Log(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err := u.sync(dir, f.server.URL, offline)
	if !errors.Is(err, ErrOffline) || !strings.Contains(err.Error(), "@a/left@1.0.0 is not in the cache") {
		t.Errorf("error: %v", err)
	}
}

func TestLockedSync(t *testing.T) {
	f, u := newFake(t), newUser(t)
	dir := chain(f)
	p := openProject(t, dir)
	_, err := p.Sync(t.Context(), u.registries(p, f.server.URL), SyncOptions{Locked: true})
	if stale, ok := errors.AsType[*LockError](err); !ok || !stale.Missing {
		t.Errorf("without a lock file: %v", err)
	}
	wantFiles(t, dir, "oripk.toml", "src")
	if _, err := u.sync(dir, f.server.URL); err != nil {
		t.Fatal(err)
	}
	edit(t, dir, func(l *manifest.Lock) { delete(l.Checksums, mustRef(t, "@a/left@1.0.0")) })
	p = openProject(t, dir)
	_, err = p.Sync(t.Context(), u.registries(p, f.server.URL), SyncOptions{Locked: true})
	stale, ok := errors.AsType[*LockError](err)
	if !ok || stale.Missing || len(stale.Changes) != 1 || stale.Changes[0].String() != "+ @a/left 1.0.0" {
		t.Errorf("with a stale lock file: %v", err)
	}
}

// TestEdit changes the dependencies and everything that follows from it.
func TestEdit(t *testing.T) {
	f, u := newFake(t), newUser(t)
	dir := chain(f)
	f.publish("@a/base@2.0.0")
	f.publish("@a/new@1.0.0", "@a/base 1.0.0")
	f.publish("@a/odd@1.0.0", "@a/base 2.0.0")
	set := func(name string) func(*manifest.Editor) error {
		ref := mustRef(t, name)
		return func(e *manifest.Editor) error {
			return e.SetDependency(manifest.Section{Kind: manifest.Normal}, manifest.Dependency{Package: ref.Package, Version: ref.Version, DefaultFeatures: true})
		}
	}
	remove := func(name string) func(*manifest.Editor) error {
		return func(e *manifest.Editor) error {
			_, err := e.RemoveDependency(manifest.Section{Kind: manifest.Normal}, mustRef(t, name+"@1.0.0").Package)
			return err
		}
	}
	try := func(change func(*manifest.Editor) error) (*Synced, error) {
		p := openProject(t, dir)
		return p.Edit(t.Context(), u.registries(p, f.server.URL), change, SyncOptions{})
	}

	synced, err := try(set("@a/new@1.0.0"))
	if err != nil || len(synced.Changes) != 5 {
		t.Fatalf("%+v, %v", synced, err)
	}
	synced, err = try(remove("@a/left"))
	if err != nil || len(synced.Changes) != 1 || synced.Changes[0].String() != "- @a/left 1.0.0" {
		t.Fatalf("%+v, %v", synced, err)
	}
	const want = "@a/base@1.0.0 @a/check@1.0.0 @a/new@1.0.0 @a/right@2.0.0"
	if got := linked(t, dir); got != want {
		t.Errorf("linked %s, want %s", got, want)
	}
	before, _ := os.ReadFile(filepath.Join(dir, "oripk.toml"))
	_, err = try(set("@a/odd@1.0.0"))
	conflict, ok := errors.AsType[*ConflictError](err)
	if !ok || len(conflict.Conflicts) != 1 || len(conflict.Conflicts[0].Requirements) != 4 {
		t.Errorf("a conflict: %v", err)
	}
	_, err = try(func(e *manifest.Editor) error {
		writeFile(t, filepath.Join(dir, "oripk.toml"), string(before)+"# mine\n")
		return remove("@a/new")(e)
	})
	if !errors.Is(err, ErrEdited) {
		t.Errorf("edited meanwhile: %v", err)
	}
	if after, _ := os.ReadFile(filepath.Join(dir, "oripk.toml")); string(after) != string(before)+"# mine\n" {
		t.Errorf("the manifest was changed:\n%s", after)
	}
	if got := linked(t, dir); got != want {
		t.Errorf("linked %s, want %s", got, want)
	}
}

// TestPlaceStaysInside: a checkout that leads .ori elsewhere gets nothing there.
func TestPlaceStaysInside(t *testing.T) {
	f, u := newFake(t), newUser(t)
	dir, outside := chain(f), t.TempDir()
	writeFile(t, filepath.Join(outside, "packages", "mine", "file"), "precious")
	if err := os.Symlink(outside, filepath.Join(dir, ".ori")); err != nil {
		t.Fatal(err)
	}
	if _, err := u.sync(dir, f.server.URL); err == nil {
		t.Error("synced through a link out of the project")
	}
	wantFiles(t, outside, "packages")
	wantFiles(t, filepath.Join(outside, "packages", "mine"), "file")
}

// TestCopies stands for a system without links: a copy is known by its files.
func TestCopies(t *testing.T) {
	f, u := newFake(t), newUser(t)
	dir := chain(f)
	synced, err := u.sync(dir, f.server.URL)
	if err != nil {
		t.Fatal(err)
	}
	one := synced.Graph.Packages[0]
	scope, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer scope.Close()
	if isCopy(scope, "base", one.Dir) {
		t.Error("nothing is taken for a copy")
	}
	if err := copyTree(scope, "base", one.Dir); err != nil || !isCopy(scope, "base", one.Dir) {
		t.Errorf("a copy is not taken for one: %v", err)
	}
	for name, change := range map[string]func() error{
		"a file more": func() error { return scope.WriteFile("base/src/more.ori", nil, 0o644) },
		"another file": func() error {
			return errors.Join(scope.Remove("base/oripk.toml"), scope.WriteFile("base/oripk.toml", nil, 0o644))
		},
		"a file is gone": func() error { return scope.Remove("base/src/lib.ori") },
	} {
		if err := errors.Join(scope.RemoveAll("base"), copyTree(scope, "base", one.Dir), change()); err != nil {
			t.Fatal(err)
		}
		if isCopy(scope, "base", one.Dir) {
			t.Errorf("%s: still taken for a copy", name)
		}
	}
}

// TestHostileCheckout: what a checkout has put below .ori is neither believed,
// nor does it lead the removal of old packages astray.
func TestHostileCheckout(t *testing.T) {
	const want = "@a/base@1.0.0 @a/check@1.0.0 @a/left@1.0.0 @a/right@2.0.0"
	cases := map[string]struct {
		prepare func(t *testing.T, dir string)
		refused bool
	}{
		"a package of its own": {func(t *testing.T, dir string) {
			index, err := os.ReadFile(filepath.Join(dir, ".ori", "packages.json"))
			if err != nil {
				t.Fatal(err)
			}
			remove(t, filepath.Join(dir, ".ori"))
			writeFile(t, filepath.Join(dir, ".ori", "packages.json"), string(index))
			writeFile(t, filepath.Join(dir, ".ori", "packages", "@a", "base", "src", "lib.ori"), "evil")
		}, false},
		"packages lead into the project": {func(t *testing.T, dir string) {
			remove(t, filepath.Join(dir, ".ori"))
			writeFile(t, filepath.Join(dir, ".ori", "packages.json"), "{}")
			symlink(t, "..", filepath.Join(dir, ".ori", "packages"))
		}, true},
		".ori leads into the project": {func(t *testing.T, dir string) {
			remove(t, filepath.Join(dir, ".ori"))
			symlink(t, "mine", filepath.Join(dir, ".ori"))
		}, true},
		"a scope leads into the project": {func(t *testing.T, dir string) {
			remove(t, filepath.Join(dir, ".ori", "packages", "@a"))
			symlink(t, "../../mine", filepath.Join(dir, ".ori", "packages", "@a"))
		}, true},
		"another scope leads into the project": {func(t *testing.T, dir string) {
			remove(t, filepath.Join(dir, ".ori", "packages.json"))
			symlink(t, "../../mine", filepath.Join(dir, ".ori", "packages", "@z"))
		}, false},
		"a stray file": {func(t *testing.T, dir string) {
			remove(t, filepath.Join(dir, ".ori", "packages.json"))
			writeFile(t, filepath.Join(dir, ".ori", "packages", ".DS_Store"), "")
		}, false},
		"no packages, but an index": {func(t *testing.T, dir string) { remove(t, filepath.Join(dir, ".ori", "packages")) }, false},
		"a temporary lock file leads to another": {func(t *testing.T, dir string) {
			remove(t, filepath.Join(dir, "oripk.lock"))
			symlink(t, "mine/file", filepath.Join(dir, ".oripk.lock.tmp"))
		}, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			f, u := newFake(t), newUser(t)
			dir := chain(f)
			writeFile(t, filepath.Join(dir, "mine", "file"), "precious")
			if _, err := u.sync(dir, f.server.URL); err != nil {
				t.Fatal(err)
			}
			c.prepare(t, dir)
			_, err := u.sync(dir, f.server.URL)
			if c.refused != (err != nil) {
				t.Errorf("error: %v", err)
			}
			if !c.refused && linked(t, dir) != want {
				t.Errorf("linked %s", linked(t, dir))
			}
			if text, err := os.ReadFile(filepath.Join(dir, "mine", "file")); string(text) != "precious" {
				t.Errorf("a file of the project's own: %q, %v", text, err)
			}
		})
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
}

func symlink(t *testing.T, to, path string) {
	t.Helper()
	if err := os.Symlink(to, path); err != nil {
		t.Fatal(err)
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

// TestSyncsAtOnce: syncs of one project at once are all done.
func TestSyncsAtOnce(t *testing.T) {
	f, u := newFake(t), newUser(t)
	dir := chain(f)
	for range 5 {
		remove(t, filepath.Join(dir, "oripk.lock"))
		errs := make(chan error)
		for range 3 {
			go func() {
				p, err := OpenProject(dir)
				if err == nil {
					_, err = p.Sync(t.Context(), u.registries(p, f.server.URL), SyncOptions{})
				}
				errs <- err
			}()
		}
		for range 3 {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
	}
	wantFiles(t, dir, ".ori", "oripk.lock", "oripk.toml", "src")
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

// TestForkDuringSync: a registry whose log has another history than was seen is
// caught before anything of it is unpacked.
func TestForkDuringSync(t *testing.T) {
	f, u := newFake(t), newUser(t)
	if _, err := u.sync(chain(f), f.server.URL); err != nil {
		t.Fatal(err)
	}
	other := newFake(t) // the same key
	other.grow(20, "other")
	other.publish("@a/new@1.0.0")
	dir := writeProject(t, "@me/app@0.1.0", "", "@a/new 1.0.0")
	_, err := u.sync(dir, other.server.URL)
	wantError(t, err, LogFork)
	wantFiles(t, dir, "oripk.toml", "src")
	if NewCache(u.options.CacheDir).has(ident.ChecksumOf(other.archives["@a/new@1.0.0"])) {
		t.Error("the package of the fork is in the cache")
	}
}
