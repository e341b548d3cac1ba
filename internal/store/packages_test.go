package store

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"testing"

	"github.com/ori-lang/registry/ident"
)

func reference(text string) ident.Ref {
	ref, err := ident.ParseRef(text)
	if err != nil {
		panic(err)
	}
	return ref
}

func pkg(name string) change {
	return func(ctx context.Context, tx *Tx) error {
		return tx.AddPackage(ctx, Package{Name: reference(name + "@0.0.0").Package, Status: "active", CreatedAt: at(6)})
	}
}

func archive(c ident.Checksum, size int64, data []byte) change {
	return func(ctx context.Context, tx *Tx) error { return tx.AddArchive(ctx, c, size, data) }
}

func version(v *Version) change {
	return func(ctx context.Context, tx *Tx) error { return tx.AddVersion(ctx, v) }
}

func readme(ref string, content []byte) change {
	return func(ctx context.Context, tx *Tx) error { return tx.AddReadme(ctx, reference(ref), content) }
}

// release is a version that ada published, whose archive has this checksum.
func release(ref string, index int64, c ident.Checksum) *Version {
	r := reference(ref)
	return &Version{
		Package: r.Package, Version: r.Version, Checksum: c, Size: 1234, Manifest: ident.Checksum{8, 31: 9},
		UnpackedSize: 1 << 40, FileCount: 17, PublishedAt: at(7), PublishedBy: ada.ID, Publisher: ada.Login, LogIndex: index,
		Leaf: [32]byte{31: byte(index)}, HasReadme: index%2 == 0, Details: []byte(`{"description":"Grüße, \"you\""}`),
	}
}

// newWorld makes what a version needs: ada, her scope, two packages and an archive.
func newWorld(t *testing.T, db *DB) {
	t.Helper()
	write(t, db, account(true, ada), scope("ori", 0), member("ori", ada.ID, "owner"),
		pkg("@ori/http"), pkg("@ori/json"), archive(ident.Checksum{1}, 4, []byte("1234")))
}

func TestPackages(t *testing.T) {
	forEachDatabase(t, func(t *testing.T, db *DB) {
		write(t, db, account(true, ada), scope("ori", 0), scope("acme", 1), pkg("@ori/left-pad"), pkg("@acme/leftpad"))
		name := reference("@ori/left-pad@0.0.0").Package
		got, err := db.Reader().Package(t.Context(), name)
		must(t, err)
		want := Package{Name: name, Status: "active", CreatedAt: at(6)}
		equal(t, "package", *got, want)

		changed := at(20)
		write(t, db, func(ctx context.Context, tx *Tx) error {
			return tx.exec(ctx, `UPDATE package SET owner = $1, ownership_changed_at = $2, status = $3 WHERE name = $4`,
				ada.ID, micros(changed), "archived", name.String())
		})
		got, err = db.Reader().Package(t.Context(), name)
		must(t, err)
		want.Owner, want.OwnershipChangedAt, want.Status = ada.ID, &changed, "archived"
		equal(t, "package", *got, want)

		_, err = db.Reader().Package(t.Context(), reference("@ori/leftpad@0.0.0").Package)
		notFound(t, "package", err)
	})
}

func TestPackageByFold(t *testing.T) {
	forEachDatabase(t, func(t *testing.T, db *DB) {
		write(t, db, scope("ori", 0), scope("acme", 1), pkg("@ori/left-pad"), pkg("@acme/l-eftpad"))
		for scope, want := range map[string]string{"ori": "@ori/left-pad", "acme": "@acme/l-eftpad"} {
			name, err := db.Reader().PackageByFold(t.Context(), scope, "leftpad")
			must(t, err)
			equal(t, "the package of that fold", name, want)
		}
		_, err := db.Reader().PackageByFold(t.Context(), "ori", "left-pad")
		notFound(t, "fold", err)
		_, err = db.Reader().PackageByFold(t.Context(), "none", "leftpad")
		notFound(t, "scope", err)

		refuses(t, db, "the same package again", pkg("@ori/left-pad"))
		refuses(t, db, "a package of the same fold", pkg("@ori/leftpad"))
		refuses(t, db, "a package of no scope", pkg("@none/http"))
	})
}

