// Package store is the registry's SQL: every statement stands here once, in
// the portable subset that all its databases understand, and nothing else in
// the program knows that there is SQL.
//
// Reads go through a Reader, changes through a Tx. A Reader outside of a
// transaction sees, statement by statement, what is committed at that moment;
// Snapshot gives one that sees a single moment. Changes to what the
// transparency log records are made by the sequencer alone, which runs many of
// them in one transaction (Begin); everything else uses Write.
//
// Portable means: TEXT, BIGINT and BLOB columns, times as microseconds since
// 1970, ids made by the program, ON CONFLICT, $1…$n. What differs between
// databases is a dialect, in sqlite.go and postgres.go, and nowhere else.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"
)

// ErrNotFound says that there is no such row.
var ErrNotFound = errors.New("not found")

// ErrTooSlow says that a statement was stopped at its limit.
var ErrTooSlow = errors.New("the database took too long")

// DB is an open database with its schema up to date.
type DB struct {
	dialect dialect
	writer  *pool
	readers *pool
}

// Open opens the database that the URL names and brings its schema up to date:
//
//	sqlite:PATH          a file, made if need be
//	postgres://…         a PostgreSQL database that exists, in libpq's URL form
//
// The error never quotes the URL, which may hold a password.
func Open(ctx context.Context, url string) (*DB, error) {
	db, err := connect(url)
	if err != nil {
		return nil, fmt.Errorf("opening database: %w", err)
	}
	if err := db.Ping(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("reaching the database: %w", err), db.Close())
	}
	if err := migrate(ctx, db.writer.db, db.dialect); err != nil {
		return nil, errors.Join(fmt.Errorf("bringing the database's schema up to date: %w", err), db.Close())
	}
	return db, nil
}

func connect(url string) (*DB, error) {
	switch scheme, rest, _ := strings.Cut(url, ":"); {
	case scheme == "sqlite" && rest != "":
		return openSQLite(rest)
	case scheme == "postgres" || scheme == "postgresql":
		return openPostgres(url)
	}
	return nil, errors.New("its URL is neither sqlite:PATH nor postgres://…")
}

// Close waits for running statements and closes the database.
func (db *DB) Close() error {
	if db.readers == db.writer {
		return db.writer.close()
	}
	return errors.Join(db.readers.close(), db.writer.close())
}

// Ping reports whether the database answers.
func (db *DB) Ping(ctx context.Context) error { return db.readers.db.PingContext(ctx) }

// Reader gives the statements that read, each seeing what is committed when it runs.
func (db *DB) Reader() *Reader { return &Reader{db.readers, &db.dialect} }

// Snapshot calls read with a Reader whose statements all see the same moment.
func (db *DB) Snapshot(ctx context.Context, read func(*Reader) error) error {
	tx, err := db.readers.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true, Isolation: db.dialect.snapshot})
	if err != nil {
		return fmt.Errorf("beginning to read: %w", err)
	}
	source := &txSource{pool: db.readers, tx: tx}
	defer source.learn(ctx)
	defer tx.Rollback()
	return read(&Reader{source, &db.dialect})
}

// Bounded is Snapshot for what may be slow: it gives ErrTooSlow when read, which
// works under the context that it gets, has not ended within the limit. The
// database stops working on it then.
func (db *DB) Bounded(ctx context.Context, limit time.Duration, read func(context.Context, *Reader) error) error {
	bounded, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err := db.Snapshot(bounded, func(r *Reader) error {
		if err := r.bound(bounded, limit); err != nil {
			return err
		}
		return read(bounded, r)
	})
	if err != nil && (bounded.Err() != nil && ctx.Err() == nil || db.dialect.timedOut(err)) {
		return fmt.Errorf("%w: %w", ErrTooSlow, err)
	}
	return err
}

// bound tells the database how long a statement of the transaction may take.
func (r *Reader) bound(ctx context.Context, limit time.Duration) error {
	if r.dialect.bound == "" {
		return nil
	}
	var setting string
	return r.row(ctx, []any{&setting}, r.dialect.bound, strconv.FormatInt(max(1, limit.Milliseconds()), 10))
}

// Begin starts a transaction of the log, which LockLog makes wait for others of
// its kind. The caller ends it with Commit or Rollback. ctx must outlive it: a
// context that ends rolls back.
func (db *DB) Begin(ctx context.Context) (*Tx, error) { return db.begin(ctx, sql.LevelDefault) }

func (db *DB) begin(ctx context.Context, isolation sql.IsolationLevel) (*Tx, error) {
	tx, err := db.writer.db.BeginTx(ctx, &sql.TxOptions{Isolation: isolation})
	if err != nil {
		return nil, fmt.Errorf("beginning transaction: %w", err)
	}
	source := &txSource{pool: db.writer, tx: tx}
	return &Tx{Reader: Reader{source, &db.dialect}, tx: tx, end: func() { source.learn(ctx) }}, nil
}

// writeTries is how often a transaction is tried that another one got in the way of.
const writeTries = 10

// Write runs change in a transaction of its own, as if nobody else wrote at the
// time: all of it is committed, or nothing when change or the commit fails. It
// is for what the log does not record. change may run more than once.
func (db *DB) Write(ctx context.Context, change func(*Tx) error) (err error) {
	for range writeTries {
		if err = db.tryWrite(ctx, change); err == nil || !db.dialect.retryable(err) {
			return err
		}
	}
	return err
}

