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
	overwrite:  "PRAGMA secure_delete = ON",
	leave:      "PRAGMA secure_delete = OFF",
	scrub:      emptyWAL,

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
