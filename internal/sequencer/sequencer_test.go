package sequencer

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/translog"
)

const testOrigin = "registry.example/log"

func TestNewLogOpensWithItsKey(t *testing.T) { eachDatabase(t, testNewLogOpensWithItsKey) }

func testNewLogOpensWithItsKey(t *testing.T, f *fixture) {
	if n := f.tree().N; n != 1 {
		t.Fatalf("a new log has %d entries", n)
	}
	text, err := f.db.Reader().Entry(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	e, err := translog.ParseEntry(text)
	if err != nil {
		t.Fatal(err)
	}
	if e.Kind != translog.KindOpen || e.Key != f.seq.VerifierKey() || f.seq.Origin() != testOrigin {
		t.Errorf("the first entry is %+v", e)
	}
}

// Every size up to past two full tiles: the checkpoint, every tile, a proof of
// the newest entry and consistency with the tree before.
func TestTreeGrowsConsistently(t *testing.T) { eachDatabase(t, testTreeGrowsConsistently) }

func testTreeGrowsConsistently(t *testing.T, f *fixture) {
	before := f.tree()
	for n := 0; before.N < 600; n++ {
		f.submit(claim(3*n), claim(3*n+1), claim(3*n+2))
		tree := f.tree()
		if tree.N != before.N+3 {
			t.Fatalf("three entries made a tree of %d of one of %d", tree.N, before.N)
		}
		if err := translog.Consistent(t.Context(), before, tree, f); err != nil {
			t.Fatalf("%d → %d: %v", before.N, tree.N, err)
		}
		proof, err := f.seq.Proof(t.Context(), tree.N-2)
		if err != nil {
			t.Fatal(err)
		}
		if p, err := f.verifier().VerifyProof(proof); err != nil || p.Index != tree.N-2 || p.Entry.Scope != fmt.Sprintf("s%d", 3*n+1) {
			t.Fatalf("proof of %d: %v", tree.N-2, err)
		}
		before = tree
	}
	f.checkTiles(before)
}

// checkTiles reads the log as a mirror does: bundles, then the tiles that they make.
func (f *fixture) checkTiles(tree tlog.Tree) {
	f.t.Helper()
	var leaves []tlog.Hash
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		var out []tlog.Hash
		for _, i := range indexes {
			out = append(out, stored[i])
		}
		return out, nil
	})
	for _, tile := range tlog.NewTiles(translog.TileHeight, 0, tree.N) {
		if tile.L > 0 {
			continue
		}
		tile.L = -1
		data, err := f.seq.Tile(f.t.Context(), tile)
		if err != nil {
			f.t.Fatal(err)
		}
		entries, err := translog.ReadBundle(data, tile.W)
		if err != nil {
			f.t.Fatal(err)
		}
		for _, e := range entries {
			hashes, err := tlog.StoredHashesForRecordHash(int64(len(leaves)), translog.LeafHash(e), reader)
			if err != nil {
				f.t.Fatal(err)
			}
			leaves, stored = append(leaves, translog.LeafHash(e)), append(stored, hashes...)
		}
	}
	for _, tile := range tlog.NewTiles(translog.TileHeight, 0, tree.N) {
		want, err := tlog.ReadTileData(tile, reader)
		if err != nil {
			f.t.Fatal(err)
		}
		got, err := f.seq.Tile(f.t.Context(), tile)
		if err != nil || string(got) != string(want) {
			f.t.Errorf("%s differs from the entries (%v)", translog.TilePath(tile), err)
		}
	}
}

func TestTilesBeyondTheTreeAreNotFound(t *testing.T) {
	eachDatabase(t, testTilesBeyondTheTreeAreNotFound)
}

func testTilesBeyondTheTreeAreNotFound(t *testing.T, f *fixture) {
	for _, tile := range []tlog.Tile{
		{H: 8, L: 0, N: 0, W: 2},
		{H: 8, L: 0, N: 1, W: 1},
		{H: 8, L: 1, N: 0, W: 1},
		{H: 8, L: -1, N: 0, W: 2},
		{H: 8, L: -1, N: 1 << 56, W: 1},
		{H: 8, L: 0, N: 1 << 62, W: 256},
	} {
		if _, err := f.seq.Tile(t.Context(), tile); !errors.Is(err, api.NotFound) {
			t.Errorf("%+v: %v", tile, err)
		}
	}
}

func TestAFailedChangeLeavesNothing(t *testing.T) { eachDatabase(t, testAFailedChangeLeavesNothing) }

func testAFailedChangeLeavesNothing(t *testing.T, f *fixture) {
	refused := errors.New("refused")
	var group sync.WaitGroup
	results := make([]error, 40)
	for i := range results {
		group.Go(func() {
			results[i] = f.seq.Submit(t.Context(), func(ctx context.Context, tx *Tx) error {
				if _, _, err := tx.Append(ctx, claim(i)); err != nil {
					return err
				}
				if i%2 == 1 {
					return refused
				}
				return nil
			})
		})
	}
	group.Wait()
	for i, err := range results {
		if want := map[bool]error{true: refused}[i%2 == 1]; err != want {
			t.Errorf("change %d: %v", i, err)
		}
	}
	if n := f.tree().N; n != 1+20 {
		t.Errorf("20 changes of 40 were refused, the tree has %d entries", n)
	}
	f.checkChain()
}

