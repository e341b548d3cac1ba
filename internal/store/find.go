package store

import (
	"context"
	"encoding/json"
	"strings"
	"time"
)

// Find gives the packages that have a term of every list, in the order of
// their places, and no more than limit. Where very many have, PostgreSQL takes
// of a class those that it comes across first (postgresFind says how many).
func (r *Reader) Find(ctx context.Context, match [][]string, limit int) ([]Listing, error) {
	return r.listings(ctx, `SELECT `+listingColumns+` FROM (`+r.dialect.find+`) AS found
		JOIN search_package ON search_package.place = found.place ORDER BY found.place`, r.dialect.match.text(match), limit)
}

// Foremost gives packages in the order of their places, and no more than limit.
func (r *Reader) Foremost(ctx context.Context, limit int) ([]Listing, error) {
	return r.listings(ctx, `SELECT `+listingColumns+` FROM search_package ORDER BY place LIMIT $1`, limit)
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

// jsonList writes what dialect.list reads: any number of texts in one parameter.
func jsonList(texts []string) string {
	list, _ := json.Marshal(append([]string{}, texts...)) // texts can always be written
	return string(list)
}
