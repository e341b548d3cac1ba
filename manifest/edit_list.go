package manifest

import (
	"bytes"
	"slices"
	"strings"
)

// valueEnd gives the offset behind the value that starts at an offset of a
// text that is TOML.
func valueEnd(text []byte, at int) int {
	s := &scanner{text: text, pos: at, most: len(text)}
	switch c := s.char(); c {
	case '"', '\'':
		s.anyString(c)
		return s.pos
	case '[', '{':
		s.value()
		return s.pos
	}
	s.run(func(c byte) bool { return strings.IndexByte(",]}#\r\n", c) < 0 })
	return at + len(bytes.TrimRight(text[at:s.pos], " \t"))
}

// keyEnd gives the offset behind the part of a key that starts at an offset.
func keyEnd(text []byte, at int) int {
	s := &scanner{text: text, pos: at}
	s.keyPart()
	return s.pos
}

// end gives the offset behind the value of n.
func (l *layout) end(n *node) int { return valueEnd(l.text, n.at) }

// between puts text in the place of a part of l.text.
func (l *layout) between(start, end int, text string) patch {
	return patch{l.original(start), l.original(end), text}
}

// fill writes the first entry of an inline table, with as much white space
// behind it as is before it.
func (l *layout) fill(t *node, text string) patch {
	closing := l.end(t) - 1
	return l.between(closing, closing, text+string(l.text[t.at+1:closing]))
}

// item writes an entry of an inline table beside another.
func (l *layout) item(near neighbour, text string) patch {
	leaf := near.leaf()
	if near.behind {
		return l.between(l.end(leaf), l.end(leaf), ", "+text)
	}
	return l.between(leaf.from, leaf.from, text+", ")
}

// cutItems takes entries out of an inline table, each with the comma that
// leads to it; the first with the one behind it.
func (l *layout) cutItems(t *node, gone func(*node) bool) (patches []patch) {
	var items []*node
	for _, c := range entries(t) {
		items = append(items, leaves(c.node)...)
	}
	slices.SortFunc(items, func(a, b *node) int { return a.from - b.from })
	for i := 0; i < len(items); i++ {
		first := i
		for i < len(items) && gone(items[i]) {
			i++
		}
		switch {
		case i == first:
		case first > 0:
			patches = append(patches, l.between(l.end(items[first-1]), l.end(items[i-1]), ""))
		case i < len(items):
			patches = append(patches, l.between(items[0].from, items[i].from, ""))
		default:
			patches = append(patches, l.between(items[0].from, l.end(t)-1, ""))
		}
	}
	return patches
}

// setList changes a list of strings: entries that stay keep their places and
// comments when the new ones can go behind them, else all of it is written anew.
func (e *Editor) setList(path []string, f field) error {
	n := e.root.lookup(path)
	want := f.want.([]string)
	stays := func(c *node) bool { return slices.Contains(want, c.text) }
	kept := slices.DeleteFunc(slices.Clone(n.children), func(c *node) bool { return !stays(c) })
	cuts, ok := e.cutElements(n, stays)
	if !ok || len(kept) == 0 || len(kept) > len(want) || !slices.EqualFunc(kept, want[:len(kept)], isString) {
		return e.replace(n, f.spelled(e.quoteOf(n)))
	}
	if err := e.apply(cuts...); err != nil || len(kept) == len(want) {
		return err
	}
	return e.apply(e.appendElements(e.root.lookup(path), want[len(kept):])...)
}

// cutElements takes elements out of a list of strings. In one of several lines
// it can only do so with whole lines.
func (l *layout) cutElements(n *node, stays func(*node) bool) (patches []patch, ok bool) {
	all := n.children
	for i, c := range all {
		switch {
		case c.kind != kindString:
			return nil, false
		case stays(c):
		case l.isAlone(c):
			row := l.rows[l.rowOf(c.at)]
			patches = append(patches, patch{row.start, row.end, ""})
		case l.rowOf(n.at) != l.rowOf(l.end(n)-1):
			return nil, false
		case len(patches) == i && i+1 == len(all):
			return nil, false
		case len(patches) == i:
			patches = append(patches, l.between(c.at, all[i+1].at, ""))
		default:
			patches = append(patches, l.between(l.end(all[i-1]), l.end(c), ""))
		}
	}
	return patches, true
}

// isAlone reports whether the line of an element has nothing but it, its comma
// and a comment.
func (l *layout) isAlone(c *node) bool {
	row := l.rows[l.rowOf(c.at)]
	if row.end < l.original(l.end(c)) {
		return false
	}
	before := l.user[row.start:l.original(c.at)]
	behind, _, _ := bytes.Cut(l.user[l.original(l.end(c)):row.end], []byte("#"))
	rest := string(bytes.TrimSpace(behind))
	return len(bytes.TrimSpace(before)) == 0 && (rest == "" || rest == ",")
}

// appendElements writes strings behind the last element of a list, on lines of
// their own when that one has such.
func (l *layout) appendElements(n *node, texts []string) []patch {
	last := n.children[len(n.children)-1]
	end := l.end(last)
	quote := l.text[last.at]
	texts = quotedAll(texts, quote)
	row := l.rowOf(last.at)
	comma := l.commaBehind(end)
	if !l.isAlone(last) || comma >= 0 && l.rowOf(comma) != row {
		return []patch{l.between(end, end, ", "+strings.Join(texts, ", "))}
	}
	for i := range texts {
		texts[i] = l.indent(row) + texts[i]
		if comma >= 0 || i < len(texts)-1 {
			texts[i] += ","
		}
	}
	lines := l.linesBehind(row, texts...)
	if comma >= 0 {
		return []patch{lines}
	}
	return []patch{l.between(end, end, ","), lines}
}

// commaBehind gives the offset of the comma behind the last element of a list
// that ends at an offset, -1 when there is none.
func (l *layout) commaBehind(end int) int {
	for at := end; ; at++ {
		switch l.text[at] {
		case ',':
			return at
		case ']':
			return -1
		case '#':
			at += bytes.IndexByte(l.text[at:], '\n')
		}
	}
}
