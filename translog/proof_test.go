package translog

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// scopeLog gives n entries that could be a log: one scope-claim after another.
func scopeLog(t testing.TB, n int) ([][]byte, *memoryTree) {
	t.Helper()
	h := new(history)
	h.add(*vectorLog(t)[0])
	for i := 1; i < n; i++ {
		h.add(Entry{Kind: KindScopeClaim, Scope: fmt.Sprintf("s%d", i), Actor: alice})
	}
	entries, tree := make([][]byte, n), new(memoryTree)
	for i, e := range h.entries {
		entries[i] = mustBytes(t, e)
		tree.append(t, LeafHash(entries[i]))
	}
	return entries, tree
}

// TestProofs makes and checks proofs for all entries in trees of many sizes,
// with torchwood's verifier as a second judge.
func TestProofs(t *testing.T) {
	s, v := testKey(t)
	entries, all := scopeLog(t, 300)
	policy := secondJudge(t, v)
	for n := int64(1); n <= 300; n++ {
		tree := all.tree(t, n)
		checkpoint, err := s.Checkpoint(tree)
		if err != nil {
			t.Fatal(err)
		}
		for i := range n {
			if n > 40 && i%17 != 0 && i < n-3 { // all of the small ones, a part of the rest
				continue
			}
			path, err := tlog.ProveRecord(n, i, all)
			if err != nil {
				t.Fatal(err)
			}
			text := FormatProof(i, entries[i], path, checkpoint)
			p, err := v.VerifyProof(text)
			if err != nil {
				t.Fatalf("entry %d of %d: %v", i, n, err)
			}
			if p.Index != i || p.Tree != tree || !bytes.Equal(p.EntryBytes, entries[i]) || !bytes.Equal(p.Checkpoint, checkpoint) ||
				!slices.Equal(p.Inclusion, path) || !bytes.Equal(mustBytes(t, p.Entry), entries[i]) {
				t.Fatalf("entry %d of %d: got %+v", i, n, p)
			}
			if err := torchwood.VerifyProof(policy, LeafHash(entries[i]), text); err != nil {
				t.Fatalf("entry %d of %d: torchwood: %v", i, n, err)
			}
		}
	}
}

func secondJudge(t testing.TB, v *Verifier) torchwood.Policy {
	t.Helper()
	key, err := note.NewVerifier(v.Key())
	if err != nil {
		t.Fatal(err)
	}
	return torchwood.ThresholdPolicy(2, torchwood.OriginPolicy(v.Origin()), torchwood.SingleVerifierPolicy(key))
}

type proofCase struct {
	name, text string
	want       error
}

