package archive

import (
	"bytes"
	"fmt"
	"io"
	"strings"
)

// readEntry checks one header and reads the file that follows it. The error
// says that nothing after it can be read for sure.
func (c *checker) readEntry(b *block) error {
	if c.entries++; c.entries > MaxFiles {
		return c.passed(TooManyFiles, "", "there are more than %d entries; [publish] exclude leaves files out", MaxFiles)
	}
	path, clean := b.path()
	if sum, ok := parseOctal(b.chksum()); !ok || sum != b.sum() {
		c.fault(TarHeader, "", "", "entry %d has no tar header: the checksum of the header is wrong", c.entries)
		return errStop
	}
	if detail, found := extension(b.typeflag()); found {
		c.fault(ExtendedHeader, path, "", "%s, which tar programs read in different ways; tar --format=ustar writes none", detail)
		return errStop
	}
	size, ok := parseOctal(b.size())
	if !ok {
		c.fault(TarHeader, path, "", "the size is not written in octal digits")
		return errStop
	}
	if size > MaxFile {
		return c.passed(TooLarge, path, "the file has %d bytes, at most %d are allowed", size, MaxFile)
	}
	if !isFile(b.typeflag()) {
		return c.skipSpecial(b, path, size)
	}
	c.checkHeader(b, path, clean, size)
	c.checkOrder(path)
	return c.readFile(path, size)
}

// extension names the headers that change the meaning of the next one.
func extension(typeflag byte) (detail string, found bool) {
	switch typeflag {
	case 'x':
		return "this is a PAX header", true
	case 'g':
		return "this is a global PAX header", true
	case 'X':
		return "this is a Solaris extended header", true
	case 'L', 'K':
		return "this is a GNU header for a long name", true
	}
	return "", false
}

// isFile reports whether every tar program reads the entry as a file with
// content. Of these only '0' is right.
func isFile(typeflag byte) bool {
	return typeflag == regularFile || typeflag == 0 || typeflag == '7'
}

// skipSpecial reports an entry that is no file. Programs do not agree whether
// one with a size has content, so there the reading ends.
func (c *checker) skipSpecial(b *block, path string, size int64) error {
	c.fault(EntryType, path, "", "this is %s: an archive holds only files", typeName(b.typeflag()))
	if size > 0 {
		return errStop
	}
	return nil
}

func typeName(typeflag byte) string {
	names := map[byte]string{
		'1': "a hard link", '2': "a symbolic link", '3': "a character device", '4': "a block device",
		'5': "a folder", '6': "a named pipe", 'S': "a sparse file",
	}
	if name, ok := names[typeflag]; ok {
		return name
	}
	return fmt.Sprintf("an entry of the unknown type %q", typeflag)
}

// checkHeader compares the header with the one that its path and size give, and
// names every difference.
func (c *checker) checkHeader(b *block, path string, clean bool, size int64) {
	if b.typeflag() != regularFile {
		c.fault(EntryType, path, "", "the type is %q, not '0'", b.typeflag())
	}
	if string(b.mode()) != fixedMode {
		c.fault(Mode, path, "", "the mode is %s, not 0644", printable(string(bytes.Trim(b.mode(), "\x00 "))))
	}
	if !clean {
		c.fault(Path, path, "", "the path has a NUL character")
		return
	}
	if !c.checkPath(path) {
		return
	}
	want, ok := encodeHeader(path, size)
	if !ok {
		c.fault(Path, path, "", "%s", notSplittable)
		return
	}
	if names := b.deviations(&want); len(names) > 0 {
		c.fault(NotCanonical, path, "", "not as the format fixes it: %s", strings.Join(names, ", "))
	}
}

// checkPath reports whether the path is one that a header can be made from.
func (c *checker) checkPath(path string) bool {
	if detail := pathFault(path); detail != "" {
		c.fault(Path, path, "", "%s", detail)
		return false
	}
	if detail := c.paths.add(path); detail != "" {
		c.fault(DuplicatePath, path, "", "%s", detail)
	} else if detail := unexpected(path); detail != "" {
		c.fault(UnexpectedPath, path, "", "%s", detail)
	}
	return true
}

func (c *checker) checkOrder(path string) {
	if comparePaths(c.previous, path) > 0 {
		c.fault(NotCanonical, path, "", "it stands behind %s: the order is %s, %s, %s, then all others by the bytes of their paths",
			printable(c.previous), ManifestName, LockName, ChecksumName)
	}
	c.previous = path
}

