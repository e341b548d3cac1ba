package client

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"os"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/archive"
	"github.com/ori-lang/registry/ident"
)

// fetching is an archive on its way into a file. When the connection breaks, the
// next reply goes on where the last one ended, if the registry gives both the
// same strong ETag. Nothing of it is verified here: bytes of several replies
// that do not belong together have a wrong checksum, like other wrong bytes.
type fetching struct {
	client *Client
	url    string
	file   *os.File // open, and empty at first
	tell   Progress
	hash   hash.Hash // of the bytes that are there
	size   int64     // of the bytes that are there
	most   int64     // that were ever there
	total  int64     // that there will be; -1: nobody knows
	tag    string    // ETag of what is there; "": it has none to go on with
	asked  bool      // the call that runs asks for the rest
	joined bool      // what is there came in several replies
	whole  bool      // replies are not joined any more
}

func (c *Client) newFetching(ref ident.Ref, f *os.File, progress Progress) *fetching {
	return &fetching{client: c, url: c.urls.Download(ref), file: f, tell: progress, hash: sha256.New()}
}

// checked fetches the archive and has check look at it. Where a checksum is wrong
// of what came in several replies, one of them may have been wrong, and nobody
// knows which: that accuses nobody before it is seen in a single one.
func (d *fetching) checked(ctx context.Context, check func(sum ident.Checksum, size int64) error) error {
	err := d.runChecked(ctx, check)
	if d.joined && errors.Is(err, ChecksumMismatch) {
		d.startAgain()
		err = d.runChecked(ctx, check)
	}
	return err
}

func (d *fetching) runChecked(ctx context.Context, check func(sum ident.Checksum, size int64) error) error {
	sum, size, err := d.run(ctx)
	if err != nil {
		return err
	}
	return check(sum, size)
}

// errNoRest says that what a registry sent is not the rest that was asked for.
var errNoRest = errors.New("the answer is not the rest of the archive")

// run fetches what is missing, and gives the checksum of what came.
func (d *fetching) run(ctx context.Context) (sum ident.Checksum, size int64, err error) {
	r := request{
		method: http.MethodGet, url: d.url, accept: api.ArchiveType, long: true, immutable: true, elsewhere: true,
		prepare: d.ask, moved: func() int64 { return d.most },
	}
	err = d.client.do(ctx, r, d.take)
	if d.asked && isNoRest(err) {
		d.startAgain()
		err = d.client.do(ctx, r, d.take)
	}
	d.hash.Sum(sum[:0])
	return sum, d.size, err
}

func isNoRest(err error) bool {
	return errors.Is(err, errNoRest) || isStatus(err, http.StatusRequestedRangeNotSatisfiable)
}

func isStatus(err error, status int) bool {
	problem, ok := errors.AsType[*api.Problem](err)
	return ok && problem.Status == status
}

// startAgain has the next run fetch everything, in one reply.
func (d *fetching) startAgain() { d.whole = true }

// ask asks for the rest where there is something to go on with.
func (d *fetching) ask(h http.Header) {
	h.Set("Accept-Encoding", "identity") // the bytes themselves are what the log vouches for
	d.asked = d.size > 0 && d.total > 0 && d.tag != "" && !d.whole
	if d.asked {
		h.Set("Range", fmt.Sprintf("bytes=%d-", d.size))
		h.Set("If-Range", d.tag)
	}
}

// take writes a reply into the file.
func (d *fetching) take(resp *http.Response) error {
	switch {
	case resp.StatusCode == http.StatusOK:
		if err := d.begin(resp); err != nil {
			return err
		}
	case resp.StatusCode == http.StatusPartialContent && d.asked:
		if !d.isRest(resp) {
			return errNoRest
		}
		d.joined = true
	default:
		return unexpected(d.url, resp)
	}
	return d.write(resp.Body)
}

// begin forgets what is there: the reply has the archive from its start.
func (d *fetching) begin(resp *http.Response) error {
	d.hash.Reset()
	d.size, d.total, d.tag, d.joined = 0, resp.ContentLength, strongTag(resp.Header), false
	_, err := d.file.Seek(0, io.SeekStart)
	if err == nil {
		err = d.file.Truncate(0)
	}
	if err != nil {
		return fmt.Errorf("writing a temporary file: %w", err)
	}
	return nil
}

// strongTag gives the ETag that stands for the very bytes, if there is one.
func strongTag(h http.Header) string {
	tag := h.Get("ETag")
	if len(tag) < 2 || tag[0] != '"' || tag[len(tag)-1] != '"' {
		return ""
	}
	return tag
}

// isRest reports whether the reply says that it is what follows on the bytes
// that are there, to the end of the same archive.
func (d *fetching) isRest(resp *http.Response) bool {
	return resp.Header.Get("Content-Range") == fmt.Sprintf("bytes %d-%d/%d", d.size, d.total-1, d.total)
}

// write adds what a reply holds to the bytes that are there.
func (d *fetching) write(body io.Reader) error {
	from := &progressReader{Reader: body, done: d.size, total: d.total, tell: d.tell}
	n, err := io.Copy(io.MultiWriter(d.file, d.hash), io.LimitReader(from, archive.MaxCompressed+1-d.size))
	d.size += n
	d.most = max(d.most, d.size)
	if err == nil && d.size > archive.MaxCompressed {
		err = &ReplyError{URL: d.url, Reason: fmt.Sprintf("the answer is longer than the %d bytes that an archive may have", archive.MaxCompressed)}
	}
	return err
}
