package translog

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/ori-lang/registry/ident"
)

const (
	testOrigin = "registry.example/log"
	alice      = "u_7f3k2m9q"
	bob        = "u_4tz81xbw06"
)

// testSeed is the published secret of the test vectors' key: worthless, but
// the same for ever.
func testSeed() io.Reader {
	seed := sha256.Sum256([]byte("ori-log test vectors, not a secret"))
	return strings.NewReader(string(seed[:]))
}

func testKey(t testing.TB) (*Signer, *Verifier) {
	t.Helper()
	skey, vkey, err := NewKey(testSeed(), testOrigin)
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	v, err := NewVerifier(vkey)
	if err != nil {
		t.Fatal(err)
	}
	return s, v
}

// history numbers events as a log does.
type history struct {
	entries []*Entry
	last    map[string]*Entry
	indexes map[*Entry]int64
}

func (h *history) add(e Entry) {
	if h.last == nil {
		h.last, h.indexes = map[string]*Entry{}, map[*Entry]int64{}
	}
	e.Seq, e.Prev = 1, NoPrev
	if before := h.last[e.Subject()]; before != nil {
		e.Seq, e.Prev = before.Seq+1, h.indexes[before]
	}
	index := int64(len(h.entries))
	start := time.Date(2026, 11, 23, 18, 6, 31, 0, time.UTC)
	e.Time = start.Add(time.Duration(index) * 61 * time.Second)
	h.last[e.Subject()], h.indexes[&e] = &e, index
	h.entries = append(h.entries, &e)
}

// vectorLog is a log with at least one entry of every kind.
func vectorLog(t testing.TB) []*Entry {
	t.Helper()
	s, _ := testKey(t)
	_, nextKey, err := NewKey(strings.NewReader(strings.Repeat("k", 32)), testOrigin)
	if err != nil {
		t.Fatal(err)
	}
	http, json := mustPackage(t, "@acme/http"), mustPackage(t, "@acme/json-lines")
	v1, v2, beta := mustVersion(t, "1.4.0"), mustVersion(t, "2.0.0"), mustVersion(t, "0.1.0-beta.1")
	sum := func(s string) ident.Checksum { return ident.ChecksumOf([]byte(s)) }
	message := sum("fails on empty headers")
	publish := func(p ident.Package, v ident.Version, size int64) Entry {
		name := p.String() + v.String()
		return Entry{Kind: KindPublish, Package: p, Version: v, Archive: sum(name), Size: size, Manifest: sum("m" + name), Actor: alice}
	}
	h := new(history)
	for _, e := range []Entry{
		{Kind: KindOpen, Key: s.VerifierKey()},
		{Kind: KindScopeClaim, Scope: "acme", Actor: alice},
		publish(http, v1, 48213),
		publish(json, beta, 1),
		{Kind: KindMemberAdd, Scope: "acme", Member: bob, Role: "member", Actor: alice},
		{Kind: KindYank, Package: http, Version: v1, Reason: "broken", Message: &message, Actor: alice},
		{Kind: KindUnyank, Package: http, Version: v1, Actor: bob},
		publish(http, v2, MaxNumber),
		{Kind: KindDeprecate, Package: http, Version: v1, Message: &message, Replacement: "@acme/http@2.0.0", Actor: alice},
		{Kind: KindUndeprecate, Package: http, Version: v1, Actor: alice},
		{Kind: KindYank, Package: http, Version: v2, Actor: alice},
		{Kind: KindDeprecate, Package: json, Version: beta, Replacement: "@acme/http", Actor: alice},
		{Kind: KindDeprecate, Package: json, Version: beta, Actor: alice},
		{Kind: KindMemberRemove, Scope: "acme", Member: bob, Role: "member", Actor: alice},
		{Kind: KindTransfer, Package: json, From: alice, To: bob, Actor: bob},
		{Kind: KindStatus, Package: json, Status: "quarantined", Actor: "u_op00000000000000000000000z"},
		{Kind: KindAdvisory, Advisory: "x_ORI-2026-0001", Record: sum("{}"), Actor: "u_op00000000000000000000000z"},
		{Kind: KindRemove, Package: json, Version: beta, Reason: "malware", Message: &message, Actor: "u_op00000000000000000000000z"},
		{Kind: KindKey, Key: nextKey},
		{Kind: KindClose, Successor: "registry.example/log-2"},
	} {
		h.add(e)
	}
	return h.entries
}

func mustPackage(t testing.TB, s string) ident.Package {
	t.Helper()
	p, err := ident.ParsePackage(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func mustVersion(t testing.TB, s string) ident.Version {
	t.Helper()
	v, err := ident.ParseVersion(s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func mustBytes(t testing.TB, e *Entry) []byte {
	t.Helper()
	text, err := e.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// memoryTree stores all hashes of a tree the way package tlog numbers them:
// the reference that the tests compare with.
type memoryTree struct {
	size   int64
	hashes []tlog.Hash
}

func (m *memoryTree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		if x >= int64(len(m.hashes)) {
			return nil, fmt.Errorf("no hash %d", x)
		}
		out[i] = m.hashes[x]
	}
	return out, nil
}

func (m *memoryTree) append(t testing.TB, leaf tlog.Hash) {
	t.Helper()
	hashes, err := tlog.StoredHashesForRecordHash(m.size, leaf, m)
	if err != nil {
		t.Fatal(err)
	}
	m.hashes = append(m.hashes, hashes...)
	m.size++
}

// tree gives the tree of the first n leaves.
func (m *memoryTree) tree(t testing.TB, n int64) tlog.Tree {
	t.Helper()
	h, err := tlog.TreeHash(n, m)
	if err != nil {
		t.Fatal(err)
	}
	return tlog.Tree{N: n, Hash: h}
}

// Tile makes a memoryTree a TileSource.
func (m *memoryTree) Tile(_ context.Context, tile tlog.Tile) ([]byte, error) {
	return tlog.ReadTileData(tile, m)
}

func numberedLeaf(i int64) tlog.Hash { return LeafHash(fmt.Appendf(nil, "leaf %d", i)) }

func numberedTree(t testing.TB, n int64) *memoryTree {
	t.Helper()
	m := new(memoryTree)
	for i := range n {
		m.append(t, numberedLeaf(i))
	}
	return m
}
