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
	to := openRoot(t, t.TempDir())
	r, err := Extract(bytes.NewReader(data), to, false)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"CHANGELOG.md", "CHECKSUM", "LICENSE", "LICENSES", "LICENSES/MIT.txt", "README.md",
		"oripk.lock", "oripk.toml", "src", "src/lib.ori", "src/shapes", "src/shapes/box.ori",
	}
	if diff := cmp.Diff(want, names(t, to)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	for _, f := range r.Files {
		text, err := to.ReadFile(f.Path)
		if err != nil || int64(len(text)) != f.Size {
			t.Errorf("%s: %v", f.Path, err)
		}
	}
	if twice, _ := packed(t, to); !bytes.Equal(twice, data) {
		t.Error("what was unpacked packs to another archive")
	}
}

// TestExtractStaysInItsFolder has archives with every kind of fault.
func TestExtractStaysInItsFolder(t *testing.T) {
	for _, c := range hostileCases() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			parent := openRoot(t, t.TempDir())
			if err := parent.Mkdir("x", 0o755); err != nil {
				t.Fatal(err)
			}
			r, err := Extract(bytes.NewReader(c.build()), openRoot(t, parent.Name()+"/x"), false)
			var invalid *InvalidError
			if !errors.As(err, &invalid) || r == nil || invalid.Report != r {
				t.Errorf("%v", err)
			}
			for _, name := range names(t, parent) {
				if name != "x" && !strings.HasPrefix(name, "x/") {
					t.Errorf("%s was made", name)
				}
			}
		})
	}
}

func TestExtractFails(t *testing.T) {
	data := archiveOf(shapes()...)
	broken := errors.New("broken")
	for n := 0; n < len(data); n += 50 {
		src := io.MultiReader(bytes.NewReader(data[:n]), iotest.ErrReader(broken))
		if r, err := Extract(src, openRoot(t, t.TempDir()), false); !errors.Is(err, broken) || r != nil {
			t.Fatalf("failure behind %d bytes: %v", n, err)
		}
	}
}

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
