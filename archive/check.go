package archive

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"

	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/manifest"
)

// Check reads an archive to its end and reports everything that is wrong with it.
//
// It holds less than 16 MiB of memory whatever src gives, reads at most
// MaxCompressed+1 bytes of it, and stops at the first limit that is passed. A
// fault in one file does not end the check; one after which nobody can say for
// sure where the next file begins does. The error is not nil only when src
// itself fails, and then there is no report.
func Check(src io.Reader) (*Report, error) { return check(src, nil) }

// sink takes the files of an archive while they are checked. It is asked only
// as long as no fault was found.
type sink interface {
	// create opens a new file at path, which has passed the rules for paths.
	// Closing it reports whether the content has arrived whole.
	create(path string) (io.WriteCloser, error)
}

func check(src io.Reader, files sink) (*Report, error) {
	in := newSource(src)
	c := &checker{
		source: in,
		in:     bufio.NewReaderSize(in, 32<<10),
		sink:   files,
		report: &Report{},
		paths:  newPathSet(),
		digest: sha256.New(),
		buf:    make([]byte, 32<<10),
	}
	c.explain(c.readArchive())
	if !c.done {
		_, err := io.Copy(io.Discard, c.in)
		c.explain(err)
	}
	switch {
	case in.err != nil:
		return nil, fmt.Errorf("reading archive: %w", in.err)
	case c.failure != nil:
		return nil, c.failure
	}
	return c.finish(), nil
}

// errStop ends the reading after a fault that was reported already.
var errStop = errors.New("the check cannot go on")

// checker is the state of one check.
type checker struct {
	source *source
	in     *bufio.Reader // over source
	tar    *member       // over in
	sink   sink          // nil: only check
	report *Report

	whole    bool   // the tar was read to its end
	done     bool   // nothing more is to be read: a limit was passed, or the sink failed
	entries  int    // headers seen
	previous string // path of the last file
	paths    *pathSet
	sums     []byte // CHECKSUM; nil until it was seen
	sources  int    // files below src/

	digest  hash.Hash
	buf     []byte
	failure error // of the sink
	more    int   // faults beyond MaxFaults
	next    FaultCode
}

func (c *checker) fault(code FaultCode, path, pointer, format string, args ...any) {
	if len(c.report.Faults) < MaxFaults {
		c.list(Fault{code, printable(path), pointer, fmt.Sprintf(format, args...)})
		return
	}
	if c.more == 0 {
		c.next = code
	}
	c.more++
}

func (c *checker) list(f Fault) { c.report.Faults = append(c.report.Faults, f) }

// passed reports a limit that was passed, and gives the error that ends the
// reading. It is said however many faults there are.
func (c *checker) passed(code FaultCode, path, format string, args ...any) error {
	c.done = true
	c.list(Fault{Code: code, Path: printable(path), Detail: fmt.Sprintf(format, args...)})
	return errStop
}

// explain turns the error that ended the reading into a fault.
func (c *checker) explain(err error) {
	var corrupt *corruptError
	switch {
	case err == nil, errors.Is(err, errStop), c.source.err != nil, c.failure != nil:
	case c.source.limit:
		c.passed(TooLarge, "", "the archive has more than %d bytes; [publish] exclude leaves files out", MaxCompressed)
	case errors.Is(err, errLimit):
		c.passed(TooLarge, "", "the archive unpacks to more than %d bytes; [publish] exclude leaves files out", MaxUnpacked)
	case errors.As(err, &corrupt):
		c.fault(GzipCorrupt, "", "", "%s; fetch or pack it again", corrupt)
	default:
		c.fault(TarFraming, "", "", "the tar ends in the middle of a block or a file")
	}
}

func (c *checker) readArchive() error {
	tar, err := c.openMember()
	if err != nil {
		return err
	}
	c.tar = tar
	if err := c.readTar(); err != nil {
		return err
	}
	c.checkTrailing()
	return nil
}

// readTar reads entries up to the end marker, and everything behind it.
func (c *checker) readTar() error {
	for {
		var b block
		_, err := io.ReadFull(c.tar, b[:])
		switch {
		case err == io.EOF:
			c.whole = true
			c.fault(TarFraming, "", "", "the tar has no end marker: it must end in two blocks of zeros")
			return nil
		case err != nil:
			return c.atEnd(err)
		case b.isZero():
			return c.readEnd()
		}
		if err := c.readEntry(&b); err != nil {
			return c.atEnd(err)
		}
	}
}

// atEnd looks behind the gzip member when the tar was cut off but the member was not.
func (c *checker) atEnd(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		c.explain(err)
		c.checkTrailing()
		return errStop
	}
	return err
}

// readEnd reads what follows the first block of zeros.
func (c *checker) readEnd() error {
	var second block
	_, err := io.ReadFull(c.tar, second[:])
	switch {
	case err == io.EOF:
		c.whole = true
		c.fault(TarFraming, "", "", "the tar ends in one block of zeros: two are needed")
		return nil
	case err != nil:
		return c.atEnd(err)
	case !second.isZero():
		c.fault(TarFraming, "", "", "a single block of zeros stands inside the tar: some programs stop there and others read on")
		return errStop
	}
	c.whole = true
	return c.readBehindEnd()
}

