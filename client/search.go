package client

import (
	"context"
	"iter"
	"net/url"
	"strconv"

	"github.com/ori-lang/registry/api"
)

// SearchQuery is what is looked for, and how it is shown.
type SearchQuery struct {
	Query  string   // words, scope:… and keyword:…; "": everything
	Sort   api.Sort // "": by relevance
	Limit  int      // results on a page, at most 100; 0: 20
	Cursor string   // of an earlier page, from CursorOf; "": the first
}

// Search asks for a page of the packages that a query finds.
func (c *Client) Search(ctx context.Context, q SearchQuery) (*api.Results, error) {
	address := asking(c.urls.Search(q.Query), url.Values{
		"sort": {string(q.Sort)}, "limit": {orNone(q.Limit)}, "cursor": {q.Cursor},
	})
	var found api.Results
	err := c.getJSON(ctx, address, maxReply, &found, func() error { return checkResults(address, &found, q.Query) })
	if err != nil {
		return nil, err
	}
	return &found, nil
}

func checkResults(address string, found *api.Results, query string) error {
	if found.Results == nil {
		return &ReplyError{URL: address, Reason: "the answer lists no results", foreign: true}
	}
	if found.Query != query {
		return aboutOther(address, found.Query, query)
	}
	for _, r := range found.Results {
		if r.Package.IsZero() {
			return &ReplyError{URL: address, Reason: "the answer lists a package without a name"}
		}
	}
	return nil
}

// SearchAll goes through all that a query finds, page by page, as long as the
// caller does. An error is the last that it gives.
func (c *Client) SearchAll(ctx context.Context, q SearchQuery) iter.Seq2[api.Result, error] {
	if q.Limit == 0 {
		q.Limit = pageSize
	}
	return allOf(q.Cursor, func(cursor string) ([]api.Result, *string, error) {
		q.Cursor = cursor
		found, err := c.Search(ctx, q)
		if err != nil {
			return nil, nil, err
		}
		return found.Results, found.Next, nil
	})
}

func orNone(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}
