package archive

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"time"
)

// hostileCase is an archive, and the codes that say what is wrong with it, in
// order: none for one that is right.
type hostileCase struct {
	name  string
	build func() []byte
	want  []string
}

// hostileCases is the list of spec/archive.md and of everything that has gone
// wrong in readers of tar and gzip.
func hostileCases() []hostileCase { return append(variedCases(), typeCases()...) }

// variedCases are those that differ by more than the type of an entry.
func variedCases() []hostileCase {
	return slices.Concat(
		gzipCases(), framingCases(), extensionCases(), linkCases(), fieldCases(), numberCases(), pathCases(),
		contentCases(), manifestCases(), sumsCases(), lockCases(),
	)
}

func bytesCase(name string, data []byte, want ...string) hostileCase {
	return hostileCase{name, func() []byte { return data }, want}
}

func filesCase(name string, files []file, want ...string) hostileCase {
	return hostileCase{name, func() []byte { return archiveOf(files...) }, want}
}

func patched(data []byte, at int, with byte) []byte {
	data = bytes.Clone(data)
	if at < 0 {
		at += len(data)
	}
	data[at] ^= with
	return data
}

func gzipCases() []hostileCase {
	tar := tarOf(shapes()...)
	good := gz(tar)
	return []hostileCase{
		bytesCase("nothing", nil, "not_gzip"),
		bytesCase("one byte of the magic", good[:1], "not_gzip"),
		bytesCase("text", []byte("hello\n"), "not_gzip"),
		bytesCase("zip", []byte("PK\x03\x04\x14\x00\x00\x00\x08\x00"), "not_gzip"),
		bytesCase("empty zip", append([]byte("PK\x05\x06"), zeros(18)...), "not_gzip"),
		bytesCase("xz", []byte("\xfd7zXZ\x00\x00\x04\xe6\xd6\xb4\x46"), "not_gzip"),
		bytesCase("zstd", []byte("\x28\xb5\x2f\xfd\x04\x58\x51\x00\x00hello"), "not_gzip"),
		bytesCase("bzip2", []byte("BZh91AY&SY"), "not_gzip"),
		bytesCase("7z", []byte("7z\xbc\xaf\x27\x1c\x00\x04"), "not_gzip"),
		bytesCase("lz4", []byte("\x04\x22\x4d\x18\x64\x40"), "not_gzip"),
		bytesCase("lzip", []byte("LZIP\x01\x0c"), "not_gzip"),
		bytesCase("zlib", []byte("\x78\x9c\x03\x00\x00\x00\x00\x01"), "not_gzip"),
		bytesCase("plain tar", tar, "not_gzip"),
		bytesCase("a zero before it", join(zeros(1), good), "not_gzip"),
		bytesCase("method", patched(good, 2, 1), "gzip_header"),
		bytesCase("MTIME", patched(good, 4, 1), "gzip_header"),
		bytesCase("MTIME, its last byte", patched(good, 7, 1), "gzip_header"),
		bytesCase("FTEXT", patched(good, 3, 1), "gzip_header"),
		bytesCase("reserved flag", patched(good, 3, 0x80), "gzip_header"),
		bytesCase("FNAME", gzWith(func(w *gzip.Writer) { w.Name = "a.tar" }, tar), "gzip_header"),
		bytesCase("FEXTRA", gzWith(func(w *gzip.Writer) { w.Extra = []byte("ab\x01\x00x") }, tar), "gzip_header"),
		bytesCase("FCOMMENT", gzWith(func(w *gzip.Writer) { w.Comment = "hello" }, tar), "gzip_header"),
		bytesCase("FHCRC", withHeaderCRC(good, 0), "gzip_header"),
		bytesCase("wrong FHCRC", withHeaderCRC(good, 1), "gzip_header", "gzip_corrupt"),
		bytesCase("all flags and MTIME", patched(gzWith(func(w *gzip.Writer) {
			w.Name, w.Comment, w.Extra, w.ModTime = "a.tar", "hello", []byte("x"), time.Unix(1, 0)
		}, tar), 3, 1), "gzip_header", "gzip_header"),
		bytesCase("endless FNAME", join(good[:3], []byte{8}, good[4:10], bytes.Repeat([]byte("a"), 1<<20)), "gzip_header", "gzip_corrupt"),
		bytesCase("CRC", patched(good, -8, 1), "gzip_corrupt"),
		bytesCase("length", patched(good, -4, 1), "gzip_corrupt"),
		bytesCase("deflate data", patched(good, 12, 0xff), "gzip_corrupt"),
		bytesCase("only a header", good[:10], "gzip_corrupt"),
		bytesCase("two members", join(good, good), "gzip_multiple_members"),
		bytesCase("empty second member", join(good, gz()), "gzip_multiple_members"),
		bytesCase("tar in two members", join(gz(tar[:800]), gz(tar[800:])), "tar_framing", "gzip_multiple_members"),
		bytesCase("empty first member", join(gz(), good), "tar_framing", "gzip_multiple_members", "missing_file", "missing_file", "missing_file", "empty"),
		bytesCase("7 bytes behind", join(good, []byte("trailer")), "trailing_data"),
		bytesCase("32 zeros behind", join(good, zeros(32)), "trailing_data"),
		bytesCase("a zip behind", join(good, []byte("PK\x05\x06"), zeros(18)), "trailing_data"),
		bytesCase("a second member behind zeros", join(good, zeros(32), good), "trailing_data"),
		bytesCase("one byte of the magic behind", join(good, []byte{0x1f}), "trailing_data"),
	}
}

