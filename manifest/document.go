package manifest

import (
	"errors"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// Bounds of what is read, so that no text costs much: manifests and locks come
// from strangers.
const (
	MaxText     = 64 << 10 // bytes of a manifest, in both spellings
	MaxLockText = 1 << 20  // bytes of a lock file

	maxElements     = 4096  // keys and values of a manifest
	maxLockElements = 16384 // of a lock file
	maxDepth        = 32    // brackets in brackets, and parts of one key
	maxKey          = 256   // bytes of one part of a key, as it is written between its quotes
	maxFindings     = 100   // faults, and warnings, that a report lists
)

// document is a text that was read as TOML.
type document struct {
	*source
	root        *node // nil when the text cannot be read
	expressions []expression
}

// spelling says which texts are read.
type spelling int

const (
	loose  spelling = iota // both spellings
	strict                 // valid TOML only
)

// readDocument reads a manifest as TOML and finds all faults that it has as such.
func readDocument(text []byte, how spelling) (*document, *findings) {
	doc, found := parseDocument(text, how, MaxText, maxElements)
	if doc.root == nil || slices.ContainsFunc(found.faults, isFormal) {
		return doc, found
	}
	// The judge of what is TOML; it compares every key with every other, which
	// maxElements keeps cheap.
	var values map[string]any
	if err := toml.Unmarshal(doc.text, &values); err != nil {
		found.fault(CodeSyntax, "", doc.judged(err), "this is not TOML: %s", strings.TrimPrefix(err.Error(), "toml: "))
	}
	return doc, found
}

// isFormal reports whether f already says why a text is not TOML.
func isFormal(f finding) bool { return f.code == CodeSyntax || f.code == CodeDuplicate }

// judged gives the offset that an error of the judge is about.
func (d *document) judged(err error) int {
	decode, ok := errors.AsType[*toml.DecodeError](err)
	if !ok {
		return nowhere
	}
	return d.offset(decode.Position())
}

// parseDocument reads a text as TOML; its root is nil when that is not possible.
func parseDocument(text []byte, how spelling, maxText, elements int) (*document, *findings) {
	found := &findings{}
	unread := &document{source: newSource(text, nil)}
	if f, ok := checkEncoding(text, maxText); !ok {
		found.faults = append(found.faults, f)
		return unread, found
	}
	s := scan(text, elements)
	if how == strict && len(s.insertions) > 0 {
		found.fault(CodeSyntax, "", s.insertions[0].at,
			`this is not TOML 1.0, only a loose spelling of it; write the key in quotes, a module as "std.json" = true`)
		return unread, found
	}
	found.faults = s.faults
	src := newSource(text, s.insertions)
	unread.source = src
	if s.exhausted() {
		return unread, found
	}
	if long := len(src.text); long > maxText {
		found.fault(CodeTooLarge, "", nowhere, "with its keys in quotes the text is %d bytes long, at most %d are allowed", long, maxText)
		return unread, found
	}
	b := build(src, found)
	if b.broken {
		found.endAtError()
		return unread, found
	}
	return &document{src, b.root, b.expressions}, found
}

// endAtError drops what was found behind the error of the parser, which is the
// last finding: there the text means nothing.
func (f *findings) endAtError() {
	end := f.faults[len(f.faults)-1].offset
	f.faults = slices.DeleteFunc(f.faults, func(g finding) bool { return g.offset > end })
}
