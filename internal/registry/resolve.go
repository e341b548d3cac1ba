package registry

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/internal/store"
	"github.com/ori-lang/registry/manifest"
)

const (
	resolveTime = 10 * time.Second // for one graph, waiting included
	resolvers   = 4                // graphs that are made at a time
)

// Resolve gives every version that the roots need, directly and through others,
// as it is at one moment, and the proofs of all under one checkpoint. Versions
// are exact, so nothing is chosen: where two are required of one package both
// are followed and the conflict names all who require them. Dependencies of the
// kind dev are nobody's but the root's own, who names those it wants.
func (r *Registry) Resolve(ctx context.Context, wish api.Resolve) (*api.Resolution, error) {
	g, err := newGraph(wish.Dependencies)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, resolveTime)
	defer cancel()
	select {
	case r.resolving <- struct{}{}:
		defer func() { <-r.resolving }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if err := r.db.Snapshot(ctx, func(db *store.Reader) error { return g.grow(ctx, db) }); err != nil {
		return nil, err
	}
	if wish.Proofs {
		if err := r.proveAll(ctx, g.packages); err != nil {
			return nil, err
		}
	}
	return g.resolution(), nil
}

func (r *Registry) proveAll(ctx context.Context, versions []api.ResolvedVersion) error {
	var indexes []int64
	for _, v := range versions {
		indexes = append(indexes, v.LogIndex)
	}
	proofs, err := r.log.Proofs(ctx, indexes)
	if err != nil {
		return err
	}
	for i := range versions {
		text := string(proofs[versions[i].LogIndex])
		versions[i].Proof = &text
	}
	return nil
}

// graph grows level by level: each is what the one before it requires.
type graph struct {
	next     []ident.Ref // required and not yet read
	known    map[ident.Ref]bool
	packages []api.ResolvedVersion
	missing  map[ident.Ref]api.Code
	records  int // bytes of the manifests' records

	order        []ident.Package // as they were first required
	requirements map[ident.Package][]requirement

	external []api.Dependency
	listed   map[externalRef]bool
}

// requirement is one that somebody has of a package.
type requirement struct {
	version   ident.Version
	by        *string // nil: the caller
	elsewhere bool    // in another registry
}

type externalRef struct {
	ident.Ref
	registry string
}

// newGraph begins a graph with its roots, or says all that is wrong with them.
func newGraph(roots []api.Root) (*graph, error) {
	g := &graph{
		known: map[ident.Ref]bool{}, missing: map[ident.Ref]api.Code{},
		requirements: map[ident.Package][]requirement{}, listed: map[externalRef]bool{},
	}
	switch {
	case roots == nil:
		return nil, invalid("the graph has no roots", valueFault("/dependencies", "the list of dependencies is missing; it may be empty"))
	case len(roots) > api.MaxResolveRoots:
		return nil, tooMuch("%d dependencies are given, at most %d are allowed", len(roots), api.MaxResolveRoots)
	}
	var faults []api.Fault
	for i, root := range roots {
		ref, wrong := readRoot(i, root)
		if faults = append(faults, wrong...); len(wrong) == 0 && !g.known[ref] {
			g.note(ref.Package, requirement{version: ref.Version})
			g.known[ref] = true
			g.next = append(g.next, ref)
		}
	}
	if len(faults) > 0 {
		return nil, invalid("the roots of the graph cannot be read", faults)
	}
	return g, nil
}

func readRoot(i int, root api.Root) (ref ident.Ref, faults []api.Fault) {
	var err error
	if ref.Package, err = ident.ParsePackage(root.Package); err != nil {
		faults = valueFault(fmt.Sprintf("/dependencies/%d/package", i), "%v", err)
	}
	if ref.Version, err = ident.ParseVersion(root.Version); err != nil {
		faults = append(faults, valueFault(fmt.Sprintf("/dependencies/%d/version", i), "%v", err)...)
	}
	return ref, faults
}

// tooMuch is for a graph over one of its limits.
func tooMuch(format string, args ...any) *api.Problem {
	detail := fmt.Sprintf(format, args...)
	problem := invalid(detail, []api.Fault{{Pointer: "/dependencies", Code: "limit", Detail: detail}})
	return problem.WithHint("ask for the packages one by one, or for a part of the graph at a time")
}

// grow reads level after level until nothing new is required.
func (g *graph) grow(ctx context.Context, db *store.Reader) error {
	for len(g.next) > 0 {
		level := g.next
		g.next = nil
		if err := g.read(ctx, db, level); err != nil {
			return err
		}
	}
	if err := g.advise(ctx, db); err != nil {
		return err
	}
	return g.nameMissing(ctx, db)
}

