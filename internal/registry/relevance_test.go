package registry_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/internal/registry"
	"github.com/ori-lang/registry/internal/repotest/pgtest"
	"github.com/ori-lang/registry/internal/search"
)

// library is a registry on each database that finds the packages of Debian.
type library struct {
	t                *testing.T
	rows             [][]row
	sqlite, postgres *fixture
}

// TestLibrary searches among as many packages as a large registry has.
func TestLibrary(t *testing.T) {
	l := &library{t: t, rows: slices.Collect(rows(corpus(t))), sqlite: newFixture(t), postgres: newFixtureOn(t, pgtest.URL(t))}
	var loading sync.WaitGroup
	for _, f := range []*fixture{l.sqlite, l.postgres} {
		loading.Go(func() {
			if err := load(context.WithoutCancel(t.Context()), f.database, slices.Values(l.rows)); err != nil {
				t.Error(err)
			}
		})
	}
	loading.Wait()
	for name, test := range map[string]func(*library, *testing.T){
		"relevance": (*library).relevance, "names": (*library).names, "beginnings": (*library).beginnings,
		"pages": (*library).pages, "whatever": (*library).whatever,
	} {
		t.Run(name, func(t *testing.T) { test(l, t) })
	}
}

// find searches on both databases, which must give the same.
func (l *library) find(t *testing.T, s registry.Search) (*api.Results, string) {
	t.Helper()
	one, cursor := l.sqlite.search(s)
	other, otherCursor := l.postgres.search(s)
	if diff := cmp.Diff(one, other, cmp.AllowUnexported(ident.Package{}, ident.Version{})); diff != "" || cursor != otherCursor {
		t.Errorf("%q: the databases differ (-sqlite +postgres):\n%s", s.Query, diff)
	}
	return one, cursor
}

// relevance holds the cases of testdata/relevance.txt.
func (l *library) relevance(t *testing.T) {
	file, err := os.Open("testdata/relevance.txt")
	must(t, err)
	defer file.Close()
	cases := 0
	for lines := bufio.NewScanner(file); lines.Scan(); {
		cells := strings.Split(lines.Text(), " | ")
		if len(cells) != 3 || strings.HasPrefix(cells[0], "#") {
			continue
		}
		cases++
		within, err := strconv.Atoi(cells[1])
		must(t, err)
		results, _ := l.find(t, registry.Search{Query: cells[0], Limit: within})
		var names []string
		for _, r := range results.Results {
			names = append(names, r.Package.Name())
		}
		for _, want := range strings.Fields(cells[2]) {
			if (want == "-") != (len(names) == 0) || want != "-" && !slices.Contains(names, want) {
				t.Errorf("%q finds %s, and %s is not among the first %d", cells[0], names, want, within)
			}
		}
	}
	if cases < 60 {
		t.Errorf("there are %d cases", cases)
	}
}

// names: whoever writes a name finds it first. The database is asked for some
// names; for all of them it has what it would be asked for.
func (l *library) names(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	asked := 0
	for _, batch := range l.rows {
		for _, r := range batch {
			name := r.Package.Name()
			q, err := search.Parse(name)
			must(t, err)
			if rank := q.Rank(&search.Candidate{Package: r.Package}); !rank.Exact || !strings.Contains(" "+r.terms+" ", " "+q.Named()[0][0]+" ") {
				t.Errorf("%s is not found by its name", name)
			}
			if random.IntN(60) > 0 {
				continue
			}
			asked++
			if results, _ := l.find(t, registry.Search{Query: name}); results.Total == 0 || results.Results[0].Package != r.Package || !results.Results[0].Exact {
				t.Errorf("%s finds %+v", name, results.Results)
			}
		}
	}
	t.Logf("%d names were looked for", asked)
}

