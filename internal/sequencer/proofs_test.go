package sequencer

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/internal/repotest/pgtest"
	"github.com/ori-lang/registry/internal/store"
	"github.com/ori-lang/registry/translog"
)

// grow makes the log so large, and a little larger, with some entries at a time.
func (f *fixture) grow(size int) {
	f.t.Helper()
	for n := 0; n < size; {
		entries := make([]*translog.Entry, min(5000, size-n))
		for i := range entries {
			entries[i] = claim(n + i)
		}
		f.submit(entries...)
		n += len(entries)
	}
}

// Many proofs at once are each what one is alone, and all of one checkpoint.
func TestProofs(t *testing.T) { eachDatabase(t, testProofs) }

func testProofs(t *testing.T, f *fixture) {
	f.grow(1500)
	size := f.tree().N
	var indexes []int64
	for i := size - 1; i >= 0; i-- {
		indexes = append(indexes, i)
	}
	for what, asked := range map[string][]int64{
		"none": nil, "the first": {0}, "the last": {size - 1}, "twice the same": {7, 7}, "edges of tiles": {255, 256, 511, 512, 0}, "all": indexes,
	} {
		proofs, err := f.seq.Proofs(t.Context(), asked)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if want := slices.Compact(slices.Sorted(slices.Values(asked))); len(proofs) != len(want) {
			t.Errorf("%s: %d proofs of %d", what, len(proofs), len(want))
		}
		for _, index := range asked {
			p, err := f.verifier().VerifyProof(proofs[index])
			if err != nil || p.Index != index || p.Tree.N != size {
				t.Fatalf("%s: the proof of %d: %v", what, index, err)
			}
			alone, err := f.seq.Proof(t.Context(), index)
			if err != nil || string(alone) != string(proofs[index]) {
				t.Fatalf("%s: alone, the proof of %d is another: %v", what, index, err)
			}
		}
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := f.seq.Proofs(ended, []int64{size, 0}); !errors.Is(err, api.Unavailable) {
		t.Errorf("an entry that no checkpoint covers: %v", err)
	}
	if _, err := f.seq.Proofs(t.Context(), []int64{0, -1}); !errors.Is(err, store.ErrNotFound) || !strings.Contains(err.Error(), "entry -1") {
		t.Errorf("an entry that cannot be: %v", err)
	}
}

// BenchmarkProofs proves 1,000 entries that lie as far apart as they can in a
// log of 70,000.
func BenchmarkProofs(b *testing.B) {
	const size, count = 70_000, 1000
	for name, open := range map[string]func() *fixture{
		"sqlite":   func() *fixture { return newFixture(b) },
		"postgres": func() *fixture { return newFixtureOn(b, pgtest.URL(b)) },
	} {
		b.Run(name, func(b *testing.B) {
			f := open()
			f.grow(size)
			var indexes []int64
			for i := range int64(count) {
				indexes = append(indexes, i*(size/count))
			}
			for b.Loop() {
				proofs, err := f.seq.Proofs(b.Context(), indexes)
				if err != nil || len(proofs) != count {
					b.Fatalf("%d proofs, %v", len(proofs), err)
				}
			}
			b.ReportMetric(count/(b.Elapsed()/time.Duration(b.N)).Seconds(), "proofs/s")
		})
	}
}
