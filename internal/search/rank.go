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
// then what is not deprecated, then names that go with the query, then the
// text, the number of dependents, and the name.
type Rank struct {
	Exact      bool
	Deprecated bool
	Name       int // how the name goes with the words of the query
	Text       int
	Dependents int64
	Package    string
}

// Compare orders ranks, the more relevant first.
func (r Rank) Compare(other Rank) int {
	return cmp.Or(
		first(r.Exact, other.Exact),
		first(!r.Deprecated, !other.Deprecated),
		cmp.Compare(other.Name, r.Name),
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
		rank.Name = q.nameRank(c.Package.Name())
	}
	if len(q.words) > 0 {
		rank.Text = q.text(c)
	}
	return rank
}

// How a name goes with the words of a query, with hyphens between them: http.
const (
	beginsName = 1 + iota // http2-server
	beginsWord            // http2: its last word is not all there
	endsWord              // http-server
	isName                // http
)

// nameRank says how a name goes with the query, 0 when it does not.
func (q *Query) nameRank(name string) int {
	if rest, ok := strings.CutPrefix(name, q.typed); ok && q.typed != "" {
		return restRank(rest)
	}
	return follow(name, q.words)
}

// follow is nameRank for words that may be mistyped.
func follow(name string, words []word) (rank int) {
	if len(words) == 0 {
		return 0
	}
	for _, text := range slices.Concat(words[0].near, []string{words[0].text}) {
		rest, ok := strings.CutPrefix(name, text)
		if ok && len(words) == 1 {
			rank = max(rank, restRank(rest))
		} else if rest, ok = strings.CutPrefix(rest, "-"); ok {
			rank = max(rank, follow(rest, words[1:]))
		}
	}
	return rank
}

// restRank is nameRank by what follows the query in the name.
func restRank(rest string) int {
	switch {
	case rest == "":
		return isName
	case rest[0] == '-':
		return endsWord
	case !strings.Contains(rest, "-"):
		return beginsWord
	}
	return beginsName
}

// What a word of the query is worth where it is found. A better field is worth
// more than all lesser ones together; what is found in none of the first three
// is in the README.
const (
	wholeName, startsName               = 16, 12
	wholeKeyword, startsKeyword         = 6, 5
	wholeDescription, startsDescription = 3, 2
	inReadme                            = 1
)

// text adds up what all words are worth.
func (q *Query) text(c *Candidate) (sum int) {
	var name, keywords, description worths
	q.weigh(c.Package.String(), 1, &name)
	q.weigh(ident.Fold(c.Package.Name()), 1, &name)
	for _, keyword := range c.Keywords {
		q.weigh(keyword, 1, &keywords)
	}
	q.weigh(c.Description, minBegin, &description)
	for i := range q.words {
		sum += max(inReadme, name.of(i, wholeName, startsName)+keywords.of(i, wholeKeyword, startsKeyword)+
			description.of(i, wholeDescription, startsDescription))
	}
	return sum
}

// worths says of each word of a query how it is in a field.
type worths [MaxWords]struct{ whole, begins bool }

func (w *worths) of(i, whole, begins int) int {
	switch {
	case w[i].whole:
		return whole
	case w[i].begins:
		return begins
	}
	return 0
}

// weigh finds the words of the query in a text. One that another is taken for
// counts like one that it begins; the last may begin one when it is long enough.
func (q *Query) weigh(text string, shortest int, w *worths) {
	eachWord(text, func(word string) bool {
		for i := range q.words {
			wanted := &q.words[i]
			switch {
			case word == wanted.text:
				w[i].whole = true
			case wanted.last && strings.HasPrefix(word, wanted.text) && utf8.RuneCountInString(wanted.text) >= shortest,
				slices.Contains(wanted.near, word):
				w[i].begins = true
			}
		}
		return true
	})
}
