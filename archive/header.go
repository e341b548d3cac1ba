package archive

import (
	"bytes"
	"fmt"
	"strings"
)

// The tar header: one block of 512 bytes. Offsets and widths are those of ustar
// in POSIX.1-1988.
const blockSize = 512

type block [blockSize]byte

func (b *block) name() []byte     { return b[0:100] }
func (b *block) mode() []byte     { return b[100:108] }
func (b *block) uid() []byte      { return b[108:116] }
func (b *block) gid() []byte      { return b[116:124] }
func (b *block) size() []byte     { return b[124:136] }
func (b *block) mtime() []byte    { return b[136:148] }
func (b *block) chksum() []byte   { return b[148:156] }
func (b *block) typeflag() byte   { return b[156] }
func (b *block) linkname() []byte { return b[157:257] }
func (b *block) magic() []byte    { return b[257:263] }
func (b *block) version() []byte  { return b[263:265] }
func (b *block) uname() []byte    { return b[265:297] }
func (b *block) gname() []byte    { return b[297:329] }
func (b *block) devmajor() []byte { return b[329:337] }
func (b *block) devminor() []byte { return b[337:345] }
func (b *block) prefix() []byte   { return b[345:500] }
func (b *block) rest() []byte     { return b[500:512] }

// What the fields of every header are.
const (
	fixedMode    = "0000644\x00"
	fixedID      = "0000000\x00"
	fixedTime    = "02263523000\x00" // 315532800: 1980-01-01T00:00:00Z, which zip files can hold too
	fixedMagic   = "ustar\x00"
	fixedVersion = "00"
	regularFile  = '0'
)

func (b *block) isZero() bool { return *b == block{} }

// encodeHeader gives the one right header for a file, and false when the path
// cannot be split to fit or the size is out of range.
func encodeHeader(path string, size int64) (b block, ok bool) {
	prefix, name, ok := splitPath(path)
	if !ok || size < 0 || size > MaxUnpacked {
		return b, false
	}
	copy(b.name(), name)
	copy(b.mode(), fixedMode)
	copy(b.uid(), fixedID)
	copy(b.gid(), fixedID)
	copy(b.size(), fmt.Sprintf("%011o\x00", size))
	copy(b.mtime(), fixedTime)
	b[156] = regularFile
	copy(b.magic(), fixedMagic)
	copy(b.version(), fixedVersion)
	copy(b.devmajor(), fixedID)
	copy(b.devminor(), fixedID)
	copy(b.prefix(), prefix)
	copy(b.chksum(), encodeSum(b.sum()))
	return b, true
}

// splitPath divides a path over 100 bytes at its last slash that leaves a
// prefix of at most 155 bytes; ok is false when the rest does not fit then.
func splitPath(path string) (prefix, name string, ok bool) {
	const maxName, maxPrefix = 100, 155
	if len(path) <= maxName {
		return "", path, path != ""
	}
	i := strings.LastIndexByte(path[:min(len(path), maxPrefix+1)], '/')
	if i <= 0 || len(path)-i-1 > maxName || i == len(path)-1 {
		return "", "", false
	}
	return path[:i], path[i+1:], true
}

// sum adds up the bytes of the header, its own field taken as spaces.
func (b *block) sum() int64 {
	total := int64(len(b.chksum())) * ' '
	for i, c := range b {
		if i < 148 || i >= 156 {
			total += int64(c)
		}
	}
	return total
}

func encodeSum(sum int64) string { return fmt.Sprintf("%06o\x00 ", sum) }

// parseOctal reads a number as every tar reader does: spaces, octal digits,
// then only spaces and NULs. Anything that two readers might understand in two
// ways, such as base-256, is refused.
func parseOctal(field []byte) (n int64, ok bool) {
	digits := bytes.TrimRight(bytes.TrimLeft(field, " "), " \x00")
	if len(digits) == 0 {
		return 0, false
	}
	for _, c := range digits {
		if c < '0' || c > '7' {
			return 0, false
		}
		n = n<<3 | int64(c-'0') // 12 digits of 3 bits: no overflow
	}
	return n, true
}

// text gives a field up to its first NUL; clean is false when anything but NULs follows that.
func text(field []byte) (s string, clean bool) {
	value, rest, _ := bytes.Cut(field, []byte{0})
	return string(value), len(bytes.Trim(rest, "\x00")) == 0
}

// path joins prefix and name; clean is false when there are bytes behind a NUL.
// Only ustar has a prefix: other formats keep other things in these bytes.
func (b *block) path() (path string, clean bool) {
	name, clean := text(b.name())
	if !bytes.Equal(b.magic(), []byte(fixedMagic)) {
		return name, clean
	}
	prefix, cleanPrefix := text(b.prefix())
	if prefix != "" {
		name = prefix + "/" + name
	}
	return name, clean && cleanPrefix
}

// deviations names the fields that are not as encodeHeader writes them; the
// mode, the type and the path are faults of their own.
func (b *block) deviations(want *block) []string {
	fields := []struct {
		name string
		of   func(*block) []byte
	}{
		{"magic (this is not plain ustar)", (*block).magic},
		{"version", (*block).version},
		{"uid", (*block).uid},
		{"gid", (*block).gid},
		{"user name", (*block).uname},
		{"group name", (*block).gname},
		{"mtime", (*block).mtime},
		{"link name", (*block).linkname},
		{"devmajor", (*block).devmajor},
		{"devminor", (*block).devminor},
		{"way to write the size", (*block).size},
		{"split of the path into prefix and name", (*block).nameAndPrefix},
		{"padding", (*block).rest},
	}
	var names []string
	for _, f := range fields {
		if !bytes.Equal(f.of(b), f.of(want)) {
			names = append(names, f.name)
		}
	}
	if len(names) == 0 && encodeSum(b.sum()) != string(b.chksum()) {
		names = append(names, "way to write the header checksum")
	}
	return names
}

func (b *block) nameAndPrefix() []byte {
	return append(bytes.Clone(b.name()), b.prefix()...)
}
