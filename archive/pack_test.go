package archive

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// folder writes files into a new folder and opens it.
func folder(t testing.TB, files map[string]string) *os.Root {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		at := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return openRoot(t, dir)
}

func openRoot(t testing.TB, dir string) *os.Root {
	t.Helper()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	return root
}

// authored is a package as somebody writes it: loose spellings, scripts, files that stay at home.
func authored() map[string]string {
	return map[string]string{
		"oripk.toml": `# Shapes of all kinds.
[project]
name = "@orilib/shapes"
version = "1.2.3"
description = "Points and boxes."
license = "MIT"
ori = "0.4.0"

[dependencies]
std.json
@orilib/utils = "2.0.1"

[scripts]
build = "ori build"
`,
		"oripk.lock":              goodLock,
		"CHECKSUM":                "of an older time",
		"README.md":               "# Shapes\n",
		"LICENSE":                 "MIT\n",
		"LICENSES/MIT.txt":        "MIT\n",
		"CHANGELOG.md":            "none\n",
		"notes.md":                "mine\n",
		"src/lib.ori":             goodSource,
		"src/shapes/box.ori":      "pub type Box = { w: int, h: int };\n",
		"src/.hidden":             "x",
		".git/config":             "x",
		".env":                    "SECRET=x",
		"target/out.bin":          "x",
		"docs/guide.md":           "x",
		"orilib-shapes.oripk":     "x",
		"src/shapes/.cache/a.ori": "x",
	}
}

func packed(t testing.TB, root *os.Root) ([]byte, *Report) {
	t.Helper()
	var out bytes.Buffer
	r, err := Pack(root, &out)
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), r
}

func paths(files []FileInfo) (out []string) {
	for _, f := range files {
		out = append(out, f.Path)
	}
	return out
}

