package registry

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/internal/store"
	"github.com/ori-lang/registry/manifest"
)

// details is what the registry keeps of a manifest, as JSON: all that the
// protocol shows and nothing that a client said beside the archive.
type details struct {
	Description  string              `json:"description"`
	License      string              `json:"license,omitempty"`
	Authors      []string            `json:"authors,omitempty"`
	Repository   string              `json:"repository,omitempty"`
	Keywords     []string            `json:"keywords,omitempty"`
	Categories   []string            `json:"categories,omitempty"`
	Funding      string              `json:"funding,omitempty"`
	Edition      string              `json:"edition,omitempty"`
	Ori          string              `json:"ori"`
	Lib          string              `json:"lib,omitempty"`
	Main         string              `json:"main,omitempty"`
	Dependencies []api.Dependency    `json:"dependencies,omitempty"`
	Features     map[string][]string `json:"features,omitempty"`
}

func detailsOf(m *manifest.Manifest) details {
	d := details{
		Description: m.Description, License: m.License, Authors: m.Authors, Repository: m.Repository,
		Keywords: m.Keywords, Categories: m.Categories, Funding: m.Funding, Edition: m.Edition, Ori: m.Ori,
		Lib: m.Entry.Lib, Main: m.Entry.Main, Features: make(map[string][]string),
	}
	for name, parts := range m.Features {
		d.Features[name] = orEmpty(parts)
	}
	for _, dep := range m.Dependencies {
		d.Dependencies = append(d.Dependencies, wireDependency(m, dep))
	}
	return d
}

func wireDependency(m *manifest.Manifest, dep manifest.Dependency) api.Dependency {
	wire := api.Dependency{
		Package: dep.Package, Version: dep.Version, Features: orEmpty(dep.Features), DefaultFeatures: dep.DefaultFeatures,
		Kind: string(dep.Kind), Target: orNull(dep.Target),
	}
	if url, external := m.External(dep); external {
		wire.Registry = &url
	}
	return wire
}

// Versions gives all of a package's versions, or those published before a
// moment when that is not zero. What they say is what is so now: a version that
// was yanked since is yanked.
func (r *Registry) Versions(ctx context.Context, name ident.Package, before time.Time) (*api.Versions, error) {
	p, versions, err := r.read(ctx, name)
	if err != nil {
		return nil, err
	}
	if !before.IsZero() {
		versions = slices.DeleteFunc(versions, func(v *store.Version) bool { return !v.PublishedAt.Before(before) })
	}
	reply := &api.Versions{
		Package: name, Status: api.Status(p.Status), OwnershipChangedAt: timeOrNull(p.OwnershipChangedAt), Versions: []api.Version{},
	}
	reply.Latest, reply.LatestPrerelease = latest(versions)
	for _, v := range versions {
		wire, _, err := wireVersion(v)
		if err != nil {
			return nil, err
		}
		reply.Versions = append(reply.Versions, wire)
	}
	return reply, nil
}

// read gives a package and its versions, the highest precedence first.
func (r *Registry) read(ctx context.Context, name ident.Package) (p *store.Package, versions []*store.Version, err error) {
	err = r.db.Snapshot(ctx, func(db *store.Reader) error {
		if p, err = db.Package(ctx, name); err != nil {
			return orProblem(err, noPackage(name))
		}
		if versions, err = db.VersionsOf(ctx, name); err != nil {
			return err
		}
		return advise(ctx, db, name, versions...)
	})
	slices.SortFunc(versions, func(a, b *store.Version) int { return b.Version.Compare(a.Version) })
	return p, versions, err
}

func noPackage(name ident.Package) *api.Problem {
	return api.Errorf(api.PackageNotFound, "there is no package %s here", name)
}

// latest gives the highest stable version and the highest pre-release of a
// sorted list, of those that are neither yanked nor removed.
func latest(versions []*store.Version) (stable, prerelease *ident.Version) {
	for _, v := range versions {
		switch {
		case v.Yanked != nil || v.Removed != nil:
		case v.Version.IsPrerelease():
			prerelease = cmp.Or(prerelease, &v.Version)
		default:
			stable = cmp.Or(stable, &v.Version)
		}
	}
	return stable, prerelease
}

// newest gives the version that a package is shown by: the latest stable one,
// else the highest pre-release, else the highest of a sorted list that was not
// removed, else none.
func newest(versions []*store.Version) *store.Version {
	stable, prerelease := latest(versions)
	number := cmp.Or(stable, prerelease)
	for _, v := range versions {
		if v.Removed == nil && (number == nil || v.Version == *number) {
			return v
		}
	}
	return nil
}

// Metadata gives all that is known of one version.
func (r *Registry) Metadata(ctx context.Context, ref ident.Ref) (*api.Metadata, error) {
	v, err := r.version(ctx, ref)
	if err != nil {
		return nil, err
	}
	if err := advise(ctx, r.db.Reader(), ref.Package, v); err != nil {
		return nil, err
	}
	return r.wireMetadata(v)
}

