package httpapi_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/internal/repotest/sample"
)

// searchable gives a site with five packages of @acme.
func searchable(t *testing.T) *site {
	t.Helper()
	s := newSite(t)
	s.claim("acme")
	for _, name := range []string{"http", "http-client", "json", "left-pad", "yaml"} {
		data := sample.Package{Ref: "@acme/" + name + "@1.0.0", Description: "Of " + name + "."}.Archive(t)
		s.want(s.publish("acme/"+name, part{"archive", data}), 201, "")
	}
	return s
}

// pages follows next from a query on and gives the names that it comes by.
func (s *site) pages(query string) string {
	s.t.Helper()
	var names []string
	for path := "/v1/search?" + query; path != ""; {
		a := s.want(s.get(path), 200, "")
		var results api.Results
		a.json(s.t, &results)
		for _, r := range results.Results {
			names = append(names, r.Package.Name())
		}
		link := a.Header.Get("Link")
		path = ""
		if results.Next != nil {
			path = strings.TrimPrefix(*results.Next, s.base)
			if link != "<"+*results.Next+`>; rel="next"` {
				s.t.Errorf("%s: next is %s, Link %s", query, *results.Next, link)
			}
		} else if link != "" {
			s.t.Errorf("%s: the last page has the Link %s", query, link)
		}
		if len(results.Results) == 0 {
			names = append(names, fmt.Sprintf("(empty page of %d)", results.Total))
		}
	}
	return strings.Join(names, " ")
}

func TestSearch(t *testing.T) {
	s := searchable(t)
	for query, want := range map[string]string{
		"q=http":                             "http http-client",
		"q=http&limit=1":                     "http http-client",
		"q=acme&limit=2":                     "http http-client json left-pad yaml",
		"q=acme&limit=2&sort=name":           "http http-client json left-pad yaml",
		"q=htpp":                             "http http-client",
		"q=left+pad":                         "left-pad",
		"q=none":                             "(empty page of 0)",
		"q=scope%3Aacme+json":                "json",
		"":                                   "http http-client json left-pad yaml",
		"q=":                                 "http http-client json left-pad yaml",
		"limit=2&sort=relevance":             "http http-client json left-pad yaml",
		"limit=2&sort=name":                  "http http-client json left-pad yaml",
		"limit=2&sort=updated&q=scope:acme":  s.pages("sort=updated"),
		"limit=1&sort=updated":               s.pages("sort=updated"),
		"limit=1&sort=updated&q=http+client": "http-client",
		"q=acme&other=x":                     "http http-client json left-pad yaml",
	} {
		if got := s.pages(query); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	var results api.Results
	s.get("/v1/search?q=%20HTTP%20").json(t, &results)
	if results.Query != " HTTP " || results.Total != 2 || results.TotalIsCapped || !results.Results[0].Exact || results.Results[1].Exact {
		t.Errorf("the reply is %+v", results)
	}
}

func TestSearchRefuses(t *testing.T) {
	s := searchable(t)
	var results api.Results
	s.get("/v1/search?sort=name&limit=1").json(t, &results)
	cursor := (*results.Next)[strings.Index(*results.Next, "cursor=")+7:]
	cursor, _, _ = strings.Cut(cursor, "&")
	for query, status := range map[string]int{
		"q=" + strings.Repeat("a", 256):          200,
		"q=" + strings.Repeat("a", 257):          400,
		"q=" + strings.Repeat("%C3%A9", 256):     200,
		"q=" + strings.Repeat("a+", 17):          400,
		"q=" + strings.Repeat("x", 10_000):       400,
		"q=a%FFb":                                400,
		"q=a&q=b":                                400,
		"sort=best":                              400,
		"sort=":                                  400,
		"sort=Name":                              400,
		"limit=0":                                400,
		"limit=101":                              400,
		"limit=100":                              200,
		"cursor=x":                               400,
		"cursor=" + cursor:                       400, // of another order
		"cursor=" + cursor + "&sort=name":        200,
		"cursor=" + cursor + "x&sort=name":       400,
		"cursor=" + cursor + "&sort=name&q=none": 200,
	} {
		code := api.Code("")
		if status == 400 {
			code = api.InvalidRequest
		}
		s.want(s.get("/v1/search?"+query), status, code)
	}
	s.want(s.do("POST", "/v1/search", nil, nil), 405, api.MethodNotAllowed)
}

// Every query that is not too long is answered, and nothing in it is an operator.
func TestSearchTakesWhatever(t *testing.T) {
	s := searchable(t)
	for query, want := range map[string]string{
		`"http`: "http http-client", `http*`: "http http-client", `^http`: "http http-client", `http OR yaml`: "(empty page of 0)",
		`http NOT client`: "(empty page of 0)", `http -client`: "http-client", `(http`: "http http-client", `{terms}: http`: "(empty page of 0)",
		`http & !client`: "http-client", `http:*`: "http http-client", `http <-> client`: "http-client", "ht\x00tp": "(empty page of 0)",
		`NEAR(http client, 5)`: "(empty page of 0)", `http'; DROP TABLE search_package; --`: "(empty page of 0)", `\http`: "http http-client",
		"=http": "http http-client", "~http": "http http-client", "#http": "http http-client", "🚀 http": "http http-client", "h\u0301ttp": "http http-client",
		"%": "(empty page of 0)", "_ttp": "(empty page of 0)",
	} {
		if got := s.pages("q=" + url.QueryEscape(query)); got != want {
			t.Errorf("%q: %s, want %s", query, got, want)
		}
	}
}
