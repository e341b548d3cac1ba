package client

import (
	"iter"
	"net/url"
	"strings"
)

// Bounds of lists that come in pages.
const (
	maxPages = 10_000 // then a list is taken for one without end
	pageSize = 100    // asked for where everything is wanted: the most that a page may have
)

// CursorOf gives the cursor in the address of a next page, and "" when there is
// none. It is all that is taken from such an address: the next page is asked for
// at the registry's own origin and path, whatever the address says.
func CursorOf(next *string) (string, error) {
	if next == nil {
		return "", nil
	}
	u, err := url.Parse(*next)
	if err == nil {
		if cursor := u.Query().Get("cursor"); cursor != "" {
			return cursor, nil
		}
	}
	return "", &ReplyError{URL: Printable(*next), Reason: "this is no address of a next page: it has no cursor"}
}

// asking adds a query to an address; parameters without a value are left out.
func asking(address string, parameters url.Values) string {
	for name, values := range parameters {
		if values[0] == "" {
			delete(parameters, name)
		}
	}
	if len(parameters) == 0 {
		return address
	}
	separator := "?"
	if strings.Contains(address, "?") {
		separator = "&"
	}
	return address + separator + parameters.Encode()
}

// allOf goes through a list from the page at cursor on. page asks for one page, and
// gives what is on it and the address of the next. A list that goes on without
// getting anywhere is an error.
func allOf[T any](cursor string, page func(cursor string) (items []T, next *string, err error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		for range maxPages {
			items, next, err := page(cursor)
			for _, item := range items {
				if err == nil && !yield(item, nil) {
					return
				}
			}
			before := cursor
			if err == nil {
				cursor, err = CursorOf(next)
			}
			switch {
			case err != nil:
				yield(none, err)
				return
			case cursor == "":
				return
			case cursor == before || len(items) == 0:
				yield(none, &ReplyError{URL: Printable(*next), Reason: "the list does not go on with its next page"})
				return
			}
		}
		yield(none, &ReplyError{Reason: "the list has no end"})
	}
}
