package archive

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"runtime"
	"slices"
	"strings"
)

// UnpackPrefix begins the names of the folders that Unpack works in. What is
// left of one after a crash may be removed.
const UnpackPrefix = ".unpack-"

// Unpack checks an archive and puts its files into the new folder name in
// parent. The files go into a temporary folder beside it, which gets its name
// only when the whole archive has proved right and everything is on the disk:
// name is there whole or not at all.
//
// The report is nil when src, the disk or name is the trouble; when the archive
// is not right, report and error (an *InvalidError) are both there. Nothing is
// left after an error. A name that exists is refused with fs.ErrExist.
func Unpack(src io.Reader, parent *os.Root, name string) (report *Report, err error) {
	if err := checkTarget(parent, name); err != nil {
		return nil, err
	}
	temporary := UnpackPrefix + rand.Text()
	if err := parent.Mkdir(temporary, 0o755); err != nil {
		return nil, fmt.Errorf("making a folder to unpack into: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, parent.RemoveAll(temporary))
		}
	}()
	root, err := parent.OpenRoot(temporary)
	if err != nil {
		return nil, fmt.Errorf("unpacking: %w", err)
	}
	defer root.Close()
	files := newFolderSink(root, true)
	if report, err = unpackInto(src, files); err != nil {
		return report, err
	}
	if err := files.sync(); err != nil {
		return report, err
	}
	if err := parent.Rename(temporary, name); err != nil {
		return nil, fmt.Errorf("naming the unpacked folder: %w", err)
	}
	return report, syncFolder(parent, ".")
}

func checkTarget(parent *os.Root, name string) error {
	if name == "" || strings.ContainsAny(name, `/\`) || name == "." || name == ".." {
		return fmt.Errorf("%q cannot be the name of an unpacked folder: it is no single name", name)
	}
	_, err := parent.Lstat(name)
	switch {
	case err == nil:
		return fmt.Errorf("unpacking to %s: %w", name, fs.ErrExist)
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("unpacking to %s: %w", name, err)
	}
	return nil
}

// Extract checks an archive and puts its files into an empty folder, which is to
// be removed after an error. Those who make many folders durable at a time leave
// durable false; else all of it is on the disk when there is no error.
//
// The report is nil when src or the disk is the trouble; when the archive is not
// right, report and error (an *InvalidError) are both there.
func Extract(src io.Reader, folder *os.Root, durable bool) (*Report, error) {
	files := newFolderSink(folder, durable)
	report, err := unpackInto(src, files)
	if err == nil && durable {
		err = files.sync()
	}
	return report, err
}

func unpackInto(src io.Reader, files *folderSink) (*Report, error) {
	report, err := check(src, files)
	if err != nil {
		return nil, fmt.Errorf("unpacking: %w", err)
	}
	return report, report.Err()
}

// folderSink puts files into a folder that it does not leave, and never over
// one that is there.
type folderSink struct {
	root    *os.Root
	durable bool            // files are on the disk when they are closed
	made    map[string]bool // the folders, "." included
}

func newFolderSink(root *os.Root, durable bool) *folderSink {
	return &folderSink{root, durable, map[string]bool{".": true}}
}

func (s *folderSink) create(name string) (io.WriteCloser, error) {
	folder := path.Dir(name)
	if !s.made[folder] {
		if err := s.root.MkdirAll(folder, 0o755); err != nil {
			return nil, err
		}
	}
	for ; !s.made[folder]; folder = path.Dir(folder) {
		s.made[folder] = true
	}
	f, err := s.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o444) // what a checksum vouches for is not edited
	if err != nil {
		return nil, err
	}
	if !s.durable {
		return f, nil
	}
	return syncedFile{f}, nil
}

// sync makes the names of all files and folders durable.
func (s *folderSink) sync() error {
	for _, folder := range slices.Sorted(maps.Keys(s.made)) {
		if err := syncFolder(s.root, folder); err != nil {
			return err
		}
	}
	return nil
}

// syncedFile is on the disk when Close returns.
type syncedFile struct{ *os.File }

func (f syncedFile) Close() error {
	return errors.Join(f.File.Sync(), f.File.Close())
}

// syncFolder makes the names in a folder durable. Windows cannot, and keeps
// them in the file system's journal.
func syncFolder(root *os.Root, name string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	f, err := root.Open(name)
	if err != nil {
		return fmt.Errorf("making a folder durable: %w", err)
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("making a folder durable: %w", err)
	}
	return nil
}
