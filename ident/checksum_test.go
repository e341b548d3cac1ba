package ident_test

import (
	"strings"
	"testing"

	"github.com/ori-lang/registry/ident"
)

// The digest of no bytes at all, from FIPS 180-4.
const emptyHex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

func TestChecksumOf(t *testing.T) {
	c := ident.ChecksumOf(nil)
	if c.Hex() != emptyHex || c.String() != "sha256:"+emptyHex {
		t.Errorf("the checksum of nothing is %s", c)
	}
}

type checksumCase struct{ text, reason string }

func checksumCases() []checksumCase {
	return []checksumCase{
		{"sha256:" + emptyHex, ""},
		{"sha256:" + strings.Repeat("0", 64), ""},
		{"", `"sha256:"`},
		{emptyHex, `"sha256:"`},
		{"SHA256:" + emptyHex, `"sha256:"`},
		{"sha512:" + emptyHex, `"sha256:"`},
		{" sha256:" + emptyHex, `"sha256:"`},
		{"sha256:", "0 hexadecimal digits"},
		{"sha256:" + emptyHex[1:], "63 hexadecimal digits"},
		{"sha256:" + emptyHex + "0", "65 hexadecimal digits"},
		{"sha256:" + emptyHex + "\n", "65 hexadecimal digits"},
		{"sha256:" + strings.ToUpper(emptyHex), "lower-case"},
		{"sha256:" + emptyHex[1:] + "A", "lower-case"},
		{"sha256:" + emptyHex[1:] + "g", "no hexadecimal digit"},
		{"sha256:" + emptyHex[1:] + " ", "no hexadecimal digit"},
		{"sha256:sha256:" + emptyHex[7:], "no hexadecimal digit"},
	}
}

func TestParseChecksum(t *testing.T) {
	for _, c := range checksumCases() {
		sum, err := ident.ParseChecksum(c.text)
		switch {
		case c.reason != "":
			refused(t, err, "checksum", c.reason)
			if !sum.IsZero() {
				t.Errorf("ParseChecksum(%q) gave %s beside its error", c.text, sum)
			}
		case err != nil || sum.String() != c.text:
			t.Errorf("ParseChecksum(%q) = %s, %v", c.text, sum, err)
		}
	}
}

func TestParseHex(t *testing.T) {
	c, err := ident.ParseHex(emptyHex)
	if err != nil || c != ident.ChecksumOf(nil) {
		t.Errorf("ParseHex(%q) = %s, %v", emptyHex, c, err)
	}
	_, err = ident.ParseHex("sha256:" + emptyHex[7:])
	refused(t, err, "checksum", "no hexadecimal digit")
}
