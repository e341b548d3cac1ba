package blob_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/internal/blob"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// folder is a Dir and where it is.
type folder struct {
	*blob.Dir
	t    *testing.T
	path string
}

// newFolder makes one at a path that means something to a shell, a URL and a glob.
func newFolder(t *testing.T) *folder {
	t.Helper()
	return openFolder(t, filepath.Join(t.TempDir(), "a [b] *c?%20#"))
}

func openFolder(t *testing.T, path string) *folder {
	t.Helper()
	dir, err := blob.OpenDir(path)
	must(t, err)
	return &folder{dir, t, path}
}

// upload writes an upload without keeping it.
func (f *folder) upload(name, content string) ident.Checksum {
	f.t.Helper()
	file, err := f.Create(name)
	must(f.t, err)
	_, err = io.WriteString(file, content)
	must(f.t, errors.Join(err, file.Close()))
	return ident.ChecksumOf([]byte(content))
}

// keep uploads content and keeps it, like a publish that ends at once.
func (f *folder) keep(name, content string) ident.Checksum {
	f.t.Helper()
	c := f.upload(name, content)
	release, err := f.Keep(f.t.Context(), name, c)
	must(f.t, err)
	release()
	return c
}

func (f *folder) sweep(owned ...ident.Checksum) {
	f.t.Helper()
	must(f.t, f.Sweep(f.t.Context(), owner(owned...)))
}

func owner(owned ...ident.Checksum) func(context.Context, ident.Checksum) (bool, error) {
	return func(_ context.Context, c ident.Checksum) (bool, error) { return slices.Contains(owned, c), nil }
}

func (f *folder) wantContent(c ident.Checksum, want string) {
	f.t.Helper()
	file, err := f.Open(c)
	must(f.t, err)
	defer file.Close()
	got, err := io.ReadAll(file)
	must(f.t, err)
	if string(got) != want {
		f.t.Errorf("the archive holds %q, want %q", got, want)
	}
}

func (f *folder) wantMissing(c ident.Checksum) {
	f.t.Helper()
	if file, err := f.Open(c); !errors.Is(err, fs.ErrNotExist) {
		f.t.Errorf("Open gave %v", err)
		file.Close()
	}
}

// wantIncoming checks the names of the uploads and markers.
func (f *folder) wantIncoming(want ...string) {
	f.t.Helper()
	entries, err := os.ReadDir(filepath.Join(f.path, "incoming"))
	must(f.t, err)
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	slices.Sort(want)
	if !slices.Equal(names, want) {
		f.t.Errorf("incoming holds %q, want %q", names, want)
	}
}

// wantAll checks what All visits.
func (f *folder) wantAll(want ...ident.Checksum) {
	f.t.Helper()
	var got []ident.Checksum
	must(f.t, f.All(func(c ident.Checksum) error {
		got = append(got, c)
		return nil
	}, func(path string) { f.t.Errorf("%s is no archive", path) }))
	order := func(a, b ident.Checksum) int { return bytes.Compare(a[:], b[:]) }
	slices.SortFunc(want, order)
	slices.SortFunc(got, order)
	if !slices.Equal(got, want) {
		f.t.Errorf("All visits %v, want %v", got, want)
	}
}

func mark(c ident.Checksum, name string) string { return c.Hex() + "." + name + ".mark" }

func TestKeep(t *testing.T) {
	f := newFolder(t)
	c := f.upload("u1", "content")
	f.wantIncoming("u1.part")
	f.wantMissing(c)

	release, err := f.Keep(t.Context(), "u1", c)
	must(t, err)
	f.wantContent(c, "content")
	f.wantIncoming(mark(c, "u1"))
	release()

	must(t, f.Discard("u1"))
	f.wantContent(c, "content")
	f.sweep(c)
	f.wantContent(c, "content")
	f.wantIncoming()
}

func TestPermissions(t *testing.T) {
	f := newFolder(t)
	f.keep("u1", "kept")
	f.upload("u2", "not kept")
	must(t, filepath.WalkDir(f.path, func(path string, entry fs.DirEntry, err error) error {
		must(t, err)
		want := fs.FileMode(0o600)
		if entry.IsDir() {
			want = 0o700
		}
		if info, err := entry.Info(); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s has the permissions %v, %v, want %o", entry.Name(), info.Mode(), err, want)
		}
		return nil
	}))
}

// A file can be sent to a client without copying, whatever wraps it later.
func TestOpenGivesAFile(t *testing.T) {
	f := newFolder(t)
	file, err := f.Open(f.keep("u1", "content"))
	must(t, err)
	defer file.Close()
	if _, ok := file.(*os.File); !ok {
		t.Errorf("Open gave a %T", file)
	}
}

