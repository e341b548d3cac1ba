package client

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"strings"
	"time"

	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/manifest"
)

// Where the compiler finds what a project depends on, in the project's folder.
// None of it belongs under version control, and all of it can be made again.
const (
	workFolder     = ".ori"
	indexName      = "packages.json" // what is there: a placedIndex
	packagesFolder = "packages"      // packages/@scope/name is the package's folder
)

// placedIndex is what packages.json holds: the graph, for the compiler.
type placedIndex struct {
	Packages []placedPackage `json:"packages"` // by name
}

type placedPackage struct {
	Package      ident.Package   `json:"package"`
	Version      ident.Version   `json:"version"`
	Checksum     ident.Checksum  `json:"checksum"`
	Registry     string          `json:"registry"`
	Path         string          `json:"path"` // from the project's folder, with forward slashes
	Kind         manifest.Kind   `json:"kind"`
	Features     []string        `json:"features"`
	Dependencies []ident.Package `json:"dependencies"`
}

// place makes .ori show the packages of a graph: each as a link into the cache
// or, where the system does not let links be made, as a copy.
func (p *Project) place(g *Graph, o SyncOptions) error {
	now := time.Now
	if o.Now != nil {
		now = o.Now
	}
	if err := p.placeAll(g, now()); err != nil {
		return fmt.Errorf("placing the packages in %s: %w", workFolder, err)
	}
	return nil
}

func (p *Project) placeAll(g *Graph, now time.Time) error {
	text, err := json.MarshalIndent(newIndex(g), "", "  ")
	if err != nil {
		return err
	}
	work, err := p.openWork()
	if err != nil {
		return err
	}
	defer work.Close()
	sweepNew(p.root, now)
	sweepNew(work, now)
	into, err := openFolder(work, packagesFolder)
	if err != nil {
		return err
	}
	defer into.Close()
	if err := placePackages(into, g, now); err != nil {
		return err
	}
	if before, err := work.ReadFile(indexName); err == nil && bytes.Equal(text, before) {
		return nil
	}
	if err := clearOthers(into, g); err != nil {
		return err
	}
	return writeIn(work, indexName, text)
}

// openWork opens .ori, and has version control leave it out.
func (p *Project) openWork() (*os.Root, error) {
	work, err := openFolder(p.root, workFolder)
	if err != nil {
		return nil, err
	}
	const ignore = ".gitignore"
	if _, err := work.Lstat(ignore); errors.Is(err, fs.ErrNotExist) {
		err = writeIn(work, ignore, []byte("*\n"))
		if err != nil {
			work.Close()
			return nil, err
		}
	}
	return work, nil
}

// openFolder opens a folder that is made where it is missing. What a checkout
// has put in its place, a link say, is not followed: what is below is removed
// when it is no package any more.
func openFolder(root *os.Root, name string) (*os.Root, error) {
	info, err := root.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := root.Mkdir(name, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
	case err != nil:
		return nil, err
	case !info.IsDir():
		return nil, fmt.Errorf("%s is no folder; remove it, it is made again", name)
	}
	return root.OpenRoot(name)
}

// placePackages goes through the packages by name, so a scope is opened once.
func placePackages(into *os.Root, g *Graph, now time.Time) error {
	var scope *os.Root
	var opened string
	defer func() {
		if scope != nil {
			scope.Close()
		}
	}()
	for _, kept := range g.Packages {
		if name := "@" + kept.Ref.Package.Scope(); name != opened {
			next, err := openFolder(into, name)
			if err != nil {
				return err
			}
			if scope != nil {
				scope.Close()
			}
			scope, opened = next, name
			sweepNew(scope, now)
		}
		if _, err := os.Stat(kept.Dir); err != nil {
			return unkept(fmt.Errorf("%s was removed meanwhile: %w", kept.Ref, err))
		}
		if err := placeOne(scope, kept.Ref.Package.Name(), kept.Dir); err != nil {
			return err
		}
	}
	return nil
}

func newIndex(g *Graph) *placedIndex {
	index := &placedIndex{Packages: []placedPackage{}}
	for _, kept := range g.Packages {
		one := placedPackage{
			Package: kept.Ref.Package, Version: kept.Ref.Version, Checksum: kept.Checksum, Registry: kept.Source.URL(),
			Path: path.Join(workFolder, packagesFolder, kept.Ref.Package.String()), Kind: kept.Kind, Features: kept.Features, Dependencies: []ident.Package{},
		}
		for _, d := range kept.Manifest.Locked() {
			one.Dependencies = append(one.Dependencies, d.Package)
		}
		index.Packages = append(index.Packages, one)
	}
	return index
}

