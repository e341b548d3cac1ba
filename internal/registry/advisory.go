package registry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/internal/osv"
	"github.com/ori-lang/registry/internal/sequencer"
	"github.com/ori-lang/registry/internal/store"
	"github.com/ori-lang/registry/translog"
)

// Advisory gives one advisory, as the bytes whose checksum stands in the log.
func (r *Registry) Advisory(ctx context.Context, id string) ([]byte, error) {
	a, err := r.db.Reader().Advisory(ctx, id)
	if err != nil {
		return nil, orProblem(err, noAdvisory(id))
	}
	return a.Record, nil
}

func noAdvisory(id string) *api.Problem {
	return api.Errorf(api.AdvisoryNotFound, "there is no advisory %.80q here", id)
}

// AdvisoryQuery says which advisories are listed; the zero value: all.
type AdvisoryQuery struct {
	Package ident.Package // those that name it
	Version ident.Version // of these, those that affect it; needs Package
	Since   time.Time     // those that this registry took, or changed, then or later
	Limit   int
	Cursor  string
}

// advisoryCursor is the place of a list of advisories: behind an entry of the log.
type advisoryCursor struct {
	Behind int64 `json:"behind"`
}

// Advisories lists advisories in the order of their last change, withdrawn ones
// too unless a version is asked for. An advisory that changes meanwhile comes
// again at the end: who pages on misses nothing.
func (r *Registry) Advisories(ctx context.Context, q AdvisoryQuery) (records [][]byte, cursor string, err error) {
	if !q.Version.IsZero() && q.Package.IsZero() {
		return nil, "", api.Errorf(api.InvalidRequest, "a version is asked for without its package")
	}
	at := advisoryCursor{Behind: -1}
	if err := decodeCursor(q.Cursor, &at); err != nil {
		return nil, "", err
	}
	page, err := r.pageOfAdvisories(ctx, q, at.Behind)
	if err != nil {
		return nil, "", err
	}
	if len(page) > q.Limit {
		page = page[:q.Limit]
		cursor, err = encodeCursor(advisoryCursor{page[q.Limit-1].LogIndex})
	}
	for _, a := range page {
		records = append(records, a.Record)
	}
	return records, cursor, err
}

// pageOfAdvisories reads one advisory more than the page has, to know whether
// another page follows.
func (r *Registry) pageOfAdvisories(ctx context.Context, q AdvisoryQuery, behind int64) (page []*store.Advisory, err error) {
	db := r.db.Reader()
	if q.Package.IsZero() {
		return db.Advisories(ctx, behind, q.Since, q.Limit+1)
	}
	for {
		batch, err := db.AdvisoriesOn(ctx, q.Package, behind, q.Since, q.Limit+1)
		if err != nil {
			return nil, err
		}
		for _, a := range batch {
			wanted, err := q.wants(a)
			if err != nil {
				return nil, err
			}
			if wanted {
				page = append(page, a.Advisory)
			}
		}
		if len(batch) <= q.Limit || len(page) > q.Limit {
			return page, nil
		}
		behind = batch[len(batch)-1].LogIndex
	}
}

func (q AdvisoryQuery) wants(a store.PackageAdvisory) (bool, error) {
	if q.Version.IsZero() {
		return true, nil
	}
	affected, err := affectedVersions(a.ID, a.Affected)
	return err == nil && !a.Withdrawn && affected.Has(q.Version), err
}

func affectedVersions(id string, text []byte) (set osv.Versions, err error) {
	if err := json.Unmarshal(text, &set); err != nil {
		return set, fmt.Errorf("reading what %s affects: %w", id, err)
	}
	return set, nil
}

// advise notes in each version of the package which advisories affect it.
func advise(ctx context.Context, db *store.Reader, p ident.Package, versions ...*store.Version) error {
	return db.EachAffected(ctx, p, func(id string, text []byte) error {
		affected, err := affectedVersions(id, text)
		if err != nil {
			return err
		}
		for _, v := range versions {
			if affected.Has(v.Version) {
				v.Advisories = append(v.Advisories, id)
			}
		}
		return nil
	})
}

// AdvisoryUpdate is an advisory as an operator sends it.
type AdvisoryUpdate struct {
	ID     string
	Record []byte // one JSON object
	// Replaces reports whether the record that is there is the one that the
	// sender means to replace; nil: the sender means to replace none.
	Replaces func(record []byte) bool
}

// MayFileAdvisory reports whether the actor may file an advisory under this id:
// operators may, under ids of this registry.
func (r *Registry) MayFileAdvisory(a Actor, id string) error {
	if err := r.requireOperator(a); err != nil {
		return err
	}
	if !osv.IsID(id) {
		return api.Errorf(api.InvalidRequest, "%.80q is no id of an advisory; this registry gives ids such as x_ORI-2026-0001", id)
	}
	return nil
}