// checkChain reads the whole log and checks seq and prev of every subject.
func (f *fixture) checkChain() {
	f.t.Helper()
	var chain translog.Chain
	err := f.db.Reader().Entries(f.t.Context(), 0, 1<<20, func(index int64, text []byte) error {
		e, err := translog.ParseEntry(text)
		if err != nil {
			return err
		}
		return chain.Add(index, e)
	})
	if err != nil {
		f.t.Error(err)
	}
}

func TestEventsOfASubjectAreChained(t *testing.T) { eachDatabase(t, testEventsOfASubjectAreChained) }

func testEventsOfASubjectAreChained(t *testing.T, f *fixture) {
	member := func() *translog.Entry {
		return &translog.Entry{Kind: translog.KindMemberAdd, Scope: "acme", Member: "u_12345678", Role: "member", Actor: "u_12345678"}
	}
	f.submit(&translog.Entry{Kind: translog.KindScopeClaim, Scope: "acme", Actor: "u_12345678"})
	f.submit(claim(1), member())
	f.submit(member())
	text, err := f.db.Reader().Entry(t.Context(), 4)
	if err != nil {
		t.Fatal(err)
	}
	if e, err := translog.ParseEntry(text); err != nil || e.Seq != 3 || e.Prev != 3 {
		t.Errorf("the third event of the scope says seq %d prev %d (%v)", e.Seq, e.Prev, err)
	}
	f.checkChain()
}

func TestReopeningGoesOn(t *testing.T) { eachDatabase(t, testReopeningGoesOn) }

func testReopeningGoesOn(t *testing.T, f *fixture) {
	for n := range 5 {
		for i := range 130 {
			f.submit(claim(130*n + i))
		}
		before := f.tree()
		f.close()
		f.open()
		if after := f.tree(); after != before {
			t.Fatalf("the tree was %v and is %v", before, after)
		}
	}
	f.checkTiles(f.tree())
	f.checkChain()
}

// A commit that ends in an error is read back: when it took place, the change
// is answered as done; when not, as failed, and the next one works.
func TestUnclearCommit(t *testing.T) { eachDatabase(t, testUnclearCommit) }

func testUnclearCommit(t *testing.T, f *fixture) {
	f.submit(claim(1))
	before := f.tree()
	for _, persisted := range []bool{false, true} {
		tx, err := f.db.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		want := tlog.Tree{N: before.N, Hash: before.Hash}
		if !persisted {
			want.Hash = sha256.Sum256([]byte("a tree that was never stored"))
		}
		tx.Rollback() // so that Commit fails
		if err := f.seq.settle(t.Context(), tx, want); (err == nil) != persisted {
			t.Errorf("persisted %v: settling gave %v", persisted, err)
		}
	}
	f.submit(claim(2))
	if tree := f.tree(); tree.N != before.N+1 {
		t.Errorf("the tree has %d entries", tree.N)
	}
}

// When the anchor cannot be written, no checkpoint is shown and nobody is told
// that all is well; what is committed is shown as soon as it can be.
func TestAnchorFailureIsNoSuccess(t *testing.T) { eachDatabase(t, testAnchorFailureIsNoSuccess) }

func testAnchorFailureIsNoSuccess(t *testing.T, f *fixture) {
	good := f.seq.anchor.file
	broken, err := os.Open(good.Name()) // read-only: every write fails
	if err != nil {
		t.Fatal(err)
	}
	f.seq.anchor.file = broken
	if err := f.seq.Submit(t.Context(), appending(claim(1))); !errors.Is(err, api.Unavailable) {
		t.Errorf("the change gave %v", err)
	}
	if n := f.seq.head.Load().Tree.N; n != 1 {
		t.Errorf("a tree of %d is shown that the anchor does not know", n)
	}
	f.seq.anchor.file = good
	broken.Close()
	if n := f.tree().N; n != 2 {
		t.Errorf("the tree has %d entries", n)
	}
}

func TestCloseFinishesWhatWaits(t *testing.T) { eachDatabase(t, testCloseFinishesWhatWaits) }

func testCloseFinishesWhatWaits(t *testing.T, f *fixture) {
	results := make(chan error, 50)
	for i := range cap(results) {
		go func() { results <- f.seq.Submit(t.Context(), appending(claim(i))) }()
	}
	if err := f.seq.Close(); err != nil {
		t.Fatal(err)
	}
	done := int64(0)
	for range cap(results) {
		switch err := <-results; {
		case err == nil:
			done++
		case !errors.Is(err, api.Unavailable):
			t.Errorf("a change gave %v", err)
		}
	}
	state, err := f.db.Reader().LogState(t.Context())
	if err != nil || state.Size != 1+done {
		t.Errorf("%d changes were answered as done, the log has %d entries (%v)", done, state.Size, err)
	}
	if err := f.seq.Submit(t.Context(), appending(claim(99))); !errors.Is(err, api.Unavailable) {
		t.Errorf("after Close a change gave %v", err)
	}
}

func TestAChangeWhoseSubmitterHasGoneIsNotBegun(t *testing.T) {
	eachDatabase(t, testAChangeWhoseSubmitterHasGoneIsNotBegun)
}

func testAChangeWhoseSubmitterHasGoneIsNotBegun(t *testing.T, f *fixture) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := f.seq.Submit(ctx, func(context.Context, *Tx) error {
		t.Error("the change ran")
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("submitting gave %v", err)
	}
	f.submit(claim(1))
}
