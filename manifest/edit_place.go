package manifest

import (
	"cmp"
	"slices"
	"strings"
)

// entry is what is to be written into a table.
type entry struct {
	below  []string // keys of tables that an inline table does not have yet, on the way to key
	key    string
	module bool
	value  func(quote byte) string
	fields func(quote byte) []string // the same as lines of a section of its own; nil when it can be none
}

// add writes a new entry into the table at path.
func (e *Editor) add(path []string, it entry) error {
	t, rest, err := e.reach(path)
	switch {
	case err != nil:
		return err
	case inlineAround(t) != nil:
		it.below = rest
		return e.insert(t, it)
	case len(rest) > 0:
		return e.addSection(t, path, it)
	case t.form == formImplicit && it.fields != nil:
		return e.addTable(t, path, it)
	case t.form == formImplicit:
		first := e.header(t, true)
		return e.apply(e.blockAhead(e.ranges[first].first, e.newSection(path, it)))
	}
	return e.insert(t, it)
}

// insert writes a new entry into a table that has entries or can have them.
func (e *Editor) insert(t *node, it entry) error {
	near := nearest(entries(t), it.key)
	text := e.spell(t, it, near)
	switch {
	case near.node == nil && t.form == formInline:
		return e.apply(e.fill(t, text))
	case near.node == nil:
		own := slices.IndexFunc(e.expressions, func(x expression) bool { return x.header && x.node == t })
		row := e.ranges[own].first
		return e.apply(e.linesBehind(row, e.indent(row)+text))
	case inlineAround(t) != nil:
		return e.apply(e.item(near, text))
	}
	first, last := e.rowOf(near.leaf().from), e.rowOf(e.end(near.leaf())-1)
	text = e.indent(first) + text
	if near.behind {
		return e.apply(e.linesBehind(last, text))
	}
	return e.apply(e.linesAhead(e.ownComments(first, last), text))
}

// spell writes the entry of a table.
func (e *Editor) spell(t *node, it entry, near neighbour) string {
	st := e.styleOf(near.node, near.leaf())
	before := ""
	if t.form == formDotted {
		before = e.raw(t.from, keyEnd(e.text, t.keyAt)) + "."
	}
	for _, key := range it.below {
		before += quotedKey(key) + "."
	}
	switch {
	case it.module && near.node != nil && near.node.parent != t && fits(t, it.key):
		return st.with(before+it.key, it.value(st.quote))
	case it.module && st.bare && t.form == formHeader:
		return it.key
	}
	return st.with(before+st.pkg(it.key), it.value(st.quote))
}

// fits reports whether a module can be a dotted key of the table t.
func fits(t *node, module string) bool {
	for part := range strings.SplitSeq(module, ".") {
		c := t.get(part)
		if c == nil {
			return true
		}
		if c.kind != kindTable || c.form != formDotted {
			return false
		}
		t = c
	}
	return false
}

// addSection writes a section that is not there yet, with its first entry; t
// is the table that its header goes through.
func (e *Editor) addSection(t *node, path []string, it entry) error {
	order := []string{"project", "dependencies", "dev-dependencies", "target"}
	rank := func(section string) int {
		if at := slices.Index(order, section); at >= 0 {
			return at
		}
		return len(order)
	}
	at := e.header(t, false)
	if t == e.root {
		for i, x := range e.expressions {
			if x.header && rank(x.section) < rank(path[0]) {
				at = i
			}
		}
	}
	return e.apply(e.blockBehind(e.blockEnd(at), e.newSection(path, it)))
}

// newSection gives the lines of a section of dependencies with one entry.
func (e *Editor) newSection(path []string, it entry) []string {
	st := e.styleOf(nil, nil)
	line := st.with(st.pkg(it.key), it.value(st.quote))
	if it.module && st.bare {
		line = it.key
	}
	return []string{"[" + e.rawPath(path) + "]", line}
}

// addTable writes a new dependency as a section of its own, beside others that
// are: t has nothing else.
func (e *Editor) addTable(t *node, path []string, it entry) error {
	near := nearest(tables(t), it.key)
	st := e.styleOf(near.node, nil)
	first, last := e.header(near.node, true), e.header(near.node, false)
	indent := e.indent(e.ranges[first].first)
	block := []string{indent + "[" + e.rawPath(path) + "." + st.pkg(it.key) + "]"}
	for _, f := range it.fields(st.quote) {
		block = append(block, indent+f)
	}
	if near.behind {
		return e.apply(e.blockBehind(e.blockEnd(last), block))
	}
	return e.apply(e.blockAhead(e.ranges[first].first, block))
}

