package client

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Printable makes text of a registry, or of a package, fit for a terminal: one
// line, without escape sequences, control characters and invisible ones (which
// could reorder what is shown). Line breaks and tabs become spaces, and there
// are none at its ends.
func Printable(s string) string { return strings.TrimSpace(PrintableLine(s)) }

// PrintableLine is Printable for a line whose indentation matters.
func PrintableLine(s string) string {
	var b strings.Builder
	for s != "" {
		if s[0] == '\x1b' {
			s = s[escapeLength(s):]
			continue
		}
		r, size := utf8.DecodeRuneInString(s)
		s = s[size:]
		switch {
		case unicode.IsSpace(r) || unicode.In(r, unicode.Zl, unicode.Zp):
			b.WriteByte(' ')
		case unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Co):
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// escapeLength gives the length of the escape sequence (ECMA-48) that s starts
// with: a control sequence up to its final byte, a control string up to its
// terminator, else the escape alone.
func escapeLength(s string) int {
	if len(s) < 2 {
		return len(s)
	}
	switch s[1] {
	case '[':
		for i := 2; i < len(s); i++ {
			if s[i] >= 0x40 && s[i] <= 0x7e {
				return i + 1
			}
			if s[i] < 0x20 || s[i] > 0x7e {
				return i
			}
		}
		return len(s)
	case ']', 'P', 'X', '^', '_':
		end := strings.IndexAny(s[2:], "\a\x1b\n")
		if end < 0 {
			return len(s)
		}
		return 2 + end
	}
	return 1
}
