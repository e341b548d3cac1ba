package store

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/ori-lang/registry/ident"
)

// batch is how many rows one statement looks up at most. A shorter batch is
// filled up with NULL, which equals nothing, so that there is one statement to
// prepare and not one for each length.
const batch = 128

// lookUp runs the statement that ask makes of the placeholders of a batch, with
// the keys, of width columns each, a batch at a time.
func (r *Reader) lookUp(ctx context.Context, width int, keys []any, ask func(list string) string, visit func(scan func(...any) error) error) error {
	text := ask(placeholders(width))
	for some := range slices.Chunk(keys, width*batch) {
		args := make([]any, width*batch)
		copy(args, some)
		if err := r.rows(ctx, visit, text, args...); err != nil {
			return err
		}
	}
	return nil
}

// placeholders gives "($1, $2), ($3, $4), …", a row for each of a batch; with
// one column "($1), ($2), …", which after IN is a list of values.
func placeholders(width int) string {
	var b strings.Builder
	for i := range width * batch {
		switch {
		case i == 0:
			b.WriteByte('(')
		case i%width == 0:
			b.WriteString("), (")
		default:
			b.WriteString(", ")
		}
		b.WriteString("$" + strconv.Itoa(i+1))
	}
	b.WriteByte(')')
	return b.String()
}

// VersionsAt calls visit with those of the versions that are stored, in no
// order, each with the status of its package.
func (r *Reader) VersionsAt(ctx context.Context, refs []ident.Ref, visit func(v *Version, status string) error) error {
	var keys []any
	for _, ref := range refs {
		keys = append(keys, ref.Package.String(), ref.Version.String())
	}
	// CROSS JOIN makes SQLite begin with the few that are wanted.
	ask := func(list string) string {
		return `WITH wanted (package, version) AS (VALUES ` + list + `)
			SELECT package.status, version.package, ` + versionColumns + `
			FROM wanted CROSS JOIN version
				JOIN package ON package.name = version.package
				JOIN account ON account.id = version.published_by
			WHERE version.package = wanted.package AND version.version = wanted.version`
	}
	return r.lookUp(ctx, 2, keys, ask, func(scan func(...any) error) error {
		var status, name string
		v, err := scanVersion(func(dest ...any) error { return scan(append([]any{&status, &name}, dest...)...) }, ident.Package{})
		if err != nil {
			return err
		}
		if v.Package, err = ident.ParsePackage(name); err != nil {
			return err
		}
		return visit(v, status)
	})
}

// PackagesAt calls visit with those of the packages that are there, in no order.
func (r *Reader) PackagesAt(ctx context.Context, names []ident.Package, visit func(ident.Package) error) error {
	var keys []any
	for _, name := range names {
		keys = append(keys, name.String())
	}
	ask := func(list string) string { return `SELECT name FROM package WHERE name IN (` + list + `)` }
	return r.lookUp(ctx, 1, keys, ask, func(scan func(...any) error) error {
		var text string
		if err := scan(&text); err != nil {
			return err
		}
		name, err := ident.ParsePackage(text)
		if err != nil {
			return err
		}
		return visit(name)
	})
}

// EntriesAt calls visit with those of the entries that are there, in no order.
func (r *Reader) EntriesAt(ctx context.Context, indexes []int64, visit func(index int64, entry []byte) error) error {
	var keys []any
	for _, index := range indexes {
		keys = append(keys, index)
	}
	ask := func(list string) string { return `SELECT idx, bytes FROM log_entry WHERE idx IN (` + list + `)` }
	return r.lookUp(ctx, 1, keys, ask, func(scan func(...any) error) error {
		var index int64
		var entry []byte
		if err := scan(&index, &entry); err != nil {
			return err
		}
		return visit(index, entry)
	})
}
