package client

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/archive"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/translog"
)

// Check is one thing that was looked at.
type Check struct {
	Name    string // "checksum", "entry", "signature", "inclusion", "consistency" or "archive"
	Detail  string
	Skipped bool // it could not be looked at: offline
}

// Verdict is what was proved of an archive. With an error, it holds what was
// proved before.
type Verdict struct {
	Ref       ident.Ref
	Checksum  ident.Checksum // of the archive
	Size      int64          // of the archive, in bytes
	Origin    string         // of the log
	Index     int64          // of the publish entry in the log
	TreeSize  int64          // of the signed tree that holds it
	Published api.Time       // as the entry says
	Checks    []Check        // in the order in which they were made
}

func (v *Verdict) pass(name, format string, args ...any) {
	v.Checks = append(v.Checks, Check{Name: name, Detail: fmt.Sprintf(format, args...)})
}

// Verify proves that an archive is what the log says was published under the
// name in its manifest: bytes, entry, inclusion, signature, consistency with
// the newest tree seen, and the archive's own form. proof is a tlog-proof, as
// GET …/proof gives it, anything else is ErrNoProof; nil: the registry is
// asked. The verdict is never nil.
func (c *Client) Verify(ctx context.Context, content io.ReadSeeker, proof []byte) (*Verdict, error) {
	verdict := &Verdict{}
	if proof != nil && !isProof(proof) {
		return verdict, ErrNoProof
	}
	sum, size, err := hashArchive(content)
	if err != nil {
		return verdict, err
	}
	verdict.Checksum, verdict.Size = sum, size
	report, err := checkArchive(content)
	if err != nil {
		return verdict, err
	}
	ref, named := nameIn(report)
	if proof == nil {
		if !named {
			return verdict, &ArchiveError{Name: "the file", Report: report}
		}
		if proof, err = c.askProof(ctx, ref); err != nil {
			return verdict, err
		}
	}
	return verdict, c.judge(ctx, ref, proof, report, verdict)
}

// ErrNoProof says that what was given as a proof is something else.
var ErrNoProof = errors.New("what was given as the proof is no tlog-proof")

// isProof looks at the first line, of any version of the format.
func isProof(text []byte) bool { return bytes.HasPrefix(text, []byte("c2sp.org/tlog-proof@")) }

// nameIn gives the name and version of the manifest, when they can be read.
func nameIn(report *archive.Report) (ident.Ref, bool) {
	if report.Manifest == nil {
		return ident.Ref{}, false
	}
	ref := refOf(report)
	return ref, !ref.Package.IsZero() && !ref.Version.IsZero()
}

// judge holds an archive against the proof and its own form. A zero ref is an
// archive that does not say its name; the proof says whose it should be.
func (c *Client) judge(ctx context.Context, ref ident.Ref, text []byte, report *archive.Report, verdict *Verdict) error {
	proof, err := c.prove(ctx, ref, text, verdict.Checksum, verdict.Size, verdict)
	if err != nil {
		return err
	}
	if err := checkReport(report, verdict.Ref, proof.Entry); err != nil {
		return err
	}
	verdict.pass("archive", "%d files, in the canonical form", len(report.Files))
	return nil
}

// prove checks that the log has the archive of this checksum and size as ref,
// and that the log's tree belongs to the history seen before.
func (c *Client) prove(ctx context.Context, ref ident.Ref, text []byte, sum ident.Checksum, size int64, verdict *Verdict) (*translog.Proof, error) {
	v, err := c.Log(ctx)
	if err != nil {
		return nil, err
	}
	verdict.Origin = v.Origin()
	proof, err := v.VerifyProof(text)
	if err != nil {
		return nil, badProof(v, err)
	}
	if err := checkEntry(proof.Entry, ref, sum, size); err != nil {
		return nil, err
	}
	e := proof.Entry
	verdict.Ref = ident.Ref{Package: e.Package, Version: e.Version}
	verdict.Checksum, verdict.Size = sum, size
	verdict.Index, verdict.TreeSize, verdict.Published = proof.Index, proof.Tree.N, api.NewTime(e.Time)
	verdict.pass("checksum", "%s, %d bytes", sum, size)
	verdict.pass("entry", "number %d of the log says that %s was published with these bytes", proof.Index, verdict.Ref)
	verdict.pass("signature", "of %s", v.Key())
	verdict.pass("inclusion", "the entry is in the signed tree of size %d", proof.Tree.N)
	return proof, c.consistency(ctx, v, Seen{proof.Checkpoint, proof.Tree}, verdict)
}

func (c *Client) consistency(ctx context.Context, v *translog.Verifier, tree Seen, verdict *Verdict) error {
	if c.options.Offline {
		return c.consistencyOffline(ctx, v, tree, verdict)
	}
	how, err := c.follow(ctx, v, tree)
	if err != nil {
		return err
	}
	verdict.pass("consistency", "%s", how)
	return nil
}