// rawPath writes the keys of a header, as the text has them already where it does.
func (e *Editor) rawPath(path []string) string {
	var parts []string
	n := e.root
	for _, key := range path {
		if n = n.get(key); n != nil {
			parts = append(parts, e.rawKey(n))
			continue
		}
		parts = append(parts, quotedKey(key))
	}
	return strings.Join(parts, ".")
}

// header gives the number of the first or the last header in the text that is
// of n or of a table inside of it; -1 without one.
func (e *Editor) header(n *node, first bool) int {
	at := -1
	for i, x := range e.expressions {
		if x.header && isUnder(x.node, n) {
			if at = i; first {
				break
			}
		}
	}
	return at
}

// isUnder reports whether c is n or inside of it.
func isUnder(c, n *node) bool {
	for ; c != nil; c = c.parent {
		if c == n {
			return true
		}
	}
	return false
}

// inlineAround gives the { } that n is or is inside of, nil without one.
func inlineAround(n *node) *node {
	for ; n != nil; n = n.parent {
		if n.kind == kindTable && n.form == formInline {
			return n
		}
	}
	return nil
}

// named is an entry of a table under the name that it has as a dependency:
// std.json is one entry, although to TOML it is a table in a table.
type named struct {
	name string
	*node
}

// isEntry reports whether n is written as a key with its value, or as dotted
// keys, not as a section of its own.
func isEntry(n *node) bool {
	return n.kind != kindTables && (n.kind != kindTable || n.form == formDotted || n.form == formInline)
}

// leaves gives the keys with values that n is made of, in the order of the
// text, without those in sections of their own.
func leaves(n *node) (out []*node) {
	if n.kind != kindTable || n.form == formInline {
		return []*node{n}
	}
	for _, c := range n.children {
		if isEntry(c) {
			out = append(out, leaves(c)...)
		}
	}
	slices.SortFunc(out, func(a, b *node) int { return cmp.Compare(a.from, b.from) })
	return out
}

// entries gives the entries of a table in the order in which they end.
func entries(t *node) (out []named) {
	for _, c := range t.children {
		if isEntry(c) {
			out = append(out, namesIn(c, c.key)...)
		}
	}
	end := func(n named) int { return neighbour{n.node, true}.leaf().from }
	slices.SortStableFunc(out, func(a, b named) int { return cmp.Compare(end(a), end(b)) })
	return out
}

// namesIn gives n, or the modules in it when it is the table of dotted keys std.….
func namesIn(n *node, name string) (out []named) {
	if name != "std" && classOf(name) != "module" || n.kind != kindTable || n.form != formDotted {
		return []named{{name, n}}
	}
	for _, c := range n.children {
		out = append(out, namesIn(c, name+"."+c.key)...)
	}
	return out
}

// tables gives the sections inside of a table in the order of the text.
func tables(t *node) (out []named) {
	for _, c := range t.children {
		if !isEntry(c) {
			out = append(out, named{c.key, c})
		}
	}
	return out
}

// classOf tells packages and modules apart, which are sorted each by themselves.
func classOf(name string) string {
	switch {
	case strings.HasPrefix(name, "@"):
		return "package"
	case strings.HasPrefix(name, "std."):
		return "module"
	}
	return ""
}

// neighbour is an entry and the side of it where a new one goes.
type neighbour struct {
	*node  // nil: there is none
	behind bool
}

// leaf gives the key with its value that a new line goes beside: of those that
// the neighbour is made of the first or the last; nil without a neighbour.
func (n neighbour) leaf() *node {
	if n.node == nil {
		return nil
	}
	all := leaves(n.node)
	if n.behind {
		return all[len(all)-1]
	}
	return all[0]
}

// nearest gives the place of a new key among all: by its name, when those of
// its class are sorted by the bytes of their names, else behind the last.
func nearest(all []named, key string) neighbour {
	like := slices.DeleteFunc(slices.Clone(all), func(n named) bool { return classOf(n.name) != classOf(key) })
	byName := func(a, b named) int { return cmp.Compare(a.name, b.name) }
	switch {
	case len(all) == 0:
		return neighbour{}
	case classOf(key) == "" || len(like) == 0 || !slices.IsSortedFunc(like, byName):
		return neighbour{all[len(all)-1].node, true}
	}
	at, _ := slices.BinarySearchFunc(like, named{name: key}, byName)
	if at == 0 {
		return neighbour{like[0].node, false}
	}
	return neighbour{like[at-1].node, true}
}
