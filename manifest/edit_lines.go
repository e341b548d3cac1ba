package manifest

import (
	"bytes"
	"slices"
	"sort"
	"strings"
)

// layout is a document with the lines of the author's text. It is not changed
// once it is made.
type layout struct {
	*document
	rows   []row
	ranges []rowRange // of each expression
}

// row is one line of the author's text, its line end included.
type row struct {
	start, end int
	kind       rowKind
}

type rowKind int

const (
	rowBlank rowKind = iota
	rowComment
	rowEntry // any line of a key with its value
	rowHeader
)

// rowRange is a range of lines, both ends included.
type rowRange struct{ first, last int }

func layOut(d *document) *layout {
	l := &layout{document: d}
	start := 0
	for line := range bytes.Lines(d.user) {
		kind := rowComment
		if len(bytes.TrimSpace(line)) == 0 {
			kind = rowBlank
		}
		l.rows = append(l.rows, row{start, start + len(line), kind})
		start += len(line)
	}
	for _, x := range d.expressions {
		kind, end := rowHeader, x.end
		if !x.header {
			kind, end = rowEntry, valueEnd(d.text, x.node.at)
		}
		r := rowRange{l.rowOf(x.start), l.rowOf(end - 1)}
		for i := r.first; i <= r.last; i++ {
			l.rows[i].kind = kind
		}
		l.ranges = append(l.ranges, r)
	}
	return l
}

// rowOf gives the number of the line of an offset in l.text.
func (l *layout) rowOf(offset int) int {
	at := l.original(offset)
	return sort.Search(len(l.rows), func(i int) bool { return l.rows[i].start > at }) - 1
}

// kindAt gives the kind of a line, rowBlank outside of the text.
func (l *layout) kindAt(i int) rowKind {
	if i < 0 || i >= len(l.rows) {
		return rowBlank
	}
	return l.rows[i].kind
}

// indent gives the white space that a line starts with.
func (l *layout) indent(i int) string {
	line := l.user[l.rows[i].start:l.rows[i].end]
	return string(line[:len(line)-len(bytes.TrimLeft(line, " \t"))])
}

// lineEnding gives what ends line i; a line without one is to end as the first does.
func (l *layout) lineEnding(i int) string {
	for _, i := range []int{max(i, 0), 0} {
		switch {
		case len(l.rows) == 0:
		case bytes.HasSuffix(l.user[:l.rows[i].end], []byte("\r\n")):
			return "\r\n"
		case bytes.HasSuffix(l.user[:l.rows[i].end], []byte("\n")):
			return "\n"
		}
	}
	return "\n"
}

// isOpen reports whether line i is the last and has no line end.
func (l *layout) isOpen(i int) bool {
	return i == len(l.rows)-1 && !bytes.HasSuffix(l.user, []byte("\n"))
}

// contentEnd gives the last line of what ends with line i: comments that follow
// at once belong to it, unless a header follows them at once.
func (l *layout) contentEnd(i int) int {
	end := i
	for l.kindAt(end+1) == rowComment {
		end++
	}
	if l.kindAt(end+1) == rowHeader {
		return i
	}
	return end
}

// blockEnd gives the last line of the section of header number x; for x < 0 the
// last line of the text that is not blank, -1 without one.
func (l *layout) blockEnd(x int) int {
	if x < 0 {
		return rowsWithoutBlanks(l.rows) - 1
	}
	for x+1 < len(l.expressions) && !l.expressions[x+1].header {
		x++
	}
	return l.contentEnd(l.ranges[x].last)
}

func rowsWithoutBlanks(rows []row) int {
	n := len(rows)
	for n > 0 && rows[n-1].kind == rowBlank {
		n--
	}
	return n
}

