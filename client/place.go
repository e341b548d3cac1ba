package client

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"

	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/manifest"
)

// Where the compiler finds what a project depends on, in the project's folder.
// None of it belongs under version control, and all of it can be made again.
const (
	workFolder    = ".ori"
	packagesIndex = workFolder + "/packages.json" // what is there: a placedIndex
	packages      = workFolder + "/packages"      // packages/@scope/name is the package's folder
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
func (p *Project) place(g *Graph) error {
	if err := p.placeAll(g); err != nil {
		return fmt.Errorf("placing the packages in %s: %w", workFolder, err)
	}
	return nil
}

func (p *Project) placeAll(g *Graph) error {
	index := newIndex(g)
	text, err := json.MarshalIndent(index, "", "  ")
	if err != nil {
		return err
	}
	before, fresh, err := p.readIndex()
	if err != nil {
		return err
	}
	scopes := &scopes{root: p.root, open: map[string]*os.Root{}}
	defer scopes.close()
	for i, kept := range g.Packages {
		scope, err := scopes.of(kept.Ref.Package)
		if err != nil {
			return err
		}
		there := before.sums[index.Packages[i].Path] == kept.Checksum
		if err := placeOne(scope, kept.Ref.Package.Name(), kept.Dir, there); err != nil {
			return err
		}
	}
	if !fresh && bytes.Equal(text, before.text) {
		return nil
	}
	if err := p.clear(index); err != nil {
		return err
	}
	return p.writeIn(packagesIndex, text)
}

// scopes are the folders that the packages of a scope are in, opened once.
type scopes struct {
	root *os.Root
	open map[string]*os.Root
}

func (s *scopes) of(p ident.Package) (*os.Root, error) {
	if there := s.open[p.Scope()]; there != nil {
		return there, nil
	}
	folder := packages + "/@" + p.Scope()
	if err := s.root.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	opened, err := s.root.OpenRoot(folder)
	if err == nil {
		s.open[p.Scope()] = opened
	}
	return opened, err
}

func (s *scopes) close() {
	for _, opened := range s.open {
		opened.Close()
	}
}

func newIndex(g *Graph) *placedIndex {
	index := &placedIndex{Packages: []placedPackage{}}
	for _, kept := range g.Packages {
		one := placedPackage{
			Package: kept.Ref.Package, Version: kept.Ref.Version, Checksum: kept.Checksum, Registry: kept.Registry,
			Path: path.Join(packages, kept.Ref.Package.String()), Kind: kept.Kind, Features: kept.Features, Dependencies: []ident.Package{},
		}
		for _, d := range kept.Manifest.Locked() {
			one.Dependencies = append(one.Dependencies, d.Package)
		}
		index.Packages = append(index.Packages, one)
	}
	return index
}

// placed is what is there already.
type placed struct {
	text []byte
	sums map[string]ident.Checksum // by path
}

// readIndex reads packages.json; one that cannot be read is made anew.
func (p *Project) readIndex() (before *placed, fresh bool, err error) {
	before = &placed{sums: map[string]ident.Checksum{}}
	text, err := p.root.ReadFile(packagesIndex)
	if errors.Is(err, fs.ErrNotExist) {
		if err := p.root.MkdirAll(packages, 0o755); err != nil {
			return nil, false, err
		}
		return before, true, p.writeIn(workFolder+"/.gitignore", []byte("*\n"))
	}
	if err != nil {
		return nil, false, err
	}
	var index placedIndex
	if json.Unmarshal(text, &index) != nil {
		return before, true, nil
	}
	before.text = text
	for _, one := range index.Packages {
		before.sums[one.Path] = one.Checksum
	}
	return before, false, nil
}

// placeOne makes one link, or a copy, unless it is there. That a copy is of
// this version only the index can say.
func placeOne(scope *os.Root, name, dir string, indexed bool) error {
	if err := scope.Symlink(dir, name); err == nil {
		return nil
	}
	if there, err := scope.Readlink(name); err == nil && there == dir {
		return nil
	}
	if info, err := scope.Lstat(name); err == nil && info.IsDir() && indexed {
		return nil
	}
	temporary := ".new-" + rand.Text()
	err := scope.Symlink(dir, temporary)
	if err != nil {
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

// clear removes what is no package of the project any more.
func (p *Project) clear(index *placedIndex) error {
	wanted := map[string]bool{}
	for _, one := range index.Packages {
		wanted[one.Path] = true
	}
	scopes, err := fs.ReadDir(p.root.FS(), packages)
	if err != nil {
		return err
	}
	for _, scope := range scopes {
		folder := path.Join(packages, scope.Name())
		names, err := fs.ReadDir(p.root.FS(), folder)
		if err != nil {
			return err
		}
		names = slices.DeleteFunc(names, func(d fs.DirEntry) bool { return wanted[path.Join(folder, d.Name())] })
		for _, name := range names {
			if err := p.root.RemoveAll(path.Join(folder, name.Name())); err != nil {
				return err
			}
		}
		// Only an empty folder goes; that this one is not is no error.
		_ = p.root.Remove(folder)
	}
	return nil
}

// writeIn writes a file below .ori so that a reader sees all of it or the old one.
func (p *Project) writeIn(name string, text []byte) error {
	temporary := path.Dir(name) + "/.new-" + rand.Text()
	if err := p.root.WriteFile(temporary, text, 0o644); err != nil {
		return err
	}
	if err := p.root.Rename(temporary, name); err != nil {
		return errors.Join(err, p.root.Remove(temporary))
	}
	return nil
}