// consistencyOffline compares what can be compared without tiles, and changes
// nothing of the state.
func (c *Client) consistencyOffline(ctx context.Context, v *translog.Verifier, tree Seen, verdict *Verdict) error {
	seen, err := c.state.Newest(v)
	if err != nil {
		return err
	}
	if seen.Note != nil && seen.Tree.N == tree.Tree.N {
		if seen.Tree != tree.Tree {
			return c.fork(ctx, v, seen, tree)
		}
		verdict.pass("consistency", "size %d, the newest tree seen", tree.Tree.N)
		return nil
	}
	detail := "no tree of this log was seen before"
	if seen.Note != nil {
		detail = fmt.Sprintf("offline; the tree has size %d, the newest seen has size %d", tree.Tree.N, seen.Tree.N)
	}
	verdict.Checks = append(verdict.Checks, Check{Name: "consistency", Detail: detail, Skipped: true})
	return nil
}

// askProof asks the registry; that it has none is NotInLog.
func (c *Client) askProof(ctx context.Context, ref ident.Ref) ([]byte, error) {
	text, err := c.Proof(ctx, ref)
	if problem, ok := errors.AsType[*api.Problem](err); ok && problem.Status == http.StatusNotFound {
		failure := notInLog("%s has no proof for %s", c.URL(), ref)
		failure.Err = problem
		return nil, failure
	}
	if err != nil {
		return nil, unreachable(err)
	}
	if !isProof(text) {
		if none := c.noRegistry(ctx); none != nil {
			return nil, none
		}
	}
	return text, nil
}

func checkEntry(e *translog.Entry, ref ident.Ref, sum ident.Checksum, size int64) error {
	entry := ident.Ref{Package: e.Package, Version: e.Version}
	switch {
	case e.Kind != translog.KindPublish:
		return notInLog("the proof is of an entry of the kind %q, not of a publish", e.Kind)
	case ref != ident.Ref{} && entry != ref:
		return notInLog("the proof is of %s, not of %s", entry, ref)
	case e.Archive != sum:
		return mismatch("the log has "+entry.String()+" with", e.Archive, "the archive has", sum)
	case e.Size != size:
		return &TrustError{
			Failure: ChecksumMismatch,
			Detail:  fmt.Sprintf("the log has %s with %d bytes, the archive has %d", entry, e.Size, size), Hint: hintMismatch,
		}
	}
	return nil
}

func checkManifest(e *translog.Entry, report *archive.Report) error {
	if e.Manifest != report.ManifestChecksum {
		return mismatch("the log has a manifest with", e.Manifest, "that in the archive has", report.ManifestChecksum)
	}
	return nil
}

const hintMismatch = "do not use it; fetch it again, and if that gives the same, tell the operators of the registry"

func mismatch(theirs string, want ident.Checksum, ours string, got ident.Checksum) error {
	return &TrustError{Failure: ChecksumMismatch, Detail: fmt.Sprintf("%s %s, %s %s", theirs, want, ours, got), Hint: hintMismatch}
}

func notInLog(format string, args ...any) *TrustError {
	return &TrustError{
		Failure: NotInLog,
		Detail:  Printable(fmt.Sprintf(format, args...)),
		Hint:    "do not use it: nothing shows that it was ever published",
	}
}

// badProof sorts the failures of a proof into those of trust.
func badProof(v *translog.Verifier, err error) error {
	switch {
	case errors.Is(err, translog.ErrSignature):
		return policy("the proof is not signed by the key %s: %v", v.Key(), err)
	case errors.Is(err, translog.ErrUnsupported):
		failure := notInLog("the proof is of a newer kind than this program knows: %v", err)
		failure.Hint = "a newer oripk may be able to read it"
		return failure
	case errors.Is(err, translog.ErrInclusion):
		return notInLog("the proof does not lead to the signed tree: %v", err)
	}
	return notInLog("the proof cannot be read: %v", err)
}

// hashArchive gives the checksum and size of an archive from its start, and
// refuses what is larger than an archive may be.
func hashArchive(content io.ReadSeeker) (sum ident.Checksum, size int64, err error) {
	if _, err := content.Seek(0, io.SeekStart); err != nil {
		return sum, 0, fmt.Errorf("reading the archive: %w", err)
	}
	h := sha256.New()
	size, err = io.Copy(h, io.LimitReader(content, archive.MaxCompressed+1))
	if err != nil {
		return sum, 0, fmt.Errorf("reading the archive: %w", err)
	}
	if size > archive.MaxCompressed {
		return sum, 0, fmt.Errorf("the file is larger than the %d bytes that an archive may have", archive.MaxCompressed)
	}
	h.Sum(sum[:0])
	return sum, size, nil
}

func checkArchive(content io.ReadSeeker) (*archive.Report, error) {
	if _, err := content.Seek(0, io.SeekStart); err != nil {
		return nil, fmt.Errorf("reading the archive: %w", err)
	}
	report, err := archive.Check(content)
	if err != nil {
		return nil, fmt.Errorf("checking the archive: %w", err)
	}
	return report, nil
}

// Names gives the names of the checks that passed, for a one-line summary.
func (v *Verdict) Names() string {
	var names []string
	for _, check := range v.Checks {
		if !check.Skipped {
			names = append(names, check.Name)
		}
	}
	return strings.Join(names, ", ")
}
