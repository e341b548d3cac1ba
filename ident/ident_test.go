package ident_test

import (
	"encoding"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/ori-lang/registry/ident"
)

// refused checks that err is an *ident.Error of the kind that says why: its
// reason holds the given words.
func refused(t *testing.T, err error, kind, reason string) {
	t.Helper()
	fault, ok := errors.AsType[*ident.Error](err)
	if !ok {
		t.Fatalf("error is %v (%T), want an *ident.Error", err, err)
	}
	if fault.Kind != kind {
		t.Errorf("kind of %q is %q, want %q", err, fault.Kind, kind)
	}
	if !strings.Contains(fault.Reason, reason) {
		t.Errorf("reason is %q, want one with %q", fault.Reason, reason)
	}
}

var words = map[string]struct {
	check func(string) error
	limit int
}{
	"scope": {ident.CheckScope, ident.MaxScope},
	"name":  {ident.CheckName, ident.MaxName},
	"login": {ident.CheckLogin, ident.MaxLogin},
}

func TestWord(t *testing.T) {
	cases := []struct{ word, reason string }{ // reason "": the word is good
		{"a", ""},
		{"0", ""},
		{"http", ""},
		{"2048", ""},
		{"a-b-c", ""},
		{"json5-to-yaml2", ""},
		{"", "empty"},
		{"-", "hyphen"},
		{"-a", "hyphen"},
		{"a-", "hyphen"},
		{"a--b", "hyphen"},
		{"HTTP", "lower-case"},
		{"http2X", "lower-case"},
		{"a_b", "only a–z"},
		{"a.b", "only a–z"},
		{"a/b", "only a–z"},
		{"a b", "only a–z"},
		{"a\n", "only a–z"},
		{"a\x00b", "only a–z"},
		{"@a", "only a–z"},
		{"naïve", "only a–z"},
		{"аcme", "only a–z"},         // the first letter is Cyrillic
		{"\u212a", "only a–z"},       // the sign for kelvin, a K when folded
		{"a\u200db", "only a–z"},     // a zero-width joiner
		{"\xff\xfe", "only a–z"},     // no UTF-8
		{"a\u2010b", "only a–z"},     // another kind of hyphen
		{"..", "only a–z"},           // a path
		{"%61", "only a–z"},          // an escaped letter
		{"a\u0301", "only a–z"},      // a letter and a combining accent
		{"\uff41\uff42", "only a–z"}, // full-width letters
	}
	for kind, word := range words {
		for _, c := range cases {
			err := word.check(c.word)
			switch {
			case c.reason != "":
				refused(t, err, kind, c.reason)
			case err != nil:
				t.Errorf("%s %q: %v", kind, c.word, err)
			}
		}
	}
}

func TestWordLength(t *testing.T) {
	for kind, word := range words {
		if err := word.check(strings.Repeat("a", word.limit)); err != nil {
			t.Errorf("the longest %s: %v", kind, err)
		}
		refused(t, word.check(strings.Repeat("a", word.limit+1)), kind, "characters long")
	}
}

func TestReserved(t *testing.T) {
	cases := map[bool][]string{
		true: {
			"test", "tests", "example", "examples", "internal", "private", "temp", "tmp", "build", "dist", "out",
			"std", "stdlib", "std-http", "std2", "stdx",
			"con", "prn", "aux", "nul", "com0", "com1", "com9", "lpt0", "lpt1", "lpt9",
		},
		false: {
			"a", "testing", "my-test", "tester", "output", "builder", "internals", "astd", "st", "s-td", "student",
			"com", "comx", "com10", "com-1", "lpt", "lpt10", "lptx", "console", "nulls", "auxiliary", "prn1",
		},
	}
	for want, names := range cases {
		for _, name := range names {
			if ident.Reserved(name) != want {
				t.Errorf("Reserved(%q) is not %t", name, want)
			}
		}
	}
}

func TestFold(t *testing.T) {
	cases := map[string]string{"": "", "http": "http", "h-t-t-p": "http", "left-pad": "leftpad", "a1-b2": "a1b2"}
	for name, want := range cases {
		if got := ident.Fold(name); got != want {
			t.Errorf("Fold(%q) = %q, want %q", name, got, want)
		}
	}
}

type packageCase struct{ text, scope, name, kind, reason string }

func packageCases() []packageCase {
	return []packageCase{
		{text: "@ori/http", scope: "ori", name: "http"},
		{text: "@0/0", scope: "0", name: "0"},
		{text: "@a-b/c-d", scope: "a-b", name: "c-d"},
		{text: "", kind: "package", reason: "start with @"},
		{text: "ori/http", kind: "package", reason: "start with @"},
		{text: "@", kind: "package", reason: "no /"},
		{text: "@ori", kind: "package", reason: "no /"},
		{text: "@/http", kind: "scope", reason: "empty"},
		{text: "@ori/", kind: "name", reason: "empty"},
		{text: "@@ori/http", kind: "scope", reason: "only"},
		{text: "@ori/http/x", kind: "name", reason: "only"},
		{text: "@ori/http@1.0.0", kind: "name", reason: "only"},
		{text: "@Ori/http", kind: "scope", reason: "lower-case"},
		{text: " @ori/http", kind: "package", reason: "start with @"},
		{text: "@" + strings.Repeat("s", 40) + "/http", kind: "scope", reason: "at most 39"},
		{text: "@ori/" + strings.Repeat("n", 65), kind: "name", reason: "at most 64"},
	}
}

