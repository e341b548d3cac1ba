package search

import (
	"maps"
	"slices"
	"strings"

	"github.com/ori-lang/registry/ident"
)

// Bounds of the terms of one package.
const (
	maxStart       = 16      // characters of the beginning of a name
	minBegin       = 3       // characters of the beginning of a description's word; fewer are in every text
	maxReadme      = 4 << 10 // bytes of a README that are read: its beginning says what the package is
	maxReadmeWords = 128     // different words of it
)

// Document is what is searched of a package.
type Document struct {
	Package     ident.Package
	Keywords    []string
	Description string
	Readme      []byte
}

// Terms gives every term that the package is found by, each once and in order.
func (d *Document) Terms() []string {
	var terms termList
	for _, word := range d.Words() {
		terms.add(word, "~"+word)
		terms.addBeginnings(word, 1)
	}
	eachWord(d.Description, func(word string) bool {
		terms.add(word)
		terms.addBeginnings(word, minBegin)
		return true
	})
	terms.add("="+d.Package.Name(), "@"+d.Package.Scope())
	for n := 1; n <= min(maxStart, len(d.Package.Name())-1); n++ {
		terms.add("^" + d.Package.Name()[:n])
	}
	for _, keyword := range d.Keywords {
		if keyword = joined(keyword); keyword != "" {
			terms.add("#" + keyword)
		}
	}
	terms.addReadme(d.Readme)
	return terms.sorted()
}

// Words gives the words of the name and the keywords, each once: those that a
// mistyped word may stand for.
func (d *Document) Words() []string {
	all := nameWords(d.Package)
	for _, keyword := range d.Keywords {
		all = append(all, wordsOf(keyword)...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// nameWords gives the words of a name and its scope, and the name written as
// one word: who writes leftpad finds left-pad.
func nameWords(p ident.Package) []string {
	return append(wordsOf(p.String()), wordsOf(ident.Fold(p.Name()))...)
}

// joined writes a keyword or a name as a term has it.
func joined(text string) string { return strings.Join(wordsOf(text), "-") }

type termList []string

func (l *termList) add(terms ...string) { *l = append(*l, terms...) }

func (l *termList) sorted() []string {
	slices.Sort(*l)
	*l = slices.Compact(*l)
	return *l
}

// addBeginnings adds the beginnings of a word that are shorter than it, from so
// many characters on.
func (l *termList) addBeginnings(word string, shortest int) {
	length := 0
	for i := range word {
		if length >= shortest {
			l.add(word[:i] + "*")
		}
		length++
	}
}

// addReadme adds words of the beginning of a README that are no terms yet.
func (l *termList) addReadme(text []byte) {
	known, added := l.sorted(), make(map[string]bool)
	eachWord(string(text[:min(len(text), maxReadme)]), func(word string) bool {
		if _, ok := slices.BinarySearch(known, word); !ok {
			added[word] = true
		}
		return len(added) < maxReadmeWords
	})
	*l = slices.AppendSeq(*l, maps.Keys(added))
}