// withHeaderCRC puts the CRC of the gzip header behind it, changed by these bits.
func withHeaderCRC(gz []byte, change uint16) []byte {
	head := patched(gz[:gzipHeaderSize], 3, 2)
	head = binary.LittleEndian.AppendUint16(head, uint16(crc32.ChecksumIEEE(head))^change)
	return join(head, gz[gzipHeaderSize:])
}

func framingCases() []hostileCase {
	body := entries(shapes()...)
	end := zeros(2 * blockSize)
	evil := entries(file{path: "src/evil.ori", content: "x"})
	return []hostileCase{
		bytesCase("no tar", gz([]byte(strings.Repeat("no tar here\n", 100))), "tar_header"),
		bytesCase("an empty tar", gz(end), "missing_file", "missing_file", "missing_file", "empty"),
		bytesCase("an empty member", gz(), "tar_framing", "missing_file", "missing_file", "missing_file", "empty"),
		bytesCase("half a header", gz(body, evil[:300]), "tar_framing"),
		bytesCase("cut in a file", gz(body[:3*blockSize-200]), "tar_framing"),
		bytesCase("cut in the padding", gz(body[:len(body)-1]), "tar_framing"),
		bytesCase("no zero block", gz(body), "tar_framing"),
		bytesCase("one zero block", gz(body, zeros(blockSize)), "tar_framing"),
		bytesCase("one and a half zero blocks", gz(body, zeros(700)), "tar_framing"),
		bytesCase("three zero blocks", gz(body, end, zeros(blockSize)), "trailing_data"),
		bytesCase("zeros up to a record of GNU tar", gz(body, end, zeros(10240-(len(body)+1024)%10240)), "trailing_data"),
		bytesCase("one zero more", gz(body, end, []byte{0}), "trailing_data"),
		bytesCase("7 bytes behind the end marker", gz(body, end, []byte("trailer")), "trailing_data"),
		bytesCase("32 zeros behind the end marker", gz(body, end, zeros(32)), "trailing_data"),
		bytesCase("a second archive behind the end marker", gz(body, end, body, end), "trailing_data"),
		bytesCase("entries behind the end marker", gz(body, end, evil, end), "trailing_data"),
		bytesCase("entries behind one zero block", gz(body, zeros(blockSize), evil, end), "tar_framing"),
		bytesCase("entries and a bad CRC behind the end", patched(gz(body, end, evil), -8, 1), "trailing_data", "gzip_corrupt"),
		bytesCase("bad header checksum", gz(tarOf(shapes(file{path: "src/x", raw: func(b *block) { b[0] = 'y' }})...)), "tar_header"),
		bytesCase("checksum of signed bytes", gz(tarOf(shapes(file{path: "src/x", raw: func(b *block) { b[510] = 0xff; copy(b.chksum(), encodeSum(b.sum()-256)) }})...)), "tar_header"),
	}
}

// field is a package with a file of 5 bytes that has another header.
func field(name, code string, edit func(*block)) hostileCase {
	return filesCase(name, shapes(file{path: "src/x.ori", content: "hello", edit: edit}), code)
}

// put fills a field of the header with this text and NULs.
func put(of func(*block) []byte, s string) func(*block) {
	return func(b *block) { clear(of(b)); copy(of(b), s) }
}

