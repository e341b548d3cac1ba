package judges

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/ori-lang/registry/translog"
)

// The definitions of RFC 9162, section 2.1, as plainly as they stand there:
// no memory of subtrees, no cleverness.

// mth is the Merkle Tree Hash of a list of entries (2.1.1).
func mth(entries [][]byte) [32]byte {
	switch n := len(entries); n {
	case 0:
		return sha256.Sum256(nil)
	case 1:
		return sha256.Sum256(append([]byte{0}, entries[0]...))
	default:
		k := split(n)
		left, right := mth(entries[:k]), mth(entries[k:])
		return sha256.Sum256(append(append([]byte{1}, left[:]...), right[:]...))
	}
}

// split is the largest power of two smaller than n.
func split(n int) int { return 1 << (bits.Len(uint(n-1)) - 1) }

// path is the inclusion proof of entry m (2.1.3.1).
func path(m int, entries [][]byte) (proof [][32]byte) {
	if len(entries) <= 1 {
		return nil
	}
	k := split(len(entries))
	if m < k {
		return append(path(m, entries[:k]), mth(entries[k:]))
	}
	return append(path(m-k, entries[k:]), mth(entries[:k]))
}

// consistency is the consistency proof between the first m entries and all (2.1.4.1).
func consistency(m int, entries [][]byte, whole bool) [][32]byte {
	n := len(entries)
	switch k := split(max(n, 2)); {
	case m == n && whole:
		return nil
	case m == n:
		return [][32]byte{mth(entries)}
	case m <= k:
		return append(consistency(m, entries[:k], whole), mth(entries[k:]))
	default:
		return append(consistency(m-k, entries[k:], false), mth(entries[:k]))
	}
}

// Random trees: what translog and the library under it make equals the plain
// definitions, for every root, and for random proofs.
func TestAgainstRFC9162(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	source := rand.New(rand.NewPCG(seed, 9162))
	for range 30 {
		entries := make([][]byte, 1+source.IntN(700))
		for i := range entries {
			entries[i] = binary.BigEndian.AppendUint64(nil, source.Uint64())[:source.IntN(9)]
		}
		compare(t, source, entries)
	}
}

func compare(t *testing.T, source *rand.Rand, entries [][]byte) {
	t.Helper()
	var frontier translog.Frontier
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) (hashes []tlog.Hash, err error) {
		for _, i := range indexes {
			hashes = append(hashes, stored[i])
		}
		return hashes, nil
	})
	for i, entry := range entries {
		leaf := translog.LeafHash(entry)
		added, err := tlog.StoredHashesForRecordHash(int64(i), leaf, reader)
		must(t, err)
		stored = append(stored, added...)
		frontier.Append(leaf)
		if i%37 == 0 || i == len(entries)-1 {
			if got, want := frontier.Root(), mth(entries[:i+1]); got != tlog.Hash(want) {
				t.Fatalf("the root of %d entries differs", i+1)
			}
		}
	}
	for range 20 {
		m, n := source.IntN(len(entries)), int64(len(entries))
		inclusion, err := tlog.ProveRecord(n, int64(m), reader)
		must(t, err)
		same(t, fmt.Sprintf("inclusion of %d in %d", m, n), inclusion, path(m, entries))
		change, err := tlog.ProveTree(n, int64(m+1), reader)
		must(t, err)
		same(t, fmt.Sprintf("consistency of %d with %d", m+1, n), change, consistency(m+1, entries, true))
		old := tlog.Tree{N: int64(m + 1), Hash: tlog.Hash(mth(entries[:m+1]))}
		must(t, translog.CheckConsistency(old, frontier.Tree(), reader))
	}
}

func same(t *testing.T, what string, got []tlog.Hash, want [][32]byte) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d hashes, RFC 9162 has %d", what, len(got), len(want))
	}
	for i := range got {
		if got[i] != tlog.Hash(want[i]) {
			t.Fatalf("%s: hash %d differs", what, i)
		}
	}
}
