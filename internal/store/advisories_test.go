package store

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ori-lang/registry/ident"
)

// advisory files an advisory on packages, each with the set of versions behind "=".
func advisory(a Advisory, packages ...string) change {
	affected := make(map[ident.Package][]byte)
	for _, one := range packages {
		name, set, _ := strings.Cut(one, "=")
		affected[reference(name+"@0.0.0").Package] = []byte(set)
	}
	return func(ctx context.Context, tx *Tx) error { return tx.SetAdvisory(ctx, a, affected) }
}

func TestAdvisories(t *testing.T) {
	forEachDatabase(t, func(t *testing.T, db *DB) {
		http, json := reference("@ori/http@0.0.0").Package, reference("@ori/json@0.0.0").Package
		one := Advisory{ID: "x_ORI-2026-0001", Record: []byte("{\"é\":1}\n"), ChangedAt: at(1), LogIndex: 3}
		two := Advisory{ID: "x_ORI-2026-0002", Record: []byte("{}"), ChangedAt: at(2), LogIndex: 5}
		write(t, db, advisory(one, "@ori/http=1", "@ori/json=2"), advisory(two, "@ori/http=3"))

		got, err := db.Reader().Advisory(t.Context(), one.ID)
		must(t, err)
		equal(t, "advisory", got, &one)
		_, err = db.Reader().Advisory(t.Context(), "x_ori-2026-0001")
		notFound(t, "advisory", err)
		equal(t, "on http", affectedOn(t, db, http), "x_ORI-2026-0001=1 x_ORI-2026-0002=3 ")
		equal(t, "on json", affectedOn(t, db, json), "x_ORI-2026-0001=2 ")
		packages, err := db.Reader().PackagesOf(t.Context(), one.ID)
		must(t, err)
		equal(t, "packages", packages, map[string]string{"@ori/http": "1", "@ori/json": "2"})

		one.Record, one.Withdrawn, one.ChangedAt, one.LogIndex = []byte("new"), true, at(9), 8
		write(t, db, advisory(one, "@ori/http=4"))
		got, err = db.Reader().Advisory(t.Context(), one.ID)
		must(t, err)
		equal(t, "advisory", got, &one)
		equal(t, "on http, one withdrawn", affectedOn(t, db, http), "x_ORI-2026-0002=3 ")
		equal(t, "on json, not named any more", affectedOn(t, db, json), "")
		packages, err = db.Reader().PackagesOf(t.Context(), one.ID)
		must(t, err)
		equal(t, "packages", packages, map[string]string{"@ori/http": "4"})
		advisories, names, err := db.Reader().CountAdvisories(t.Context())
		must(t, err)
		equal(t, "count", []int64{advisories, names}, []int64{2, 2})

		refuses(t, db, "two advisories of one entry", advisory(Advisory{ID: "x_ORI-2026-0003", LogIndex: 8, ChangedAt: at(9), Record: []byte("x")}))
	})
}

func affectedOn(t *testing.T, db *DB, p ident.Package) (all string) {
	t.Helper()
	must(t, db.Reader().EachAffected(t.Context(), p, func(id string, affected []byte) error {
		all += fmt.Sprintf("%s=%s ", id, affected)
		return nil
	}))
	batched := ""
	names := []ident.Package{reference("@ori/none@0.0.0").Package, p}
	must(t, db.Reader().AffectedAt(t.Context(), names, func(name ident.Package, id string, affected []byte) error {
		equal(t, "package", name, p)
		batched += fmt.Sprintf("%s=%s ", id, affected)
		return nil
	}))
	equal(t, "asked for several packages", batched, all)
	return all
}

// Both lists are in the order of the log, begin behind an entry and at a time,
// and end after so many.
func TestListsOfAdvisories(t *testing.T) {
	forEachDatabase(t, func(t *testing.T, db *DB) {
		for i, n := range []int{4, 2, 3, 1} {
			a := Advisory{ID: fmt.Sprintf("x_ORI-2026-000%d", n), Record: []byte{byte(n)}, ChangedAt: at(i), LogIndex: int64(10 + i), Withdrawn: n == 3}
			name := "@ori/http=1"
			if n == 2 {
				name = "@ori/json=2"
			}
			write(t, db, advisory(a, name))
		}
		http := reference("@ori/http@0.0.0").Package
		for _, c := range []struct {
			behind    int64
			since     time.Time
			limit     int
			all, onIt string // ends of the ids
		}{
			{-1, time.Time{}, 9, "4231", "431"},
			{-1, time.Time{}, 2, "42", "43"},
			{10, time.Time{}, 9, "231", "31"},
			{11, time.Time{}, 1, "3", "3"},
			{13, time.Time{}, 9, "", ""},
			{-1, at(1), 9, "231", "31"},
			{-1, at(1).Add(time.Microsecond), 9, "31", "31"},
			{-1, at(4), 9, "", ""},
		} {
			name := fmt.Sprintf("behind %d since %v, %d", c.behind, c.since, c.limit)
			all, err := db.Reader().Advisories(t.Context(), c.behind, c.since, c.limit)
			must(t, err)
			ends := ""
			for _, a := range all {
				ends += a.ID[len(a.ID)-1:]
			}
			equal(t, name, ends, c.all)
			on, err := db.Reader().AdvisoriesOn(t.Context(), http, c.behind, c.since, c.limit)
			must(t, err)
			ends = ""
			for _, a := range on {
				ends += a.ID[len(a.ID)-1:]
				equal(t, "affected", string(a.Affected), "1")
				equal(t, "withdrawn", a.Withdrawn, a.ID == "x_ORI-2026-0003")
			}
			equal(t, name+" on http", ends, c.onIt)
		}
	})
}
