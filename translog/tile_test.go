package translog

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

func TestTilePath(t *testing.T) {
	cases := map[string]tlog.Tile{
		"tile/0/000":                     {H: 8, L: 0, N: 0, W: 256},
		"tile/0/000.p/1":                 {H: 8, L: 0, N: 0, W: 1},
		"tile/1/x001/234.p/255":          {H: 8, L: 1, N: 1234, W: 255},
		"tile/6/000.p/31":                {H: 8, L: 6, N: 0, W: 31},
		"tile/entries/x001/x234/067":     {H: 8, L: EntryLevel, N: 1234067, W: 256},
		"tile/entries/x001/x234/067.p/9": {H: 8, L: EntryLevel, N: 1234067, W: 9},
		"tile/0/x035/x184/x372/x088/831": {H: 8, L: 0, N: MaxNumber >> 8, W: 256},
	}
	for path, want := range cases {
		got, err := ParseTilePath(path)
		if err != nil || got != want || TilePath(got) != path {
			t.Errorf("%s: got %v, %v", path, got, err)
		}
	}
}

func TestParseTilePathRefuses(t *testing.T) {
	for _, path := range []string{
		"", "tile", "tile/", "tile/0", "tile/0/", "/tile/0/000", "tile/0/000/", "tile//0/000", "0/000", "checkpoint",
		"tile/8/0/000", "tile/8/data/000", "tile/data/000", "tile/entries", "tile/entries/data/000",
		"tile/-1/000", "tile/00/000", "tile/+0/000", "tile/7/000", "tile/63/000", "tile/64/000", "tile/99999999999999999999/000",
		"tile/0/0", "tile/0/0000", "tile/0/x000/000", "tile/0/001/234", "tile/0/x001/x234", "tile/0/1234", "tile/0/-01", "tile/0/X001/234",
		"tile/0/000.p", "tile/0/000.p/", "tile/0/000.p/0", "tile/0/000.p/01", "tile/0/000.p/256", "tile/0/000.p/-1", "tile/0/000.p/+1", "tile/0/000.p/1/2",
		"tile/0/x035/x184/x372/x088/832", "tile/1/x137/x438/x953/472", "tile/0/x999/x999/x999/x999/x999/x999/999",
		"tile/6/001", "tile/0/000 ", "tile/0/000\x00", "tile/0/../0/000", "tile/0/000.p/1?x", strings.Repeat("tile/0/000", 1000),
	} {
		if tile, err := ParseTilePath(path); err == nil {
			t.Errorf("%q is accepted as %v", path, tile)
		}
	}
}

func TestBundle(t *testing.T) {
	var bundle []byte
	var want [][]byte
	for i := range TileWidth {
		entry := bytes.Repeat([]byte{byte(i)}, i*MaxEntry/(TileWidth-1))
		want = append(want, entry)
		var err error
		if bundle, err = AppendBundleEntry(bundle, entry); err != nil {
			t.Fatal(err)
		}
	}
	got, err := ReadBundle(bundle, TileWidth)
	if err != nil {
		t.Fatal(err)
	}
	for i := range want {
		if !bytes.Equal(got[i], want[i]) {
			t.Errorf("entry %d differs", i)
		}
	}
	if _, err := AppendBundleEntry(nil, make([]byte, MaxEntry+1)); !errors.Is(err, ErrMalformed) {
		t.Errorf("too long: got %v", err)
	}
}

func TestReadBundleRefuses(t *testing.T) {
	two := []byte("\x00\x02ab\x00\x01c")
	cases := []struct {
		name string
		data []byte
		n    int
	}{
		{"none", nil, 0},
		{"empty", nil, 1},
		{"fewer", two, 3},
		{"more", two, 1},
		{"negative", two, -1},
		{"too many", make([]byte, 2*257), 257},
		{"cut", two[:len(two)-1], 2},
		{"cut in a length", two[:5], 2},
		{"too long", append([]byte{0x10, 0x01}, make([]byte, MaxEntry+1)...), 1},
	}
	for _, c := range cases {
		if got, err := ReadBundle(c.data, c.n); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: got %q, %v", c.name, got, err)
		}
	}
	if got, err := ReadBundle(two, 2); err != nil || string(got[0]) != "ab" || string(got[1]) != "c" {
		t.Errorf("got %q, %v", got, err)
	}
}
