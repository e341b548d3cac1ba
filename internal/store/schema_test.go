package store

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ori-lang/registry/internal/repotest/pgtest"
)

// The migrations of both databases lead to the same tables: the same columns
// in the same order with the same meaning, and the same keys and indexes. Only
// the full-text index, search_text, is each database's own.
func TestSchemasAreEqual(t *testing.T) {
	sqlite := open(t, "sqlite:"+filepath.Join(t.TempDir(), "registry.db"))
	postgres := open(t, pgtest.URL(t))
	for _, what := range []struct {
		name             string
		sqlite, postgres string
	}{
		{"columns", sqliteColumns, postgresColumns},
		{"unique and other indexes", sqliteIndexes, postgresIndexes},
		{"foreign keys", sqliteForeignKeys, postgresForeignKeys},
	} {
		left, right := lines(t, sqlite.writer.db, what.sqlite), lines(t, postgres.writer.db, what.postgres)
		if len(left) < 5 {
			t.Errorf("%s: only %d were found", what.name, len(left))
		}
		if diff := cmp.Diff(left, right); diff != "" {
			t.Errorf("%s (-sqlite +postgres):\n%s", what.name, diff)
		}
	}
}

const (
	sqliteColumns = `SELECT m.name || '.' || printf('%02d', c.cid) || ' ' || c.name || ' ' || c.type || CASE WHEN c."notnull" OR c.pk > 0 THEN ' not null' ELSE '' END
		FROM sqlite_master m JOIN pragma_table_info(m.name) c
		WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE 'goose_%' AND m.name NOT LIKE 'search_text%'`
	postgresColumns = `SELECT table_name || '.' || to_char(ordinal_position - 1, 'FM00') || ' ' || column_name || ' '
		|| CASE data_type WHEN 'bytea' THEN 'BLOB' ELSE upper(data_type) END
		|| CASE is_nullable WHEN 'NO' THEN ' not null' ELSE '' END
		FROM information_schema.columns
		WHERE table_schema = current_schema() AND table_name NOT LIKE 'goose_%' AND table_name NOT LIKE 'search_text%'`

	sqliteIndexes = `SELECT m.name || ' (' || (SELECT group_concat(i.name, ', ') FROM pragma_index_info(l.name) i) || ')'
		|| CASE WHEN l."unique" THEN ' unique' ELSE '' END || CASE WHEN l.partial THEN ' partial' ELSE '' END
		FROM sqlite_master m JOIN pragma_index_list(m.name) l
		WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE 'goose_%' AND m.name NOT LIKE 'search_text%'`
	postgresIndexes = `SELECT t.relname || ' (' || (
			SELECT string_agg(a.attname, ', ' ORDER BY k.ord) FROM unnest(x.indkey) WITH ORDINALITY AS k (attnum, ord)
			JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.attnum) || ')'
		|| CASE WHEN x.indisunique THEN ' unique' ELSE '' END || CASE WHEN x.indpred IS NOT NULL THEN ' partial' ELSE '' END
		FROM pg_index x JOIN pg_class t ON t.oid = x.indrelid JOIN pg_namespace n ON n.oid = t.relnamespace
		WHERE n.nspname = current_schema() AND t.relname NOT LIKE 'goose_%' AND t.relname NOT LIKE 'search_text%'`

	sqliteForeignKeys = `SELECT m.name || ' ' || f."from" || ' -> ' || f."table" || ' ' || f."to"
		FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f WHERE m.type = 'table'`
	postgresForeignKeys = `SELECT t.relname || ' ' || a.attname || ' -> ' || r.relname || ' ' || b.attname
		FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid JOIN pg_class r ON r.oid = c.confrelid
		JOIN pg_namespace n ON n.oid = t.relnamespace
		CROSS JOIN LATERAL unnest(c.conkey, c.confkey) AS k (here, there)
		JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.here
		JOIN pg_attribute b ON b.attrelid = r.oid AND b.attnum = k.there
		WHERE c.contype = 'f' AND n.nspname = current_schema()`
)

// lines runs a query of one text column and sorts what it gives.
func lines(t *testing.T, db *sql.DB, query string) (all []string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	must(t, err)
	defer rows.Close()
	for rows.Next() {
		var line string
		must(t, rows.Scan(&line))
		all = append(all, strings.TrimSpace(line))
	}
	must(t, rows.Err())
	slices.Sort(all)
	return all
}

// Text is compared byte by byte in both: the order of names is the same.
func TestTextIsOrderedAlike(t *testing.T) {
	forEachDatabase(t, func(t *testing.T, db *DB) {
		var scopes []change
		for _, name := range []string{"b", "a-z", "a0", "a", "ab"} {
			scopes = append(scopes, subject(name))
		}
		write(t, db, scopes...)
		var order []string
		must(t, db.Reader().EachSubject(t.Context(), func(name string, _ Subject) error {
			order = append(order, name)
			return nil
		}))
		equal(t, "order", fmt.Sprint(order), "[a a-z a0 ab b]")
	})
}

func subject(name string) change {
	return func(ctx context.Context, tx *Tx) error { return tx.SetSubject(ctx, name, Subject{Seq: 1}) }
}
