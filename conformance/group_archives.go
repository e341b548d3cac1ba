package conformance

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ori-lang/registry/api"
)

// badArchive is one archive that is refused, and the fault that must be told.
type badArchive struct {
	name, sentence string
	change         func(*draft)
	code           string
}

func archivesGroup(s *session) {
	name := "@" + s.scope("bad") + "/bad"
	s.hold("a canonical one", "the same files have exactly one right tar, byte for byte", func(c *check) {
		c.claimed("bad")
		c.ok(c.upload(api.DryRun(s.urls.Publish(mustPackage(name))), draft{name: name, version: "1.0.0"}.pack()), 200)
	})
	for _, bad := range badArchives {
		s.hold(bad.name, bad.sentence, func(c *check) {
			d := draft{name: name, version: "1.0.0"}
			bad.change(&d)
			p := c.problem(c.upload(s.urls.Publish(mustPackage(name)), d.pack()), api.ArchiveInvalid)
			var codes []string
			for _, fault := range p.Errors {
				codes = append(codes, fault.Code)
			}
			if !slices.Contains(codes, bad.code) {
				c.failf("the faults are %v, want %s", codes, bad.code)
			}
		})
	}
	s.hold("manifest", "What is wrong with the manifest otherwise (a missing key, a licence that is no SPDX expression, an entry file that is not in the archive) is told apart", func(c *check) {
		d := draft{name: name, version: "1.0.0", manifest: "license = \"Beerware-42\"\nrepository = \"ftp://x\"\n"}
		p := c.problem(c.upload(s.urls.Publish(mustPackage(name)), d.pack()), api.ManifestInvalid)
		for _, pointer := range []string{"/project/license", "/project/repository"} {
			if !hasPointer(p, pointer) {
				c.failf("no fault at %s in %+v", pointer, p.Errors)
			}
		}
	})
	s.hold("nothing is left of it", "A failure leaves nothing that a reader can see.", func(c *check) {
		c.problem(c.get(s.urls.Versions(mustPackage(name))), api.PackageNotFound)
	})
}

const (
	oneMember  = "There is one member. Its CRC-32 and its length must be right, and nothing may follow it, not even zeros or an empty member."
	endOfTar   = "The end is two blocks of zeros; nothing follows, also no third block."
	onlyFiles  = "There are only regular files: no entries for folders, no links, no devices, no extended headers of PAX or GNU."
	orderOfTar = "The order is `oripk.toml`, `oripk.lock`, `CHECKSUM`, and then all other files by the bytes of their paths"
	sumsLines  = "`CHECKSUM` has one line for every other file, in the order of the archive: the SHA-256 of the content in 64 lower-case hexadecimal digits, two spaces, the path, a newline. Nothing else is in it."
	zeroFlags  = "The method is not deflate, or FLG or MTIME are not 0."
)

func withFile(path, text string) func(*draft) {
	return func(d *draft) { d.files = map[string]string{path: text} }
}

func onEntry(name string, change func(*tar.Header)) func(*draft) {
	return func(d *draft) {
		d.entry = func(h *tar.Header) {
			if h.Name == name {
				change(h)
			}
		}
	}
}

