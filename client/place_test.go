package client

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

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