func (c *checker) readBehindEnd() error {
	var seen int64
	zeros := true
	for {
		n, err := c.tar.Read(c.buf)
		seen += int64(n)
		zeros = zeros && isZeros(c.buf[:n])
		if err == io.EOF {
			c.behindEnd(seen, zeros)
			return nil
		}
		if err != nil {
			c.behindEnd(seen, zeros)
			return err
		}
	}
}

func (c *checker) behindEnd(n int64, zeros bool) {
	switch {
	case n == 0:
	case zeros:
		c.fault(TrailingData, "", "", "more zeros follow the end marker of the tar: it ends in exactly two blocks (tar --blocking-factor=1 writes them)")
	default:
		c.fault(TrailingData, "", "", "there are bytes behind the end marker of the tar: some programs would read files there")
	}
}

func isZeros(p []byte) bool {
	for _, b := range p {
		if b != 0 {
			return false
		}
	}
	return true
}

// finish looks at the archive as a whole and completes the report.
func (c *checker) finish() *Report {
	r := c.report
	r.Checksum, r.Size, r.Whole = c.source.checksum(), c.source.size, !c.done
	if c.tar != nil {
		r.UnpackedSize = c.tar.size
	}
	if c.whole {
		c.checkPresence()
		c.checkSums()
		c.checkEntryFiles()
	}
	c.checkLocked()
	r.ManifestFaults = bounded(r.ManifestFaults)
	r.Warnings = bounded(r.Warnings)
	if c.more > 0 {
		c.list(Fault{Code: c.next, Detail: fmt.Sprintf("%d more faults, the first of them of this kind", c.more)})
	}
	return r
}

// bounded shortens a list of faults to MaxFaults, and one that counts the others.
// manifest ends its own long lists in the same way: those stay as they are.
func bounded(faults []manifest.Fault) []manifest.Fault {
	if len(faults) <= MaxFaults+1 {
		return faults
	}
	next, more := faults[MaxFaults], len(faults)-MaxFaults
	last := manifest.Fault{Code: next.Code, Detail: fmt.Sprintf("%d more faults, the first of them of this kind", more)}
	return append(slices.Clone(faults[:MaxFaults]), last)
}

func (c *checker) checkPresence() {
	for _, name := range []string{ManifestName, LockName, ChecksumName} {
		if !c.paths.hasFile(name) {
			c.fault(MissingFile, name, "", "every archive has the file %s in its root; oripk pack puts it there", name)
		}
	}
	if c.sources == 0 {
		c.fault(Empty, "", "", "there is no file below %s/: a package has at least one", SourceFolder)
	}
}

func (c *checker) checkEntryFiles() {
	m := c.report.Manifest
	if m == nil || len(c.report.ManifestFaults) > MaxFaults {
		return
	}
	for _, entry := range []struct{ key, path string }{{"lib", m.Entry.Lib}, {"main", m.Entry.Main}} {
		if entry.path == "" || c.paths.hasFile(entry.path) {
			continue
		}
		c.report.ManifestFaults = append(c.report.ManifestFaults, manifest.Fault{
			Code:    manifest.CodeEntry,
			Pointer: "/project/entry/" + entry.key,
			Detail:  fmt.Sprintf("the archive has no file %q; name one that is there, in the same upper and lower case", entry.path),
		})
	}
}

// readManifest sorts what manifest finds: what is wrong with the file as such
// is a fault of the archive.
func (c *checker) readManifest(text []byte) {
	r := c.report
	m, found := manifest.ParseStrict(text)
	r.Manifest, r.Warnings = m, found.Warnings
	r.ManifestText, r.ManifestChecksum = text, ident.ChecksumOf(text)
	for _, f := range publishFaults(m, found) {
		if ofFile(f.Code) {
			c.fault(ManifestFile, ManifestName, f.Pointer, "%s", place(f))
		} else {
			r.ManifestFaults = append(r.ManifestFaults, f)
		}
	}
}

// ofFile reports whether a fault of this code is one of the file, not of what it says.
func ofFile(code string) bool {
	return code == manifest.CodeSyntax || code == manifest.CodeTooLarge || code == manifest.CodeScripts
}

func place(f manifest.Fault) string {
	if f.Line == 0 {
		return f.Detail
	}
	return fmt.Sprintf("line %d, column %d: %s", f.Line, f.Column, f.Detail)
}

func (c *checker) readLock(text []byte) {
	lock, faults := manifest.ParseLock(text)
	c.report.Lock = lock
	for _, f := range faults {
		c.fault(LockFile, LockName, f.Pointer, "%s", place(f))
	}
}

// checkLocked compares the lock file with what the manifest asks for.
func (c *checker) checkLocked() {
	m, lock := c.report.Manifest, c.report.Lock
	if m == nil || lock == nil {
		return
	}
	for _, d := range m.Locked() {
		ref := ident.Ref{Package: d.Package, Version: d.Version}
		if _, ok := lock.Checksums[ref]; !ok {
			c.fault(LockFile, LockName, "/checksums", "%s is a dependency but has no checksum here; oripk pack makes the lock file again", ref)
		}
	}
}

// checkSums compares CHECKSUM with the one that the other files give.
func (c *checker) checkSums() {
	if c.sums == nil || sumsMatch(c.sums, c.report.Files) {
		return
	}
	diagnoseSums(c.sums, c.report.Files, func(format string, args ...any) {
		c.fault(ChecksumFile, ChecksumName, "", format, args...)
	})
}
