package sequencer

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/ori-lang/registry/internal/store"
	"github.com/ori-lang/registry/translog"
)

// tree is the right edge of the Merkle tree in memory: what is needed to grow
// it without reading the database.
type tree struct {
	frontier *translog.Frontier
	tails    map[int][]byte     // by level: the tile that is not full yet
	changed  map[tileRow][]byte // since the tree was loaded or grown
}

// tileRow names a row of log_tile.
type tileRow struct {
	level int
	n     int64
}

// loadTree reads the tree back from the database and compares it with what the
// state says.
func loadTree(ctx context.Context, r *store.Reader, want tlog.Tree) (*tree, error) {
	frontier, err := translog.LoadFrontier(want.N, &hashReader{ctx: ctx, r: r})
	if err != nil {
		return nil, fmt.Errorf("loading the tree: %w", err)
	}
	if frontier.Root() != want.Hash {
		return nil, fmt.Errorf("loading the tree: its tiles have the root %v, the state of the log says %v; run fsck", frontier.Root(), want.Hash)
	}
	t := &tree{frontier: frontier, tails: make(map[int][]byte)}
	for level, width := 0, want.N; width > 0; level, width = level+1, width/translog.TileWidth {
		if width%translog.TileWidth == 0 {
			continue
		}
		data, err := r.Tile(ctx, level, width/translog.TileWidth)
		if err != nil {
			return nil, fmt.Errorf("loading the tree: %w", err)
		}
		t.tails[level] = data
	}
	return t, nil
}

// errForeign says that the tree in the database is another one than was known.
var errForeign = errors.New("the database does not go on from the known tree")

// mustGoOn is nil when the tree in the database begins with the known one, else
// errForeign, or why it cannot be told.
func mustGoOn(ctx context.Context, r *store.Reader, current, known tlog.Tree) error {
	if known.N == 0 {
		return nil
	}
	if current.N < known.N {
		return fmt.Errorf("%w: it holds %d entries of %d", errForeign, current.N, known.N)
	}
	root, err := tlog.TreeHash(known.N, &hashReader{ctx: ctx, r: r})
	if err != nil {
		return fmt.Errorf("reading the tree: %w", err)
	}
	if root != known.Hash {
		return fmt.Errorf("%w: its first %d entries are others", errForeign, known.N)
	}
	return nil
}

func (t *tree) size() int64 { return t.frontier.Size() }

func (t *tree) head() tlog.Tree { return t.frontier.Tree() }

// grown gives the tree with these leaves added; t stays as it is, for the case
// that the transaction fails.
func (t *tree) grown(leaves []tlog.Hash) *tree {
	next := &tree{frontier: t.frontier.Clone(), tails: maps.Clone(t.tails), changed: make(map[tileRow][]byte)}
	for _, leaf := range leaves {
		for _, h := range next.frontier.Append(leaf) {
			next.add(h)
		}
	}
	return next
}

func (t *tree) add(h translog.TileHash) {
	// The full slice expression makes append copy: the tail of the tree that
	// this one grew from must not change.
	tail := t.tails[h.Level]
	row := tileRow{h.Level, h.Tile}
	if _, own := t.changed[row]; !own {
		tail = tail[:len(tail):len(tail)]
	}
	tail = append(tail, h.Hash[:]...)
	t.changed[row] = tail
	if len(tail) == translog.TileWidth*tlog.HashSize {
		tail = nil
	}
	t.tails[h.Level] = tail
}

// store writes what has grown.
func (t *tree) store(ctx context.Context, tx *store.Tx, origin string) error {
	for row, data := range t.changed {
		if err := tx.SetTile(ctx, row.level, row.n, data); err != nil {
			return fmt.Errorf("storing the tree: %w", err)
		}
	}
	head := t.head()
	if err := tx.SetLogState(ctx, store.LogState{Origin: origin, Size: head.N, Root: head.Hash}); err != nil {
		return fmt.Errorf("storing the tree: %w", err)
	}
	return nil
}

// hashReader reads the hashes of the tree from the tiles in the database. It
// trusts them: who must not, compares the root. It keeps what it has read for
// the next proof: the hashes, for a tile's upper ones are made of its lowest, and
// some tiles, for a reader that goes through the log in order.
type hashReader struct {
	ctx    context.Context
	r      *store.Reader
	hashes map[int64]tlog.Hash // by stored index
	tiles  map[tileRow][]byte
}

// keptTiles bounds the tiles that a hashReader keeps: half a megabyte.
const keptTiles = 64

// ReadHashes is the method of tlog.HashReader.
func (h *hashReader) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, 0, len(indexes))
	for _, index := range indexes {
		hash, err := h.hash(index)
		if err != nil {
			return nil, err
		}
		hashes = append(hashes, hash)
	}
	return hashes, nil
}

func (h *hashReader) hash(index int64) (tlog.Hash, error) {
	if hash, known := h.hashes[index]; known {
		return hash, nil
	}
	t := tlog.TileForIndex(translog.TileHeight, index)
	data, err := h.tile(t)
	if err != nil {
		return tlog.Hash{}, err
	}
	hash, err := tlog.HashFromTile(t, data, index)
	if err != nil {
		return tlog.Hash{}, err
	}
	if h.hashes == nil {
		h.hashes = make(map[int64]tlog.Hash)
	}
	h.hashes[index] = hash
	return hash, nil
}

func (h *hashReader) tile(t tlog.Tile) ([]byte, error) {
	row := tileRow{t.L, t.N}
	data, known := h.tiles[row]
	if !known {
		var err error
		if data, err = h.r.Tile(h.ctx, t.L, t.N); err != nil {
			return nil, fmt.Errorf("reading tile %s: %w", translog.TilePath(t), err)
		}
		if h.tiles == nil {
			h.tiles = make(map[tileRow][]byte)
		}
		if len(h.tiles) == keptTiles {
			clear(h.tiles)
		}
		h.tiles[row] = data
	}
	if len(data) < t.W*tlog.HashSize {
		return nil, fmt.Errorf("reading tile %s: %w", translog.TilePath(t), errShortTile)
	}
	return data[:t.W*tlog.HashSize], nil
}

var errShortTile = errors.New("the stored tile is too short; run fsck")
