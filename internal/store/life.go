package store

import (
	"context"
	"fmt"
	"time"

	"github.com/ori-lang/registry/ident"
)

// Life is what became of a version after it was published: the newest event of
// each kind that still holds.
type Life struct {
	Yanked     *Yanked
	Deprecated *Deprecated
	Removed    *Removed
}

// Yanked says when and why a version was yanked; what was not given is "".
type Yanked struct {
	At              time.Time
	Reason, Message string
}

// Deprecated says since when a version is deprecated and what to use instead.
type Deprecated struct {
	At                   time.Time
	Message, Replacement string
}

// Removed says when and why the operators removed a version.
type Removed struct {
	At              time.Time
	Reason, Message string
}

const lifeColumns = `version.yanked_at, version.yank_reason, version.yank_message,
	version.deprecated_at, version.deprecate_message, version.replacement,
	version.removed_at, version.remove_reason, version.remove_message`

// lifeRow is a Life as it is stored.
type lifeRow struct {
	yanked, deprecated, removed *int64
	text                        [6]*string
}

func (row *lifeRow) dest() []any {
	return []any{
		&row.yanked, &row.text[0], &row.text[1], &row.deprecated, &row.text[2], &row.text[3],
		&row.removed, &row.text[4], &row.text[5],
	}
}

func (row *lifeRow) value() (l Life) {
	if row.yanked != nil {
		l.Yanked = &Yanked{fromMicros(*row.yanked), textOf(row.text[0]), textOf(row.text[1])}
	}
	if row.deprecated != nil {
		l.Deprecated = &Deprecated{fromMicros(*row.deprecated), textOf(row.text[2]), textOf(row.text[3])}
	}
	if row.removed != nil {
		l.Removed = &Removed{fromMicros(*row.removed), textOf(row.text[4]), textOf(row.text[5])}
	}
	return l
}

func textOf(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// columns gives the values of lifeColumns.
func (l Life) columns() []any {
	values := make([]any, 9)
	if y := l.Yanked; y != nil {
		values[0], values[1], values[2] = micros(y.At), nullIfEmpty(y.Reason), nullIfEmpty(y.Message)
	}
	if d := l.Deprecated; d != nil {
		values[3], values[4], values[5] = micros(d.At), nullIfEmpty(d.Message), nullIfEmpty(d.Replacement)
	}
	if r := l.Removed; r != nil {
		values[6], values[7], values[8] = micros(r.At), nullIfEmpty(r.Reason), nullIfEmpty(r.Message)
	}
	return values
}

// SetLife stores what became of a version.
func (t *Tx) SetLife(ctx context.Context, ref ident.Ref, l Life) error {
	return t.exec(ctx, `UPDATE version SET yanked_at = $1, yank_reason = $2, yank_message = $3,
		deprecated_at = $4, deprecate_message = $5, replacement = $6,
		removed_at = $7, remove_reason = $8, remove_message = $9
		WHERE package = $10 AND version = $11`,
		append(l.columns(), ref.Package.String(), ref.Version.String())...)
}

// Life gives what became of a version, or ErrNotFound.
func (r *Reader) Life(ctx context.Context, ref ident.Ref) (Life, error) {
	var row lifeRow
	err := r.row(ctx, row.dest(), `SELECT `+lifeColumns+` FROM version WHERE package = $1 AND version = $2`,
		ref.Package.String(), ref.Version.String())
	return row.value(), err
}

// EachLife calls visit for every version that something became of.
func (r *Reader) EachLife(ctx context.Context, visit func(ident.Ref, Life) error) error {
	return r.rows(ctx, func(scan func(...any) error) error {
		var name, number string
		var row lifeRow
		if err := scan(append([]any{&name, &number}, row.dest()...)...); err != nil {
			return err
		}
		ref, err := ident.ParseRef(name + "@" + number)
		if err != nil {
			return err
		}
		return visit(ref, row.value())
	}, `SELECT version.package, version.version, `+lifeColumns+` FROM version
		WHERE yanked_at IS NOT NULL OR deprecated_at IS NOT NULL OR removed_at IS NOT NULL`)
}

// EraseContent takes the archive and the README of a version out of the
// database; that there was an archive stays. Where the database can, the bytes
// are overwritten; Scrub does the rest after the commit.
func (t *Tx) EraseContent(ctx context.Context, ref ident.Ref, archive ident.Checksum) error {
	return t.dialect.overwriting(ctx, t.tx, func() error {
		if err := t.exec(ctx, `UPDATE archive SET data = NULL, removed = 1 WHERE checksum = $1`, archive[:]); err != nil {
			return err
		}
		return t.exec(ctx, `DELETE FROM readme WHERE package = $1 AND version = $2`, ref.Package.String(), ref.Version.String())
	})
}

// Scrub takes what was erased out of the places where a database keeps the past:
// the index of the search, SQLite's write-ahead log, PostgreSQL's dead rows.
func (db *DB) Scrub(ctx context.Context) error {
	if err := db.dialect.scrub(ctx, db.writer.db); err != nil {
		return fmt.Errorf("scrubbing the database: %w", err)
	}
	return nil
}
