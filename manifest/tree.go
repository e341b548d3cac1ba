package manifest

import (
	"errors"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// kind is the kind of a value, as far as a manifest tells them apart.
type kind int

const (
	kindTable  kind = iota
	kindTables      // an array of tables made by [[headers]]
	kindArray
	kindString
	kindBool
	kindOther // a number, a date, a time: nothing here takes one
)

func (k kind) String() string {
	return [...]string{"a table", "an array of tables", "an array", "a string", "a boolean", "a number or a date"}[k]
}

// form says how a table came about, which decides what may be added to it.
type form int

const (
	formImplicit form = iota // by the header of a table inside of it
	formHeader               // by a header of its own
	formDotted               // by a dotted key
	formInline               // by { }, or by [ ] for an array
)

// node is a value with its place: offsets are in source.text.
type node struct {
	kind     kind
	form     form
	key      string // in the parent; the number of an element of an array
	parent   *node
	from     int    // where the whole key starts that it is the last part of, or was first a part of
	keyAt    int    // where its own part of the key is; for an element of an array, its value
	at       int    // where its value is; for a table of a header, its key
	text     string // a string decoded; of other scalars the raw text
	children []*node
	index    map[string]*node // of a table
}

// get gives the entry of a table, nil when there is none.
func (n *node) get(key string) *node {
	if n == nil {
		return nil
	}
	return n.index[key]
}

// lookup gives the entry at path below n, nil when there is none.
func (n *node) lookup(path []string) *node {
	for _, key := range path {
		n = n.get(key)
	}
	return n
}

// add puts a new child under n.
func (n *node) add(c *node) *node {
	c.parent = n
	n.children = append(n.children, c)
	if n.kind != kindTable {
		c.key = strconv.Itoa(len(n.children) - 1)
		return c
	}
	if n.index == nil {
		n.index = map[string]*node{}
	}
	n.index[c.key] = c
	return c
}

// pointer gives the place of n as an RFC 6901 pointer.
func (n *node) pointer() string {
	if n.parent == nil {
		return ""
	}
	return n.parent.pointer() + "/" + escapePointer.Replace(n.key)
}

// escapePointer escapes one part of an RFC 6901 pointer.
var escapePointer = strings.NewReplacer("~", "~0", "/", "~1")

// expression is a header or a key with its value, as a range of source.text.
type expression struct {
	node       *node // the table or the value; not in the tree when it was refused
	header     bool
	section    string // the key of the root that it is about
	start, end int
}

// builder makes the tree of a document, expression by expression, by the rules
// of TOML 1.0 for what may be defined again.
type builder struct {
	*findings
	source      *source
	parser      unstable.Parser
	root        *node
	current     *node  // the table of the last header
	section     string // of the last header, "" before the first
	expressions []expression
	broken      bool // by a syntax error
}

// build parses the text of s up to its end or the first syntax error.
func build(s *source, f *findings) *builder {
	root := &node{kind: kindTable, form: formHeader}
	b := &builder{findings: f, source: s, root: root, current: root}
	b.parser.Reset(s.text)
	for b.parser.NextExpression() {
		if e := b.parser.Expression(); e.Kind == unstable.KeyValue {
			b.keyValue(e)
		} else {
			b.header(e)
		}
	}
	if err := b.parser.Error(); err != nil {
		b.syntax(err)
	}
	return b
}

// part is one part of a key.
type part struct {
	name       string
	start, end int
}

func (b *builder) parts(it unstable.Iterator) (parts []part) {
	for it.Next() {
		n := it.Node()
		start := int(n.Raw.Offset)
		parts = append(parts, part{string(n.Data), start, start + int(n.Raw.Length)})
	}
	return parts
}

func (b *builder) header(e *unstable.Node) {
	parts := b.parts(e.Key())
	last := len(parts) - 1
	b.section = parts[0].name
	b.openTable(parts, e.Kind == unstable.ArrayTable)
	b.expressions = append(b.expressions, expression{b.current, true, b.section, parts[0].start, parts[last].end})
}

// openTable makes the table of a header the current one.
func (b *builder) openTable(parts []part, array bool) {
	last := len(parts) - 1
	n := b.root
	for _, p := range parts[:last] {
		if n = b.enter(n, p); n == nil {
			b.detach(parts)
			return
		}
	}
	open := b.table
	if array {
		open = b.element
	}
	if b.current = open(n, parts[last]); b.current == nil {
		b.detach(parts)
	}
}

// detach lets the lines under a header that is refused go nowhere, so that
// they are not refused as well.
func (b *builder) detach(header []part) {
	b.current = b.root
	for _, p := range header {
		b.current = &node{kind: kindTable, key: p.name, parent: b.current}
	}
}

// enter goes from a table into one of its tables on the way of a header.
func (b *builder) enter(n *node, p part) *node {
	c := n.get(p.name)
	switch {
	case c == nil:
		return n.add(&node{kind: kindTable, key: p.name, keyAt: p.start, at: p.start})
	case c.kind == kindTables:
		return c.children[len(c.children)-1]
	case c.kind == kindTable && c.form != formInline:
		return c
	}
	b.duplicate(c, p)
	return nil
}

// table begins the table of a [header]; nil when it cannot be there.
func (b *builder) table(n *node, p part) *node {
	c := n.get(p.name)
	switch {
	case c == nil:
		return n.add(&node{kind: kindTable, form: formHeader, key: p.name, keyAt: p.start, at: p.start})
	case c.kind == kindTable && c.form == formImplicit:
		c.form = formHeader
		return c
	}
	b.duplicate(c, p)
	return nil
}

// element begins the next table of a [[header]]; nil when it cannot be there.
func (b *builder) element(n *node, p part) *node {
	c := n.get(p.name)
	if c == nil {
		c = n.add(&node{kind: kindTables, key: p.name, keyAt: p.start, at: p.start})
	}
	if c.kind != kindTables {
		b.duplicate(c, p)
		return nil
	}
	return c.add(&node{kind: kindTable, form: formHeader, keyAt: p.start, at: p.start})
}

func (b *builder) keyValue(e *unstable.Node) {
	parts := b.parts(e.Key())
	start := int(e.Raw.Offset)
	section := b.section
	if section == "" && b.current == b.root {
		section = parts[0].name
	}
	value := b.assign(b.current, parts, e.Value())
	b.expressions = append(b.expressions, expression{value, false, section, start, start + int(e.Raw.Length)})
}

// assign gives the key in a table its value; nil when the key is refused.
func (b *builder) assign(n *node, parts []part, value *unstable.Node) *node {
	last := len(parts) - 1
	for _, p := range parts[:last] {
		c := n.get(p.name)
		if c == nil {
			c = n.add(&node{kind: kindTable, form: formDotted, key: p.name, from: parts[0].start, keyAt: p.start, at: p.start})
		}
		if c.kind != kindTable || c.form != formDotted {
			b.duplicate(c, p)
			return nil
		}
		n = c
	}
	p := parts[last]
	if c := n.get(p.name); c != nil {
		b.duplicate(c, p)
		return nil
	}
	c := n.add(&node{key: p.name, from: parts[0].start, keyAt: p.start})
	b.fill(c, value, b.valueStart(p))
	return c
}

// valueStart gives the offset of the value behind the last part of its key.
func (b *builder) valueStart(p part) int {
	at := p.end
	for at < len(b.source.text) && strings.IndexByte(" \t=", b.source.text[at]) >= 0 {
		at++
	}
	return at
}

// fill sets kind and content of c; its depth was bounded by the scanner.
func (b *builder) fill(c *node, value *unstable.Node, at int) {
	c.at, c.form = at, formInline
	switch value.Kind {
	case unstable.Array:
		c.kind = kindArray
		b.elements(c, value)
	case unstable.InlineTable:
		c.kind = kindTable
		b.entries(c, value)
	case unstable.String:
		c.kind, c.text = kindString, string(value.Data)
	case unstable.Bool:
		c.kind, c.text = kindBool, string(value.Data)
	default:
		c.kind, c.text = kindOther, string(value.Data)
		b.checkTime(c, value.Kind)
	}
}

func (b *builder) elements(c *node, value *unstable.Node) {
	for it := value.Children(); it.Next(); {
		v := it.Node()
		at := c.at // the parser gives no place for an array inside of an array
		if v.Kind != unstable.Array {
			at = int(v.Raw.Offset)
		}
		b.fill(c.add(&node{keyAt: at}), v, at)
	}
}

func (b *builder) entries(c *node, value *unstable.Node) {
	for it := value.Children(); it.Next(); {
		kv := it.Node()
		b.assign(c, b.parts(kv.Key()), kv.Value())
	}
}

// checkTime refuses a time without seconds, which is TOML 1.1.
func (b *builder) checkTime(c *node, k unstable.Kind) {
	clock := c.text
	switch k {
	case unstable.DateTime, unstable.LocalDateTime:
		clock = clock[min(len("2006-01-02T"), len(clock)):]
	case unstable.LocalTime:
	default:
		return
	}
	if len(clock) < len("15:04:05") || clock[len("15:04")] != ':' {
		b.fault(CodeSyntax, c.pointer(), c.at, "a time in TOML 1.0 has hours, minutes and seconds")
	}
}

// duplicate says that what p names is there already as c.
func (b *builder) duplicate(c *node, p part) {
	line := b.source.position(c.keyAt).Line
	b.fault(CodeDuplicate, c.pointer(), p.start, "%s is given here and at line %d; keep one of them", shown(p.name), line)
}

// syntax notes the error that ended the parser.
func (b *builder) syntax(err error) {
	b.broken = true
	at := len(b.source.text)
	if e, ok := errors.AsType[*unstable.ParserError](err); ok && len(e.Highlight) > 0 {
		at = int(b.parser.Range(e.Highlight).Offset)
	}
	b.fault(CodeSyntax, "", at, "this is not TOML: %v", err)
}
