package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/ori-lang/registry/internal/durable"
)

var sqliteDialect = dialect{
	name:       "sqlite",
	goose:      goose.DialectSQLite3,
	lockClause: "",                                // BEGIN IMMEDIATE has locked everything already
	retryable:  func(error) bool { return false }, // and made others wait
	scrub:      scrubSQLite,

	overwriting: secureDelete,

	bound:    "",
	timedOut: func(error) bool { return false },

	list:        sqliteList,
	isOneOf:     sqliteIsOneOf,
	isNumberOf:  sqliteIsOneOf,
	gather:      "json_group_array(place)",
	match:       notation{`"`, " AND ", " OR "},
	find:        "SELECT rowid AS place FROM search_text WHERE search_text MATCH $1 ORDER BY rowid LIMIT $2",
	addTerms:    "INSERT INTO search_text (rowid, terms) VALUES ($1, $2)",
	removeTerms: "DELETE FROM search_text WHERE rowid = $1",
}

func sqliteList(param string) string { return "SELECT value FROM json_each(" + param + ")" }

func sqliteIsOneOf(param string) string { return " IN (" + sqliteList(param) + ")" }

// secureDelete executes its pragmas and never prepares them: SQLite obeys one
// when it is compiled.
func secureDelete(ctx context.Context, tx *sql.Tx, change func() error) error {
	if _, err := tx.ExecContext(ctx, "PRAGMA secure_delete = ON"); err != nil {
		return err
	}
	err := change()
	_, off := tx.ExecContext(ctx, "PRAGMA secure_delete = OFF")
	return errors.Join(err, off)
}

func scrubSQLite(ctx context.Context, db *sql.DB) error {
	if err := mergeTerms(ctx, db); err != nil {
		return err
	}
	return emptyWAL(ctx, db)
}

// mergeTerms rewrites the index of the search: what is deleted is only marked in
// it, and its terms stay until they are merged. Others have their turn between
// two steps. See https://www.sqlite.org/fts5.html#the_merge_command.
func mergeTerms(ctx context.Context, db *sql.DB) error {
	const step = 500                       // pages
	more, err := mergeSome(ctx, db, -step) // begins with the whole index
	for more && err == nil {
		more, err = mergeSome(ctx, db, step)
	}
	return err
}

func mergeSome(ctx context.Context, db *sql.DB, pages int) (more bool, err error) {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return false, err
	}
	defer tx.Rollback()
	var before, after int
	err = secureDelete(ctx, tx, func() (err error) {
		if before, err = totalChanges(ctx, tx); err != nil {
			return err
		}
		if _, err = tx.ExecContext(ctx, "INSERT INTO search_text (search_text, rank) VALUES ('merge', $1)", pages); err != nil {
			return err
		}
		after, err = totalChanges(ctx, tx)
		return err
	})
	if err != nil {
		return false, err
	}
	return after-before > 1, tx.Commit()
}

func totalChanges(ctx context.Context, tx *sql.Tx) (n int, err error) {
	err = tx.QueryRowContext(ctx, "SELECT total_changes()").Scan(&n)
	return n, err
}

// emptyWAL moves everything into the database file and cuts the write-ahead
// log, which holds older pages, down to nothing. It waits for those who read.
func emptyWAL(ctx context.Context, db *sql.DB) error {
	var busy, frames, moved int
	if err := db.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &frames, &moved); err != nil {
		return err
	}
	if busy != 0 {
		return errors.New("somebody has read the database for too long")
	}
	return nil
}

// openSQLite opens the file with one connection that writes and several that
// read. WAL lets the readers go on while the writer commits; synchronous=FULL
// makes every commit durable before it returns. A second process (user add,
// fsck) waits up to ten seconds for the writer's lock.
func openSQLite(path string) (*DB, error) {
	path, err := filepath.Abs(path) // two slashes at the start, or ":memory:", would mean something else
	if err != nil {
		return nil, err
	}
	if err := createPrivate(path); err != nil {
		return nil, err
	}
	common := []string{"busy_timeout(10000)", "foreign_keys(ON)", "journal_mode(WAL)", "synchronous(FULL)", "trusted_schema(OFF)"}
	writer, err := sql.Open("sqlite", sqliteURL(path, "immediate", common))
	if err != nil {
		return nil, err
	}
	writer.SetMaxOpenConns(1)
	readers, err := sql.Open("sqlite", sqliteURL(path, "deferred", append(common, "query_only(ON)")))
	if err != nil {
		return nil, err
	}
	connections := max(4, 2*runtime.NumCPU())
	readers.SetMaxOpenConns(connections)
	readers.SetMaxIdleConns(connections)
	return &DB{dialect: sqliteDialect, writer: newPool(writer), readers: newPool(readers)}, nil
}

func sqliteURL(path, transactions string, pragmas []string) string {
	query := url.Values{"_pragma": pragmas, "_txlock": {transactions}}
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: query.Encode()}).String()
}

// createPrivate makes the database file for its owner alone, before SQLite
// would make it with the permissions of the umask. SQLite gives its companion
// files the permissions of the first.
func createPrivate(path string) error {
	if err := durable.MkdirAll(filepath.Dir(path)); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, durable.FilePerm)
	if err != nil {
		return fmt.Errorf("creating the database file: %w", err)
	}
	return file.Close()
}
