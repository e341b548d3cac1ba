package client

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/manifest"
)

func openProject(t *testing.T, dir string) *Project {
	t.Helper()
	p, err := OpenProject(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	if err := p.Check(); err != nil {
		t.Fatal(err)
	}
	return p
}

// lock makes the lock file of a project whose default registry is at url.
func (u *user) lock(dir, url string) (changed bool, err error) {
	u.t.Helper()
	p := openProject(u.t, dir)
	o := u.options
	o.URL = url
	return p.EnsureLock(u.t.Context(), NewRegistries(o, ProjectSites(p.Manifest)...), SyncOptions{})
}

// lockOf gives the names in a folder's lock file, sorted as they stand there.
func lockOf(t *testing.T, dir string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "oripk.lock"))
	if err != nil {
		t.Fatal(err)
	}
	lock, faults := manifest.ParseLock(text)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	var names []string
	for line := range strings.Lines(string(text)) {
		if name, _, ok := strings.Cut(strings.TrimPrefix(line, `"`), `" = `); ok {
			names = append(names, name)
		}
	}
	if len(names) != len(lock.Checksums) {
		t.Errorf("%d names, %d checksums", len(names), len(lock.Checksums))
	}
	return strings.Join(names, " ")
}

func TestEnsureLock(t *testing.T) {
	f, u := newFake(t), newUser(t)
	f.publish("@a/base@1.0.0")
	f.publish("@a/left@1.0.0", "@a/base 1.0.0")
	f.publish("@a/right@2.0.0", "@a/base 1.0.0")
	f.publish("@a/check@1.0.0", "@a/base 1.0.0")
	extra := "\n[dev-dependencies]\n\"@a/check\" = \"1.0.0\"\n\n[target.\"cfg(os = \\\"linux\\\")\".dependencies]\n\"@a/right\" = \"2.0.0\"\n"
	dir := writeProject(t, "@me/app@0.1.0", extra, "@a/left 1.0.0")
	const want = "@a/base:1.0.0 @a/check:1.0.0 @a/left:1.0.0 @a/right:2.0.0"

	steps := []struct {
		name    string
		prepare func()
		changed bool
	}{
		{"missing", func() {}, true},
		{"there", func() {}, false},
		{"a key is missing", func() { edit(t, dir, func(l *manifest.Lock) { delete(l.Checksums, mustRef(t, "@a/base@1.0.0")) }) }, true},
		{"a key is surplus", func() {
			edit(t, dir, func(l *manifest.Lock) { l.Checksums[mustRef(t, "@a/old@1.0.0")] = ident.Checksum{1} })
		}, true},
	}
	for _, s := range steps {
		s.prepare()
		changed, err := u.lock(dir, f.server.URL)
		if err != nil || changed != s.changed {
			t.Errorf("%s: changed %v, %v; want %v", s.name, changed, err, s.changed)
		}
		if got := lockOf(t, dir); got != want {
			t.Errorf("%s: locked %s, want %s", s.name, got, want)
		}
	}
	report, err := openProject(t, dir).Pack(new(strings.Builder))
	if err != nil || report.Manifest.Package.String() != "@me/app" {
		t.Errorf("packing: %v", err)
	}
	wantFiles(t, dir, "oripk.lock", "oripk.toml", "src")
}

func edit(t *testing.T, dir string, change func(*manifest.Lock)) {
	t.Helper()
	path := filepath.Join(dir, "oripk.lock")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lock, _ := manifest.ParseLock(text)
	change(lock)
	writeFile(t, path, string(lock.Bytes()))
}

func TestLockMismatch(t *testing.T) {
	f, u := newFake(t), newUser(t)
	f.publish("@a/base@1.0.0")
	dir := writeProject(t, "@me/app@0.1.0", "", "@a/base 1.0.0")
	before := fmt.Sprintf("[checksums]\n\"@a/base:1.0.0\" = %q\n\"@a/old:1.0.0\" = %q\n", ident.Checksum{1}, ident.Checksum{2})
	writeFile(t, filepath.Join(dir, "oripk.lock"), before)
	_, err := u.lock(dir, f.server.URL)
	wantError(t, err, ChecksumMismatch)
	if after, _ := os.ReadFile(filepath.Join(dir, "oripk.lock")); string(after) != before {
		t.Errorf("the lock file was changed:\n%s", after)
	}
}

