package httpapi

import (
	"encoding/json"
	"net/http"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/internal/registry"
)

func (s *service) advisories(c *call, r *http.Request) error {
	query, err := advisoryQuery(r)
	if err != nil {
		return err
	}
	records, cursor, err := s.reg.Advisories(r.Context(), query)
	if err != nil {
		return err
	}
	page := api.Advisories{Advisories: []json.RawMessage{}, Next: s.nextPage(c, r, cursor)}
	for _, record := range records {
		page.Advisories = append(page.Advisories, record)
	}
	return s.json(c, r, http.StatusOK, page)
}

func advisoryQuery(r *http.Request) (q registry.AdvisoryQuery, err error) {
	if q.Package, err = queryIdent(r, "package", ident.ParsePackage); err != nil {
		return q, err
	}
	if q.Version, err = queryIdent(r, "version", ident.ParseVersion); err != nil {
		return q, err
	}
	if q.Since, err = queryTime(r, "since"); err != nil {
		return q, err
	}
	if q.Limit, err = queryLimit(r, pageSize, maxPageSize); err != nil {
		return q, err
	}
	q.Cursor, _, err = queryValue(r, "cursor")
	return q, err
}

// queryIdent reads a parameter of package ident; absent is the zero value, and
// nothing else is.
func queryIdent[T any](r *http.Request, name string, parse func(string) (T, error)) (value T, err error) {
	text, ok, err := queryValue(r, name)
	if err != nil || !ok {
		return value, err
	}
	value, err = parse(text)
	return value, badIdent(err)
}

func (s *service) advisory(c *call, r *http.Request) error {
	record, err := s.reg.Advisory(r.Context(), r.PathValue("advisory"))
	if err != nil {
		return err
	}
	return s.send(c, r, advisoryDocument(record))
}

func advisoryDocument(record []byte) *document { return newDocument("application/json", record) }

func (s *service) putAdvisory(c *call, r *http.Request) error {
	update := registry.AdvisoryUpdate{ID: r.PathValue("advisory")}
	err := s.reg.MayFileAdvisory(c.actor, update.ID)
	if err != nil {
		return err
	}
	if update.Record, err = decodeWhole(c, r); err != nil {
		return err
	}
	if matches := ifMatch(r); matches != nil {
		update.Replaces = func(record []byte) bool { return matches(advisoryDocument(record)) }
	}
	record, created, err := s.reg.PutAdvisory(r.Context(), c.actor, update)
	if err != nil {
		return err
	}
	return sendOnce(c, createdAt(c, created, s.urls.Advisory(update.ID)), "application/json", record)
}
