package client

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// partPattern is the name of a file that is not whole yet. No other program's
// files match it.
const partPattern = ".oripk-*.part"

// newPart makes a file for what is not whole yet, in the folder in which it will
// get its name, and clears away those that programs which were killed have left.
func (c *Client) newPart(folder string) (*os.File, error) {
	c.clearParts(folder)
	f, err := os.CreateTemp(folder, partPattern)
	if err != nil {
		return nil, fmt.Errorf("making a temporary file: %w", err)
	}
	return f, nil
}

// clearParts removes parts to which nothing was added for a day: a transfer that
// stands still ends long before. It is a courtesy, so it fails silently.
func (c *Client) clearParts(folder string) {
	left, _ := fs.Glob(os.DirFS(folder), partPattern)
	for _, name := range left {
		path := filepath.Join(folder, name)
		info, err := os.Lstat(path)
		if err == nil && info.Mode().IsRegular() && c.options.Now().Sub(info.ModTime()) > day {
			_ = os.Remove(path)
		}
	}
}

// newScratch makes a file that nobody else needs to find. Where the system lets
// it, the name is taken away at once, so that not even a kill leaves it behind.
func newScratch() (f *os.File, done func(), err error) {
	if f, err = os.CreateTemp("", "oripk-*.part"); err != nil {
		return nil, nil, fmt.Errorf("making a temporary file: %w", err)
	}
	if os.Remove(f.Name()) == nil {
		return f, func() { f.Close() }, nil
	}
	return f, func() { f.Close(); os.Remove(f.Name()) }, nil
}
