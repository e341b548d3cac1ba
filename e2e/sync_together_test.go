package e2e

import (
	"path/filepath"
	"sync"
	"testing"
)

// TestSyncsTogether has three programs fill one empty cache at once, two of them
// for the same project. Each comes out right, and so does the cache.
func TestSyncsTogether(t *testing.T) {
	const direct, deep = 6, 4
	stock := newStock(t, direct, deep, 30_000)
	for range 3 {
		one := newDesk(t, stock.base, stock.manifest(direct))
		two := newDesk(t, stock.base, stock.manifest(direct-1))
		two.cache, two.state = one.cache, one.state
		var all sync.WaitGroup
		for _, d := range []*desk{one, two, one} {
			all.Go(func() { d.must("sync") })
		}
		all.Wait()
		for _, d := range []*desk{one, two} {
			d.wantPlaced()
			d.must("sync", "--locked", "--offline")
			wantNoTemporary(t, d)
		}
		want := "in order: 30 packages\n" // of which 25 are of both projects
		if got := one.must("cache", "verify"); got != want {
			t.Errorf("the cache is %q, want %q", got, want)
		}
		if archives, err := filepath.Glob(filepath.Join(one.cache, "archives", "*")); err != nil || len(archives) != direct*(deep+1) {
			t.Errorf("the cache has %d archives (%v)", len(archives), err)
		}
	}
}
