package archive

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestOpensWithTools unpacks a packed archive with what every machine has, and
// looks at each file that is there then.
func TestOpensWithTools(t *testing.T) {
	for _, tool := range []string{"tar", "gzip", "sha256sum"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Fatalf("%s is needed for this test; scripts/test-deps.sh installs it: %v", tool, err)
		}
	}
	t.Setenv("LC_ALL", "C")
	data, r := packed(t, folder(t, authored()))
	at := filepath.Join(t.TempDir(), "shapes.oripk")
	if err := os.WriteFile(at, data, 0o600); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	run(t, dir, "tar", "xzf", at)
	var listed []string
	for _, f := range r.Files {
		if f.Path != ChecksumName {
			listed = append(listed, f.Path+": OK")
		}
	}
	if diff := cmp.Diff(listed, strings.Split(strings.TrimSpace(run(t, dir, "sha256sum", "--strict", "-c", "CHECKSUM")), "\n")); diff != "" {
		t.Errorf("sha256sum (-want +got):\n%s", diff)
	}
	compareUnpacked(t, dir, r)

	spoil(t, filepath.Join(dir, "src", "lib.ori"))
	check := exec.Command("sha256sum", "-c", "CHECKSUM")
	check.Dir = dir
	if out, err := check.Output(); err == nil || !strings.Contains(string(out), "src/lib.ori: FAILED") {
		t.Errorf("sha256sum does not see a changed file: %v\n%s", err, out)
	}
}

// compareUnpacked looks for the files of the report, with the content that the
// author gave them, and for nothing else.
func compareUnpacked(t *testing.T, dir string, r *Report) {
	t.Helper()
	root := openRoot(t, dir)
	files := names(t, root)
	files = slices.DeleteFunc(files, func(name string) bool {
		info, err := root.Stat(name)
		return err != nil || info.IsDir()
	})
	want := paths(r.Files)
	slices.Sort(want)
	if diff := cmp.Diff(want, files); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	for _, name := range files {
		got, err := root.ReadFile(name)
		if err != nil {
			t.Error(err)
		}
		wrote := authored()[name]
		switch name {
		case ManifestName:
			wrote = string(r.ManifestText)
		case ChecksumName:
			continue
		}
		if string(got) != wrote {
			t.Errorf("%s is unpacked as %q", name, got)
		}
	}
}

// spoil turns a bit of a file.
func spoil(t *testing.T, at string) {
	t.Helper()
	data, err := os.ReadFile(at)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(at, patched(data, 0, 1), 0o600); err != nil {
		t.Fatal(err)
	}
}

func run(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	return string(out)
}

// TestByHand is the recipe of spec/archive.md.
func TestByHand(t *testing.T) {
	_, r := packed(t, folder(t, authored()))
	files := authored()
	files["oripk.toml"] = string(r.ManifestText)
	files["src/"+strings.Repeat("long/", 12)+strings.Repeat("x", 80)] = "x"
	root := folder(t, files)
	script := recipe(t)
	run(t, root.Name(), "sh", "-eu", "-c", script)
	data, err := fs.ReadFile(root.FS(), "shapes.oripk")
	if err != nil {
		t.Fatal(err)
	}
	if err := mustCheck(t, data).Err(); err != nil {
		t.Error(err)
	}
}

// recipe gives the shell lines of spec/archive.md.
func recipe(t *testing.T) string {
	t.Helper()
	_, rest, _ := strings.Cut(specText(t), "```sh\n")
	script, _, ok := strings.Cut(rest, "```")
	if !ok {
		t.Fatal("spec/archive.md has no shell lines")
	}
	return script
}