func TestCreateRefusesTheSameNameTwice(t *testing.T) {
	f := newFolder(t)
	f.upload("u1", "content")
	if _, err := f.Create("u1"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a second Create gave %v", err)
	}
}

func TestDiscard(t *testing.T) {
	f := newFolder(t)
	c := f.upload("u1", "content")
	for range 2 { // the second time it is gone already
		must(t, f.Discard("u1"))
		f.wantIncoming()
	}
	if _, err := f.Keep(t.Context(), "u1", c); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Keep after Discard gave %v", err)
	}
	f.wantMissing(c)
}

// An upload that is not there leaves the digest free.
func TestKeepThatFailsReleases(t *testing.T) {
	f := newFolder(t)
	c := ident.ChecksumOf([]byte("content"))
	if _, err := f.Keep(t.Context(), "none", c); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Keep gave %v", err)
	}
	f.keep("u1", "content")
	f.wantContent(c, "content")
}

func TestKeepTheSameBytesTwice(t *testing.T) {
	f := newFolder(t)
	c := f.keep("u1", "content")
	before, err := f.Open(c)
	must(t, err)
	defer before.Close()

	if again := f.keep("u2", "content"); again != c {
		t.Fatalf("the checksums are %s and %s", c, again)
	}
	f.wantContent(c, "content")
	f.wantIncoming(mark(c, "u1"), mark(c, "u2"))
	if text, err := io.ReadAll(before); string(text) != "content" || err != nil {
		t.Errorf("a reader from before sees %q, %v", text, err)
	}
	f.sweep(c)
	f.wantContent(c, "content")
	f.wantIncoming()
}

func TestSweep(t *testing.T) {
	f := newFolder(t)
	owned, lost := f.keep("u1", "owned"), f.keep("u2", "lost")
	second := f.keep("u3", "lost")
	f.upload("u4", "arriving")
	f.sweep(owned)
	f.wantContent(owned, "owned")
	f.wantMissing(lost)
	f.wantMissing(second)
	f.wantIncoming("u4.part")
	f.wantAll(owned)
}

// Without a marker an archive is not looked at, even if nobody owns it.
func TestSweepReadsMarkersOnly(t *testing.T) {
	f := newFolder(t)
	c := f.keep("u1", "content")
	f.sweep(c)
	must(t, f.Sweep(t.Context(), func(context.Context, ident.Checksum) (bool, error) {
		t.Error("Sweep asked for an owner")
		return false, nil
	}))
	f.wantContent(c, "content")
}

func TestSweepLeavesForeignFiles(t *testing.T) {
	f := newFolder(t)
	names := []string{"note", "x.mark", strings.Repeat("0", 63) + ".u.mark", strings.Repeat("0", 64) + ".u", "u.part"}
	for _, name := range names {
		must(t, os.WriteFile(filepath.Join(f.path, "incoming", name), nil, 0o600))
	}
	f.sweep()
	f.wantIncoming(names...)
}

// When the database does not answer, nothing is deleted.
func TestSweepThatFails(t *testing.T) {
	f := newFolder(t)
	c := f.keep("u1", "content")
	away := errors.New("away")
	err := f.Sweep(t.Context(), func(context.Context, ident.Checksum) (bool, error) { return false, away })
	if !errors.Is(err, away) {
		t.Errorf("Sweep gave %v", err)
	}
	f.wantContent(c, "content")
	f.wantIncoming(mark(c, "u1"))
	f.sweep()
	f.wantMissing(c)
}

// An archive that cannot be deleted keeps the sweeper from no other.
func TestSweepGoesOn(t *testing.T) {
	f := newFolder(t)
	kept := map[ident.Checksum]string{}
	for _, name := range []string{"u1", "u2", "u3"} {
		kept[f.keep(name, "content of "+name)] = name
	}
	for stuck, name := range kept {
		path := filepath.Join(f.path, "archives", stuck.Hex()[:2], stuck.Hex())
		must(t, os.Remove(path))
		must(t, os.MkdirAll(filepath.Join(path, "in the way"), 0o700))
		if err := f.Sweep(t.Context(), owner()); err == nil {
			t.Error("a sweep that left an archive went through")
		}
		f.wantIncoming(mark(stuck, name))
		must(t, os.RemoveAll(path))
		f.sweep()
		for other := range kept {
			f.wantMissing(other)
			f.keep(kept[other], "content of "+kept[other])
		}
	}
}