// proofCases are a good proof of entry 42 of a log, and what was made of it.
func proofCases(t testing.TB) []proofCase {
	s, _ := testKey(t)
	entries, tree := scopeLog(t, 100)
	checkpoint, err := s.Checkpoint(tree.tree(t, 100))
	if err != nil {
		t.Fatal(err)
	}
	path, err := tlog.ProveRecord(100, 42, tree)
	if err != nil {
		t.Fatal(err)
	}
	good := string(FormatProof(42, entries[42], path, checkpoint))
	extra := "extra " + base64.StdEncoding.EncodeToString(entries[42]) + "\n"
	hash := path[0].String()
	forged := signText(t, strings.SplitAfter(string(checkpoint), "\n\n")[0][:len(testOrigin)+1]+"100\n"+tree.tree(t, 100).Hash.String()+"\n", true)
	return []proofCase{
		{"good", good, nil},
		{"empty", "", ErrMalformed},
		{"other header", strings.Replace(good, "proof@v1", "proof@v2", 1), ErrMalformed},
		{"header only", proofHeader + "\n", ErrMalformed},
		{"no extra", strings.Replace(good, extra, "", 1), ErrMalformed},
		{"empty extra", strings.Replace(good, extra, "extra \n", 1), ErrInclusion},
		{"two extras", strings.Replace(good, extra, extra+extra, 1), ErrMalformed},
		{"extra with a carriage return", strings.Replace(good, extra, extra[:20]+"\r"+extra[20:], 1), ErrMalformed},
		{"extra too long", strings.Replace(good, extra, "extra "+strings.Repeat("AAAA", MaxEntry/3+1)+"\n", 1), ErrMalformed},
		{"other entry", string(FormatProof(42, entries[41], path, checkpoint)), ErrInclusion},
		{"other index", strings.Replace(good, "index 42", "index 43", 1), ErrInclusion},
		{"index beyond", strings.Replace(good, "index 42", "index 100", 1), ErrInclusion},
		{"index far beyond", strings.Replace(good, "index 42", "index 9007199254740991", 1), ErrInclusion},
		{"index too large", strings.Replace(good, "index 42", "index 9007199254740992", 1), ErrMalformed},
		{"index spelled otherwise", strings.Replace(good, "index 42", "index 042", 1), ErrMalformed},
		{"index negative", strings.Replace(good, "index 42", "index -42", 1), ErrMalformed},
		{"no index", strings.Replace(good, "index 42\n", "", 1), ErrMalformed},
		{"hash missing", strings.Replace(good, hash+"\n", "", 1), ErrInclusion},
		{"hash twice", strings.Replace(good, hash, hash+"\n"+hash, 1), ErrInclusion},
		{"hash short", strings.Replace(good, hash, hash[:40], 1), ErrMalformed},
		{"hash spelled otherwise", strings.Replace(good, hash, hash[:42]+string(hash[42]+1)+"=", 1), ErrMalformed},
		{"63 hashes", strings.Replace(good, hash, strings.Repeat(hash+"\n", MaxProofPath-len(path))+hash, 1), ErrInclusion},
		{"64 hashes", strings.Replace(good, hash, strings.Repeat(hash+"\n", MaxProofPath+1-len(path))+hash, 1), ErrMalformed},
		{"no checkpoint", strings.Replace(good, string(checkpoint), "", 1), ErrMalformed},
		{"stranger's checkpoint", strings.Replace(good, string(checkpoint), string(forged), 1), ErrSignature},
		{"junk at the end", good + "junk\n", ErrMalformed},
		{"space at the end", good + " ", ErrMalformed},
		{"too long", good + strings.Repeat("— w.example AAAAAAAA\n", 3200), ErrMalformed},
	}
}

func TestVerifyProofRefuses(t *testing.T) {
	_, v := testKey(t)
	for _, c := range proofCases(t) {
		p, err := v.VerifyProof([]byte(c.text))
		if !errors.Is(err, c.want) || (err == nil) != (p != nil) {
			t.Errorf("%s: got %v, %v", c.name, p, err)
		}
		for _, other := range []error{ErrMalformed, ErrSignature, ErrInclusion} {
			if other != c.want && errors.Is(err, other) {
				t.Errorf("%s: the error is also %v: %v", c.name, other, err)
			}
		}
	}
}

// TestVerifyProofEntry refuses what is truly logged but no entry of its place.
func TestVerifyProofEntry(t *testing.T) {
	s, v := testKey(t)
	claim := entryOfKind(t, KindScopeClaim)
	late := *claim
	late.Seq, late.Prev = 2, 1
	cases := map[string]struct {
		leaf []byte
		want error
	}{
		"no entry":         {[]byte("hello"), ErrMalformed},
		"later format":     {[]byte("ori-log/v2 publish\n"), ErrUnsupported},
		"opened again":     {mustBytes(t, entryOfKind(t, KindOpen)), ErrMalformed},
		"prev not before":  {mustBytes(t, &late), ErrMalformed},
		"good":             {mustBytes(t, claim), nil},
		"empty but proved": {nil, ErrMalformed},
	}
	for name, c := range cases {
		tree := new(memoryTree)
		tree.append(t, numberedLeaf(0))
		tree.append(t, LeafHash(c.leaf))
		checkpoint, err := s.Checkpoint(tree.tree(t, 2))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := v.VerifyProof(proofOf(t, tree, 1, c.leaf, checkpoint)); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestProofMutations(t *testing.T) {
	_, v := testKey(t)
	files := vectors(t)
	good := files["02-publish.tlog-proof"]
	want, err := v.VerifyProof(good)
	if err != nil {
		t.Fatal(err)
	}
	for m := range mutations(good) {
		got, err := v.VerifyProof(m)
		switch {
		case err == nil && (got.Index != want.Index || got.Tree != want.Tree || !bytes.Equal(got.EntryBytes, want.EntryBytes)):
			t.Fatalf("another meaning is accepted:\n%s", m)
		case err == nil && !repeatsSignature(string(got.Checkpoint)):
			t.Fatalf("another spelling is accepted:\n%s", m)
		case err != nil && !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrSignature) && !errors.Is(err, ErrInclusion):
			t.Fatalf("an error of no kind: %v", err)
		}
	}
}
