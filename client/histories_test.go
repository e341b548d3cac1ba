package client

import (
	"os"
	"path/filepath"
	"testing"
)

// TestSyncWithAnotherHistory has a machine that has seen the log of a registry,
// which then shows less of it, another one, or one of another key: the project
// and the packages of the cache stay as they were.
func TestSyncWithAnotherHistory(t *testing.T) {
	for name, c := range map[string]struct {
		lie  func(t *testing.T, f *fake) *fake
		want error
	}{
		"a smaller tree": {func(_ *testing.T, f *fake) *fake {
			f.shown = 5
			return f
		}, Stale},
		"a fork": {func(t *testing.T, _ *fake) *fake {
			other := newFake(t)
			chain(other)
			other.grow(20, "other")
			return other
		}, LogFork},
		"another key": {func(t *testing.T, f *fake) *fake {
			other := newFakeOf(t, f.signer.Origin(), 9)
			f.signer = other.signer
			return f
		}, Policy},
	} {
		t.Run(name, func(t *testing.T) {
			f, u := newFake(t), newUser(t)
			dir := chain(f)
			f.grow(10, "one")
			f.publish(httpRef)
			if err := remote(t, u.client(f.server.URL)); err != nil {
				t.Fatal(err)
			}
			_, err := u.sync(dir, c.lie(t, f).server.URL)
			wantError(t, err, c.want)
			wantFiles(t, dir, "oripk.toml", "src")
			for _, folder := range []string{"packages", "proofs"} {
				if left, _ := os.ReadDir(filepath.Join(u.options.CacheDir, folder)); len(left) > 0 {
					t.Errorf("the cache has %v in %s", left, folder)
				}
			}
		})
	}
}