func TestParsePackage(t *testing.T) {
	for _, c := range packageCases() {
		p, err := ident.ParsePackage(c.text)
		if c.kind != "" {
			refused(t, err, c.kind, c.reason)
			continue
		}
		if err != nil || p.Scope() != c.scope || p.Name() != c.name || p.String() != c.text || p.IsZero() {
			t.Errorf("ParsePackage(%q) = %q, %v", c.text, p, err)
		}
		if same, err := ident.NewPackage(c.scope, c.name); err != nil || same != p {
			t.Errorf("NewPackage(%q, %q) = %q, %v", c.scope, c.name, same, err)
		}
	}
}

func TestZeroValues(t *testing.T) {
	if p := (ident.Package{}); !p.IsZero() || p.String() != "" {
		t.Errorf("the zero package prints as %q", p)
	}
	if v := (ident.Version{}); !v.IsZero() || v.String() != "" {
		t.Errorf("the zero version prints as %q", v)
	}
	if !(ident.Checksum{}).IsZero() || ident.ChecksumOf(nil).IsZero() {
		t.Error("the zero checksum is not told from that of empty content")
	}
}

type refCase struct{ text, kind, reason string }

func refCases() []refCase {
	return []refCase{
		{text: "@ori/http@1.2.3"},
		{text: "@a-b/c-d@0.0.0-alpha.1"},
		{text: "", kind: "ref", reason: "no version"},
		{text: "@", kind: "ref", reason: "no version"},
		{text: "@ori/http", kind: "ref", reason: "no version"},
		{text: "@ori/http@", kind: "version", reason: "empty"},
		{text: "ori/http@1.2.3", kind: "package", reason: "start with @"},
		{text: "@ori@1.2.3", kind: "package", reason: "no /"},
		{text: "@ori/http@1.2", kind: "version", reason: "major.minor.patch"},
		{text: "@ori/http@1.2.3@1.2.3", kind: "name", reason: "only"},
		{text: "@ori/http@1.2.3+b", kind: "version", reason: "build metadata"},
		{text: "@ori/http@latest", kind: "version", reason: "major.minor.patch"},
		{text: "@ori/http@^1.2.3", kind: "version", reason: "whole numbers"},
	}
}

func TestParseRef(t *testing.T) {
	for _, c := range refCases() {
		ref, err := ident.ParseRef(c.text)
		switch {
		case c.kind != "":
			refused(t, err, c.kind, c.reason)
		case err != nil || ref.String() != c.text:
			t.Errorf("ParseRef(%q) = %q, %v", c.text, ref, err)
		}
	}
}

// An error quotes what was read, but not all of it when that is long.
func TestErrorIsShort(t *testing.T) {
	_, err := ident.ParsePackage(strings.Repeat("x", 1<<20))
	if len(err.Error()) > 300 {
		t.Errorf("the error has %d bytes", len(err.Error()))
	}
	_, err = ident.ParsePackage(strings.Repeat("é", 1000))
	if !utf8.ValidString(err.Error()) {
		t.Errorf("the error is not UTF-8: %q", err)
	}
	const want = `"Ori" is not a scope: letters are lower-case`
	if err := ident.CheckScope("Ori"); err.Error() != want {
		t.Errorf("the error reads %q, want %q", err, want)
	}
}

// What has a text form keeps it through JSON, and JSON is checked like any input.
func TestText(t *testing.T) {
	sum := "sha256:" + strings.Repeat("ab", 32)
	cases := []struct {
		into encoding.TextUnmarshaler
		good string
		bad  []string
	}{
		{new(ident.Package), "@ori/http", []string{"", "ori/http", "@Ori/http"}},
		{new(ident.Version), "1.0.0-rc.1", []string{"", "v1.0.0", "1.0"}},
		{new(ident.Checksum), sum, []string{"", sum[7:], strings.ToUpper(sum)}},
	}
	for _, c := range cases {
		quoted, _ := json.Marshal(c.good)
		if err := json.Unmarshal(quoted, c.into); err != nil {
			t.Errorf("%T of %s: %v", c.into, quoted, err)
		}
		back, err := json.Marshal(c.into)
		if err != nil || string(back) != string(quoted) {
			t.Errorf("%s came back as %s, %v", quoted, back, err)
		}
		for _, bad := range c.bad {
			into := reflect.New(reflect.TypeOf(c.into).Elem()).Interface().(encoding.TextUnmarshaler)
			if into.UnmarshalText([]byte(bad)) == nil {
				t.Errorf("%T took %q", c.into, bad)
			}
		}
	}
}
