package store

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

// dialect holds all that differs between the databases.
type dialect struct {
	name       string // the folder of its migrations
	goose      goose.Dialect
	lockClause string                                      // appended to the SELECT that makes log writers wait for each other
	snapshot   sql.IsolationLevel                          // of reads that see one moment
	write      sql.IsolationLevel                          // of transactions that are as if they were alone
	retryable  func(err error) bool                        // another transaction was in the way: the same again may go through
	scrub      func(ctx context.Context, db *sql.DB) error // see DB.Scrub

	// overwriting runs change so that what it deletes is overwritten, where the database can do that.
	overwriting func(ctx context.Context, tx *sql.Tx, change func() error) error

	bound    string               // bounds the statements of a transaction, in milliseconds; "": the end of their context does
	timedOut func(err error) bool // a statement was stopped at that bound

	list        func(param string) string // selects the elements of a list of texts, written as JSON, as "value"
	isOneOf     func(param string) string // says of the column before it that it is one of the texts of such a list
	isNumberOf  func(param string) string // the same for numbers
	gather      string                    // an aggregate that writes "place" of all rows as a list in JSON
	match       notation
	find        string // selects the places of what matches $1, $2 at most
	addTerms    string
	removeTerms string
}

//go:embed migrations
var migrations embed.FS

// migrate brings the schema up to date. On SQLite every migration is one
// transaction, so a crash in the middle leaves the schema of before. A second
// process that does the same at the same time can make each step fail once; the
// next try finds it done.
func migrate(ctx context.Context, db *sql.DB, d dialect) error {
	steps, err := fs.Sub(migrations, "migrations/"+d.name)
	if err != nil {
		return fmt.Errorf("reading migrations: %w", err)
	}
	provider, err := goose.NewProvider(d.goose, db, steps)
	if err != nil {
		return fmt.Errorf("reading migrations: %w", err)
	}
	for range 1 + len(provider.ListSources()) {
		if _, err = provider.Up(ctx); err == nil {
			break
		}
	}
	if err != nil {
		return err
	}
	return refuseNewer(ctx, provider)
}

// refuseNewer keeps an older program from a schema that it does not know.
func refuseNewer(ctx context.Context, provider *goose.Provider) error {
	current, newest, err := provider.GetVersions(ctx)
	if err == nil && current > newest {
		err = fmt.Errorf("the database has the schema %d and this program knows %d: it was used by a newer version of the program; use that one", current, newest)
	}
	return err
}