// PutAdvisory files an advisory and gives it in the form in which it is kept.
// One that is there with the same content is left as it is, whatever the sender
// means to replace.
func (r *Registry) PutAdvisory(ctx context.Context, a Actor, up AdvisoryUpdate) (record []byte, created bool, err error) {
	if err := r.MayFileAdvisory(a, up.ID); err != nil {
		return nil, false, err
	}
	filed, err := r.readAdvisory(up)
	if err != nil {
		return nil, false, err
	}
	if err := a.requirePackages(filed); err != nil {
		return nil, false, err
	}
	var isNew bool // see ClaimScope
	err = r.submit(ctx, func(ctx context.Context, tx *sequencer.Tx) (err error) {
		isNew, err = r.fileAdvisory(ctx, tx, a, up, filed)
		return err
	})
	if err != nil {
		return nil, false, err
	}
	return filed.Text, isNew, nil
}

// readAdvisory checks all that the record itself decides.
func (r *Registry) readAdvisory(up AdvisoryUpdate) (*osv.Record, error) {
	schema, err := r.advisories()
	if err != nil {
		return nil, err
	}
	record, faults, err := schema.Read(up.Record, up.ID, r.now())
	switch {
	case err != nil:
		return nil, api.Errorf(api.InvalidRequest, "the body is not acceptable JSON")
	case len(faults) > 0:
		return nil, invalidAdvisory(faults...)
	case len(record.Text) > api.MaxJSON:
		return nil, api.Errorf(api.BodyTooLarge, "the record has more than %d bytes in the form in which it is kept", api.MaxJSON)
	}
	return record, nil
}

func invalidAdvisory(faults ...osv.Fault) *api.Problem {
	problem := api.Errorf(api.ValidationFailed, "the record is refused").
		WithHint("the format is described at https://ossf.github.io/osv-schema/")
	for _, f := range faults {
		problem.Errors = append(problem.Errors, api.Fault{Pointer: f.Pointer, Code: f.Code, Detail: f.Detail})
	}
	return problem
}

func (r *Registry) fileAdvisory(ctx context.Context, tx *sequencer.Tx, a Actor, up AdvisoryUpdate, filed *osv.Record) (created bool, err error) {
	if err := r.recheck(ctx, &tx.Reader, a); err != nil {
		return false, err
	}
	there, err := tx.Advisory(ctx, up.ID)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return false, err
	}
	if err == nil && bytes.Equal(there.Record, filed.Text) {
		return false, nil
	}
	if err := mayReplace(a, up, there, filed); err != nil {
		return false, err
	}
	return there == nil, r.recordAdvisory(ctx, tx, a, filed)
}

// mayReplace decides whether the record takes the place of the one that is
// there, nil for none.
func mayReplace(a Actor, up AdvisoryUpdate, there *store.Advisory, filed *osv.Record) error {
	switch {
	case there == nil && up.Replaces == nil:
		return nil
	case there == nil:
		return api.Errorf(api.PreconditionFailed, "there is no advisory %s to replace", up.ID).
			WithHint("leave If-Match out to make it")
	case up.Replaces == nil || !up.Replaces(there.Record):
		return api.Errorf(api.PreconditionFailed, "the advisory %s is there with another content", up.ID).
			WithHint("read it, and send its ETag in If-Match")
	}
	old, err := osv.Parse(there.Record)
	if err != nil {
		return err
	}
	if !filed.Modified.After(old.Modified) {
		return invalidAdvisory(osv.Fault{
			Pointer: "/modified", Code: osv.CodeValue,
			Detail: fmt.Sprintf("it must be later than %s, the time of the record that is there", old.Modified.Format(time.RFC3339Nano)),
		})
	}
	return a.requirePackages(old)
}

// requirePackages is nil when the actor's token is good for every package that
// the record names.
func (a Actor) requirePackages(record *osv.Record) error {
	for p := range record.Affected {
		if err := a.requirePackage(p); err != nil {
			return err
		}
	}
	return nil
}

func (r *Registry) recordAdvisory(ctx context.Context, tx *sequencer.Tx, a Actor, filed *osv.Record) error {
	entry := &translog.Entry{
		Kind: translog.KindAdvisory, Advisory: filed.ID, Record: ident.ChecksumOf(filed.Text), Actor: a.account.ID,
	}
	index, _, err := tx.Append(ctx, entry)
	if err != nil {
		return err
	}
	affected, err := affectedTexts(filed)
	if err != nil {
		return err
	}
	return tx.SetAdvisory(ctx, store.Advisory{
		ID: filed.ID, Record: filed.Text, Withdrawn: filed.Withdrawn, ChangedAt: entry.Time, LogIndex: index,
	}, affected)
}

// affectedTexts gives what a record says of each package, as it is stored.
func affectedTexts(record *osv.Record) (map[ident.Package][]byte, error) {
	texts := make(map[ident.Package][]byte)
	for p, set := range record.Affected {
		text, err := json.Marshal(set)
		if err != nil {
			return nil, fmt.Errorf("writing what %s affects: %w", record.ID, err)
		}
		texts[p] = text
	}
	return texts, nil
}
