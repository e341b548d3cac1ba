package httpapi

import (
	"net/http"
	"net/url"
)

// Page sizes of lists, where a list does not set its own.
const (
	pageSize    = 20
	maxPageSize = 100
)

// queryLimit reads how many results a page should have; absent is fallback,
// and more than most is invalid_request.
func queryLimit(r *http.Request, fallback, most int) (int, error) {
	n, err := queryNumber(r, "limit", int64(fallback), 1, int64(most))
	return int(n), err
}

// nextPage gives the address of the page that begins at the cursor, and sets
// it in Link too; nil for the last page, whose cursor is "".
func (s *service) nextPage(c *call, r *http.Request, cursor string) *string {
	if cursor == "" {
		return nil
	}
	query, _ := url.ParseQuery(r.URL.RawQuery) // was read before
	query.Set("cursor", cursor)
	next := s.urls.Base() + r.URL.EscapedPath() + "?" + query.Encode()
	c.Header().Set("Link", "<"+next+`>; rel="next"`)
	return &next
}
