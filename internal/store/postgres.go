package store

import (
	"context"
	"database/sql"
	"errors"

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
}

// vacuum frees the place of the rows that are gone, for others to be written over.
func vacuum(ctx context.Context, db *sql.DB) error {
	_, err := db.ExecContext(ctx, "VACUUM archive, readme")
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
func isConflict(err error) bool {
	failure, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (failure.Code == "40001" || failure.Code == "40P01")
}
