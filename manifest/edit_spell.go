package manifest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// field is one key of the table of a dependency.
type field struct {
	key     string
	want    any  // a string, a bool or a []string
	implied bool // leaving the key out says the same
}

// fields gives all keys of the table of d, in the order in which they are written.
func (d Dependency) fields() []field {
	text := func(key, s string) field { return field{key, s, s == ""} }
	return []field{
		text("version", d.Version.String()),
		text("git", d.Git),
		text("rev", d.Rev),
		text("path", d.Path),
		{"features", d.Features, len(d.Features) == 0},
		{"default-features", d.DefaultFeatures, d.DefaultFeatures},
		text("registry", d.Registry),
	}
}

// isPlain reports whether d can be written as its version alone.
func (d Dependency) isPlain() bool {
	written := d.spelledFields('"')
	return len(written) == 1 && !d.Version.IsZero()
}

// spelled gives d as one value, its strings in quote where they can be.
func (d Dependency) spelled(quote byte) string {
	if d.isPlain() {
		return quoted(d.Version.String(), quote)
	}
	return "{ " + strings.Join(d.spelledFields(quote), ", ") + " }"
}

// spelledFields gives the keys of d with their values.
func (d Dependency) spelledFields(quote byte) (out []string) {
	for _, f := range d.fields() {
		if !f.implied {
			out = append(out, f.key+" = "+f.spelled(quote))
		}
	}
	return out
}

// check holds d to the rules that a reader holds it to.
func (d Dependency) check() error {
	text := "[dependencies]\n" + quoted(d.Package.String(), '"') + " = " + d.spelled('"')
	doc, found := readDocument([]byte(text), strict)
	if doc.root != nil {
		newReader(doc, found).dependencies(doc.root.get("dependencies"), Normal, "")
	}
	if len(found.faults) == 0 {
		return nil
	}
	return fmt.Errorf("%s cannot be a dependency like this: %s", d.Package, found.faults[0].detail)
}

func (f field) spelled(quote byte) string {
	switch want := f.want.(type) {
	case bool:
		return strconv.FormatBool(want)
	case []string:
		return "[" + strings.Join(quotedAll(want, quote), ", ") + "]"
	default:
		return quoted(want.(string), quote)
	}
}

// isSaidBy reports whether n is the value of f already.
func (f field) isSaidBy(n *node) bool {
	switch want := f.want.(type) {
	case bool:
		return n.kind == kindBool && n.text == strconv.FormatBool(want)
	case []string:
		return n.kind == kindArray && slices.EqualFunc(n.children, want, isString)
	default:
		return n.kind == kindString && n.text == want && !f.implied
	}
}

func isString(n *node, s string) bool { return n.kind == kindString && n.text == s }

// quoted writes s as a TOML string: in quote when that is ' and s allows it,
// else in ".
func quoted(s string, quote byte) string {
	isControl := func(c rune) bool { return c < ' ' || c == 0x7f }
	if quote == '\'' && !strings.ContainsFunc(s, func(c rune) bool { return c == '\'' || isControl(c) }) {
		return "'" + s + "'"
	}
	var b strings.Builder
	for _, c := range []byte(s) {
		switch {
		case isControl(rune(c)):
			fmt.Fprintf(&b, `\u%04X`, c)
			continue
		case c == '"' || c == '\\':
			b.WriteByte('\\')
		}
		b.WriteByte(c)
	}
	return `"` + b.String() + `"`
}

func quotedAll(all []string, quote byte) (out []string) {
	for _, s := range all {
		out = append(out, quoted(s, quote))
	}
	return out
}

// quotedKey writes a part of a key for which there is no example in the text.
func quotedKey(key string) string {
	switch {
	case key != "" && strings.IndexFunc(key, func(c rune) bool { return c > 0x7f || !isBareChar(byte(c)) }) < 0:
		return key
	case strings.ContainsAny(key, `"\`):
		return quoted(key, '\'')
	}
	return quoted(key, '"')
}

// style says how a new entry is written: as the one beside it is, and where
// that tells nothing, loosely only in a text that is loose already.
type style struct {
	bare     bool   // packages and modules without quotes
	keyQuote byte   // else around them
	quote    byte   // around strings
	gap      string // between key and value
	column   int    // of the equals sign behind the start of the key, when it is aligned
}

// styleOf gives the style of the entry c of a table, which is leaf or is made
// of dotted keys of which leaf is one. Both are nil without an example.
func (e *Editor) styleOf(c, leaf *node) style {
	st := style{bare: len(e.insertions) > 0, keyQuote: '"', quote: '"', gap: " = "}
	if c == nil {
		return st
	}
	if first := e.user[e.original(c.keyAt)]; first == '"' || first == '\'' {
		st.bare, st.keyQuote = false, first
	}
	if leaf == nil {
		return st
	}
	st.quote = e.quoteOf(leaf)
	if gap := e.raw(keyEnd(e.text, leaf.keyAt), leaf.at); gap != "" {
		st.gap = gap
	}
	if before, _, _ := strings.Cut(st.gap, "="); len(before) > 1 && strings.Trim(before, " ") == "" {
		st.column = width(e.raw(leaf.from, keyEnd(e.text, leaf.keyAt))) + len(before)
	}
	return st
}

// quoteOf gives the quote of the string n, " for other values.
func (e *Editor) quoteOf(n *node) byte {
	if e.text[n.at] == '\'' {
		return '\''
	}
	return '"'
}

// raw gives a part of e.text as its author wrote it.
func (e *Editor) raw(start, end int) string {
	return string(e.user[e.original(start):e.original(end)])
}

// rawKey gives the last part of the key of n as its author wrote it.
func (e *Editor) rawKey(n *node) string { return e.raw(n.keyAt, keyEnd(e.text, n.keyAt)) }

func width(s string) int { return len([]rune(s)) }

// pkg writes the key of a package or a module; all other keys need no quotes.
func (st style) pkg(key string) string {
	switch {
	case classOf(key) == "", st.bare && strings.HasPrefix(key, "@"):
		return key
	}
	return quoted(key, st.keyQuote)
}

// with writes key and value.
func (st style) with(key, value string) string {
	gap := st.gap
	if _, after, _ := strings.Cut(gap, "="); st.column > 0 {
		gap = strings.Repeat(" ", max(1, st.column-width(key))) + "=" + after
	}
	return key + gap + value
}
