package search

import (
	"slices"
	"strings"
	"testing"
)

// TestRank orders packages, written "@scope/name keywords; description; dependents".
func TestRank(t *testing.T) {
	for query, want := range map[string][]Candidate{
		"http": {
			{Package: pkg("@b/http"), Dependents: 9},
			{Package: pkg("@a/http"), Deprecated: true, Dependents: 99}, // exact all the same
			{Package: pkg("@a/http-client"), Dependents: 50},            // begins with a whole word
			{Package: pkg("@a/httpd"), Dependents: 90},                  // begins with a longer word
			{Package: pkg("@a/httpd-tools"), Description: "http", Dependents: 95},
			{Package: pkg("@a/x-http"), Keywords: []string{"http"}, Description: "http"},
			{Package: pkg("@a/y-http"), Keywords: []string{"http"}},
			{Package: pkg("@a/fast-http"), Description: "http", Dependents: 2},
			{Package: pkg("@a/slow-http"), Description: "http", Dependents: 1},
			{Package: pkg("@a/tiny-http"), Description: "http", Dependents: 1},
			{Package: pkg("@http/x"), Dependents: 1},
			{Package: pkg("@a/my-httpd"), Dependents: 9},
			{Package: pkg("@a/one"), Keywords: []string{"http"}, Description: "https"},
			{Package: pkg("@a/two"), Keywords: []string{"http"}},
			{Package: pkg("@a/three"), Keywords: []string{"https"}, Description: "a"},
			{Package: pkg("@a/four"), Description: "over HTTP"},
			{Package: pkg("@a/five"), Description: "over httpX", Dependents: 1000},
			{Package: pkg("@a/six"), Dependents: 1000}, // in the README
			{Package: pkg("@a/http-old"), Deprecated: true, Dependents: 1000},
			{Package: pkg("@a/old"), Keywords: []string{"http"}, Deprecated: true, Dependents: 1000},
		},
		"@a/http": {{Package: pkg("@a/http")}, {Package: pkg("@a/http-2")}, {Package: pkg("@b/a-http"), Dependents: 5}, {Package: pkg("@b/http-a")}},
		"json parser": {
			{Package: pkg("@b/json-parser")},
			{Package: pkg("@a/json-parser-2"), Dependents: 2},
			{Package: pkg("@a/json-parsers")},
			{Package: pkg("@a/parser-json"), Dependents: 3},
			{Package: pkg("@a/fast-json-parser"), Dependents: 2},
			{Package: pkg("@a/json"), Keywords: []string{"parser"}},
			{Package: pkg("@a/json-x"), Description: "a parser"},
			{Package: pkg("@a/x"), Description: "parser of json"},
		},
		"": {{Package: pkg("@z/z"), Dependents: 2}, {Package: pkg("@a/a"), Dependents: 1}, {Package: pkg("@b/a"), Dependents: 1}, {Package: pkg("@a/b"), Deprecated: true, Dependents: 3}},
	} {
		q := parse(t, query)
		got := slices.Clone(want)
		slices.Reverse(got)
		slices.SortFunc(got, func(a, b Candidate) int { return q.Rank(&a).Compare(q.Rank(&b)) })
		for i := range want {
			if got[i].Package != want[i].Package {
				t.Errorf("%q: number %d is %v, want %v", query, i, got[i].Package, want[i].Package)
			}
			if exact := q.Rank(&want[i]).Exact; exact != (query != "" && strings.HasSuffix(want[i].Package.String(), "/"+strings.TrimPrefix(query, "@a/")) && (query[0] != '@' || want[i].Package.Scope() == "a")) {
				t.Errorf("%q: %s is exact: %v", query, want[i].Package, exact)
			}
		}
	}
}

// A word that another is taken for counts like one that it begins, and in the
// name like itself.
func TestRankOfMistyped(t *testing.T) {
	q := parse(t, "htpp sever").Forgiving([]string{"http", "server"})
	for name, want := range map[string]Rank{
		"http-server":    {Name: isName, Text: 2 * startsName},
		"http-servers":   {Name: beginsWord, Text: startsName + inReadme},
		"http-server-2":  {Name: endsWord, Text: 2 * startsName},
		"http-serverx-2": {Name: beginsName, Text: startsName + inReadme},
		"httpserver":     {Text: 2 * inReadme},
		"server-http":    {Text: 2 * startsName},
		"http":           {Text: startsName + startsKeyword},
	} {
		c := Candidate{Package: pkg("@a/" + name)}
		if name == "http" {
			c.Keywords = []string{"server"}
		}
		want.Package = c.Package.String()
		if got := q.Rank(&c); got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
}