func TestLockOfNothing(t *testing.T) {
	dir := writeProject(t, "@me/app@0.1.0", "")
	changed, err := openProject(t, dir).EnsureLock(t.Context(), nil, SyncOptions{})
	if err != nil || !changed || lockOf(t, dir) != "" {
		t.Errorf("%v, %v, %q", changed, err, lockOf(t, dir))
	}
	writeFile(t, filepath.Join(dir, "oripk.lock"), "[checksums]\n\"@a/b:1.0.0\" = \"md5:x\"\n")
	_, err = openProject(t, dir).EnsureLock(t.Context(), nil, SyncOptions{})
	if faults, ok := errors.AsType[*ManifestError](err); !ok || faults.File != "oripk.lock" {
		t.Errorf("a broken lock file: %v", err)
	}
}

func TestResolveFailures(t *testing.T) {
	cases := []struct {
		name     string
		packages []string // "ref dependency version …"
		needs    []string
		want     string // in the error
	}{
		{
			"two versions",
			[]string{"@a/x@1.0.0", "@a/x@2.0.0", "@a/y@1.0.0,@a/x 2.0.0"},
			[]string{"@a/x 1.0.0", "@a/y 1.0.0"},
			"the requirements of @a/x disagree: oripk.toml:8:1 requires 1.0.0, @a/y@1.0.0 requires 2.0.0",
		},
		{
			"two versions, far down",
			[]string{"@a/x@1.0.0", "@a/x@2.0.0", "@a/y@1.0.0,@a/x 2.0.0", "@a/z@1.0.0,@a/x 1.0.0"},
			[]string{"@a/z 1.0.0", "@a/y 1.0.0"},
			"@a/z@1.0.0 requires 1.0.0, @a/y@1.0.0 requires 2.0.0",
		},
		{
			"a ring",
			[]string{"@a/x@1.0.0,@a/y 1.0.0", "@a/y@1.0.0,@a/z 1.0.0", "@a/z@1.0.0,@a/x 1.0.0"},
			[]string{"@a/y 1.0.0"},
			"circle: @a/x@1.0.0 → @a/y@1.0.0 → @a/z@1.0.0 → @a/x@1.0.0",
		},
		{
			"a ring with the project",
			[]string{"@a/x@1.0.0,@me/app 0.0.9"},
			[]string{"@a/x 1.0.0"},
			"circle: @me/app@0.1.0 → @a/x@1.0.0 → @me/app@0.0.9",
		},
		{"not there", nil, []string{"@a/x 1.0.0"}, "fetching @a/x@1.0.0, which oripk.toml:8:1 requires: version not found"},
		{
			"several not there",
			[]string{"@a/y@1.0.0"},
			[]string{"@a/x 1.0.0", "@a/y 1.0.0", "@a/z 2.0.0"},
			"fetching @a/x@1.0.0, which oripk.toml:8:1 requires: version not found: no @a/x@1.0.0 here\nfetching @a/z@2.0.0, which oripk.toml:10:1 requires",
		},
		{"not there, far down", []string{"@a/x@1.0.0,@a/y 3.0.0"}, []string{"@a/x 1.0.0"}, "fetching @a/y@3.0.0, which @a/x@1.0.0 requires"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f, u := newFake(t), newUser(t)
			for _, p := range c.packages {
				ref, needs, some := strings.Cut(p, ",")
				if !some {
					f.publish(ref)
					continue
				}
				f.publish(ref, needs)
			}
			dir := writeProject(t, "@me/app@0.1.0", "", c.needs...)
			_, err := u.lock(dir, f.server.URL)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error: %v\nwant: …%s…", err, c.want)
			}
			wantFiles(t, dir, "oripk.toml", "src")
		})
	}
}

