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
			f, err = ranked(ctx, db, q, s, after)
		}
		return err
	})
	if errors.Is(err, store.ErrTooSlow) {
		return nil, "", api.Errorf(api.Unavailable, "the search took too long")
	}
	if err != nil {
		return nil, "", err
	}
	return f.wire(s)
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

// found is a page of what a search has found.
type found struct {
	total  int
	capped bool
	hits   []hit // in their order, and one more when there is another page
}

type hit struct {
	position
	listing store.Listing
}

func newFound(count int) *found {
	return &found{total: min(count, maxCandidates), capped: count > maxCandidates}
}

// everything reads a page of all packages, in an order that an index has.
func everything(ctx context.Context, db *store.Reader, s Search, after *position) (*found, error) {
	if after == nil {
		after = &position{Updated: math.MaxInt64}
	}
	count, err := db.CountListings(ctx, maxCandidates+1)
	if err != nil {
		return nil, err
	}
	var listings []store.Listing
	if s.Sort == api.ByName {
		listings, err = db.ListedAfter(ctx, after.Rank.Package, s.Limit+1)
	} else {
		listings, err = db.UpdatedBefore(ctx, time.UnixMicro(after.Updated), after.Rank.Package, s.Limit+1)
	}
	f := newFound(count)
	for _, l := range listings {
		f.hits = append(f.hits, hit{position{s.Sort, l.UpdatedAt.UnixMicro(), search.Rank{Package: l.Package.String()}}, l})
	}
	return f, err
}

// ranked brings the candidates of a query into order and reads a page of them.
func ranked(ctx context.Context, db *store.Reader, q *search.Query, s Search, after *position) (*found, error) {
	places, q, err := match(ctx, db, q)
	if err != nil {
		return nil, err
	}
	f := newFound(len(places))
	if f.capped {
		if places, err = prefer(ctx, db, q, places); err != nil {
			return nil, err
		}
	}
	outlines, err := db.Outlines(ctx, places)
	if err != nil {
		return nil, err
	}
	var page []candidate
	for i := range outlines {
		if p := positionOf(&outlines[i], q, s.Sort); after == nil || p.compare(*after) > 0 {
			page = insert(page, candidate{p, outlines[i].Place}, s.Limit+1)
		}
	}
	return f, f.read(ctx, db, page)
}

// candidate for a page of results, and where its terms are.
type candidate struct {
	position
	place int64
}

// insert puts a candidate where it belongs on a page, which keeps the first most.
func insert(page []candidate, c candidate, most int) []candidate {
	at, _ := slices.BinarySearchFunc(page, c.position, func(other candidate, p position) int { return other.compare(p) })
	if at == most {
		return page
	}
	return slices.Insert(page[:min(len(page), most-1)], at, c)
}

// read fills in what is shown of the candidates.
func (f *found) read(ctx context.Context, db *store.Reader, page []candidate) error {
	f.hits = make([]hit, len(page))
	numbers := make(map[int64]int)
	var places []int64
	for i, c := range page {
		f.hits[i].position, numbers[c.place] = c.position, i
		places = append(places, c.place)
	}
	listings, err := db.Listings(ctx, places)
	for _, l := range listings {
		f.hits[numbers[l.Place]].listing = l
	}
	return err
}

func positionOf(o *store.Outline, q *search.Query, sort api.Sort) position {
	return position{sort, o.UpdatedAt.UnixMicro(), q.Rank(&search.Candidate{
		Package: o.Package, Keywords: o.Keywords, Description: o.Description, Dependents: o.Dependents, Deprecated: o.Deprecated,
	})}
}

// match gives the places of what the query matches, one more than there are
// candidates at most; when that is nothing, of what it matches with words
// mistyped, and the query so read.
func match(ctx context.Context, db *store.Reader, q *search.Query) ([]int64, *search.Query, error) {
	if q.Blank() {
		places, err := db.Foremost(ctx, maxCandidates+1)
		return places, q, err
	}
	if q.Nothing() {
		return nil, q, nil
	}
	places, err := db.Find(ctx, q.All(), maxCandidates+1)
	if err != nil || len(places) > 0 {
		return places, q, err
	}
	known, err := db.KnownWords(ctx, q.Similar())
	if err != nil || len(known) == 0 {
		return nil, q, err
	}
	q = q.Forgiving(known)
	places, err = db.Find(ctx, q.All(), maxCandidates+1)
	return places, q, err
}

// prefer gives the candidates of a query that matches more: the packages whose
// name it is, those whose name it begins, and the foremost of the others.
func prefer(ctx context.Context, db *store.Reader, q *search.Query, others []int64) (candidates []int64, err error) {
	for _, match := range []search.Match{q.Named(), q.Begun()} {
		if match == nil {
			continue
		}
		places, err := db.Find(ctx, match, maxCandidates)
		if err != nil {
			return nil, err
		}
		candidates = append(candidates, places...)
	}
	seen := make(map[int64]bool, maxCandidates)
	candidates = slices.DeleteFunc(append(candidates, others...), func(place int64) bool {
		twice := seen[place]
		seen[place] = true
		return twice
	})
	return candidates[:maxCandidates], nil
}

// wire gives the results, and the cursor of the page behind them.
func (f *found) wire(s Search) (results *api.Results, cursor string, err error) {
	results = &api.Results{Query: s.Query, Total: f.total, TotalIsCapped: f.capped, Results: []api.Result{}}
	if len(f.hits) > s.Limit {
		f.hits = f.hits[:s.Limit]
		cursor, err = encodeCursor(f.hits[s.Limit-1].position)
	}
	for i := range f.hits {
		results.Results = append(results.Results, f.hits[i].wire())
	}
	return results, cursor, err
}

func (h *hit) wire() api.Result {
	l := &h.listing
	result := api.Result{
		Package: l.Package, Description: l.Description, UpdatedAt: api.NewTime(l.UpdatedAt), Keywords: orEmpty(l.Keywords),
		License: orNull(l.License), Dependents: l.Dependents, Exact: h.Rank.Exact,
	}
	_, result.Deprecated, _ = wireLife(store.Life{Deprecated: l.Deprecated})
	if l.Latest {
		result.Latest = &l.Version
	}
	return result
}
