// Package blob keeps archives that are too large for the database, by their
// content address, in a folder:
//
//	incoming/<name>.part             an upload that is still arriving
//	incoming/<64 hex>.<name>.mark    a marker: this archive may have no owner
//	archives/<2 hex>/<64 hex>        the archives, never changed
//
// An archive becomes durable before the transaction that makes it visible, so
// a crash, or a transaction that fails, can leave one that nobody owns. Such a
// file is never deleted by the publish that failed, for another publish of the
// same bytes may own it by then. Instead a marker that was made durable first
// outlives the transaction, and the sweeper deletes what is marked and has no
// row in the database. It holds the lock of the digest while it looks, and so
// does a publish from the marker to its commit: neither sees the other halfway.
//
// One process at a time changes the folder (the server holds a lock on it); fsck
// may read it meanwhile.
package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/internal/durable"
)

const (
	incoming = "incoming"
	archives = "archives"
	partial  = ".part"
	marker   = ".mark"
)

// Dir is a folder of archives.
type Dir struct {
	path    string
	locks   digestLocks
	folders sync.Mutex // held while a folder is made: who finds it there may rely on it
}

// OpenDir opens the folder at path, or makes it.
func OpenDir(path string) (*Dir, error) {
	for _, sub := range []string{incoming, archives} {
		if err := durable.MkdirAll(filepath.Join(path, sub)); err != nil {
			return nil, fmt.Errorf("opening archive folder: %w", err)
		}
	}
	if err := durable.SyncDir(filepath.Join(path, archives)); err != nil { // a crash may have come first
		return nil, fmt.Errorf("opening archive folder: %w", err)
	}
	return &Dir{path: path}, nil
}

