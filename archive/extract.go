package archive

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"runtime"
	"slices"
)

// Extract checks an archive and puts its files into an empty folder, which is to
// be removed after an error. Those who make many folders durable at a time leave
// durable false; else all of it is on the disk when there is no error.
//
// The report is nil when src or the disk is the trouble; when the archive is not
// right, report and error (an *InvalidError) are both there.
func Extract(src io.Reader, folder *os.Root, durable bool) (*Report, error) {
	files := newFolderSink(folder, durable)
	report, err := check(src, files)
	if err == nil && report.OK() && durable {
		err = files.sync()
	}
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
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
