package httpapi

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/internal/registry"
)

func (s *service) download(c *call, r *http.Request) error {
	ref, err := pathRef(r)
	if err != nil {
		return err
	}
	archive, err := s.reg.Archive(r.Context(), ref)
	if err != nil {
		return err
	}
	defer archive.Content.Close()
	return sendArchive(c, r, api.ArchiveFile(ref), archive)
}

// sendArchive sends an archive or the range of it that is asked for. It is
// never compressed again, and the connection gets the file itself.
func sendArchive(c *call, r *http.Request, name string, a *registry.Archive) error {
	tag := `"sha256-` + a.Checksum.Hex() + `"`
	part, err := requestedRange(r, tag, a.Size)
	if err != nil {
		c.Header().Set("Content-Range", fmt.Sprintf("bytes */%d", a.Size))
		return err
	}
	header := c.Header()
	c.cacheAs(c.route.cache)
	header.Set("ETag", tag)
	header.Set("Repr-Digest", "sha-256=:"+base64.StdEncoding.EncodeToString(a.Checksum[:])+":")
	header.Set("Accept-Ranges", "bytes")
	if noneMatch(r, tag) {
		c.WriteHeader(http.StatusNotModified)
		return nil
	}
	header.Set("Content-Type", api.ArchiveType)
	header.Set("Content-Disposition", "attachment; filename="+strconv.Quote(name))
	return sendRange(c, r, a, part)
}

func sendRange(c *call, r *http.Request, a *registry.Archive, part byteRange) error {
	status := http.StatusOK
	if part.partial {
		status = http.StatusPartialContent
		c.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", part.start, part.start+part.length-1, a.Size))
	}
	if _, err := a.Content.Seek(part.start, io.SeekStart); err != nil {
		return fmt.Errorf("finding the range in the archive: %w", err)
	}
	c.Header().Set("Content-Length", strconv.FormatInt(part.length, 10))
	c.WriteHeader(status)
	if r.Method == http.MethodHead {
		return nil
	}
	if _, err := io.CopyN(c, a.Content, part.length); err != nil {
		return fmt.Errorf("sending archive: %w", err)
	}
	return nil
}

// byteRange is a stretch of an archive.
type byteRange struct {
	start, length int64
	partial       bool // it was asked for with Range
}

// requestedRange reads Range and If-Range (RFC 9110, 14.2 and 13.1.5). What is
// malformed, of another unit, of several ranges, or about another archive is
// ignored: the whole archive is always a right answer. A range that begins
// behind the end is refused.
func requestedRange(r *http.Request, tag string, size int64) (byteRange, error) {
	whole := byteRange{0, size, false}
	spec, ok := strings.CutPrefix(r.Header.Get("Range"), "bytes=")
	if !ok || r.Method != http.MethodGet {
		return whole, nil
	}
	if condition := r.Header.Get("If-Range"); condition != "" && condition != tag {
		return whole, nil
	}
	if noneMatch(r, tag) { // 304 goes before 416
		return whole, nil
	}
	first, last, ok := strings.Cut(strings.TrimSpace(spec), "-")
	if !ok || !isDigits(first) || !isDigits(last) || first == "" && last == "" {
		return whole, nil
	}
	part := cutRange(first, last, size)
	switch {
	case part.length == 0:
		return whole, api.Errorf(api.RangeNotSatisfiable, "the range begins behind the end of the archive, which has %d bytes", size)
	case part.length < 0:
		return whole, nil
	}
	return part, nil
}

// cutRange cuts "first-last", "first-" or "-suffix" to the size: the length is
// 0 when nothing is left, and negative when last is before first.
func cutRange(first, last string, size int64) byteRange {
	if first == "" {
		length := min(position(last), size)
		return byteRange{size - length, length, true}
	}
	start, end := position(first), size-1
	if last != "" {
		if position(last) < start {
			return byteRange{length: -1}
		}
		end = min(end, position(last))
	}
	if start >= size {
		return byteRange{}
	}
	return byteRange{start, end - start + 1, true}
}

// position reads digits; what no file is as long as stands for the largest number.
func position(digits string) int64 {
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return 1<<63 - 1
	}
	return n
}

func isDigits(s string) bool { return strings.Trim(s, "0123456789") == "" }
