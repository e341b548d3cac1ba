// Package search says what a search for packages means, and knows no database:
// it makes the terms that a package is found by, reads queries, and ranks what
// was found. A database is asked for nothing but the packages that have certain
// terms, so every database gives the same answers.
//
// A word is a run of letters and digits, folded: accents and compatibility
// forms are dropped, letters are lower-case ("Crème" is "creme"). Everything
// else parts words, and a Han or kana character is a word of its own. The first
// 32 characters of a word count.
//
// A term is a word, or characters with a mark, which no word contains: whatever
// a person types can mean no other term than it should.
//
//	json       a word of the name (and its scope), the keywords, the description or the README
//	js*        the beginning of a word of the name, the keywords or the description
//	~json      a word of the name or the keywords
//	=left-pad  the name without its scope
//	^left-     the beginning of that
//	@acme      the scope
//	#web-api   a keyword, its words joined with hyphens
package search

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxWord is how many characters of a word count.
const maxWord = 32

// eachWord calls visit with every word of a text until it gives false.
func eachWord(text string, visit func(word string) bool) {
	if isASCII(text) {
		eachPlainWord(strings.ToLower(text), visit)
		return
	}
	text = fold(text)
	start, end, length := 0, 0, 0
	for i, c := range text {
		within := isPart(c)
		alone := within && standsAlone(c)
		if length > 0 && (!within || alone) {
			if !visit(text[start:end]) {
				return
			}
			length = 0
		}
		switch {
		case alone:
			if !visit(text[i : i+utf8.RuneLen(c)]) {
				return
			}
		case within:
			if length == 0 {
				start = i
			}
			if length++; length <= maxWord {
				end = i + utf8.RuneLen(c)
			}
		}
	}
	if length > 0 {
		visit(text[start:end])
	}
}

// eachPlainWord is eachWord for what almost all texts are, folded ASCII.
func eachPlainWord(text string, visit func(word string) bool) {
	for start := 0; start < len(text); {
		end := start
		for end < len(text) && isPlain(text[end]) {
			end++
		}
		if end > start && !visit(text[start:min(end, start+maxWord)]) {
			return
		}
		start = end + 1
	}
}

// wordsOf gives the words of a text in their order.
func wordsOf(text string) (all []string) {
	eachWord(text, func(word string) bool {
		all = append(all, word)
		return true
	})
	return all
}

// fold gives the form in which texts are compared; of ASCII, lower case.
func fold(text string) string {
	return strings.Map(func(c rune) rune {
		if unicode.In(c, unicode.Mn, unicode.Me) {
			return -1
		}
		return unicode.ToLower(c)
	}, norm.NFKD.String(text))
}

func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// isPart reports the characters, folded, that words are made of.
func isPart(c rune) bool {
	if c < utf8.RuneSelf {
		return isPlain(byte(c))
	}
	return unicode.IsLetter(c) || unicode.IsNumber(c)
}

// isPlain is isPart of ASCII.
func isPlain(c byte) bool { return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' }

// standsAlone reports characters of scripts that put no blanks between words.
func standsAlone(c rune) bool {
	return c >= 0x2e80 && unicode.In(c, unicode.Han, unicode.Hiragana, unicode.Katakana)
}
