package client

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/manifest"
)

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

// TestLockThatNobodyNeeds: a project without dependencies needs no lock file, and
// one of what it once needed is stale.
func TestLockThatNobodyNeeds(t *testing.T) {
	dir := writeProject(t, "@me/app@0.1.0", "")
	p := openProject(t, dir)
	synced, err := p.Sync(t.Context(), nil, SyncOptions{Locked: true})
	if err != nil || synced.LockChanged {
		t.Errorf("%+v, %v", synced, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "oripk.lock")); err == nil {
		t.Error("it was made")
	}
	if err := p.CheckLock(&Graph{Root: p.Manifest}); err != nil {
		t.Error(err)
	}
	writeFile(t, filepath.Join(dir, "oripk.lock"), fmt.Sprintf("[checksums]\n\"@a/b:1.0.0\" = %q\n", ident.ChecksumOf(nil)))
	p = openProject(t, dir)
	_, err = p.Sync(t.Context(), nil, SyncOptions{Locked: true})
	for _, err := range []error{err, p.CheckLock(&Graph{Root: p.Manifest})} {
		if stale, ok := errors.AsType[*LockError](err); !ok || stale.Missing || len(stale.Changes) != 1 {
			t.Errorf("a stale one: %v", err)
		}
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
