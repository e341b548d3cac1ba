package manifest

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/ori-lang/registry/ident"
)

// Editor changes the dependencies in the text of a manifest and nothing else:
// comments, order, spelling, white space and line ends stay, and what is new
// is written like what stands beside it. spec/manifest.md says where a new
// dependency goes and which comments go with one that is removed.
//
// Each edit is done whole or, with an error, not at all; one that changes
// nothing leaves every byte. The text stays readable as TOML in its spelling.
// Whether it is then right as a manifest says Parse of Bytes: a package may
// have two versions between two edits.
type Editor struct{ *layout }

// Edit begins to edit a manifest of either spelling. The report is that of
// Parse; the editor is nil when the text is not TOML, that is, when Normalize
// gives an error. Other faults can be edited away.
func Edit(text []byte) (*Editor, *Report) {
	doc, found := readDocument(bytes.Clone(text), loose)
	if doc.root == nil {
		return nil, found.report(doc.source)
	}
	readable := len(found.faults) == 0
	newReader(doc, found).manifest()
	if !readable {
		return nil, found.report(doc.source)
	}
	return &Editor{layOut(doc)}, found.report(doc.source)
}

// Bytes gives the text with all edits.
func (e *Editor) Bytes() []byte { return bytes.Clone(e.user) }

// EditError says why an edit cannot be made without guessing, and at which
// place of the text; the place is zero when the edited text as a whole would
// pass a limit.
type EditError struct{ Fault }

func (e *EditError) Error() string { return e.String() }

func (e *Editor) refuse(n *node, format string, args ...any) error {
	return &EditError{Fault{CodeType, n.pointer(), e.position(n.keyAt), fmt.Sprintf(format, args...)}}
}

// Section names a table of dependencies.
type Section struct {
	Kind   Kind
	Target string // the condition, such as `cfg(unix)`, for the kind Target; "" for the others
}

// path gives the keys that lead to the section.
func (s Section) path() ([]string, error) {
	switch {
	case s.Kind == Normal && s.Target == "":
		return []string{"dependencies"}, nil
	case s.Kind == Dev && s.Target == "":
		return []string{"dev-dependencies"}, nil
	case s.Kind == Target && isCondition(s.Target):
		return []string{"target", s.Target, "dependencies"}, nil
	}
	return nil, fmt.Errorf("a manifest has no dependencies of the kind %s with the condition %s", shown(string(s.Kind)), shown(s.Target))
}

// Sections gives the tables of dependencies of every project, and those of the
// targets that the text names.
func (e *Editor) Sections() []Section {
	all := []Section{{Kind: Normal}, {Kind: Dev}}
	targets := e.root.get("target")
	if targets == nil {
		return all
	}
	for _, target := range targets.children {
		if isCondition(target.key) {
			all = append(all, Section{Kind: Target, Target: target.key})
		}
	}
	return all
}

// SetDependency makes d a dependency of the section s: what is there of the
// same package is changed in its own form, and otherwise d is added, with the
// section if that is missing. Kind, Target, Pointer and Position of d say where
// it was read and mean nothing here. The error says what is wrong with d, or is
// an *EditError.
func (e *Editor) SetDependency(s Section, d Dependency) error {
	path, err := s.path()
	if err != nil {
		return err
	}
	if err := d.check(); err != nil {
		return err
	}
	draft := *e
	if err := draft.setDependency(path, d); err != nil {
		return err
	}
	*e = draft
	return nil
}

func (e *Editor) setDependency(section []string, d Dependency) error {
	path := append(slices.Clone(section), d.Package.String())
	n, err := e.find(path)
	switch {
	case err != nil:
		return err
	case n == nil:
		return e.add(section, entry{key: d.Package.String(), value: d.spelled, fields: d.spelledFields})
	case n.kind == kindTable && n.form != formImplicit:
		return e.setFields(path, d)
	case n.kind == kindString && d.isPlain() && n.text == d.Version.String():
		return nil
	}
	return e.replace(n, d.spelled(e.quoteOf(n)))
}

// setFields changes the table of a dependency key by key, so that keys that
// stay, and keys that are not known, are not touched.
func (e *Editor) setFields(path []string, d Dependency) error {
	fields := d.fields()
	for _, removing := range []bool{false, true} {
		for _, f := range fields {
			if f.implied != removing {
				continue
			}
			if err := e.setField(path, f); err != nil {
				return err
			}
		}
	}
	return nil
}

