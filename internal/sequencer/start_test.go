package sequencer

import (
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/translog"
)

// What stands in the folders at the next start, and what the server makes of it.
func TestStartWithForeignState(t *testing.T) {
	restore := func(old string) func(*fixture) {
		return func(f *fixture) { copyFile(f.t, filepath.Join(f.dir, old), filepath.Join(f.dir, "registry.db")) }
	}
	anchorPath := func(f *fixture) string { return filepath.Join(f.dir, "keys", anchorFile) }
	tests := []struct {
		name     string
		change   func(*fixture)
		readOnly string // part of the reason; "" when it starts as ever
		refused  string // part of the error; "" when it starts
	}{
		{"unchanged", func(*fixture) {}, "", ""},
		{"older database", restore("old.db"), "an older state was put back", ""},
		{"anchor missing", func(f *fixture) { remove(f.t, anchorPath(f)) }, "head anchor beside the signing key is missing", ""},
		{"anchor of another log of that size", func(f *fixture) {
			a, err := openAnchor(anchorPath(f))
			if err != nil {
				f.t.Fatal(err)
			}
			if err := a.advance(tlog.Tree{N: a.tree.N, Hash: tlog.Hash{1}}); err != nil {
				f.t.Fatal(err)
			}
			a.close()
		}, "are not those that the registry has shown", ""},
		{"one slot of the anchor spoiled", func(f *fixture) {
			a, err := openAnchor(anchorPath(f))
			if err != nil {
				f.t.Fatal(err)
			}
			if _, err := a.file.WriteAt([]byte("spoiled"), (a.generation+1)%2*slotSize); err != nil {
				f.t.Fatal(err)
			}
			a.close()
		}, "", ""},
		{"anchor spoiled", func(f *fixture) { write(f.t, anchorPath(f), make([]byte, 2*slotSize)) }, "head anchor beside the signing key is damaged", ""},
		{"anchor cut short", func(f *fixture) { write(f.t, anchorPath(f), make([]byte, 100)) }, "head anchor beside the signing key is damaged", ""},
		{"key missing", func(f *fixture) { remove(f.t, filepath.Join(f.dir, "keys", keyFile)) }, "", "signing key"},
		{"key spoiled", func(f *fixture) { write(f.t, filepath.Join(f.dir, "keys", keyFile), []byte("x")) }, "", "put back the folder of keys"},
		{"key of another log", func(f *fixture) {
			secret, _, err := translog.NewKey(rand.Reader, "other.example/log")
			if err != nil {
				f.t.Fatal(err)
			}
			write(f.t, filepath.Join(f.dir, "keys", keyFile), []byte(secret))
		}, "", `is of the log "other.example/log"`},
		{"another key of this log", func(f *fixture) {
			secret, _, err := translog.NewKey(rand.Reader, testOrigin)
			if err != nil {
				f.t.Fatal(err)
			}
			write(f.t, filepath.Join(f.dir, "keys", keyFile), []byte(secret))
		}, "", "was opened with another key"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := newFixture(t)
			f.submit(claim(1))
			f.close()
			copyFile(t, filepath.Join(f.dir, "registry.db"), filepath.Join(f.dir, "old.db"))
			f.open()
			for i := range 10 {
				f.submit(claim(2 + i))
			}
			f.close()
			test.change(f)
			err := f.tryOpen()
			if test.refused != "" {
				if err == nil || !strings.Contains(err.Error(), test.refused) {
					t.Fatalf("opening gave %v", err)
				}
				f.seq = nil
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			f.checkReadOnly(test.readOnly)
		})
	}
}

// checkReadOnly checks that nothing is changed and nothing signed when the
// registry is read-only, and everything is as ever when it is not.
func (f *fixture) checkReadOnly(reason string) {
	f.t.Helper()
	if !strings.Contains(f.seq.ReadOnly(), reason) || (reason == "") != (f.seq.ReadOnly() == "") {
		f.t.Fatalf("read-only because %q", f.seq.ReadOnly())
	}
	if reason == "" {
		f.submit(claim(100))
		return
	}
	if err := f.seq.Submit(f.t.Context(), appending(claim(100))); !errors.Is(err, api.ReadOnly) {
		f.t.Errorf("a change gave %v", err)
	}
	if _, err := f.seq.Checkpoint(f.t.Context()); !errors.Is(err, api.ReadOnly) {
		f.t.Errorf("the checkpoint gave %v", err)
	}
}

func copyFile(t testing.TB, from, to string) {
	t.Helper()
	write(t, to, read(t, from))
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func write(t testing.TB, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func remove(t testing.TB, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

// A crash that tears any write of the anchor leaves the tree that was shown before.
func TestTornAnchor(t *testing.T) {
	path := filepath.Join(t.TempDir(), anchorFile)
	a, err := createAnchor(path, tlog.Tree{N: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer a.close()
	for shown := int64(1); shown < 5; shown++ {
		whole := read(t, path)
		if err := a.advance(tlog.Tree{N: shown + 1}); err != nil {
			t.Fatal(err)
		}
		torn := read(t, path)
		for i := range torn {
			if torn[i] != whole[i] {
				torn[i] = '?'
			}
		}
		other := filepath.Join(t.TempDir(), anchorFile)
		write(t, other, torn)
		b, err := openAnchor(other)
		if err != nil {
			t.Fatalf("torn after %d was shown: %v", shown, err)
		}
		if b.tree.N != shown {
			t.Errorf("torn after %d was shown, it says %d", shown, b.tree.N)
		}
		b.close()
	}
}
