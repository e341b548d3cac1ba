package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/archive"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/internal/store"
	"github.com/ori-lang/registry/translog"
)

// Fsck is a check of the whole registry: it reads every entry, tile, row and
// archive again and compares each with all that speaks of it. It may run
// beside a server.
type Fsck struct {
	// What the folder of keys says, read before the check begins.
	Key   string
	Shown tlog.Tree
	// Why the folder of keys cannot be read; "" when it was. Key and Shown are
	// compared with nothing then.
	NoKeys string
	// Kept visits every archive in the folder of large ones, and names what is none.
	Kept func(visit func(ident.Checksum) error, stray func(path string)) error
}

// FsckReport says what a check has read and found.
type FsckReport struct {
	Versions, Archives, Entries, Tiles int64
	Tree                               tlog.Tree
	Faults                             []string // one sentence each; empty: all is well
}

const (
	maxFsckFaults = 1000
	fsckBatch     = translog.TileWidth // entries read at once
)

func (f *FsckReport) fault(format string, args ...any) {
	if len(f.Faults) < maxFsckFaults {
		f.Faults = append(f.Faults, fmt.Sprintf(format, args...))
	}
}

// Fsck makes the check, of one moment of the database. The error is of a disk
// or a database that cannot be read; what does not fit is in the report.
func (r *Registry) Fsck(ctx context.Context, f Fsck) (*FsckReport, error) {
	check := &checker{
		r: r, Fsck: f, FsckReport: &FsckReport{},
		tails: make(map[int][]byte), subjects: make(map[string]store.Subject),
		lives: make(map[ident.Ref]*life), statuses: make(map[ident.Package]api.Status),
		created:    make(map[ident.Package]time.Time),
		ownership:  newOwnership(),
		advisories: make(map[string]loggedAdvisory),
	}
	if f.NoKeys != "" {
		check.fault("the folder of keys: %s; put it back", f.NoKeys)
	}
	err := r.db.Snapshot(ctx, func(db *store.Reader) error {
		check.db = db
		return check.database(ctx)
	})
	if err == nil {
		err = f.Kept(func(c ident.Checksum) error { return check.kept(ctx, c) }, check.stray)
	}
	if err != nil {
		return check.FsckReport, fmt.Errorf("checking the registry: %w", err)
	}
	return check.FsckReport, nil
}

type checker struct {
	Fsck
	*FsckReport
	r  *Registry
	db *store.Reader

	chain    translog.Chain
	frontier translog.Frontier
	tails    map[int][]byte // by level: the tile that the entries are filling
	subjects map[string]store.Subject
	lives    map[ident.Ref]*life
	statuses map[ident.Package]api.Status
	created  map[ident.Package]time.Time // the time of the first version
	scopes   int64
	ownership

	advisories map[string]loggedAdvisory // what the newest entry of each says
}

