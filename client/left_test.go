package client

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestSweepOfAProject: what killed programs have left half written beside the
// project's files goes after a day, and nothing sooner, and nothing else.
func TestSweepOfAProject(t *testing.T) {
	f, u := newFake(t), newUser(t)
	dir := chain(f)
	if _, err := u.sync(dir, f.server.URL); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	var gone, stay []string
	for _, folder := range []string{".", ".ori", ".ori/packages/@a"} {
		for name, age := range map[string]time.Duration{newPrefix + "old": 2 * day, newPrefix + "young": time.Hour} {
			path := filepath.Join(dir, folder, name)
			writeFile(t, path, "half")
			if err := os.Chtimes(path, now.Add(-age), now.Add(-age)); err != nil {
				t.Fatal(err)
			}
			if age > day {
				gone = append(gone, path)
			} else {
				stay = append(stay, path)
			}
		}
	}
	writeFile(t, filepath.Join(dir, ".new-notes"), "the user's")
	p := openProject(t, dir)
	r := u.registries(p, f.server.URL)
	if _, err := p.Sync(t.Context(), r, SyncOptions{Now: func() time.Time { return now }}); err != nil {
		t.Fatal(err)
	}
	for _, path := range gone {
		if _, err := os.Lstat(path); err == nil {
			t.Errorf("%s is still there", path)
		}
	}
	for _, path := range append(stay, filepath.Join(dir, ".new-notes")) {
		if _, err := os.Lstat(path); err != nil {
			t.Error(err)
		}
	}
}

// TestNothingHalfWrittenStays: a token must not lie about in a file that a
// killed login has left.
func TestNothingHalfWrittenStays(t *testing.T) {
	folder := t.TempDir()
	writeFile(t, filepath.Join(folder, ".oripk-123.tmp"), "a token")
	if err := writeAtomic(filepath.Join(folder, "credentials.toml"), []byte("new")); err != nil {
		t.Fatal(err)
	}
	wantFiles(t, folder, "credentials.toml")
}
