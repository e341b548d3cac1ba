package client

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/archive"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/manifest"
	"github.com/ori-lang/registry/translog"
)

// Kept is a version in the cache, every byte of which the log vouches for.
type Kept struct {
	Ref       ident.Ref
	Checksum  ident.Checksum // of the archive
	Size      int64          // of the archive, in bytes
	Published time.Time      // as the log's entry says
	Manifest  *manifest.Manifest
	Dir       string // with the files of the archive, read-only
	Fetched   bool   // it was not in the cache
}

// wanted is a version that is to be obtained.
type wanted struct {
	ref      ident.Ref
	locked   *ident.Checksum // nil: the lock file does not have it
	proof    []byte          // nil: the registry is asked
	progress Progress        // nil: nobody is told
}

// Obtain gives a version from the cache, where it is fetched into if it is not
// there. Before a byte of it is unpacked the log's proof, the archive's checksum
// and form, and the name in it have been checked.
func (c *Client) Obtain(ctx context.Context, ref ident.Ref, progress Progress) (*Kept, error) {
	if c.cache == nil {
		return nil, ErrNoCache
	}
	s := c.cache.stage()
	kept, err := c.obtain(ctx, wanted{ref: ref, progress: progress}, s)
	return kept, errors.Join(err, s.commit())
}

// obtain leaves what it has unpacked in a stage, for its caller to commit.
func (c *Client) obtain(ctx context.Context, w wanted, s *stage) (*Kept, error) {
	v, err := c.Log(ctx)
	if err != nil {
		return nil, err
	}
	e, fresh, err := c.publication(ctx, v, w)
	if err != nil {
		return nil, err
	}
	if c.options.Offline {
		c.tellLogAge(v)
	}
	if w.locked != nil && *w.locked != e.Archive {
		return nil, lockMismatch(w.ref, *w.locked, e.Archive)
	}
	kept := &Kept{Ref: w.ref, Checksum: e.Archive, Size: e.Size, Published: e.Time, Dir: c.cache.Dir(e.Archive)}
	kept.Manifest, kept.Fetched, err = c.unpacked(ctx, w, e, s)
	if err == nil && fresh != nil {
		if err = c.cache.prepare(c); err == nil {
			err = c.cache.keepProof(v, w.ref, fresh)
		}
	}
	if err != nil {
		return nil, err
	}
	return kept, nil
}

// ErrNoCache says that packages are to be kept, and Options name no folder for it.
var ErrNoCache = errors.New("there is no folder to keep packages in")

// publication gives the log's entry of a version: as a proof in the cache shows
// it, else one that the registry gives, which is then fresh. A proof was held
// against the newest tree seen before it came into the cache.
func (c *Client) publication(ctx context.Context, v *translog.Verifier, w wanted) (e *translog.Entry, fresh []byte, err error) {
	if text := c.cache.proof(v, w.ref); text != nil {
		if proof, err := v.VerifyProof(text); err == nil && isPublicationOf(proof.Entry, w.ref) {
			return proof.Entry, nil, nil
		}
	}
	text := w.proof
	if text == nil {
		if text, err = c.askProof(ctx, w.ref); err != nil {
			return nil, nil, orMissing(err, w.ref)
		}
	}
	proof, err := v.VerifyProof(text)
	if err != nil {
		return nil, nil, badProof(v, err)
	}
	if !isPublicationOf(proof.Entry, w.ref) {
		return nil, nil, notInLog("the proof is of %s %s, not of the publish of %s", proof.Entry.Kind, proof.Entry.Subject(), w.ref)
	}
	_, err = c.follow(ctx, v, Seen{proof.Checkpoint, proof.Tree})
	return proof.Entry, text, err
}

// orMissing tells a version that a registry says it has not, from one that it
// has without a proof, and from one that cannot be asked for.
func orMissing(err error, ref ident.Ref) error {
	problem, ok := errors.AsType[*api.Problem](err)
	switch {
	case ok && (problem.Code == api.PackageNotFound || problem.Code == api.VersionNotFound):
		return problem
	case errors.Is(err, ErrOffline):
		return fmt.Errorf("%s is not in the cache: %w", ref, err)
	}
	return err
}

// tellLogAge says from when what is used offline is.
func (c *Client) tellLogAge(v *translog.Verifier) {
	if at, err := c.state.SeenAt(v); err == nil {
		c.tellOnce(fmt.Sprintf("offline: the log of %s was last seen %s", c.URL(), ago(c.options.Now().Sub(at))))
	}
}