// Whoever removes an archive settles its marker; the sweeper may have listed it.
func TestSweepBesideARemoval(t *testing.T) {
	f := newFolder(t)
	c := f.keep("u1", "content")
	err := f.Sweep(t.Context(), func(context.Context, ident.Checksum) (bool, error) {
		return false, os.Remove(filepath.Join(f.path, "incoming", mark(c, "u1")))
	})
	must(t, err)
	f.wantMissing(c)
}

func TestClear(t *testing.T) {
	f := newFolder(t)
	c := f.keep("u1", "content")
	f.upload("u2", "half of")
	must(t, os.WriteFile(filepath.Join(f.path, "incoming", "note"), nil, 0o600))
	for range 2 {
		must(t, f.Clear())
		f.wantIncoming(mark(c, "u1"), "note")
	}
	f.wantContent(c, "content")
}

func TestAll(t *testing.T) {
	f := newFolder(t)
	f.wantAll()
	settled, marked := f.keep("u1", "settled"), f.keep("u2", "marked")
	f.upload("u3", "arriving")
	f.wantAll()
	must(t, os.Remove(filepath.Join(f.path, "incoming", mark(settled, "u1"))))
	f.wantAll(settled)
	f.sweep(settled, marked)
	f.wantAll(settled, marked)

	stop := errors.New("stop")
	if err := f.All(func(ident.Checksum) error { return stop }, nil); !errors.Is(err, stop) {
		t.Errorf("All gave %v", err)
	}
}

func TestAllReportsForeignFiles(t *testing.T) {
	digits := strings.Repeat("0", 64)
	for _, name := range []string{"README", digits, "00/README", "00/" + digits[1:], "00/" + digits + ".new", "01/" + digits} {
		f := newFolder(t)
		c := f.keep("u1", "content")
		f.sweep(c)
		path := filepath.Join(f.path, "archives", name)
		must(t, os.MkdirAll(filepath.Dir(path), 0o700))
		must(t, os.WriteFile(path, nil, 0o600))
		var visited []ident.Checksum
		var strays []string
		must(t, f.All(func(c ident.Checksum) error {
			visited = append(visited, c)
			return nil
		}, func(path string) { strays = append(strays, path) }))
		if !slices.Equal(strays, []string{"archives/" + name}) || !slices.Equal(visited, []ident.Checksum{c}) {
			t.Errorf("with %s among the archives All gave %q and visited %v", name, strays, visited)
		}
	}
}

func TestOpenDir(t *testing.T) {
	f := newFolder(t)
	c := f.keep("u1", "content")
	again := openFolder(t, f.path)
	again.wantContent(c, "content")

	file := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(file, nil, 0o600))
	if _, err := blob.OpenDir(file); err == nil {
		t.Error("OpenDir took a file for a folder")
	}
}

// Each case is a folder as a crash leaves it, and what becomes of it at the
// next start, when the database has a row for the archive and when it has none.
func TestCrash(t *testing.T) {
	const content = "content"
	c := ident.ChecksumOf([]byte(content))
	part := filepath.Join("incoming", "u1.part")
	marker := filepath.Join("incoming", mark(c, "u1"))
	file := filepath.Join("archives", c.Hex()[:2], c.Hex())
	cases := map[string]struct {
		left                   []string
		kept, keptWithoutOwner bool
	}{
		"while it arrives":      {left: []string{part}},
		"after the marker":      {left: []string{part, marker}},
		"after the rename":      {left: []string{marker, file}, kept: true},
		"within the sweep":      {left: []string{marker}},
		"after it was settled":  {left: []string{file}, kept: true, keptWithoutOwner: true},
		"before the first ever": {},
	}
	for name, crash := range cases {
		t.Run(name, func(t *testing.T) {
			for owned, kept := range map[bool]bool{true: crash.kept, false: crash.keptWithoutOwner} {
				f := restart(t, crash.left, content)
				if owned {
					f.sweep(c)
				} else {
					f.sweep()
				}
				f.wantIncoming()
				if kept {
					f.wantContent(c, content)
					f.wantAll(c)
				} else {
					f.wantMissing(c)
					f.wantAll()
				}
				f.keep("u2", content)
				f.wantContent(c, content)
			}
		})
	}
}

// restart opens a folder that holds these files already.
func restart(t *testing.T, left []string, content string) *folder {
	t.Helper()
	path := t.TempDir()
	for _, file := range left {
		must(t, os.MkdirAll(filepath.Dir(filepath.Join(path, file)), 0o700))
		must(t, os.WriteFile(filepath.Join(path, file), []byte(content), 0o600))
	}
	f := openFolder(t, path)
	must(t, f.Clear())
	return f
}
