package archive

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"strings"
)

// hostileCase is an archive that is wrong, and the codes that say so, in order.
type hostileCase struct {
	name  string
	build func() []byte
	want  []string
}

// hostileCases is the list of spec/archive.md and of everything that has gone
// wrong in readers of tar and gzip.
func hostileCases() []hostileCase {
	var all []hostileCase
	for _, group := range [][]hostileCase{
		gzipCases(), framingCases(), extensionCases(), typeCases(), fieldCases(), pathCases(), contentCases(), manifestCases(), sumsCases(), lockCases(),
	} {
		all = append(all, group...)
	}
	return all
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
		bytesCase("plain tar", tar, "not_gzip"),
		bytesCase("method", patched(good, 2, 1), "gzip_header"),
		bytesCase("MTIME", patched(good, 4, 1), "gzip_header"),
		bytesCase("FTEXT", patched(good, 3, 1), "gzip_header"),
		bytesCase("reserved flag", patched(good, 3, 0x80), "gzip_header"),
		bytesCase("FNAME", gzWith(func(w *gzip.Writer) { w.Name = "a.tar" }, tar), "gzip_header"),
		bytesCase("FEXTRA", gzWith(func(w *gzip.Writer) { w.Extra = []byte("ab\x01\x00x") }, tar), "gzip_header"),
		bytesCase("FCOMMENT", gzWith(func(w *gzip.Writer) { w.Comment = "hello" }, tar), "gzip_header"),
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
		bytesCase("one byte of the magic behind", join(good, []byte{0x1f}), "trailing_data"),
	}
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
		bytesCase("entries behind the end marker", gz(body, end, evil, end), "trailing_data"),
		bytesCase("entries behind one zero block", gz(body, zeros(blockSize), evil, end), "tar_framing"),
		bytesCase("entries and a bad CRC behind the end", patched(gz(body, end, evil), -8, 1), "trailing_data", "gzip_corrupt"),
		bytesCase("bad header checksum", gz(tarOf(shapes(file{path: "src/x", raw: func(b *block) { b[0] = 'y' }})...)), "tar_header"),
		bytesCase("checksum of signed bytes", gz(tarOf(shapes(file{path: "src/x", raw: func(b *block) { b[510] = 0xff; copy(b.chksum(), encodeSum(b.sum()-256)) }})...)), "tar_header"),
	}
}

func paxRecord(key, value string) string {
	n := len(key) + len(value) + 3
	for len(fmt.Sprint(n+len(fmt.Sprint(n)))) != len(fmt.Sprint(n)) {
		n++
	}
	return fmt.Sprintf("%d %s=%s\n", n+len(fmt.Sprint(n)), key, value)
}

func typed(flag byte) func(*block) { return func(b *block) { b[156] = flag } }

func extended(flag byte, content string) file {
	return file{path: "src/x", content: content, edit: typed(flag)}
}

func extensionCases() []hostileCase {
	pax := extended('x', paxRecord("path", "src/other.ori"))
	long := extended('L', "src/long.ori\x00")
	build := func(name string, more ...file) hostileCase {
		files := append(shapes(), more...)
		files = append(files, file{path: "src/y.ori", content: "hello"})
		return filesCase(name, files, "extended_header")
	}
	return []hostileCase{
		build("PAX path", pax),
		build("PAX size that differs from the ustar size", extended('x', paxRecord("size", "1024"))),
		build("two PAX headers in a row", pax, pax),
		build("PAX global", extended('g', paxRecord("path", "src/other.ori"))),
		build("PAX of Solaris", extended('X', paxRecord("path", "src/other.ori"))),
		build("GNU long name", long),
		build("GNU long link", extended('K', "target\x00")),
		build("GNU long name and PAX", long, pax),
		build("PAX sparse 0.0", extended('x', paxRecord("GNU.sparse.size", "10")+paxRecord("GNU.sparse.numblocks", "1")+paxRecord("GNU.sparse.offset", "0")+paxRecord("GNU.sparse.numbytes", "5"))),
		build("PAX sparse 0.1", extended('x', paxRecord("GNU.sparse.size", "10")+paxRecord("GNU.sparse.map", "0,5"))),
		build("PAX sparse 1.0", extended('x', paxRecord("GNU.sparse.major", "1")+paxRecord("GNU.sparse.minor", "0")+paxRecord("GNU.sparse.realsize", "10"))),
		build("a PAX header of 64 MiB", file{path: "src/x", edit: func(b *block) { b[156] = 'x'; copy(b.size(), "00400000000\x00") }}),
	}
}

