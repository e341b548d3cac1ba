package manifest

import (
	"bytes"
	"fmt"
	"sort"
	"unicode/utf8"
)

// source is a text as its author wrote it and the TOML that was made of it.
// The two differ only by what was inserted, so each place of the one has a
// place in the other.
type source struct {
	user       []byte
	text       []byte      // user with all insertions; user itself when there are none
	insertions []insertion // by at
	lines      []int       // offset in user of the start of each line, once a place was asked for
}

// insertion is one piece of text that the author left out.
type insertion struct {
	at    int // offset in the author's text
	piece string
}

func newSource(user []byte, insertions []insertion) *source {
	s := &source{user: user, insertions: insertions}
	if s.text = user; len(insertions) > 0 {
		s.text = weave(user, 0, insertions)
	}
	return s
}

// weave gives the part of text from start on, with the insertions in it.
func weave(text []byte, start int, insertions []insertion) []byte {
	var out []byte
	for _, in := range insertions {
		out = append(out, text[start:in.at]...)
		out = append(out, in.piece...)
		start = in.at
	}
	return append(out, text[start:]...)
}

// original gives the offset in the author's text of an offset in s.text.
func (s *source) original(offset int) int {
	inserted := 0
	for _, in := range s.insertions {
		start := in.at + inserted
		if offset < start {
			break
		}
		if offset < start+len(in.piece) {
			return in.at
		}
		inserted += len(in.piece)
	}
	return offset - inserted
}

// position gives the place in the author's text of an offset in s.text.
func (s *source) position(offset int) Position {
	if offset < 0 {
		return Position{}
	}
	at := min(s.original(offset), len(s.user))
	for 0 < at && at < len(s.user) && !utf8.RuneStart(s.user[at]) {
		at-- // the parser calls the last byte the end of the text
	}
	if s.lines == nil {
		s.lines = lineStarts(s.user)
	}
	line := sort.SearchInts(s.lines, at+1)
	return Position{line, 1 + utf8.RuneCount(s.user[s.lines[line-1]:at])}
}

func lineStarts(text []byte) []int {
	starts := make([]int, 1, 1+bytes.Count(text, []byte("\n")))
	for i, c := range text {
		if c == '\n' {
			starts = append(starts, i+1)
		}
	}
	return starts
}

// offset gives the offset in s.text of a line and a column in bytes, both from
// 1, as go-toml counts them; a place outside of the text becomes its end.
func (s *source) offset(line, column int) int {
	start := 0
	for range line - 1 {
		next := bytes.IndexByte(s.text[start:], '\n')
		if next < 0 {
			break
		}
		start += next + 1
	}
	return max(0, min(start+column-1, len(s.text)))
}

// checkEncoding finds what makes a text unreadable before any of it is read:
// its size, a byte order mark, bytes that are not UTF-8.
func checkEncoding(text []byte, limit int) (f finding, ok bool) {
	const mark = "\ufeff"
	if len(text) > limit {
		detail := fmt.Sprintf("the text is %d bytes long, at most %d are allowed", len(text), limit)
		return finding{nowhere, CodeTooLarge, "", detail}, false
	}
	if bytes.HasPrefix(text, []byte(mark)) {
		return finding{0, CodeSyntax, "", "the text starts with a byte order mark; save it as UTF-8 without one"}, false
	}
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && size == 1 {
			return finding{i, CodeSyntax, "", "this is not UTF-8; save the text in that encoding"}, false
		}
		i += size
	}
	return finding{}, true
}
