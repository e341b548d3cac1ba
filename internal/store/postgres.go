package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

var postgresDialect = dialect{
	name:       "postgres",
	goose:      goose.DialectPostgres,
	lockClause: " FOR UPDATE",
	snapshot:   sql.LevelRepeatableRead,
	write:      sql.LevelSerializable,
	retryable:  isConflict,
	scrub:      vacuum,

	overwriting: func(_ context.Context, _ *sql.Tx, change func() error) error { return change() },

	bound:    postgresBound,
	timedOut: func(err error) bool { return hasCode(err, "57014") },

	list:        func(param string) string { return postgresList("value", param) },
	isOneOf:     func(param string) string { return postgresIsOneOf("value", param) },
	isNumberOf:  func(param string) string { return postgresIsOneOf("CAST(value AS BIGINT)", param) },
	gather:      "COALESCE(json_agg(place), '[]')",
	match:       notation{`'`, " & ", " | "},
	find:        postgresFind(),
	addTerms:    "INSERT INTO search_text (place, terms) VALUES ($1, array_to_tsvector(string_to_array($2, ' ')))",
	removeTerms: "DELETE FROM search_text WHERE place = $1",
}

func postgresList(column, param string) string {
	return "SELECT " + column + " FROM json_array_elements_text(CAST(" + param + " AS JSON)) AS list (value)"
}

// postgresIsOneOf makes an array of the list: an index is read in the order of
// an array, from one page to the next, but in that of a hash for IN.
func postgresIsOneOf(column, param string) string {
	return " = ANY (ARRAY(" + postgresList(column, param) + "))"
}

// vacuum frees the place of the rows that are gone, for others to be written over.
func vacuum(ctx context.Context, db *sql.DB) error {
	_, err := db.ExecContext(ctx, "VACUUM archive, readme, search_text")
	return err
}

// maxConnections of one server: well below PostgreSQL's default of 100, so
// that several servers share one database.
const maxConnections = 20

// openPostgres opens the database with one pool of connections for readers and
// writers. The transactions of the log are READ COMMITTED, the default: they
// wait for each other on the row of log_state, and each sees what the one
// before it has committed.
func openPostgres(url string) (*DB, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, errors.New("its URL is not one of PostgreSQL: postgres://user:password@host:port/database")
	}
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(maxConnections)
	db.SetMaxIdleConns(maxConnections)
	both := newPool(db)
	return &DB{dialect: postgresDialect, writer: both, readers: both}, nil
}

// isConflict recognises a serialization failure and a deadlock.
func isConflict(err error) bool { return hasCode(err, "40001", "40P01") }

func hasCode(err error, codes ...string) bool {
	failure, ok := errors.AsType[*pgconn.PgError](err)
	return ok && slices.Contains(codes, failure.Code)
}

// postgresBound also keeps the planner to what is quick for every query: the
// indexes, and no preparation that pays only in long statements.
const postgresBound = `SELECT set_config('statement_timeout', $1, true) || set_config('enable_seqscan', 'off', true)
	|| set_config('jit', 'off', true) || set_config('max_parallel_workers_per_gather', '0', true)`

// maxOfClass bounds what is read of one class of places. The index gives the
// rows of a class in no order: they are sorted here, and where there are more
// of them, those that are taken are the first in the table.
const maxOfClass = 5000

// postgresFind reads the classes one after the other and ends with the first
// that has enough; the classes behind it are not touched.
func postgresFind() string {
	var classes []string
	for class := range placeClasses {
		classes = append(classes, fmt.Sprintf(`(SELECT place FROM (SELECT place FROM search_text_%d
			WHERE terms @@ CAST($1 AS tsquery) LIMIT %d) AS matching ORDER BY place)`, class, maxOfClass))
	}
	return strings.Join(classes, " UNION ALL ") + " LIMIT $2"
}
