package ident

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// Checksum is a SHA-256 digest, written "sha256:" and 64 lower-case hex digits.
type Checksum [sha256.Size]byte

// ChecksumOf gives the checksum of data.
func ChecksumOf(data []byte) Checksum { return sha256.Sum256(data) }

// ParseChecksum reads "sha256:<64 lower-case hex>", or gives an *Error.
func ParseChecksum(s string) (Checksum, error) {
	digits, ok := strings.CutPrefix(s, "sha256:")
	if !ok {
		return Checksum{}, fault("checksum", s, `it does not start with "sha256:"`)
	}
	return ParseHex(digits)
}

// ParseHex reads the 64 lower-case hexadecimal digits of a checksum, or gives an *Error.
func ParseHex(digits string) (c Checksum, err error) {
	if len(digits) != hex.EncodedLen(len(c)) {
		return Checksum{}, fault("checksum", digits, "it has %d hexadecimal digits, not 64", len(digits))
	}
	if strings.ToLower(digits) != digits {
		return Checksum{}, fault("checksum", digits, "hexadecimal digits are lower-case")
	}
	if _, err := hex.Decode(c[:], []byte(digits)); err != nil {
		return Checksum{}, fault("checksum", digits, "it has a character that is no hexadecimal digit")
	}
	return c, nil
}

// IsZero reports whether c is the zero value, which no content has.
func (c Checksum) IsZero() bool { return c == Checksum{} }

// Hex gives the 64 digits without the prefix.
func (c Checksum) Hex() string { return hex.EncodeToString(c[:]) }

// String gives "sha256:<64 hex>".
func (c Checksum) String() string { return "sha256:" + c.Hex() }

// MarshalText gives "sha256:<64 hex>".
func (c Checksum) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads "sha256:<64 hex>".
func (c *Checksum) UnmarshalText(text []byte) (err error) {
	*c, err = ParseChecksum(string(text))
	return err
}
