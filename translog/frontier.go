package translog

import (
	"fmt"
	"math/bits"
	"slices"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/tlog"
)

// Frontier is the right edge of a growing tree: the roots of the complete
// subtrees that its size is made of, the largest first. It is all one needs to
// append leaves and to give the root: at most 53 hashes. The zero value is the
// empty tree. It is not safe for concurrent use.
type Frontier struct {
	size int64
	edge []tlog.Hash
}

// TileHash is a hash and its place in the tiles. Hashes of a tile arrive in
// the order of their columns, none is ever changed.
type TileHash struct {
	Level  int   // of the tile: 0 holds leaves
	Tile   int64 // number of the tile in its level
	Column int   // place of the hash in the tile, 0 to 255
	Hash   tlog.Hash
}

// LoadFrontier reads the right edge of the tree of the given size. r is
// believed: use TileHashes, or compare Root with the root that is known.
func LoadFrontier(size int64, r tlog.HashReader) (*Frontier, error) {
	if size < 0 || size > MaxNumber {
		return nil, fmt.Errorf("%w: a tree cannot have the size %d", ErrMalformed, size)
	}
	if size == 0 {
		return new(Frontier), nil
	}
	indexes := torchwood.RightEdge(size)
	edge, err := r.ReadHashes(indexes)
	if err != nil {
		return nil, fmt.Errorf("reading the right edge of the tree of size %d: %w", size, err)
	}
	if len(edge) != len(indexes) {
		return nil, fmt.Errorf("reading the right edge of the tree of size %d: %d hashes instead of %d", size, len(edge), len(indexes))
	}
	return &Frontier{size, slices.Clone(edge)}, nil
}

// Append adds a leaf and gives the hashes that are new in the tiles: the leaf
// at level 0, and for each complete tile its root in the level above.
func (f *Frontier) Append(leaf tlog.Hash) []TileHash {
	added := []TileHash{tileHash(0, f.size, leaf)}
	h, n := leaf, f.size
	for level := 1; n&1 == 1; level++ {
		last := len(f.edge) - 1
		h = tlog.NodeHash(f.edge[last], h)
		f.edge = f.edge[:last]
		n >>= 1
		if level%TileHeight == 0 {
			added = append(added, tileHash(level/TileHeight, n, h))
		}
	}
	f.edge = append(f.edge, h)
	f.size++
	return added
}

// tileHash places the n-th hash of a tile level.
func tileHash(level int, n int64, h tlog.Hash) TileHash {
	return TileHash{level, n / TileWidth, int(n % TileWidth), h}
}

// Root gives the root hash; for the empty tree the SHA-256 of nothing.
func (f *Frontier) Root() tlog.Hash {
	if f.size == 0 {
		h, _ := tlog.TreeHash(0, nil) // reads nothing
		return h
	}
	last := bits.OnesCount64(uint64(f.size)) - 1
	h := f.edge[last]
	for _, left := range slices.Backward(f.edge[:last]) {
		h = tlog.NodeHash(left, h)
	}
	return h
}

// Size gives the number of leaves.
func (f *Frontier) Size() int64 { return f.size }

// Tree gives size and root together, as a checkpoint states them.
func (f *Frontier) Tree() tlog.Tree { return tlog.Tree{N: f.size, Hash: f.Root()} }

// Clone gives an independent copy: to append on trial, and go back on failure.
func (f *Frontier) Clone() *Frontier { return &Frontier{f.size, slices.Clone(f.edge)} }
