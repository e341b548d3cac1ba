package archive

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/ori-lang/registry/ident"
)

// errLimit ends the reading when a limit is passed.
var errLimit = errors.New("a limit was passed")

// source hashes and counts what it reads, and never gives more than
// MaxCompressed bytes.
type source struct {
	r     io.Reader
	hash  hash.Hash
	size  int64 // bytes read, up to MaxCompressed+1
	err   error // the failure of r itself, not its end
	limit bool  // r has more than MaxCompressed bytes
}

func newSource(r io.Reader) *source { return &source{r: r, hash: sha256.New()} }

func (s *source) Read(p []byte) (int, error) {
	if s.limit {
		return 0, errLimit
	}
	room := MaxCompressed - s.size
	n, err := s.r.Read(p[:min(int64(len(p)), room+1)])
	s.hash.Write(p[:n])
	s.size += int64(n)
	if err != nil && err != io.EOF {
		s.err = err
	}
	if s.size > MaxCompressed {
		s.limit = true
		return int(room), errLimit
	}
	return n, err
}

func (s *source) checksum() (c ident.Checksum) {
	s.hash.Sum(c[:0])
	return c
}

// corruptError is what a gzip stream that cannot be decompressed ends with.
type corruptError struct{ err error }

func (e *corruptError) Error() string {
	switch {
	case errors.Is(e.err, io.ErrUnexpectedEOF):
		return "the compressed data end too early: the file is cut off"
	case errors.Is(e.err, gzip.ErrChecksum):
		return "the CRC or the length at the end of the gzip member does not match the data"
	}
	return "the data cannot be decompressed"
}

// member is the tar stream inside the first gzip member: it counts, and stops
// with errLimit once more than MaxUnpacked bytes came.
type member struct {
	gz   *gzip.Reader
	size int64
}

func (m *member) Read(p []byte) (int, error) {
	n, err := m.gz.Read(p)
	m.size += int64(n)
	switch {
	case m.size > MaxUnpacked:
		return 0, errLimit
	case err != nil && err != io.EOF && !errors.Is(err, errLimit):
		return n, &corruptError{err}
	}
	return n, err
}

const gzipHeaderSize = 10

// openMember checks the gzip header and gives the tar stream, or nil when there is none to read.
func (c *checker) openMember() (*member, error) {
	head, err := c.in.Peek(gzipHeaderSize)
	if !bytes.HasPrefix(head, gzipMagic) {
		c.fault(NotGzip, "", "", "this is %s, not a gzip file; oripk pack makes an archive", looksLike(c.in))
		return nil, errStop
	}
	if err != nil {
		return nil, gzipError(err)
	}
	const deflate = 8
	if head[2] != deflate {
		c.fault(GzipHeader, "", "", "the compression method is %d, only 8 (deflate) is known", head[2])
		return nil, errStop
	}
	if head[3] != 0 {
		c.fault(GzipHeader, "", "", "FLG is %#02x, not 0: a file name, comment or extra field in the gzip header is not allowed (gzip -n leaves them out)", head[3])
	}
	if !bytes.Equal(head[4:8], make([]byte, 4)) {
		c.fault(GzipHeader, "", "", "MTIME is not 0 (gzip -n leaves it out)")
	}
	gz, err := gzip.NewReader(c.in)
	if err != nil {
		return nil, gzipError(err)
	}
	gz.Multistream(false)
	return &member{gz: gz}, nil
}

// gzipError tells the end of the data from their corruption: gzip itself
// reports the former as io.EOF when nothing follows its magic.
func gzipError(err error) error {
	switch {
	case errors.Is(err, errLimit):
		return err
	case errors.Is(err, io.EOF):
		err = io.ErrUnexpectedEOF
	}
	return &corruptError{err}
}

var gzipMagic = []byte{0x1f, 0x8b}

// checkTrailing looks at what is left of the source behind the gzip member.
func (c *checker) checkTrailing() {
	head, _ := c.in.Peek(len(gzipMagic))
	switch {
	case len(head) == 0:
	case bytes.Equal(head, gzipMagic):
		c.fault(GzipMultipleMembers, "", "", "a second gzip member follows the first one: an archive has only one")
	default:
		c.fault(TrailingData, "", "", "there are bytes behind the end of the gzip member: nothing may follow it")
	}
}

// looksLike names what the source seems to be instead of a gzip file.
func looksLike(in *bufio.Reader) string {
	magics := []struct{ magic, name string }{
		{"PK\x03\x04", "a zip file"},
		{"PK\x05\x06", "an empty zip file"},
		{"\xfd7zXZ\x00", "an xz file"},
		{"\x28\xb5\x2f\xfd", "a zstd file"},
		{"BZh", "a bzip2 file"},
		{"7z\xbc\xaf\x27\x1c", "a 7z file"},
		{"\x04\x22\x4d\x18", "an lz4 file"},
		{"LZIP", "an lzip file"},
	}
	head, _ := in.Peek(blockSize)
	for _, m := range magics {
		if bytes.HasPrefix(head, []byte(m.magic)) {
			return m.name
		}
	}
	switch {
	case len(head) == 0:
		return "an empty file"
	case len(head) == blockSize && bytes.HasPrefix(head[257:], []byte("ustar")):
		return "a tar file that is not compressed"
	}
	return fmt.Sprintf("a file that begins with the bytes % x", head[:min(len(head), 8)])
}
