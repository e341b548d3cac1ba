package e2e

import (
	"bufio"
	"bytes"
	"crypto/sha1"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ori-lang/registry/internal/repotest/sample"
)

// BenchmarkSync brings 200 packages of 50 KB, in a graph of 20 that require nine
// each, to a machine: oripk sync from a local registry, with all checks, beside
// npm ci of as many packages from a local Verdaccio. Cold is without a cache and
// without the project's folder of packages; warm is the same command again. The
// runs alternate; the figures are medians, and "ratio" says how many times
// faster oripk is.
func BenchmarkSync(b *testing.B) {
	ours, theirs := newOurs(b), newTheirs(b)
	for _, temperature := range []string{"cold", "warm"} {
		b.Run(temperature, func(b *testing.B) {
			var a, z []time.Duration
			var memory int64
			for range b.N {
				for _, m := range []*workplace{ours.workplace, theirs.workplace} {
					if temperature == "cold" {
						m.forget(b)
					}
				}
				took, used := ours.run(b)
				a, memory = append(a, took), max(memory, used)
				took, _ = theirs.run(b)
				z = append(z, took)
			}
			b.ReportMetric(median(a).Seconds()*1000, "ms/sync")
			b.ReportMetric(median(z).Seconds()*1000, "ms/npm-ci")
			b.ReportMetric(median(z).Seconds()/median(a).Seconds(), "ratio")
			b.ReportMetric(float64(memory)/1e6, "MB-sync")
			b.ReportMetric(0, "ns/op") // is of both, and says nothing
		})
	}
}

func median(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}

// The graph: direct is what the project requires, each of them the next deep.
const (
	direct, deep = 20, 9
	weight       = 50_000 // bytes of each package, which do not compress
)

// workplace is a project and what a command that brings its packages leaves behind.
type workplace struct {
	dir     string
	made    []string // folders that the command makes
	command func() *exec.Cmd
}

func (m *workplace) forget(b *testing.B) {
	b.Helper()
	for _, folder := range m.made {
		if err := os.RemoveAll(folder); err != nil {
			b.Fatal(err)
		}
	}
}

// run gives the time and the bytes of memory that the command took.
func (m *workplace) run(b *testing.B) (time.Duration, int64) {
	b.Helper()
	command := m.command()
	command.Dir = m.dir
	began := time.Now()
	output, err := command.CombinedOutput()
	took := time.Since(began)
	if err != nil {
		b.Fatalf("%v: %v\n%s", command.Args, err, output)
	}
	const unit = 1024 // of Maxrss on Linux
	return took, command.ProcessState.SysUsage().(*syscall.Rusage).Maxrss * unit
}

type ours struct{ *workplace }

// newOurs fills a registry and makes a project that requires all of it.
func newOurs(b *testing.B) *ours {
	b.Helper()
	stock := newStock(b, direct, deep, weight)
	m := &workplace{dir: b.TempDir()}
	write(b, filepath.Join(m.dir, "oripk.toml"), stock.manifest(direct))
	home := b.TempDir()
	cache := filepath.Join(home, "cache")
	m.made = []string{cache, filepath.Join(m.dir, ".ori")}
	m.command = func() *exec.Cmd {
		c := exec.Command(filepath.Join(binaries(b), "oripk"), "sync")
		c.Env = []string{"ORI_REGISTRY_URL=" + stock.base, "ORI_CACHE=" + cache, "XDG_STATE_HOME=" + home, "HOME=" + home}
		return c
	}
	m.run(b) // makes the lock file, as npm install does
	return &ours{m}
}

func write(tb testing.TB, path, text string) {
	tb.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		tb.Fatal(err)
	}
}

type theirs struct{ *workplace }

