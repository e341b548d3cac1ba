package archive

import (
	"errors"
	"strings"
)

// pattern is one line of a gitignore file, as gitignore(5) defines it, read from
// [publish] include or exclude.
type pattern struct {
	negated  bool
	onlyDirs bool
	elements []string // globs; "**" stands for any number of elements
}

// parsePattern reads a pattern. What git takes for a line without a meaning (a
// comment, nothing at all, an open bracket) is an error here: the author meant
// something by it.
func parsePattern(s string) (p pattern, err error) {
	s = trimSpaces(s)
	switch {
	case strings.HasPrefix(s, "#"):
		return p, errors.New(`a pattern that begins with # is a comment; write \# for a file name that does`)
	case strings.HasPrefix(s, "!"):
		p.negated, s = true, s[1:]
	}
	if rest, ok := strings.CutSuffix(s, "/"); ok {
		p.onlyDirs, s = true, rest
	}
	anchored := strings.Contains(s, "/")
	s = strings.TrimPrefix(s, "/")
	if !anchored {
		p.elements = []string{"**"}
	}
	for e := range strings.SplitSeq(s, "/") {
		if err := checkGlob(e); err != nil {
			return p, err
		}
		p.elements = append(p.elements, e)
	}
	if p.elements[len(p.elements)-1] == "**" { // all that is inside, not the folder itself
		p.elements = append(p.elements, "*")
	}
	return p, nil
}

// trimSpaces drops the spaces at the end, but for one behind a backslash.
func trimSpaces(s string) string {
	trimmed := strings.TrimRight(s, " ")
	if strings.HasSuffix(trimmed, `\`) && trimmed != s {
		return trimmed + " "
	}
	return trimmed
}

// checkGlob reports whether a glob can match at all.
func checkGlob(glob string) error {
	if glob == "" {
		return errors.New("a part of the pattern is empty; write folder/file")
	}
	for glob != "" {
		switch glob[0] {
		case '\\':
			if len(glob) == 1 {
				return errors.New("nothing follows the backslash at the end")
			}
			glob = glob[2:]
		case '[':
			set, rest, ok := cutSet(glob)
			if !ok {
				return errors.New(`a bracket is not closed; write \[ for a file name that has one`)
			}
			if strings.Contains(set, "[:") {
				return errors.New("classes such as [:alpha:] are not supported; write a range such as a-z")
			}
			glob = rest
		default:
			glob = glob[1:]
		}
	}
	return nil
}

// cutSet divides "[abc]rest" into "abc" and "rest". A closing bracket directly
// behind the opening one or its negation is one of the set.
func cutSet(glob string) (set, rest string, ok bool) {
	i := 1
	if i < len(glob) && (glob[i] == '!' || glob[i] == '^') {
		i++
	}
	for first := i; i < len(glob); i++ {
		switch {
		case glob[i] == '\\':
			i++
		case glob[i] == ']' && i > first:
			return glob[1:i], glob[i+1:], true
		}
	}
	return "", "", false
}

// matchAny reports whether the patterns take the path: the last one that matches
// it is not negated, or that is so for a folder above it.
func matchAny(patterns []pattern, path string, dir bool) bool {
	for i := range len(path) {
		if path[i] == '/' && matchLast(patterns, path[:i], true) {
			return true
		}
	}
	return matchLast(patterns, path, dir)
}

func matchLast(patterns []pattern, path string, dir bool) bool {
	elements := strings.Split(path, "/")
	for i := len(patterns) - 1; i >= 0; i-- {
		p := &patterns[i]
		if (dir || !p.onlyDirs) && matchElements(p.elements, elements) {
			return !p.negated
		}
	}
	return false
}

// reaches reports whether the pattern may match something in the folder at path.
func (p *pattern) reaches(path string) bool {
	top, _, _ := strings.Cut(path, "/")
	return p.elements[0] == "**" || matchGlob(p.elements[0], top)
}

// matchElements matches globs with elements; going back only to the last "**"
// is enough, and keeps the time bounded by the product of the lengths.
func matchElements(globs, elements []string) bool {
	retry, from := -1, 0 // the globs behind the last "**", and where they were tried
	g, e := 0, 0
	for e < len(elements) {
		switch {
		case g < len(globs) && globs[g] == "**":
			g++
			retry, from = g, e
		case g < len(globs) && matchGlob(globs[g], elements[e]):
			g++
			e++
		case retry >= 0:
			from++
			g, e = retry, from
		default:
			return false
		}
	}
	return g == len(globs)
}

// matchGlob matches one element, by the same method.
func matchGlob(glob, name string) bool {
	retry, from := "", ""
	starred := false
	for name != "" {
		if strings.HasPrefix(glob, "*") {
			glob = strings.TrimLeft(glob, "*")
			retry, from, starred = glob, name, true
			continue
		}
		if rest, ok := matchOne(glob, name[0]); ok {
			glob, name = rest, name[1:]
			continue
		}
		if !starred {
			return false
		}
		from = from[1:]
		glob, name = retry, from
	}
	return strings.Trim(glob, "*") == ""
}

// matchOne matches the first part of a glob, which is no star, with one byte.
func matchOne(glob string, c byte) (rest string, ok bool) {
	if glob == "" {
		return "", false
	}
	switch glob[0] {
	case '?':
		return glob[1:], true
	case '\\':
		return glob[2:], glob[1] == c
	case '[':
		set, rest, _ := cutSet(glob)
		return rest, inSet(set, c)
	}
	return glob[1:], glob[0] == c
}

func inSet(set string, c byte) bool {
	negated := set[0] == '!' || set[0] == '^'
	if negated {
		set = set[1:]
	}
	found := false
	for set != "" {
		low, rest := unescape(set)
		high := low
		if len(rest) >= 2 && rest[0] == '-' {
			high, rest = unescape(rest[1:])
		}
		found = found || low <= c && c <= high
		set = rest
	}
	return found != negated
}

func unescape(set string) (c byte, rest string) {
	if set[0] == '\\' && len(set) > 1 {
		return set[1], set[2:]
	}
	return set[0], set[1:]
}
