package store

import (
	"context"
	"strings"
	"time"

	"github.com/ori-lang/registry/ident"
)

// Listing is what the search shows of a package.
type Listing struct {
	Package     ident.Package
	Place       int64         // of its terms, see PlaceOf
	Terms       string        // checksum of its terms
	Version     ident.Version // whose manifest this is
	Latest      bool          // that version is the latest; else there are pre-releases only
	UpdatedAt   time.Time
	Description string
	Keywords    []string
	License     string
	Deprecated  *Deprecated
	Dependents  int64
}

// Packages are found in the order of their places: those with many dependents
// first, in classes that a factor of four parts (0, 1–3, 4–15, …), and the older
// ones first in a class. So a package moves seldom, and a database that has
// found enough need not look at the rest.
const (
	placeClasses = 7
	placeClass   = 1_000_000_000_000 // places in a class; migration 00004 knows it too
)

// PlaceOf gives the place of a package with so many dependents whose first
// entry in the log has this index.
func PlaceOf(dependents, index int64) int64 {
	class := int64(0)
	for ; dependents > 0 && class < placeClasses-1; dependents /= 4 {
		class++
	}
	return (placeClasses-1-class)*placeClass + index
}

// SamePlace reports whether a package stays in its place when it has so many dependents.
func SamePlace(place, dependents int64) bool {
	return PlaceOf(dependents, place%placeClass) == place
}

const listingColumns = `search_package.package, search_package.place, search_package.terms, search_package.version,
	search_package.latest, search_package.updated_at, search_package.description, search_package.keywords,
	search_package.license, search_package.deprecated_at, search_package.deprecate_message, search_package.replacement,
	search_package.dependents`

func scanListing(scan func(...any) error) (l Listing, err error) {
	var name, version, keywords string
	var license *string
	var updated int64
	var life lifeRow
	err = scan(&name, &l.Place, &l.Terms, &version, &l.Latest, &updated, &l.Description, &keywords,
		&license, &life.deprecated, &life.text[2], &life.text[3], &l.Dependents)
	if err != nil {
		return l, err
	}
	if l.Package, err = ident.ParsePackage(name); err != nil {
		return l, err
	}
	if l.Version, err = ident.ParseVersion(version); err != nil {
		return l, err
	}
	l.Keywords, l.License = splitKeywords(keywords), textOf(license)
	l.UpdatedAt, l.Deprecated = fromMicros(updated), life.value().Deprecated
	return l, nil
}

