package registry

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/internal/search"
	"github.com/ori-lang/registry/internal/store"
)

// reindex makes the search follow what the database says of a package. Whoever
// changes a version or a package calls it, in the same transaction and after
// the change. It wants to be alone: transactions of the log are.
func (r *Registry) reindex(ctx context.Context, tx *store.Tx, name ident.Package) error {
	old, err := listed(ctx, &tx.Reader, name)
	if err != nil {
		return err
	}
	next, err := present(ctx, &tx.Reader, name)
	if err != nil {
		return err
	}
	return r.relist(ctx, tx, name, old, next)
}

// reindexPublished is reindex for a version that was just published, which can
// only take the place of what is shown: it reads no other version.
func (r *Registry) reindexPublished(ctx context.Context, tx *store.Tx, v *store.Version, readme []byte) error {
	old, err := listed(ctx, &tx.Reader, v.Package)
	if err != nil {
		return err
	}
	if old != nil && !supersedes(v, old) {
		old.UpdatedAt = later(old.UpdatedAt, v.PublishedAt)
		return tx.SetListing(ctx, old)
	}
	next, err := presentation(v, readme)
	if err != nil {
		return err
	}
	if old != nil {
		next.listing.UpdatedAt = later(old.UpdatedAt, v.PublishedAt)
		next.listing.Place, next.listing.Dependents = old.Place, old.Dependents
	} else if err := assignPlace(ctx, &tx.Reader, &next.listing); err != nil {
		return err
	}
	return r.relist(ctx, tx, v.Package, old, next)
}

// listed gives what the search shows of a package, nil when it shows nothing.
func listed(ctx context.Context, db *store.Reader, name ident.Package) (*store.Listing, error) {
	l, err := db.Listing(ctx, name)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return l, err
}

