package e2e

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// desk is somebody's machine with one project on it.
type desk struct {
	t       *testing.T
	url     string // of the registry
	home    string
	project string
	cache   string
	state   string
	token   string // "": none
}

func newDesk(t *testing.T, url, manifest string) *desk {
	t.Helper()
	home := t.TempDir()
	d := &desk{t: t, url: url, home: home, project: filepath.Join(home, "project"), cache: filepath.Join(home, "cache"), state: filepath.Join(home, "state")}
	if err := os.Mkdir(d.project, 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(d.project, "oripk.toml"), manifest)
	return d
}

func (d *desk) oripk(args ...string) *exec.Cmd {
	command := exec.Command(filepath.Join(binaries(d.t), "oripk"), args...)
	command.Dir = d.project
	command.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + d.home, "XDG_STATE_HOME=" + d.state, "ORI_CACHE=" + d.cache, "ORI_REGISTRY_URL=" + d.url,
	}
	if d.token != "" {
		command.Env = append(command.Env, "ORI_REGISTRY_TOKEN="+d.token)
	}
	return command
}

// must runs a command that has to succeed, and gives its output.
func (d *desk) must(args ...string) string {
	d.t.Helper()
	output, err := d.oripk(args...).CombinedOutput()
	if err != nil {
		d.t.Errorf("oripk %s: %v\n%s", strings.Join(args, " "), err, output)
	}
	return string(output)
}

// files gives what the project's three files hold, without those that are not there.
func (d *desk) files() map[string]string {
	d.t.Helper()
	found := map[string]string{}
	for _, name := range []string{"oripk.toml", "oripk.lock", ".ori/packages.json"} {
		text, err := os.ReadFile(filepath.Join(d.project, name))
		if err == nil {
			found[name] = string(text)
		} else if !errors.Is(err, fs.ErrNotExist) {
			d.t.Error(err)
		}
	}
	return found
}

// wantPlaced checks that what the index shows to the compiler is there.
func (d *desk) wantPlaced() {
	d.t.Helper()
	var index struct{ Packages []struct{ Path string } }
	if err := json.Unmarshal([]byte(d.files()[".ori/packages.json"]), &index); err != nil || len(index.Packages) == 0 {
		d.t.Errorf("packages.json shows %d packages (%v)", len(index.Packages), err)
	}
	for _, p := range index.Packages {
		if _, err := os.Stat(filepath.Join(d.project, p.Path, "oripk.toml")); err != nil {
			d.t.Errorf("the compiler is shown what is not there: %v", err)
		}
	}
}

// temporary gives what is work in progress on the machine, or was left of it.
func (d *desk) temporary() (paths []string) {
	d.t.Helper()
	known := []string{".ori", ".gitignore"}
	err := filepath.WalkDir(d.home, func(path string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil && strings.HasPrefix(e.Name(), ".") && !slices.Contains(known, e.Name()) {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil {
		d.t.Error(err)
	}
	return paths
}

// age has these paths not been written to for a day.
func (d *desk) age(paths []string) {
	d.t.Helper()
	for _, path := range paths {
		if output, err := exec.Command("touch", "--no-dereference", "--date=25 hours ago", path).CombinedOutput(); err != nil {
			d.t.Errorf("%v: %s", err, output)
		}
	}
}

// isMix reports whether each of the files is as in one or the other, or not
// there as in one or the other.
func isMix(files, one, other map[string]string) bool {
	same := func(name string, in map[string]string) bool {
		text, there := files[name]
		wanted, wants := in[name]
		return there == wants && text == wanted
	}
	for _, names := range []map[string]string{files, one, other} {
		for name := range names {
			if !same(name, one) && !same(name, other) {
				return false
			}
		}
	}
	return true
}
