package archive

import (
	"bytes"
	"testing"
)

// What FuzzCheck makes of its bytes.
const (
	fuzzGzip   = iota // nothing: they are the archive
	fuzzTar           // they are its tar
	fuzzMended        // as before, with the checksums of the headers made right
	fuzzForms
)

// FuzzCheck feeds tars and whole files. What is accepted must be the archive
// that its listing gives, for archive/tar as well. So must be what is refused
// only for the files that are in it: else no changed input would come so far.
func FuzzCheck(f *testing.F) {
	f.Add(tarOf(shapes()...), byte(fuzzTar))
	for _, c := range variedCases() {
		data := c.build()
		if len(data) < 8<<10 {
			f.Add(data, byte(fuzzGzip))
		}
		if plain, err := gunzip(data); err == nil && len(plain) < 16<<10 {
			f.Add(plain, byte(fuzzMended))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, form byte) {
		switch form % fuzzForms {
		case fuzzTar:
			data = gz(data)
		case fuzzMended:
			data = gz(mended(data))
		}
		r := mustCheck(t, data)
		checkFaultTexts(t, r)
		if readAlike(r) {
			sameAsTar(t, data, r)
		}
	})
}

// mended makes the checksums of the headers right, as far as sizes can be read:
// else a changed byte in a header would only ever show that its sum is wrong.
func mended(tar []byte) []byte {
	tar = bytes.Clone(tar)
	for at := 0; at+blockSize <= len(tar); {
		b := (*block)(tar[at:])
		size, ok := parseOctal(b.size())
		if b.isZero() || !ok || size > MaxFile {
			break
		}
		fixSum(b)
		at += blockSize + int(size+blockSize-1)&^(blockSize-1)
	}
	return tar
}

// readAlike reports whether gzip, tar and paths are right.
func readAlike(r *Report) bool {
	for _, f := range r.Faults {
		switch f.Code {
		case DuplicatePath, UnexpectedPath, MissingFile, ChecksumFile, LockFile, ManifestFile, Empty:
		default:
			return false
		}
	}
	return true
}

func FuzzPattern(f *testing.F) {
	f.Add("docs/**/[a-c]*.md", "docs/x/b.md")
	f.Fuzz(func(t *testing.T, text, path string) {
		p, err := parsePattern(text)
		if err != nil {
			return
		}
		if matchAny([]pattern{p}, path, false) && p.negated {
			t.Errorf("%q takes %q", text, path)
		}
	})
}

func FuzzPath(f *testing.F) {
	for _, c := range []string{"src/lib.ori", "a//b", "aux/x", "\xff"} {
		f.Add(c)
	}
	f.Fuzz(func(t *testing.T, path string) {
		if pathFault(path) != "" {
			return
		}
		b, ok := encodeHeader(path, 1)
		if !ok {
			t.Fatalf("%q has no header", path)
		}
		if back, clean := b.path(); back != path || !clean {
			t.Errorf("%q reads back as %q", path, back)
		}
		if !bytes.Equal([]byte(printable(path)), []byte(path)) {
			t.Errorf("%q is shown as %q", path, printable(path))
		}
	})
}