// ownComments gives the first line of the comments that clearly belong to the
// lines first to last, first when there are none. They are those right above,
// except
//
//   - at the start of the text, where they are about the file;
//   - above an entry that another one follows at once: they may head a group;
//   - between a header and an entry that no comment follows: they may be about
//     the section.
func (l *layout) ownComments(first, last int) int {
	top := first
	for l.kindAt(top-1) == rowComment {
		top--
	}
	below := last + 1
	for l.kindAt(below) == rowComment {
		below++
	}
	commented := below > last+1 && l.kindAt(below) != rowHeader
	switch {
	case top == 0:
		return first
	case l.kindAt(first) == rowHeader:
		return top
	case l.kindAt(last+1) == rowEntry:
		return first
	case l.kindAt(top-1) == rowHeader && !commented:
		return first
	}
	return top
}

// linesBehind writes lines behind line i; i is -1 for the start of the text.
func (l *layout) linesBehind(i int, lines ...string) patch {
	eol := l.lineEnding(i)
	switch {
	case i < 0:
		return patch{0, 0, strings.Join(lines, eol) + eol}
	case l.isOpen(i):
		return patch{len(l.user), len(l.user), eol + strings.Join(lines, eol)}
	}
	return patch{l.rows[i].end, l.rows[i].end, strings.Join(lines, eol) + eol}
}

// linesAhead writes lines ahead of line i.
func (l *layout) linesAhead(i int, lines ...string) patch {
	eol := l.lineEnding(i)
	return patch{l.rows[i].start, l.rows[i].start, strings.Join(lines, eol) + eol}
}

// blockBehind writes a section behind line i, with a blank line between them
// unless the text has none at this place either.
func (l *layout) blockBehind(i int, block []string) patch {
	if i >= 0 && l.kindAt(i+1) == rowBlank {
		block = append([]string{""}, block...)
	}
	return l.linesBehind(i, block...)
}

// blockAhead writes a section ahead of the header on line i and its comments,
// with a blank line between them unless the text has none at this place either.
func (l *layout) blockAhead(i int, block []string) patch {
	top := l.ownComments(i, i)
	if l.kindAt(top-1) == rowBlank {
		block = append(block, "")
	}
	return l.linesAhead(top, block...)
}

// cut takes nodes out, which are of one table.
func (l *layout) cut(nodes ...*node) (patches []patch) {
	gone := func(c *node) bool {
		return slices.ContainsFunc(nodes, func(n *node) bool { return isUnder(c, n) })
	}
	if around := inlineAround(nodes[0].parent); around != nil {
		return l.cutItems(around, gone)
	}
	for i := 0; i < len(l.expressions); i++ {
		first := i
		for i < len(l.expressions) && gone(l.expressions[i].node) {
			i++
		}
		if i > first {
			patches = append(patches, l.cutLines(first, i-1))
		}
	}
	return patches
}

// cutLines takes the expressions first to last out with the comments that
// belong to them, and of blank lines that would then meet the fewer.
func (l *layout) cutLines(first, last int) patch {
	from, to := l.ranges[first].first, l.ranges[last].last
	if slices.ContainsFunc(l.expressions[first:last+1], func(x expression) bool { return x.header }) {
		to = l.contentEnd(to)
	}
	from = l.ownComments(from, to)
	above, below := l.blanksAround(from, to)
	switch {
	case from == 0 || 0 < below && below < above:
		to += below
	case below > 0 || to+1 == len(l.rows):
		from -= above
	}
	p := patch{start: l.rows[from].start, end: l.rows[to].end}
	if l.isOpen(to) && from > 0 {
		p.start -= len(l.lineEnding(from - 1))
	}
	return p
}

// blanksAround counts the blank lines above and below some lines.
func (l *layout) blanksAround(from, to int) (above, below int) {
	for above < from && l.kindAt(from-above-1) == rowBlank {
		above++
	}
	for to+below+1 < len(l.rows) && l.kindAt(to+below+1) == rowBlank {
		below++
	}
	return above, below
}

// patch puts text in the place of a part of the author's text.
type patch struct {
	start, end int
	text       string
}

func splice(text []byte, patches []patch) []byte {
	patches = slices.SortedStableFunc(slices.Values(patches), func(a, b patch) int { return a.start - b.start })
	var out []byte
	done := 0
	for _, p := range patches {
		out = append(out, text[done:p.start]...)
		out = append(out, p.text...)
		done = p.end
	}
	return append(out, text[done:]...)
}
