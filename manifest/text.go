package manifest

import (
	"errors"
	"io/fs"
	"net/url"
	"strings"
	"unicode"
)

// hiddenCharacter finds the first character of s that shows nothing by itself
// but changes how the rest is shown: controls and marks of writing direction.
func hiddenCharacter(s string) (bad rune, found bool) {
	for _, c := range s {
		if unicode.IsControl(c) || isDirectionMark(c) {
			return c, true
		}
	}
	return 0, false
}

// isDirectionMark reports the characters of Unicode's bidirectional algorithm
// that are invisible (Bidi_Control).
func isDirectionMark(c rune) bool {
	return '\u202a' <= c && c <= '\u202e' || '\u2066' <= c && c <= '\u2069' ||
		c == '\u200e' || c == '\u200f' || c == '\u061c'
}

// checkURL reports whether s is an https URL with a host and without user
// information. A local registry may also be http on the machine itself.
func checkURL(s string, local bool) error {
	const wellFormed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:/?#[]@!$&'()*+,;=%"
	if strings.Trim(s, wellFormed) != "" {
		return errors.New("the URL has a character that must be percent-encoded")
	}
	u, err := url.Parse(s)
	if err != nil {
		return errors.New("this is not a URL; write https:// and a host")
	}
	switch host := u.Hostname(); {
	case u.User != nil:
		return errors.New("the URL has user information before the @; anyone can read it here, so leave it out")
	case host == "":
		return errors.New("the URL has no host; write https:// and a host")
	case u.Scheme == "https":
	case u.Scheme == "http" && local && (host == "localhost" || host == "127.0.0.1" || host == "::1"):
	default:
		return errors.New("the URL is not https; write https://")
	}
	return nil
}

// isFilePath reports whether s leads to a file below the folder it starts from,
// on every operating system.
func isFilePath(s string) bool {
	return fs.ValidPath(s) && s != "." && !strings.Contains(s, `\`)
}
