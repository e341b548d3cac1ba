//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package client

import (
	"errors"
	"io/fs"
	"os"
	"time"
)

// tryLock takes the lock that path stands for, if nobody else has it: whoever
// makes the file holds it. It is held for milliseconds; a file that is a minute
// old was left behind by a process that died.
func tryLock(path string) (unlock func(), ok bool, err error) {
	path += ".held"
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		f.Close()
		return func() { os.Remove(path) }, true, nil
	}
	info, statErr := os.Stat(path)
	switch {
	case statErr == nil && time.Since(info.ModTime()) > time.Minute:
		return nil, false, os.Remove(path)
	case errors.Is(err, fs.ErrExist), statErr == nil, errors.Is(statErr, fs.ErrNotExist) && errors.Is(err, fs.ErrPermission):
		return nil, false, nil // held, or just being removed
	}
	return nil, false, err
}

// isFull reports whether there was no room; the systems' own words must do here.
func isFull(error) bool { return false }

// isDeviceFault reports whether a sync failed because of the device; folders
// cannot be synced here, so a failure says nothing.
func isDeviceFault(error) bool { return false }
