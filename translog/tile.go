package translog

import (
	"fmt"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/tlog"
)

// Tiles are of height 8: a full one holds 256 hashes (or, at level -1,
// entries).
const (
	TileHeight = torchwood.TileHeight
	TileWidth  = torchwood.TileWidth
	// EntryLevel is the level of a tile whose data is an entry bundle.
	EntryLevel = -1
)

// maxTileLevel is the highest level that a tree of MaxNumber entries has.
const maxTileLevel = 6

// TilePath gives a tile's path below the log's URL: "tile/0/x001/234.p/5",
// "tile/entries/000". It panics for another height than 8.
func TilePath(t tlog.Tile) string { return torchwood.TilePath(t) }

// ParseTilePath reads a path as TilePath gives it; every tile has one path.
// The tile is one that a tree of at most MaxNumber entries could have.
func ParseTilePath(path string) (tlog.Tile, error) {
	const longest = len("tile/entries/") + len("x000/")*6 + len("000.p/255")
	bad := fmt.Errorf("%s is not the path of a tile", excerpt(path))
	if len(path) > longest {
		return tlog.Tile{}, bad
	}
	t, err := torchwood.ParseTilePath(path)
	if err != nil || t.H != TileHeight || t.L > maxTileLevel || TilePath(t) != path {
		return tlog.Tile{}, bad
	}
	if first := int64(MaxNumber) >> (TileHeight * max(t.L, 0)); t.N > first>>TileHeight {
		return tlog.Tile{}, bad
	}
	return t, nil
}

// AppendBundleEntry adds an entry to an entry bundle (C2SP tlog-tiles).
func AppendBundleEntry(bundle, entry []byte) ([]byte, error) {
	if len(entry) > MaxEntry {
		return nil, tooLong(len(entry))
	}
	return torchwood.AppendTileEntry(bundle, entry)
}

// ReadBundle splits an entry bundle that holds exactly n entries, 1 to 256.
// The entries are parts of data; they are neither parsed nor verified. The
// error is ErrMalformed.
func ReadBundle(data []byte, n int) ([][]byte, error) {
	if n < 1 || n > TileWidth {
		return nil, fmt.Errorf("%w: a bundle does not hold %d entries", ErrMalformed, n)
	}
	entries := make([][]byte, n)
	for i := range entries {
		var err error
		if entries[i], data, err = torchwood.ReadTileEntry(data); err != nil {
			return nil, fmt.Errorf("%w: entry %d of a bundle: %w", ErrMalformed, i, err)
		}
		if len(entries[i]) > MaxEntry {
			return nil, tooLong(len(entries[i]))
		}
	}
	if len(data) > 0 {
		return nil, fmt.Errorf("%w: a bundle goes on after its %d entries", ErrMalformed, n)
	}
	return entries, nil
}