func TestVersions(t *testing.T) {
	forEachDatabase(t, func(t *testing.T, db *DB) {
		newWorld(t, db)
		all := []*Version{
			release("@ori/http@1.0.0-rc.1", 10, ident.Checksum{1}),
			release("@ori/http@1.0.0", 11, ident.Checksum{1}),
			release("@ori/json@1.0.0", 13, ident.Checksum{1}),
		}
		for _, v := range all {
			write(t, db, version(v))
		}
		for _, want := range all {
			ref := ident.Ref{Package: want.Package, Version: want.Version}
			got, err := db.Reader().Version(t.Context(), ref)
			must(t, err)
			equal(t, ref.String(), got, want)
			c, err := db.Reader().ChecksumOf(t.Context(), ref)
			must(t, err)
			equal(t, "checksum of "+ref.String(), c, want.Checksum)
		}
		none := reference("@ori/json@1.0.0-rc.1")
		_, err := db.Reader().Version(t.Context(), none)
		notFound(t, "version", err)
		_, err = db.Reader().ChecksumOf(t.Context(), none)
		notFound(t, "checksum", err)
		count, err := db.Reader().CountVersions(t.Context())
		must(t, err)
		equal(t, "count", count, int64(3))
	})
}

func TestListsOfVersions(t *testing.T) {
	forEachDatabase(t, func(t *testing.T, db *DB) {
		newWorld(t, db)
		first := release("@ori/http@1.0.0", 10, ident.Checksum{1})
		second := release("@ori/json@1.0.0", 11, ident.Checksum{1})
		third := release("@ori/http@2.0.0", 12, ident.Checksum{1})
		write(t, db, version(third), version(first), version(second))
		for name, want := range map[string][]*Version{"@ori/http": {first, third}, "@ori/json": {second}, "@ori/none": nil} {
			got, err := db.Reader().VersionsOf(t.Context(), reference(name+"@0.0.0").Package)
			must(t, err)
			slices.SortFunc(got, func(a, b *Version) int { return cmp.Compare(a.LogIndex, b.LogIndex) })
			equal(t, "versions of "+name, got, want)
		}
		for _, c := range []struct {
			start, end int64
			want       []*Version
		}{
			{0, 100, []*Version{first, second, third}},
			{10, 12, []*Version{first, second}},
			{11, 12, []*Version{second}},
			{12, 12, nil},
			{13, 100, nil},
		} {
			got, err := db.Reader().VersionsLoggedIn(t.Context(), c.start, c.end)
			must(t, err)
			equal(t, "versions in the log", got, c.want)
		}
	})
}

func TestNewestVersions(t *testing.T) {
	forEachDatabase(t, func(t *testing.T, db *DB) {
		newWorld(t, db)
		one, two, three := release("@ori/http@2.0.0", 10, ident.Checksum{1}), release("@ori/json@1.0.0", 11, ident.Checksum{1}), release("@ori/http@1.0.0", 13, ident.Checksum{1})
		write(t, db, version(three), version(one), version(two))
		for limit, want := range map[int][]*Version{0: nil, 2: {three, two}, 9: {three, two, one}} {
			got, err := db.Reader().NewestVersions(t.Context(), limit)
			must(t, err)
			equal(t, "newest", got, want)
		}
	})
}

