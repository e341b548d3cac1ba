package ident_test

import (
	"strings"
	"testing"

	"github.com/ori-lang/registry/ident"
)

func version(t *testing.T, text string) ident.Version {
	t.Helper()
	v, err := ident.ParseVersion(text)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func goodVersions() []string {
	const most = "9007199254740991" // 2^53 - 1
	return []string{
		"0.0.0", "1.2.3", "10.20.30", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-0.3.7", "1.0.0-x.7.z.92", "1.0.0-x-y-z.-",
		"1.0.0-0", "1.0.0--", "1.0.0---0", "1.0.0-0a", "1.0.0-00a.-01", "1.0.0-Alpha", "1.0.0-alpha-a.b-c",
		most + "." + most + "." + most, "1.0.0-" + most, "1.0.0-rc." + most,
		"1.0.0-" + strings.Repeat("a", 58),
	}
}

func TestParseVersion(t *testing.T) {
	for _, text := range goodVersions() {
		if v := version(t, text); v.String() != text || v.IsZero() {
			t.Errorf("%q prints as %q", text, v)
		}
	}
}

// badVersions are what is refused, by words of the reason.
func badVersions() map[string][]string {
	const over = "9007199254740992" // 2^53
	return map[string][]string{
		"empty":             {""},
		"major.minor.patch": {"1", "1.2", "1.2.3.4", "latest", "-1.2.3", "1.2-rc.1", "-"},
		"whole numbers": {
			"v1.2.3", "a.b.c", "1..3", ".2.3", "1.2.", "^1.2.3", "=1.2.3", " 1.2.3", "1.2.3 ", "1.2.3\n", "1.2.x", "1.2.*", "1.2.0x3",
			"1.2.٣", "１.2.3",
		},
		"leading zero":                 {"01.2.3", "1.02.3", "1.2.03", "00.0.0", "1.0.0-01", "1.0.0-rc.00", "1.0.0-rc.007"},
		"2^53":                         {over + ".0.0", "0." + over + ".0", "0.0." + over, "1.0.0-" + over, "1.0.0-a.18446744073709551616", "99999999999999999999999.0.0"},
		"build metadata":               {"1.2.3+build", "1.2.3-rc.1+build", "1.2.3+", "+", "1.0.0-+", "1.0+b.0"},
		"pre-release is empty":         {"1.2.3-", "1.2.3-.", "1.2.3-a.", "1.2.3-.a", "1.2.3-a..b"},
		"letters, digits, hyphens and": {"1.2.3-a_b", "1.2.3-a b", "1.2.3-ä", "1.2.3-a/b", "1.2.3-a@1", "1.2.3-a\x00"},
		"at most 64":                   {"1.0.0-" + strings.Repeat("a", 59), strings.Repeat("1", 1<<20)},
	}
}

func TestParseVersionRefuses(t *testing.T) {
	for reason, texts := range badVersions() {
		for _, text := range texts {
			v, err := ident.ParseVersion(text)
			refused(t, err, "version", reason)
			if !v.IsZero() {
				t.Errorf("ParseVersion(%q) gave %s beside its error", text, v)
			}
		}
	}
}

func TestIsPrerelease(t *testing.T) {
	cases := map[string]bool{"1.2.3": false, "0.0.0": false, "1.2.3-rc.1": true, "1.2.3-0": true}
	for text, want := range cases {
		if version(t, text).IsPrerelease() != want {
			t.Errorf("IsPrerelease of %s is not %t", text, want)
		}
	}
}

// Every version stands below all that follow it. The middle is the example of
// SemVer 2.0.0, section 11.
func TestCompare(t *testing.T) {
	order := []string{
		"0.0.0-0", "0.0.0", "0.0.1-rc.1", "0.0.1", "0.0.2", "0.0.10", "0.1.0", "0.2.0", "0.10.0",
		"1.0.0--",
		"1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0",
		"1.0.1-0", "1.0.1-0.0", "1.0.1-0.-", "1.0.1-1", "1.0.1-2", "1.0.1-10", "1.0.1-9007199254740990", "1.0.1-9007199254740991",
		"1.0.1--1", "1.0.1-0a", "1.0.1-10a", "1.0.1-1a", "1.0.1-A", "1.0.1-Z", "1.0.1-a", "1.0.1-a.0", "1.0.1-a.a", "1.0.1-a-b", "1.0.1-aa", "1.0.1-b", "1.0.1",
		"2.0.0", "2.1.0", "2.1.1", "10.0.0", "9007199254740990.0.0", "9007199254740991.0.0",
	}
	for i, low := range order {
		if c := version(t, low).Compare(version(t, low)); c != 0 {
			t.Errorf("%s compared with itself gives %d", low, c)
		}
		for _, high := range order[i+1:] {
			if c := version(t, low).Compare(version(t, high)); c != -1 {
				t.Errorf("%s compared with %s gives %d, want -1", low, high, c)
			}
			if c := version(t, high).Compare(version(t, low)); c != 1 {
				t.Errorf("%s compared with %s gives %d, want 1", high, low, c)
			}
		}
	}
}
