package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ori-lang/registry/archive"
	"github.com/ori-lang/registry/client"
	"github.com/ori-lang/registry/internal/repotest/sample"
)

// stock is a registry with many packages: @bench/top-0 and so on, each of which
// requires some of its own.
type stock struct {
	base    string // its URL
	address string
	token   string
}

// newStock starts a registry, as a process of its own, and publishes so many
// packages that projects require directly, each with so many below it. weight is
// how many bytes of each do not compress.
func newStock(tb testing.TB, direct, deep, weight int) *stock {
	tb.Helper()
	bin, data := binaries(tb), tb.TempDir()
	s, err := startServer(exec.Command(filepath.Join(bin, "ori-registry"), "serve", "--data", data, "--listen", "127.0.0.1:0",
		"--log-origin", "bench.example/log", "--rate-anonymous", "1000000", "--rate-authenticated", "1000000"))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = s.kill() })
	output, err := exec.Command(filepath.Join(bin, "ori-registry"), "user", "add", "--json", "--data", data, "ada").Output()
	var user struct{ Token string }
	if err != nil || json.Unmarshal(output, &user) != nil {
		tb.Fatal(err)
	}
	all := &stock{base: "http://" + s.address, address: s.address, token: user.Token}
	all.publish(tb, direct, deep, weight)
	return all
}

func (s *stock) publish(tb testing.TB, direct, deep, weight int) {
	tb.Helper()
	c, err := client.New(client.Options{URL: s.base, Token: s.token, StateDir: tb.TempDir()})
	if err != nil {
		tb.Fatal(err)
	}
	if _, _, err := c.ClaimScope(tb.Context(), "bench"); err != nil {
		tb.Fatal(err)
	}
	publish := func(name, manifest, lock string) string {
		data := sample.Package{Ref: "@bench/" + name + "@1.0.0", Manifest: manifest, Lock: lock, Noise: weight}.Archive(tb)
		report, err := archive.Check(bytes.NewReader(data))
		if err == nil {
			_, err = c.Publish(tb.Context(), bytes.NewReader(data), report, client.PublishOptions{})
		}
		if err != nil {
			tb.Fatal(err)
		}
		return report.Checksum.String()
	}
	for i := range direct {
		manifest, lock := "\n[dependencies]\n", ""
		for j := range deep {
			name := fmt.Sprintf("below-%d-%d", i, j)
			sum := publish(name, "", "")
			manifest += fmt.Sprintf("\"@bench/%s\" = \"1.0.0\"\n", name)
			lock += fmt.Sprintf("\"@bench/%s:1.0.0\" = %q\n", name, sum)
		}
		publish(fmt.Sprintf("top-%d", i), manifest, lock)
	}
}

// manifest is that of a project which requires the first so many directly.
func (s *stock) manifest(direct int) string {
	var text strings.Builder
	text.WriteString("[project]\nname = \"@bench/app\"\nversion = \"1.0.0\"\nori = \"1.0.0\"\n\n[dependencies]\n")
	for i := range direct {
		fmt.Fprintf(&text, "\"@bench/top-%d\" = \"1.0.0\"\n", i)
	}
	return text.String()
}
