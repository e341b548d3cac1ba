package manifest_test

import (
	"strconv"
	"testing"

	"github.com/ori-lang/registry/manifest"
)

func TestLicense(t *testing.T) {
	for _, c := range []struct {
		license string
		ok      bool
	}{
		{"MIT", true},
		{"Apache-2.0 OR MIT", true},
		{"(MIT AND (BSD-3-Clause OR ISC))", true},
		{"GPL-2.0-or-later WITH Classpath-exception-2.0", true},
		{"GPL-2.0", true},
		{"GPL-2.0+", true},
		{"Apache-2.0+ AND MIT", true},
		{"LicenseRef-House.Rules-1", true},
		{"DocumentRef-x:LicenseRef-y OR 0BSD", true},
		{"MIT OR Apache-2.0 AND ISC", true},
		{"mit", false},
		{"MIT or ISC", false},
		{"MIT/Apache-2.0", false},
		{"MIT ISC", false},
		{"MIT OR", false},
		{"OR MIT", false},
		{"MIT AND AND ISC", false},
		{"(MIT", false},
		{"MIT)", false},
		{"()", false},
		{"MIT WITH", false},
		{"MIT WITH Classpath", false},
		{"(MIT) WITH Classpath-exception-2.0", false},
		{"GPL-2.0-only WITH MIT", false},
		{"MIT++", false},
		{"+", false},
		{"LicenseRef-", false},
		{"LicenseRef-a_b", false},
		{"DocumentRef-x", false},
		{"DocumentRef-x:y", false},
		{"DocumentRef-:LicenseRef-y", false},
		{"licenseref-x", false},
		{"SEE LICENSE", false},
		{"UNLICENSED", false},
		{"Proprietary", false},
	} {
		m, report := manifest.Parse([]byte(head + "license = " + strconv.Quote(c.license) + "\n"))
		if report.OK() != c.ok || (m.License == c.license) != c.ok {
			t.Errorf("%q: %v", c.license, report.Faults)
		}
	}
}

func TestURL(t *testing.T) {
	for _, c := range []struct {
		url string
		ok  bool
	}{
		{"https://example.org", true},
		{"https://example.org:8443/a/b?c=d#e", true},
		{"https://[2001:db8::1]/x", true},
		{"https://xn--bcher-kva.example/%C3%A4", true},
		{"http://example.org", false},
		{"http://127.0.0.1/", false},
		{"HTTPS://example.org", true},
		{"https://", false},
		{"https:///x", false},
		{"https://:443", false},
		{"https:example.org", false},
		{"//example.org", false},
		{"example.org", false},
		{"javascript:alert(1)", false},
		{"https://me@example.org", false},
		{"https://me:pw@example.org", false},
		{"https://example.org/a b", false},
		{"https://example.org/ä", false},
		{"https://exa\"mple.org", false},
		{"https://example.org/<x>", false},
		{"https://example.org/%zz", false},
		{"ssh://git@example.org/x", false},
	} {
		m, report := manifest.Parse([]byte(head + "repository = " + strconv.Quote(c.url) + "\n"))
		if report.OK() != c.ok || (m.Repository == c.url) != c.ok {
			t.Errorf("%q: %v", c.url, report.Faults)
		}
	}
}

func TestHiddenCharacters(t *testing.T) {
	for _, c := range "\x01\t\n\r\x1b\x7f\u0080\u009f\u061c\u200e\u200f\u202a\u202e\u2066\u2069" {
		_, report := manifest.Parse([]byte(head + "description = \"a" + escaped(c) + "\"\n"))
		if len(report.Faults) != 1 || report.Faults[0].Code != manifest.CodeText {
			t.Errorf("%U: %v", c, report.Faults)
		}
	}
	for _, c := range "é字😀 \u0301\u2014אب" {
		if _, report := manifest.Parse([]byte(head + "description = \"a" + escaped(c) + "\"\n")); !report.OK() {
			t.Errorf("%U: %v", c, report.Faults)
		}
	}
}

// escaped writes a character for a basic string.
func escaped(c rune) string {
	hex := strconv.FormatInt(int64(c), 16)
	return `\U` + "00000000"[len(hex):] + hex
}
