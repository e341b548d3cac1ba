package manifest

import (
	"bytes"
)

// FileName is the name of a manifest in its package, and LockName that of a lock file.
const (
	FileName = "oripk.toml"
	LockName = "oripk.lock"
)

// Normalize writes a manifest of either spelling as TOML 1.0: loose keys get
// their quotes, a module alone on its line its value, and nothing else changes.
// The error lists every fault that the text has as TOML, with its place.
func Normalize(text []byte) ([]byte, error) {
	doc, err := normalized(text)
	if err != nil {
		return nil, err
	}
	return bytes.Clone(doc.text), nil
}

func normalized(text []byte) (*document, error) {
	doc, found := readDocument(text, loose)
	if err := found.report(doc.source).Err(FileName); err != nil {
		return nil, err
	}
	return doc, nil
}

// ForArchive gives the text that goes into an archive: TOML 1.0, without
// scripts in any spelling, all else in the author's order with its comments.
// The error is that of Normalize.
func ForArchive(text []byte) ([]byte, error) {
	doc, err := normalized(text)
	if err != nil {
		return nil, err
	}
	var out []byte
	done := 0
	for _, cut := range doc.scripts() {
		out = append(out, doc.text[done:cut.start]...)
		done = cut.end
	}
	return append(out, doc.text[done:]...), nil
}

// span is a range of whole lines.
type span struct{ start, end int }

// scripts gives the lines that define scripts, in order. A section goes with
// its header, its keys and the comments between them.
func (d *document) scripts() (cuts []span) {
	for i := 0; i < len(d.expressions); i++ {
		e := d.expressions[i]
		if e.section != "scripts" {
			continue
		}
		cut := span{d.lineStart(e.start), d.lineEnd(e.end)}
		if e.header {
			next := d.nextSection(i)
			cut.end = d.sectionEnd(next)
			i = next - 1
		}
		cuts = append(cuts, cut)
	}
	return cuts
}

// nextSection gives the number of the first header behind expression i that is
// not one of scripts.
func (d *document) nextSection(i int) int {
	for i < len(d.expressions) && (!d.expressions[i].header || d.expressions[i].section == "scripts") {
		i++
	}
	return i
}

// sectionEnd gives where the lines before the header next end: the comments
// right above a header belong to it.
func (d *document) sectionEnd(next int) int {
	if next == len(d.expressions) {
		return len(d.text)
	}
	end := d.lineStart(d.expressions[next].start)
	for end > 0 {
		above := d.lineStart(end - 1)
		if !bytes.HasPrefix(bytes.TrimLeft(d.text[above:end], " \t"), []byte("#")) {
			break
		}
		end = above
	}
	return end
}

// lineStart gives the start of the line that offset is in.
func (d *document) lineStart(offset int) int {
	return bytes.LastIndexByte(d.text[:offset], '\n') + 1
}

// lineEnd gives the start of the line after the one that offset is in.
func (d *document) lineEnd(offset int) int {
	next := bytes.IndexByte(d.text[offset:], '\n')
	if next < 0 {
		return len(d.text)
	}
	return offset + next + 1
}
