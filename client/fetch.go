package client

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/archive"
	"github.com/ori-lang/registry/ident"
)

// Fetched is an archive that was fetched and verified.
type Fetched struct {
	Verdict      *Verdict
	Report       *archive.Report
	Path         string // "" when it was not put into a file
	AlreadyThere bool   // the file was there with the same bytes
}

// FetchFile fetches a version into a file, "" for scope-name-1.2.3.oripk in the
// working folder. The file appears when everything is verified, whole, and
// never in the place of another: that is a *FileExistsError.
func (c *Client) FetchFile(ctx context.Context, ref ident.Ref, path string, progress Progress) (*Fetched, error) {
	if path == "" {
		path = api.ArchiveFile(ref)
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil, fmt.Errorf("%s is a folder; name a file", path)
	}
	f, err := c.newPart(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	fetched, err := c.FetchInto(ctx, ref, f, progress)
	if err != nil {
		return fetched, err
	}
	placed, err := place(f, path, fetched.Verdict.Checksum)
	fetched.Path, fetched.AlreadyThere = path, placed.AlreadyThere
	return fetched, err
}

// FetchInto fetches a version into an open empty file and verifies it there.
// The file's content must not be used when there is an error.
func (c *Client) FetchInto(ctx context.Context, ref ident.Ref, f *os.File, progress Progress) (*Fetched, error) {
	d := c.newFetching(ref, f, progress)
	fetched, err := c.fetchVerified(ctx, ref, d)
	if d.joined && errors.Is(err, ChecksumMismatch) {
		// One of the replies may have been wrong, and nobody knows which: that
		// accuses nobody before it is seen in a single one.
		d.startAgain()
		return c.fetchVerified(ctx, ref, d)
	}
	return fetched, err
}

func (c *Client) fetchVerified(ctx context.Context, ref ident.Ref, d *fetching) (*Fetched, error) {
	fetched := &Fetched{Verdict: &Verdict{Ref: ref}}
	sum, size, err := d.run(ctx)
	if err != nil {
		return fetched, err
	}
	fetched.Verdict.Checksum, fetched.Verdict.Size = sum, size
	proof, err := c.askProof(ctx, ref)
	if err != nil {
		return fetched, err
	}
	if fetched.Report, err = checkArchive(d.file); err != nil {
		return fetched, err
	}
	return fetched, c.judge(ctx, ref, proof, fetched.Report, fetched.Verdict)
}

// fetchTemporary fetches a version, verifies it, and keeps only the report.
func (c *Client) fetchTemporary(ctx context.Context, ref ident.Ref) (*Fetched, error) {
	f, done, err := newScratch()
	if err != nil {
		return nil, err
	}
	defer done()
	return c.FetchInto(ctx, ref, f, nil)
}

// VerifyRemote fetches a version, verifies it, and keeps nothing. The verdict
// is never nil.
func (c *Client) VerifyRemote(ctx context.Context, ref ident.Ref) (*Verdict, error) {
	fetched, err := c.fetchTemporary(ctx, ref)
	if fetched == nil {
		return &Verdict{Ref: ref}, err
	}
	return fetched.Verdict, err
}
