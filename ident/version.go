package ident

import (
	"cmp"
	"strings"
)

// Version is a SemVer 2.0.0 version without build metadata. It is comparable;
// the zero value is no version.
type Version struct{ text string }

// ParseVersion reads a version such as "1.2.3" or "1.0.0-beta.1", or gives an *Error.
func ParseVersion(s string) (Version, error) {
	if s == "" {
		return Version{}, fault("version", s, "it is empty")
	}
	if len(s) > MaxVersion {
		return Version{}, fault("version", s, "it is %d characters long, at most %d are allowed", len(s), MaxVersion)
	}
	if strings.Contains(s, "+") {
		return Version{}, fault("version", s, "build metadata (+…) is not allowed")
	}
	core, pre, hasPre := strings.Cut(s, "-")
	numbers := strings.Split(core, ".")
	if len(numbers) != 3 {
		return Version{}, fault("version", s, "write major.minor.patch, such as 1.2.3")
	}
	for _, n := range numbers {
		if !isDigits(n) {
			return Version{}, fault("version", s, "major, minor and patch are whole numbers")
		}
		if err := checkNumber(s, n); err != nil {
			return Version{}, err
		}
	}
	if hasPre {
		if err := checkPrerelease(s, pre); err != nil {
			return Version{}, err
		}
	}
	return Version{s}, nil
}

func checkPrerelease(s, pre string) error {
	for id := range strings.SplitSeq(pre, ".") {
		if id == "" {
			return fault("version", s, "an identifier of the pre-release is empty")
		}
		for i := range len(id) {
			if c := id[i]; !isAlphanumeric(c) && c != '-' {
				return fault("version", s, "a pre-release holds only letters, digits, hyphens and dots")
			}
		}
		if isDigits(id) {
			if err := checkNumber(s, id); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkNumber refuses leading zeros and numbers that a reader with 64-bit
// floating-point numbers (JavaScript) could not hold.
func checkNumber(s, digits string) error {
	const limit = "9007199254740992" // 2^53
	if len(digits) > 1 && digits[0] == '0' {
		return fault("version", s, "the number %s has a leading zero", digits)
	}
	if compareNumbers(digits, limit) >= 0 {
		return fault("version", s, "the number %s is not below 2^53", digits)
	}
	return nil
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

func isAlphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// IsZero reports whether v is the zero value, which is no version.
func (v Version) IsZero() bool { return v.text == "" }

// IsPrerelease reports whether v has a pre-release suffix; such a version is
// never the latest.
func (v Version) IsPrerelease() bool { return strings.Contains(v.text, "-") }

// String gives the version as it was read: there is only one spelling of each.
func (v Version) String() string { return v.text }

// MarshalText gives the version's text.
func (v Version) MarshalText() ([]byte, error) { return []byte(v.text), nil }

// UnmarshalText reads a version.
func (v *Version) UnmarshalText(text []byte) (err error) {
	*v, err = ParseVersion(string(text))
	return err
}

// Compare orders by SemVer precedence: -1 when v is below w, 0 when they are
// equal, +1 when v is above w.
func (v Version) Compare(w Version) int {
	vCore, vPre, _ := strings.Cut(v.text, "-")
	wCore, wPre, _ := strings.Cut(w.text, "-")
	if c := compareLists(vCore, wCore); c != 0 {
		return c
	}
	switch {
	case vPre == wPre:
		return 0
	case vPre == "":
		return 1
	case wPre == "":
		return -1
	}
	return compareLists(vPre, wPre)
}

// compareLists compares dot-separated identifiers one by one; a list that
// begins with the other is the greater one.
func compareLists(a, b string) int {
	for {
		x, restA, moreA := strings.Cut(a, ".")
		y, restB, moreB := strings.Cut(b, ".")
		if c := compareIdentifiers(x, y); c != 0 {
			return c
		}
		if !moreA || !moreB {
			return cmp.Compare(btoi(moreA), btoi(moreB))
		}
		a, b = restA, restB
	}
}

func compareIdentifiers(a, b string) int {
	switch numA, numB := isDigits(a), isDigits(b); {
	case numA && numB:
		return compareNumbers(a, b)
	case numA:
		return -1
	case numB:
		return 1
	}
	return strings.Compare(a, b)
}

func compareNumbers(a, b string) int {
	if c := cmp.Compare(len(a), len(b)); c != 0 {
		return c
	}
	return strings.Compare(a, b)
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
