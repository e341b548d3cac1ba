package translog

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
)

// FuzzEntry: what is accepted has this one text.
func FuzzEntry(f *testing.F) {
	for _, e := range vectorLog(f) {
		f.Add(mustBytes(f, e))
	}
	f.Add([]byte("ori-log/v2 publish\n"))
	texts := textsByKind(f)
	for _, c := range refusedTexts {
		f.Add([]byte(strings.Replace(texts[c.kind], c.old, c.new, 1)))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		e, err := ParseEntry(text)
		if err != nil {
			if !errors.Is(err, ErrMalformed) || e != nil {
				t.Fatalf("got %v, %v", e, err)
			}
			return
		}
		again, err := e.Bytes()
		if err != nil || !bytes.Equal(again, text) {
			t.Fatalf("%q is written as %q, %v", text, again, err)
		}
		if e.Subject() == "" {
			t.Fatalf("%q has no subject", text)
		}
	})
}

// FuzzProof: what is accepted is an entry that a seed proves, whatever else
// changed; what parses is printed back as it was.
func FuzzProof(f *testing.F) {
	_, v := testKey(f)
	files := vectors(f)
	good := files["02-publish.tlog-proof"]
	f.Add(good)
	f.Add(bytes.Replace(good, []byte("index 2"), []byte("index 19"), 1))
	f.Add([]byte(proofHeader + "\nextra \nindex 0\n\n"))
	truth := map[int64][]byte{2: files["02-publish.txt"]}
	for _, c := range proofCases(f) {
		if p, err := v.VerifyProof([]byte(c.text)); err == nil {
			truth[p.Index] = p.EntryBytes
		}
		if len(c.text) < 16<<10 {
			f.Add([]byte(c.text))
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if p, err := parseProof(text); err == nil {
			if again := FormatProof(p.Index, p.EntryBytes, p.Inclusion, p.Checkpoint); !bytes.Equal(again, text) {
				t.Fatalf("%q is printed as %q", text, again)
			}
		}
		p, err := v.VerifyProof(text)
		if err == nil && (p.EntryBytes == nil || !bytes.Equal(p.EntryBytes, truth[p.Index])) {
			t.Fatalf("entry %d is proved by %q", p.Index, text)
		}
		if err != nil && !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrSignature) && !errors.Is(err, ErrInclusion) {
			t.Fatalf("an error of no kind: %v", err)
		}
	})
}

// FuzzCheckpoint signs any text: the tree that is read is the text's.
func FuzzCheckpoint(f *testing.F) {
	s, v := testKey(f)
	f.Add(string(vectors(f)["checkpoint.txt"]), false)
	for _, c := range checkpointCases() {
		if len(c.text) < 1<<10 {
			f.Add(c.text, !c.stranger)
		}
	}
	f.Add(testOrigin+"\n1\n"+numberedLeaf(0).String()+"\nextension\n", true)
	f.Add(testOrigin+"\n9223372036854775807\n"+numberedLeaf(0).String()+"\n", true)
	f.Fuzz(func(t *testing.T, text string, sign bool) {
		signed := []byte(text)
		if sign {
			var err error
			if signed, err = note.Sign(&note.Note{Text: text}, s.signer); err != nil {
				return
			}
		}
		tree, err := v.OpenCheckpoint(signed)
		if err != nil {
			if !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrSignature) {
				t.Fatalf("an error of no kind: %v", err)
			}
			return
		}
		again, err := s.Checkpoint(tree)
		if err != nil {
			t.Fatal(err)
		}
		lines := bytes.SplitAfterN(again, []byte("\n"), 4)
		if head := bytes.Join(lines[:3], nil); !bytes.HasPrefix(signed, head) {
			t.Fatalf("%v is read from %q", tree, signed)
		}
	})
}

// FuzzTilePath: every tile has one path.
func FuzzTilePath(f *testing.F) {
	for _, path := range []string{"tile/0/000", "tile/entries/x001/234.p/5", "tile/6/000.p/31", "tile/data/000", "tile/0/x000/000"} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		tile, err := ParseTilePath(path)
		if err == nil && TilePath(tile) != path {
			t.Fatalf("%q is %v, whose path is %q", path, tile, TilePath(tile))
		}
	})
}

// FuzzBundle: a bundle that is accepted is made of its entries.
func FuzzBundle(f *testing.F) {
	f.Add([]byte("\x00\x02ab\x00\x01c"), 2)
	f.Fuzz(func(t *testing.T, data []byte, n int) {
		entries, err := ReadBundle(data, n)
		if err != nil {
			return
		}
		var again []byte
		for _, e := range entries {
			if again, err = AppendBundleEntry(again, e); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(again, data) {
			t.Fatalf("%x is written as %x", data, again)
		}
	})
}
