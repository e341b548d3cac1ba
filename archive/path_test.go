package archive

import (
	"strings"
	"testing"
)

func TestPathFault(t *testing.T) {
	a := func(n int) string { return strings.Repeat("a", n) }
	for _, c := range []struct {
		path, want string // a part of the message; "" for none
	}{
		{"src/lib.ori", ""},
		{"A-Z_z0.9+@=,~/x", ""},
		{"-", ""},
		{a(MaxElement), ""},
		{a(MaxElement + 1), "101 bytes"},
		{a(99) + "/" + a(100), ""},
		{a(100) + "/" + a(99), ""},
		{a(100) + "/" + a(100), "201 bytes"},
		{a(60) + "/" + a(100) + "/" + a(38), "no slash that divides"},
		{a(61) + "/" + a(92) + "/" + a(45), ""},
		{strings.Repeat("a/", 15) + "a", ""},
		{strings.Repeat("a/", 16) + "a", "17 elements"},
		{"", "empty"},
		{"/a", "absolute"},
		{"a//b", "empty element"},
		{"a/", "empty element"},
		{"a/../b", `".."`},
		{"./a", `"."`},
		{"my file.ori", "space at byte 3"},
		{`a\b`, "backslash"},
		{"gr\u00fcn.ori", "'ü' at byte 3"},
		{"a\xffb", "byte 0xff, which is not UTF-8, at byte 2"},
		{"a\x1bb", `'\x1b' at byte 2`},
		{"a\u202eb", `'\u202e' at byte 2`},
		{"a:b", "':' at byte 2"},
		{"a.", "ends in a dot"},
		{"a./b", "ends in a dot"},
		{"src/nul.ori", "device on Windows"},
		{"COM0", "device on Windows"},
		{"lpt9.x.y", "device on Windows"},
		{"com10", ""},
		{"coma", ""},
		{"console.ori", ""},
		{"auxiliary/nullable.ori", ""},
	} {
		got := pathFault(c.path)
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%q: %q, want %q", c.path, got, c.want)
		}
	}
}

// TestPathSetWithEqualHashes puts another path where the one to come belongs.
func TestPathSetWithEqualHashes(t *testing.T) {
	s := newPathSet()
	s.add("other")
	s.at[s.slot("Path")] = pathUse{index: 0, length: 5}
	if detail := s.add("Path"); detail != "" {
		t.Errorf("taken for a collision: %s", detail)
	}
	if !s.hasFile("Path") || s.hasFile("path") || s.add("path") == "" {
		t.Error("the path is not found")
	}
}

func TestComparePaths(t *testing.T) {
	order := []string{ManifestName, LockName, ChecksumName, "CHANGELOG.md", "LICENSE", "README.md", "src.ori", "src/B", "src/a", "src/a-b", "src/a.ori", "src/a/b"}
	for i := 1; i < len(order); i++ {
		if comparePaths(order[i-1], order[i]) >= 0 {
			t.Errorf("%s does not come before %s", order[i-1], order[i])
		}
	}
}
