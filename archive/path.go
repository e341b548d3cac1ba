package archive

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

const notSplittable = "the path is over 100 bytes and has no slash that divides it into at most 155 and at most 100: use shorter names"

// pathFault says what is wrong with a path, whatever archive it is in; "" when nothing is.
func pathFault(path string) string {
	switch {
	case path == "":
		return "the path is empty"
	case path[0] == '/':
		return "the path is absolute: it begins with a slash"
	}
	if detail := characterFault(path); detail != "" {
		return detail
	}
	if len(path) > MaxPath {
		return fmt.Sprintf("the path has %d bytes, at most %d are allowed", len(path), MaxPath)
	}
	elements := strings.Split(path, "/")
	if len(elements) > MaxDepth {
		return fmt.Sprintf("the path has %d elements, at most %d are allowed", len(elements), MaxDepth)
	}
	for _, e := range elements {
		if detail := elementFault(e); detail != "" {
			return detail
		}
	}
	if _, _, ok := splitPath(path); !ok {
		return notSplittable
	}
	return ""
}

// characterFault names the first character that is not allowed in a path.
func characterFault(path string) string {
	for i := range len(path) {
		if allowedInPath(path[i]) {
			continue
		}
		r, size := utf8.DecodeRuneInString(path[i:])
		shown := strconv.QuoteRune(r)
		switch {
		case r == utf8.RuneError && size == 1:
			shown = fmt.Sprintf("byte %#02x, which is not UTF-8,", path[i])
		case r == ' ':
			shown = "space"
		case r == '\\':
			shown = "backslash (folders are divided by /)"
		}
		return fmt.Sprintf("the %s at byte %d is not allowed in a path: rename the file with A–Z a–z 0–9 . _ + - @ = , ~", shown, i+1)
	}
	return ""
}

func allowedInPath(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	}
	return strings.IndexByte("._+-@=,~/", c) >= 0
}

func elementFault(e string) string {
	switch {
	case e == "":
		return "the path has an empty element: two slashes in a row, or one at its end"
	case e == "." || e == "..":
		return fmt.Sprintf("the path has the element %q, which points elsewhere", e)
	case len(e) > MaxElement:
		return fmt.Sprintf("the element %s of the path has %d bytes, at most %d are allowed", e, len(e), MaxElement)
	case e[len(e)-1] == '.':
		return fmt.Sprintf("the element %s ends in a dot, which Windows drops", e)
	case isDevice(e):
		return fmt.Sprintf("the element %s is the name of a device on Windows: rename it", e)
	}
	return ""
}

// isDevice reports whether Windows takes the element for a device, which it
// does with and without an extension.
func isDevice(element string) bool {
	base, _, _ := strings.Cut(strings.ToLower(element), ".")
	switch base {
	case "con", "prn", "aux", "nul":
		return true
	}
	port := strings.HasPrefix(base, "com") || strings.HasPrefix(base, "lpt")
	return port && len(base) == 4 && '0' <= base[3] && base[3] <= '9'
}

// unexpected says why a path that is well formed has no place in an archive; "" when it has one.
func unexpected(path string) string {
	for e := range strings.SplitSeq(path, "/") {
		if e[0] == '.' {
			return fmt.Sprintf("%s begins with a dot: hidden files are not packed", e)
		}
	}
	for _, name := range []string{ManifestName, LockName, ChecksumName} {
		if path != name && equalFold(path, name) {
			return fmt.Sprintf("the file is called %s, in this upper and lower case", name)
		}
	}
	if i := strings.LastIndexByte(path, '/'); i >= 0 && equalFold(path[i+1:], ManifestName) {
		return fmt.Sprintf("%s belongs only into the root: a folder with its own is another package", ManifestName)
	}
	return ""
}

// comparePaths is the order of an archive.
func comparePaths(a, b string) int {
	return cmp.Or(cmp.Compare(rank(a), rank(b)), strings.Compare(a, b))
}

func rank(path string) int {
	switch path {
	case "":
		return 0
	case ManifestName:
		return 1
	case LockName:
		return 2
	case ChecksumName:
		return 3
	}
	return 4
}

// printable gives a path as it may be shown on a terminal: what is not
// printable ASCII is escaped, and what is far too long is cut.
func printable(path string) string {
	const shown = 300
	rest := ""
	if len(path) > shown {
		path, rest = path[:shown], "…"
	}
	quoted := strconv.QuoteToASCII(path)
	return quoted[1:len(quoted)-1] + rest
}
