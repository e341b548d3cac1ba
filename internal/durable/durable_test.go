package durable_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/ori-lang/registry/internal/durable"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantFile(t *testing.T, path, content string) {
	t.Helper()
	got, err := os.ReadFile(path)
	must(t, err)
	if string(got) != content {
		t.Errorf("%s holds %q, want %q", filepath.Base(path), got, content)
	}
	wantPerm(t, path, 0o600)
}

func wantPerm(t *testing.T, path string, perm fs.FileMode) {
	t.Helper()
	info, err := os.Stat(path)
	must(t, err)
	if info.Mode().Perm() != perm {
		t.Errorf("%s has the permissions %o, want %o", filepath.Base(path), info.Mode().Perm(), perm)
	}
}

func wantNames(t *testing.T, folder string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	must(t, err)
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	if !slices.Equal(names, want) {
		t.Errorf("the folder holds %q, want %q", names, want)
	}
}

func TestMkdirAll(t *testing.T) {
	root := t.TempDir()
	deep := filepath.Join(root, "a", "b", "c")
	for range 2 {
		must(t, durable.MkdirAll(deep))
	}
	for _, sub := range []string{"a", "a/b", "a/b/c"} {
		wantPerm(t, filepath.Join(root, sub), 0o700)
	}
	t.Chdir(root)
	must(t, durable.MkdirAll("relative/folder"))
	wantPerm(t, filepath.Join(root, "relative/folder"), 0o700)
}

func TestMkdirAllOverAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	must(t, durable.Create(file, nil))
	for _, path := range []string{file, filepath.Join(file, "sub"), filepath.Join(file, "sub", "sub")} {
		if err := durable.MkdirAll(path); !errors.Is(err, syscall.ENOTDIR) {
			t.Errorf("MkdirAll gave %v", err)
		}
	}
	wantFile(t, file, "")
}

func TestCreate(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "key")
	must(t, durable.Create(path, []byte("first")))
	wantFile(t, path, "first")
	if err := durable.Create(path, []byte("second")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("Create over a file gave %v", err)
	}
	wantFile(t, path, "first")
	if err := durable.Create(filepath.Join(folder, "none", "key"), nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Create in a folder that is not there gave %v", err)
	}
	wantNames(t, folder, "key")
}

// What a crash left half written is no reason to refuse, and never shows.
func TestCreateAfterACrash(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "key")
	must(t, os.WriteFile(path+".new", []byte("hal"), 0o600))
	must(t, durable.Create(path, []byte("whole")))
	wantFile(t, path, "whole")
	wantNames(t, folder, "key")
}

func TestMark(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "mark")
	must(t, durable.Mark(path))
	wantFile(t, path, "")
	if err := durable.Mark(path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("Mark over a file gave %v", err)
	}
}

// A dangling link is a name that exists: Create does not write through it.
func TestCreateOverALink(t *testing.T) {
	folder := t.TempDir()
	must(t, os.Symlink(filepath.Join(folder, "target"), filepath.Join(folder, "link")))
	if err := durable.Create(filepath.Join(folder, "link"), nil); !errors.Is(err, fs.ErrExist) {
		t.Errorf("Create over a link gave %v", err)
	}
	wantNames(t, folder, "link")
}

func TestReplace(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "anchor")
	for _, content := range []string{"first", strings.Repeat("second", 10_000), ""} {
		must(t, durable.Replace(path, []byte(content)))
		wantFile(t, path, content)
		wantNames(t, folder, "anchor")
	}
}

// Whoever opened the file before goes on to see the old content, all of it.
func TestReplaceLeavesReadersTheOldContent(t *testing.T) {
	path := filepath.Join(t.TempDir(), "anchor")
	must(t, durable.Replace(path, []byte("the old content")))
	reader, err := os.Open(path)
	must(t, err)
	defer reader.Close()
	must(t, durable.Replace(path, []byte("new")))
	buffer := make([]byte, 100)
	if n, err := reader.Read(buffer); err != nil || string(buffer[:n]) != "the old content" {
		t.Errorf("the reader saw %q, %v", buffer[:n], err)
	}
	wantFile(t, path, "new")
}