// numberCases are about sizes and checksums, which say where the next header is.
func numberCases() []hostileCase {
	return []hostileCase{
		field("size with spaces", "not_canonical", put((*block).size, "          5 ")),
		field("size of 12 digits", "not_canonical", put((*block).size, "000000000005")),
		field("negative size", "tar_header", put((*block).size, "-0000000005\x00")),
		field("size in base 256", "tar_header", func(b *block) { copy(b.size(), join([]byte{0x80}, zeros(10), []byte{5})) }),
		field("base 256 with nothing else", "tar_header", func(b *block) { copy(b.size(), join([]byte{0x80}, zeros(11))) }),
		field("largest size in octal", "too_large", put((*block).size, "777777777777")),
		field("negative size in base 256", "tar_header", func(b *block) { copy(b.size(), bytes.Repeat([]byte{0xff}, 12)) }),
		field("huge size in base 256", "tar_header", func(b *block) { b.size()[0] = 0x80; binary.BigEndian.PutUint64(b.size()[4:], 1<<63) }),
		field("no size", "tar_header", put((*block).size, "")),
		field("size in decimal digits", "tar_header", put((*block).size, "00000000009\x00")),
		field("size in hexadecimal digits", "tar_header", put((*block).size, "0x000000005\x00")),
		field("size with a sign", "tar_header", put((*block).size, "+0000000005\x00")),
		field("size with a hole", "tar_header", put((*block).size, "0000\x000000005")),
		filesCase("checksum in base 256", shapes(file{path: "src/x.ori", raw: func(b *block) { binary.BigEndian.PutUint64(b.chksum(), 1<<63|uint64(b.sum())) }}), "tar_header"),
		filesCase("no checksum", shapes(file{path: "src/x.ori", raw: func(b *block) { clear(b.chksum()) }}), "tar_header"),
		filesCase("checksum in another spelling", shapes(file{path: "src/x.ori", raw: func(b *block) { copy(b.chksum(), fmt.Sprintf("%07o\x00", b.sum())) }}), "not_canonical"),
	}
}

func fieldCases() []hostileCase {
	nested := strings.Repeat("a", 60) + "/" + strings.Repeat("b", 60)
	return []hostileCase{
		field("mode 06777", "mode", put((*block).mode, "0006777\x00")),
		field("mode 000", "mode", put((*block).mode, "0000000\x00")),
		field("mode 0755", "mode", put((*block).mode, "0000755\x00")),
		field("mode in another spelling", "mode", put((*block).mode, "000644 \x00")),
		field("uid", "not_canonical", put((*block).uid, "0001750\x00")),
		field("gid", "not_canonical", put((*block).gid, "0001750\x00")),
		field("user name", "not_canonical", put((*block).uname, "root")),
		field("group name", "not_canonical", put((*block).gname, "root")),
		field("mtime", "not_canonical", put((*block).mtime, "14000000000\x00")),
		field("mtime of zero", "not_canonical", put((*block).mtime, "00000000000\x00")),
		field("link name", "not_canonical", put((*block).linkname, "src/lib.ori")),
		field("devmajor", "not_canonical", put((*block).devmajor, "0000001\x00")),
		field("devminor of NULs", "not_canonical", put((*block).devminor, "")),
		field("mode in base 256", "mode", func(b *block) { copy(b.mode(), "\x80\x00\x00\x00\x00\x00\x01\xa4") }),
		field("uid in base 256", "not_canonical", func(b *block) { copy(b.uid(), "\x80\x00\x00\x00\x00\x00\x00\x00") }),
		field("negative gid in base 256", "not_canonical", func(b *block) { copy(b.gid(), "\xff\xff\xff\xff\xff\xff\xff\xff") }),
		field("negative mtime in base 256", "not_canonical", func(b *block) { copy(b.mtime(), bytes.Repeat([]byte{0xff}, 12)) }),
		field("all IDs, names and times", "not_canonical", func(b *block) {
			copy(b.uid(), "0001750\x00")
			copy(b.gid(), "0001750\x00")
			copy(b.uname(), "root")
			copy(b.gname(), "root")
			copy(b.mtime(), "14000000000\x00")
		}),
		field("GNU magic", "not_canonical", func(b *block) { copy(b[257:], "ustar  \x00") }),
		field("GNU magic, and times where ustar has the prefix", "not_canonical", func(b *block) { gnu('0')(b); copy(b.prefix(), "14000000000\x0014000000000\x00") }),
		field("v7", "not_canonical", func(b *block) { clear(b[257:]) }),
		field("version", "not_canonical", put((*block).version, "01")),
		field("padding of the header", "not_canonical", func(b *block) { b[511] = 1 }),
		field("bytes behind the path's NUL", "path", func(b *block) { b[50] = 'x' }),
		field("bytes behind the prefix's NUL", "path", func(b *block) { b[400] = 'x' }),
		filesCase("path divided early", shapes(file{path: "src/a/" + nested, edit: func(b *block) {
			clear(b.name())
			clear(b.prefix())
			copy(b.prefix(), "src/a")
			copy(b.name(), nested[:100])
		}}), "not_canonical", "checksum_file", "checksum_file"),
		filesCase("path divided although it is short", shapes(file{path: "src/x.ori", edit: func(b *block) {
			clear(b.name())
			copy(b.prefix(), "src")
			copy(b.name(), "x.ori")
		}}), "not_canonical"),
		bytesCase("padding of a file", func() []byte {
			tar := tarOf(shapes()...)
			return gz(patched(tar, len(tar)-2*blockSize-1, 1))
		}(), "not_canonical"),
		filesCase("three faults in one header", shapes(file{path: "src/x y", edit: func(b *block) {
			copy(b.mode(), "0000755\x00")
			b[156] = '7'
		}}), "entry_type", "mode", "path"),
	}
}

