package registry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/archive"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/internal/store"
)

// inlineLimit is the size up to which an archive lives in the database, in
// bytes: it is committed with its row and its log entry in one write, which is
// twice as fast as a file of its own. Larger ones are files, which are sent
// without passing through the program.
const inlineLimit = 64 << 10

// Archive is an archive to be sent. The caller closes Content.
type Archive struct {
	Ref         ident.Ref
	Checksum    ident.Checksum
	Size        int64
	PublishedAt time.Time
	Content     io.ReadSeekCloser // an *os.File when the archive is a file
}

// Archive gives the archive of a version.
func (r *Registry) Archive(ctx context.Context, ref ident.Ref) (*Archive, error) {
	v, err := r.released(ctx, ref)
	if err != nil {
		return nil, err
	}
	content, err := r.openArchive(ctx, r.db.Reader(), v.Checksum)
	if err != nil {
		return nil, unread(fmt.Errorf("opening the archive of %s: %w", ref, err))
	}
	return &Archive{Ref: ref, Checksum: v.Checksum, Size: v.Size, PublishedAt: v.PublishedAt, Content: content}, nil
}

// released gives a version whose content may be read: it was not removed, and
// its package is not in quarantine.
func (r *Registry) released(ctx context.Context, ref ident.Ref) (*store.Version, error) {
	v, err := r.version(ctx, ref)
	if err != nil {
		return nil, err
	}
	if v.Removed != nil {
		return nil, gone(ref, v.Removed)
	}
	p, err := r.db.Reader().Package(ctx, ref.Package)
	if err == nil && api.Status(p.Status) == api.Quarantined {
		err = inQuarantine(ref.Package)
	}
	return v, err
}

func gone(ref ident.Ref, removed *store.Removed) *api.Problem {
	code := api.VersionGone
	if removed.Reason == api.ReasonLegal {
		code = api.Legal
	}
	return api.Errorf(code, "the operators removed %s on %s", ref, removed.At.Format(time.DateOnly))
}

func inQuarantine(name ident.Package) *api.Problem {
	return api.Errorf(api.PackageQuarantined, "%s is under investigation and nothing of it can be downloaded or published for the time being", name)
}

// unread is unstored for an archive that cannot be opened.
func unread(err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	return fmt.Errorf("%w: %w", api.Errorf(api.Unavailable, "the registry cannot read this archive just now"), err)
}

func (r *Registry) openArchive(ctx context.Context, db *store.Reader, c ident.Checksum) (io.ReadSeekCloser, error) {
	data, err := db.Archive(ctx, c)
	if err != nil {
		return nil, err
	}
	if data == nil {
		return r.blobs.Open(c)
	}
	return inMemory{bytes.NewReader(data)}, nil
}

type inMemory struct{ *bytes.Reader }

func (inMemory) Close() error { return nil }

// Readme gives the README of a version, as Markdown.
func (r *Registry) Readme(ctx context.Context, ref ident.Ref) ([]byte, error) {
	v, err := r.released(ctx, ref)
	if err != nil {
		return nil, err
	}
	if !v.HasReadme {
		return nil, api.Errorf(api.NotFound, "%s has no README", ref)
	}
	return r.db.Reader().Readme(ctx, ref)
}

// Staged is an archive that has arrived and was checked. It is nowhere to be
// seen until it is published.
type Staged struct {
	report *archive.Report
	blobs  Blobs
	small  []byte // the bytes, when they fit into the database
	upload string // else the name of the upload
}

// StageArchive reads an archive to its end, or to the first limit that it
// passes, and checks it. The caller calls Discard when it is done with it. The
// error is one of src or of the disk: a fault of the archive is told by Publish.
func (r *Registry) StageArchive(ctx context.Context, src io.Reader) (*Staged, error) {
	spool := &spool{r: r}
	report, err := archive.Check(io.TeeReader(src, spool))
	if stored := spool.close(); stored != nil {
		err = unstored(stored)
	}
	staged := &Staged{report: report, blobs: r.blobs, small: spool.small.Bytes(), upload: spool.upload}
	if err != nil {
		staged.Discard()
		return nil, fmt.Errorf("receiving archive: %w", err)
	}
	return staged, nil
}

// Discard deletes what was kept for the time being; after Publish it does nothing.
func (s *Staged) Discard() {
	if s.upload == "" {
		return
	}
	if err := s.blobs.Discard(s.upload); err == nil || errors.Is(err, fs.ErrNotExist) {
		s.upload = ""
	}
}

// spool keeps what is written to it in memory, and from inlineLimit on in an upload.
type spool struct {
	r      *Registry
	small  bytes.Buffer
	upload string
	file   io.WriteCloser
	err    error // that writing ended with
}

func (s *spool) Write(p []byte) (n int, err error) {
	if s.err == nil && s.file == nil && s.small.Len()+len(p) > inlineLimit {
		s.err = s.spill()
	}
	switch {
	case s.err != nil:
	case s.file == nil:
		return s.small.Write(p)
	default:
		n, s.err = s.file.Write(p)
	}
	return n, s.err
}

func (s *spool) spill() (err error) {
	if s.upload, err = s.r.newID("up_"); err != nil {
		return err
	}
	file, err := s.r.blobs.Create(s.upload)
	if err != nil {
		return err
	}
	s.file = file
	_, err = s.small.WriteTo(s.file)
	return err
}

// close gives the first failure to keep what was written.
func (s *spool) close() error {
	if s.file == nil {
		return s.err
	}
	if err := s.file.Close(); s.err == nil {
		s.err = err
	}
	return s.err
}
