package manifest_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/ori-lang/registry/manifest"
)

func readSpec(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../spec/manifest.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// codesUnder gives the codes of the first table under a heading of the spec.
func codesUnder(t *testing.T, spec, heading string) (codes []string) {
	t.Helper()
	_, section, ok := strings.Cut(spec, "\n## "+heading+"\n")
	if !ok {
		t.Fatalf("the spec has no section %s", heading)
	}
	section, _, _ = strings.Cut(section, "\n## ")
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\|").FindAllStringSubmatch(section, -1) {
		codes = append(codes, row[1])
	}
	return codes
}

func TestSpecHasTheCodes(t *testing.T) {
	spec := readSpec(t)
	if diff := cmp.Diff(manifest.FaultCodes(), codesUnder(t, spec, "Faults")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(manifest.WarningCodes(), codesUnder(t, spec, "Warnings")); diff != "" {
		t.Error(diff)
	}
}

// TestSpecExamples reads the examples of the spec: the first is a manifest, the
// second a lock file in its canonical form.
func TestSpecExamples(t *testing.T) {
	blocks := regexp.MustCompile("(?s)```toml\n(.*?)```").FindAllStringSubmatch(readSpec(t), -1)
	if len(blocks) != 2 {
		t.Fatalf("%d examples", len(blocks))
	}
	m, report := manifest.Parse([]byte(blocks[0][1]))
	if !report.OK() || len(report.Warnings) > 0 || len(m.CheckPublish()) > 0 {
		t.Error(report)
	}
	lock, faults := manifest.ParseLock([]byte(blocks[1][1]))
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	if diff := cmp.Diff(blocks[1][1], string(lock.Bytes())); diff != "" {
		t.Error(diff)
	}
}