// supersedes reports whether a new version is the one to be shown from now on.
func supersedes(v *store.Version, shown *store.Listing) bool {
	stable := !v.Version.IsPrerelease()
	if stable != shown.Latest {
		return stable
	}
	return v.Version.Compare(shown.Version) > 0
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// presented is all that the search keeps of a package.
type presented struct {
	listing      store.Listing
	document     search.Document
	dependencies []string // in order, each once
}

// present reads what the search should keep of a package: of its latest version,
// else of its newest pre-release. It is nil when there is none that is neither
// yanked nor removed, and for a package that is quarantined.
func present(ctx context.Context, db *store.Reader, name ident.Package) (*presented, error) {
	p, err := db.Package(ctx, name)
	if err != nil {
		return nil, err
	}
	versions, err := db.VersionsOf(ctx, name)
	if err != nil {
		return nil, err
	}
	versions = slices.DeleteFunc(versions, func(v *store.Version) bool { return v.Yanked != nil || v.Removed != nil })
	if len(versions) == 0 || api.Status(p.Status) == api.Quarantined {
		return nil, nil
	}
	slices.SortFunc(versions, func(a, b *store.Version) int { return b.Version.Compare(a.Version) })
	v := newest(versions)
	readme, err := db.Readme(ctx, ident.Ref{Package: name, Version: v.Version})
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	next, err := presentation(v, readme)
	if err != nil {
		return nil, err
	}
	for _, v := range versions {
		next.listing.UpdatedAt = later(next.listing.UpdatedAt, v.PublishedAt)
	}
	return next, assignPlace(ctx, db, &next.listing)
}

// presentation is what one version says of its package.
func presentation(v *store.Version, readme []byte) (*presented, error) {
	wire, d, err := wireVersion(v)
	if err != nil {
		return nil, err
	}
	next := &presented{
		listing: store.Listing{
			Package: v.Package, Version: v.Version, Latest: !v.Version.IsPrerelease(), UpdatedAt: v.PublishedAt,
			Description: d.Description, Keywords: d.Keywords, License: d.License, Deprecated: v.Deprecated,
		},
		document: search.Document{Package: v.Package, Keywords: d.Keywords, Description: d.Description, Readme: readme},
	}
	for _, dep := range wire.Dependencies {
		if dep.Kind != "dev" && dep.Registry == nil && dep.Package != v.Package {
			next.dependencies = append(next.dependencies, dep.Package.String())
		}
	}
	slices.Sort(next.dependencies)
	next.dependencies = slices.Compact(next.dependencies)
	return next, nil
}

// assignPlace gives a package that was not shown before its place.
func assignPlace(ctx context.Context, db *store.Reader, l *store.Listing) (err error) {
	if l.Dependents, err = db.CountDependents(ctx, l.Package); err != nil {
		return err
	}
	index, err := db.FirstIndex(ctx, l.Package)
	l.Place = store.PlaceOf(l.Dependents, index)
	return err
}

// relist puts next into the place of old; nil is a package that is not shown.
// What is not shown counts for no other package's dependents.
func (r *Registry) relist(ctx context.Context, tx *store.Tx, name ident.Package, old *store.Listing, next *presented) (err error) {
	var had, has []string
	if old != nil {
		if had, err = tx.Dependencies(ctx, name); err != nil {
			return err
		}
	}
	switch {
	case next != nil:
		has, err = next.dependencies, enlist(ctx, tx, old, next)
	case old != nil:
		err = delist(ctx, tx, old)
	}
	if err != nil {
		return err
	}
	return r.recount(ctx, tx, name, had, has)
}

func delist(ctx context.Context, tx *store.Tx, old *store.Listing) error {
	if err := tx.RemoveTerms(ctx, old.Place); err != nil {
		return err
	}
	return tx.RemoveListing(ctx, old.Package)
}

// enlist writes what differs between old and next.
func enlist(ctx context.Context, tx *store.Tx, old *store.Listing, next *presented) error {
	terms := next.document.Terms()
	next.listing.Terms = checksumOf(terms)
	same := old != nil && old.Terms == next.listing.Terms
	if !same {
		if err := tx.AddWords(ctx, next.document.Words()); err != nil {
			return err
		}
	}
	if same && old.Place == next.listing.Place {
		return tx.SetListing(ctx, &next.listing)
	}
	if old != nil {
		if err := tx.RemoveTerms(ctx, old.Place); err != nil {
			return err
		}
	}
	if err := tx.AddTerms(ctx, next.listing.Place, terms); err != nil {
		return err
	}
	return tx.SetListing(ctx, &next.listing)
}

func checksumOf(terms []string) string {
	return ident.ChecksumOf([]byte(strings.Join(terms, " "))).Hex()
}

// recount records what a package depends on, and moves the packages that have
// come into another class of dependents by that.
func (r *Registry) recount(ctx context.Context, tx *store.Tx, name ident.Package, had, has []string) error {
	risen, err := tx.AddDependencies(ctx, name, without(has, had))
	if err != nil {
		return err
	}
	fallen, err := tx.RemoveDependencies(ctx, name, without(had, has))
	if err != nil {
		return err
	}
	for _, moved := range append(risen, fallen...) {
		other, err := ident.ParsePackage(moved)
		if err != nil {
			return err
		}
		if err := r.reindex(ctx, tx, other); err != nil {
			return err
		}
	}
	return nil
}

// without gives the elements of a sorted list that are not in another.
func without(list, other []string) (rest []string) {
	for _, element := range list {
		if _, ok := slices.BinarySearch(other, element); !ok {
			rest = append(rest, element)
		}
	}
	return rest
}

// fillBatch is how many packages one transaction of FillSearch brings in.
const fillBatch = 200

// FillSearch brings packages into the search that are older than it. It goes on
// where it was broken off, and may run on several servers at once.
func (r *Registry) FillSearch(ctx context.Context) error {
	filled, err := r.db.Reader().Filled(ctx)
	for err == nil && !filled && r.log.ReadOnly() == "" {
		filled, err = r.fillSome(ctx)
	}
	if err != nil {
		return fmt.Errorf("filling the search: %w", err)
	}
	return nil
}

func (r *Registry) fillSome(ctx context.Context) (filled bool, err error) {
	tx, err := r.db.Begin(ctx)
	if err != nil {
		return false, err
	}
	defer tx.Rollback()
	if _, err := tx.LockLog(ctx); err != nil { // whoever else changes packages waits
		return false, err
	}
	names, err := tx.Unfilled(ctx, fillBatch)
	if err != nil {
		return false, err
	}
	var last *string // nil: all are in
	for _, name := range names {
		if err := r.reindex(ctx, tx, name); err != nil {
			return false, err
		}
		text := name.String()
		last = &text
	}
	if err := tx.SetFilled(ctx, last); err != nil {
		return false, err
	}
	return last == nil, tx.Commit()
}
