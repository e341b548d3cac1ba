package translog

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

// TestConsistentAllSizes compares every pair of sizes up to 300, and a tree of
// the same sizes with one other leaf.
func TestConsistentAllSizes(t *testing.T) {
	const n, fork = 300, 150
	a, b := numberedTree(t, n), numberedTree(t, fork)
	b.append(t, numberedLeaf(-1))
	for i := int64(fork + 1); i < n; i++ {
		b.append(t, numberedLeaf(i))
	}
	var as, bs [n + 1]tlog.Tree
	for i := range as {
		as[i], bs[i] = a.tree(t, int64(i)), b.tree(t, int64(i))
	}
	for old := range as {
		for new := range as {
			if old > 20 && new > 20 && (old+new)%7 != 0 {
				continue // all of the small ones, a part of the rest
			}
			check(t, as[old], as[new], a, wantFor(old, new, false))
			check(t, as[old], bs[new], larger(old, new, a, b), wantFor(old, new, old > fork && new > fork))
		}
	}
}

func larger(old, new int, a, b *memoryTree) *memoryTree {
	if old > new {
		return a
	}
	return b
}

func wantFor(old, new int, forked bool) error {
	switch {
	case forked:
		return ErrFork
	case new < old:
		return ErrStale
	}
	return nil
}

func check(t *testing.T, old, new tlog.Tree, tiles *memoryTree, want error) {
	t.Helper()
	if err := Consistent(t.Context(), old, new, tiles); !errors.Is(err, want) {
		t.Fatalf("%d → %d from tiles: got %v, want %v", old.N, new.N, err, want)
	}
	if err := CheckConsistency(old, new, tiles); !errors.Is(err, want) {
		t.Fatalf("%d → %d: got %v, want %v", old.N, new.N, err, want)
	}
}

// TestConsistentLargeTrees holds the bound on tiles up to the largest trees.
func TestConsistentLargeTrees(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	u := newUniform()
	for range 500 {
		old, new := r.Int64N(MaxNumber)>>r.IntN(53), r.Int64N(MaxNumber)>>r.IntN(53)
		if old > new {
			old, new = new, old
		}
		u.asked = 0
		if err := Consistent(t.Context(), u.tree(old), u.tree(new), u); err != nil {
			t.Fatalf("%d → %d: %v", old, new, err)
		}
		if u.asked > 21 {
			t.Errorf("%d → %d: %d tiles were read", old, new, u.asked)
		}
		if err := Consistent(t.Context(), u.tree(new), u.tree(old), u); old < new && !errors.Is(err, ErrStale) {
			t.Fatalf("%d → %d: %v", new, old, err)
		}
		forked := tlog.Tree{N: old, Hash: numberedLeaf(1)}
		if err := Consistent(t.Context(), forked, u.tree(new), u); old > 0 && !errors.Is(err, ErrFork) {
			t.Fatalf("%d → %d, forked: %v", old, new, err)
		}
	}
}

func TestConsistentEmpty(t *testing.T) {
	u := newUniform()
	empty := tlog.Tree{Hash: emptyRoot()}
	cases := []struct {
		old, new tlog.Tree
		want     error
	}{
		{empty, empty, nil},
		{empty, u.tree(1000), nil},
		{u.tree(1000), empty, ErrStale},
		{u.tree(1000), u.tree(1000), nil},
		{u.tree(1000), tlog.Tree{N: 1000}, ErrFork},
		{tlog.Tree{}, u.tree(1000), ErrMalformed},
		{u.tree(1000), tlog.Tree{N: -1}, ErrMalformed},
		{u.tree(1000), tlog.Tree{N: MaxNumber + 1}, ErrMalformed},
		{u.tree(1000), tlog.Tree{N: 1<<63 - 1}, ErrMalformed},
	}
	for _, c := range cases {
		if err := Consistent(t.Context(), c.old, c.new, u); !errors.Is(err, c.want) {
			t.Errorf("%v → %v: got %v, want %v", c.old, c.new, err, c.want)
		}
	}
	if u.asked > 0 {
		t.Errorf("%d tiles were read for nothing", u.asked)
	}
}

// TestConsistentTiles tells faults of the tiles from forks and from one another.
func TestConsistentTiles(t *testing.T) {
	gone := errors.New("gone")
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	cases := map[string]struct {
		ctx   context.Context
		spoil func(tlog.Tile, []byte)
		fail  func(tlog.Tile) error
		want  error
	}{
		"leaf tile changed":  {t.Context(), spoilLevel(0), nil, ErrTiles},
		"level 1 changed":    {t.Context(), spoilLevel(1), nil, ErrTiles},
		"tile not to be had": {t.Context(), nil, func(t tlog.Tile) error { return gone }, gone},
		"cancelled":          {cancelled, nil, nil, context.Canceled},
	}
	for name, c := range cases {
		u := newUniform()
		old, new := u.tree(70_000), u.tree(1_000_000)
		if c.spoil != nil {
			u.spoil = c.spoil
		}
		if c.fail != nil {
			u.fail = c.fail
		}
		err := Consistent(c.ctx, old, new, u)
		if !errors.Is(err, c.want) || errors.Is(err, ErrFork) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func spoilLevel(level int) func(tlog.Tile, []byte) {
	return func(t tlog.Tile, data []byte) {
		if t.L == level {
			data[5] ^= 1
		}
	}
}

// shortTiles serves one byte too few, longTiles the full form of every tile.
type shortTiles struct{ *memoryTree }

func (s shortTiles) Tile(ctx context.Context, t tlog.Tile) ([]byte, error) {
	data, err := s.memoryTree.Tile(ctx, t)
	return data[:len(data)-1], err
}

type longTiles struct{ *memoryTree }

func (l longTiles) Tile(ctx context.Context, t tlog.Tile) ([]byte, error) {
	data, err := l.memoryTree.Tile(ctx, t)
	return append(data, make([]byte, TileWidth*tlog.HashSize-len(data))...), err
}

func TestTileHashesWidth(t *testing.T) {
	m := numberedTree(t, 600)
	old, new := m.tree(t, 300), m.tree(t, 600)
	if err := Consistent(t.Context(), old, new, shortTiles{m}); !errors.Is(err, ErrTiles) {
		t.Errorf("short tiles: got %v", err)
	}
	if err := Consistent(t.Context(), old, new, longTiles{m}); err != nil {
		t.Errorf("long tiles: got %v", err)
	}
}

// TestTileHashesBounded asks for hashes in more tiles than are read at once.
func TestTileHashesBounded(t *testing.T) {
	u := newUniform()
	var indexes []int64
	for i := range int64(200) {
		indexes = append(indexes, tlog.StoredHashIndex(0, i*1000))
	}
	_, err := TileHashes(t.Context(), u.tree(1_000_000), u).ReadHashes(indexes)
	if err == nil || errors.Is(err, ErrTiles) || u.asked > 0 {
		t.Errorf("got %v after %d tiles", err, u.asked)
	}
	if h, err := TileHashes(t.Context(), tlog.Tree{}, u).ReadHashes(nil); err != nil || len(h) != 0 {
		t.Errorf("no hashes: got %v, %v", h, err)
	}
	if _, err := TileHashes(t.Context(), tlog.Tree{}, u).ReadHashes([]int64{0}); !errors.Is(err, ErrMalformed) {
		t.Errorf("impossible tree: got %v", err)
	}
}
