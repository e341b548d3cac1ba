package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/archive"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/manifest"
)

const (
	workers     = 8    // archives that are fetched at a time
	maxPackages = 5000 // in one graph
)

// Resolve gives the lock file of a project: the checksums of all packages that
// its manifest requires, directly and through others, for building, testing
// and every target. What a package requires is read from the manifest in its
// archive, which is fetched and verified; no word of the registry is taken for
// it. Errors are *ConflictError, *CycleError, *SourceError, *MissingError and
// those of Verify.
func (r *Registries) Resolve(ctx context.Context, m *manifest.Manifest) (*manifest.Lock, error) {
	g := &graph{registries: r, root: m, nodes: map[ident.Package]*node{}}
	if err := g.requireAll(nil, rootDependencies(m)); err != nil {
		return nil, err
	}
	for len(g.fresh) > 0 {
		level := g.fresh
		g.fresh = nil
		if err := g.fetch(ctx, level); err != nil {
			return nil, err
		}
		for _, n := range level {
			if err := g.requireAll(n, n.manifest.Locked()); err != nil {
				return nil, err
			}
		}
	}
	if cycle := g.cycle(); cycle != nil {
		return nil, &CycleError{Path: cycle}
	}
	return g.lock(), nil
}

// rootDependencies are those of all kinds that come from a registry.
func rootDependencies(m *manifest.Manifest) []manifest.Dependency {
	return slices.DeleteFunc(slices.Clone(m.Dependencies), func(d manifest.Dependency) bool {
		return d.Git != "" || d.Path != "" || d.Version.IsZero()
	})
}

// graph grows level by level: everything that is required of the packages
// fetched so far.
type graph struct {
	registries *Registries
	root       *manifest.Manifest
	nodes      map[ident.Package]*node
	fresh      []*node // required and not yet fetched, in the order of the requirements
}

// node is a package of the graph.
type node struct {
	ref      ident.Ref
	source   *Client
	first    Requirement // the one that brought it in
	parent   *node       // whose it is; nil: the project's
	manifest *manifest.Manifest
	checksum ident.Checksum
}

func (g *graph) requireAll(by *node, dependencies []manifest.Dependency) error {
	for _, d := range dependencies {
		if err := g.require(by, d); err != nil {
			return err
		}
	}
	return nil
}

func (g *graph) require(by *node, d manifest.Dependency) error {
	ref := ident.Ref{Package: d.Package, Version: d.Version}
	if d.Package == g.root.Package {
		return &CycleError{Path: append(g.pathTo(by), ref)}
	}
	source, err := g.source(by, d)
	if err != nil {
		return err
	}
	need := Requirement{Version: d.Version, Registry: source.URL(), By: nameOf(by, d)}
	if there := g.nodes[d.Package]; there != nil {
		if there.ref != ref || there.source != source {
			return &ConflictError{Package: d.Package, First: there.first, Second: need}
		}
		return nil
	}
	if len(g.nodes) == maxPackages {
		return fmt.Errorf("the project needs more than %d packages", maxPackages)
	}
	n := &node{ref: ref, source: source, first: need, parent: by}
	g.nodes[d.Package] = n
	g.fresh = append(g.fresh, n)
	return nil
}

func nameOf(by *node, d manifest.Dependency) string {
	switch {
	case by != nil:
		return by.ref.String()
	case d.Position.Line > 0:
		return archive.ManifestName + ":" + d.Position.String()
	}
	return archive.ManifestName
}

// source gives the registry that a dependency comes from.
func (g *graph) source(by *node, d manifest.Dependency) (*Client, error) {
	if by == nil {
		return g.registries.Source(d)
	}
	url, _ := by.manifest.External(d)
	return g.registries.SourceFor(Requirer{by.ref, by.source}, d.Package, url)
}