func pathCases() []hostileCase {
	one := func(path string, want ...string) hostileCase {
		return filesCase(fmt.Sprintf("path %q", path), shapes(file{path: path, content: "x"}), want...)
	}
	last := func(path string, want ...string) hostileCase { // behind all others, as the order of bytes is not the point
		return filesCase(fmt.Sprintf("path %q", path), withSums(append(shapes(), file{path: path, content: "x"})), want...)
	}
	var all []hostileCase
	for _, path := range []string{
		"/x", "../x", "a/../b", "./x", "a//b", "a/", "a/.", "a/..", `a\b`, `..\x`, "C:x", "C:/x", "src/a.", "src/a ", "src/ a", "src/a./b",
		"src/NUL.ori", "src/nul", "aux/x", "src/Com7.tar.gz", "LPT1", "src/con", "prn.md",
		"src/a\x1b[31m", "src/a\nb", "src/a\tb", "src/a\x7f", "src/a\xff", "src/\xc3\xa9", "src/e\xcc\x81", "src/a\xe2\x80\xaeb",
		"src/a*", "src/a?", "src/a|b", "src/a<b", `src/a"b`, "src/a$b", "src/a'b", "src/a;b", "src/a#b", "src/a%b", "src/[a]", "src/(a)",
	} {
		all = append(all, one(path, "path"))
	}
	return append(all,
		last("src/a\x00b", "path", "not_canonical", "checksum_file", "checksum_file"),
		one(".git/config", "unexpected_path"), one(".env", "unexpected_path"), one("src/.hidden", "unexpected_path"), one("src/.x/y", "unexpected_path"), one("src/...x", "unexpected_path"),
		last("src/LIB.ori", "duplicate_path", "not_canonical"),
		last("SRC/x.ori", "duplicate_path", "not_canonical"),
		last("src/lib.ori", "duplicate_path"),
		last("src/lib.ori/x", "duplicate_path"),
		last("src", "duplicate_path", "not_canonical"),
		filesCase("no path", shapes(file{path: "src/x", edit: func(b *block) { clear(b.name()) }}), "path", "not_canonical", "checksum_file", "checksum_file"),
		filesCase("only a prefix", shapes(file{path: "src/x", edit: func(b *block) { clear(b.name()); copy(b.prefix(), "src") }}), "path", "not_canonical", "checksum_file", "checksum_file"),
		one("checksum", "duplicate_path"), one("Oripk.Lock", "duplicate_path"), one("ORIPK.toml", "duplicate_path"),
		one("CHECKSUM/x", "duplicate_path"),
		filesCase("a and A", shapes(file{path: "a"}, file{path: "A"}), "duplicate_path"),
		filesCase("a in a folder in two spellings", shapes(file{path: "Docs/a"}, file{path: "docs/b"}), "duplicate_path"),
		filesCase("a file and a folder in another spelling", shapes(file{path: "Docs"}, file{path: "docs/b"}), "duplicate_path"),
		filesCase("order", withSums([]file{{path: ManifestName, content: goodManifest}, {path: LockName, content: goodLock}, {path: "src/lib.ori", content: goodSource}, {path: "README.md"}}), "not_canonical"),
	)
}
