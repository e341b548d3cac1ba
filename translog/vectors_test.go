package translog

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

var update = flag.Bool("update", false, "write spec/vectors/log again")

const vectorFolder = "../spec/vectors/log"

// vectors gives the files of spec/vectors/log: a log with its key, leaf
// hashes, checkpoint and the proof of entry 2.
func vectors(t testing.TB) map[string][]byte {
	t.Helper()
	s, v := testKey(t)
	files := map[string][]byte{"key.txt": []byte(v.Key() + "\n")}
	tree := new(memoryTree)
	var leaves strings.Builder
	for i, e := range vectorLog(t) {
		text := mustBytes(t, e)
		files[vectorName(i, e)] = text
		tree.append(t, LeafHash(text))
		fmt.Fprintf(&leaves, "%d %s\n", i, LeafHash(text))
	}
	files["leaves.txt"] = []byte(leaves.String())
	checkpoint, err := s.Checkpoint(tree.tree(t, tree.size))
	if err != nil {
		t.Fatal(err)
	}
	files["checkpoint.txt"] = checkpoint
	files["02-publish.tlog-proof"] = proofOf(t, tree, 2, files["02-publish.txt"], checkpoint)
	return files
}

func vectorName(i int, e *Entry) string { return fmt.Sprintf("%02d-%s.txt", i, e.Kind) }

func proofOf(t testing.TB, tree *memoryTree, index int64, entry, checkpoint []byte) []byte {
	t.Helper()
	path, err := tlog.ProveRecord(tree.size, index, tree)
	if err != nil {
		t.Fatal(err)
	}
	return FormatProof(index, entry, path, checkpoint)
}

func TestVectors(t *testing.T) {
	want := vectors(t)
	if *update {
		writeVectors(t, want)
	}
	found, err := os.ReadDir(vectorFolder)
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != len(want) {
		t.Errorf("%d files in %s, want %d; run with -update", len(found), vectorFolder, len(want))
	}
	for name, text := range want {
		got, err := os.ReadFile(filepath.Join(vectorFolder, name))
		if err != nil {
			t.Error(err)
			continue
		}
		if !bytes.Equal(got, text) {
			t.Errorf("%s differs from what is written now:\n%s", name, text)
		}
	}
}

func writeVectors(t *testing.T, files map[string][]byte) {
	t.Helper()
	if err := os.MkdirAll(vectorFolder, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(vectorFolder, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestVectorsVerify reads the files as a stranger would, with the public key
// alone.
func TestVectorsVerify(t *testing.T) {
	read := func(name string) []byte {
		data, err := os.ReadFile(filepath.Join(vectorFolder, name))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	v, err := NewVerifier(strings.TrimSpace(string(read("key.txt"))))
	if err != nil {
		t.Fatal(err)
	}
	signed, err := v.OpenCheckpoint(read("checkpoint.txt"))
	if err != nil {
		t.Fatal(err)
	}
	names, err := filepath.Glob(filepath.Join(vectorFolder, "[0-9][0-9]-*.txt"))
	if err != nil {
		t.Fatal(err)
	}
	var chain Chain
	var frontier Frontier
	for i, name := range names {
		text := read(filepath.Base(name))
		e, err := ParseEntry(text)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := chain.Add(int64(i), e); err != nil {
			t.Error(err)
		}
		frontier.Append(LeafHash(text))
	}
	if frontier.Tree() != signed {
		t.Errorf("the entries make %v, signed is %v", frontier.Tree(), signed)
	}
	p, err := v.VerifyProof(read("02-publish.tlog-proof"))
	if err != nil {
		t.Fatal(err)
	}
	if p.Index != 2 || p.Tree != signed || !bytes.Equal(p.EntryBytes, read("02-publish.txt")) {
		t.Errorf("the proof is of entry %d in %v", p.Index, p.Tree)
	}
}
