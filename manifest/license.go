package manifest

import (
	"errors"
	"fmt"
	"strings"

	"github.com/github/go-spdx/v2/spdxexp/spdxlicenses"
)

// checkLicense reports whether s is an SPDX licence expression (SPDX 2.3,
// annex D) of identifiers of the SPDX list, written as the list writes them:
//
//	expression = term *( "OR" term )
//	term       = factor *( "AND" factor )
//	factor     = "(" expression ")" / licence [ "WITH" exception ]
//	licence    = identifier [ "+" ] / [ "DocumentRef-" word ":" ] "LicenseRef-" word
//
// Words are apart by spaces; the length of s bounds the recursion.
func checkLicense(s string) error {
	e := &licenseExpression{words: licenseWords(s)}
	if err := e.expression(); err != nil {
		return err
	}
	if e.next() != "" {
		return fmt.Errorf("there is %s where AND, OR or the end is expected", shown(e.next()))
	}
	return nil
}

func licenseWords(s string) []string {
	return strings.Fields(strings.NewReplacer("(", " ( ", ")", " ) ").Replace(s))
}

type licenseExpression struct{ words []string }

// next gives the word that is to be read, "" at the end.
func (e *licenseExpression) next() string {
	if len(e.words) == 0 {
		return ""
	}
	return e.words[0]
}

// take reads the next word if it is word.
func (e *licenseExpression) take(word string) bool {
	if e.next() != word {
		return false
	}
	e.words = e.words[1:]
	return true
}

func (e *licenseExpression) expression() error { return e.list("OR", e.term) }

func (e *licenseExpression) term() error { return e.list("AND", e.factor) }

// list reads one or more operands with operator between them.
func (e *licenseExpression) list(operator string, operand func() error) error {
	for {
		if err := operand(); err != nil {
			return err
		}
		if !e.take(operator) {
			return nil
		}
	}
}

func (e *licenseExpression) factor() error {
	if e.take("(") {
		if err := e.expression(); err != nil {
			return err
		}
		if !e.take(")") {
			return errors.New("a parenthesis is not closed")
		}
		return nil
	}
	if err := checkLicenseID(e.next()); err != nil {
		return err
	}
	e.words = e.words[1:]
	if !e.take("WITH") {
		return nil
	}
	if err := checkException(e.next()); err != nil {
		return err
	}
	e.words = e.words[1:]
	return nil
}

func checkLicenseID(word string) error {
	switch word {
	case "", "AND", "OR", "WITH", "(", ")":
		return errors.New("a licence is missing in the expression; write one of the SPDX list, such as MIT or Apache-2.0")
	}
	if ref, ok := cutReference(word); ok {
		return checkReference(ref)
	}
	known, listed := lookUp(word, spdxlicenses.IsActiveLicense, spdxlicenses.IsDeprecatedLicense)
	if !known {
		// "GPL-2.0+" is an identifier of the list, "Apache-2.0+" one and a plus.
		known, listed = lookUp(strings.TrimSuffix(word, "+"), spdxlicenses.IsActiveLicense, spdxlicenses.IsDeprecatedLicense)
		word = strings.TrimSuffix(word, "+")
	}
	return spelled("licence", word, known, listed, "; one that is not in it is written LicenseRef-NAME")
}

func checkException(word string) error {
	if word == "" {
		return errors.New("an exception is missing after WITH")
	}
	known, listed := spdxlicenses.IsException(word)
	return spelled("licence exception", word, known, listed, "")
}

// spelled reports whether word is in the SPDX list, and so written.
func spelled(what, word string, known bool, listed, advice string) error {
	switch {
	case !known:
		return fmt.Errorf("%s is not a %s of the SPDX list%s", shown(word), what, advice)
	case word != listed:
		return fmt.Errorf("the %s %s is written %s", what, shown(word), listed)
	}
	return nil
}

// lookUp finds id in lists that ignore case and gives it as it is listed.
func lookUp(id string, lists ...func(string) (bool, string)) (known bool, listed string) {
	for _, list := range lists {
		if known, listed = list(id); known {
			return true, listed
		}
	}
	return false, id
}

// cutReference reports whether word refers to a licence outside of the SPDX
// list, and gives its parts that are free.
func cutReference(word string) (free []string, ok bool) {
	if document, ref, ok := strings.Cut(word, ":"); ok && strings.HasPrefix(document, "DocumentRef-") {
		return []string{strings.TrimPrefix(document, "DocumentRef-"), strings.TrimPrefix(ref, "LicenseRef-")},
			strings.HasPrefix(ref, "LicenseRef-")
	}
	name, ok := strings.CutPrefix(word, "LicenseRef-")
	return []string{name}, ok
}

func checkReference(free []string) error {
	for _, name := range free {
		odd := func(c rune) bool { return c > 0x7f || !isBareChar(byte(c)) && c != '.' || c == '_' }
		if name == "" || strings.ContainsFunc(name, odd) {
			return errors.New("a LicenseRef- or DocumentRef- is followed by letters, digits, hyphens and dots")
		}
	}
	return nil
}