// splitKeywords reads keywords as they are stored, one a line.
func splitKeywords(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

func (r *Reader) listings(ctx context.Context, text string, args ...any) (all []Listing, err error) {
	err = r.rows(ctx, func(scan func(...any) error) error {
		l, err := scanListing(scan)
		all = append(all, l)
		return err
	}, text, args...)
	return all, err
}

// Listing gives what the search shows of a package, or ErrNotFound.
func (r *Reader) Listing(ctx context.Context, name ident.Package) (*Listing, error) {
	all, err := r.listings(ctx, `SELECT `+listingColumns+` FROM search_package WHERE package = $1`, name.String())
	if err == nil && len(all) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return &all[0], nil
}

// SetListing stores what the search shows of a package, in place of what it
// showed before.
func (t *Tx) SetListing(ctx context.Context, l *Listing) error {
	life := Life{Deprecated: l.Deprecated}.columns()
	return t.exec(ctx, `INSERT INTO search_package (package, place, terms, version, latest, updated_at, description,
		keywords, license, deprecated_at, deprecate_message, replacement, dependents)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
		ON CONFLICT (package) DO UPDATE SET place = $2, terms = $3, version = $4, latest = $5, updated_at = $6,
		description = $7, keywords = $8, license = $9, deprecated_at = $10, deprecate_message = $11, replacement = $12,
		dependents = $13`,
		l.Package.String(), l.Place, l.Terms, l.Version.String(), boolToInt(l.Latest), micros(l.UpdatedAt), l.Description,
		strings.Join(l.Keywords, "\n"), nullIfEmpty(l.License), life[3], life[4], life[5], l.Dependents)
}

// RemoveListing lets the search show a package no more.
func (t *Tx) RemoveListing(ctx context.Context, name ident.Package) error {
	return t.exec(ctx, `DELETE FROM search_package WHERE package = $1`, name.String())
}

// AddTerms lets a package that has this place be found by terms, which hold no
// blanks.
func (t *Tx) AddTerms(ctx context.Context, place int64, terms []string) error {
	return t.exec(ctx, t.dialect.addTerms, place, strings.Join(terms, " "))
}

// RemoveTerms undoes AddTerms.
func (t *Tx) RemoveTerms(ctx context.Context, place int64) error {
	return t.exec(ctx, t.dialect.removeTerms, place)
}

// AddWords adds to the words that a mistyped one may stand for.
func (t *Tx) AddWords(ctx context.Context, words []string) error {
	return t.exec(ctx, `INSERT INTO search_word (word) `+t.dialect.list("$1")+` WHERE true ON CONFLICT (word) DO NOTHING`, jsonList(words))
}

// KnownWords gives those of the words that AddWords has added.
func (r *Reader) KnownWords(ctx context.Context, words []string) ([]string, error) {
	return r.texts(ctx, `SELECT word FROM search_word WHERE word`+r.dialect.isOneOf("$1"), jsonList(words))
}

// Dependencies gives the packages that a package is recorded to depend on, in order.
func (r *Reader) Dependencies(ctx context.Context, name ident.Package) ([]string, error) {
	return r.texts(ctx, `SELECT dependency FROM search_dependency WHERE package = $1 ORDER BY dependency`, name.String())
}

// AddDependencies records that a package depends on others and counts it for
// them. It gives those that are not in their place any more.
func (t *Tx) AddDependencies(ctx context.Context, name ident.Package, others []string) (moved []string, err error) {
	if len(others) == 0 {
		return nil, nil
	}
	err = t.exec(ctx, `INSERT INTO search_dependency (package, dependency) SELECT $1, value FROM (`+t.dialect.list("$2")+`) AS list`,
		name.String(), jsonList(others))
	if err != nil {
		return nil, err
	}
	return t.count(ctx, 1, others)
}

// RemoveDependencies undoes AddDependencies.
func (t *Tx) RemoveDependencies(ctx context.Context, name ident.Package, others []string) (moved []string, err error) {
	if len(others) == 0 {
		return nil, nil
	}
	err = t.exec(ctx, `DELETE FROM search_dependency WHERE package = $1 AND dependency`+t.dialect.isOneOf("$2"),
		name.String(), jsonList(others))
	if err != nil {
		return nil, err
	}
	return t.count(ctx, -1, others)
}

func (t *Tx) count(ctx context.Context, change int64, names []string) (moved []string, err error) {
	err = t.rows(ctx, func(scan func(...any) error) error {
		var name string
		var place, dependents int64
		if err := scan(&name, &place, &dependents); err != nil {
			return err
		}
		if !SamePlace(place, dependents) {
			moved = append(moved, name)
		}
		return nil
	}, `UPDATE search_package SET dependents = dependents + $1 WHERE package`+t.dialect.isOneOf("$2")+`
		RETURNING package, place, dependents`, change, jsonList(names))
	return moved, err
}

// CountDependents counts the packages that are recorded to depend on one.
func (r *Reader) CountDependents(ctx context.Context, name ident.Package) (n int64, err error) {
	err = r.row(ctx, []any{&n}, `SELECT COUNT(*) FROM search_dependency WHERE dependency = $1`, name.String())
	return n, err
}

// FirstIndex gives the index of a package's first publish entry in the log.
func (r *Reader) FirstIndex(ctx context.Context, name ident.Package) (index int64, err error) {
	err = r.row(ctx, []any{&index}, `SELECT log_index FROM version WHERE package = $1 ORDER BY log_index LIMIT 1`, name.String())
	return index, err
}

// Filled reports whether all packages are in the search.
func (r *Reader) Filled(ctx context.Context) (bool, error) {
	var to *string
	err := r.row(ctx, []any{&to}, `SELECT filled_to FROM search_state`)
	return to == nil, err
}

// Unfilled gives the next packages, in order, that are to be brought into the
// search because they are older than it; empty when none is left.
func (r *Reader) Unfilled(ctx context.Context, limit int) ([]ident.Package, error) {
	names, err := r.texts(ctx, `SELECT package.name FROM package JOIN search_state ON package.name > search_state.filled_to
		ORDER BY package.name LIMIT $1`, limit)
	var all []ident.Package
	for _, name := range names {
		p, err := ident.ParsePackage(name)
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, err
}

// SetFilled records that the packages up to this one are in the search, or with nil all.
func (t *Tx) SetFilled(ctx context.Context, to *string) error {
	return t.exec(ctx, `UPDATE search_state SET filled_to = $1 WHERE id = 1`, to)
}
