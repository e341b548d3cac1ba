//go:build unix

package durable_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/ori-lang/registry/internal/durable"
)

// Locks belong to the open file, so a second one in this process stands for
// one in another.
func TestLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	for range 2 { // the second time the file is there already
		release, err := durable.Lock(path)
		must(t, err)
		for range 2 {
			if _, err := durable.Lock(path); !errors.Is(err, durable.ErrLocked) {
				t.Errorf("a second Lock gave %v", err)
			}
		}
		must(t, release())
	}
	wantFile(t, path, "")
}

func TestLocksOfTwoFiles(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"a", "b"} {
		release, err := durable.Lock(filepath.Join(folder, name))
		must(t, err)
		defer release()
	}
}

func TestLockKeepsTheContent(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	must(t, durable.Create(path, []byte("pid 1")))
	release, err := durable.Lock(path)
	must(t, err)
	must(t, release())
	wantFile(t, path, "pid 1")
}

func TestLockWithoutAFile(t *testing.T) {
	folder := t.TempDir()
	if _, err := durable.Lock(filepath.Join(folder, "none", "lock")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Lock in a folder that is not there gave %v", err)
	}
	must(t, os.Mkdir(filepath.Join(folder, "lock"), 0o700))
	if _, err := durable.Lock(filepath.Join(folder, "lock")); err == nil || errors.Is(err, durable.ErrLocked) {
		t.Errorf("Lock of a folder gave %v", err)
	}
}

// Of many that try at once, one gets the lock.
func TestLockIsExclusive(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	held := make(chan func() error, 16)
	var all sync.WaitGroup
	for range cap(held) {
		all.Go(func() {
			release, err := durable.Lock(path)
			if err == nil {
				held <- release
			} else if !errors.Is(err, durable.ErrLocked) {
				t.Errorf("Lock gave %v", err)
			}
		})
	}
	all.Wait()
	if len(held) != 1 {
		t.Fatalf("%d hold the lock", len(held))
	}
	must(t, (<-held)())
}