// Create opens the file that an upload with this name, a new one, is written to.
func (d *Dir) Create(name string) (io.WriteCloser, error) {
	file, err := os.OpenFile(d.part(name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, durable.FilePerm)
	if err != nil {
		return nil, fmt.Errorf("creating upload: %w", err)
	}
	return file, nil
}

// Discard forgets the upload; after Keep it does nothing.
func (d *Dir) Discard(name string) error {
	if err := os.Remove(d.part(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("discarding upload: %w", err)
	}
	return nil
}

// Keep moves the upload, which is written and closed, to its content address.
// When it returns, the archive is durable and its digest locked: the caller
// commits or gives up, and then calls release.
func (d *Dir) Keep(ctx context.Context, name string, c ident.Checksum) (release func(), err error) {
	release, err = d.locks.lock(ctx, c)
	if err != nil {
		return nil, err
	}
	if err := d.keep(name, c); err != nil {
		release()
		return nil, fmt.Errorf("keeping archive: %w", err)
	}
	return release, nil
}

func (d *Dir) keep(name string, c ident.Checksum) error {
	if err := syncFile(d.part(name)); err != nil {
		return err
	}
	if err := d.mkdir(filepath.Dir(d.archive(c))); err != nil {
		return err
	}
	if err := durable.Mark(d.mark(name, c)); err != nil {
		return err
	}
	return durable.Rename(d.part(name), d.archive(c))
}

func (d *Dir) mkdir(path string) error {
	d.folders.Lock()
	defer d.folders.Unlock()
	return durable.MkdirAll(path)
}

func syncFile(path string) error {
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("syncing upload: %w", err)
	}
	return errors.Join(file.Sync(), file.Close())
}

// Open gives the archive, always as an *os.File so that it can be sent without
// copying. The error is fs.ErrNotExist when it is not here.
func (d *Dir) Open(c ident.Checksum) (io.ReadSeekCloser, error) {
	return os.Open(d.archive(c))
}

// All calls visit for every archive here that no marker stands for, whoever owns
// it, and stray for everything else that stands among them, with its path in the folder.
func (d *Dir) All(visit func(ident.Checksum) error, stray func(path string)) error {
	folders, err := os.ReadDir(filepath.Join(d.path, archives))
	for _, folder := range folders {
		if err == nil && folder.IsDir() {
			err = d.unmarked(folder.Name(), visit, stray)
		} else if err == nil {
			stray(archives + "/" + folder.Name())
		}
	}
	if err != nil {
		return fmt.Errorf("listing archives: %w", err)
	}
	return nil
}

// unmarked is All for one folder. The markers are read
// after the archives: who puts one here makes its marker first.
func (d *Dir) unmarked(folder string, visit func(ident.Checksum) error, stray func(path string)) error {
	files, err := os.ReadDir(filepath.Join(d.path, archives, folder))
	if err != nil {
		return err
	}
	marks, err := d.incoming(marker)
	if err != nil {
		return err
	}
	marked := make(map[string]bool, len(marks))
	for _, mark := range marks {
		digits, _, _ := strings.Cut(mark, ".")
		marked[digits] = true
	}
	for _, file := range files {
		c, err := ident.ParseHex(file.Name())
		if err != nil || c.Hex()[:2] != folder {
			stray(archives + "/" + folder + "/" + file.Name())
			continue
		}
		if marked[c.Hex()] || d.gone(c) {
			continue
		}
		if err := visit(c); err != nil {
			return err
		}
	}
	return nil
}

// gone reports that the sweeper of a running server was faster.
func (d *Dir) gone(c ident.Checksum) bool {
	_, err := os.Lstat(d.archive(c))
	return errors.Is(err, fs.ErrNotExist)
}

// Clear deletes the uploads that an earlier process left behind. It is called
// once, before the first Create.
func (d *Dir) Clear() error {
	parts, err := d.incoming(partial)
	if err != nil {
		return fmt.Errorf("clearing uploads: %w", err)
	}
	for _, part := range parts {
		if err := os.Remove(filepath.Join(d.path, incoming, part)); err != nil {
			return fmt.Errorf("clearing uploads: %w", err)
		}
	}
	return nil
}

// Sweep deletes the marked archives that nobody owns, and the markers of all
// that are settled. One that fails keeps no other from its turn. It reads the
// folder of markers only, so it takes no longer in a large registry.
func (d *Dir) Sweep(ctx context.Context, owned func(context.Context, ident.Checksum) (bool, error)) error {
	marks, err := d.incoming(marker)
	if err != nil {
		return fmt.Errorf("sweeping archives: %w", err)
	}
	var failed error
	for _, mark := range marks {
		digits, _, _ := strings.Cut(mark, ".")
		if c, err := ident.ParseHex(digits); err == nil {
			failed = errors.Join(failed, d.settle(ctx, c, mark, owned))
		}
	}
	if failed != nil {
		return fmt.Errorf("sweeping archives: %w", failed)
	}
	return nil
}

// Remove runs end, which takes the archive its owner, and deletes the archive
// when owned says that nobody has it any more. The marker is durable before end
// begins: what a crash in between leaves, the sweeper deletes. name is a new
// one. The error is that of end, or of the disk when end went through.
func (d *Dir) Remove(ctx context.Context, name string, c ident.Checksum, end func() error, owned func(context.Context, ident.Checksum) (bool, error)) error {
	release, err := d.locks.lock(ctx, c)
	if err != nil {
		return err
	}
	defer release() // until then no sweep takes the marker for settled
	if err := durable.Mark(d.mark(name, c)); err != nil {
		return fmt.Errorf("removing archive: %w", err)
	}
	failure := end()
	err = d.settleLocked(context.WithoutCancel(ctx), c, filepath.Base(d.mark(name, c)), owned)
	if failure != nil {
		return failure
	}
	if err != nil {
		return fmt.Errorf("removing archive: %w", err)
	}
	return nil
}

func (d *Dir) settle(ctx context.Context, c ident.Checksum, mark string, owned func(context.Context, ident.Checksum) (bool, error)) error {
	release, err := d.locks.lock(ctx, c)
	if err != nil {
		return err
	}
	defer release()
	return d.settleLocked(ctx, c, mark, owned)
}

func (d *Dir) settleLocked(ctx context.Context, c ident.Checksum, mark string, owned func(context.Context, ident.Checksum) (bool, error)) error {
	has, err := owned(ctx, c)
	if err != nil {
		return err
	}
	if !has {
		if err := durable.Remove(d.archive(c)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := os.Remove(filepath.Join(d.path, incoming, mark)); err != nil && !errors.Is(err, fs.ErrNotExist) { // another may have settled it
		return err
	}
	return nil
}

// incoming gives the names in the folder of that name that end so.
func (d *Dir) incoming(suffix string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(d.path, incoming))
	if err != nil {
		return nil, err
	}
	var names []string
	for _, entry := range entries {
		if name := entry.Name(); strings.HasSuffix(name, suffix) {
			names = append(names, name)
		}
	}
	return names, nil
}

func (d *Dir) part(name string) string {
	return filepath.Join(d.path, incoming, name+partial)
}

func (d *Dir) mark(name string, c ident.Checksum) string {
	return filepath.Join(d.path, incoming, c.Hex()+"."+name+marker)
}

func (d *Dir) archive(c ident.Checksum) string {
	digits := c.Hex()
	return filepath.Join(d.path, archives, digits[:2], digits)
}

// digestLocks is one lock per digest in use.
type digestLocks struct {
	mu   sync.Mutex
	held map[ident.Checksum]*digestLock
}

type digestLock struct {
	turn  chan struct{} // holds one element while the lock is free
	users int
}

func (l *digestLocks) lock(ctx context.Context, c ident.Checksum) (release func(), err error) {
	l.mu.Lock()
	if l.held == nil {
		l.held = make(map[ident.Checksum]*digestLock)
	}
	lock := l.held[c]
	if lock == nil {
		lock = &digestLock{turn: make(chan struct{}, 1)}
		lock.turn <- struct{}{}
		l.held[c] = lock
	}
	lock.users++
	l.mu.Unlock()

	leave := func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if lock.users--; lock.users == 0 {
			delete(l.held, c)
		}
	}
	select {
	case <-lock.turn:
		return func() { lock.turn <- struct{}{}; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, ctx.Err()
	}
}
