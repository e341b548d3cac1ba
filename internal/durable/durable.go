// Package durable writes files that survive a crash. When a function here
// returns nil, what it did is on the disk: the content of the file and its
// entry in the folder. A rename is atomic but durable only after both folders
// are synced; that is what is easily forgotten, and done here.
package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Permissions of everything the registry writes: for its own user only.
const (
	FilePerm fs.FileMode = 0o600
	DirPerm  fs.FileMode = 0o700
)

// MkdirAll makes a folder and all that is missing above it.
func MkdirAll(path string) error {
	info, err := os.Stat(path)
	if err == nil && info.IsDir() {
		return nil
	}
	if err == nil {
		return fmt.Errorf("making folder: %w", &fs.PathError{Op: "mkdir", Path: path, Err: syscall.ENOTDIR})
	}
	parent := filepath.Dir(path)
	if parent != path {
		if err := MkdirAll(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(path, DirPerm); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("making folder: %w", err)
	}
	return SyncDir(parent)
}

// SyncDir makes the entries of a folder durable.
func SyncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("syncing folder: %w", err)
	}
	defer dir.Close()
	if err := dir.Sync(); err != nil {
		return fmt.Errorf("syncing folder: %w", err)
	}
	return nil
}

// Create makes a new file with this content, as a whole: after a crash it is
// there with all of it, or not there. A file of that name must not exist.
func Create(path string, content []byte) error {
	temporary, err := prepare(path, content)
	if err != nil {
		return err
	}
	// A link, unlike a rename, refuses a name that exists.
	if err := os.Link(temporary, path); err != nil {
		return errors.Join(fmt.Errorf("creating file: %w", err), os.Remove(temporary))
	}
	if err := os.Remove(temporary); err != nil {
		return fmt.Errorf("creating file: %w", err)
	}
	return SyncDir(filepath.Dir(path))
}

// Settle ends what a crash in the middle of Create or Replace began: it removes
// what was left beside the file and makes the entry of the file durable.
func Settle(path string) error { return Remove(beside(path)) }

// Mark makes an empty file; one of that name must not exist.
func Mark(path string) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, FilePerm)
	if err != nil {
		return fmt.Errorf("creating file: %w", err)
	}
	if err := file.Close(); err != nil {
		return fmt.Errorf("creating file: %w", err)
	}
	return SyncDir(filepath.Dir(path))
}

// Replace writes a file as a whole: a reader sees the old content or the new
// one, never a part, and so does whoever starts after a crash.
func Replace(path string, content []byte) error {
	temporary, err := prepare(path, content)
	if err != nil {
		return err
	}
	return Rename(temporary, path)
}

// prepare writes the content beside its place, over what a crash left there.
func prepare(path string, content []byte) (temporary string, err error) {
	temporary = beside(path)
	if err := os.Remove(temporary); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("clearing what a crash left: %w", err)
	}
	return temporary, writeSynced(temporary, content)
}

// beside is where the content of a file is written before it takes its place.
func beside(path string) string { return path + ".new" }

func writeSynced(path string, content []byte) (err error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, FilePerm)
	if err != nil {
		return fmt.Errorf("creating file: %w", err)
	}
	defer func() {
		if err = errors.Join(err, file.Close()); err != nil {
			os.Remove(path)
		}
	}()
	if _, err := file.Write(content); err != nil {
		return fmt.Errorf("writing file: %w", err)
	}
	if err := file.Sync(); err != nil {
		return fmt.Errorf("syncing file: %w", err)
	}
	return nil
}

// Rename moves a file whose content is durable already, and makes the move durable.
func Rename(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return fmt.Errorf("moving file: %w", err)
	}
	if err := SyncDir(filepath.Dir(to)); err != nil {
		return err
	}
	if filepath.Dir(from) == filepath.Dir(to) {
		return nil
	}
	return SyncDir(filepath.Dir(from))
}

// Remove deletes a file for good; one that is gone already is no error.
func Remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing file: %w", err)
	}
	return SyncDir(filepath.Dir(path))
}
