package manifest

import (
	"strings"
	"unicode/utf8"

	"github.com/ori-lang/registry/ident"
)

// Bounds of what a manifest says, in characters or entries.
const (
	MaxDescription  = 500
	MaxKeywords     = 5
	MaxKeyword      = 20
	MaxDependencies = 256 // of all kinds together; as many modules of the standard library

	maxLine     = 200 // of a name of a person, a path, a pattern, a category
	maxURL      = 500
	maxLicense  = 500
	maxEdition  = 20
	maxEntries  = 64 // of a list, except keywords
	maxSections = 64 // registries, features
)

// reader reads the sections of a document into a Manifest. Each of its methods
// that gives a value gives the zero value after a fault.
type reader struct {
	*findings
	*document
	m        *Manifest
	declared []declared
}

// at notes a fault of the value n.
func (r *reader) at(n *node, code, format string, args ...any) {
	r.fault(code, n.pointer(), n.at, format, args...)
}

// atKey notes a fault of the key of n.
func (r *reader) atKey(n *node, code, format string, args ...any) {
	r.fault(code, n.pointer(), n.keyAt, format, args...)
}

func (r *reader) unknownKey(n *node) {
	r.warn(CodeUnknownKey, n.pointer(), n.keyAt, "the key %s is not known here and is ignored", shown(n.key))
}

// require notes every key that is missing in the table n.
func (r *reader) require(n *node, keys ...string) {
	for _, key := range keys {
		if n.get(key) == nil {
			r.fault(CodeMissing, n.pointer()+"/"+key, n.keyAt, "%s has no %s, which is required", section(n), key)
		}
	}
}

// section gives the name of a table as its author may have written it.
func section(n *node) string {
	var parts []string
	for ; n.parent != nil; n = n.parent {
		parts = append([]string{n.key}, parts...)
	}
	return "[" + strings.Join(parts, ".") + "]"
}

// label names a value in a message by its key, an element by that of its array.
func label(n *node) string {
	if n.parent.kind == kindTable {
		return shown(n.key)
	}
	return "an entry of " + label(n.parent)
}

// is reports whether n is of the kind that its key takes.
func (r *reader) is(n *node, want kind) bool {
	if n.kind != want {
		r.at(n, CodeType, "%s takes %s, not %s", label(n), want, n.kind)
	}
	return n.kind == want
}

// line reads a string of one line that is not empty and at most most characters long.
func (r *reader) line(n *node, most int) string {
	if !r.is(n, kindString) || !r.clean(n) {
		return ""
	}
	if strings.TrimSpace(n.text) == "" {
		r.at(n, CodeValue, "%s is empty; write something or leave it out", label(n))
		return ""
	}
	if long := utf8.RuneCountInString(n.text); long > most {
		r.at(n, CodeLimit, "%s is %d characters long, at most %d are allowed", label(n), long, most)
		return ""
	}
	return n.text
}

// clean reports whether the string n has only characters that show themselves.
func (r *reader) clean(n *node) bool {
	bad, found := hiddenCharacter(n.text)
	if found {
		r.at(n, CodeText, "the character %U is not allowed: control characters, line breaks among them, and marks of writing direction could hide what is written", bad)
	}
	return !found
}

// list reads an array of such strings, each of which it has once.
func (r *reader) list(n *node, entries, most int) (out []string) {
	for _, e := range r.elements(n, entries) {
		text := r.line(e, most)
		if text != "" && r.once(n, e) {
			out = append(out, text)
		}
	}
	return out
}

// elements gives the elements of an array of at most most.
func (r *reader) elements(n *node, most int) []*node {
	if !r.is(n, kindArray) {
		return nil
	}
	if long := len(n.children); long > most {
		r.at(n.children[most], CodeLimit, "%s has %d entries, at most %d are allowed", label(n), long, most)
		return n.children[:most]
	}
	return n.children
}

// once reports whether no earlier element of the array n is the string e.
func (r *reader) once(n, e *node) bool {
	for _, earlier := range n.children {
		if earlier == e {
			return true
		}
		if earlier.kind == kindString && earlier.text == e.text {
			r.at(e, CodeDuplicate, "%s is given twice in this list", shown(e.text))
			return false
		}
	}
	return true
}

func (r *reader) boolean(n *node) bool {
	return r.is(n, kindBool) && n.text == "true"
}

func (r *reader) pkg(n *node) ident.Package {
	if !r.is(n, kindString) {
		return ident.Package{}
	}
	p, err := ident.ParsePackage(n.text)
	if err != nil {
		r.at(n, CodeName, "%v", err)
	}
	return p
}

func (r *reader) version(n *node) ident.Version {
	if !r.is(n, kindString) {
		return ident.Version{}
	}
	v, err := ident.ParseVersion(n.text)
	if err != nil {
		r.at(n, CodeVersion, "%v", err)
	}
	return v
}

// word reports whether the key of n is a word of the grammar.
func (r *reader) word(n *node) bool {
	err := ident.CheckName(n.key)
	if err != nil {
		r.atKey(n, CodeName, "%v", err)
	}
	return err == nil
}

func (r *reader) url(n *node) string {
	text := r.line(n, maxURL)
	if text == "" {
		return ""
	}
	if err := checkURL(text, false); err != nil {
		r.at(n, CodeURL, "%v", err)
		return ""
	}
	return text
}

func (r *reader) license(n *node) string {
	text := r.line(n, maxLicense)
	if text == "" {
		return ""
	}
	if err := checkLicense(text); err != nil {
		r.at(n, CodeLicense, "%v", err)
		return ""
	}
	return text
}

// file reads the path of a file in the package.
func (r *reader) file(n *node) string {
	text := r.line(n, maxLine)
	if text != "" && !isFilePath(text) {
		r.at(n, CodeValue, `%s is not the path of a file in the package; write it from the package's folder on, such as "src/main.ori"`, shown(text))
		return ""
	}
	return text
}

// count notes a fault at the first entry of n behind most, and gives the others.
func (r *reader) count(n *node, most int) []*node {
	if len(n.children) <= most {
		return n.children
	}
	over := n.children[most]
	r.atKey(over, CodeLimit, "%s has %d entries, at most %d are allowed", section(n), len(n.children), most)
	return n.children[:most]
}
