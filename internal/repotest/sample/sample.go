// Package sample makes small right packages for tests and benchmarks.
package sample

import (
	"bytes"
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/ori-lang/registry/archive"
	"github.com/ori-lang/registry/ident"
)

// Package describes a package. Only Ref is needed.
type Package struct {
	Ref         string            // "@scope/name@1.2.3"
	Description string            // "": A package of the tests.
	Manifest    string            // lines that follow [project]'s own
	Lock        string            // lines of [checksums]
	Files       map[string]string // more files, and src/lib.ori if it is to be another
	Noise       int               // bytes of a file that does not compress; the same Ref and Noise give the same bytes
}

// Folder writes the package's files to a new folder.
func (p Package) Folder(t testing.TB) string {
	t.Helper()
	ref := Ref(t, p.Ref)
	files := map[string]string{
		archive.ManifestName: fmt.Sprintf("[project]\nname = %q\nversion = %q\ndescription = %q\nori = \"0.4.0\"\n%s",
			ref.Package, ref.Version, cmp.Or(p.Description, "A package of the tests."), p.Manifest),
		archive.LockName: "[checksums]\n" + p.Lock,
		"src/lib.ori":    "pub @one () -> int = 1;\n",
	}
	if p.Noise > 0 {
		files["src/noise.bin"] = string(Noise(p.Ref, p.Noise))
	}
	for name, content := range p.Files {
		files[name] = content
	}
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		check(t, os.MkdirAll(filepath.Dir(path), 0o700))
		check(t, os.WriteFile(path, []byte(content), 0o600))
	}
	return dir
}

// Archive packs the package.
func (p Package) Archive(t testing.TB) []byte {
	t.Helper()
	root, err := os.OpenRoot(p.Folder(t))
	check(t, err)
	defer root.Close()
	var packed bytes.Buffer
	report, err := archive.Pack(root, &packed)
	check(t, err)
	check(t, report.Err())
	return packed.Bytes()
}

// Noise gives bytes that do not compress, the same for the same seed.
func Noise(seed string, n int) []byte {
	noise := make([]byte, n)
	rand.NewChaCha8(ident.ChecksumOf([]byte(seed))).Read(noise)
	return noise
}

// Ref reads a reference that is known to be right.
func Ref(t testing.TB, text string) ident.Ref {
	t.Helper()
	ref, err := ident.ParseRef(text)
	check(t, err)
	return ref
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