// version gives one version, or package_not_found or version_not_found.
func (r *Registry) version(ctx context.Context, ref ident.Ref) (*store.Version, error) {
	return findVersion(ctx, r.db.Reader(), ref)
}

func findVersion(ctx context.Context, db *store.Reader, ref ident.Ref) (*store.Version, error) {
	v, err := db.Version(ctx, ref)
	if err == nil {
		return v, nil
	}
	if _, missing := db.Package(ctx, ref.Package); missing != nil {
		return nil, orProblem(missing, noPackage(ref.Package))
	}
	return nil, orProblem(err, api.Errorf(api.VersionNotFound, "%s has no version %s", ref.Package, ref.Version))
}

// Package gives the package with its newest version.
func (r *Registry) Package(ctx context.Context, name ident.Package) (*api.Package, error) {
	p, versions, err := r.read(ctx, name)
	if err != nil {
		return nil, err
	}
	owners, err := r.owners(ctx, p)
	if err != nil {
		return nil, err
	}
	reply := &api.Package{
		Package: name, Status: api.Status(p.Status), OwnershipChangedAt: timeOrNull(p.OwnershipChangedAt), Owners: owners,
	}
	reply.Latest, reply.LatestPrerelease = latest(versions)
	if v := newest(versions); v != nil {
		reply.Newest, err = r.wireMetadata(v)
	}
	return reply, err
}

// owners lists who may publish the package: its owner alone when it was
// transferred, else the members of its scope.
func (r *Registry) owners(ctx context.Context, p *store.Package) ([]api.Member, error) {
	db := r.db.Reader()
	if p.Owner == "" {
		return wireMembers(ctx, db, p.Name.Scope())
	}
	account, err := db.AccountByID(ctx, p.Owner)
	if err != nil {
		return nil, err
	}
	return []api.Member{{Login: account.Login, Role: api.Owner}}, nil
}

func wireVersion(v *store.Version) (api.Version, details, error) {
	var d details
	if err := json.Unmarshal(v.Details, &d); err != nil {
		return api.Version{}, d, fmt.Errorf("reading the record of %s@%s: %w", v.Package, v.Version, err)
	}
	wire := api.Version{
		Version: v.Version, Checksum: v.Checksum, Size: v.Size, PublishedAt: api.NewTime(v.PublishedAt),
		Ori: d.Ori, Dependencies: orEmpty(d.Dependencies), Features: d.Features, Advisories: orEmpty(v.Advisories), LogIndex: v.LogIndex,
	}
	wire.Yanked, wire.Deprecated, wire.Removed = wireLife(v.Life)
	if wire.Features == nil {
		wire.Features = map[string][]string{}
	}
	return wire, d, nil
}

func wireLife(l store.Life) (yanked *api.Yanked, deprecated *api.Deprecated, removed *api.Removed) {
	if y := l.Yanked; y != nil {
		yanked = &api.Yanked{At: api.NewTime(y.At), Reason: orNull(y.Reason), Message: orNull(y.Message)}
	}
	if d := l.Deprecated; d != nil {
		deprecated = &api.Deprecated{At: api.NewTime(d.At), Message: d.Message, Replacement: orNull(d.Replacement)}
	}
	if r := l.Removed; r != nil {
		removed = &api.Removed{At: api.NewTime(r.At), Reason: r.Reason, Message: orNull(r.Message)}
	}
	return yanked, deprecated, removed
}

func (r *Registry) wireMetadata(v *store.Version) (*api.Metadata, error) {
	version, d, err := wireVersion(v)
	if err != nil {
		return nil, err
	}
	ref := ident.Ref{Package: v.Package, Version: v.Version}
	return &api.Metadata{
		Version: version, Package: v.Package, Description: d.Description, License: orNull(d.License),
		Authors: orEmpty(d.Authors), Repository: orNull(d.Repository), Keywords: orEmpty(d.Keywords),
		Categories: orEmpty(d.Categories), Funding: orNull(d.Funding), Edition: orNull(d.Edition),
		Entry:       api.Entry{Lib: orNull(d.Lib), Main: orNull(d.Main)},
		PublishedBy: v.Publisher, UnpackedSize: v.UnpackedSize, FileCount: v.FileCount, Readme: v.HasReadme,
		ManifestChecksum: v.Manifest,
		Log: api.VersionLog{
			Index: v.LogIndex, Leaf: base64.StdEncoding.EncodeToString(v.Leaf[:]), ProofURL: r.urls.Proof(ref),
		},
		URLs: api.VersionURLs{Download: r.urls.Download(ref), Web: r.urls.Web(ref), Proof: r.urls.Proof(ref)},
	}, nil
}

func textOf(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