func (e *Editor) setField(path []string, f field) error {
	t := e.root.lookup(path)
	n := t.get(f.key)
	switch {
	case n == nil && f.implied || n != nil && f.isSaidBy(n):
		return nil
	case f.implied:
		return e.apply(e.cut(n)...)
	case n == nil:
		return e.insert(t, entry{key: f.key, value: f.spelled})
	case n.kind == kindArray && f.key == "features":
		return e.setList(append(slices.Clone(path), f.key), f)
	}
	return e.replace(n, f.spelled(e.quoteOf(n)))
}

// SetModule makes a module of the standard library, such as "std.json", a
// dependency of the section s. The error is as for SetDependency.
func (e *Editor) SetModule(s Section, name string) error {
	path, err := s.path()
	if err != nil {
		return err
	}
	if !isModule(name) {
		return fmt.Errorf("%s is not a module of the standard library; write std and a name, such as std.json", shown(name))
	}
	found, err := e.modules(path, name)
	switch {
	case err != nil:
		return err
	case len(found) == 0:
		return e.add(path, entry{key: name, module: true, value: func(byte) string { return "true" }})
	case found[0].kind == kindBool && found[0].text == "true":
		return nil
	}
	return e.replace(found[0], "true")
}

// modules gives the entries of a section that are the module name: more than
// one when it is there in several spellings.
func (e *Editor) modules(section []string, name string) (found []*node, err error) {
	t, rest, err := e.reach(section)
	if err != nil || len(rest) > 0 {
		return nil, err
	}
	for _, c := range entries(t) {
		if c.name == name {
			found = append(found, c.node)
		}
	}
	return found, nil
}

// RemoveDependency takes the package p out of the section s, in every form, and
// reports whether it was there. The section stays, also when it is empty then.
func (e *Editor) RemoveDependency(s Section, p ident.Package) (removed bool, err error) {
	path, err := s.path()
	if err != nil {
		return false, err
	}
	n, err := e.find(append(path, p.String()))
	if err != nil || n == nil {
		return false, err
	}
	return true, e.apply(e.cut(n)...)
}

// RemoveModule takes a module of the standard library out of the section s, in
// every spelling, and reports whether it was there.
func (e *Editor) RemoveModule(s Section, name string) (removed bool, err error) {
	path, err := s.path()
	if err != nil {
		return false, err
	}
	found, err := e.modules(path, name)
	if err != nil || len(found) == 0 {
		return false, err
	}
	return true, e.apply(e.cut(found...)...)
}

// find gives what is at path, nil when nothing is.
func (e *Editor) find(path []string) (*node, error) {
	last := len(path) - 1
	n, rest, err := e.reach(path[:last])
	if err != nil || len(rest) > 0 {
		return nil, err
	}
	return n.get(path[last]), nil
}

// reach goes along path as far as there are tables, and gives the keys that
// are left. What is there but is no table cannot be edited.
func (e *Editor) reach(path []string) (n *node, rest []string, err error) {
	n = e.root
	for i, key := range path {
		c := n.get(key)
		switch {
		case c == nil:
			return n, path[i:], nil
		case c.kind != kindTable:
			return nil, nil, e.refuse(c, "%s is %s, not a table, so it cannot be edited; put that right first", shown(key), c.kind)
		}
		n = c
	}
	return n, nil, nil
}

// replace writes another value for n.
func (e *Editor) replace(n *node, text string) error {
	if n.kind == kindTables || n.kind == kindTable && n.form != formInline {
		return e.refuse(n, "%s is made of sections of its own or of sections inside of it, so no value can take its place; take them out first", shown(n.key))
	}
	p := patch{e.original(n.at), e.original(valueEnd(e.text, n.at)), text}
	if p.start == p.end { // a package alone on its line
		p.text = " = " + text
	}
	return e.apply(p)
}

// apply makes a new text of the old one and reads it.
func (e *Editor) apply(patches ...patch) error {
	doc, found := readDocument(splice(e.user, patches), loose)
	if len(found.faults) > 0 {
		f := found.faults[0]
		return &EditError{Fault{Code: f.code, Detail: "this edit cannot be made: " + f.detail}}
	}
	e.layout = layOut(doc)
	return nil
}