// typeCases has every type flag there is.
func typeCases() []hostileCase {
	link := func(flag byte, path, target string) file {
		return file{path: path, edit: func(b *block) { b[156] = flag; copy(b.linkname(), target) }}
	}
	all := []hostileCase{
		filesCase("symbolic link out of the folder", append(shapes(), link('2', "src/out", "../../etc/passwd")), "entry_type"),
		filesCase("chain of symbolic links", append(shapes(), link('2', "src/m", ".."), link('2', "src/n", "m/.."), file{path: "src/n/x", content: "x"}), "entry_type", "entry_type", "checksum_file"),
		filesCase("chain of hard links", append(shapes(), link('1', "src/m", "src/lib.ori"), link('1', "src/n", "src/m")), "entry_type", "entry_type"),
		filesCase("hard link with content", append(shapes(), file{path: "src/m", content: "x", edit: typed('1')}, file{path: "src/n", content: "x"}), "entry_type"),
		filesCase("folder entries", append(shapes(), file{path: "src/", edit: typed('5')}, file{path: "docs/", edit: typed('5')}), "entry_type", "entry_type"),
	}
	for flag := range 256 {
		want := "entry_type"
		switch byte(flag) {
		case '0':
			continue
		case 'x', 'g', 'X', 'L', 'K':
			want = "extended_header"
		}
		f := file{path: "src/x", edit: typed(byte(flag))}
		files := shapes(f)
		if flag != 0 && flag != '7' { // those two are read as files
			files = append(shapes(), f)
		}
		all = append(all, filesCase(fmt.Sprintf("type %q", byte(flag)), files, want))
	}
	return all
}

