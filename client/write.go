package client

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"sync/atomic"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/archive"
	"github.com/ori-lang/registry/ident"
)

// Progress is told how many bytes have moved, of how many; total is -1 while
// it is not known. It starts again from 0 when what has moved is of no use.
type Progress func(done, total int64)

// ClaimScope claims a scope (without "@") and verifies the log's entry that
// gives it to the token's account. created is false when the registry says that
// it was the account's own already; then nothing is verified.
func (c *Client) ClaimScope(ctx context.Context, scope string) (s *api.Scope, created bool, err error) {
	if err := ident.CheckScope(scope); err != nil {
		return nil, false, err
	}
	if !c.HasToken() {
		return nil, false, c.noToken()
	}
	s, created, sent, err := c.putScope(ctx, scope)
	if err == nil && created {
		err = c.checkClaim(ctx, s)
	}
	if err != nil && sent && ctx.Err() != nil {
		return nil, false, &UnansweredError{Again: true, Err: ctx.Err()}
	}
	return s, created, err
}

// putScope sends a claim; sent is false when it was still waiting for its turn.
func (c *Client) putScope(ctx context.Context, scope string) (s *api.Scope, created, sent bool, err error) {
	r := request{
		method: http.MethodPut, url: c.urls.Scope(scope), accept: "application/json",
		prepare: noting(ctx, &sent),
	}
	s = new(api.Scope)
	err = c.do(ctx, r, func(resp *http.Response) error {
		created = resp.StatusCode == http.StatusCreated
		if err := decode(resp, r.url, maxReply, s); err != nil {
			return err
		}
		if s.Scope != scope {
			return aboutOther(r.url, s.Scope, scope)
		}
		return nil
	})
	return s, created, sent, err
}

// PublishOptions say how an archive is published.
type PublishOptions struct {
	DryRun   bool     // all checks of the registry, and nothing is kept
	Progress Progress // nil: nobody is told
}

// Publish sends an archive, whose report archive.Check has given, and verifies
// the receipt: its proof must show, under the log's key, the very bytes that
// were sent. When the answer is lost, sending again is safe: the registry
// answers Created false for bytes that it has.
func (c *Client) Publish(ctx context.Context, content io.ReaderAt, report *archive.Report, o PublishOptions) (*api.Receipt, error) {
	if !c.HasToken() {
		return nil, c.noToken()
	}
	if _, err := c.Log(ctx); err != nil {
		return nil, err
	}
	receipt, sent, err := c.post(ctx, content, report, o)
	if err == nil {
		if err = c.checkReceipt(ctx, receipt, report, o.DryRun); err != nil {
			err = fmt.Errorf("checking the registry's receipt: %w", err)
		}
	}
	switch {
	case err == nil:
		return receipt, nil
	case sent && !o.DryRun && ctx.Err() != nil:
		return nil, &UnansweredError{Ref: refOf(report), Again: true, Err: ctx.Err()}
	}
	return nil, err
}

// post posts the archive; sent says whether all of it has left.
func (c *Client) post(ctx context.Context, content io.ReaderAt, report *archive.Report, o PublishOptions) (receipt *api.Receipt, sent bool, err error) {
	form, err := newForm(content, report)
	if err != nil {
		return nil, false, err
	}
	var whole atomic.Bool
	tell := func(done, total int64) {
		if done == total {
			whole.Store(true)
		}
		if o.Progress != nil {
			o.Progress(done, total)
		}
	}
	r := request{
		method: http.MethodPost, url: c.urls.Publish(report.Manifest.Package), accept: "application/json",
		contentType: form.contentType, size: form.size(), upload: true,
		body: func() io.Reader { return &progressReader{Reader: form.reader(), total: form.size(), tell: tell} },
	}
	if o.DryRun {
		r.url = api.DryRun(r.url)
	}
	receipt = new(api.Receipt)
	err = c.do(ctx, r, func(resp *http.Response) error {
		if err := decode(resp, r.url, maxReply, receipt); err != nil {
			return err
		}
		return sameSubject(r.url, ident.Ref{Package: receipt.Package, Version: receipt.Version.Version}, refOf(report))
	})
	return receipt, whole.Load(), err
}

// checkReceipt compares what the registry says it has with what was sent.
func (c *Client) checkReceipt(ctx context.Context, receipt *api.Receipt, sent *archive.Report, dryRun bool) error {
	ref := refOf(sent)
	if receipt.Checksum != sent.Checksum {
		return mismatch("the registry says that it got", receipt.Checksum, "sent was", sent.Checksum)
	}
	if receipt.DryRun != dryRun {
		return &ReplyError{URL: c.urls.Publish(ref.Package), Reason: "the answer mixes up dry run and publish"}
	}
	if dryRun {
		return nil
	}
	var verdict Verdict
	proof, err := c.prove(ctx, ref, []byte(receipt.Log.Proof), sent.Checksum, sent.Size, &verdict)
	if err != nil {
		return err
	}
	return checkManifest(proof.Entry, sent)
}

func refOf(report *archive.Report) ident.Ref {
	return ident.Ref{Package: report.Manifest.Package, Version: report.Manifest.Version}
}

// form is a multipart body around an archive that is read while it is sent.
type form struct {
	contentType string
	head, tail  []byte
	content     io.ReaderAt
	length      int64
}

// newForm puts the checksum before the archive, so that the registry knows what
// to expect.
func newForm(content io.ReaderAt, report *archive.Report) (*form, error) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	if err := w.WriteField("checksum", report.Checksum.String()); err != nil {
		return nil, fmt.Errorf("making the form: %w", err)
	}
	header := textproto.MIMEHeader{}
	header.Set("Content-Disposition", `form-data; name="archive"; filename="`+api.ArchiveFile(refOf(report))+`"`)
	header.Set("Content-Type", api.ArchiveType)
	if _, err := w.CreatePart(header); err != nil {
		return nil, fmt.Errorf("making the form: %w", err)
	}
	head := b.Len()
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("making the form: %w", err)
	}
	all := b.Bytes()
	return &form{w.FormDataContentType(), all[:head], all[head:], content, report.Size}, nil
}

func (f *form) size() int64 { return int64(len(f.head)) + f.length + int64(len(f.tail)) }

func (f *form) reader() io.Reader {
	archive := io.NewSectionReader(f.content, 0, f.length)
	return io.MultiReader(bytes.NewReader(f.head), archive, bytes.NewReader(f.tail))
}

// progressReader tells how much of a body was read.
type progressReader struct {
	io.Reader
	done, total int64
	tell        Progress
}

func (r *progressReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	r.done += int64(n)
	if r.tell != nil {
		r.tell(r.done, r.total)
	}
	return n, err
}
