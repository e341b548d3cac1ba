package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"testing"
)

func entry(e LogEntry) change {
	return func(ctx context.Context, tx *Tx) error { return tx.AddEntry(ctx, e) }
}

func TestLogState(t *testing.T) {
	forEachDatabase(t, func(t *testing.T, db *DB) {
		empty := &LogState{"", 0, sha256.Sum256(nil)}
		got, err := db.Reader().LogState(t.Context())
		must(t, err)
		equal(t, "state of no log", got, empty)
		set := func(s LogState) change {
			return func(ctx context.Context, tx *Tx) error { return tx.SetLogState(ctx, s) }
		}
		write(t, db, func(ctx context.Context, tx *Tx) error {
			got, err := tx.LockLog(ctx)
			equal(t, "locked state of no log", got, empty)
			return err
		}, set(LogState{"pkg.test/log", 1, [32]byte{1, 31: 2}}))
		write(t, db, set(LogState{"another origin", 1 << 40, [32]byte{3}}))
		want := &LogState{"pkg.test/log", 1 << 40, [32]byte{3}}
		got, err = db.Reader().LogState(t.Context())
		must(t, err)
		equal(t, "state", got, want)
		write(t, db, func(ctx context.Context, tx *Tx) error {
			got, err := tx.LockLog(ctx)
			equal(t, "locked state", got, want)
			return err
		})
	})
}

func TestSubjects(t *testing.T) {
	forEachDatabase(t, func(t *testing.T, db *DB) {
		set := func(name string, s Subject) change {
			return func(ctx context.Context, tx *Tx) error { return tx.SetSubject(ctx, name, s) }
		}
		write(t, db, set("scope @ori", Subject{1, 4}), set("@ori/http", Subject{1, 5}), set("log", Subject{1, 0}))
		write(t, db, set("@ori/http", Subject{2, 6}))
		want := map[string]Subject{"@ori/http": {2, 6}, "log": {1, 0}, "scope @ori": {1, 4}}
		for name, want := range want {
			got, err := db.Reader().Subject(t.Context(), name)
			must(t, err)
			equal(t, name, got, want)
		}
		none, err := db.Reader().Subject(t.Context(), "@ori/json")
		must(t, err)
		equal(t, "a subject without events", none, Subject{})

		var names []string
		all := make(map[string]Subject)
		must(t, db.Reader().EachSubject(t.Context(), func(name string, s Subject) error {
			names, all[name] = append(names, name), s
			return nil
		}))
		equal(t, "subjects", all, want)
		equal(t, "their order", names, []string{"@ori/http", "log", "scope @ori"})
	})
}

func TestEntries(t *testing.T) {
	forEachDatabase(t, func(t *testing.T, db *DB) {
		for index := range int64(5) {
			write(t, db, entry(LogEntry{Index: index, Bytes: []byte{byte(index), 0, 0xff}, Kind: "key"}))
		}
		for _, c := range []struct {
			start, count int64
			want         []int64
		}{
			{0, 5, []int64{0, 1, 2, 3, 4}},
			{0, 100, []int64{0, 1, 2, 3, 4}},
			{1, 2, []int64{1, 2}},
			{4, 256, []int64{4}},
			{0, 0, nil},
			{5, 10, nil},
		} {
			var got []int64
			must(t, db.Reader().Entries(t.Context(), c.start, c.count, func(index int64, entry []byte) error {
				got = append(got, index)
				equal(t, "bytes", entry, []byte{byte(index), 0, 0xff})
				return nil
			}))
			equal(t, "indexes", got, c.want)
		}
		got, err := db.Reader().Entry(t.Context(), 3)
		must(t, err)
		equal(t, "entry 3", got, []byte{3, 0, 0xff})
		_, err = db.Reader().Entry(t.Context(), 5)
		notFound(t, "entry 5", err)
		refuses(t, db, "a second entry with the same index", entry(LogEntry{Index: 4, Bytes: []byte("4"), Kind: "key"}))
	})
}

// Of all the events of a version only its publish happens once.
func TestPublishedOnce(t *testing.T) {
	forEachDatabase(t, func(t *testing.T, db *DB) {
		index := int64(0)
		next := func(kind, pkg, version string) change {
			index++
			return entry(LogEntry{Index: index, Bytes: []byte(kind), Kind: kind, Package: pkg, Version: version})
		}
		write(t, db, next("publish", "@ori/http", "1.0.0"), next("publish", "@ori/http", "1.0.1"), next("publish", "@ori/json", "1.0.0"))
		refuses(t, db, "a second publish", next("publish", "@ori/http", "1.0.0"))
		for range 2 {
			write(t, db, next("yank", "@ori/http", "1.0.0"), next("unyank", "@ori/http", "1.0.0"),
				next("status", "@ori/http", ""), next("scope-claim", "", ""), next("key", "", ""))
		}
	})
}

func TestTiles(t *testing.T) {
	forEachDatabase(t, func(t *testing.T, db *DB) {
		hashes := bytes.Repeat([]byte{0, 1, 254, 255}, 256*32/4)
		for _, width := range []int{1, 2, 256} { // a tile grows
			write(t, db, func(ctx context.Context, tx *Tx) error { return tx.SetTile(ctx, 1, 1<<33, hashes[:32*width]) })
			got, err := db.Reader().Tile(t.Context(), 1, 1<<33)
			must(t, err)
			equal(t, "tile", got, hashes[:32*width])
		}
		write(t, db, func(ctx context.Context, tx *Tx) error { return tx.SetTile(ctx, 2, 1<<33, []byte("other")) })
		_, err := db.Reader().Tile(t.Context(), 0, 1<<33)
		notFound(t, "level", err)
		_, err = db.Reader().Tile(t.Context(), 1, 0)
		notFound(t, "number", err)
		count, err := db.Reader().CountTiles(t.Context())
		must(t, err)
		equal(t, "count", count, int64(2))
	})
}