// beginnings: whatever begins with the query is found, however much matches.
func (l *library) beginnings(t *testing.T) {
	for _, query := range []string{"perl", "postgresql", "python3-z", "lib32", "node-a"} {
		var want []string
		for _, batch := range l.rows {
			for _, r := range batch {
				if strings.HasPrefix(r.Package.Name(), query) {
					want = append(want, r.Package.Name())
				}
			}
		}
		var got []string
		for _, r := range l.all(t, registry.Search{Query: query, Limit: 100}) {
			if strings.HasPrefix(r.Package.Name(), query) {
				got = append(got, r.Package.Name())
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" || len(want) == 0 {
			t.Errorf("%s (-names +found):\n%s", query, diff)
		}
	}
}

// all goes through all pages of a search.
func (l *library) all(t *testing.T, s registry.Search) (all []api.Result) {
	t.Helper()
	for range 20 {
		results, cursor := l.find(t, s)
		if all = append(all, results.Results...); cursor == "" {
			if results.Total != len(all) {
				t.Errorf("%q: %d of %d are on its pages", s.Query, len(all), results.Total)
			}
			return all
		}
		s.Cursor = cursor
	}
	t.Errorf("%q has no last page", s.Query)
	return all
}

// pages: at most a thousand are ranked, each stands on one page, in the order asked for.
func (l *library) pages(t *testing.T) {
	for _, query := range []string{"lib", "", "json parser", "scope:s3"} {
		for _, sort := range []api.Sort{api.ByRelevance, api.ByUpdate, api.ByName} {
			if query == "" && sort != api.ByRelevance {
				continue
			}
			all := l.all(t, registry.Search{Query: query, Sort: sort, Limit: 100})
			first, _ := l.find(t, registry.Search{Query: query, Sort: sort})
			if len(all) > 1000 || first.TotalIsCapped != (len(all) == 1000) {
				t.Errorf("%q by %s: %d were found, capped: %v", query, sort, len(all), first.TotalIsCapped)
			}
			seen := make(map[ident.Package]bool)
			for i, r := range all {
				if seen[r.Package] || i > 0 && !inOrder(sort, all[i-1], r) {
					t.Fatalf("%q by %s: %s is in the wrong place", query, sort, r.Package)
				}
				seen[r.Package] = true
			}
		}
	}
}

func inOrder(sort api.Sort, a, b api.Result) bool {
	switch sort {
	case api.ByName:
		return a.Package.String() < b.Package.String()
	case api.ByUpdate:
		return a.UpdatedAt.After(b.UpdatedAt.Time) || a.UpdatedAt.Equal(b.UpdatedAt.Time) && a.Package.String() < b.Package.String()
	}
	return true // TestRank
}

// whatever: no query is an error or takes long, and both databases understand the same.
func (l *library) whatever(t *testing.T) {
	words := []string{"lib", "json", "postgrseql", "développement"}
	forms := []string{
		`"%s"`, `"%s`, `%s*`, `*%s`, `^%s`, `-%s`, `+%s`, `NOT %s`, `%s NOT`, `(%s`, `%s)`, `((%s))`, `{terms}: %s`, `terms : %s`, `- terms : %s`,
		`NEAR(%s %s, 5)`, `%s NEAR %s`, `%s AND %s`, `%s OR %s`, `AND %s`, `%s + %s`, `%s & %s`, `%s | %s`, `!%s`, `!(%s)`, `%s <-> %s`, `%s <2> %s`,
		`%s:*`, `%s:A`, `%s:*ABCD`, `'%s'`, `'%s`, `''%s''`, `\%s`, `%s\`, `%s'); DROP TABLE search_text; --`, `%s;%s`, `%s--`, `/*%s*/`, `%s%%`, `_%s_`,
		"%s\x00%s", "\x00%s", "%s\n%s", "%s\u202e%s", "%s\u0301", "\u0301%s", "🚀%s🚀", "%s\u200d%s", "مرحبا %s", "%s\ufeff", "$1 %s", "%s $2", "?%s", ":%s", "@%s",
		"#%s", "=%s", "~%s", "^%s*", "@%s/%s", "@%s/", "/%s", "%s/", "scope:%s", "scope:@%s %s", "keyword:%s", "keyword:%s scope:%s", "scope:", "keyword: %s",
		"<%s>", "&lt;%s", "%%20%s", "{%s}", "[%s]", "%s,%s", "%s.%s", "%s\u00a0%s", "%s-%s", "%s--%s",
	}
	asked := 0
	for _, form := range forms {
		for i, word := range words {
			query := form
			if n := strings.Count(form, "%s"); n > 0 {
				args := []any{word, words[(i+1)%len(words)]}
				query = fmt.Sprintf(form, args[:n]...)
			}
			asked++
			l.find(t, registry.Search{Query: query, Limit: 3})
		}
	}
	for _, query := range []string{
		strings.Repeat("a", 256), strings.Repeat("é", 256), strings.Repeat("lib ", 16), strings.Repeat("()", 128),
		strings.Repeat("xqzw", 60), strings.TrimSpace(strings.Repeat("abcdefghijklmno ", 16)), strings.Repeat("\u0301", 256), strings.Repeat("\x00", 256),
	} {
		l.find(t, registry.Search{Query: query, Limit: 3})
	}
	if asked < 300 {
		t.Errorf("only %d queries were asked", asked)
	}
	for _, query := range []string{strings.Repeat("x", 10_000), strings.Repeat("ﷺ", 256), "a\xff"} {
		_, _, err := l.postgres.Search(t.Context(), registry.Search{Query: query, Sort: api.ByRelevance, Limit: 1})
		wantCode(t, query[:2], err, api.InvalidRequest)
	}
}