func isPublicationOf(e *translog.Entry, ref ident.Ref) bool {
	return e.Kind == translog.KindPublish && e.Package == ref.Package && e.Version == ref.Version
}

// unpacked gives the manifest in the archive of an entry, whose files are in the
// cache when it returns.
func (c *Client) unpacked(ctx context.Context, w wanted, e *translog.Entry, s *stage) (m *manifest.Manifest, fetched bool, err error) {
	m, err = c.cache.manifest(e.Archive, e.Manifest)
	switch {
	case err != nil:
		return nil, false, err
	case m == nil:
		return c.fill(ctx, w, e, s)
	}
	return m, false, checkName(m, w.ref)
}

// fill unpacks the archive of an entry, which it fetches unless a right one is
// kept, and gives the manifest in it.
func (c *Client) fill(ctx context.Context, w wanted, e *translog.Entry, s *stage) (m *manifest.Manifest, fetched bool, err error) {
	if err := c.cache.prepare(c); err != nil {
		return nil, false, err
	}
	if m, err := c.cache.refill(w.ref, e, s); err == nil {
		return m, false, nil
	}
	f, err := c.cache.part()
	if err != nil {
		return nil, false, err
	}
	err = c.newFetching(w.ref, f, w.progress).checked(ctx, func(sum ident.Checksum, size int64) (err error) {
		if err = checkEntry(e, w.ref, sum, size); err == nil {
			m, err = s.unpack(f, w.ref, e)
		}
		return err
	})
	if err != nil {
		return nil, false, errors.Join(err, f.Close(), os.Remove(f.Name()))
	}
	return m, true, c.cache.keep(f, e.Archive)
}

func checkReport(report *archive.Report, ref ident.Ref, e *translog.Entry) error {
	if !report.OK() {
		return &ArchiveError{Name: ref.String(), Report: report}
	}
	if err := checkName(report.Manifest, ref); err != nil {
		return err
	}
	return checkManifest(e, report)
}

// checkName refuses an archive that the log has under another name than its own,
// also where its bytes came into the cache under that.
func checkName(m *manifest.Manifest, ref ident.Ref) error {
	if got := (ident.Ref{Package: m.Package, Version: m.Version}); got != ref {
		return notInLog("the log has these bytes as %s, and the manifest in them says %s", ref, got)
	}
	return nil
}

// refill unpacks an archive that was kept, if it is the one of the entry.
func (k *Cache) refill(ref ident.Ref, e *translog.Entry, s *stage) (*manifest.Manifest, error) {
	f, err := os.Open(k.archivePath(e.Archive))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	sum, size, err := hashArchive(f)
	if err == nil {
		err = checkEntry(e, ref, sum, size)
	}
	if err != nil {
		return nil, err
	}
	return s.unpack(f, ref, e)
}

func lockMismatch(ref ident.Ref, locked, logged ident.Checksum) error {
	return &TrustError{
		Failure: ChecksumMismatch,
		Detail:  fmt.Sprintf("%s has %s with %s, the log has %s", archive.LockName, ref, locked, logged),
		Hint: "find out who changed the line: a lock file never changes for a version that stays. " +
			"If you are sure that the log is right, remove the line",
	}
}

// VerifyKept proves again, with a proof that the registry gives now, that what is
// kept of a version is what was published. The verdict is never nil.
func (c *Client) VerifyKept(ctx context.Context, k *Kept) (*Verdict, error) {
	verdict, err := c.verifyArchive(ctx, k)
	if err == nil && verdict.Checksum != k.Checksum {
		err = mismatch("the project needs "+k.Ref.String()+" with", k.Checksum, "the log has it with", verdict.Checksum)
	}
	return verdict, err
}

func (c *Client) verifyArchive(ctx context.Context, k *Kept) (*Verdict, error) {
	path := c.cache.archivePath(k.Checksum)
	f, err := os.Open(path)
	if err != nil { // the cache can do without it; a proof cannot
		return c.VerifyRemote(ctx, k.Ref)
	}
	defer f.Close()
	sum, _, err := hashArchive(f)
	if err == nil && sum != k.Checksum {
		err = errors.New("the archive has another checksum")
	}
	if err != nil {
		return &Verdict{Ref: k.Ref}, cacheDamaged(path, err)
	}
	return c.Verify(ctx, f, nil)
}
