package httpapi

import (
	"errors"
	"net/http/httptest"
	"testing"

	"github.com/ori-lang/registry/api"
)

func TestQueryLimit(t *testing.T) {
	cases := map[string]int{
		"": pageSize, "limit=1": 1, "limit=100": 100, "q=limit": pageSize,
		"limit=0": 0, "limit=101": 0, "limit=-1": 0, "limit=": 0, "limit=1e1": 0, "limit=007": 0, "limit=+7": 0, "limit=1&limit=1": 0,
		"limit=99999999999999999999": 0, "limit=%zz": 0,
	}
	for query, want := range cases {
		got, err := queryLimit(httptest.NewRequest("GET", "/v1/search?"+query, nil), pageSize, maxPageSize)
		if got != want || (want == 0) != errors.Is(err, api.InvalidRequest) {
			t.Errorf("%q: %d, %v; want %d", query, got, err, want)
		}
	}
}

func TestNextPage(t *testing.T) {
	urls, err := api.NewURLs("https://pkg.test/ori")
	if err != nil {
		t.Fatal(err)
	}
	s, reply := &service{urls: urls}, httptest.NewRecorder()
	request := httptest.NewRequest("GET", "/v1/search?q=a+b&cursor=old&limit=5", nil)
	const want = "https://pkg.test/ori/v1/search?cursor=new-_&limit=5&q=a+b"
	c := &call{ResponseWriter: reply}
	if next := s.nextPage(c, request, "new-_"); next == nil || *next != want {
		t.Errorf("the next page is at %v, want %s", next, want)
	}
	if link := reply.Header().Get("Link"); link != "<"+want+`>; rel="next"` {
		t.Errorf("Link is %s", link)
	}
	last := httptest.NewRecorder()
	if next := s.nextPage(&call{ResponseWriter: last}, request, ""); next != nil || last.Header().Get("Link") != "" {
		t.Errorf("the last page has a next one: %v, %q", next, last.Header().Get("Link"))
	}
}
