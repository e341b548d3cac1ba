package registry_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/internal/registry"
	"github.com/ori-lang/registry/internal/repotest/sample"
)

// search gives a page of packages and the cursor of the next.
func (f *fixture) search(s registry.Search) (*api.Results, string) {
	f.t.Helper()
	s.Limit = max(s.Limit, 1)
	if s.Sort == "" {
		s.Sort = api.ByRelevance
	}
	results, cursor, err := f.Search(f.t.Context(), s)
	must(f.t, err)
	return results, cursor
}

// names gives the packages that a query finds, exact ones with "=", the
// deprecated ones with "!".
func (f *fixture) names(query string) string {
	f.t.Helper()
	results, _ := f.search(registry.Search{Query: query, Limit: 100})
	if results.Total != len(results.Results) || results.TotalIsCapped {
		f.t.Errorf("%q: the total is %d (capped: %v) for %d", query, results.Total, results.TotalIsCapped, len(results.Results))
	}
	var all []string
	for _, r := range results.Results {
		name := r.Package.String()
		if r.Exact {
			name = "=" + name
		}
		if r.Deprecated != nil {
			name = "!" + name
		}
		all = append(all, name)
	}
	return strings.Join(all, " ")
}

// described is a package with what the search looks at.
func described(ref, description string, keywords ...string) sample.Package {
	p := sample.Package{Ref: ref, Description: description}
	if len(keywords) > 0 {
		p.Manifest = `keywords = ["` + strings.Join(keywords, `", "`) + "\"]\n"
	}
	return p
}

func TestSearch(t *testing.T) { eachDatabase(t, testSearch) }

func testSearch(t *testing.T, f *fixture) {
	acme, ori := f.owner("ada", "acme"), f.owner("bob", "ori")
	f.mustPublish(acme, described("@acme/http@1.0.0", "Requests and replies.", "web", "network"))
	f.mustPublish(ori, described("@ori/http@1.0.0", "A small HTTP client and server."))
	f.mustPublish(acme, described("@acme/http-router@1.0.0", "Finds the handler of a request."))
	f.mustPublish(acme, described("@acme/left-pad@1.0.0", "Adds blanks, for HTTP tables.", "text", "Web API"))
	f.mustPublish(ori, described("@ori/json@1.0.0", "Reads and writes JSON: crème de la crème."))
	f.mustPublish(ori, sample.Package{Ref: "@ori/yaml@1.0.0", Files: map[string]string{"README.md": "# YAML\nLike JSON, and more."}})
	f.mustPublish(ori, described("@ori/early@0.1.0-beta.1", "Not released yet."))
	for query, want := range map[string]string{
		"http":                     "=@ori/http =@acme/http @acme/http-router @acme/left-pad",
		"HTTP":                     "=@ori/http =@acme/http @acme/http-router @acme/left-pad",
		"@acme/http":               "=@acme/http @acme/http-router @acme/left-pad",
		"acme/http":                "=@acme/http @acme/http-router @acme/left-pad",
		"acme http":                "@acme/http @acme/http-router @acme/left-pad",
		"http client":              "@ori/http",
		"client http":              "@ori/http",
		"htt":                      "@ori/http @acme/http @acme/http-router @acme/left-pad",
		"ht":                       "@acme/http @ori/http @acme/http-router",
		"h":                        "@acme/http @ori/http @acme/http-router",
		"http scope:acme":          "=@acme/http @acme/http-router @acme/left-pad",
		"scope:@ori":               "@ori/early @ori/http @ori/json @ori/yaml",
		"keyword:web":              "@acme/http",
		"keyword:web-api":          "@acme/left-pad",
		"keyword:web keyword:text": "",
		"web":                      "@acme/http @acme/left-pad",
		"left-pad":                 "=@acme/left-pad",
		"left pad":                 "@acme/left-pad",
		"leftpad":                  "@acme/left-pad",
		"leftp":                    "@acme/left-pad",
		"json":                     "=@ori/json @ori/yaml",
		"creme":                    "@ori/json",
		"CRÈME brûlée":             "",
		"early":                    "=@ori/early",
		"htpp":                     "@ori/http @acme/http @acme/http-router",
		"htttp":                    "@ori/http @acme/http @acme/http-router",
		"tthp":                     "",
		"jsn":                      "",
		"josn":                     "@ori/json",
		"roter":                    "@acme/http-router",
		"acme roter":               "@acme/http-router",
		"netwrok":                  "@acme/http",
		"requsts":                  "", // of a description
		"author:ada":               "",
		"nothing":                  "",
		"!":                        "",
		"":                         "@acme/http @acme/http-router @acme/left-pad @ori/early @ori/http @ori/json @ori/yaml",
	} {
		if got := f.names(query); got != want {
			t.Errorf("%q finds %s, want %s", query, got, want)
		}
	}
	results, cursor := f.search(registry.Search{Query: "web network", Limit: 20})
	published, latest := api.NewTime(f.clock()), ref("@acme/http@1.0.0").Version
	want := &api.Results{Query: "web network", Total: 1, Results: []api.Result{{
		Package: pkg("@acme/http"), Description: "Requests and replies.", Latest: &latest,
		UpdatedAt: published, Keywords: []string{"web", "network"},
	}}}
	if diff := cmp.Diff(want, results, cmp.AllowUnexported(ident.Package{}, ident.Version{})); diff != "" || cursor != "" {
		t.Errorf("reply (-want +got), cursor %q:\n%s", cursor, diff)
	}
	if early, _ := f.search(registry.Search{Query: "early"}); early.Results[0].Latest != nil || early.Results[0].License != nil {
		t.Errorf("a package of pre-releases alone is shown as %+v", early.Results[0])
	}
}

