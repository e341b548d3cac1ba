package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/ori-lang/registry/api"
)

// TestSearchGoesThroughPages: as many as it takes, and no more is asked for.
func TestSearchGoesThroughPages(t *testing.T) {
	const total = 250
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		asked = append(asked, r.URL.RawQuery)
		limit, _ := strconv.Atoi(q.Get("limit"))
		begin, _ := strconv.Atoi(q.Get("cursor"))
		end := min(begin+limit, total)
		var results []string
		for i := begin; i < end; i++ {
			results = append(results, fmt.Sprintf(`{"package":"@a/p%d"}`, i))
		}
		next := "null"
		if end < total {
			next = fmt.Sprintf(`"http://elsewhere.example/?cursor=%d"`, end)
		}
		fmt.Fprintf(w, `{"query":"p","total":%d,"results":[%s],"next":%s}`, total, strings.Join(results, ","), next)
	}))
	defer server.Close()
	env := map[string]string{"ORI_REGISTRY_URL": server.URL}
	cases := []struct {
		limit, shown int
		pages        string
		more         string
	}{
		{20, 20, "limit=20&sort=relevance", "more: 250 were found; --limit 250 shows all"},
		{230, 230, "limit=100&sort=relevance cursor=100&limit=100&sort=relevance cursor=200&limit=30&sort=relevance", "more: 250 were found"},
		{1000, 250, "limit=100&sort=relevance cursor=100&limit=100&sort=relevance cursor=200&limit=100&sort=relevance", ""},
	}
	for _, c := range cases {
		asked = nil
		got := oripk(t, env, "search", "p", "--json", "--limit", strconv.Itoa(c.limit))
		got.want(t, exitOK, c.more)
		var found api.Results
		if err := json.Unmarshal([]byte(got.stdout), &found); err != nil || len(found.Results) != c.shown || (found.Next == nil) != (c.more == "") {
			t.Errorf("--limit %d: %d results, %v", c.limit, len(found.Results), err)
		}
		if pages := strings.ReplaceAll(strings.Join(asked, " "), "q=p&", ""); pages != c.pages {
			t.Errorf("--limit %d: asked was %s", c.limit, pages)
		}
	}
}

func TestSearchShowsOtherPeoplesWords(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `{"query":"p","total":1000,"total_is_capped":true,"results":[
			{"package":"@a/p","latest":null,"description":"Fast \u001b[31mred\u202e\nline"}],"next":"?cursor=1"}`)
	}))
	defer server.Close()
	got := oripk(t, nil, "search", "p", "--limit", "1", "--registry", server.URL)
	got.want(t, exitOK, "@a/p  pre-release  Fast red line\n", "more: over 1000 were found; another word")
	got = oripk(t, nil, "search", "p", "--limit", "1", "--registry", server.URL, "--json")
	got.want(t, exitOK, `"keywords": []`)
}
