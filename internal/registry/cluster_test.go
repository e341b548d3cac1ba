package registry_test

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/internal/registry"
	"github.com/ori-lang/registry/internal/repotest/pgtest"
	"github.com/ori-lang/registry/internal/repotest/sample"
)

// Two servers on one PostgreSQL publish at once, each version at both: one
// chain, no version twice, and each server shows what the other has done.
func TestTwoServersOnOneDatabase(t *testing.T) {
	const versions = 30
	first := newFixtureOn(t, pgtest.URL(t))
	ada := first.owner("ada", "acme")
	second := first.twin()
	servers := []*fixture{first, second}
	var mu sync.Mutex
	created := make(map[string]int)
	var all sync.WaitGroup
	for n := range versions {
		for i, server := range servers {
			version := fmt.Sprintf("1.0.%d", n)
			content := sample.Package{Ref: "@acme/http@" + version, Files: map[string]string{"NOTICE": fmt.Sprint(i)}}.Archive(t)
			staged := server.stage(content)
			all.Go(func() {
				receipt, err := server.Publish(t.Context(), ada, pkg("@acme/http"), registry.Upload{Archive: staged})
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil && receipt.Created:
					created[version]++
					server.checkProof(receipt)
				case !errors.Is(err, api.VersionExists):
					t.Errorf("publishing %s: %v", version, err)
				}
			})
		}
	}
	all.Wait()
	for n := range versions {
		if version := fmt.Sprintf("1.0.%d", n); created[version] != 1 {
			t.Errorf("%s was made %d times", version, created[version])
		}
	}
	for i, server := range servers {
		if size := server.logSize(); size != 2+versions {
			t.Errorf("server %d shows a log of %d entries", i, size)
		}
		if faults := server.fsck(); len(faults) > 0 {
			t.Errorf("fsck at server %d: %s", i, faults)
		}
	}
}

// twin is a second server on the same database, with a copy of the folder of
// keys: that is how a server is added.
func (f *fixture) twin() *fixture {
	f.t.Helper()
	keys := f.t.TempDir()
	must(f.t, os.CopyFS(keys, os.DirFS(f.keys)))
	return newFixtureWithKeys(f.t, f.database, keys)
}
