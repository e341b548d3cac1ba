package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/ident"
)

// Audit is what the registries say of the packages of a graph now. It is their
// word; what the log has of it is an entry for each advisory and each change.
type Audit struct {
	Advisories []Finding // by package, then id
	Versions   []Audited // those of which there is something else to say, by package
}

// Finding is an advisory that affects a package.
type Finding struct {
	Ref      ident.Ref
	Advisory *Advisory
}

// Audited is a version with its life.
type Audited struct {
	Ref        ident.Ref
	Gone       *api.Code // it is not there any more: what its download is answered with
	Status     api.Status
	Yanked     *api.Yanked
	Deprecated *api.Deprecated
}

// Audit asks the registries of a graph what they say of its packages now.
func (g *Graph) Audit(ctx context.Context) (*Audit, error) {
	bySource := map[*Client][]ident.Ref{}
	for _, p := range g.Packages {
		bySource[p.Source] = append(bySource[p.Source], p.Ref)
	}
	audit := &Audit{}
	for source, refs := range bySource {
		if err := source.audit(ctx, refs, audit); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(audit.Advisories, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Ref.String(), b.Ref.String()), cmp.Compare(a.Advisory.ID, b.Advisory.ID))
	})
	slices.SortFunc(audit.Versions, func(a, b Audited) int { return cmp.Compare(a.Ref.String(), b.Ref.String()) })
	return audit, nil
}

// audit adds what a registry says of these versions.
func (c *Client) audit(ctx context.Context, refs []ident.Ref, audit *Audit) error {
	known := map[string]*Advisory{}
	for some := range slices.Chunk(refs, api.MaxResolveRoots) {
		versions, gone, err := c.now(ctx, some)
		if err != nil {
			return err
		}
		for _, ref := range some {
			if err := c.auditOne(ctx, ref, versions[ref], gone[ref], known, audit); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *Client) auditOne(ctx context.Context, ref ident.Ref, v *api.ResolvedVersion, gone *api.Code, known map[string]*Advisory, audit *Audit) error {
	if v == nil {
		if gone == nil {
			return &ReplyError{URL: c.urls.Resolve(), Reason: fmt.Sprintf("the answer says nothing of %s", ref)}
		}
		audit.Versions = append(audit.Versions, Audited{Ref: ref, Gone: gone})
		return nil
	}
	if v.Yanked != nil || v.Deprecated != nil || v.Status == api.Quarantined {
		audit.Versions = append(audit.Versions, Audited{Ref: ref, Status: v.Status, Yanked: v.Yanked, Deprecated: v.Deprecated})
	}
	for _, id := range v.Advisories {
		if known[id] == nil {
			a, err := c.Advisory(ctx, id)
			if err != nil {
				return fmt.Errorf("asking for the advisory %s: %w", Printable(id), err)
			}
			known[id] = a
		}
		audit.Advisories = append(audit.Advisories, Finding{ref, known[id]})
	}
	return nil
}

// now asks what versions are like now: in one request or, where the registry
// does not tell whole graphs, in one for each.
func (c *Client) now(ctx context.Context, refs []ident.Ref) (map[ident.Ref]*api.ResolvedVersion, map[ident.Ref]*api.Code, error) {
	versions, gone := map[ident.Ref]*api.ResolvedVersion{}, map[ident.Ref]*api.Code{}
	reply, err := c.Resolution(ctx, refs, false)
	if tellsNoGraphs(err) {
		return versions, gone, c.nowOneByOne(ctx, refs, versions, gone)
	}
	if err != nil {
		return nil, nil, err
	}
	for i := range reply.Packages {
		v := &reply.Packages[i]
		versions[ident.Ref{Package: v.Package, Version: v.Version.Version}] = v
	}
	for _, m := range reply.Missing {
		gone[ident.Ref{Package: m.Package, Version: m.Version}] = &m.Code
	}
	return versions, gone, nil
}

func (c *Client) nowOneByOne(ctx context.Context, refs []ident.Ref, versions map[ident.Ref]*api.ResolvedVersion, gone map[ident.Ref]*api.Code) error {
	for _, ref := range refs {
		m, err := c.Metadata(ctx, ref)
		problem, answered := errors.AsType[*api.Problem](err)
		switch {
		case err == nil:
			versions[ref] = &api.ResolvedVersion{Version: m.Version, Package: m.Package, Status: api.Active}
		case answered && (problem.Status == http.StatusNotFound || problem.Status == http.StatusGone):
			gone[ref] = &problem.Code
		default:
			return err
		}
		if m != nil && m.Removed != nil {
			code := api.VersionGone
			delete(versions, ref)
			gone[ref] = &code
		}
	}
	return nil
}
