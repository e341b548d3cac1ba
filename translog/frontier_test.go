package translog

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

// tileRows collects what Append reports, as the log's tables do.
type tileRows map[[2]int64][]byte

func (r tileRows) put(t testing.TB, added []TileHash) {
	t.Helper()
	for _, h := range added {
		at := [2]int64{int64(h.Level), h.Tile}
		if len(r[at]) != h.Column*tlog.HashSize {
			t.Fatalf("hash %d of tile %v comes after %d bytes", h.Column, at, len(r[at]))
		}
		r[at] = append(r[at], h.Hash[:]...)
	}
}

// TestFrontierSizes compares root, right edge and all tiles with package tlog
// for every size from 0 to 1100.
func TestFrontierSizes(t *testing.T) {
	const sizes = 1100
	reference, rows, f := new(memoryTree), tileRows{}, new(Frontier)
	for n := int64(0); ; n++ {
		if f.Tree() != reference.tree(t, n) || f.Size() != n {
			t.Fatalf("size %d: got %v", n, f.Tree())
		}
		loaded, err := LoadFrontier(n, reference)
		if err != nil || loaded.Tree() != f.Tree() {
			t.Fatalf("size %d: loaded %v, %v", n, loaded, err)
		}
		compareTiles(t, reference, rows, n)
		if n == sizes {
			return
		}
		leaf := numberedLeaf(n)
		reference.append(t, leaf)
		added := f.Append(leaf)
		if again := loaded.Append(leaf); len(again) != len(added) || loaded.Root() != f.Root() {
			t.Fatalf("size %d: the loaded frontier goes on otherwise", n)
		}
		rows.put(t, added)
	}
}

// compareTiles checks the tiles that the step from n-1 to n changes.
func compareTiles(t *testing.T, reference *memoryTree, rows tileRows, n int64) {
	t.Helper()
	if n == 0 {
		return
	}
	for _, tile := range tlog.NewTiles(TileHeight, n-1, n) {
		want, err := tlog.ReadTileData(tile, reference)
		if err != nil {
			t.Fatal(err)
		}
		if got := rows[[2]int64{int64(tile.L), tile.N}]; !bytes.Equal(got, want) {
			t.Fatalf("size %d: %s differs", n, TilePath(tile))
		}
	}
}

// TestFrontierLargeTrees crosses the ends of tiles of every level: there one
// leaf completes up to six of them.
func TestFrontierLargeTrees(t *testing.T) {
	u := newUniform()
	r := rand.New(rand.NewPCG(3, 4))
	sizes := []int64{1<<16 - 1, 1 << 16, 1<<24 - 1, 1<<32 - 1, 1<<48 - 1, MaxNumber - 1}
	for range 500 {
		sizes = append(sizes, r.Int64N(MaxNumber)>>r.IntN(52))
	}
	for _, n := range sizes {
		f := u.frontier(n)
		for _, h := range f.Append(u.roots[0]) {
			if h.Hash != u.roots[h.Level*TileHeight] || h.Tile*TileWidth+int64(h.Column) != n>>(h.Level*TileHeight) {
				t.Fatalf("size %d: got %+v", n, h)
			}
		}
		want, err := tlog.TreeHash(n+1, u)
		if err != nil || f.Root() != want || f.Size() != n+1 {
			t.Fatalf("size %d: got %v, want %v, %v", n+1, f.Tree(), want, err)
		}
	}
	if added := u.frontier(1<<48 - 1).Append(u.roots[0]); len(added) != 7 {
		t.Errorf("leaf 2^48 completes %d tiles, want 6 and the leaf", len(added))
	}
}

func TestFrontierClone(t *testing.T) {
	f := new(Frontier)
	for i := range int64(7) {
		f.Append(numberedLeaf(i))
	}
	before, clone := f.Tree(), f.Clone()
	for i := range int64(9) {
		clone.Append(numberedLeaf(i))
	}
	if f.Tree() != before || clone.Size() != 16 {
		t.Errorf("the original went from %v to %v", before, f.Tree())
	}
	f.Append(numberedLeaf(7))
	if f.Tree() != numberedTree(t, 8).tree(t, 8) {
		t.Errorf("after the clone: %v", f.Tree())
	}
}

func TestLoadFrontierFromTiles(t *testing.T) {
	m := numberedTree(t, 1000)
	want := m.tree(t, 1000)
	f, err := LoadFrontier(1000, TileHashes(t.Context(), want, m))
	if err != nil || f.Tree() != want {
		t.Errorf("got %v, %v", f, err)
	}
	wrong := tlog.Tree{N: 1000, Hash: numberedLeaf(0)}
	if _, err := LoadFrontier(1000, TileHashes(t.Context(), wrong, m)); !errors.Is(err, ErrTiles) {
		t.Errorf("another root: got %v", err)
	}
}

func TestLoadFrontierRefuses(t *testing.T) {
	for _, size := range []int64{-1, MaxNumber + 1, 1<<63 - 1} {
		if _, err := LoadFrontier(size, newUniform()); !errors.Is(err, ErrMalformed) {
			t.Errorf("size %d: got %v", size, err)
		}
	}
	few := tlog.HashReaderFunc(func([]int64) ([]tlog.Hash, error) { return make([]tlog.Hash, 1), nil })
	if _, err := LoadFrontier(3, few); err == nil {
		t.Error("too few hashes are accepted")
	}
	if _, err := LoadFrontier(3, new(memoryTree)); err == nil {
		t.Error("an error of the reader is lost")
	}
}

func BenchmarkFrontierAppend(b *testing.B) {
	f, leaf := new(Frontier), numberedLeaf(0)
	for b.Loop() {
		f.Append(leaf)
	}
}
