package store

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/ori-lang/registry/ident"
)

// versions stores versions 1.0.0, 1.0.1, … of @ori/http, with log indexes from 0.
func versions(n int) change {
	return func(ctx context.Context, tx *Tx) error {
		for i := range n {
			if err := tx.AddVersion(ctx, release(fmt.Sprintf("@ori/http@1.0.%d", i), int64(i), ident.Checksum{1})); err != nil {
				return err
			}
		}
		return nil
	}
}

// Whatever the number of those asked for is to the size of a batch, each that
// is there comes once and with all that is stored of it.
func TestVersionsAt(t *testing.T) {
	const there = 2*batch + 3
	forEachDatabase(t, func(t *testing.T, db *DB) {
		newWorld(t, db)
		write(t, db, versions(there))
		for _, n := range []int{0, 1, batch - 1, batch, batch + 1, there} {
			refs := []ident.Ref{reference("@ori/none@1.0.0"), reference("@ori/json@1.0.0"), reference("@ori/http@9.0.0")}
			for i := range n {
				refs = append(refs, reference(fmt.Sprintf("@ori/http@1.0.%d", i)))
			}
			got := map[int64]*Version{}
			must(t, db.Reader().VersionsAt(t.Context(), refs, func(v *Version, status string) error {
				if status != "active" {
					t.Errorf("the package of %s is %q", v.Version, status)
				}
				got[v.LogIndex] = v
				return nil
			}))
			if len(got) != n {
				t.Fatalf("%d of %d versions came", len(got), n)
			}
			if n > 0 {
				last := int64(n - 1)
				equal(t, "version", got[last], release(fmt.Sprintf("@ori/http@1.0.%d", last), last, ident.Checksum{1}))
			}
		}
		failure := fmt.Errorf("no more")
		err := db.Reader().VersionsAt(t.Context(), []ident.Ref{reference("@ori/http@1.0.0")}, func(*Version, string) error { return failure })
		if err != failure {
			t.Errorf("the visitor's error came back as %v", err)
		}
	})
}

func TestPackagesAt(t *testing.T) {
	forEachDatabase(t, func(t *testing.T, db *DB) {
		newWorld(t, db)
		var names, there []string
		wanted := []ident.Package{reference("@ori/http@0.0.0").Package, reference("@ori/json@0.0.0").Package}
		for i := range batch {
			wanted = append(wanted, reference(fmt.Sprintf("@none/p%d@0.0.0", i)).Package)
		}
		must(t, db.Reader().PackagesAt(t.Context(), wanted, func(p ident.Package) error {
			names = append(names, p.String())
			return nil
		}))
		slices.Sort(names)
		equal(t, "packages", names, append(there, "@ori/http", "@ori/json"))
	})
}

func TestEntriesAt(t *testing.T) {
	forEachDatabase(t, func(t *testing.T, db *DB) {
		const entries = batch + 10
		write(t, db, func(ctx context.Context, tx *Tx) error {
			for i := range int64(entries) {
				if err := tx.AddEntry(ctx, LogEntry{Index: i, Bytes: fmt.Append(nil, "entry ", i), Kind: "open"}); err != nil {
					return err
				}
			}
			return nil
		})
		want, got := map[int64]string{}, map[int64]string{}
		indexes := []int64{-1, entries, 1 << 60}
		for i := int64(0); i < entries; i += 2 {
			indexes, want[i] = append(indexes, i), fmt.Sprint("entry ", i)
		}
		must(t, db.Reader().EntriesAt(t.Context(), indexes, func(index int64, entry []byte) error {
			got[index] = string(entry)
			return nil
		}))
		if !maps.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}