// TestOtherRegistry has a scope that lives elsewhere: that registry is asked,
// without the token, and nobody else is asked for that scope.
func TestOtherRegistry(t *testing.T) {
	home, company, u := newFake(t), newFakeOf(t, "company.example/log", 2), newUser(t)
	home.publish("@a/open@1.0.0")
	home.publish("@company/core@1.0.0") // somebody took the name: dependency confusion
	company.publish("@company/core@1.0.0")
	company.publish("@company/app@1.0.0", "@company/core 1.0.0")
	registries := fmt.Sprintf("\n[registries.company]\nurl = %q\nscopes = [\"company\"]\n", company.server.URL)
	dir := writeProject(t, "@me/app@0.1.0", registries, "@a/open 1.0.0", "@company/app 1.0.0")

	if _, err := u.lock(dir, home.server.URL); err != nil {
		t.Fatal(err)
	}
	if got := lockOf(t, dir); got != "@a/open:1.0.0 @company/app:1.0.0 @company/core:1.0.0" {
		t.Errorf("locked %s", got)
	}
	for _, r := range home.asked() {
		if strings.Contains(r.URL.Path, "/company/") {
			t.Errorf("the home registry was asked for %s", r.URL.Path)
		}
	}
	for _, r := range company.asked() {
		if r.Header.Get("Authorization") != "" {
			t.Error("the other registry got the token")
		}
	}
	if len(u.notices) != 2 {
		t.Errorf("keys pinned: %q", u.notices)
	}
}

// TestStrangersRegistry: an address in a dependency's manifest is not contacted.
func TestStrangersRegistry(t *testing.T) {
	home, stranger, u := newFake(t), newFakeOf(t, "stranger.example/log", 2), newUser(t)
	extra := fmt.Sprintf("\n[registries.mine]\nurl = %q\nscopes = [\"odd\"]\n", stranger.server.URL)
	home.publishBytes("@a/x@1.0.0", packageBytes(t, "@a/x@1.0.0", extra, "@odd/y 1.0.0"))
	stranger.publish("@odd/y@1.0.0")
	dir := writeProject(t, "@me/app@0.1.0", "", "@a/x 1.0.0")
	_, err := u.lock(dir, home.server.URL)
	if source, ok := errors.AsType[*SourceError](err); !ok || source.Registry != stranger.server.URL {
		t.Errorf("error: %v, want a *SourceError", err)
	}
	if len(stranger.asked()) > 0 {
		t.Error("the stranger was asked")
	}
}

// TestResolveStopsAtTheFirstFailure: a lying archive among many is the error,
// not the interruption of the others.
func TestResolveStopsAtTheFirstFailure(t *testing.T) {
	f, u := newFake(t), newUser(t)
	var needs []string
	for i := range 20 {
		f.publish(fmt.Sprintf("@a/x%d@1.0.0", i))
		needs = append(needs, fmt.Sprintf("@a/x%d 1.0.0", i))
	}
	f.instead["/x7/1.0.0/download"] = func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("lie")) }
	dir := writeProject(t, "@me/app@0.1.0", "", needs...)
	_, err := u.lock(dir, f.server.URL)
	wantError(t, err, ChecksumMismatch)
	wantFiles(t, dir, "oripk.toml", "src")
}

func TestCheckListsAllFaults(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "oripk.toml"), "[project]\nname = \"@me/App\"\nversion = \"1\"\nori = \"1.0.0\"\n")
	p, err := OpenProject(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	faults, ok := errors.AsType[*ManifestError](p.Check())
	if !ok || len(faults.Lines()) < 2 || !strings.HasPrefix(faults.Lines()[0], "oripk.toml:2:") {
		t.Errorf("%v", p.Check())
	}
	if _, err := OpenProject(t.TempDir()); err == nil {
		t.Error("an empty folder was taken for a project")
	}
}

func TestNewRefuses(t *testing.T) {
	for name, o := range map[string]Options{
		"no state":    {URL: "https://a.b"},
		"no URL":      {StateDir: "x"},
		"a bad URL":   {StateDir: "x", URL: "ftp://a.b"},
		"a password":  {StateDir: "x", URL: "https://u:p@a.b"},
		"a bad key":   {StateDir: "x", URL: "https://a.b", LogKey: "key"},
		"no registry": {StateDir: "x", URL: "a.b"},
		"no port":     {StateDir: "x", URL: "http://a.b:65536"},
	} {
		if _, err := New(o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	c, err := New(Options{StateDir: "x", URL: "https://a.b/sub/"})
	if err != nil || !c.IsAt("https://A.b:443/sub") || c.IsAt("https://a.b") || c.IsAt("corp") {
		t.Error(err)
	}
}
