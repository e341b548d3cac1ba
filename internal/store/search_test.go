package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/internal/repotest/pgtest"
)

// listing is what the search shows of the n-th package of @ori.
func listing(name string, n, dependents int64) *Listing {
	r := reference("@ori/" + name + "@1.0.0")
	return &Listing{
		Package: r.Package, Place: PlaceOf(dependents, n), Terms: "sum", Version: r.Version, Latest: true,
		UpdatedAt: at(int(n)).UTC(), Description: "Grüße, \"you\"", Keywords: []string{"a b", "c"}, License: "MIT",
		Deprecated: &Deprecated{At: at(9).UTC(), Message: "old", Replacement: "@a/b"}, Dependents: dependents,
	}
}

// listed makes a package and lets it be shown and found.
func listed(l *Listing, terms ...string) change {
	return func(ctx context.Context, tx *Tx) error {
		return errors.Join(
			tx.AddPackage(ctx, Package{Name: l.Package, Status: "active", CreatedAt: at(6)}),
			tx.SetListing(ctx, l), tx.AddTerms(ctx, l.Place, terms))
	}
}

// inOrder gives what has these places, in their order.
func (r *Reader) inOrder(t *testing.T, places []int64) string {
	t.Helper()
	listings, err := r.Listings(t.Context(), places)
	must(t, err)
	outlines, err := r.Outlines(t.Context(), places)
	must(t, err)
	slices.SortFunc(listings, func(a, b Listing) int { return cmp.Compare(a.Place, b.Place) })
	slices.SortFunc(outlines, func(a, b Outline) int { return cmp.Compare(a.Place, b.Place) })
	for i, l := range listings {
		equal(t, "outline", outlines[i], Outline{l.Place, l.Package, l.Keywords, l.Description, l.UpdatedAt, l.Deprecated != nil, l.Dependents})
	}
	return names(listings)
}

func names(listings []Listing) string {
	var all []string
	for _, l := range listings {
		all = append(all, l.Package.Name())
	}
	return strings.Join(all, " ")
}

func TestPlaces(t *testing.T) {
	order := []int64{1 << 40, 1024, 1023, 256, 255, 64, 63, 16, 15, 4, 3, 1, 0}
	for i, dependents := range order {
		place := PlaceOf(dependents, 7)
		if place < 0 || place >= placeClasses*placeClass || !SamePlace(place, dependents) {
			t.Errorf("%d dependents have the place %d", dependents, place)
		}
		if i > 0 && PlaceOf(order[i-1], 1<<39) > place && !SamePlace(place, order[i-1]) {
			t.Errorf("%d dependents stand behind %d", order[i-1], dependents)
		}
	}
	if SamePlace(PlaceOf(3, 7), 4) || !SamePlace(PlaceOf(4, 7), 15) || PlaceOf(0, 1) >= PlaceOf(0, 2) {
		t.Error("the classes are not 0, 1–3, 4–15, …, each in the order of the log")
	}
}

func TestListing(t *testing.T) {
	forEachDatabase(t, func(t *testing.T, db *DB) {
		write(t, db, scope("ori", 0))
		want := listing("http", 7, 3)
		_, err := db.Reader().Listing(t.Context(), want.Package)
		notFound(t, "listing", err)
		write(t, db, listed(want, "http"))
		got, err := db.Reader().Listing(t.Context(), want.Package)
		must(t, err)
		equal(t, "listing", got, want)

		least := &Listing{Package: want.Package, Version: reference("@ori/http@2.0.0-rc.1").Version, UpdatedAt: at(0).UTC()}
		write(t, db, func(ctx context.Context, tx *Tx) error { return tx.SetListing(ctx, least) })
		got, err = db.Reader().Listing(t.Context(), want.Package)
		must(t, err)
		equal(t, "listing", got, least)

		write(t, db, func(ctx context.Context, tx *Tx) error { return tx.RemoveListing(ctx, want.Package) })
		_, err = db.Reader().Listing(t.Context(), want.Package)
		notFound(t, "listing", err)
	})
}

func TestFind(t *testing.T) {
	forEachDatabase(t, func(t *testing.T, db *DB) {
		write(t, db, scope("ori", 0),
			listed(listing("old", 1, 0), "json", "~json", "=old", "#web-api", "größe"),
			listed(listing("new", 2, 0), "json", "js*", "=new", "日"),
			listed(listing("small", 3, 2), "json", "=small"),
			listed(listing("large", 4, 5000), "json", "xml", "=large", "#web-api"))
		find := func(want string, limit int, match ...[]string) {
			t.Helper()
			found, err := db.Reader().Find(t.Context(), match, limit)
			must(t, err)
			equal(t, fmt.Sprint(match), db.Reader().inOrder(t, found), want)
		}
		any := func(terms ...string) []string { return terms }
		find("large small old new", 9, any("json"))
		find("large small old", 3, any("json"))
		find("large old", 9, any("json"), any("#web-api"))
		find("large", 9, any("json"), any("#web-api"), any("xml", "=old2"))
		find("small old", 9, any("=old", "=small", "none"))
		find("", 9, any("jso"))
		find("", 9, any("jso*"))
		find("new", 9, any("js*"))
		find("old", 9, any("~json"))
		find("old", 9, any("größe"))
		find("new", 9, any("日"))
		find("", 9, any("json"), any("none"))

		write(t, db, func(ctx context.Context, tx *Tx) error {
			moved := listing("old", 1, 100)
			return errors.Join(tx.RemoveTerms(ctx, PlaceOf(0, 1)), tx.AddTerms(ctx, moved.Place, []string{"yaml"}), tx.SetListing(ctx, moved))
		})
		find("large small new", 9, any("json"))
		find("old", 9, any("yaml"))

		all, err := db.Reader().Foremost(t.Context(), 9)
		must(t, err)
		equal(t, "all", db.Reader().inOrder(t, all), "large old small new")
	})
}

