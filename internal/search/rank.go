package search

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/ori-lang/registry/ident"
)

// Candidate is a package that may be shown, with what decides its place.
type Candidate struct {
	Package     ident.Package
	Keywords    []string
	Description string
	Dependents  int64
	Deprecated  bool
}

// Rank is the place of a package in the order of relevance: the exact name,
// then what is not deprecated, then the beginnings of names, then the text, the
// number of dependents, and the name.
type Rank struct {
	Exact      bool
	Deprecated bool
	Begins     bool
	Text       int
	Dependents int64
	Package    string
}

// Compare orders ranks, the more relevant first.
func (r Rank) Compare(other Rank) int {
	return cmp.Or(
		first(r.Exact, other.Exact),
		first(!r.Deprecated, !other.Deprecated),
		first(r.Begins, other.Begins),
		cmp.Compare(other.Text, r.Text),
		cmp.Compare(other.Dependents, r.Dependents),
		cmp.Compare(r.Package, other.Package),
	)
}

func first(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// Rank gives the place of a package that matches the query.
func (q *Query) Rank(c *Candidate) Rank {
	rank := Rank{Deprecated: c.Deprecated, Dependents: c.Dependents, Package: c.Package.String()}
	if q.scope == "" || q.scope == c.Package.Scope() {
		rank.Exact = q.name != "" && q.name == c.Package.Name()
		rank.Begins = q.typed != "" && strings.HasPrefix(c.Package.Name(), q.typed)
	}
	if len(q.words) > 0 {
		rank.Text = q.text(c)
	}
	return rank
}

// What a word of the query is worth where it is found. A better field is worth
// more than all lesser ones together; what is found in none of the first three
// is in the README.
const (
	wholeName, beginsName               = 16, 12
	wholeKeyword, beginsKeyword         = 6, 5
	wholeDescription, beginsDescription = 3, 2
	inReadme                            = 1
)

// text adds up what all words are worth.
func (q *Query) text(c *Candidate) (sum int) {
	name, description := nameWords(c.Package), wordsOf(c.Description)
	var keywords []string
	for _, keyword := range c.Keywords {
		keywords = append(keywords, wordsOf(keyword)...)
	}
	for i := range q.words {
		w := &q.words[i]
		worth := w.worth(name, wholeName, beginsName) + w.worth(keywords, wholeKeyword, beginsKeyword)
		begins := beginsDescription
		if utf8.RuneCountInString(w.text) < minBegin {
			begins = 0
		}
		sum += max(inReadme, worth+w.worth(description, wholeDescription, begins))
	}
	return sum
}

// worth is what the word is worth in a field with these words. One that it was
// mistyped for is worth as much as one that it begins.
func (w *word) worth(field []string, whole, begins int) (worth int) {
	for _, word := range field {
		switch {
		case word == w.text:
			return whole
		case w.last && strings.HasPrefix(word, w.text), slices.Contains(w.near, word):
			worth = begins
		}
	}
	return worth
}
