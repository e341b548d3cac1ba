package translog

import (
	"context"
	"errors"

	"golang.org/x/mod/sumdb/tlog"
)

// uniform is a tree of any size whose leaves are all the same, so that every
// complete subtree of a height has the same root: a tree of 2^53 leaves at hand.
type uniform struct {
	roots [64]tlog.Hash
	asked int                     // tiles that were read
	spoil func(tlog.Tile, []byte) // changes what is served
	fail  func(tlog.Tile) error   // refuses to serve
}

func newUniform() *uniform {
	u := &uniform{spoil: func(tlog.Tile, []byte) {}, fail: func(tlog.Tile) error { return nil }}
	u.roots[0] = numberedLeaf(0)
	for i := range len(u.roots) - 1 {
		u.roots[i+1] = tlog.NodeHash(u.roots[i], u.roots[i])
	}
	return u
}

func (u *uniform) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		level, _ := tlog.SplitStoredHashIndex(x)
		out[i] = u.roots[level]
	}
	return out, nil
}

// frontier gives the right edge of the tree of n leaves.
func (u *uniform) frontier(n int64) *Frontier {
	f, err := LoadFrontier(n, u)
	if err != nil {
		panic(err)
	}
	return f
}

func (u *uniform) tree(n int64) tlog.Tree { return u.frontier(n).Tree() }

func (u *uniform) Tile(ctx context.Context, t tlog.Tile) ([]byte, error) {
	u.asked++
	if err := errors.Join(ctx.Err(), u.fail(t)); err != nil {
		return nil, err
	}
	var data []byte
	for range t.W {
		data = append(data, u.roots[TileHeight*t.L][:]...)
	}
	u.spoil(t, data)
	return data, nil
}
