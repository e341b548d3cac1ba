package archive

import (
	"bytes"
	"testing"
)

// FuzzCheck feeds tars and whole files. What is accepted must be the archive
// that its listing gives, for archive/tar as well. So must be what is refused
// only for the files that are in it: else no changed input would come so far.
func FuzzCheck(f *testing.F) {
	f.Add(tarOf(shapes()...), true)
	for _, c := range hostileCases() {
		if data := c.build(); len(data) < 8<<10 {
			f.Add(data, false)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, isTar bool) {
		if isTar {
			data = gz(data)
		}
		r := mustCheck(t, data)
		checkFaultTexts(t, r)
		if readAlike(r) {
			sameAsTar(t, data, r)
		}
	})
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
