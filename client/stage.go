package client

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/ori-lang/registry/archive"
	"github.com/ori-lang/registry/ident"
)

// stage is what a run has unpacked into a cache. Its folders get their names
// when all of them are on the disk: that takes one wait for the disk, and not
// one for every file of every package.
type stage struct {
	cache *Cache

	mu      sync.Mutex
	folders []staged
}

type staged struct {
	sum  ident.Checksum
	path string
}

func (k *Cache) stage() *stage { return &stage{cache: k} }

// unpack puts the files of a kept archive, whose bytes were checked, into a
// folder of the stage.
func (s *stage) unpack(sum ident.Checksum) error {
	f, err := os.Open(s.cache.archivePath(sum))
	if err != nil {
		return unkept(err)
	}
	defer f.Close()
	path := filepath.Join(s.cache.dir, "packages", archive.UnpackPrefix+rand.Text())
	if err := extract(f, path); err != nil {
		return unkept(errors.Join(err, os.RemoveAll(path)))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.folders = append(s.folders, staged{sum, path})
	return nil
}

func extract(f *os.File, path string) error {
	if err := os.MkdirAll(path, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return err
	}
	defer root.Close()
	_, err = archive.Extract(f, root)
	return err
}

// commit gives the folders their names. Another program may have been faster.
func (s *stage) commit() error {
	if len(s.folders) == 0 {
		return nil
	}
	if err := s.settle(); err != nil {
		return unkept(errors.Join(err, s.discard()))
	}
	for _, f := range s.folders {
		if err := os.Rename(f.path, s.cache.Dir(f.sum)); err != nil && !s.cache.has(f.sum) {
			return unkept(errors.Join(err, s.discard()))
		}
	}
	return unkept(s.discard())
}

// settle waits until the folders are on the disk.
func (s *stage) settle() error {
	whole, err := syncFileSystem(s.cache.dir)
	if whole || err != nil {
		return err
	}
	for _, f := range s.folders {
		if err := syncTree(f.path); err != nil {
			return err
		}
	}
	return nil
}

// syncTree makes every file and name of a folder durable.
func syncTree(dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return syncFolder(path)
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		return errors.Join(f.Sync(), f.Close())
	})
}

// discard removes what has not got its name.
func (s *stage) discard() (err error) {
	for _, f := range s.folders {
		err = errors.Join(err, os.RemoveAll(f.path))
	}
	s.folders = nil
	return err
}
