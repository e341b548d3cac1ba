package client

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/ori-lang/registry/archive"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/manifest"
)

// Cached is an archive in the cache.
type Cached struct {
	Checksum ident.Checksum
	Ref      ident.Ref // as its manifest says; zero when it cannot be read
	Size     int64     // of the archive and of its files, in bytes
	Since    time.Time // when it came
}

// List gives what is in the cache, by name.
func (k *Cache) List() ([]Cached, error) {
	there := map[ident.Checksum]*Cached{}
	for _, folder := range []string{"packages", "archives"} {
		entries, err := os.ReadDir(filepath.Join(k.dir, folder))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, unkept(err)
		}
		for _, e := range entries {
			sum, err := ident.ParseHex(strings.TrimSuffix(e.Name(), archiveSuffix))
			info, gone := e.Info()
			if err != nil || gone != nil {
				continue
			}
			if there[sum] == nil {
				there[sum] = &Cached{Checksum: sum, Ref: k.refOf(sum), Size: sizeOf(k.archivePath(sum)) + sizeOf(k.Dir(sum))}
			}
			there[sum].Since = info.ModTime() // of the archive, where there is one
		}
	}
	var all []Cached
	for _, one := range there {
		all = append(all, *one)
	}
	slices.SortFunc(all, func(a, b Cached) int {
		return cmp.Or(strings.Compare(a.Ref.String(), b.Ref.String()), strings.Compare(a.Checksum.Hex(), b.Checksum.Hex()))
	})
	return all, nil
}

// refOf reads the name in an unpacked manifest.
func (k *Cache) refOf(sum ident.Checksum) ident.Ref {
	text, err := readFile(filepath.Join(k.Dir(sum), archive.ManifestName), manifest.MaxText)
	if err != nil {
		return ident.Ref{}
	}
	m, _ := manifest.ParseStrict(text)
	if m == nil {
		return ident.Ref{}
	}
	return ident.Ref{Package: m.Package, Version: m.Version}
}

// sizeOf adds up the files of a folder, or gives the size of a file.
func sizeOf(dir string) (sum int64) {
	filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			if info, err := d.Info(); err == nil {
				sum += info.Size()
			}
		}
		return nil
	})
	return sum
}

// Verify holds every archive against its checksum, and its files against the
// archive. What is damaged is removed, to be fetched again, and named.
func (k *Cache) Verify() (whole int, damaged []string, err error) {
	all, err := k.List()
	if err != nil {
		return 0, nil, err
	}
	for _, one := range all {
		if what := k.damage(one.Checksum); what != nil {
			damaged = append(damaged, fmt.Sprintf("%s (%s): %v", one.Ref, one.Checksum, what))
			err = errors.Join(err, k.remove(one.Checksum))
			continue
		}
		whole++
	}
	return whole, damaged, err
}

// damage says what is wrong with an archive or its files.
func (k *Cache) damage(sum ident.Checksum) error {
	f, err := os.Open(k.archivePath(sum))
	if errors.Is(err, fs.ErrNotExist) {
		return errors.New("its archive is missing")
	}
	if err != nil {
		return err
	}
	defer f.Close()
	report, err := archive.Check(f)
	switch {
	case err != nil:
		return err
	case report.Checksum != sum:
		return errors.New("the archive has another checksum")
	case !report.OK():
		return report.Err()
	case !k.has(sum):
		return nil
	}
	return compareFiles(k.Dir(sum), report)
}

// compareFiles holds the files in a folder against those of an archive.
func compareFiles(dir string, report *archive.Report) error {
	wanted := map[string]ident.Checksum{}
	for _, f := range report.Files {
		wanted[f.Path] = f.Checksum
	}
	files := os.DirFS(dir)
	err := fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		sum, known := wanted[path]
		if !known {
			return fmt.Errorf("%s is not in the archive", path)
		}
		text, err := fs.ReadFile(files, path)
		if err == nil && ident.ChecksumOf(text) != sum {
			err = fmt.Errorf("%s was changed", path)
		}
		delete(wanted, path)
		return err
	})
	if err == nil && len(wanted) > 0 {
		err = fmt.Errorf("%d files are missing", len(wanted))
	}
	return err
}

// Clean removes what came longer ago than age, with the proofs and replies of
// that time, and tells what that was. A sync at the same time may find that what
// it uses is gone, and says so.
func (k *Cache) Clean(now time.Time, age time.Duration) (removed []Cached, err error) {
	before := now.Add(-age)
	all, err := k.List()
	if err != nil {
		return nil, err
	}
	for _, one := range all {
		if !one.Since.Before(before) {
			continue
		}
		if err := k.remove(one.Checksum); err != nil {
			return removed, err
		}
		removed = append(removed, one)
	}
	for _, part := range []string{"proofs", "replies"} {
		if err := removeOlder(filepath.Join(k.dir, part), before); err != nil {
			return removed, unkept(err)
		}
	}
	k.sweep(now)
	return removed, nil
}

// remove takes an archive and its files away. The files lose their name first,
// at once: nobody sees half of them.
func (k *Cache) remove(sum ident.Checksum) error {
	hidden := filepath.Join(k.dir, "packages", removedPrefix+rand.Text())
	if err := os.Rename(k.Dir(sum), hidden); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return unkept(err)
	}
	err := os.Remove(k.archivePath(sum))
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return unkept(errors.Join(err, os.RemoveAll(hidden)))
}

// removeOlder removes the files below dir that were written before a time.
func removeOlder(dir string, before time.Time) error {
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil && info.ModTime().Before(before) {
			err = os.Remove(path)
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
