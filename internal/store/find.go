package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/ori-lang/registry/ident"
)

// Outline is the part of a listing that its rank depends on.
type Outline struct {
	Place       int64
	Package     ident.Package
	Keywords    []string
	Description string
	UpdatedAt   time.Time
	Deprecated  bool
	Dependents  int64
}

// Find gives the places of the packages that have a term of every list, in
// order, and no more than limit. Where very many have, PostgreSQL takes of a
// class those that it comes across first (postgresFind says how many).
func (r *Reader) Find(ctx context.Context, match [][]string, limit int) ([]int64, error) {
	return r.places(ctx, `SELECT `+r.dialect.gather+` FROM (`+r.dialect.find+`) AS found`, r.dialect.match.text(match), limit)
}

// Foremost gives the first places that packages have, and no more than limit.
func (r *Reader) Foremost(ctx context.Context, limit int) ([]int64, error) {
	return r.places(ctx, `SELECT `+r.dialect.gather+` FROM (SELECT place FROM search_package ORDER BY place LIMIT $1) AS found`, limit)
}

// places reads a list of places that is one row: it costs less than a row for
// each, and SQLite's driver stops a statement only before its first row.
func (r *Reader) places(ctx context.Context, text string, args ...any) (all []int64, err error) {
	var list []byte
	if err := r.row(ctx, []any{&list}, text, args...); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(list, &all); err != nil {
		return nil, fmt.Errorf("reading places: %w", err)
	}
	return all, nil
}

// Outlines gives the packages that have these places, in no order.
func (r *Reader) Outlines(ctx context.Context, places []int64) (all []Outline, err error) {
	err = r.rows(ctx, func(scan func(...any) error) (err error) {
		var o Outline
		var name, keywords string
		var updated int64
		if err := scan(&o.Place, &name, &keywords, &o.Description, &updated, &o.Deprecated, &o.Dependents); err != nil {
			return err
		}
		o.Package, err = ident.ParsePackage(name)
		o.Keywords, o.UpdatedAt = splitKeywords(keywords), fromMicros(updated)
		all = append(all, o)
		return err
	}, `SELECT place, package, keywords, description, updated_at, deprecated_at IS NOT NULL, dependents FROM search_package
		WHERE place`+r.dialect.isNumberOf("$1"), jsonList(places))
	return all, err
}

// Listings gives what the search shows of the packages that have these places,
// in no order.
func (r *Reader) Listings(ctx context.Context, places []int64) ([]Listing, error) {
	return r.listings(ctx, `SELECT `+listingColumns+` FROM search_package WHERE place`+r.dialect.isNumberOf("$1"), jsonList(places))
}

// ListedAfter gives packages in the order of their names, those behind name,
// and no more than limit.
func (r *Reader) ListedAfter(ctx context.Context, name string, limit int) ([]Listing, error) {
	return r.listings(ctx, `SELECT `+listingColumns+` FROM search_package WHERE package > $1 ORDER BY package LIMIT $2`, name, limit)
}

// UpdatedBefore gives packages in the order of their updates, the newest first:
// those updated before a time, or at that time and behind name, and no more
// than limit.
func (r *Reader) UpdatedBefore(ctx context.Context, at time.Time, name string, limit int) ([]Listing, error) {
	return r.listings(ctx, `SELECT `+listingColumns+` FROM search_package
		WHERE updated_at <= $1 AND (updated_at < $1 OR package > $2) ORDER BY updated_at DESC, package LIMIT $3`,
		micros(at), name, limit)
}

// CountListings counts the packages that the search shows, up to most.
func (r *Reader) CountListings(ctx context.Context, most int) (n int, err error) {
	err = r.row(ctx, []any{&n}, `SELECT COUNT(*) FROM (SELECT 1 FROM search_package LIMIT $1) AS listed`, most)
	return n, err
}

// notation is how a full-text index writes what it is asked for.
type notation struct{ quote, and, or string }

// text writes that a term of every list is asked for. Terms hold no quotes.
func (n notation) text(match [][]string) string {
	var all []string
	for _, terms := range match {
		any := n.quote + strings.Join(terms, n.quote+n.or+n.quote) + n.quote
		all = append(all, "("+any+")")
	}
	return strings.Join(all, n.and)
}

// texts reads rows of one text.
func (r *Reader) texts(ctx context.Context, text string, args ...any) (all []string, err error) {
	err = r.rows(ctx, func(scan func(...any) error) error {
		var one string
		err := scan(&one)
		all = append(all, one)
		return err
	}, text, args...)
	return all, err
}

// jsonList writes what dialect.list and its like read: any number of
// values in one parameter.
func jsonList[T string | int64](values []T) string {
	list, _ := json.Marshal(append([]T{}, values...)) // these can always be written
	return string(list)
}
