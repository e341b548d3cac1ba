package search

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ori-lang/registry/ident"
)

func pkg(name string) ident.Package {
	p, err := ident.ParsePackage(name)
	if err != nil {
		panic(err)
	}
	return p
}

func TestWords(t *testing.T) {
	long := strings.Repeat("é", 40)
	for text, want := range map[string]string{
		"":                                "",
		" \t-_/:*^~=@#\"'()&|!\x00":       "",
		"JSON parser":                     "json parser",
		"@acme/left-pad":                  "acme left pad",
		"utf8, UTF-8":                     "utf8 utf 8",
		"don't":                           "don t",
		"Crème Brûlée":                    "creme brulee",
		"Cre\u0300me":                     "creme",
		"ﬁle x²":                          "file x2",
		"Straße ΣΊΣΥΦΟΣ":                  "straße σισυφοσ",
		"高性能HTTP服务器":                      "高 性 能 http 服 务 器",
		"カタ ガ":                            "カ タ カ",
		"🚀rocket🚀ship":                    "rocket ship",
		"مرحبا \u202eعالم":                "مرحبا عالم",
		"a\x00b\xffc\xc3":                 "a b c",
		"\u0300\u0301 alone":              "alone",
		"a1 ٣ Ⅷ":                          "a1 ٣ viii",
		strings.Repeat("x", 33):           strings.Repeat("x", 32),
		strings.Repeat("x", 33) + "-tail": strings.Repeat("x", 32) + " tail",
		long + " z":                       strings.Repeat("e", 32) + " z",
	} {
		if got := strings.Join(wordsOf(text), " "); got != want {
			t.Errorf("%q has the words %q, want %q", text, got, want)
		}
	}
}

func TestTerms(t *testing.T) {
	d := Document{
		Package: pkg("@io/left-pad"), Keywords: []string{"Web API", "io"}, Description: "Pads text; it is old.",
		Readme: []byte("# left-pad\nPads, and more: text over text."),
	}
	want := strings.Fields(`#io #web-api =left-pad @io
		^l ^le ^lef ^left ^left- ^left-p ^left-pa
		and api a* ap* i* io is it l* le* lef* left left* leftp* leftpa* leftpad more old over p* pa* pad pad* pads text tex* w* we* web
		~api ~io ~left ~leftpad ~pad ~web`)
	slices.Sort(want)
	if diff := cmp.Diff(want, d.Terms()); diff != "" {
		t.Errorf("terms (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(strings.Fields("api io left leftpad pad web"), d.Words()); diff != "" {
		t.Errorf("words (-want +got):\n%s", diff)
	}
}

// A package has a bounded number of terms, whatever it says.
func TestTermsAreBounded(t *testing.T) {
	var many strings.Builder
	for i := range 100_000 {
		many.WriteString(strings.Repeat(string(rune('a'+i%26)), 1+i%40) + string(rune('α'+i%20)) + " ")
	}
	d := Document{
		Package:     pkg("@" + strings.Repeat("s", 39) + "/" + strings.Repeat("n", 64)),
		Keywords:    []string{strings.Repeat("k", 20), strings.Repeat("l", 20), strings.Repeat("m", 20), strings.Repeat("o", 20), strings.Repeat("q", 20)},
		Description: many.String()[:500],
		Readme:      []byte(many.String()),
	}
	terms := d.Terms()
	if len(terms) > 1000 {
		t.Errorf("there are %d terms", len(terms))
	}
	for _, term := range terms {
		if len(term) > 1+4*max(maxWord, ident.MaxName) {
			t.Errorf("the term %q is long", term)
		}
	}
	plain := d
	plain.Readme = nil
	for _, alphabet := range []string{"αβ", "abc"} {
		var numbers strings.Builder
		for i := range 1000 {
			fmt.Fprint(&numbers, alphabet, i, " ")
		}
		d.Readme = []byte(numbers.String())
		if n := len(d.Terms()) - len(plain.Terms()); n != maxReadmeWords {
			t.Errorf("a README of %s has %d terms", alphabet, n)
		}
	}
}

// The part of a README that is read may end within a character.
func TestReadmeIsCut(t *testing.T) {
	d := Document{Package: pkg("@io/x"), Readme: []byte(strings.Repeat(" ", maxReadme-3) + "aé behind")}
	if terms := d.Terms(); slices.Contains(terms, "behind") || !slices.Contains(terms, "ae") {
		t.Errorf("the terms are %q", terms)
	}
	d.Readme = []byte(strings.Repeat(" ", maxReadme-2) + "aé")
	if terms := d.Terms(); !slices.Contains(terms, "a") {
		t.Errorf("the terms are %q", terms)
	}
}