// A search that takes too long is given up, and says so.
func TestSearchTakesTooLong(t *testing.T) {
	eachDatabase(t, func(t *testing.T, f *fixture) {
		f.mustPublish(f.owner("ada", "acme"), sample.Package{Ref: "@acme/http@1.0.0"})
		parts := f.parts
		parts.SearchTime = time.Nanosecond
		hasty := registry.New(parts)
		for _, s := range []registry.Search{{Query: "http", Sort: api.ByRelevance, Limit: 1}, {Sort: api.ByName, Limit: 1}} {
			_, _, err := hasty.Search(t.Context(), s)
			wantCode(t, s.Query, err, api.Unavailable)
		}
	})
}

// What is no cursor of this list is refused, and never reaches a database.
func TestSearchCursors(t *testing.T) {
	eachDatabase(t, func(t *testing.T, f *fixture) {
		ada := f.owner("ada", "acme")
		f.mustPublish(ada, sample.Package{Ref: "@acme/a@1.0.0"})
		f.mustPublish(ada, sample.Package{Ref: "@acme/b@1.0.0"})
		cursorOf := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
		for _, sort := range []api.Sort{api.ByRelevance, api.ByUpdate, api.ByName} {
			first, cursor := f.search(registry.Search{Sort: sort})
			second, last := f.search(registry.Search{Sort: sort, Cursor: cursor})
			if first.Results[0].Package != pkg("@acme/a") || second.Results[0].Package != pkg("@acme/b") || last != "" {
				t.Errorf("by %s: %v, %v, then %q", sort, first.Results, second.Results, last)
			}
			for _, bad := range []string{
				"x", cursorOf(`{}`), cursorOf(`{"Sort":"` + string(sort) + `"}`), cursorOf(`{"Sort":"best","Rank":{"Package":"@acme/a"}}`),
				cursorOf(`{"Sort":"` + string(sort) + `","Rank":{"Package":"@acme/a\u0000"}}`), cursorOf(`{"Sort":"` + string(sort) + `","Updated":1e400}`),
			} {
				_, _, err := f.Search(t.Context(), registry.Search{Sort: sort, Limit: 1, Cursor: bad})
				wantCode(t, bad, err, api.InvalidRequest)
			}
			extreme := cursorOf(`{"Sort":"` + string(sort) + `","Updated":-9223372036854775808,"Rank":{"Text":-1,"Package":"@z/z"}}`)
			if none, _ := f.search(registry.Search{Sort: sort, Cursor: extreme}); len(none.Results) != 0 {
				t.Errorf("by %s, behind the last: %v", sort, none.Results)
			}
		}
	})
}
