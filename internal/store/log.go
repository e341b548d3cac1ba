package store

import (
	"context"
	"errors"
)

// LogState is the newest committed tree.
type LogState struct {
	Origin string // fixed when the log is opened, "" before
	Size   int64
	Root   [32]byte
}

// LogState gives the newest committed tree; its size is 0 before the log is opened.
func (r *Reader) LogState(ctx context.Context) (*LogState, error) {
	return r.logState(ctx, `SELECT origin, size, root FROM log_state WHERE id = 1`)
}

// LockLog gives the newest committed tree and keeps every other writer of the
// log, of any server on this database, waiting until the transaction ends.
func (t *Tx) LockLog(ctx context.Context) (*LogState, error) {
	return t.logState(ctx, `SELECT origin, size, root FROM log_state WHERE id = 1`+t.dialect.lockClause)
}

func (r *Reader) logState(ctx context.Context, text string) (*LogState, error) {
	var s LogState
	var root []byte
	if err := r.row(ctx, []any{&s.Origin, &s.Size, &root}, text); err != nil {
		return nil, err
	}
	copy(s.Root[:], root)
	return &s, nil
}

// SetLogState stores the tree that the transaction makes.
func (t *Tx) SetLogState(ctx context.Context, s LogState) error {
	return t.exec(ctx, `UPDATE log_state SET origin = CASE origin WHEN '' THEN $1 ELSE origin END, size = $2, root = $3 WHERE id = 1`, s.Origin, s.Size, s.Root[:])
}

// Subject says where a subject of the log stands.
type Subject struct {
	Seq   int64 // of its newest event, 0 when it has none
	Index int64 // of that event's entry
}

// Subject gives where the subject stands.
func (r *Reader) Subject(ctx context.Context, name string) (s Subject, err error) {
	err = r.row(ctx, []any{&s.Seq, &s.Index}, `SELECT seq, idx FROM log_subject WHERE subject = $1`, name)
	if errors.Is(err, ErrNotFound) {
		return Subject{}, nil
	}
	return s, err
}

// EachSubject calls visit for every subject.
func (r *Reader) EachSubject(ctx context.Context, visit func(name string, s Subject) error) error {
	return r.rows(ctx, func(scan func(...any) error) error {
		var name string
		var s Subject
		if err := scan(&name, &s.Seq, &s.Index); err != nil {
			return err
		}
		return visit(name, s)
	}, `SELECT subject, seq, idx FROM log_subject ORDER BY subject`)
}

// SetSubject stores where the subject stands now.
func (t *Tx) SetSubject(ctx context.Context, name string, s Subject) error {
	return t.exec(ctx, `INSERT INTO log_subject (subject, seq, idx) VALUES ($1, $2, $3)
		ON CONFLICT (subject) DO UPDATE SET seq = excluded.seq, idx = excluded.idx`, name, s.Seq, s.Index)
}

// LogEntry is an entry as it is stored. Package and Version repeat what the
// bytes say, so that the database itself refuses a second publish of a version.
type LogEntry struct {
	Index            int64
	Bytes            []byte
	Kind             string
	Package, Version string // "" where the entry names none
}

// AddEntry appends an entry.
func (t *Tx) AddEntry(ctx context.Context, e LogEntry) error {
	return t.exec(ctx, `INSERT INTO log_entry (idx, bytes, kind, package, version) VALUES ($1, $2, $3, $4, $5)`,
		e.Index, e.Bytes, e.Kind, nullIfEmpty(e.Package), nullIfEmpty(e.Version))
}

func nullIfEmpty(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// Entries calls visit with the bytes of up to count entries from index start on.
func (r *Reader) Entries(ctx context.Context, start, count int64, visit func(index int64, entry []byte) error) error {
	return r.rows(ctx, func(scan func(...any) error) error {
		var index int64
		var entry []byte
		if err := scan(&index, &entry); err != nil {
			return err
		}
		return visit(index, entry)
	}, `SELECT idx, bytes FROM log_entry WHERE idx >= $1 AND idx < $2 ORDER BY idx`, start, start+count)
}

// Entry gives the bytes of one entry, or ErrNotFound.
func (r *Reader) Entry(ctx context.Context, index int64) (entry []byte, err error) {
	err = r.row(ctx, []any{&entry}, `SELECT bytes FROM log_entry WHERE idx = $1`, index)
	return entry, err
}

// SetTile stores a row of hashes of the tree.
func (t *Tx) SetTile(ctx context.Context, level int, n int64, data []byte) error {
	return t.exec(ctx, `INSERT INTO log_tile (level, n, data) VALUES ($1, $2, $3)
		ON CONFLICT (level, n) DO UPDATE SET data = excluded.data`, level, n, data)
}

// Tile gives a row of hashes of the tree, as far as it has grown, or ErrNotFound.
func (r *Reader) Tile(ctx context.Context, level int, n int64) (data []byte, err error) {
	err = r.row(ctx, []any{&data}, `SELECT data FROM log_tile WHERE level = $1 AND n = $2`, level, n)
	return data, err
}

// CountTiles gives the number of rows of hashes.
func (r *Reader) CountTiles(ctx context.Context) (n int64, err error) {
	err = r.row(ctx, []any{&n}, `SELECT COUNT(*) FROM log_tile`)
	return n, err
}