// readFile reads the content of a file and the padding behind it.
func (c *checker) readFile(path string, size int64) error {
	c.digest.Reset()
	kept := c.keeper(path, size)
	if err := c.copyFile(path, size, io.MultiWriter(c.digest, kept)); err != nil {
		return err
	}
	info := FileInfo{Path: path, Size: size}
	c.digest.Sum(info.Checksum[:0])
	c.report.Files = append(c.report.Files, info)
	if strings.HasPrefix(path, SourceFolder+"/") {
		c.sources++
	}
	c.use(path, size, kept.data)
	return c.readPadding(path, size)
}

func (c *checker) copyFile(path string, size int64, dst io.Writer) error {
	file, err := c.create(path)
	if err != nil {
		return err
	}
	if file == nil {
		return c.copyContent(dst, size)
	}
	err = c.copyContent(io.MultiWriter(dst, &sinkWriter{file, c}), size)
	closing := c.failed(file.Close())
	if err != nil {
		return err
	}
	return closing
}

func (c *checker) copyContent(dst io.Writer, size int64) error {
	n, err := io.CopyBuffer(dst, io.LimitReader(c.tar, size), c.buf)
	if err == nil && n < size {
		return io.ErrUnexpectedEOF
	}
	return err
}

// create opens a file of the sink; nil when there is none, or when the archive is not right.
func (c *checker) create(path string) (io.WriteCloser, error) {
	if c.sink == nil || !c.report.OK() {
		return nil, nil
	}
	file, err := c.sink.create(path)
	return file, c.failed(err)
}

func (c *checker) failed(err error) error {
	if err == nil {
		return nil
	}
	c.failure, c.done = err, true
	return errStop
}

// sinkWriter keeps a failure of the sink apart from one of the archive.
type sinkWriter struct {
	w io.Writer
	c *checker
}

func (s *sinkWriter) Write(p []byte) (int, error) {
	n, err := s.w.Write(p)
	return n, s.c.failed(err)
}

func (c *checker) readPadding(path string, size int64) error {
	padding := c.buf[:-size&(blockSize-1)]
	if _, err := io.ReadFull(c.tar, padding); err != nil {
		return unexpectedEnd(err)
	}
	if !isZeros(padding) {
		c.fault(NotCanonical, path, "", "the padding behind the file is not zeros")
	}
	return nil
}

func unexpectedEnd(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// keeper holds the first bytes of a file: of the few that the check looks into.
type keeper struct {
	data  []byte
	limit int
}

func (k *keeper) Write(p []byte) (int, error) {
	k.data = append(k.data, p[:min(len(p), k.limit-len(k.data))]...)
	return len(p), nil
}

func (c *checker) keeper(path string, size int64) *keeper {
	limit := contentLimit(path)
	if limit == 0 || c.seen(path) || size > int64(limit) && path != ReadmeName {
		return &keeper{}
	}
	n := min(int(size), limit)
	return &keeper{data: make([]byte, 0, n), limit: n}
}

func contentLimit(path string) int {
	switch path {
	case ManifestName:
		return MaxManifest
	case LockName:
		return MaxLock
	case ChecksumName:
		return MaxChecksum
	case ReadmeName:
		return MaxReadme
	}
	return 0
}

// seen reports whether the path is in the archive for a second time; what
// counts is the first.
func (c *checker) seen(path string) bool {
	for _, f := range c.report.Files {
		if f.Path == path {
			return true
		}
	}
	return false
}

// use looks into the content of the files that have a meaning here; data is nil
// when it is over its limit, or there for a second time.
func (c *checker) use(path string, size int64, data []byte) {
	if limit := contentLimit(path); limit == 0 || data == nil && size <= int64(limit) {
		return
	}
	tooLarge := "the file has %d bytes, at most %d are allowed"
	switch path {
	case ReadmeName:
		c.report.Readme = data
	case ManifestName:
		if data == nil {
			c.fault(ManifestFile, path, "", tooLarge, size, MaxManifest)
			return
		}
		c.readManifest(data)
	case LockName:
		if data == nil {
			c.fault(LockFile, path, "", tooLarge, size, MaxLock)
			return
		}
		c.readLock(data)
	case ChecksumName:
		if data == nil {
			c.fault(ChecksumFile, path, "", tooLarge, size, MaxChecksum)
			return
		}
		c.sums = data
	}
}
