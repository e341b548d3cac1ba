package archive

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func specText(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../spec/archive.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestSpecListsTheCodes compares the table of faults with FaultCodes.
func TestSpecListsTheCodes(t *testing.T) {
	_, section, _ := strings.Cut(specText(t), "\n## Faults\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var got []FaultCode
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\|").FindAllStringSubmatch(section, -1) {
		got = append(got, FaultCode(row[1]))
	}
	if diff := cmp.Diff(FaultCodes, got); diff != "" {
		t.Errorf("codes (-code +spec):\n%s", diff)
	}
}

// TestSpecListsTheLimits looks for each limit in the table of limits.
func TestSpecListsTheLimits(t *testing.T) {
	_, section, _ := strings.Cut(specText(t), "\n## Limits\n")
	section, _, _ = strings.Cut(section, "\n## ")
	for _, n := range []int{MaxCompressed, MaxUnpacked, MaxFile, MaxFiles, MaxPath, MaxElement, MaxDepth, MaxManifest, MaxLock, MaxChecksum, MaxReadme} {
		if !regexp.MustCompile(`\b` + grouped(n) + `\b`).MatchString(section) {
			t.Errorf("the limit %s is not there", grouped(n))
		}
	}
}

// grouped writes 10485760 as 10,485,760.
func grouped(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
