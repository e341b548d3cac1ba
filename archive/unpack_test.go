package archive

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

func names(t *testing.T, root *os.Root) []string {
	t.Helper()
	var out []string
	err := fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if name != "." {
			out = append(out, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestRoundTrip(t *testing.T) {
	from := folder(t, authored())
	data, _ := packed(t, from)
	parent := openRoot(t, t.TempDir())
	r, err := Unpack(bytes.NewReader(data), parent, "shapes-1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"shapes-1.2.3", "shapes-1.2.3/CHANGELOG.md", "shapes-1.2.3/CHECKSUM", "shapes-1.2.3/LICENSE",
		"shapes-1.2.3/LICENSES", "shapes-1.2.3/LICENSES/MIT.txt", "shapes-1.2.3/README.md",
		"shapes-1.2.3/oripk.lock", "shapes-1.2.3/oripk.toml", "shapes-1.2.3/src", "shapes-1.2.3/src/lib.ori",
		"shapes-1.2.3/src/shapes", "shapes-1.2.3/src/shapes/box.ori",
	}
	if diff := cmp.Diff(want, names(t, parent)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	for _, f := range r.Files {
		text, err := parent.ReadFile("shapes-1.2.3/" + f.Path)
		if err != nil || int64(len(text)) != f.Size {
			t.Errorf("%s: %v", f.Path, err)
		}
	}
	again := openRoot(t, parent.Name()+"/shapes-1.2.3")
	if twice, _ := packed(t, again); !bytes.Equal(twice, data) {
		t.Error("what was unpacked packs to another archive")
	}
}

// TestUnpackLeavesNothing leaves out the many types of entries: each file that
// is written is synced, which takes its time.
func TestUnpackLeavesNothing(t *testing.T) {
	for _, c := range variedCases() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			parent := openRoot(t, t.TempDir())
			r, err := Unpack(bytes.NewReader(c.build()), parent, "x")
			var invalid *InvalidError
			if !errors.As(err, &invalid) || r == nil || invalid.Report != r {
				t.Errorf("%v", err)
			}
			if left := names(t, parent); len(left) > 0 {
				t.Errorf("left: %q", left)
			}
		})
	}
}

func TestUnpackFails(t *testing.T) {
	data := archiveOf(shapes()...)
	broken := errors.New("broken")
	for n := 0; n < len(data); n += 50 {
		parent := openRoot(t, t.TempDir())
		src := io.MultiReader(bytes.NewReader(data[:n]), iotest.ErrReader(broken))
		if _, err := Unpack(src, parent, "x"); !errors.Is(err, broken) {
			t.Fatalf("failure behind %d bytes: %v", n, err)
		}
		if left := names(t, parent); len(left) > 0 {
			t.Errorf("left: %q", left)
		}
	}
}

// TestNameIsTakenMeanwhile makes the name while the archive is read.
func TestNameIsTakenMeanwhile(t *testing.T) {
	parent := openRoot(t, t.TempDir())
	data := bytes.NewReader(archiveOf(shapes()...))
	src := readFunc(func(p []byte) (int, error) {
		if err := errors.Join(parent.MkdirAll("x", 0o755), parent.WriteFile("x/y", nil, 0o600)); err != nil {
			t.Error(err)
		}
		return data.Read(p)
	})
	if r, err := Unpack(src, parent, "x"); err == nil || r != nil {
		t.Errorf("the name is given twice: %v", err)
	}
	if diff := cmp.Diff([]string{"x", "x/y"}, names(t, parent)); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
}

type readFunc func([]byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

// failingSink fails at the create, write or close of its nth file.
type failingSink struct {
	n    int
	step string
}

var errSink = errors.New("no room")

func (s *failingSink) create(string) (io.WriteCloser, error) {
	s.n--
	if s.n == 0 && s.step == "create" {
		return nil, errSink
	}
	return &failingFile{s.n == 0 && s.step == "write", s.n == 0 && s.step == "close"}, nil
}

type failingFile struct{ write, close bool }

func (f *failingFile) Write(p []byte) (int, error) {
	if f.write {
		return 0, errSink
	}
	return len(p), nil
}

func (f *failingFile) Close() error {
	if f.close {
		return errSink
	}
	return nil
}

func TestSinkFails(t *testing.T) {
	data := archiveOf(shapes()...)
	for _, step := range []string{"create", "write", "close"} {
		for n := 1; n <= 4; n++ {
			r, err := check(bytes.NewReader(data), &failingSink{n, step})
			if !errors.Is(err, errSink) || r != nil {
				t.Errorf("%s of file %d: %v", step, n, err)
			}
		}
	}
}

func TestUnpackTarget(t *testing.T) {
	data := archiveOf(shapes()...)
	parent := folder(t, map[string]string{"file": "x", "full/x": "x"})
	if err := parent.Mkdir("bare", 0o755); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"file": "exist", "full": "exist", "bare": "exist",
		"": "no single name", ".": "no single name", "..": "no single name", "a/b": "no single name", `a\b`: "no single name",
	} {
		_, err := Unpack(bytes.NewReader(data), parent, name)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", name, err)
		}
	}
	if diff := cmp.Diff([]string{"bare", "file", "full", "full/x"}, names(t, parent)); diff != "" {
		t.Error(diff)
	}
}