// A reader that comes at any moment finds one of the contents, whole.
func TestReplaceIsWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "anchor")
	contents := []string{strings.Repeat("a", 50_000), strings.Repeat("b", 70_000)}
	must(t, durable.Replace(path, []byte(contents[0])))
	done := make(chan error, 1)
	go func() {
		var err error
		for i := range 50 {
			err = errors.Join(err, durable.Replace(path, []byte(contents[i%2])))
		}
		done <- err
	}()
	for {
		got, err := os.ReadFile(path)
		must(t, err)
		if !slices.Contains(contents, string(got)) {
			t.Fatalf("a reader saw %d bytes of neither content", len(got))
		}
		select {
		case err := <-done:
			must(t, err)
			return
		default:
		}
	}
}

// A crash between writing and renaming leaves the new content beside the old.
func TestReplaceClearsLeftovers(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "anchor")
	must(t, durable.Replace(path, []byte("old")))
	must(t, os.WriteFile(path+".new", []byte("half of a longer cont"), 0o644))
	must(t, durable.Replace(path, []byte("new")))
	wantFile(t, path, "new")
	wantNames(t, folder, "anchor")
}

func TestReplaceKeepsTheOldOnFailure(t *testing.T) {
	path := filepath.Join(t.TempDir(), "anchor")
	must(t, durable.Replace(path, []byte("old")))
	must(t, os.MkdirAll(path+".new/in the way", 0o700))
	if err := durable.Replace(path, []byte("new")); err == nil {
		t.Error("Replace wrote over a folder")
	}
	wantFile(t, path, "old")
}

func TestRename(t *testing.T) {
	root := t.TempDir()
	here, there := filepath.Join(root, "here"), filepath.Join(root, "there")
	must(t, durable.MkdirAll(here))
	must(t, durable.MkdirAll(there))
	must(t, durable.Create(filepath.Join(here, "a"), []byte("content")))

	must(t, durable.Rename(filepath.Join(here, "a"), filepath.Join(here, "b")))
	wantNames(t, here, "b")
	must(t, durable.Rename(filepath.Join(here, "b"), filepath.Join(there, "c")))
	wantNames(t, here)
	wantFile(t, filepath.Join(there, "c"), "content")

	must(t, durable.Create(filepath.Join(here, "d"), []byte("other")))
	must(t, durable.Rename(filepath.Join(here, "d"), filepath.Join(there, "c")))
	wantFile(t, filepath.Join(there, "c"), "other")
	if err := durable.Rename(filepath.Join(here, "d"), filepath.Join(there, "d")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Rename of a missing file gave %v", err)
	}
}

func TestRemove(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "a")
	must(t, durable.Create(path, nil))
	for range 2 { // the second time it is gone already
		must(t, durable.Remove(path))
		wantNames(t, folder)
	}
	if err := durable.Remove(filepath.Join(folder, "none", "a")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Remove in a folder that is not there gave %v", err)
	}
	must(t, durable.MkdirAll(filepath.Join(folder, "full", "sub")))
	if err := durable.Remove(filepath.Join(folder, "full")); err == nil {
		t.Error("Remove took a folder that is not empty")
	}
}

func TestSyncDir(t *testing.T) {
	must(t, durable.SyncDir(t.TempDir()))
	if err := durable.SyncDir(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("SyncDir of a missing folder gave %v", err)
	}
}

// A crash between the two names of Create leaves the content beside the file.
func TestSettle(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(path+".new", []byte("secret"), durable.FilePerm))
	for range 2 {
		must(t, durable.Settle(path))
		if _, err := os.Lstat(path + ".new"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("what the crash left is still there: %v", err)
		}
	}
}
