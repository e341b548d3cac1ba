package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/ori-lang/registry/ident"
)

// writeAtomic puts data at path so that a reader, and a machine that loses
// power, sees the old file or the new one and nothing between. The caller holds
// the lock of the folder, so whatever is half written there was left by a program
// that was killed, and goes.
func writeAtomic(path string, data []byte) error {
	const pattern = ".oripk-*.tmp"
	left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), pattern))
	for _, path := range left {
		_ = os.Remove(path)
	}
	f, err := os.CreateTemp(filepath.Dir(path), pattern)
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if _, err := f.Write(data); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// syncFolder makes the folder's names durable. Systems that cannot do it for a
// folder keep their own promises; only a fault of the device is an error.
func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return nil
	}
	defer f.Close()
	if err := f.Sync(); err != nil && isDeviceFault(err) {
		return err
	}
	return nil
}

// readFile reads a file of at most limit bytes.
func readFile(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("%s is larger than %d bytes", path, limit)
	}
	return data, err
}

// lockError says that a lock could not be taken.
type lockError struct{ err error }

func (e *lockError) Error() string { return "taking a lock: " + e.err.Error() }

// withLock runs f while no other process, and no other goroutine, holds the
// lock that path stands for. That it could not be taken is a *lockError.
func withLock(ctx context.Context, path string, f func() error) error {
	const poll, patience = 5 * time.Millisecond, 10 * time.Second
	for waited := time.Duration(0); ; waited += poll {
		unlock, ok, err := tryLock(path)
		switch {
		case err != nil:
			return &lockError{err}
		case ok:
			defer unlock()
			return f()
		case waited > patience:
			return &lockError{errors.New("another process holds it")}
		}
		if err := sleep(ctx, poll); err != nil {
			return err
		}
	}
}

// placement is what became of a finished file.
type placement struct{ AlreadyThere bool }

// place gives the finished temporary file its name. A file of that name with
// the same bytes is left alone and reported; one with other bytes is a
// *FileExistsError. Nothing is ever overwritten, whoever else writes there.
func place(f *os.File, path string, sum ident.Checksum) (placement, error) {
	if err := finish(f); err != nil {
		return placement{}, fmt.Errorf("writing %s: %w", path, err)
	}
	err := os.Link(f.Name(), path)
	switch {
	case err == nil:
		return placement{}, syncFolder(filepath.Dir(path))
	case errors.Is(err, fs.ErrExist):
		return samePlace(path, sum)
	}
	// A file system without links: look, then rename.
	if _, err := os.Lstat(path); err == nil {
		return samePlace(path, sum)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return placement{}, fmt.Errorf("writing %s: %w", path, err)
	}
	return placement{}, syncFolder(filepath.Dir(path))
}

func finish(f *os.File) error {
	if err := f.Chmod(0o644); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	return f.Close()
}

func samePlace(path string, sum ident.Checksum) (placement, error) {
	f, err := os.Open(path)
	if err != nil {
		return placement{}, fmt.Errorf("comparing with what is there: %w", err)
	}
	defer f.Close()
	if there, _, err := hashArchive(f); err != nil || there != sum {
		return placement{}, &FileExistsError{Path: path}
	}
	return placement{AlreadyThere: true}, nil
}
