package search

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/ori-lang/registry/ident"
)

// Bounds of a query.
const (
	MaxQuery = 256 // characters
	MaxWords = 16  // words and conditions
)

// Query is what somebody looks for. The zero value is the empty query, which
// every package matches.
type Query struct {
	words      []word
	conditions []string // terms: "@acme", "#web-api"
	blank      bool     // nothing was asked
	typed      string   // the text as the beginning of a name, "" for none
	name       string   // the text, when it could be the name of a package
	scope      string   // the scope before that name
}

// word of a query.
type word struct {
	text string
	last bool     // it may be the beginning of a word
	near []string // words of names and keywords that it may stand for
}

// Parse reads a query. Qualifiers that are unknown, or whose value can be none,
// are text like everything else; the error says which bound is passed.
func Parse(text string) (*Query, error) {
	if !utf8.ValidString(text) {
		return nil, errors.New("the query is not UTF-8")
	}
	if utf8.RuneCountInString(text) > MaxQuery {
		return nil, fmt.Errorf("the query has more than %d characters", MaxQuery)
	}
	q := &Query{}
	var plain []string
	fields := strings.Fields(text)
	for _, field := range fields {
		if term := condition(field); term != "" {
			q.conditions = append(q.conditions, term)
		} else {
			plain = append(plain, field)
		}
	}
	for _, text := range wordsOf(strings.Join(plain, " ")) {
		q.words = append(q.words, word{text: text})
	}
	if len(q.words)+len(q.conditions) > MaxWords {
		return nil, fmt.Errorf("the query has more than %d words", MaxWords)
	}
	if n := len(q.words); n > 0 {
		q.words[n-1].last = true
	}
	q.blank = len(fields) == 0
	q.readName(plain)
	return q, nil
}

// condition gives the term that a qualifier asks for, "" for what is none.
func condition(field string) string {
	name, value, _ := strings.Cut(field, ":")
	switch strings.ToLower(name) {
	case "scope":
		value = strings.TrimPrefix(strings.ToLower(value), "@")
		if ident.CheckScope(value) == nil {
			return "@" + value
		}
	case "keyword":
		if value = joined(value); value != "" {
			return "#" + value
		}
	}
	return ""
}

// readName takes the text for a name, or the beginning of one: http, left pad,
// @acme/http, acme/http.
func (q *Query) readName(plain []string) {
	if len(plain) != 1 {
		q.typed = joined(strings.Join(plain, " "))
		return
	}
	text := strings.ToLower(plain[0])
	scope, name, scoped := strings.Cut(strings.TrimPrefix(text, "@"), "/")
	switch {
	case scoped && ident.CheckScope(scope) == nil:
		q.scope = scope
	case strings.HasPrefix(text, "@"):
		return // the beginning of a scope
	default:
		name = text
	}
	if ident.CheckName(name) == nil {
		q.name = name
	}
	if q.typed = name; strings.Trim(name, nameLetters) != "" {
		q.typed = joined(name)
	}
}

const nameLetters = letters + "-"

// Match says which packages are meant: those that have a term of every list.
type Match [][]string

// Blank reports whether nothing was asked, which every package matches.
func (q *Query) Blank() bool { return q.blank }

// Nothing reports a query that no package matches: it has text and no word.
func (q *Query) Nothing() bool { return !q.blank && len(q.words)+len(q.conditions) == 0 }

// All matches the packages that the query is about.
func (q *Query) All() Match {
	match := q.qualified()
	for _, word := range q.words {
		match = append(match, word.terms())
	}
	return match
}

func (q *Query) qualified() (match Match) {
	for _, term := range q.conditions {
		match = append(match, []string{term})
	}
	return match
}

func (w *word) terms() []string {
	terms := []string{w.text}
	if w.last {
		terms = append(terms, w.text+"*")
	}
	for _, near := range w.near {
		terms = append(terms, "~"+near)
	}
	return terms
}

// Named matches, of those packages, the ones whose name is the text; nil when
// it can be no name.
func (q *Query) Named() Match {
	if q.name == "" {
		return nil
	}
	return append(q.inScope(), []string{"=" + q.name})
}

// Begun matches, of those packages, the ones whose name begins with the text;
// nil when none can.
func (q *Query) Begun() Match {
	if q.typed == "" {
		return nil
	}
	terms := []string{"=" + q.typed}
	if strings.Trim(q.typed, nameLetters) == "" {
		terms = append(terms, "^"+q.typed[:min(maxStart, len(q.typed))])
	}
	return append(q.inScope(), terms)
}

func (q *Query) inScope() Match {
	match := q.qualified()
	if q.scope != "" {
		match = append(match, []string{"@" + q.scope})
	}
	return match
}