func TestVersionIsRefused(t *testing.T) {
	forEachDatabase(t, func(t *testing.T, db *DB) {
		newWorld(t, db)
		write(t, db, version(release("@ori/http@1.0.0", 10, ident.Checksum{1})))
		refuses(t, db, "the same version again", version(release("@ori/http@1.0.0", 11, ident.Checksum{1})))
		refuses(t, db, "a second version of one entry", version(release("@ori/http@2.0.0", 10, ident.Checksum{1})))
		refuses(t, db, "a version without archive", version(release("@ori/http@2.0.0", 11, ident.Checksum{2})))
		refuses(t, db, "a version without package", version(release("@ori/none@2.0.0", 11, ident.Checksum{1})))
		orphan := release("@ori/http@2.0.0", 11, ident.Checksum{1})
		orphan.PublishedBy = "u-nobody"
		refuses(t, db, "a version that nobody published", version(orphan))
	})
}

func TestReadmes(t *testing.T) {
	forEachDatabase(t, func(t *testing.T, db *DB) {
		newWorld(t, db)
		write(t, db, version(release("@ori/http@1.0.0", 10, ident.Checksum{1})), version(release("@ori/http@2.0.0", 11, ident.Checksum{1})))
		text := bytes.Repeat([]byte("# Grüße\r\n\x00\xff"), 1000)
		write(t, db, readme("@ori/http@1.0.0", text), readme("@ori/http@2.0.0", nothing()))
		got, err := db.Reader().Readme(t.Context(), reference("@ori/http@1.0.0"))
		must(t, err)
		equal(t, "readme", got, text)
		got, err = db.Reader().Readme(t.Context(), reference("@ori/http@2.0.0"))
		must(t, err)
		equal(t, "length of an empty readme", len(got), 0)

		_, err = db.Reader().Readme(t.Context(), reference("@ori/json@1.0.0"))
		notFound(t, "readme", err)
		refuses(t, db, "a second readme", readme("@ori/http@1.0.0", text))
		refuses(t, db, "the readme of no version", readme("@ori/json@1.0.0", text))
	})
}

func TestArchives(t *testing.T) {
	data := make([]byte, 64<<10)
	for i := range data {
		data[i] = byte(i * i)
	}
	inline, external := ident.ChecksumOf(data), ident.Checksum{2}
	forEachDatabase(t, func(t *testing.T, db *DB) {
		write(t, db, archive(inline, int64(len(data)), data), archive(external, 10<<20, nil))
		write(t, db, archive(inline, 1, []byte("x")), archive(external, 1, []byte("x"))) // they stay as they are
		for c, want := range map[ident.Checksum][]byte{inline: data, external: nil} {
			got, err := db.Reader().Archive(t.Context(), c)
			must(t, err)
			equal(t, "archive", got, want)
		}
		_, err := db.Reader().Archive(t.Context(), ident.Checksum{3})
		notFound(t, "archive", err)
		for c, want := range map[ident.Checksum]bool{inline: true, external: true, {3}: false} {
			has, err := db.Reader().HasArchive(t.Context(), c)
			must(t, err)
			equal(t, "HasArchive", has, want)
		}
	})
}

func TestEachArchive(t *testing.T) {
	forEachDatabase(t, func(t *testing.T, db *DB) {
		newWorld(t, db)
		write(t, db, archive(ident.Checksum{2}, 10<<20, nil), archive(ident.Checksum{3}, 1, []byte("3")))
		write(t, db, version(release("@ori/http@1.0.0", 10, ident.Checksum{1})), version(release("@ori/http@2.0.0", 11, ident.Checksum{2})))
		found := make(map[ident.Checksum]StoredArchive)
		must(t, db.Reader().EachArchive(t.Context(), func(a StoredArchive) error {
			found[a.Checksum] = a
			return nil
		}))
		equal(t, "archives", found, map[ident.Checksum]StoredArchive{
			{1}: {ident.Checksum{1}, 4, []byte("1234"), true, false},
			{2}: {ident.Checksum{2}, 10 << 20, nil, true, false},
			{3}: {ident.Checksum{3}, 1, []byte("3"), false, false},
		})
	})
}
