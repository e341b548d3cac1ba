package client

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ori-lang/registry/archive"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/manifest"
	"github.com/ori-lang/registry/translog"
)

// Cache keeps packages that were verified, for all projects of a user, in a
// folder:
//
//	archives/<checksum>.oripk             an archive
//	packages/<checksum>/                  its files, read-only
//	proofs/<log>/@scope/name@<version>    the proof that a log has it under that name
//	replies/…                             what registries said last, for when they cannot be asked
//
// <checksum> is the archive's SHA-256 in hexadecimal, <log> the log's name and
// key as in a State. Everything gets its name whole or not at all, and is never
// changed under it, so that any number of programs may use one cache at once.
// Names that begin with a dot are of work in progress; what a program that was
// ended has left of it is swept after a day. All of it can be fetched again.
type Cache struct {
	dir      string
	once     sync.Once
	unusable error // why the folders could not be made

	keptReplies atomic.Int64 // since the program has started
}

// NewCache gives the cache in dir, which need not exist yet.
func NewCache(dir string) *Cache { return &Cache{dir: dir} }

// Dir is the folder with the files of the archive that has this checksum.
func (k *Cache) Dir(sum ident.Checksum) string {
	return filepath.Join(k.dir, "packages", sum.Hex())
}

func (k *Cache) archivePath(sum ident.Checksum) string {
	return filepath.Join(k.dir, "archives", sum.Hex()+archiveSuffix)
}

const archiveSuffix = ".oripk"

// has reports whether the files of an archive are there.
func (k *Cache) has(sum ident.Checksum) bool {
	info, err := os.Stat(k.Dir(sum))
	return err == nil && info.IsDir()
}

// manifest reads the manifest of an archive whose files are there, nil when
// they are not. That it is the one the log has is checked: a text of another
// checksum is damage.
func (k *Cache) manifest(sum, manifestSum ident.Checksum) (*manifest.Manifest, error) {
	path := filepath.Join(k.Dir(sum), archive.ManifestName)
	text, err := readFile(path, manifest.MaxText)
	if errors.Is(err, fs.ErrNotExist) {
		if !k.has(sum) {
			return nil, nil
		}
		text, err = readFile(path, manifest.MaxText) // another program has just put the folder there
	}
	if err != nil {
		return nil, cacheDamaged(path, err)
	}
	if ident.ChecksumOf(text) != manifestSum {
		return nil, cacheDamaged(path, errors.New("it is not the manifest that the log has"))
	}
	m, report := manifest.ParseStrict(text)
	if !report.OK() {
		return nil, cacheDamaged(path, report.Err(archive.ManifestName))
	}
	return m, nil
}

// prepare makes the folders, and clears away what programs that were killed
// have left, once.
func (k *Cache) prepare(c *Client) error {
	k.once.Do(func() {
		archives := filepath.Join(k.dir, "archives")
		err := os.MkdirAll(archives, 0o755)
		if err == nil {
			err = os.MkdirAll(filepath.Join(k.dir, "packages"), 0o755)
		}
		k.unusable = unkept(err)
		c.clearParts(archives)
		k.sweep(c.options.Now())
	})
	return k.unusable
}

// part makes a file for what is being fetched. All of them are in one folder,
// where those that are left behind are found.
func (k *Cache) part() (*os.File, error) {
	f, err := os.CreateTemp(filepath.Join(k.dir, "archives"), partPattern)
	return f, unkept(err)
}

// keep gives a finished part the name of its checksum. Nobody relies on its
// being there and whole after a crash: an archive is checked before it is used.
func (k *Cache) keep(f *os.File, sum ident.Checksum) error {
	err := errors.Join(f.Chmod(0o644), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), k.archivePath(sum))
	}
	if err != nil {
		err = errors.Join(err, os.Remove(f.Name()))
	}
	return unkept(err)
}

// proof gives the proof that was kept for a version, nil when there is none.
func (k *Cache) proof(v *translog.Verifier, ref ident.Ref) []byte {
	text, err := readFile(k.proofPath(v, ref), translog.MaxProof)
	if err != nil { // whatever it is, the registry has another
		return nil
	}
	return text
}

// keepProof keeps a proof. One that a crash has spoiled is asked for again.
func (k *Cache) keepProof(v *translog.Verifier, ref ident.Ref, text []byte) error {
	f, err := k.part()
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Close()); err == nil {
		err = renameInto(f.Name(), k.proofPath(v, ref))
	}
	if err != nil {
		err = errors.Join(err, os.Remove(f.Name()))
	}
	return unkept(err)
}

// renameInto moves a file into a folder that is made where it is missing.
func renameInto(from, to string) error {
	err := os.Rename(from, to)
	if errors.Is(err, fs.ErrNotExist) {
		err = errors.Join(os.MkdirAll(filepath.Dir(to), 0o755), os.Rename(from, to))
	}
	return err
}

func (k *Cache) proofPath(v *translog.Verifier, ref ident.Ref) string {
	return filepath.Join(k.dir, "proofs", logName(v), "@"+ref.Package.Scope(), ref.Package.Name()+"@"+ref.Version.String())
}

// sweep removes what programs that were killed while they unpacked or removed
// something have left. It is a courtesy, so it fails silently.
func (k *Cache) sweep(now time.Time) {
	for _, pattern := range []string{unpackPrefix + "*", removedPrefix + "*"} {
		paths, _ := filepath.Glob(filepath.Join(k.dir, "packages", pattern))
		for _, path := range paths {
			if info, err := os.Lstat(path); err == nil && now.Sub(info.ModTime()) > day {
				_ = os.RemoveAll(path)
			}
		}
	}
}

// These begin the names of folders that are being filled, and of those that are
// being removed.
const (
	unpackPrefix  = ".unpack-"
	removedPrefix = ".removed-"
)

const day = 24 * time.Hour

// CacheError says that the cache cannot be used.
type CacheError struct {
	Hint string
	Err  error
}

func (e *CacheError) Error() string { return fmt.Sprintf("the cache cannot be used: %v", e.Err) }

// Unwrap gives the cause.
func (e *CacheError) Unwrap() error { return e.Err }

// unkept makes a *CacheError of a failure, nil of none.
func unkept(err error) error {
	if err == nil {
		return nil
	}
	hint := "look at the folder's rights, or name another one in ORI_CACHE"
	if isFull(err) {
		hint = "make room there, for example with: oripk cache clean"
	}
	return &CacheError{Hint: hint, Err: err}
}

func cacheDamaged(path string, err error) error {
	return &TrustError{
		Failure: LocalStateDamaged,
		Detail:  fmt.Sprintf("%s: %v", path, err),
		Hint:    "somebody or something has changed the cache; put it right with: oripk cache verify",
		Err:     err,
	}
}