func (db *DB) tryWrite(ctx context.Context, change func(*Tx) error) error {
	tx, err := db.begin(ctx, db.dialect.write)
	if err != nil {
		return err
	}
	defer tx.Rollback() // for a panic in change: nobody else could write any more
	if err := change(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// Tx is a transaction that changes things.
type Tx struct {
	Reader
	tx  *sql.Tx
	end func()
}

// Commit makes the transaction durable. After an error it is not known whether
// it took place; the caller reads back what is there.
func (t *Tx) Commit() error {
	defer t.end()
	if err := t.tx.Commit(); err != nil {
		return fmt.Errorf("committing: %w", err)
	}
	return nil
}

// Rollback undoes the transaction; after Commit it does nothing. It has no
// error: when it cannot reach the database, that rolls back by itself.
func (t *Tx) Rollback() {
	defer t.end()
	_ = t.tx.Rollback()
}

// Savepoint marks a place that RollbackToSavepoint goes back to. There is one
// at a time: Release forgets it and keeps what was done since.
func (t *Tx) Savepoint(ctx context.Context) error { return t.exec(ctx, "SAVEPOINT change") }

// Release forgets the savepoint and keeps the changes made since.
func (t *Tx) Release(ctx context.Context) error { return t.exec(ctx, "RELEASE SAVEPOINT change") }

// RollbackToSavepoint undoes what was done since Savepoint and forgets it. An
// error means that the whole transaction is lost.
func (t *Tx) RollbackToSavepoint(ctx context.Context) error {
	if err := t.exec(ctx, "ROLLBACK TO SAVEPOINT change"); err != nil {
		return err
	}
	return t.Release(ctx)
}

func (t *Tx) exec(ctx context.Context, text string, args ...any) error {
	stmt, err := t.source.statement(ctx, text)
	if err != nil {
		return err
	}
	if _, err := stmt.ExecContext(ctx, args...); err != nil {
		return fmt.Errorf("changing the database: %w", err)
	}
	return nil
}

// changed is exec that also reports how many rows it changed.
func (t *Tx) changed(ctx context.Context, text string, args ...any) (int64, error) {
	stmt, err := t.source.statement(ctx, text)
	if err != nil {
		return 0, err
	}
	result, err := stmt.ExecContext(ctx, args...)
	if err != nil {
		return 0, fmt.Errorf("changing the database: %w", err)
	}
	return result.RowsAffected()
}

// Reader gives the statements that read.
type Reader struct {
	source  source
	dialect *dialect
}

// source gives prepared statements, in or outside of a transaction.
type source interface {
	statement(ctx context.Context, text string) (*sql.Stmt, error)
}

// row reads one row into dest; ErrNotFound when there is none.
func (r *Reader) row(ctx context.Context, dest []any, text string, args ...any) error {
	stmt, err := r.source.statement(ctx, text)
	if err != nil {
		return err
	}
	err = stmt.QueryRowContext(ctx, args...).Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("reading the database: %w", err)
	}
	return nil
}

// rows calls visit for every row of the answer.
func (r *Reader) rows(ctx context.Context, visit func(scan func(...any) error) error, text string, args ...any) error {
	stmt, err := r.source.statement(ctx, text)
	if err != nil {
		return err
	}
	rows, err := stmt.QueryContext(ctx, args...)
	if err != nil {
		return fmt.Errorf("reading the database: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := visit(rows.Scan); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("reading the database: %w", err)
	}
	return nil
}

// pool is a set of connections and the statements prepared on them: preparing
// is half of the time that a small statement takes.
type pool struct {
	db         *sql.DB
	mu         sync.RWMutex
	statements map[string]*sql.Stmt
}

func newPool(db *sql.DB) *pool { return &pool{db: db, statements: make(map[string]*sql.Stmt)} }

func (p *pool) statement(ctx context.Context, text string) (*sql.Stmt, error) {
	p.mu.RLock()
	stmt := p.statements[text]
	p.mu.RUnlock()
	if stmt != nil {
		return stmt, nil
	}
	stmt, err := p.db.PrepareContext(ctx, text)
	if err != nil {
		return nil, fmt.Errorf("preparing statement: %w", err)
	}
	return p.keep(text, stmt), nil
}

// keep stores stmt unless another goroutine was first, whose statement wins.
func (p *pool) keep(text string, stmt *sql.Stmt) *sql.Stmt {
	p.mu.Lock()
	defer p.mu.Unlock()
	if first := p.statements[text]; first != nil {
		stmt.Close()
		return first
	}
	p.statements[text] = stmt
	return stmt
}

func (p *pool) close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, stmt := range p.statements {
		stmt.Close()
	}
	return p.db.Close()
}

// txSource gives the pool's statements inside of a transaction. One that the
// pool does not have yet is prepared for this transaction alone, since the
// writer has no second connection to prepare it on, and learned when it is over.
type txSource struct {
	pool    *pool
	tx      *sql.Tx
	missing []string
}

func (s *txSource) statement(ctx context.Context, text string) (*sql.Stmt, error) {
	s.pool.mu.RLock()
	stmt := s.pool.statements[text]
	s.pool.mu.RUnlock()
	if stmt != nil {
		return s.tx.StmtContext(ctx, stmt), nil
	}
	stmt, err := s.tx.PrepareContext(ctx, text)
	if err != nil {
		return nil, fmt.Errorf("preparing statement: %w", err)
	}
	s.missing = append(s.missing, text)
	return stmt, nil
}

// learn prepares for the transactions to come what was missing in this one.
// A failure costs them time and nothing else.
func (s *txSource) learn(ctx context.Context) {
	for _, text := range s.missing {
		if _, err := s.pool.statement(ctx, text); err != nil {
			return
		}
	}
	s.missing = nil
}

func micros(t time.Time) int64 { return t.UnixMicro() }

func fromMicros(us int64) time.Time { return time.UnixMicro(us).UTC() }

func boolToInt(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