// PostgreSQL reads a row for each package that a search finds, so many are on a
// page, however many terms they have.
func TestRowsThatAreFoundAreShort(t *testing.T) {
	db := open(t, pgtest.URL(t))
	var terms []string
	for i := range 150 {
		terms = append(terms, fmt.Sprint("term", i))
	}
	const packages = 200
	write(t, db, func(ctx context.Context, tx *Tx) (err error) {
		for i := range int64(packages) {
			err = errors.Join(err, tx.AddTerms(ctx, PlaceOf(0, i), terms))
		}
		return err
	})
	var pages int
	must(t, db.Reader().row(t.Context(), []any{&pages}, `SELECT COUNT(DISTINCT (CAST(CAST(ctid AS TEXT) AS POINT))[0]) FROM search_text`))
	if pages > packages/50 {
		t.Errorf("%d packages are on %d pages", packages, pages)
	}
}

// What is undone leaves nothing in the full-text index either.
func TestFindAfterRollback(t *testing.T) {
	forEachDatabase(t, func(t *testing.T, db *DB) {
		write(t, db, scope("ori", 0), listed(listing("one", 1, 0), "kept"))
		tx, err := db.Begin(t.Context())
		must(t, err)
		must(t, tx.Savepoint(t.Context()))
		must(t, tx.RemoveTerms(t.Context(), PlaceOf(0, 1)))
		must(t, tx.AddTerms(t.Context(), PlaceOf(0, 1), []string{"lost"}))
		must(t, tx.RollbackToSavepoint(t.Context()))
		must(t, listed(listing("two", 2, 0), "kept")(t.Context(), tx))
		must(t, tx.Commit())
		for term, want := range map[string]string{"kept": "one two", "lost": ""} {
			found, err := db.Reader().Find(t.Context(), [][]string{{term}}, 9)
			must(t, err)
			equal(t, term, db.Reader().inOrder(t, found), want)
		}
	})
}

// Both orders that go through everything do so page by page.
func TestListedInPages(t *testing.T) {
	forEachDatabase(t, func(t *testing.T, db *DB) {
		write(t, db, scope("ori", 0))
		for i, name := range []string{"d", "b", "e", "a", "c"} {
			write(t, db, listed(listing(name, int64(1+i/2), int64(i%2)), "x")) // two are of one second
		}
		var byName, byUpdate []Listing
		for after := ""; ; after = byName[len(byName)-1].Package.String() {
			page, err := db.Reader().ListedAfter(t.Context(), after, 2)
			must(t, err)
			if byName = append(byName, page...); len(page) < 2 {
				break
			}
		}
		equal(t, "by name", names(byName), "a b c d e")
		last := Listing{UpdatedAt: time.UnixMicro(1 << 62)}
		for name := ""; ; name = last.Package.String() {
			page, err := db.Reader().UpdatedBefore(t.Context(), last.UpdatedAt, name, 2)
			must(t, err)
			if byUpdate = append(byUpdate, page...); len(page) < 2 {
				break
			}
			last = byUpdate[len(byUpdate)-1]
		}
		equal(t, "by update", names(byUpdate), "c a e b d")
		for most, want := range map[int]int{3: 3, 5: 5, 9: 5} {
			n, err := db.Reader().CountListings(t.Context(), most)
			must(t, err)
			equal(t, "count", n, want)
		}
	})
}

