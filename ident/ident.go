// Package ident holds the grammar of everything in the Ori package system that
// has a name: scopes, packages, versions and content checksums.
//
// A value of these types is always well formed: the only ways to make one are
// the parsers here. The grammar is the one of spec/manifest.md:
//
//	scope    = word, at most 39 characters
//	name     = word, at most 64 characters
//	word     = [a-z0-9]+ *( "-" [a-z0-9]+ )
//	package  = "@" scope "/" name
//	version  = SemVer 2.0.0 without build metadata, at most 64 characters,
//	           its numbers below 2^53
//	ref      = package "@" version
//	checksum = "sha256:" 64 lower-case hexadecimal digits
//
// The package depends on the standard library only.
package ident

import (
	"fmt"
	"strings"
)

// Limits of the grammar, in characters (all of it is ASCII).
const (
	MaxScope   = 39
	MaxName    = 64
	MaxLogin   = MaxScope
	MaxVersion = 64
)

// Error says what is wrong with an identifier that was read.
type Error struct {
	Kind   string // "scope", "name", "login", "package", "version", "ref" or "checksum"
	Input  string // what was read, shortened to 80 bytes
	Reason string // why it is refused, and what would be right
}

func (e *Error) Error() string {
	return fmt.Sprintf("%q is not a %s: %s", e.Input, e.Kind, e.Reason)
}

func fault(kind, input, reason string, args ...any) error {
	const shown = 80
	if len(input) > shown {
		input = input[:shown] + "…"
	}
	return &Error{Kind: kind, Input: input, Reason: fmt.Sprintf(reason, args...)}
}

// CheckScope reports whether s is a scope (without its "@"); the error is an *Error.
func CheckScope(s string) error { return checkWord("scope", s, MaxScope) }

// CheckName reports whether s is the name part of a package; the error is an *Error.
func CheckName(s string) error { return checkWord("name", s, MaxName) }

// CheckLogin reports whether s is a login; the error is an *Error.
func CheckLogin(s string) error { return checkWord("login", s, MaxLogin) }

func checkWord(kind, s string, limit int) error {
	switch {
	case s == "":
		return fault(kind, s, "it is empty")
	case len(s) > limit:
		return fault(kind, s, "it is %d characters long, at most %d are allowed", len(s), limit)
	}
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
		case c == '-' && i > 0 && i < len(s)-1 && s[i-1] != '-':
		case c == '-':
			return fault(kind, s, "a hyphen stands only between two letters or digits")
		case 'A' <= c && c <= 'Z':
			return fault(kind, s, "letters are lower-case")
		default:
			return fault(kind, s, "only a–z, 0–9 and single hyphens are allowed")
		}
	}
	return nil
}

// Reserved reports whether a new scope or package name may not be s: a word
// that means something to the language, or a Windows device name, which could
// not be unpacked into a folder of that name.
func Reserved(s string) bool {
	switch s {
	case "test", "tests", "example", "examples", "internal", "private", "temp", "tmp", "build", "dist", "out",
		"con", "prn", "aux", "nul":
		return true
	}
	if strings.HasPrefix(s, "std") {
		return true
	}
	device := strings.HasPrefix(s, "com") || strings.HasPrefix(s, "lpt")
	return device && len(s) == 4 && '0' <= s[3] && s[3] <= '9'
}

// Fold gives the form in which two names count as too similar to live side by
// side: without hyphens.
func Fold(s string) string { return strings.ReplaceAll(s, "-", "") }

// Package is the name of a package: "@scope/name". It is comparable; the zero
// value is no package.
type Package struct{ scope, name string }

// NewPackage makes a Package of its two parts, or gives an *Error.
func NewPackage(scope, name string) (Package, error) {
	if err := CheckScope(scope); err != nil {
		return Package{}, err
	}
	if err := CheckName(name); err != nil {
		return Package{}, err
	}
	return Package{scope, name}, nil
}

// ParsePackage reads "@scope/name", or gives an *Error.
func ParsePackage(s string) (Package, error) {
	rest, ok := strings.CutPrefix(s, "@")
	if !ok {
		return Package{}, fault("package", s, "it does not start with @; write @scope/name")
	}
	scope, name, ok := strings.Cut(rest, "/")
	if !ok {
		return Package{}, fault("package", s, "it has no /; write @scope/name")
	}
	return NewPackage(scope, name)
}

// Scope is the part between "@" and "/".
func (p Package) Scope() string { return p.scope }

// Name is the part after "/".
func (p Package) Name() string { return p.name }

// IsZero reports whether p is the zero value, which is no package.
func (p Package) IsZero() bool { return p == Package{} }

// String gives "@scope/name", and "" for the zero value.
func (p Package) String() string {
	if p.IsZero() {
		return ""
	}
	return "@" + p.scope + "/" + p.name
}

// MarshalText gives "@scope/name".
func (p Package) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads "@scope/name".
func (p *Package) UnmarshalText(text []byte) (err error) {
	*p, err = ParsePackage(string(text))
	return err
}

// Ref names one version of a package: "@scope/name@1.2.3".
type Ref struct {
	Package Package
	Version Version
}

// ParseRef reads "@scope/name@1.2.3", or gives an *Error.
func ParseRef(s string) (Ref, error) {
	i := strings.LastIndexByte(s, '@')
	if i <= 0 {
		return Ref{}, fault("ref", s, "it names no version; write @scope/name@1.2.3")
	}
	p, err := ParsePackage(s[:i])
	if err != nil {
		return Ref{}, err
	}
	v, err := ParseVersion(s[i+1:])
	if err != nil {
		return Ref{}, err
	}
	return Ref{p, v}, nil
}

// String gives "@scope/name@1.2.3".
func (r Ref) String() string { return r.Package.String() + "@" + r.Version.String() }
