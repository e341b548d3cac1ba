package manifest

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// scanner walks over a text once, without recursion, before the TOML parser
// sees it. It knows strings, comments and brackets, and finds
//
//   - the loose spellings, for each of which it notes what to insert,
//   - what the parser takes although it is TOML 1.1: line breaks, comments and
//     trailing commas in inline tables, the escapes \e and \x,
//   - how deep and how much there is, so that no text costs the parser more
//     than its share.
//
// On text that is no TOML it must only come to an end: the parser then says
// what is wrong.
type scanner struct {
	text       []byte
	pos        int
	open       []byte // the brackets that are open around pos
	elements   int    // keys and values so far
	most       int    // elements that are allowed
	packages   bool   // the lines belong to a table of dependencies
	insertions []insertion
	inserted   int       // bytes of all insertions so far
	faults     []finding // offsets are in the text with the insertions
	headers    unstable.Parser
}

// scan reads text to its end; most bounds the number of keys and values.
func scan(text []byte, most int) *scanner {
	s := &scanner{text: text, most: most}
	for s.pos < len(text) && !s.exhausted() {
		s.line()
	}
	return s
}

// exhausted reports whether a limit was passed, which ends the scan.
func (s *scanner) exhausted() bool {
	return len(s.faults) > 0 && s.faults[len(s.faults)-1].code == CodeLimit
}

func (s *scanner) fault(code string, at int, format string, args ...any) {
	if !s.exhausted() {
		s.faults = append(s.faults, finding{at + s.inserted, code, "", fmt.Sprintf(format, args...)})
	}
}

func (s *scanner) insert(at int, piece string) {
	s.insertions = append(s.insertions, insertion{at, piece})
	s.inserted += len(piece)
}

// count counts one more key or value.
func (s *scanner) count() {
	if s.elements++; s.elements > s.most {
		s.fault(CodeLimit, s.pos, "there are more than %d keys and values; nothing after this place was read", s.most)
	}
}

// at reports whether the text goes on with token.
func (s *scanner) at(token string) bool {
	return bytes.HasPrefix(s.text[s.pos:], []byte(token))
}

// char is the byte at the scanner's place, 0 at the end.
func (s *scanner) char() byte {
	if s.pos < len(s.text) {
		return s.text[s.pos]
	}
	return 0
}

func (s *scanner) space() {
	for s.char() == ' ' || s.char() == '\t' {
		s.pos++
	}
}

// restOfLine goes behind the next line break.
func (s *scanner) restOfLine() {
	next := bytes.IndexByte(s.text[s.pos:], '\n')
	if next < 0 {
		s.pos = len(s.text)
		return
	}
	s.pos += next + 1
}

// line reads one expression: a header, a key with its value, or nothing.
func (s *scanner) line() {
	s.space()
	switch {
	case s.char() == '[':
		s.header()
	case s.char() != '#' && s.char() != '\n' && s.char() != '\r':
		if !s.packages || !s.bareModule() {
			s.entry()
		}
	}
	s.restOfLine()
}

func (s *scanner) header() {
	start, noted := s.pos, len(s.insertions)
	s.pos++
	if s.char() == '[' {
		s.pos++
	}
	s.key()
	for s.char() == ']' {
		s.pos++
	}
	header := weave(s.text[:s.pos], start, s.insertions[noted:])
	s.packages = isDependencyTable(s.headerPath(header))
}

// headerPath gives the decoded parts of a header, nil when it is malformed.
func (s *scanner) headerPath(header []byte) (path []string) {
	s.headers.Reset(header)
	if !s.headers.NextExpression() {
		return nil
	}
	for it := s.headers.Expression().Key(); it.Next(); {
		path = append(path, string(it.Node().Data))
	}
	return path
}

// isDependencyTable reports whether the keys of a table are packages.
func isDependencyTable(path []string) bool {
	switch len(path) {
	case 1:
		return path[0] == "dependencies" || path[0] == "dev-dependencies"
	case 3:
		return path[0] == "target" && path[2] == "dependencies"
	}
	return false
}

// bareModule reads `std.json` alone on a line, which stands for `"std.json" = true`.
func (s *scanner) bareModule() bool {
	if !s.at("std.") {
		return false
	}
	start := s.pos
	s.run(func(c byte) bool { return c == '.' || isBareChar(c) })
	end := s.pos
	s.space()
	if name := string(s.text[start:end]); !s.atLineEnd() || strings.Contains(name+".", "..") {
		s.pos = start
		return false
	}
	s.count()
	s.boundKey(start, end-start)
	s.insert(start, `"`)
	s.insert(end, `" = true`)
	return true
}

// atLineEnd reports whether only a comment can follow on the line.
func (s *scanner) atLineEnd() bool {
	return s.pos == len(s.text) || bytes.IndexByte([]byte("#\r\n"), s.text[s.pos]) >= 0
}

// entry reads a key and its value. A package without a value gets one, so that
// the reader of dependencies can say that the version is missing.
func (s *scanner) entry() {
	loose := s.char() == '@'
	s.key()
	end := len(bytes.TrimRight(s.text[:s.pos], " \t"))
	switch {
	case s.char() == '=':
		s.pos++
		s.value()
	case loose && s.packages && s.atLineEnd():
		s.insert(end, " = true")
	}
}