// advise names in each version the advisories that affect it.
func (g *graph) advise(ctx context.Context, db *store.Reader) error {
	places := make(map[ident.Package][]int)
	for i, v := range g.packages {
		places[v.Package] = append(places[v.Package], i)
	}
	return db.AffectedAt(ctx, slices.Collect(maps.Keys(places)), func(p ident.Package, id string, text []byte) error {
		affected, err := affectedVersions(id, text)
		for _, i := range places[p] {
			if v := &g.packages[i]; err == nil && affected.Has(v.Version.Version) {
				v.Advisories = append(v.Advisories, id)
			}
		}
		return err
	})
}

// read adds the versions of a level and notes what they require.
func (g *graph) read(ctx context.Context, db *store.Reader, level []ident.Ref) error {
	found := make(map[ident.Ref]api.ResolvedVersion, len(level))
	err := db.VersionsAt(ctx, level, func(v *store.Version, status string) error {
		if g.records += len(v.Details); g.records > api.MaxResolveRecords {
			return tooMuch("the manifests of the graph say more than %d bytes", api.MaxResolveRecords)
		}
		ref := ident.Ref{Package: v.Package, Version: v.Version}
		if v.Removed != nil {
			g.missing[ref] = gone(ref, v.Removed).Code
			return nil
		}
		wire, _, err := wireVersion(v)
		found[ref] = api.ResolvedVersion{Version: wire, Package: v.Package, Status: api.Status(status)}
		return err
	})
	if err != nil {
		return err
	}
	for _, ref := range level {
		v, ok := found[ref]
		if !ok {
			g.miss(ref)
			continue
		}
		g.packages = append(g.packages, v)
		if err := g.requireAll(ref.String(), v.Dependencies); err != nil {
			return err
		}
	}
	return nil
}

// miss notes a version that is not here; why, nameMissing finds out.
func (g *graph) miss(ref ident.Ref) {
	if g.missing[ref] == "" {
		g.missing[ref] = api.VersionNotFound
	}
}

// nameMissing tells versions that are missing from packages that are.
func (g *graph) nameMissing(ctx context.Context, db *store.Reader) error {
	here := map[ident.Package]bool{}
	var names []ident.Package
	for ref, code := range g.missing {
		if code == api.VersionNotFound {
			names = append(names, ref.Package)
		}
	}
	err := db.PackagesAt(ctx, names, func(p ident.Package) error {
		here[p] = true
		return nil
	})
	for ref, code := range g.missing {
		if code == api.VersionNotFound && !here[ref.Package] {
			g.missing[ref] = api.PackageNotFound
		}
	}
	return err
}

func (g *graph) requireAll(by string, dependencies []api.Dependency) error {
	for _, d := range dependencies {
		if d.Kind == string(manifest.Dev) {
			continue
		}
		if err := g.require(&by, d); err != nil {
			return err
		}
	}
	return nil
}

func (g *graph) require(by *string, d api.Dependency) error {
	ref := ident.Ref{Package: d.Package, Version: d.Version}
	g.note(d.Package, requirement{d.Version, by, d.Registry != nil})
	if d.Registry != nil {
		if other := (externalRef{ref, *d.Registry}); !g.listed[other] {
			g.listed[other] = true
			g.external = append(g.external, d)
		}
		return nil
	}
	if g.known[ref] {
		return nil
	}
	if len(g.known) == api.MaxResolvePackages {
		return tooMuch("the graph has more than %d packages", api.MaxResolvePackages)
	}
	g.known[ref] = true
	g.next = append(g.next, ref)
	return nil
}

// note adds a requirement, once where a manifest has it for several targets.
func (g *graph) note(p ident.Package, need requirement) {
	there := g.requirements[p]
	if there == nil {
		g.order = append(g.order, p)
	}
	if n := len(there); n == 0 || there[n-1] != need {
		g.requirements[p] = append(there, need)
	}
}

// resolution gives the graph as it travels.
func (g *graph) resolution() *api.Resolution {
	reply := &api.Resolution{
		Packages: orEmpty(g.packages), External: orEmpty(g.external), Conflicts: []api.Conflict{}, Missing: []api.MissingVersion{},
	}
	for _, p := range g.order {
		needs := g.requirements[p]
		conflict := api.Conflict{Package: p}
		disagree := false
		for _, need := range needs {
			disagree = disagree || need.version != needs[0].version
			conflict.Requirements = append(conflict.Requirements, api.Requirement{Version: need.version, RequiredBy: need.by})
			if code := g.missing[ident.Ref{Package: p, Version: need.version}]; code != "" && !need.elsewhere {
				reply.Missing = append(reply.Missing, api.MissingVersion{Package: p, Version: need.version, RequiredBy: need.by, Code: code})
			}
		}
		if disagree {
			reply.Conflicts = append(reply.Conflicts, conflict)
		}
	}
	return reply
}
