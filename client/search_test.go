package client

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/ori-lang/registry/api"
)

// shelf answers searches with n packages, @a/p0 and so on, a page at a time; the
// addresses of its next pages are those that next gives.
func shelf(f *fake, n int, next func(cursor string) string) {
	f.instead["/v1/search"] = func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		limit, begin := 20, 0
		if text := q.Get("limit"); text != "" {
			limit, _ = strconv.Atoi(text)
		}
		if text := q.Get("cursor"); text != "" {
			begin, _ = strconv.Atoi(strings.TrimPrefix(text, "c "))
		}
		found := api.Results{Query: q.Get("q"), Total: n, Results: []api.Result{}}
		for i := begin; i < min(n, begin+limit); i++ {
			found.Results = append(found.Results, api.Result{Package: mustRef(f.t, fmt.Sprintf("@a/p%d@1.0.0", i)).Package})
		}
		if begin+limit < n {
			address := next(fmt.Sprintf("c %d", begin+limit))
			found.Next = &address
		}
		writeJSON(w, 200, found)
	}
}

// TestSearchAll: all pages come in their order, each from the registry itself,
// wherever it says that the next one is.
func TestSearchAll(t *testing.T) {
	elsewhere := newFake(t)
	for name, next := range map[string]string{
		"here":               "/v1/search?q=p&cursor=",
		"at another origin":  elsewhere.server.URL + "/v1/search?q=p&cursor=",
		"at another address": "/v1/tokens?q=x&cursor=",
		"with a user":        "http://ada:secret@127.0.0.1/?cursor=",
	} {
		t.Run(name, func(t *testing.T) {
			f, u := newFake(t), newUser(t)
			shelf(f, 45, func(cursor string) string { return next + strings.ReplaceAll(cursor, " ", "%20") })
			var got []string
			for r, err := range u.client(f.server.URL).SearchAll(t.Context(), SearchQuery{Query: "p & q", Sort: api.ByName, Limit: 20}) {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, r.Package.Name())
			}
			if len(got) != 45 || got[0] != "p0" || got[44] != "p44" {
				t.Errorf("%d packages: %v", len(got), got)
			}
			for i, r := range f.asked() {
				want := "limit=20&sort=name"
				if i > 0 {
					want = fmt.Sprintf("cursor=c+%d&limit=20&sort=name", 20*i)
				}
				if r.URL.Path != "/v1/search" || r.URL.RawQuery != "q=p+%26+q&"+want {
					t.Errorf("asked was %s", r.URL)
				}
			}
		})
	}
	if len(elsewhere.asked()) > 0 {
		t.Errorf("another origin was asked for %s", elsewhere.asked()[0].URL)
	}
}

// TestSearchStops: nothing is asked for that the caller does not want any more.
func TestSearchStops(t *testing.T) {
	f, u := newFake(t), newUser(t)
	shelf(f, 1000, func(cursor string) string { return "?cursor=" + strings.ReplaceAll(cursor, " ", "+") })
	count := 0
	for range u.client(f.server.URL).SearchAll(t.Context(), SearchQuery{}) {
		if count++; count == 150 {
			break
		}
	}
	if asked := len(f.asked()); asked != 2 {
		t.Errorf("%d pages were asked for", asked)
	}
}

// TestPagesWithoutEnd: a list that goes on and gets nowhere ends as an error.
func TestPagesWithoutEnd(t *testing.T) {
	one := []api.Result{{Package: mustRef(t, "@a/b@1.0.0").Package}}
	calls := 0
	for name, page := range map[string]func() api.Results{
		"the same page again": func() api.Results { next := "?cursor=again"; return api.Results{Results: one, Next: &next} },
		"empty pages": func() api.Results {
			next := fmt.Sprintf("?cursor=%d", calls)
			return api.Results{Results: []api.Result{}, Next: &next}
		},
		"always another page": func() api.Results {
			next := fmt.Sprintf("?cursor=%d", calls)
			return api.Results{Results: one, Next: &next}
		},
		"no cursor":  func() api.Results { next := "/v1/search?q=x"; return api.Results{Results: one, Next: &next} },
		"no address": func() api.Results { next := "http://[::1"; return api.Results{Results: one, Next: &next} },
	} {
		t.Run(name, func(t *testing.T) {
			calls = 0
			var last error
			for _, err := range allOf("", func(string) ([]api.Result, *string, error) {
				calls++
				p := page()
				return p.Results, p.Next, nil
			}) {
				last = err
			}
			wantError(t, last, errAnyReply)
			most := 2
			if name == "always another page" {
				most = maxPages
			}
			if calls > most {
				t.Errorf("%d pages were asked for", calls)
			}
		})
	}
}

func TestSearchLies(t *testing.T) {
	search := func(c *Client) error { _, err := c.Search(t.Context(), SearchQuery{Query: "http"}); return err }
	refuses(t, "/v1/search", search, map[string]any{
		"of another query": api.Results{Query: "evil", Results: []api.Result{}}, "nothing": api.Results{Query: "http"},
		"of no package": api.Results{Query: "http", Results: []api.Result{{Description: "x"}}},
	})
}
