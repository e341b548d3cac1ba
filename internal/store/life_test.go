package store

import (
	"context"
	"testing"

	"github.com/ori-lang/registry/ident"
)

func life(ref string, l Life) change {
	return func(ctx context.Context, tx *Tx) error { return tx.SetLife(ctx, reference(ref), l) }
}

func TestLife(t *testing.T) {
	forEachDatabase(t, func(t *testing.T, db *DB) {
		newWorld(t, db)
		write(t, db, version(release("@ori/http@1.0.0", 10, ident.Checksum{1})), version(release("@ori/http@2.0.0", 11, ident.Checksum{1})))
		_, err := db.Reader().Life(t.Context(), reference("@ori/http@3.0.0"))
		notFound(t, "life", err)
		for _, want := range []Life{
			{Yanked: &Yanked{at(1), "broken", "it eats files"}},
			{Yanked: &Yanked{At: at(2)}, Deprecated: &Deprecated{at(3), "old", ""}},
			{Deprecated: &Deprecated{at(4), "old", "@ori/json@1.0.0"}, Removed: &Removed{at(5), "malware", ""}},
			{Removed: &Removed{at(6), "legal", "by court"}},
			{},
		} {
			write(t, db, life("@ori/http@1.0.0", want))
			got, err := db.Reader().Life(t.Context(), reference("@ori/http@1.0.0"))
			must(t, err)
			equal(t, "life", got, want)
			v, err := db.Reader().Version(t.Context(), reference("@ori/http@1.0.0"))
			must(t, err)
			equal(t, "life of the version", v.Life, want)
			untouched, err := db.Reader().Version(t.Context(), reference("@ori/http@2.0.0"))
			must(t, err)
			equal(t, "life of the other version", untouched.Life, Life{})
			found := map[ident.Ref]Life{}
			must(t, db.Reader().EachLife(t.Context(), func(ref ident.Ref, l Life) error {
				found[ref] = l
				return nil
			}))
			if want == (Life{}) {
				equal(t, "lives", found, map[ident.Ref]Life{})
			} else {
				equal(t, "lives", found, map[ident.Ref]Life{reference("@ori/http@1.0.0"): want})
			}
		}
	})
}

func TestEachPackageAndStatus(t *testing.T) {
	forEachDatabase(t, func(t *testing.T, db *DB) {
		newWorld(t, db)
		write(t, db, func(ctx context.Context, tx *Tx) error {
			return tx.SetStatus(ctx, reference("@ori/json@1.0.0").Package, "archived")
		})
		found := map[string]string{}
		must(t, db.Reader().EachPackage(t.Context(), func(p *Package) error {
			found[p.Name.String()] = p.Status
			return nil
		}))
		equal(t, "statuses", found, map[string]string{"@ori/http": "active", "@ori/json": "archived"})
	})
}

func TestEraseContent(t *testing.T) {
	forEachDatabase(t, func(t *testing.T, db *DB) {
		newWorld(t, db)
		write(t, db, archive(ident.Checksum{2}, 1, []byte("2")))
		write(t, db, version(release("@ori/http@1.0.0", 10, ident.Checksum{1})), readme("@ori/http@1.0.0", []byte("# http")))
		write(t, db, version(release("@ori/http@2.0.0", 12, ident.Checksum{2})), readme("@ori/http@2.0.0", []byte("# http 2")))
		write(t, db, func(ctx context.Context, tx *Tx) error {
			return tx.EraseContent(ctx, reference("@ori/http@1.0.0"), ident.Checksum{1})
		})
		must(t, db.Scrub(t.Context()))
		for sum, want := range map[ident.Checksum]bool{{1}: false, {2}: true, {3}: false} {
			has, err := db.Reader().HasArchive(t.Context(), sum)
			must(t, err)
			equal(t, "archive is there", has, want)
		}
		_, err := db.Reader().Readme(t.Context(), reference("@ori/http@1.0.0"))
		notFound(t, "README", err)
		kept, err := db.Reader().Readme(t.Context(), reference("@ori/http@2.0.0"))
		must(t, err)
		equal(t, "README of another version", string(kept), "# http 2")
		must(t, db.Reader().EachArchive(t.Context(), func(a StoredArchive) error {
			if a.Removed != (a.Checksum == ident.Checksum{1}) || a.Removed == (a.Data != nil) {
				t.Errorf("the archive %v is %+v", a.Checksum, a)
			}
			return nil
		}))
	})
}
