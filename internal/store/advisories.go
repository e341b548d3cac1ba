package store

import (
	"context"
	"time"

	"github.com/ori-lang/registry/ident"
)

// Advisory is a security advisory as it is stored.
type Advisory struct {
	ID        string
	Record    []byte
	Withdrawn bool
	ChangedAt time.Time // time of its newest entry in the log
	LogIndex  int64     // and that entry's place
}

const advisoryColumns = `advisory.id, advisory.record, advisory.withdrawn, advisory.changed_at, advisory.log_index`

func scanAdvisory(scan func(...any) error, more ...any) (*Advisory, error) {
	var a Advisory
	var changed int64
	if err := scan(append([]any{&a.ID, &a.Record, &a.Withdrawn, &changed, &a.LogIndex}, more...)...); err != nil {
		return nil, err
	}
	a.ChangedAt = fromMicros(changed)
	return &a, nil
}

// Advisory gives one advisory, or ErrNotFound.
func (r *Reader) Advisory(ctx context.Context, id string) (*Advisory, error) {
	found, err := r.advisories(ctx, `SELECT `+advisoryColumns+` FROM advisory WHERE id = $1`, id)
	if err == nil && len(found) == 0 {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return found[0], nil
}

func (r *Reader) advisories(ctx context.Context, text string, args ...any) (all []*Advisory, err error) {
	err = r.rows(ctx, func(scan func(...any) error) error {
		a, err := scanAdvisory(scan)
		all = append(all, a)
		return err
	}, text, args...)
	return all, err
}

// Advisories gives up to limit advisories in the order in which they changed
// last: those behind the index in the log that changed at or after since.
func (r *Reader) Advisories(ctx context.Context, behind int64, since time.Time, limit int) ([]*Advisory, error) {
	return r.advisories(ctx, `SELECT `+advisoryColumns+` FROM advisory
		WHERE log_index > $1 AND changed_at >= $2 ORDER BY log_index LIMIT $3`, behind, micros(since), limit)
}

// PackageAdvisory is an advisory with what it says of one package.
type PackageAdvisory struct {
	*Advisory
	Affected []byte // JSON of the set of versions
}

// AdvisoriesOn is Advisories for those that name the package.
func (r *Reader) AdvisoriesOn(ctx context.Context, p ident.Package, behind int64, since time.Time, limit int) (all []PackageAdvisory, err error) {
	err = r.rows(ctx, func(scan func(...any) error) error {
		var affected string
		a, err := scanAdvisory(scan, &affected)
		all = append(all, PackageAdvisory{a, []byte(affected)})
		return err
	}, `SELECT `+advisoryColumns+`, advisory_package.affected
		FROM advisory_package JOIN advisory ON advisory.id = advisory_package.advisory
		WHERE advisory_package.package = $1 AND advisory.log_index > $2 AND advisory.changed_at >= $3
		ORDER BY advisory.log_index LIMIT $4`, p.String(), behind, micros(since), limit)
	return all, err
}

// EachAffected calls visit with the id of each advisory on the package that is
// not withdrawn, and what it says of it, in the order of the ids.
func (r *Reader) EachAffected(ctx context.Context, p ident.Package, visit func(id string, affected []byte) error) error {
	return r.rows(ctx, func(scan func(...any) error) error {
		var id, affected string
		if err := scan(&id, &affected); err != nil {
			return err
		}
		return visit(id, []byte(affected))
	}, `SELECT advisory_package.advisory, advisory_package.affected
		FROM advisory_package JOIN advisory ON advisory.id = advisory_package.advisory
		WHERE advisory_package.package = $1 AND advisory.withdrawn = 0 ORDER BY advisory_package.advisory`, p.String())
}

// AffectedAt is EachAffected for several packages, each in the order of the ids.
func (r *Reader) AffectedAt(ctx context.Context, names []ident.Package, visit func(p ident.Package, id string, affected []byte) error) error {
	var keys []any
	for _, name := range names {
		keys = append(keys, name.String())
	}
	ask := func(list string) string {
		return `SELECT advisory_package.package, advisory_package.advisory, advisory_package.affected
			FROM advisory_package JOIN advisory ON advisory.id = advisory_package.advisory
			WHERE advisory_package.package IN (` + list + `) AND advisory.withdrawn = 0 ORDER BY advisory_package.advisory`
	}
	return r.lookUp(ctx, 1, keys, ask, func(scan func(...any) error) error {
		var name, id, affected string
		if err := scan(&name, &id, &affected); err != nil {
			return err
		}
		p, err := ident.ParsePackage(name)
		if err != nil {
			return err
		}
		return visit(p, id, []byte(affected))
	})
}

// PackagesOf gives the packages that an advisory names, with what it says of each.
func (r *Reader) PackagesOf(ctx context.Context, id string) (affected map[string]string, err error) {
	affected = make(map[string]string)
	err = r.rows(ctx, func(scan func(...any) error) error {
		var name, set string
		err := scan(&name, &set)
		affected[name] = set
		return err
	}, `SELECT package, affected FROM advisory_package WHERE advisory = $1`, id)
	return affected, err
}

// SetAdvisory stores an advisory, new or in place of the one with its id, with
// what it says of each package that it names.
func (t *Tx) SetAdvisory(ctx context.Context, a Advisory, affected map[ident.Package][]byte) error {
	err := t.exec(ctx, `INSERT INTO advisory (id, record, withdrawn, changed_at, log_index) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (id) DO UPDATE SET record = excluded.record, withdrawn = excluded.withdrawn,
			changed_at = excluded.changed_at, log_index = excluded.log_index`,
		a.ID, a.Record, boolToInt(a.Withdrawn), micros(a.ChangedAt), a.LogIndex)
	if err != nil {
		return err
	}
	if err := t.exec(ctx, `DELETE FROM advisory_package WHERE advisory = $1`, a.ID); err != nil {
		return err
	}
	for p, set := range affected {
		err := t.exec(ctx, `INSERT INTO advisory_package (package, advisory, affected) VALUES ($1, $2, $3)`, p.String(), a.ID, string(set))
		if err != nil {
			return err
		}
	}
	return nil
}

// CountAdvisories gives the number of advisories and of the packages that they name.
func (r *Reader) CountAdvisories(ctx context.Context) (advisories, packages int64, err error) {
	err = r.row(ctx, []any{&advisories, &packages},
		`SELECT (SELECT COUNT(*) FROM advisory), (SELECT COUNT(*) FROM advisory_package)`)
	return advisories, packages, err
}
