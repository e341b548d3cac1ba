package search

import (
	"slices"
	"unicode/utf8"
)

const (
	letters = "abcdefghijklmnopqrstuvwxyz0123456789" // that names are made of
	minTypo = 4                                      // characters of a word in which an edit is forgiven
	maxNear = 64                                     // words that one of the query may stand for
)

// Similar gives every word that one edit (a character left out, put in, changed
// or swapped with the next) makes of a word of the query that is long enough
// to be mistyped. A character that is put in is one of those of names.
func (q *Query) Similar() (all []string) {
	for _, word := range q.words {
		eachEdit(word.text, func(similar string) { all = append(all, similar) })
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Forgiving gives the query in which each word may also be a known one, of
// names and keywords, that is one edit away; nil when there is none.
func (q *Query) Forgiving(known []string) *Query {
	has := make(map[string]bool, len(known))
	for _, word := range known {
		has[word] = true
	}
	forgiving, found := *q, false
	forgiving.words = slices.Clone(q.words)
	for i := range forgiving.words {
		w := &forgiving.words[i]
		eachEdit(w.text, func(similar string) {
			if has[similar] && len(w.near) < maxNear && !slices.Contains(w.near, similar) {
				w.near, found = append(w.near, similar), true
			}
		})
	}
	if !found {
		return nil
	}
	return &forgiving
}

// eachEdit calls visit with what one edit makes of a word that is long enough,
// the likelier edits first; a result may come twice.
func eachEdit(word string, visit func(string)) {
	if utf8.RuneCountInString(word) < minTypo {
		return
	}
	chars := []rune(word)
	for i := range len(chars) - 1 {
		if chars[i] != chars[i+1] {
			swapped := slices.Clone(chars)
			swapped[i], swapped[i+1] = chars[i+1], chars[i]
			visit(string(swapped))
		}
	}
	for i := range chars {
		visit(string(slices.Delete(slices.Clone(chars), i, i+1)))
	}
	for i := range len(chars) + 1 {
		for _, c := range letters {
			visit(string(slices.Insert(slices.Clone(chars), i, c)))
		}
	}
	for i := range chars {
		for _, c := range letters {
			if c != chars[i] {
				changed := slices.Clone(chars)
				changed[i] = c
				visit(string(changed))
			}
		}
	}
}
