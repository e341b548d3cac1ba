package archive

import "testing"

// The expectations are what git check-ignore says.
func TestPatterns(t *testing.T) {
	for _, c := range []struct {
		patterns []string
		path     string
		want     bool
	}{
		{[]string{"*.md"}, "a.md", true},
		{[]string{"*.md"}, "docs/x/a.md", true},
		{[]string{"*.md"}, "a.mdx", false},
		{[]string{"/*.md"}, "docs/a.md", false},
		{[]string{"/*.md"}, "a.md", true},
		{[]string{"docs"}, "docs/a/b", true},
		{[]string{"docs"}, "x/docs/a", true},
		{[]string{"docs/"}, "docs", false},
		{[]string{"docs/"}, "docs/a", true},
		{[]string{"docs/"}, "x/docs/a", true},
		{[]string{"/docs/"}, "x/docs/a", false},
		{[]string{"docs/a"}, "docs/a", true},
		{[]string{"docs/a"}, "x/docs/a", false},
		{[]string{"docs/*"}, "docs/a", true},
		{[]string{"docs/*"}, "docs/a/b", true},
		{[]string{"docs/*.md"}, "docs/a/b.md", false},
		{[]string{"docs/**"}, "docs/a/b.md", true},
		{[]string{"docs/**"}, "docs", false},
		{[]string{"docs/**/b"}, "docs/b", true},
		{[]string{"docs/**/b"}, "docs/x/y/b", true},
		{[]string{"docs/**/b"}, "docs/x/y/c", false},
		{[]string{"**/b"}, "b", true},
		{[]string{"**/b"}, "x/y/b", true},
		{[]string{"**/a/b"}, "x/a/a/b", true},
		{[]string{"a/**/b/**/c"}, "a/b/b/x/c", true},
		{[]string{"a/**/b/**/c"}, "a/x/c", false},
		{[]string{"**"}, "a/b", true},
		{[]string{"/**"}, "a", true},
		{[]string{"**/"}, "a", false},
		{[]string{"**/"}, "a/b", true},
		{[]string{"a**b"}, "axxb", true},
		{[]string{"a**b"}, "a/b", false},
		{[]string{"?.ori"}, "a.ori", true},
		{[]string{"?.ori"}, ".ori", false},
		{[]string{"a?b"}, "a/b", false},
		{[]string{"[a-c].ori"}, "b.ori", true},
		{[]string{"[a-c].ori"}, "d.ori", false},
		{[]string{"[!a-c].ori"}, "d.ori", true},
		{[]string{"[^a-c].ori"}, "a.ori", false},
		{[]string{"[]x].ori"}, "].ori", true},
		{[]string{"[!]x].ori"}, "].ori", false},
		{[]string{"[a-].ori"}, "-.ori", true},
		{[]string{`[\]].ori`}, "].ori", true},
		{[]string{`[a\-c].ori`}, "b.ori", false},
		{[]string{`\*.ori`}, "*.ori", true},
		{[]string{`\*.ori`}, "a.ori", false},
		{[]string{`\!a`}, "!a", true},
		{[]string{`\#a`}, "#a", true},
		{[]string{"a  "}, "a", true},
		{[]string{`a\ `}, "a ", true},
		{[]string{"*a*b*c"}, "xaybzc", true},
		{[]string{"*a*b*c"}, "xaybz", false},
		{[]string{"*.md", "!a.md"}, "a.md", false},
		{[]string{"*.md", "!a.md"}, "b.md", true},
		{[]string{"!a.md", "*.md"}, "a.md", true},
		{[]string{"docs/", "!docs/a"}, "docs/a", true}, // a folder that is taken cannot be entered to leave out
		{[]string{"docs/*", "!docs/a"}, "docs/a", false},
		{[]string{"docs/*", "!docs/x/"}, "docs/x/y", false},
		{[]string{"docs/**", "!docs/x/**"}, "docs/x/y", true}, // docs/x itself is still taken
		{nil, "a", false},
	} {
		var all []pattern
		for _, s := range c.patterns {
			p, err := parsePattern(s)
			if err != nil {
				t.Fatalf("%q: %v", s, err)
			}
			all = append(all, p)
		}
		if got := matchAny(all, c.path, false); got != c.want {
			t.Errorf("%q on %q: %v", c.patterns, c.path, got)
		}
	}
}

func TestPatternErrors(t *testing.T) {
	for _, s := range []string{"", "  ", "/", "!", "#x", "a//b", "[a", "[]", "[!]", `a\`, `[a\`, "[[:alpha:]]", "//"} {
		if _, err := parsePattern(s); err == nil {
			t.Errorf("%q is taken for a pattern", s)
		}
	}
}