// key reads a key with its dots and goes behind the spaces that follow it.
func (s *scanner) key() {
	s.count()
	for parts := 1; ; parts++ {
		s.space()
		if parts > maxDepth {
			s.fault(CodeLimit, s.pos, "this key has more than %d parts", maxDepth)
		}
		s.keyPart()
		s.space()
		if s.char() != '.' || s.exhausted() {
			return
		}
		s.pos++
	}
}

func (s *scanner) keyPart() {
	start, quotes := s.pos, 0
	switch c := s.char(); c {
	case '"', '\'':
		s.shortString(c)
		quotes = 2
	case '@':
		s.insert(s.pos, `"`)
		s.run(isLooseChar)
		s.insert(s.pos, `"`)
	default:
		s.run(isBareChar)
	}
	s.boundKey(start, s.pos-start-quotes)
}

// boundKey refuses a part of a key that is too long; both spellings of a key
// have the same length.
func (s *scanner) boundKey(start, length int) {
	if length > maxKey {
		s.fault(CodeLimit, start, "this key is %d bytes long, at most %d are allowed", length, maxKey)
	}
}

func (s *scanner) run(in func(byte) bool) {
	for s.pos < len(s.text) && in(s.text[s.pos]) {
		s.pos++
	}
}

func isBareChar(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_'
}

// isLooseChar reports whether c can be in the bare name of a package, well
// formed or not: all that cannot end a key and needs no escape in a string.
func isLooseChar(c byte) bool {
	return c > ' ' && c != 0x7f && strings.IndexByte(`=.[]{},#"'\`, c) < 0
}

// value reads a value to its end, which is the end of the line or, after a
// bracket, the bracket that closes it.
func (s *scanner) value() {
	s.open = s.open[:0]
	for s.pos < len(s.text) && !s.exhausted() {
		switch c := s.text[s.pos]; c {
		case '\n':
			if len(s.open) == 0 {
				return
			}
			s.notInInlineTable("a line break")
			s.pos++
		case '#':
			if len(s.open) == 0 {
				return
			}
			s.notInInlineTable("a comment")
			s.restOfLine()
		case '"', '\'':
			s.anyString(c)
		case '[', '{':
			s.openBracket(c)
		case ']', '}':
			if s.closeBracket(); len(s.open) == 0 {
				return
			}
		case ',':
			s.comma()
		default:
			s.pos++
		}
	}
}

// blamed stands for a '{' in scanner.open whose table has had its fault.
const blamed = '<'

func (s *scanner) inInlineTable() bool {
	return len(s.open) > 0 && s.open[len(s.open)-1] != '['
}

func (s *scanner) notInInlineTable(what string) {
	if last := len(s.open) - 1; last >= 0 && s.open[last] == '{' {
		s.open[last] = blamed
		s.fault(CodeSyntax, s.pos, "%s cannot be inside of { }; write the table as a section of its own", what)
	}
}

func (s *scanner) openBracket(c byte) {
	if s.open = append(s.open, c); len(s.open) > maxDepth {
		s.fault(CodeLimit, s.pos, "arrays and tables are nested more than %d deep", maxDepth)
	}
	s.pos++
	if c == '[' {
		s.count()
		return
	}
	if s.space(); s.char() != '}' {
		s.innerKey()
	}
}

func (s *scanner) closeBracket() {
	s.open = s.open[:max(0, len(s.open)-1)]
	s.pos++
}

func (s *scanner) comma() {
	at := s.pos
	s.pos++
	if !s.inInlineTable() {
		s.count()
		return
	}
	if s.space(); s.char() == '}' {
		s.fault(CodeSyntax, at, "the last entry of an inline table has no comma behind it")
		return
	}
	s.innerKey()
}

// innerKey reads a key of an inline table, unless something else is there.
func (s *scanner) innerKey() {
	if c := s.char(); c == '"' || c == '\'' || c == '@' || isBareChar(c) {
		s.key()
	}
}

// anyString reads a string of any kind; quote is its first character.
func (s *scanner) anyString(quote byte) {
	if s.at(string([]byte{quote, quote, quote})) {
		s.longString(quote)
		return
	}
	s.shortString(quote)
}

// shortString reads "…" or '…'; a line break ends one that is not closed.
func (s *scanner) shortString(quote byte) {
	for s.pos++; s.pos < len(s.text); s.pos++ {
		switch c := s.text[s.pos]; {
		case c == quote:
			s.pos++
			return
		case c == '\n':
			return
		case c == '\\' && quote == '"':
			s.escape()
		}
	}
}

// longString reads a string in three quotes, which may end in up to two more
// of its own.
func (s *scanner) longString(quote byte) {
	closing := bytes.Repeat([]byte{quote}, 3)
	for s.pos += 3; s.pos < len(s.text); s.pos++ {
		if s.text[s.pos] == '\\' && quote == '"' {
			s.escape()
			continue
		}
		if bytes.HasPrefix(s.text[s.pos:], closing) {
			s.pos += 3
			for range 2 {
				if s.char() == quote {
					s.pos++
				}
			}
			return
		}
	}
}

// escape goes to the character behind a backslash, unless that ends the line.
func (s *scanner) escape() {
	if s.pos+1 == len(s.text) || s.text[s.pos+1] == '\n' {
		return
	}
	s.pos++
	if c := s.text[s.pos]; c == 'e' || c == 'x' {
		s.fault(CodeSyntax, s.pos-1, `TOML 1.0 has no escape \%c; write \u and four hexadecimal digits`, c)
	}
}
