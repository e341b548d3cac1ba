package archive

import (
	"bytes"
	"compress/gzip"
	"slices"
	"strings"
	"testing"

	"github.com/ori-lang/registry/ident"
)

// The helpers here make archives, right ones and wrong ones, in code.

const (
	goodManifest = `[project]
name = "@orilib/shapes"
version = "1.2.3"
description = "Points and boxes."
license = "MIT"
ori = "0.4.0"

[project.entry]
lib = "src/lib.ori"

[dependencies]
"std.json" = true
"@orilib/utils" = "2.0.1"
`
	goodLock = `[checksums]
"@orilib/utils:2.0.1" = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
`
	goodSource = "pub @area (w: int, h: int) -> int = w * h;\n\n@test_area tests @area () -> void = {\n    assert_eq(actual: area(w: 2, h: 3), expected: 6);\n}\n"
)

// file is one entry of a test archive.
type file struct {
	path    string
	content string
	edit    func(*block) // changes the header; its checksum is made right again
	raw     func(*block) // changes the header after that
}

// shapes is a right package, in archive order, with these files more.
func shapes(more ...file) []file {
	files := []file{{path: ManifestName, content: goodManifest}, {path: LockName, content: goodLock}}
	others := append([]file{{path: "src/lib.ori", content: goodSource}}, more...)
	slices.SortStableFunc(others, func(a, b file) int { return strings.Compare(a.path, b.path) })
	return withSums(append(files, others...))
}

// withSums puts a right CHECKSUM behind the other files that come first.
func withSums(files []file) []file {
	var infos []FileInfo
	files = slices.DeleteFunc(slices.Clone(files), func(f file) bool { return f.path == ChecksumName })
	at := 0
	for i, f := range files {
		infos = append(infos, FileInfo{f.path, int64(len(f.content)), ident.ChecksumOf([]byte(f.content))})
		if at == i && rank(f.path) < rank(ChecksumName) {
			at++
		}
	}
	return slices.Insert(files, at, file{path: ChecksumName, content: string(checksumText(infos))})
}

// replaced gives the files with the content of one changed, CHECKSUM made to fit.
func replaced(files []file, path, content string) []file {
	var out []file
	for _, f := range files {
		if f.path == path {
			f.content = content
		}
		out = append(out, f)
	}
	return withSums(out)
}

// without gives the files without one, CHECKSUM made to fit.
func without(files []file, path string) []file {
	var out []file
	for _, f := range files {
		if f.path != path {
			out = append(out, f)
		}
	}
	return withSums(out)
}

// withSumsText gives the files with another text of CHECKSUM.
func withSumsText(files []file, change func(string) string) []file {
	files = slices.Clone(files)
	for i, f := range files {
		if f.path == ChecksumName {
			files[i].content = change(f.content)
		}
	}
	return files
}

// header makes a header for any path: what does not fit is put where it fits.
func (f file) header() block {
	b, ok := encodeHeader(f.path, int64(len(f.content)))
	if !ok {
		b, _ = encodeHeader("x", int64(len(f.content)))
		clear(b.name())
		prefix, name := "", f.path
		if len(name) > 100 {
			prefix, name = name[:len(name)-100], name[len(name)-100:]
			prefix = strings.TrimSuffix(prefix, "/")
		}
		copy(b.name(), name)
		copy(b.prefix(), prefix)
		fixSum(&b)
	}
	if f.edit != nil {
		f.edit(&b)
		fixSum(&b)
	}
	if f.raw != nil {
		f.raw(&b)
	}
	return b
}

func fixSum(b *block) { copy(b.chksum(), encodeSum(b.sum())) }

// entries encodes files without an end marker.
func entries(files ...file) []byte {
	var out bytes.Buffer
	for _, f := range files {
		b := f.header()
		out.Write(b[:])
		out.WriteString(f.content)
		out.Write(make([]byte, -len(f.content)&(blockSize-1)))
	}
	return out.Bytes()
}

func zeros(n int) []byte { return make([]byte, n) }

func tarOf(files ...file) []byte { return append(entries(files...), zeros(2*blockSize)...) }

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

func gz(parts ...[]byte) []byte {
	return gzWith(func(*gzip.Writer) {}, parts...)
}

// gzWith compresses fast: the tests do it often.
func gzWith(set func(*gzip.Writer), parts ...[]byte) []byte {
	var out bytes.Buffer
	w, _ := gzip.NewWriterLevel(&out, gzip.BestSpeed)
	set(w)
	for _, p := range parts {
		w.Write(p)
	}
	w.Close()
	return out.Bytes()
}

// archiveOf is the whole way: files, tar, gzip.
func archiveOf(files ...file) []byte { return gz(tarOf(files...)) }

func mustCheck(t testing.TB, data []byte) *Report {
	t.Helper()
	r, err := Check(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// codes gives the fault codes of a report, those of the manifest behind "manifest:".
func codes(r *Report) []string {
	out := []string{}
	for _, f := range r.Faults {
		out = append(out, string(f.Code))
	}
	for _, f := range r.ManifestFaults {
		out = append(out, "manifest:"+f.Code)
	}
	return out
}
