package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/manifest"
)

const (
	workers     = 8    // archives that are fetched at a time
	maxPackages = 5000 // in one graph
)

// Graph is what a project is built, tested and run with on every target: one
// version of each package, all of them in the cache and vouched for by the log.
type Graph struct {
	Root     *manifest.Manifest
	Packages []*Package // by name

	byName map[ident.Package]*Package
}

// Package is a package of a graph.
type Package struct {
	Kept
	Source     *Client       // of the registry that it comes from
	Kind       manifest.Kind // Normal: it is built in; Target: on some targets only; Dev: for testing only
	Features   []string      // that are on, sorted
	RequiredBy []Requirement // in the order in which they were met, the shortest ways first

	// Said is what the registry says of the version beside what is proved: that it
	// was yanked, say. Nil when the registry was not asked.
	Said *api.ResolvedVersion
}

// Requirement is what one place of the graph asks for.
type Requirement struct {
	Version  ident.Version
	Registry string              // URL that the package comes from
	Root     manifest.Dependency // the project's own dependency that leads here
	by       *node               // who asks; nil: the project itself
}

// Path gives the way from the project's own dependency to the package that
// asks; it is empty when that is the project itself.
func (r Requirement) Path() (path []ident.Ref) {
	for n := r.by; n != nil; n = n.parent {
		path = append(path, n.Ref)
	}
	slices.Reverse(path)
	return path
}

// By names who asks: "oripk.toml:12:1", or a package such as "@a/b@1.0.0".
func (r Requirement) By() string {
	switch {
	case r.by != nil:
		return r.by.Ref.String()
	case r.Root.Position.Line > 0:
		return manifest.FileName + ":" + r.Root.Position.String()
	}
	return manifest.FileName
}

// SyncProgress tells how far the packages of a graph are. Totals grow while the
// graph is being read.
type SyncProgress struct {
	Packages, PackagesTotal int
	Bytes, BytesTotal       int64
}

// ResolveOptions say how a graph is resolved.
type ResolveOptions struct {
	Lock     *manifest.Lock     // checksums that the versions must have; nil: none are known
	Progress func(SyncProgress) // nil: nobody is told; one call at a time
}

// Resolve gives the graph of a project: all packages that its manifest requires,
// directly and through others, for building, testing and every target. What is
// not in the cache is fetched into it. What a package requires is read from the
// manifest in its archive, whose checksum the log has; no word of a registry is
// taken for it. Errors are *ConflictError, *CycleError, *SourceError,
// *FeatureError, *MissingError and those of Obtain.
func (r *Registries) Resolve(ctx context.Context, m *manifest.Manifest, o ResolveOptions) (g *Graph, err error) {
	w := &walk{registries: r, root: m, nodes: map[ident.Package]*node{}, supply: newSupply(ctx, r, o)}
	defer func() {
		if unkept := w.supply.close(); err == nil && unkept != nil {
			g, err = nil, unkept
		}
	}()
	if err := w.run(); err != nil {
		return nil, err
	}
	if err := w.conflicts(); err != nil {
		return nil, err
	}
	if cycle := w.cycle(); cycle != nil {
		return nil, &CycleError{Root: w.nodes[cycle[0].Package].root, Path: cycle}
	}
	if err := w.switchOn(); err != nil {
		return nil, err
	}
	return w.graph(), nil
}

// Locked are the checksums of the graph, as a lock file has them.
func (g *Graph) Locked() *manifest.Lock {
	l := &manifest.Lock{Checksums: make(map[ident.Ref]ident.Checksum, len(g.Packages))}
	for _, p := range g.Packages {
		l.Checksums[p.Ref] = p.Checksum
	}
	return l
}

// Find gives the package of this name, or nil.
func (g *Graph) Find(p ident.Package) *Package { return g.byName[p] }

// walk grows a graph level by level: everything that is required of the
// packages read so far.
type walk struct {
	registries *Registries
	root       *manifest.Manifest
	supply     *supply
	nodes      map[ident.Package]*node
	order      []*node // as they were met
	fresh      []*node // required and not yet read
}

// node is a package of the graph, in the version that was met first.
type node struct {
	Package
	parent *node // whose requirement was met first; nil: the project's
	root   manifest.Dependency
	on     map[string]bool // features
}

func (w *walk) run() error {
	if err := w.requireAll(nil, rootDependencies(w.root)); err != nil {
		return err
	}
	for len(w.fresh) > 0 {
		level := w.fresh
		w.fresh = nil
		if err := w.supply.read(level); err != nil {
			return err
		}
		for _, n := range level {
			if err := w.requireAll(n, buildDependencies(n.Manifest)); err != nil {
				return err
			}
		}
	}
	return nil
}

// rootDependencies are those of all kinds that come from a registry.
func rootDependencies(m *manifest.Manifest) []manifest.Dependency {
	return slices.DeleteFunc(slices.Clone(m.Dependencies), func(d manifest.Dependency) bool {
		return d.Git != "" || d.Path != "" || d.Version.IsZero()
	})
}

// buildDependencies are those that a package brings along: of all kinds but Dev.
// A package can be among them more than once, for several targets.
func buildDependencies(m *manifest.Manifest) []manifest.Dependency {
	return slices.DeleteFunc(rootDependencies(m), func(d manifest.Dependency) bool { return d.Kind == manifest.Dev })
}

