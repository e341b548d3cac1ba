package httpapi

import (
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"time"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/internal/registry"
)

// Limits of an upload.
const (
	maxOverhead    = 64 << 10 // of multipart around the archive
	maxUpload      = api.MaxArchive + maxOverhead
	maxBoundary    = 70               // RFC 2046
	maxChecksum    = 128              // bytes of the part
	idleTimeout    = 30 * time.Second // between two pieces of the body
	uploadTimeout  = 10 * time.Minute // for all of it
	receiptTimeout = time.Minute      // for what follows it: committing and answering
	lingerTimeout  = time.Second      // for the rest of a body that broke off or is too long
)

// publish reads the parts of the body as they come: nothing of an archive is
// in memory, and the rights are known before the first byte of it is read.
func (s *service) publish(c *call, r *http.Request) error {
	p, err := pathPackage(r)
	if err != nil {
		return err
	}
	dryRun, err := queryBool(r, "dry_run")
	if err != nil {
		return err
	}
	if err := s.reg.MayPublish(r.Context(), c.actor, p); err != nil {
		return err
	}
	boundary, err := checkUpload(r)
	if err != nil {
		return err
	}
	form, err := s.receive(c, r, boundary)
	defer form.discard()
	if err != nil {
		return err
	}
	receipt, err := s.reg.Publish(r.Context(), c.actor, p, registry.Upload{Archive: form.archive, Checksum: form.checksum, DryRun: dryRun})
	if err != nil {
		return err
	}
	created := receipt.Created && !receipt.DryRun
	ref := ident.Ref{Package: p, Version: receipt.Version.Version}
	return s.json(c, r, createdAt(c, created, s.urls.Metadata(ref)), receipt)
}

// checkUpload checks what the header says of the body.
func checkUpload(r *http.Request) (boundary string, err error) {
	if r.ContentLength > maxUpload {
		return "", archiveTooLarge()
	}
	mediaType, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if encoded(r) {
		return "", encodedBody()
	}
	if err != nil || mediaType != "multipart/form-data" {
		return "", api.Errorf(api.UnsupportedMediaType, "the body's Content-Type is not multipart/form-data")
	}
	boundary = params["boundary"]
	if boundary == "" || len(boundary) > maxBoundary {
		return "", api.Errorf(api.InvalidRequest, "the boundary of the multipart body is missing or longer than %d characters", maxBoundary)
	}
	return boundary, nil
}

func archiveTooLarge() *api.Problem {
	return api.Errorf(api.ArchiveTooLarge, "the upload is longer than an archive of %d bytes makes it", api.MaxArchive)
}

// form is what the parts of an upload say.
type form struct {
	archive  *registry.Staged
	checksum *ident.Checksum
	refused  bool // for what one of the parts is: how the rest of the body ends is no matter
}

// discard frees what an archive occupies that nobody published.
func (f *form) discard() {
	if f.archive != nil {
		f.archive.Discard()
	}
}

// receive reads the whole body. The form is to be discarded also after an error.
func (s *service) receive(c *call, r *http.Request, boundary string) (*form, error) {
	body := newArrival(c, r)
	f := &form{}
	err := s.readParts(r.Context(), multipart.NewReader(body, boundary), f)
	refused := f.refused && body.err == nil
	_, _ = io.Copy(io.Discard, body) // or the client, still sending, would never see the answer
	body.end()
	c.unread = body.err != nil
	switch {
	case refused:
		return f, err
	case body.err != nil:
		return f, bodyFault(body.err, archiveTooLarge())
	case err != nil:
		return f, err
	case f.archive == nil:
		return f, api.Errorf(api.InvalidRequest, "the multipart body has no part named archive")
	}
	return f, nil
}

// readParts ends at the third part at the latest: there are two names, and none comes twice.
func (s *service) readParts(ctx context.Context, parts *multipart.Reader, f *form) error {
	for {
		part, err := parts.NextRawPart()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return malformed()
		}
		if err := s.readPart(ctx, part, f); err != nil {
			f.refused = true
			return err
		}
	}
}

func malformed() *api.Problem {
	return api.Errorf(api.InvalidRequest, "the multipart body is malformed or ended early")
}

func (s *service) readPart(ctx context.Context, part *multipart.Part, f *form) (err error) {
	switch name := part.FormName(); {
	case !isPlain(part):
		return api.Errorf(api.InvalidRequest, "the part %.40q of the multipart body has a Content-Transfer-Encoding; send it as it is", name)
	case name == "archive" && f.archive == nil:
		f.archive, err = s.stage(ctx, part)
	case name == "checksum" && f.checksum == nil:
		f.checksum, err = readChecksum(part)
	case name == "archive" || name == "checksum":
		err = api.Errorf(api.InvalidRequest, "the multipart body has two parts named %s", name)
	default:
		err = api.Errorf(api.InvalidRequest, "the multipart body has a part named %.40q; archive and checksum are those that it may have", name)
	}
	return err
}

func isPlain(part *multipart.Part) bool {
	switch strings.ToLower(part.Header.Get("Content-Transfer-Encoding")) {
	case "", "binary", "8bit", "7bit":
		return true
	}
	return false
}

// stage hands the archive on. When it is the upload that breaks off, that is
// the answer, whatever the archive looked like until then.
func (s *service) stage(ctx context.Context, part io.Reader) (*registry.Staged, error) {
	source := &remembering{Reader: part}
	staged, err := s.reg.StageArchive(ctx, source)
	if source.err != nil {
		err = errors.Join(malformed(), err)
	}
	return staged, err
}

func readChecksum(part io.Reader) (*ident.Checksum, error) {
	text, err := io.ReadAll(io.LimitReader(part, maxChecksum+1))
	switch {
	case err != nil:
		return nil, malformed()
	case len(text) > maxChecksum:
		return nil, api.Errorf(api.InvalidRequest, "the part checksum has more than %d bytes", maxChecksum)
	}
	checksum, err := ident.ParseChecksum(strings.TrimSpace(string(text)))
	if err != nil {
		return nil, api.Errorf(api.InvalidRequest, "the part checksum: %v", err)
	}
	return &checksum, nil
}

// remembering keeps the error that reading ended with, but for the end.
type remembering struct {
	io.Reader
	err error
}

func (s *remembering) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}