func (c *checker) database(ctx context.Context) error {
	state, err := c.db.LogState(ctx)
	if err != nil {
		return err
	}
	if state.Size == 0 {
		c.fault("there is no log: no server has started here yet")
		return nil
	}
	for start := int64(0); start < state.Size && c.Entries == start; start += fsckBatch { // a gap ends it: tree names that
		if err := c.batch(ctx, start, min(fsckBatch, state.Size-start)); err != nil {
			return err
		}
	}
	c.tree(tlog.Tree{N: state.Size, Hash: state.Root})
	for _, step := range []func(context.Context) error{
		c.partialTiles, c.sums, c.subjectRows, c.lifeRows, c.packageRows, c.searchRows, c.memberRows, c.advisoryRows, c.archives,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// batch checks some entries, the tiles that they fill and what they speak of.
func (c *checker) batch(ctx context.Context, start, count int64) error {
	entries := make(map[int64]*translog.Entry)
	full := make(map[[2]int64][]byte)
	err := c.db.Entries(ctx, start, count, func(index int64, text []byte) error {
		entries[index] = c.entry(index, text, full)
		c.shownRoot()
		return nil
	})
	if err != nil {
		return err
	}
	for row, data := range full {
		if err := c.tile(ctx, row[0], row[1], data); err != nil {
			return err
		}
	}
	c.follow(start, count, entries)
	if err := c.claims(ctx, entries); err != nil {
		return err
	}
	return c.versions(ctx, start, start+count, entries)
}

// entry parses an entry and adds it to the tree; tiles that it fills go into full.
func (c *checker) entry(index int64, text []byte, full map[[2]int64][]byte) *translog.Entry {
	c.Entries++
	if index != c.frontier.Size() {
		c.fault("entry %d is missing: entry %d follows", c.frontier.Size(), index)
	}
	for _, h := range c.frontier.Append(translog.LeafHash(text)) {
		tail := append(c.tails[h.Level], h.Hash[:]...)
		if len(tail) == translog.TileWidth*tlog.HashSize {
			full[[2]int64{int64(h.Level), h.Tile}] = tail
			tail = nil
		}
		c.tails[h.Level] = tail
	}
	e, err := translog.ParseEntry(text)
	if err != nil {
		c.fault("entry %d: %v", index, err)
		return nil
	}
	if err := c.chain.Add(index, e); err != nil {
		c.fault("entry %d: %v", index, err)
	}
	if e.Kind == translog.KindOpen && e.Key != c.Key && c.NoKeys == "" {
		c.fault("the log was opened with the key %s, the folder of keys has %s", e.Key, c.Key)
	}
	c.subjects[e.Subject()] = store.Subject{Seq: e.Seq, Index: index}
	c.noteAdvisory(index, e)
	return e
}

// shownRoot compares the tree with the one that was shown last, when the
// entries have come to its size.
func (c *checker) shownRoot() {
	if c.frontier.Size() == c.Shown.N && c.frontier.Root() != c.Shown.Hash {
		c.fault("the first %d entries have the root %v, the registry has shown %v", c.Shown.N, c.frontier.Root(), c.Shown.Hash)
	}
}

// tree compares the tree of all entries with the state and the head anchor.
func (c *checker) tree(stored tlog.Tree) {
	c.Tree = c.frontier.Tree()
	if c.Tree != stored {
		c.fault("the entries make a tree of %d with the root %v, the state of the log says %d and %v", c.Tree.N, c.Tree.Hash, stored.N, stored.Hash)
	}
	if c.Shown.N > stored.N {
		c.fault("the log has %d entries and the registry has shown %d", stored.N, c.Shown.N)
	}
}

func (c *checker) tile(ctx context.Context, level, n int64, want []byte) error {
	c.Tiles++
	data, err := c.db.Tile(ctx, int(level), n)
	if errors.Is(err, store.ErrNotFound) {
		c.fault("tile %d of level %d is missing", n, level)
		return nil
	}
	if err == nil && string(data) != string(want) {
		c.fault("tile %d of level %d differs from what the entries make", n, level)
	}
	return err
}

func (c *checker) partialTiles(ctx context.Context) error {
	for level, width := int64(0), c.Tree.N; width > 0; level, width = level+1, width/translog.TileWidth {
		if tail := c.tails[int(level)]; tail != nil {
			if err := c.tile(ctx, level, width/translog.TileWidth, tail); err != nil {
				return err
			}
		}
	}
	return nil
}

// versions compares the publish entries of a batch with the rows that name them.
func (c *checker) versions(ctx context.Context, start, end int64, entries map[int64]*translog.Entry) error {
	rows, err := c.db.VersionsLoggedIn(ctx, start, end)
	if err != nil {
		return err
	}
	for _, v := range rows {
		c.Versions++
		if !records(v, entries[v.LogIndex]) {
			c.fault("%s@%s: its record differs from entry %d", v.Package, v.Version, v.LogIndex)
		}
		delete(entries, v.LogIndex)
		if v.Removed != nil {
			continue
		}
		if err := c.content(ctx, v); err != nil {
			return err
		}
	}
	for index, e := range entries {
		if e != nil && e.Kind == translog.KindPublish {
			c.fault("%s@%s: entry %d publishes it and there is no record of it", e.Package, e.Version, index)
		}
	}
	return nil
}

// records reports whether the row says what the entry says.
func records(v *store.Version, e *translog.Entry) bool {
	if e == nil || e.Kind != translog.KindPublish {
		return false
	}
	text, err := e.Bytes()
	return err == nil && translog.LeafHash(text) == v.Leaf &&
		e.Package == v.Package && e.Version == v.Version && e.Archive == v.Checksum && e.Size == v.Size &&
		e.Manifest == v.Manifest && e.Actor == v.PublishedBy && e.Time.Equal(v.PublishedAt)
}

// content reads the archive of a version and compares what is in it with the
// record. It looks at archives outside of the snapshot: they never change, but
// that a version may have been removed since.
func (c *checker) content(ctx context.Context, v *store.Version) error {
	ref := ident.Ref{Package: v.Package, Version: v.Version}
	content, err := c.r.openArchive(ctx, c.r.db.Reader(), v.Checksum)
	if err != nil {
		return c.unopened(ctx, ref, v.Checksum)
	}
	defer content.Close()
	report, err := archive.Check(content)
	switch {
	case err != nil:
		c.fault("%s: its archive %s cannot be read", ref, v.Checksum)
	case report.Checksum != v.Checksum || report.Size != v.Size:
		c.fault("%s: its archive has the checksum %s, its record says %s", ref, report.Checksum, v.Checksum)
	case !report.OK():
		c.fault("%s: its archive is not canonical", ref)
	case report.Manifest.Package != v.Package || report.Manifest.Version != v.Version || report.ManifestChecksum != v.Manifest:
		c.fault("%s: its archive holds another manifest than its record says", ref)
	default:
		return c.facts(ctx, v, report)
	}
	return nil
}

func (c *checker) unopened(ctx context.Context, ref ident.Ref, sum ident.Checksum) error {
	now, err := c.r.db.Reader().Life(ctx, ref)
	if err == nil && now.Removed != nil {
		return nil
	}
	c.fault("%s: its archive %s cannot be opened", ref, sum)
	return ctx.Err()
}

// facts compares what the registry tells of a version with its archive.
func (c *checker) facts(ctx context.Context, v *store.Version, report *archive.Report) error {
	ref := ident.Ref{Package: v.Package, Version: v.Version}
	want, err := json.Marshal(detailsOf(report.Manifest))
	if err != nil {
		return err
	}
	if string(v.Details) != string(want) || v.UnpackedSize != report.UnpackedSize || v.FileCount != len(report.Files) {
		c.fault("%s: its record says something else than its archive", ref)
	}
	readme, err := c.db.Readme(ctx, ref)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if has := report.Readme != nil; v.HasReadme != has || (err == nil) != has || string(readme) != string(report.Readme) {
		c.fault("%s: its README differs from the one in its archive", ref)
	}
	return nil
}

// sums looks for rows that no entry led to.
func (c *checker) sums(ctx context.Context) error {
	versions, err := c.db.CountVersions(ctx)
	if err != nil {
		return err
	}
	if versions != c.Versions {
		c.fault("there are %d versions, the log speaks of %d", versions, c.Versions)
	}
	scopes, err := c.db.CountScopes(ctx)
	if err != nil {
		return err
	}
	if scopes != c.scopes {
		c.fault("there are %d scopes, the log speaks of %d", scopes, c.scopes)
	}
	tiles, err := c.db.CountTiles(ctx)
	if err == nil && tiles != c.Tiles {
		c.fault("there are %d tiles, a log of %d entries has %d", tiles, c.Tree.N, c.Tiles)
	}
	return err
}

func (c *checker) subjectRows(ctx context.Context) error {
	err := c.db.EachSubject(ctx, func(name string, s store.Subject) error {
		if c.subjects[name] != s {
			c.fault("%s: its newest event is said to be %d at entry %d, the log says otherwise", name, s.Seq, s.Index)
		}
		delete(c.subjects, name)
		return nil
	})
	for name := range c.subjects {
		c.fault("%s: its place in the log is not recorded", name)
	}
	return err
}

func (c *checker) archives(ctx context.Context) error {
	return c.db.EachArchive(ctx, func(a store.StoredArchive) error {
		c.Archives++
		if !a.Owned {
			c.fault("the archive %s belongs to no version", a.Checksum)
		}
		if a.Removed && a.Data != nil {
			c.fault("the archive %s was removed and its bytes are in the database", a.Checksum)
		}
		if a.Data != nil && (ident.ChecksumOf(a.Data) != a.Checksum || int64(len(a.Data)) != a.Size) {
			c.fault("the archive %s has other bytes in the database", a.Checksum)
		}
		return nil
	})
}

// kept looks for the owner of an archive in the folder, in the database as it
// is now: the owner may have come since the check began.
func (c *checker) kept(ctx context.Context, sum ident.Checksum) error {
	owned, err := c.r.OwnsArchive(ctx, sum)
	if err == nil && !owned {
		c.fault("the archive %s in the folder belongs to no version", sum)
	}
	return err
}

func (c *checker) stray(path string) { c.fault("%s is no archive and stands among them", path) }

// OwnsArchive reports whether the database knows the archive; the sweeper asks.
// A database that was set back cannot tell: that is an error.
func (r *Registry) OwnsArchive(ctx context.Context, c ident.Checksum) (bool, error) {
	owned, err := r.db.Reader().HasArchive(ctx, c)
	if err != nil || owned || r.log == nil {
		return owned, err
	}
	return false, r.log.CheckDatabase(ctx)
}