func TestKnownWords(t *testing.T) {
	forEachDatabase(t, func(t *testing.T, db *DB) {
		add := func(words ...string) change {
			return func(ctx context.Context, tx *Tx) error { return tx.AddWords(ctx, words) }
		}
		write(t, db, add("http", "json"), add("json", `"'\`, "größe"), add())
		known, err := db.Reader().KnownWords(t.Context(), []string{"json", "none", "größe", `"'\`, "jso"})
		must(t, err)
		slices.Sort(known)
		equal(t, "known", known, []string{`"'\`, "größe", "json"})
		known, err = db.Reader().KnownWords(t.Context(), nil)
		must(t, err)
		equal(t, "known", known, []string(nil))
	})
}

func TestDependencies(t *testing.T) {
	forEachDatabase(t, func(t *testing.T, db *DB) {
		write(t, db, scope("ori", 0), listed(listing("a", 1, 0), "x"), listed(listing("b", 2, 3), "x"), pkg("@ori/hidden"), pkg("@ori/user"))
		user := reference("@ori/user@0.0.0").Package
		change := func(change func(*Tx, context.Context, ident.Package, []string) ([]string, error), want string, others ...string) {
			t.Helper()
			var moved []string
			write(t, db, func(ctx context.Context, tx *Tx) (err error) {
				moved, err = change(tx, ctx, user, others)
				return err
			})
			slices.Sort(moved)
			equal(t, "moved", strings.Join(moved, " "), want)
		}
		counts := func(want ...int64) {
			t.Helper()
			var got []int64
			for _, name := range []string{"@ori/a", "@ori/b"} {
				l, err := db.Reader().Listing(t.Context(), reference(name+"@0.0.0").Package)
				must(t, err)
				got = append(got, l.Dependents)
			}
			equal(t, "dependents", got, want)
		}
		change((*Tx).AddDependencies, "")
		change((*Tx).AddDependencies, "@ori/a @ori/b", "@ori/b", "@ori/a", "@ori/hidden")
		counts(1, 4)
		change((*Tx).RemoveDependencies, "", "@ori/a") // from 1 to 0: it stands where it would be then
		counts(0, 4)
		all, err := db.Reader().Dependencies(t.Context(), user)
		must(t, err)
		equal(t, "dependencies", all, []string{"@ori/b", "@ori/hidden"})
		n, err := db.Reader().CountDependents(t.Context(), reference("@ori/hidden@0.0.0").Package)
		must(t, err)
		equal(t, "dependents of what is not shown", n, int64(1))
		refuses(t, db, "a dependency on nothing", func(ctx context.Context, tx *Tx) error {
			_, err := tx.AddDependencies(ctx, user, []string{"@ori/none"})
			return err
		})
	})
}

func TestFirstIndex(t *testing.T) {
	forEachDatabase(t, func(t *testing.T, db *DB) {
		newWorld(t, db)
		write(t, db, version(release("@ori/http@2.0.0", 12, ident.Checksum{1})), version(release("@ori/http@1.0.0", 17, ident.Checksum{1})))
		index, err := db.Reader().FirstIndex(t.Context(), reference("@ori/http@1.0.0").Package)
		must(t, err)
		equal(t, "index", index, int64(12))
		_, err = db.Reader().FirstIndex(t.Context(), reference("@ori/json@1.0.0").Package)
		notFound(t, "index", err)
	})
}

func TestFilling(t *testing.T) {
	forEachDatabase(t, func(t *testing.T, db *DB) {
		newWorld(t, db)
		for _, step := range []struct {
			to   *string
			want string
			done bool
		}{{text(""), "[@ori/http @ori/json]", false}, {text("@ori/http"), "[@ori/json]", false}, {text("@ori/json"), "[]", false}, {nil, "[]", true}} {
			write(t, db, func(ctx context.Context, tx *Tx) error { return tx.SetFilled(ctx, step.to) })
			left, err := db.Reader().Unfilled(t.Context(), 9)
			must(t, err)
			equal(t, "left", fmt.Sprint(left), step.want)
			done, err := db.Reader().Filled(t.Context())
			must(t, err)
			equal(t, "done", done, step.done)
		}
	})
}

func text(s string) *string { return &s }

// endless is a statement that neither database comes to the end of.
const endless = `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i > 0) SELECT COUNT(*) FROM n WHERE i < 0`

func TestBounded(t *testing.T) {
	forEachDatabase(t, func(t *testing.T, db *DB) {
		count := func(ctx context.Context, r *Reader) error {
			var n int64
			return r.row(ctx, []any{&n}, endless)
		}
		cases := map[string]func(context.Context, *Reader) error{
			"statement": count,
			"others":    func(ctx context.Context, _ *Reader) error { <-ctx.Done(); return errors.New("stopped") },
		}
		if db.dialect.bound != "" { // the database stops by itself, should nobody tell it to
			cases["unheard"] = func(_ context.Context, r *Reader) error { return count(context.WithoutCancel(t.Context()), r) }
		}
		for what, read := range cases {
			if err := db.Bounded(t.Context(), 50*time.Millisecond, read); !errors.Is(err, ErrTooSlow) {
				t.Errorf("%s: %v", what, err)
			}
		}

		gone, cancel := context.WithCancel(t.Context())
		err := db.Bounded(gone, time.Hour, func(ctx context.Context, r *Reader) error {
			cancel()
			return count(ctx, r)
		})
		if err == nil || errors.Is(err, ErrTooSlow) {
			t.Errorf("when the client has gone: %v", err)
		}
		stop := errors.New("stop")
		if err := db.Bounded(t.Context(), time.Hour, func(context.Context, *Reader) error { return stop }); err != stop {
			t.Errorf("the error of the reading became %v", err)
		}
		must(t, db.Ping(t.Context()))
	})
}
