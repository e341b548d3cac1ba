package client

import (
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/ori-lang/registry/archive"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/manifest"
	"github.com/ori-lang/registry/translog"
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

// unpack puts the files of an archive, whose bytes are those of the log's entry,
// into a folder of the stage, and checks their form and what they are called on
// the way: what is not right is not there any more when it returns.
func (s *stage) unpack(f *os.File, ref ident.Ref, e *translog.Entry) (*manifest.Manifest, error) {
	path := filepath.Join(s.cache.dir, "packages", unpackPrefix+rand.Text())
	report, err := extract(f, path)
	if report != nil {
		err = checkReport(report, ref, e)
	} else {
		err = unkept(err)
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(path))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.folders = append(s.folders, staged{e.Archive, path})
	return report.Manifest, nil
}

func extract(f *os.File, path string) (*archive.Report, error) {
	if err := os.Mkdir(path, 0o755); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	return archive.Extract(f, root, !settlesAtOnce)
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
	if !settlesAtOnce {
		return nil
	}
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