// newTheirs does the same with npm.
func newTheirs(b *testing.B) *theirs {
	b.Helper()
	base := startVerdaccio(b)
	dependencies := map[string]string{}
	for i := range direct {
		below := map[string]string{}
		for j := range deep {
			name := fmt.Sprintf("bench-p%d-%d", i, j)
			publishNPM(b, base, name, nil)
			below[name] = "1.0.0"
		}
		name := fmt.Sprintf("bench-p%d", i)
		publishNPM(b, base, name, below)
		dependencies[name] = "1.0.0"
	}
	m := &workplace{dir: b.TempDir()}
	text, err := json.Marshal(map[string]any{"name": "bench-app", "version": "1.0.0", "dependencies": dependencies})
	if err != nil {
		b.Fatal(err)
	}
	write(b, filepath.Join(m.dir, "package.json"), string(text))
	cache := b.TempDir()
	m.made = []string{cache, filepath.Join(m.dir, "node_modules")}
	npm := func(command string) func() *exec.Cmd {
		return func() *exec.Cmd {
			return exec.Command("npm", command, "--registry", base, "--cache", cache, "--no-audit", "--no-fund", "--ignore-scripts", "--update-notifier=false")
		}
	}
	m.command = npm("install")
	m.run(b) // makes the lock file
	m.command = npm("ci")
	return &theirs{m}
}

// startVerdaccio installs Verdaccio and starts it on loopback, without a
// registry behind it and open to all who are there.
func startVerdaccio(b *testing.B) (base string) {
	b.Helper()
	dir := b.TempDir()
	if output, err := exec.Command("../scripts/verdaccio.sh", dir).CombinedOutput(); err != nil {
		b.Fatalf("installing Verdaccio: %v\n%s", err, output)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	write(b, filepath.Join(dir, "config.yaml"), "storage: ./storage\npackages:\n  '**': {access: $all, publish: $all}\n"+
		"max_body_size: 10mb\nlog: {type: stdout, level: warn}\n")
	command := exec.Command(filepath.Join(dir, "node_modules/.bin/verdaccio"), "--config", filepath.Join(dir, "config.yaml"), "--listen", address)
	command.Dir = dir
	output, err := command.StdoutPipe()
	if err == nil {
		err = command.Start()
	}
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = command.Process.Kill(); _ = command.Wait() })
	defer time.AfterFunc(patience, func() { _ = command.Process.Kill() }).Stop()
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		if strings.Contains(lines.Text(), "http address") { // it listens
			go io.Copy(io.Discard, output)
			return "http://" + address
		}
	}
	b.Fatal("Verdaccio did not start: ", lines.Err())
	return ""
}

// publishNPM publishes a package with a file that does not compress, as npm
// publish does.
func publishNPM(b *testing.B, base, name string, dependencies map[string]string) {
	b.Helper()
	dir := b.TempDir()
	about := map[string]any{"name": name, "version": "1.0.0", "dependencies": dependencies}
	text, err := json.Marshal(about)
	if err != nil {
		b.Fatal(err)
	}
	folder := filepath.Join(dir, "package")
	if err := os.Mkdir(folder, 0o755); err != nil {
		b.Fatal(err)
	}
	write(b, filepath.Join(folder, "package.json"), string(text))
	write(b, filepath.Join(folder, "index.js"), "exports.one = 1;\n")
	write(b, filepath.Join(folder, "noise.bin"), string(sample.Noise(name, weight)))
	tarball, err := exec.Command("tar", "-C", dir, "-cz", "package").Output()
	if err != nil {
		b.Fatal(err)
	}
	file, sum1, sum512 := name+"-1.0.0.tgz", sha1.Sum(tarball), sha512.Sum512(tarball)
	about["dist"] = map[string]string{
		"tarball": base + "/" + name + "/-/" + file, "shasum": hex.EncodeToString(sum1[:]),
		"integrity": "sha512-" + base64.StdEncoding.EncodeToString(sum512[:]),
	}
	body, err := json.Marshal(map[string]any{
		"_id": name, "name": name, "dist-tags": map[string]string{"latest": "1.0.0"}, "versions": map[string]any{"1.0.0": about},
		"_attachments": map[string]any{file: map[string]any{
			"content_type": "application/octet-stream", "data": base64.StdEncoding.EncodeToString(tarball), "length": len(tarball),
		}},
	})
	if err != nil {
		b.Fatal(err)
	}
	req, err := http.NewRequest(http.MethodPut, base+"/"+url.PathEscape(name), bytes.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		b.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusCreated {
		b.Fatalf("publishing %s: %s", name, resp.Status)
	}
}