func (w *walk) requireAll(by *node, dependencies []manifest.Dependency) error {
	for _, d := range dependencies {
		if err := w.require(by, d); err != nil {
			return err
		}
	}
	return nil
}

// require takes up a requirement. One that disagrees with an earlier one is
// kept with it: conflicts are told all at once.
func (w *walk) require(by *node, d manifest.Dependency) error {
	ref := ident.Ref{Package: d.Package, Version: d.Version}
	if d.Package == w.root.Package {
		return &CycleError{Root: rootOf(by, d), Path: append(w.pathTo(by), ref)}
	}
	source, err := w.source(by, d)
	if err != nil {
		return err
	}
	need := Requirement{Version: d.Version, Registry: source.URL(), Root: rootOf(by, d), by: by}
	if there := w.nodes[d.Package]; there != nil {
		there.RequiredBy = append(there.RequiredBy, need)
		return nil
	}
	if len(w.nodes) == maxPackages {
		return fmt.Errorf("the project needs more than %d packages", maxPackages)
	}
	n := &node{parent: by, root: need.Root, on: map[string]bool{}}
	n.Ref, n.Source, n.RequiredBy = ref, source, []Requirement{need}
	w.nodes[d.Package] = n
	w.order, w.fresh = append(w.order, n), append(w.fresh, n)
	return nil
}

// rootOf gives the project's own dependency that leads to what by requires.
func rootOf(by *node, d manifest.Dependency) manifest.Dependency {
	if by == nil {
		return d
	}
	return by.root
}

// source gives the registry that a dependency comes from.
func (w *walk) source(by *node, d manifest.Dependency) (*Client, error) {
	if by == nil {
		return w.registries.Source(d)
	}
	url, _ := by.Manifest.External(d)
	return w.registries.SourceFor(Requirer{by.Ref, by.Source}, d.Package, url)
}

// pathTo gives the way from the project to n.
func (w *walk) pathTo(n *node) []ident.Ref {
	project := ident.Ref{Package: w.root.Package, Version: w.root.Version}
	return append([]ident.Ref{project}, Requirement{by: n}.Path()...)
}

// conflicts gives a *ConflictError when packages are required in more than one
// version, or from more than one registry.
func (w *walk) conflicts() error {
	var all []Conflict
	for _, n := range w.sorted() {
		differs := func(r Requirement) bool { return r.Version != n.Ref.Version || r.Registry != n.Source.URL() }
		if slices.ContainsFunc(n.RequiredBy, differs) {
			all = append(all, Conflict{n.Ref.Package, n.RequiredBy})
		}
	}
	if all == nil {
		return nil
	}
	return &ConflictError{Conflicts: all}
}

func (w *walk) sorted() []*node {
	return slices.SortedFunc(slices.Values(w.order), func(a, b *node) int {
		return strings.Compare(a.Ref.Package.String(), b.Ref.Package.String())
	})
}

func (w *walk) graph() *Graph {
	g := &Graph{Root: w.root, byName: map[ident.Package]*Package{}}
	w.findKinds()
	for _, n := range w.sorted() {
		g.Packages = append(g.Packages, &n.Package)
		g.byName[n.Ref.Package] = &n.Package
	}
	return g
}

// findKinds finds for each package the strongest way that leads to it: what a
// build needs always, on some target, or for tests alone.
func (w *walk) findKinds() {
	strength := map[manifest.Kind]int{manifest.Dev: 1, manifest.Target: 2, manifest.Normal: 3}
	var reach func(kind manifest.Kind, d manifest.Dependency)
	reach = func(kind manifest.Kind, d manifest.Dependency) {
		n := w.nodes[d.Package]
		if strength[d.Kind] < strength[kind] {
			kind = d.Kind
		}
		if strength[n.Kind] >= strength[kind] {
			return
		}
		n.Kind = kind
		for _, next := range buildDependencies(n.Manifest) {
			reach(kind, next)
		}
	}
	for _, d := range rootDependencies(w.root) {
		reach(d.Kind, d)
	}
}

// cycle gives a ring of packages, or nil. The search is deterministic: it goes
// through the packages by name.
func (w *walk) cycle() []ident.Ref {
	s := &cycleSearch{walk: w, done: map[*node]bool{}}
	for _, n := range w.sorted() {
		if s.from(n) {
			return s.ring()
		}
	}
	return nil
}

// cycleSearch goes depth first; its depth is bounded by maxPackages.
type cycleSearch struct {
	walk *walk
	done map[*node]bool
	path []*node
}

// from reports whether a cycle is met; the path then ends with the package
// that it holds already.
func (s *cycleSearch) from(n *node) bool {
	if s.done[n] {
		return false
	}
	met := slices.Contains(s.path, n)
	s.path = append(s.path, n)
	if met {
		return true
	}
	for _, d := range n.Manifest.Locked() {
		if s.from(s.walk.nodes[d.Package]) {
			return true
		}
	}
	s.path = s.path[:len(s.path)-1]
	s.done[n] = true
	return false
}

func (s *cycleSearch) ring() []ident.Ref {
	last := s.path[len(s.path)-1]
	var ring []ident.Ref
	for _, n := range s.path[slices.Index(s.path, last):] {
		ring = append(ring, n.Ref)
	}
	return ring
}

// isMissing reports whether the registry says that it has no such version.
func isMissing(err error) bool {
	problem, ok := errors.AsType[*api.Problem](err)
	return ok && (problem.Status == http.StatusNotFound || problem.Status == http.StatusGone)
}
