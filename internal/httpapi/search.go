package httpapi

import (
	"net/http"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/internal/registry"
)

func (s *service) search(c *call, r *http.Request) error {
	wanted, err := querySearch(r)
	if err != nil {
		return err
	}
	results, cursor, err := s.reg.Search(r.Context(), wanted)
	if err != nil {
		return err
	}
	results.Next = s.nextPage(c, r, cursor)
	return s.json(c, r, http.StatusOK, results)
}

func querySearch(r *http.Request) (wanted registry.Search, err error) {
	if wanted.Query, _, err = queryValue(r, "q"); err != nil {
		return wanted, err
	}
	if wanted.Cursor, _, err = queryValue(r, "cursor"); err != nil {
		return wanted, err
	}
	if wanted.Limit, err = queryLimit(r, pageSize, maxPageSize); err != nil {
		return wanted, err
	}
	wanted.Sort, err = querySort(r)
	return wanted, err
}

// querySort reads the order of search results; absent is relevance.
func querySort(r *http.Request) (api.Sort, error) {
	value, ok, err := queryValue(r, "sort")
	if err != nil || !ok {
		return api.ByRelevance, err
	}
	switch sort := api.Sort(value); sort {
	case api.ByRelevance, api.ByUpdate, api.ByName:
		return sort, nil
	}
	return "", api.Errorf(api.InvalidRequest, "the query parameter sort is none of relevance, updated and name")
}
