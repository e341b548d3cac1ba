package translog

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// CheckConsistency compares two signed trees of one log. r reads the hashes of
// the larger one and must have verified them against its root, as TileHashes
// does: otherwise a fault of r looks like a fork.
//
// The error is nil when new is old or continues it; ErrStale when new is a
// shorter beginning of old; ErrFork when neither continues the other;
// ErrMalformed for impossible trees; or what r gave, with nothing proved.
func CheckConsistency(old, new tlog.Tree, r tlog.HashReader) error {
	for _, t := range []tlog.Tree{old, new} {
		if err := checkTree(t); err != nil {
			return fmt.Errorf("%w: %w", ErrMalformed, err)
		}
	}
	if new.N >= old.N {
		return checkPrefix(old, new, r)
	}
	if err := checkPrefix(new, old, r); err != nil {
		return err
	}
	return fmt.Errorf("%w: size %d, %d was seen", ErrStale, new.N, old.N)
}

// checkPrefix reports whether long begins with short. Every tree begins with
// the empty one.
func checkPrefix(short, long tlog.Tree, r tlog.HashReader) error {
	switch {
	case short == long || short.N == 0:
		return nil
	case short.N == long.N:
		return fmt.Errorf("%w: two roots for the size %d", ErrFork, long.N)
	}
	proof, err := tlog.ProveTree(long.N, short.N, r)
	if err != nil {
		return fmt.Errorf("proving that the tree of size %d continues that of size %d: %w", long.N, short.N, err)
	}
	if err := tlog.CheckTree(proof, long.N, long.Hash, short.N, short.Hash); err != nil {
		return fmt.Errorf("%w: the tree of size %d does not begin with that of size %d", ErrFork, long.N, short.N)
	}
	return nil
}

// Consistent is CheckConsistency with hashes from tiles, each verified against
// the root of the larger tree before it is believed. Its error is also
// ErrTiles when the tiles do not hash to that root, or what tiles gave.
func Consistent(ctx context.Context, old, new tlog.Tree, tiles TileSource) error {
	larger := new
	if old.N > new.N {
		larger = old
	}
	return CheckConsistency(old, new, TileHashes(ctx, larger, tiles))
}

// TileSource reads tiles of one log: over HTTP, from a cache or a database.
type TileSource interface {
	// Tile gives the data of a hash tile: t.W hashes of 32 bytes (or more,
	// when a wider form of the same tile is at hand). It need not verify them.
	Tile(ctx context.Context, t tlog.Tile) ([]byte, error)
}

// maxTiles bounds the tiles of one reading of hashes. Records, proofs and
// right edges need at most three for each of the seven levels.
const maxTiles = 64

// TileHashes reads hashes of the tree from tiles, at most 64 of them at a
// time, and verifies each against the tree's root: what it returns is in the
// tree. Its errors are ErrTiles or those of the source.
func TileHashes(ctx context.Context, tree tlog.Tree, tiles TileSource) tlog.HashReader {
	return tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		if len(indexes) == 0 {
			return nil, nil
		}
		if err := checkTree(tree); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
		}
		reader := &tileReader{ctx: ctx, source: tiles}
		hashes, err := tlog.TileHashReader(tree, reader).ReadHashes(indexes)
		switch {
		case reader.err != nil:
			return nil, reader.err
		case err != nil:
			return nil, fmt.Errorf("%w of size %d: %w", ErrTiles, tree.N, err)
		}
		return hashes, nil
	})
}

// tileReader lives for one ReadHashes: package tlog's reader takes no context.
type tileReader struct {
	ctx    context.Context
	source TileSource
	err    error // of the source, kept apart from a failed verification
}

func (r *tileReader) Height() int { return TileHeight }

func (r *tileReader) SaveTiles([]tlog.Tile, [][]byte) {}

func (r *tileReader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	if len(tiles) > maxTiles {
		r.err = errors.New("reading tiles: more than 64 at a time")
		return nil, r.err
	}
	data := make([][]byte, len(tiles))
	for i, t := range tiles {
		tile, err := r.source.Tile(r.ctx, t)
		if err != nil {
			r.err = fmt.Errorf("reading %s: %w", TilePath(t), err)
			return nil, r.err
		}
		data[i] = tile[:min(len(tile), t.W*tlog.HashSize)]
	}
	return data, nil
}
