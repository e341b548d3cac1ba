package translog

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/ori-lang/registry/ident"
)

// CheckAccount reports whether s is an account id: "u_" and 8 to 26 lower-case
// letters and digits, which mean nothing.
func CheckAccount(s string) error {
	id, ok := strings.CutPrefix(s, "u_")
	if !ok || len(id) < 8 || len(id) > 26 || !isMadeOf(id, lowerAlphanumeric) {
		return fmt.Errorf(`%s is not an account id: "u_" and 8 to 26 of a–z and 0–9`, excerpt(s))
	}
	return nil
}

// CheckOrigin reports whether s can name a log: 1 to 255 visible ASCII
// characters without "+". It is usually the log's URL without its scheme.
func CheckOrigin(s string) error {
	outside := func(r rune) bool { return r <= ' ' || r > '~' || r == '+' }
	switch {
	case s == "":
		return errors.New("the origin is empty")
	case s == "-":
		return errors.New(`"-" is not an origin`)
	case len(s) > MaxOrigin:
		return fmt.Errorf("the origin is %d characters long, at most %d are allowed", len(s), MaxOrigin)
	case strings.IndexFunc(s, outside) >= 0:
		return fmt.Errorf("the origin %s has a space, a plus sign or a character outside ASCII", excerpt(s))
	}
	return nil
}

// isMadeOf reports whether s is not empty and has only these characters.
func isMadeOf(s, characters string) bool { return s != "" && strings.Trim(s, characters) == "" }

const (
	digits            = "0123456789"
	lowerAlphanumeric = "abcdefghijklmnopqrstuvwxyz" + digits
	alphanumeric      = lowerAlphanumeric + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

func checkAdvisory(s string) error {
	const limit = 64
	if len(s) > limit || !isMadeOf(s, alphanumeric+"_-") {
		return fmt.Errorf("%s is not an advisory id: 1 to %d letters, digits, _ and -", excerpt(s), limit)
	}
	return nil
}

func checkReplacement(s string) error {
	if strings.LastIndexByte(s, '@') > 0 {
		_, err := ident.ParseRef(s)
		return err
	}
	_, err := ident.ParsePackage(s)
	return err
}

// checkVerifierKey accepts the one spelling of an Ed25519 verifier key:
// origin "+" 8 lower-case hex digits "+" base64.
func checkVerifierKey(s string) error {
	bad := fmt.Errorf("%s is not a verifier key (origin+hash+key, Ed25519)", excerpt(s))
	v, err := note.NewVerifier(s)
	if err != nil || CheckOrigin(v.Name()) != nil {
		return bad
	}
	key64 := s[len(v.Name())+len("+00000000+"):]
	key, err := decodeBase64(key64)
	if err != nil {
		return bad
	}
	if again, err := note.NewEd25519VerifierKey(v.Name(), key[1:]); err != nil || again != s {
		return bad
	}
	return nil
}

func oneOf(words ...string) func(string) error {
	return func(s string) error {
		if slices.Contains(words, s) {
			return nil
		}
		return fmt.Errorf("%s is none of %s", excerpt(s), strings.Join(words, ", "))
	}
}