// fetch fetches and verifies a level, several packages at a time.
func (g *graph) fetch(ctx context.Context, level []*node) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	errs := make([]error, len(level))
	free := make(chan struct{}, workers)
	var wg sync.WaitGroup
	for i, n := range level {
		free <- struct{}{}
		wg.Go(func() {
			defer func() { <-free }()
			if errs[i] = n.fetch(ctx); errs[i] != nil && !isMissing(errs[i]) {
				stop()
			}
		})
	}
	wg.Wait()
	return causeOf(errs)
}

// causeOf gives the failure of a level: what is worse than a missing package,
// else all packages that are missing.
func causeOf(errs []error) error {
	var missing, others []error
	for _, err := range errs {
		if isMissing(err) {
			missing = append(missing, err)
		} else {
			others = append(others, err)
		}
	}
	if err := firstCause(others); err != nil || len(missing) == 0 {
		return err
	}
	if len(missing) == 1 {
		return missing[0]
	}
	return &MissingError{Errs: missing}
}

// isMissing reports whether the registry says that it has no such version.
func isMissing(err error) bool {
	problem, ok := errors.AsType[*api.Problem](err)
	return ok && (problem.Status == http.StatusNotFound || problem.Status == http.StatusGone)
}

// firstCause gives the first error that is not the consequence of another.
func firstCause(errs []error) error {
	var interrupted error
	for _, err := range errs {
		switch {
		case err == nil:
		case !errors.Is(err, context.Canceled):
			return err
		case interrupted == nil:
			interrupted = err
		}
	}
	return interrupted
}

func (n *node) fetch(ctx context.Context) error {
	fetched, err := n.source.fetchTemporary(ctx, n.ref)
	if err != nil {
		return fmt.Errorf("fetching %s, which %s requires: %w", n.ref, n.first.By, err)
	}
	n.manifest, n.checksum = fetched.Report.Manifest, fetched.Verdict.Checksum
	return nil
}

// pathTo gives the way from the project to n.
func (g *graph) pathTo(n *node) []ident.Ref {
	var path []ident.Ref
	for ; n != nil; n = n.parent {
		path = append(path, n.ref)
	}
	path = append(path, ident.Ref{Package: g.root.Package, Version: g.root.Version})
	slices.Reverse(path)
	return path
}

// cycle gives a ring of packages, or nil. The search is deterministic: it goes
// through the packages by name.
func (g *graph) cycle() []ident.Ref {
	walk := &walk{graph: g, done: map[*node]bool{}}
	for _, n := range g.sorted() {
		if walk.from(n) {
			return walk.ring()
		}
	}
	return nil
}

// walk is a depth-first search; its depth is bounded by maxPackages.
type walk struct {
	graph *graph
	done  map[*node]bool
	path  []*node
}

// from reports whether a cycle is met; the path then ends with the package
// that it holds already.
func (w *walk) from(n *node) bool {
	if w.done[n] {
		return false
	}
	met := slices.Contains(w.path, n)
	w.path = append(w.path, n)
	if met {
		return true
	}
	for _, d := range n.manifest.Locked() {
		if w.from(w.graph.nodes[d.Package]) {
			return true
		}
	}
	w.path = w.path[:len(w.path)-1]
	w.done[n] = true
	return false
}

func (w *walk) ring() []ident.Ref {
	last := w.path[len(w.path)-1]
	var ring []ident.Ref
	for _, n := range w.path[slices.Index(w.path, last):] {
		ring = append(ring, n.ref)
	}
	return ring
}

func (g *graph) sorted() []*node {
	all := make([]*node, 0, len(g.nodes))
	for _, n := range g.nodes {
		all = append(all, n)
	}
	slices.SortFunc(all, func(a, b *node) int { return strings.Compare(a.ref.String(), b.ref.String()) })
	return all
}

func (g *graph) lock() *manifest.Lock {
	l := &manifest.Lock{Checksums: map[ident.Ref]ident.Checksum{}}
	for _, n := range g.nodes {
		l.Checksums[n.ref] = n.checksum
	}
	return l
}
