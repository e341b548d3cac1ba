package client

import (
	"testing"

	"github.com/ori-lang/registry/translog"
)

// TestAdvance: what was seen moves on from what it was compared with, to a
// larger tree, and in no other way.
func TestAdvance(t *testing.T) {
	f := newFake(t)
	f.grow(9, "s")
	v, err := translog.NewVerifier(f.signer.VerifierKey())
	if err != nil {
		t.Fatal(err)
	}
	seen := func(size int64) Seen {
		if size == 0 {
			return Seen{}
		}
		return Seen{f.checkpoint(size), f.tree(size)}
	}
	for name, test := range map[string]struct {
		there, from, next int64 // sizes of trees; 0: none
		ok                bool
		want              int64
	}{
		"the first":                          {0, 0, 5, true, 5},
		"a larger one":                       {5, 5, 9, true, 9},
		"the same":                           {5, 5, 5, true, 5},
		"a smaller one":                      {9, 9, 5, true, 9},
		"another process has seen the first": {5, 0, 9, false, 5},
		"another process was faster":         {7, 5, 9, false, 7},
		"the folder was emptied":             {0, 5, 9, false, 0},
	} {
		state := NewState(t.TempDir())
		if test.there > 0 {
			if ok, err := state.Advance(t.Context(), v, Seen{}, seen(test.there)); err != nil || !ok {
				t.Fatal(ok, err)
			}
		}
		ok, err := state.Advance(t.Context(), v, seen(test.from), seen(test.next))
		newest, newestErr := state.Newest(v)
		if err != nil || newestErr != nil || ok != test.ok || newest.Tree.N != test.want {
			t.Errorf("%s: %t, %v; the newest has size %d, %v, want %t and %d", name, ok, err, newest.Tree.N, newestErr, test.ok, test.want)
		}
	}
}
