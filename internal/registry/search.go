package registry

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/internal/search"
	"github.com/ori-lang/registry/internal/store"
)

const (
	maxCandidates = 1000            // packages that a search ranks
	searchTime    = 2 * time.Second // for all of its statements
)

// Search asks for a page of packages.
type Search struct {
	Query  string
	Sort   api.Sort
	Limit  int
	Cursor string // of an earlier page; "": the first
}

// Search gives the packages that have all words of the query, the last of which
// may be the beginning of a word; when there is none, words may be mistyped. At
// most 1,000 candidates are ranked: where more packages match, those whose name
// is the query or begins with it, then those with most dependents. Everything
// matches an empty query; by name and by update it is gone through to the end.
// The cursor leads to the next page, "" when there is none.
func (r *Registry) Search(ctx context.Context, s Search) (results *api.Results, cursor string, err error) {
	q, err := search.Parse(s.Query)
	if err != nil {
		return nil, "", api.Errorf(api.InvalidRequest, "%v", err)
	}
	after, err := s.readCursor()
	if err != nil {
		return nil, "", err
	}
	var f *found
	err = r.db.Bounded(ctx, r.searchTime, func(ctx context.Context, db *store.Reader) error {
		if q.Blank() && s.Sort != api.ByRelevance {
			f, err = everything(ctx, db, s, after)
		} else {
			f, err = ranked(ctx, db, q, s.Sort)
		}
		return err
	})
	if errors.Is(err, store.ErrTooSlow) {
		return nil, "", api.Errorf(api.Unavailable, "the search took too long")
	}
	if err != nil {
		return nil, "", err
	}
	return f.page(s, after)
}

// position of a package among the results. A cursor is the position that the
// next page begins behind.
type position struct {
	Sort    api.Sort
	Updated int64 // microseconds since 1970
	Rank    search.Rank
}

func (p position) compare(other position) int {
	switch p.Sort {
	case api.ByName:
		return cmp.Compare(p.Rank.Package, other.Rank.Package)
	case api.ByUpdate:
		return cmp.Or(cmp.Compare(other.Updated, p.Updated), cmp.Compare(p.Rank.Package, other.Rank.Package))
	}
	return p.Rank.Compare(other.Rank)
}

// readCursor gives the position that the page begins behind, nil for the first page.
func (s *Search) readCursor() (*position, error) {
	if s.Cursor == "" {
		return nil, nil
	}
	var p position
	if err := decodeCursor(s.Cursor, &p); err != nil {
		return nil, err
	}
	if _, err := ident.ParsePackage(p.Rank.Package); err != nil || p.Sort != s.Sort {
		return nil, api.Errorf(api.InvalidRequest, "the cursor is of another list").WithHint("begin again without one")
	}
	return &p, nil
}

// found is what a search has found, in its order.
type found struct {
	hits   []hit
	total  int
	capped bool
}

type hit struct {
	*store.Listing
	position
}

func newHit(l *store.Listing, sort api.Sort, q *search.Query) hit {
	return hit{l, position{Sort: sort, Updated: l.UpdatedAt.UnixMicro(), Rank: q.Rank(&search.Candidate{
		Package: l.Package, Keywords: l.Keywords, Description: l.Description,
		Dependents: l.Dependents, Deprecated: l.Deprecated != nil,
	})}}
}

// everything reads a page of all packages, in an order that an index has.
func everything(ctx context.Context, db *store.Reader, s Search, after *position) (*found, error) {
	if after == nil {
		after = &position{Updated: math.MaxInt64}
	}
	var listings []store.Listing
	count, err := db.CountListings(ctx, maxCandidates+1)
	switch {
	case err != nil:
	case s.Sort == api.ByName:
		listings, err = db.ListedAfter(ctx, after.Rank.Package, s.Limit+1)
	default:
		listings, err = db.UpdatedBefore(ctx, time.UnixMicro(after.Updated), after.Rank.Package, s.Limit+1)
	}
	return newFound(listings, count, s.Sort, &search.Query{}), err
}

// ranked finds the candidates of a query and brings them into order.
func ranked(ctx context.Context, db *store.Reader, q *search.Query, sort api.Sort) (*found, error) {
	listings, q, err := match(ctx, db, q)
	if err != nil {
		return nil, err
	}
	count := len(listings)
	if count > maxCandidates {
		if listings, err = prefer(ctx, db, q, listings); err != nil {
			return nil, err
		}
	}
	f := newFound(listings, count, sort, q)
	slices.SortFunc(f.hits, func(a, b hit) int { return a.compare(b.position) })
	return f, nil
}

func newFound(listings []store.Listing, count int, sort api.Sort, q *search.Query) *found {
	f := &found{total: min(count, maxCandidates), capped: count > maxCandidates}
	for i := range listings {
		f.hits = append(f.hits, newHit(&listings[i], sort, q))
	}
	return f
}

// match gives what the query matches, one more than the candidates at most; when
// that is nothing, what it matches with words mistyped, and the query so read.
func match(ctx context.Context, db *store.Reader, q *search.Query) ([]store.Listing, *search.Query, error) {
	if q.Blank() {
		listings, err := db.Foremost(ctx, maxCandidates+1)
		return listings, q, err
	}
	if q.Nothing() {
		return nil, q, nil
	}
	listings, err := db.Find(ctx, q.All(), maxCandidates+1)
	if err != nil || len(listings) > 0 {
		return listings, q, err
	}
	known, err := db.KnownWords(ctx, q.Similar())
	if err != nil || len(known) == 0 {
		return nil, q, err
	}
	q = q.Forgiving(known)
	listings, err = db.Find(ctx, q.All(), maxCandidates+1)
	return listings, q, err
}

// prefer gives the candidates of a query that matches more: the packages whose
// name it is, those whose name it begins, and others that were found.
func prefer(ctx context.Context, db *store.Reader, q *search.Query, others []store.Listing) (candidates []store.Listing, err error) {
	seen := make(map[ident.Package]bool)
	add := func(listings []store.Listing) {
		for _, l := range listings {
			if !seen[l.Package] && len(candidates) < maxCandidates {
				seen[l.Package] = true
				candidates = append(candidates, l)
			}
		}
	}
	for _, match := range []search.Match{q.Named(), q.Begun()} {
		if match == nil {
			continue
		}
		listings, err := db.Find(ctx, match, maxCandidates)
		if err != nil {
			return nil, err
		}
		add(listings)
	}
	add(others)
	return candidates, nil
}

// page gives the results behind a position, and the cursor of the page behind those.
func (f *found) page(s Search, after *position) (results *api.Results, cursor string, err error) {
	results = &api.Results{Query: s.Query, Total: f.total, TotalIsCapped: f.capped, Results: []api.Result{}}
	for i := range f.hits {
		h := &f.hits[i]
		if after != nil && h.compare(*after) <= 0 {
			continue
		}
		if len(results.Results) == s.Limit {
			cursor, err = encodeCursor(f.hits[i-1].position)
			break
		}
		results.Results = append(results.Results, h.wire())
	}
	return results, cursor, err
}

func (h *hit) wire() api.Result {
	result := api.Result{
		Package: h.Package, Description: h.Description, UpdatedAt: api.NewTime(h.UpdatedAt), Keywords: orEmpty(h.Keywords),
		License: orNull(h.License), Dependents: h.Dependents, Exact: h.Rank.Exact,
	}
	_, result.Deprecated, _ = wireLife(store.Life{Deprecated: h.Deprecated})
	if h.Latest {
		result.Latest = &h.Version
	}
	return result
}