func TestPack(t *testing.T) {
	data, r := packed(t, folder(t, authored()))
	if err := r.Err(); err != nil {
		t.Fatal(err)
	}
	want := []string{"oripk.toml", "oripk.lock", "CHECKSUM", "CHANGELOG.md", "LICENSE", "LICENSES/MIT.txt", "README.md", "src/lib.ori", "src/shapes/box.ori"}
	if diff := cmp.Diff(want, paths(r.Files)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	for _, part := range []string{`"std.json" = true`, `"@orilib/utils" = "2.0.1"`, "# Shapes of all kinds."} {
		if !strings.Contains(string(r.ManifestText), part) {
			t.Errorf("the manifest in the archive has no %s:\n%s", part, r.ManifestText)
		}
	}
	if strings.Contains(string(r.ManifestText), "scripts") {
		t.Error("the scripts are in the archive")
	}
	checked := mustCheck(t, data)
	if diff := cmp.Diff(paths(checked.Files), paths(r.Files)); diff != "" || checked.Checksum != r.Checksum {
		t.Errorf("the report of Pack is not the one of Check: %s", diff)
	}
	sameAsTar(t, data, r)
}

func TestPackIsDeterministic(t *testing.T) {
	one, two := folder(t, authored()), folder(t, authored())
	past := time.Date(2001, 2, 3, 4, 5, 6, 7, time.UTC)
	for _, name := range []string{"src/lib.ori", "oripk.toml", "README.md", "src"} {
		if err := errors.Join(two.Chtimes(name, past, past), two.Chmod(name, 0o700)); err != nil {
			t.Fatal(err)
		}
	}
	a, _ := packed(t, one)
	b, _ := packed(t, two)
	if !bytes.Equal(a, b) {
		t.Error("the same files give different archives")
	}
}

func TestPackSelection(t *testing.T) {
	base := []string{"CHANGELOG.md", "LICENSE", "LICENSES/MIT.txt", "README.md", "src/lib.ori", "src/shapes/box.ori"}
	for _, c := range []struct {
		name, publish string
		more          []string
		fewer         []string
	}{
		{"nothing", "", nil, nil},
		{"include a folder", `include = ["docs/"]`, []string{"docs/guide.md"}, nil},
		{"include by name", `include = ["*.md"]`, []string{"docs/guide.md", "notes.md"}, nil},
		{"include all", `include = ["**"]`, []string{"docs/guide.md", "notes.md"}, nil},
		{"include takes back", `include = ["!LICENSES"]`, nil, []string{"LICENSES/MIT.txt"}},
		{"include a dot file", `include = [".env", ".git/config"]`, nil, nil},
		{"exclude", `exclude = ["src/shapes/"]`, nil, []string{"src/shapes/box.ori"}},
		{"exclude but one", "exclude = [\"src/**\", \"!lib.ori\"]", nil, []string{"src/shapes/box.ori"}},
		{"exclude after include", "include = [\"*.md\"]\nexclude = [\"notes.md\", \"README.md\"]", []string{"docs/guide.md"}, []string{"README.md"}},
		{"the target folder on demand", "include = [\"/target/\"]\nexclude = [\"!/target/\"]", []string{"target/out.bin"}, nil},
		{"the three files cannot be excluded", `exclude = ["oripk.*", "CHECKSUM"]`, nil, []string{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := authored()
			files["oripk.toml"] += "\n[publish]\n" + c.publish + "\n"
			_, r := packed(t, folder(t, files))
			if err := r.Err(); err != nil {
				t.Fatal(err)
			}
			want := slices.DeleteFunc(append(slices.Clone(base), c.more...), func(s string) bool { return slices.Contains(c.fewer, s) })
			slices.Sort(want)
			if diff := cmp.Diff(want, paths(r.Files)[3:]); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
		})
	}
}

// refusals are packages that cannot be packed, with the words that say why.
func TestPackRefuses(t *testing.T) {
	change := func(f func(map[string]string)) map[string]string {
		files := authored()
		f(files)
		return files
	}
	for _, c := range []struct {
		name  string
		files map[string]string
		words []string
	}{
		{"space in a name", change(func(m map[string]string) { m["src/my file.ori"] = "" }), []string{"src/my file.ori", "space at byte 7", "(path)"}},
		{"umlaut", change(func(m map[string]string) { m["src/größe.ori"] = "" }), []string{`'ö' at byte 7`}},
		{"path without a place to divide it", change(func(m map[string]string) { m["src/"+long(94)+"/"+long(57)+"/"+long(43)] = "" }), []string{"no slash that divides", "(path)"}},
		{"device", change(func(m map[string]string) { m["src/aux.ori"] = "" }), []string{"device on Windows"}},
		{"two spellings", change(func(m map[string]string) { m["src/LIB.ori"] = "" }), []string{"upper and lower case"}},
		{"package in the package", change(func(m map[string]string) { m["src/x/oripk.toml"] = "" }), []string{"another package", "exclude"}},
		{"no source", change(func(m map[string]string) { delete(m, "src/lib.ori"); delete(m, "src/shapes/box.ori") }), []string{"(empty)"}},
		{"no lock", change(func(m map[string]string) { delete(m, "oripk.lock") }), []string{"(missing_file)", "lock file"}},
		{"stale lock", change(func(m map[string]string) { m["oripk.lock"] = "[checksums]\n" }), []string{"@orilib/utils@2.0.1", "(lock_file)"}},
		{"broken manifest", change(func(m map[string]string) { m["oripk.toml"] = "[project\n" }), []string{"oripk.toml:1:", "(syntax)"}},
		{"author's line", change(func(m map[string]string) {
			m["oripk.toml"] = strings.Replace(m["oripk.toml"], `"1.2.3"`, `"1.2"`, 1)
		}), []string{"oripk.toml:4:"}},
		{"bad pattern", change(func(m map[string]string) { m["oripk.toml"] += "[publish]\ninclude = [\"a\", \"[b\"]\n" }), []string{"bracket", `"[b"`}},
		{"large file", change(func(m map[string]string) { m["src/x"] = strings.Repeat("x", MaxFile+1) }), []string{"(too_large)"}},
		{"noise over the limit", change(func(m map[string]string) { m["src/x"] = string(noiseOf(MaxCompressed)) }), []string{"(too_large)", "10485760"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, r := packed(t, folder(t, c.files))
			if r.OK() {
				t.Fatal("it is packed")
			}
			for _, w := range c.words {
				if !strings.Contains(r.Err().Error(), w) {
					t.Errorf("no %q in: %v", w, r.Err())
				}
			}
		})
	}
}

func TestPackFails(t *testing.T) {
	link := func(target, name string) func(*testing.T, *os.Root) {
		return func(t *testing.T, root *os.Root) {
			if err := root.Symlink(target, name); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, c := range []struct {
		name string
		do   func(*testing.T, *os.Root)
		want string // "" when it packs all the same
	}{
		{"link to a file", link("lib.ori", "src/link.ori"), "src/link.ori is a symbolic link"},
		{"link to a folder", link("shapes", "src/more"), "src/more is a symbolic link"},
		{"link out of the folder", link("/etc/passwd", "src/passwd"), "src/passwd is a symbolic link"},
		{"link that is not chosen", link("/etc/passwd", "passwd"), ""},
		{"hidden link", link("/etc/passwd", "src/.passwd"), ""},
		{"manifest is a link", func(t *testing.T, root *os.Root) {
			if err := errors.Join(root.Rename("oripk.toml", "x.toml"), root.Symlink("x.toml", "oripk.toml")); err != nil {
				t.Fatal(err)
			}
		}, "oripk.toml is a symbolic link"},
		{"no manifest", func(t *testing.T, root *os.Root) {
			if err := root.Remove("oripk.toml"); err != nil {
				t.Fatal(err)
			}
		}, "there is no oripk.toml"},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := folder(t, authored())
			c.do(t, root)
			_, err := Pack(root, &bytes.Buffer{})
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

func TestPackWithoutDependencies(t *testing.T) {
	files := map[string]string{
		"oripk.toml":  "[project]\nname = \"@a/b\"\nversion = \"1.0.0\"\ndescription = \"x\"\nori = \"0.4.0\"\n",
		"src/lib.ori": "x",
	}
	_, r := packed(t, folder(t, files))
	if err := r.Err(); err != nil {
		t.Fatal(err)
	}
	if r.Lock == nil || len(r.Lock.Checksums) != 0 {
		t.Error("no empty lock file was made")
	}
}

type brokenWriter struct{ left int }

var errDisk = errors.New("disk full")

func (w *brokenWriter) Write(p []byte) (int, error) {
	if w.left -= len(p); w.left < 0 {
		return 0, errDisk
	}
	return len(p), nil
}

func TestPackToBrokenWriter(t *testing.T) {
	root := folder(t, authored())
	data, _ := packed(t, root)
	for n := 0; n < len(data); n += 100 {
		if _, err := Pack(root, &brokenWriter{n}); !errors.Is(err, errDisk) {
			t.Fatalf("after %d bytes: %v", n, err)
		}
	}
}

// hook does something before the first byte is written.
type hook struct{ do func() }

func (h *hook) Write(p []byte) (int, error) {
	if h.do != nil {
		h.do()
		h.do = nil
	}
	return len(p), nil
}

func TestFileChangesWhilePacked(t *testing.T) {
	for name, content := range map[string]string{
		"shorter": "x", "longer": goodSource + "x", "of the same size": strings.ToUpper(goodSource),
	} {
		root := folder(t, authored())
		_, err := Pack(root, &hook{func() {
			if err := root.WriteFile("src/lib.ori", []byte(content), 0o600); err != nil {
				t.Error(err)
			}
		}})
		if err == nil || !strings.Contains(err.Error(), "src/lib.ori was changed") {
			t.Errorf("%s: %v", name, err)
		}
	}
	root := folder(t, authored())
	_, err := Pack(root, &hook{func() {
		if err := root.Remove("src/lib.ori"); err != nil {
			t.Error(err)
		}
	}})
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("removed: %v", err)
	}
}

func TestPlan(t *testing.T) {
	plan, err := NewPlan(folder(t, authored()))
	if err != nil || !plan.OK() {
		t.Fatal(err, plan)
	}
	if plan.Manifest.Package.String() != "@orilib/shapes" || string(plan.LockText) != goodLock {
		t.Error("the plan does not hold manifest and lock file")
	}
	if len(plan.Files) != 6 || plan.Files[4] != (PlannedFile{"src/lib.ori", int64(len(goodSource))}) {
		t.Errorf("files: %v", plan.Files)
	}
}

// TestPlanIsWhatIsPacked: the list that is made without packing is the archive's.
func TestPlanIsWhatIsPacked(t *testing.T) {
	alone := authored()
	delete(alone, LockName)
	alone[ManifestName] = strings.Replace(alone[ManifestName], `@orilib/utils = "2.0.1"`, "", 1)
	for name, files := range map[string]map[string]string{"with a lock file": authored(), "without dependencies": alone} {
		root := folder(t, files)
		report, err := Pack(root, io.Discard)
		if err != nil || !report.OK() {
			t.Fatal(name, err, report)
		}
		var packed []PlannedFile
		for _, f := range report.Files {
			packed = append(packed, PlannedFile{f.Path, f.Size})
		}
		if diff := cmp.Diff(packed, planned(t, root)); diff != "" {
			t.Errorf("%s: packed (-) and planned (+):\n%s", name, diff)
		}
	}
}

func TestPlanWithoutItsLockFile(t *testing.T) {
	files := authored()
	delete(files, LockName)
	if lock := planned(t, folder(t, files))[1]; lock != (PlannedFile{LockName, Unknown}) {
		t.Errorf("the lock file that has yet to be made is planned as %v", lock)
	}
}

func planned(t *testing.T, root *os.Root) []PlannedFile {
	t.Helper()
	plan, err := NewPlan(root)
	if err != nil || !plan.OK() {
		t.Fatal(err, plan)
	}
	all, err := plan.All()
	if err != nil {
		t.Fatal(err)
	}
	return all
}