func fieldCases() []hostileCase {
	field := func(name string, code string, edit func(*block)) hostileCase {
		return filesCase(name, shapes(file{path: "src/x.ori", content: "hello", edit: edit}), code)
	}
	put := func(of func(*block) []byte, s string) func(*block) {
		return func(b *block) { clear(of(b)); copy(of(b), s) }
	}
	long := strings.Repeat("a", 60) + "/" + strings.Repeat("b", 60)
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
		field("GNU magic", "not_canonical", func(b *block) { copy(b[257:], "ustar  \x00") }),
		field("v7", "not_canonical", func(b *block) { clear(b[257:]) }),
		field("version", "not_canonical", put((*block).version, "01")),
		field("padding of the header", "not_canonical", func(b *block) { b[511] = 1 }),
		field("bytes behind the path's NUL", "path", func(b *block) { b[50] = 'x' }),
		field("bytes behind the prefix's NUL", "path", func(b *block) { b[400] = 'x' }),
		field("size with spaces", "not_canonical", put((*block).size, "          5 ")),
		field("size of 12 digits", "not_canonical", put((*block).size, "000000000005")),
		field("negative size", "tar_header", put((*block).size, "-0000000005\x00")),
		field("size in base 256", "tar_header", func(b *block) { copy(b.size(), join([]byte{0x80}, zeros(10), []byte{5})) }),
		field("negative size in base 256", "tar_header", func(b *block) { copy(b.size(), bytes.Repeat([]byte{0xff}, 12)) }),
		field("huge size in base 256", "tar_header", func(b *block) { b.size()[0] = 0x80; binary.BigEndian.PutUint64(b.size()[4:], 1<<63) }),
		field("no size", "tar_header", put((*block).size, "")),
		field("size with a hole", "tar_header", put((*block).size, "0000\x000000005")),
		filesCase("checksum in another spelling", shapes(file{path: "src/x.ori", raw: func(b *block) { copy(b.chksum(), fmt.Sprintf("%07o\x00", b.sum())) }}), "not_canonical"),
		filesCase("path divided early", shapes(file{path: "src/a/" + long, edit: func(b *block) {
			clear(b.name())
			clear(b.prefix())
			copy(b.prefix(), "src/a")
			copy(b.name(), long[:100])
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
		one("checksum", "duplicate_path"), one("Oripk.Lock", "duplicate_path"), one("ORIPK.toml", "duplicate_path"),
		one("CHECKSUM/x", "duplicate_path"),
		filesCase("a and A", shapes(file{path: "a"}, file{path: "A"}), "duplicate_path"),
		filesCase("a in a folder in two spellings", shapes(file{path: "Docs/a"}, file{path: "docs/b"}), "duplicate_path"),
		filesCase("a file and a folder in another spelling", shapes(file{path: "Docs"}, file{path: "docs/b"}), "duplicate_path"),
		filesCase("order", withSums([]file{{path: ManifestName, content: goodManifest}, {path: LockName, content: goodLock}, {path: "src/lib.ori", content: goodSource}, {path: "README.md"}}), "not_canonical"),
	)
}

func contentCases() []hostileCase {
	return []hostileCase{
		filesCase("no source", replaced(without(shapes(file{path: "README.md"}), "src/lib.ori"), ManifestName, strings.Replace(goodManifest, "lib = \"src/lib.ori\"\n", "", 1)), "empty"),
		filesCase("no manifest", without(shapes(), ManifestName), "missing_file"),
		filesCase("no lock", without(shapes(), LockName), "missing_file"),
		filesCase("no CHECKSUM", []file{shapes()[0], shapes()[1], shapes()[3]}, "missing_file"),
		filesCase("manifest twice", withSums(append([]file{{path: ManifestName, content: goodManifest}}, shapes()...)), "duplicate_path"),
		filesCase("manifest in a subfolder", withSums([]file{{path: LockName, content: goodLock}, {path: "shapes/oripk.toml", content: goodManifest}, {path: "src/lib.ori"}}), "unexpected_path", "missing_file"),
		filesCase("a second manifest in a subfolder", shapes(file{path: "src/x/Oripk.toml", content: goodManifest}), "unexpected_path"),
		filesCase("manifest in upper case", withSums([]file{{path: LockName, content: goodLock}, {path: "ORIPK.toml", content: goodManifest}, {path: "src/lib.ori"}}), "unexpected_path", "missing_file"),
		filesCase("entry file missing", replaced(shapes(), ManifestName, strings.Replace(goodManifest, "src/lib.ori", "src/main.ori", 1)), "manifest:entry"),
		filesCase("entry file in another case", replaced(shapes(), ManifestName, strings.Replace(goodManifest, "src/lib.ori", "src/Lib.ori", 1)), "manifest:entry"),
	}
}

func manifestCases() []hostileCase {
	with := func(name, text string, want ...string) hostileCase {
		return filesCase(name, replaced(shapes(), ManifestName, text), want...)
	}
	return []hostileCase{
		with("manifest: no TOML", "[project\n", "manifest"),
		with("manifest: BOM", "\ufeff"+goodManifest, "manifest"),
		with("manifest: not UTF-8", goodManifest+"# \xff\n", "manifest"),
		with("manifest: too large", goodManifest+strings.Repeat("#", MaxManifest), "manifest"),
		with("manifest: a loose spelling", goodManifest+"@orilib/other = \"1.0.0\"\n", "manifest"),
		with("manifest: scripts", goodManifest+"[scripts]\nbuild = \"x\"\n", "manifest"),
		with("manifest: empty scripts", goodManifest+"[scripts]\n", "manifest"),
		with("manifest: escaped scripts", goodManifest+"[\"\\u0073cripts\"]\nbuild = \"x\"\n", "manifest"),
		with("manifest: dotted scripts", "scripts.build = \"x\"\n"+goodManifest, "manifest"),
		with("manifest: inline scripts", "scripts = { build = \"x\" }\n"+goodManifest, "manifest"),
		with("manifest: git dependency", goodManifest+"[dependencies.\"@a/b\"]\ngit = \"https://git.test/a/b\"\nrev = \"0123456789abcdef0123456789abcdef01234567\"\n", "manifest:dependency"),
		with("manifest: path dependency", goodManifest+"\"@a/b\" = { path = \"../b\" }\n", "manifest:dependency"),
		with("manifest: no description", strings.Replace(goodManifest, "description = \"Points and boxes.\"\n", "", 1), "manifest:missing"),
		with("manifest: no name and no version", "[project]\ndescription = \"x\"\nori = \"0.4.0\"\n", "manifest:missing", "manifest:missing"),
		with("manifest: empty", "", "manifest:missing", "manifest:missing"),
		with("manifest: licence", strings.Replace(goodManifest, "\"MIT\"", "\"my own\"", 1), "manifest:license"),
		with("manifest: plain http", strings.Replace(goodManifest, "license", "repository = \"http://git.test/a\"\nlicense", 1), "manifest:url"),
		with("manifest: bidi", strings.Replace(goodManifest, "Points", "\u202ePoints", 1), "manifest:text"),
		with("manifest: long description", strings.Replace(goodManifest, "Points", strings.Repeat("x", 500), 1), "manifest:limit"),
	}
}

func sumsCases() []hostileCase {
	with := func(name string, change func(string) string, want ...string) hostileCase {
		return filesCase("CHECKSUM: "+name, withSumsText(shapes(file{path: "src/x"}), change), want...)
	}
	const one = "checksum_file"
	digits := strings.Repeat("0", 64)
	return []hostileCase{
		with("empty", func(string) string { return "" }, one, one, one, one),
		with("a wrong digest", func(s string) string { return digits + s[64:] }, one),
		with("incomplete", func(s string) string { return s[:strings.Index(s, "\n")+1] }, one, one, one),
		with("lists itself", func(s string) string { return s + digits + "  CHECKSUM\n" }, one),
		with("lists more", func(s string) string { return s + digits + "  src/y\n" }, one),
		with("lists a file twice", func(s string) string { return s + s[:strings.Index(s, "\n")+1] }, one),
		with("another order", func(s string) string { i := strings.Index(s, "\n") + 1; return s[i:] + s[:i] }, one),
		with("no newline at the end", func(s string) string { return strings.TrimSuffix(s, "\n") }, one, one),
		with("CRLF", func(s string) string { return strings.Replace(s, "\n", "\r\n", 1) }, one, one),
		with("upper-case digits", func(s string) string { return strings.ToUpper(s[:64]) + s[64:] }, one, one),
		with("binary mode", func(s string) string { return strings.Replace(s, "  ", " *", 1) }, one, one),
		with("one space", func(s string) string { return strings.Replace(s, "  ", " ", 1) }, one, one),
		with("too large", func(s string) string { return s + strings.Repeat("\n", MaxChecksum) }, one),
		filesCase("CHECKSUM: of a file that changed", withSumsText(replaced(shapes(), "src/lib.ori", "x"), func(string) string { return shapes()[2].content }), one),
	}
}

func lockCases() []hostileCase {
	with := func(name, text string, want ...string) hostileCase {
		return filesCase("lock: "+name, replaced(shapes(), LockName, text), want...)
	}
	const sum = `"sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"`
	return []hostileCase{
		with("no TOML", "[checksums\n", "lock_file"),
		with("MD5", goodLock+`"@a/b:1.0.0" = "md5:d41d8cd98f00b204e9800998ecf8427e"`+"\n", "lock_file"),
		with("upper-case digits", goodLock+`"@a/b:1.0.0" = `+strings.Replace(sum, "9f86d", "9F86D", 1)+"\n", "lock_file"),
		with("two versions of one package", goodLock+`"@orilib/utils:2.0.0" = `+sum+"\n", "lock_file"),
		with("not the version of the manifest", strings.Replace(goodLock, "2.0.1", "2.0.0", 1), "lock_file"),
		with("a dependency is missing", "[checksums]\n", "lock_file"),
		with("too large", goodLock+strings.Repeat("#", MaxLock), "lock_file"),
	}
}
