package client

import (
	"context"
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
		return nil, fmt.Errorf("writing %s: %w", path, err)
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
	var fetched *Fetched
	err := c.newFetching(ref, f, progress).checked(ctx, func(sum ident.Checksum, size int64) (err error) {
		fetched = &Fetched{Verdict: &Verdict{Ref: ref, Checksum: sum, Size: size}}
		proof, err := c.askProof(ctx, ref)
		if err != nil {
			return err
		}
		if fetched.Report, err = checkArchive(f); err != nil {
			return err
		}
		return c.judge(ctx, ref, proof, fetched.Report, fetched.Verdict)
	})
	if fetched == nil {
		fetched = &Fetched{Verdict: &Verdict{Ref: ref}}
	}
	return fetched, err
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