var badArchives = []badArchive{
	{"zip", "The file does not begin with the magic of gzip.", func(d *draft) { d.archive = func([]byte) []byte { return []byte("PK\x03\x04 and more") } }, "not_gzip"},
	{"plain tar", "The file does not begin with the magic of gzip.", func(d *draft) { d.archive = func([]byte) []byte { return make([]byte, 1024) } }, "not_gzip"},
	{"cut off", "The file is cut off, the data cannot be decompressed, or CRC or length are wrong.", func(d *draft) { d.archive = func(a []byte) []byte { return a[:len(a)-9] } }, "gzip_corrupt"},
	{"wrong CRC", "The file is cut off, the data cannot be decompressed, or CRC or length are wrong.", func(d *draft) { d.archive = func(a []byte) []byte { a[len(a)-8] ^= 1; return a } }, "gzip_corrupt"},
	{"name in the gzip header", zeroFlags, func(d *draft) { d.gzip = func(w *gzip.Writer) { w.Name = "x" } }, "gzip_header"},
	{"comment in the gzip header", zeroFlags, func(d *draft) { d.gzip = func(w *gzip.Writer) { w.Comment = "x" } }, "gzip_header"},
	{"extra field in the gzip header", zeroFlags, func(d *draft) { d.gzip = func(w *gzip.Writer) { w.Extra = []byte("abcd") } }, "gzip_header"},
	{"time in the gzip header", zeroFlags, func(d *draft) { d.gzip = func(w *gzip.Writer) { w.ModTime = time.Unix(1e9, 0) } }, "gzip_header"},
	{"second member", oneMember, func(d *draft) {
		d.archive = func(a []byte) []byte { return append(a, compressed([]byte("more"), nil)...) }
	}, "gzip_multiple_members"},
	{"empty second member", oneMember, func(d *draft) { d.archive = func(a []byte) []byte { return append(a, compressed(nil, nil)...) } }, "gzip_multiple_members"},
	{"bytes after the end", oneMember, func(d *draft) { d.archive = func(a []byte) []byte { return append(a, "1234567"...) } }, "trailing_data"},
	{"zeros after the end", oneMember, func(d *draft) { d.archive = func(a []byte) []byte { return append(a, make([]byte, 32)...) } }, "trailing_data"},
	{"third block of zeros", endOfTar, func(d *draft) { d.tar = func(t []byte) []byte { return append(t, make([]byte, 512)...) } }, "trailing_data"},
	{"one block of zeros", endOfTar, func(d *draft) { d.tar = func(t []byte) []byte { return t[:len(t)-512] } }, "tar_framing"},
	{"no end", endOfTar, func(d *draft) { d.tar = func(t []byte) []byte { return t[:len(t)-1024] } }, "tar_framing"},
	{"wrong checksum of a header", "A header has a wrong checksum, or a size that is not in octal digits.", func(d *draft) { d.tar = func(t []byte) []byte { t[0] ^= 1; return t } }, "tar_header"},
	{"PAX header", onlyFiles, onEntry("src/lib.ori", func(h *tar.Header) { h.Format, h.PAXRecords = tar.FormatPAX, map[string]string{"comment": "x"} }), "extended_header"},
	{"symbolic link", onlyFiles, onEntry("src/lib.ori", func(h *tar.Header) { h.Typeflag, h.Linkname, h.Size = tar.TypeSymlink, "/etc/passwd", 0 }), "entry_type"},
	{"hard link", onlyFiles, onEntry("src/lib.ori", func(h *tar.Header) { h.Typeflag, h.Linkname, h.Size = tar.TypeLink, "oripk.toml", 0 }), "entry_type"},
	{"folder", onlyFiles, onEntry("src/lib.ori", func(h *tar.Header) { h.Typeflag, h.Name, h.Size = tar.TypeDir, "src/", 0 }), "entry_type"},
	{"mode", "The mode is not `0000644`.", onEntry("src/lib.ori", func(h *tar.Header) { h.Mode = 0o755 }), "mode"},
	{"set-uid", "The mode is not `0000644`.", onEntry("src/lib.ori", func(h *tar.Header) { h.Mode = 0o4644 }), "mode"},
	{"owner", "Another field of the header is not as the table above says", onEntry("src/lib.ori", func(h *tar.Header) { h.Uid = 1000 }), "not_canonical"},
	{"owner's name", "Another field of the header is not as the table above says", onEntry("src/lib.ori", func(h *tar.Header) { h.Uname = "ada" }), "not_canonical"},
	{"time", "Another field of the header is not as the table above says", onEntry("src/lib.ori", func(h *tar.Header) { h.ModTime = time.Unix(1, 0) }), "not_canonical"},
	{"order", orderOfTar, func(d *draft) { d.order = []string{"oripk.lock", "oripk.toml", "CHECKSUM", "src/lib.ori"} }, "not_canonical"},
	{"path upwards", "No element is `.` or `..`, and none ends in a dot.", withFile("src/../../x", "x"), "path"},
	{"absolute path", "No element is empty: no slash at the beginning, at the end, or beside another.", withFile("/etc/x", "x"), "path"},
	{"backslash", "The characters `A`–`Z` `a`–`z` `0`–`9` `.` `_` `+` `-` `@` `=` `,` `~`, and `/` between elements.", withFile(`src\x`, "x"), "path"},
	{"escape in a path", "The characters `A`–`Z` `a`–`z` `0`–`9` `.` `_` `+` `-` `@` `=` `,` `~`, and `/` between elements.", withFile("src/\x1b[31m", "x"), "path"},
	{"device of Windows", "So `src/nul.ori` is refused, and `src/null.ori` is not.", withFile("src/nul.ori", "x"), "path"},
	{"hidden file", "The path is well formed but has no place in an archive: a hidden file", withFile("src/.env", "x"), "unexpected_path"},
	{"upper and lower case", "No two paths, and no two of their folders, differ only in upper and lower case; no path is there twice; no file is also a folder.", withFile("src/LIB.ori", "x"), "duplicate_path"},
	{"twice", "No two paths, and no two of their folders, differ only in upper and lower case; no path is there twice; no file is also a folder.", func(d *draft) {
		d.order = []string{"oripk.toml", "oripk.lock", "CHECKSUM", "src/lib.ori", "src/lib.ori"}
	}, "duplicate_path"},
	{"file and folder", "No two paths, and no two of their folders, differ only in upper and lower case; no path is there twice; no file is also a folder.", withFile("src/lib.ori/x", "x"), "duplicate_path"},
	{"no manifest", "`oripk.toml`, `oripk.lock` or `CHECKSUM` is not there.", func(d *draft) { d.without = "oripk.toml" }, "missing_file"},
	{"no lock file", "`oripk.toml`, `oripk.lock` or `CHECKSUM` is not there.", func(d *draft) { d.without = "oripk.lock" }, "missing_file"},
	{"no CHECKSUM", "`oripk.toml`, `oripk.lock` or `CHECKSUM` is not there.", func(d *draft) { d.without = "CHECKSUM" }, "missing_file"},
	{"no source", "There is no file below `src/`.", func(d *draft) {
		d.without = "src/lib.ori"
		d.sums = func(s string) string { return cutLine(s, "src/lib.ori") }
	}, "empty"},
	{"manifest of another package", "No folder below the root has an `oripk.toml` of its own", withFile("src/oripk.toml", "x"), "unexpected_path"},
	{"wrong sum", sumsLines, func(d *draft) { d.sums = func(s string) string { return otherDigit(s[:1]) + s[1:] } }, "checksum_file"},
	{"sum of itself", sumsLines, func(d *draft) { d.sums = func(s string) string { return s + strings.Repeat("0", 64) + "  CHECKSUM\n" } }, "checksum_file"},
	{"missing sum", sumsLines, func(d *draft) { d.sums = func(s string) string { return cutLine(s, "src/lib.ori") } }, "checksum_file"},
	{"upper-case sum", sumsLines, func(d *draft) { d.sums = strings.ToUpper }, "checksum_file"},
	{"scripts", "It is TOML 1.0 in UTF-8 without byte order mark, and has no `[scripts]`, however the key is written.", func(d *draft) { d.manifest = "[\"\\u0073cripts\"]\nbuild = \"rm\"\n" }, "manifest"},
	{"byte order mark", "It is TOML 1.0 in UTF-8 without byte order mark", func(d *draft) { d.raw = func(m string) string { return "\ufeff" + m } }, "manifest"},
	{"no TOML", "It is TOML 1.0 in UTF-8 without byte order mark", func(d *draft) { d.raw = func(m string) string { return m + "[[[\n" } }, "manifest"},
	{"lock of MD5", "`oripk.lock` is over its limit or not of its form", func(d *draft) { d.lock = "\"@a/b:1.0.0\" = \"md5:00\"\n" }, "lock_file"},
	{"two versions in a lock", "`oripk.lock` is over its limit or not of its form", func(d *draft) {
		d.lock = fmt.Sprintf("\"@a/b:1.0.0\" = \"sha256:%[1]s\"\n\"@a/b:2.0.0\" = \"sha256:%[1]s\"\n", strings.Repeat("0", 64))
	}, "lock_file"},
	{"lock without a dependency", "It has a checksum for every direct dependency", func(d *draft) { d.manifest = "[dependencies]\n\"@a/b\" = \"1.0.0\"\n" }, "lock_file"},
	{"file over the limit", "16,777,216 bytes (16 MiB)", withFile("src/zeros", strings.Repeat("0", 16<<20+1)), "too_large"},
	{"too many files", "There are more than 4,096 entries.", func(d *draft) {
		d.files = map[string]string{}
		for i := range 4100 {
			d.files[fmt.Sprintf("src/f%04d", i)] = ""
		}
	}, "too_many_files"},
	{"bomb", "A checker must not need memory that grows with what an archive says about itself", func(d *draft) {
		d.archive = func([]byte) []byte { return compressed(bytes.Repeat(make([]byte, 1<<20), 80), nil) }
	}, "too_large"},
}

// otherDigit gives a digit that is not this one.
func otherDigit(digit string) string {
	if digit == "0" {
		return "1"
	}
	return "0"
}

// cutLine takes out the line that ends with the path.
func cutLine(sums, path string) string {
	var kept strings.Builder
	for line := range strings.Lines(sums) {
		if !strings.HasSuffix(line, "  "+path+"\n") {
			kept.WriteString(line)
		}
	}
	return kept.String()
}