// placeOne makes one link, or a copy where no link can be made, unless it is
// there. A folder is never believed by its name: a checkout may have brought it.
func placeOne(scope *os.Root, name, dir string) error {
	if err := scope.Symlink(dir, name); err == nil {
		return nil
	}
	if there, err := scope.Readlink(name); err == nil && there == dir {
		return nil
	}
	temporary := newName()
	err := scope.Symlink(dir, temporary)
	if err != nil {
		if isCopy(scope, name, dir) {
			return nil
		}
		err = copyTree(scope, temporary, dir)
	}
	if err == nil {
		err = scope.RemoveAll(name)
	}
	if err == nil {
		err = scope.Rename(temporary, name)
	}
	if err != nil {
		return errors.Join(err, scope.RemoveAll(temporary))
	}
	return nil
}

// isCopy compares what is there with a package, file by file.
func isCopy(scope *os.Root, name, dir string) bool {
	if info, err := scope.Lstat(name); err != nil || !info.IsDir() {
		return false
	}
	copied, err := scope.OpenRoot(name)
	if err != nil {
		return false
	}
	defer copied.Close()
	want, err := textsIn(os.DirFS(dir))
	if err != nil {
		return false
	}
	have, err := textsIn(copied.FS())
	return err == nil && maps.EqualFunc(want, have, bytes.Equal)
}

// textsIn reads all files of a folder.
func textsIn(files fs.FS) (map[string][]byte, error) {
	all := map[string][]byte{}
	err := fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		all[path], err = fs.ReadFile(files, path)
		return err
	})
	return all, err
}

func copyTree(scope *os.Root, name, dir string) error {
	if err := scope.Mkdir(name, 0o755); err != nil {
		return err
	}
	into, err := scope.OpenRoot(name)
	if err != nil {
		return err
	}
	defer into.Close()
	return fs.WalkDir(os.DirFS(dir), ".", func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case file == ".":
			return nil
		case d.IsDir():
			return into.Mkdir(file, 0o755)
		}
		text, err := fs.ReadFile(os.DirFS(dir), file)
		if err != nil {
			return err
		}
		return into.WriteFile(file, text, 0o444)
	})
}

// clearOthers removes what is no package of the project any more.
func clearOthers(into *os.Root, g *Graph) error {
	wanted := map[string]map[string]bool{}
	for _, kept := range g.Packages {
		scope := "@" + kept.Ref.Package.Scope()
		if wanted[scope] == nil {
			wanted[scope] = map[string]bool{}
		}
		wanted[scope][kept.Ref.Package.Name()] = true
	}
	scopes, err := fs.ReadDir(into.FS(), ".")
	if err != nil {
		return err
	}
	for _, scope := range scopes {
		if wanted[scope.Name()] == nil {
			err = into.RemoveAll(scope.Name())
		} else {
			err = clearScope(into, scope.Name(), wanted[scope.Name()])
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func clearScope(into *os.Root, scope string, wanted map[string]bool) error {
	names, err := fs.ReadDir(into.FS(), scope)
	if err != nil {
		return err
	}
	for _, name := range names {
		if !wanted[name.Name()] && !strings.HasPrefix(name.Name(), newPrefix) {
			if err := into.RemoveAll(scope + "/" + name.Name()); err != nil {
				return err
			}
		}
	}
	return nil
}

// writeIn writes a file so that a reader sees all of it or the old one.
func writeIn(root *os.Root, name string, text []byte) error {
	temporary := newName()
	if err := root.WriteFile(temporary, text, 0o644); err != nil {
		return err
	}
	if err := root.Rename(temporary, name); err != nil {
		return errors.Join(err, root.Remove(temporary))
	}
	return nil
}

// newPrefix begins the names of what is being written in a project's folders, as
// no file of a user is called. It gets its own name when it is whole.
const newPrefix = ".oripk-new-"

func newName() string { return newPrefix + rand.Text() }

// sweepNew removes what programs that were killed have left in a folder, when it
// is a day old. It is a courtesy, so it fails silently.
func sweepNew(folder *os.Root, now time.Time) {
	f, err := folder.Open(".")
	if err != nil {
		return
	}
	defer f.Close()
	names, _ := f.Readdirnames(-1)
	for _, name := range names {
		if !strings.HasPrefix(name, newPrefix) {
			continue
		}
		if info, err := folder.Lstat(name); err == nil && now.Sub(info.ModTime()) > day {
			_ = folder.RemoveAll(name)
		}
	}
}
