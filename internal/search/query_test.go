package search

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func parse(t *testing.T, text string) *Query {
	t.Helper()
	q, err := Parse(text)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return q
}

// short writes a match as "a|b c".
func short(m Match) string {
	var all []string
	for _, terms := range m {
		all = append(all, strings.Join(terms, "|"))
	}
	return strings.Join(all, " ")
}

func TestParse(t *testing.T) {
	long := strings.Repeat("n", 20)
	for text, want := range map[string]struct{ all, named, begun string }{
		"json":                       {"json|json*", "=json", "=json|^json"},
		" JSON\tparser ":             {"json parser|parser*", "", "=json-parser|^json-parser"},
		"left-pad":                   {"left pad|pad*", "=left-pad", "=left-pad|^left-pad"},
		"left-":                      {"left|left*", "", "=left-|^left-"},
		long:                         {long + "|" + long + "*", "=" + long, "=" + long + "|^" + long[:16]},
		"@acme/http":                 {"acme http|http*", "@acme =http", "@acme =http|^http"},
		"acme/Ht":                    {"acme ht|ht*", "@acme =ht", "@acme =ht|^ht"},
		"@acme/":                     {"acme|acme*", "", ""},
		"@acm":                       {"acm|acm*", "", ""},
		"@acme/a/b":                  {"acme a b|b*", "", "@acme =a-b|^a-b"},
		"/http":                      {"http|http*", "", "=http|^http"},
		"a/b/c":                      {"a b c|c*", "", "@a =b-c|^b-c"},
		"crème":                      {"creme|creme*", "", "=creme|^creme"},
		"日本":                         {"日 本|本*", "", "=日-本"},
		"http scope:acme":            {"@acme http|http*", "@acme =http", "@acme =http|^http"},
		"scope:@Acme keyword:Web":    {"@acme #web", "", ""},
		"KEYWORD:web-API x":          {"#web-api x|x*", "#web-api =x", "#web-api =x|^x"},
		"keyword:machine_learning":   {"#machine-learning", "", ""},
		"scope: keyword: scope:a--b": {"scope keyword scope a b|b*", "", "=scope-keyword-scope-a-b|^scope-keyword-sc"},
		"keyword:*":                  {"keyword|keyword*", "", "=keyword|^keyword"},
		"author:ada":                 {"author ada|ada*", "", "=author-ada|^author-ada"},
		"scope:a scope:b":            {"@a @b", "", ""},
		`"a b" OR -c NOT NEAR(d, 2)`: {"a b or c not near d 2|2*", "", "=a-b-or-c-not-near-d-2|^a-b-or-c-not-nea"},
		"a & b | !c <-> d:*":         {"a b c d|d*", "", "=a-b-c-d|^a-b-c-d"},
		"{name}: ^x":                 {"name x|x*", "", "=name-x|^name-x"},
	} {
		q := parse(t, text)
		got := struct{ all, named, begun string }{short(q.All()), short(q.Named()), short(q.Begun())}
		if got != want {
			t.Errorf("%q:\n got %q\nwant %q", text, got, want)
		}
	}
}

func TestParseNothing(t *testing.T) {
	for text, blank := range map[string]bool{"": true, " \t\n": true, "\u00a0": true, "!": false, "-- @ /": false, "\x00": false, "🚀": false, "\u0301": false} {
		q := parse(t, text)
		if q.Blank() != blank || q.Nothing() != !blank || len(q.All()) > 0 || q.Named() != nil || q.Begun() != nil {
			t.Errorf("%q: blank %v, nothing %v, all %v, named %v, begun %v", text, q.Blank(), q.Nothing(), q.All(), q.Named(), q.Begun())
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"a\xffb":                             "the query is not UTF-8",
		strings.Repeat("é", 257):             "the query has more than 256 characters",
		strings.Repeat("a ", 17):             "the query has more than 16 words",
		strings.Repeat("a ", 16) + "b":       "the query has more than 16 words",
		strings.Repeat("scope:a ", 16) + "b": "the query has more than 16 words",
		strings.Repeat("語", 17):              "the query has more than 16 words",
	} {
		if _, err := Parse(text); fmt.Sprint(err) != want {
			t.Errorf("%.20q: %v, want %s", text, err, want)
		}
	}
	for _, text := range []string{strings.Repeat("é", 256), strings.Repeat("a ", 16), strings.Repeat("- ", 128)} {
		parse(t, text)
	}
}

func TestForgiving(t *testing.T) {
	known := []string{"http", "https", "json", "jsno", "server", "left"}
	for text, want := range map[string]string{
		"htpp":        "htpp|htpp*|~http",
		"htt":         "",
		"htttp":       "htttp|htttp*|~http",
		"htps":        "htps|htps*|~https",
		"httpx":       "httpx|httpx*|~http|~https",
		"jsom srever": "jsom|~json srever|srever*|~server",
		"json srever": "json|~jsno srever|srever*|~server",
		"ttph":        "",
		"lfetx":       "",
		"left":        "",
	} {
		got := ""
		if q := parse(t, text).Forgiving(known); q != nil {
			got = short(q.All())
		}
		if got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

// distance counts the edits between two words, with swaps of neighbours.
func distance(a, b []rune) int {
	d := make([][]int, len(a)+1)
	for i := range d {
		d[i] = make([]int, len(b)+1)
		d[i][0] = i
	}
	for j := range b {
		d[0][j+1] = j + 1
	}
	for i := range a {
		for j := range b {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			d[i+1][j+1] = min(d[i][j+1]+1, d[i+1][j]+1, d[i][j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				d[i+1][j+1] = min(d[i+1][j+1], d[i-1][j-1]+1)
			}
		}
	}
	return d[len(a)][len(b)]
}

// Similar gives exactly the words at a distance of one.
func TestSimilar(t *testing.T) {
	for _, word := range []string{"http", "aaaa", "left2", "straße"} {
		similar := parse(t, word).Similar()
		seen := make(map[string]bool)
		for _, other := range similar {
			if n := distance([]rune(word), []rune(other)); n != 1 || seen[other] {
				t.Errorf("%s and %s differ by %d edits", word, other, n)
			}
			seen[other] = true
		}
		// Of all words that have one character more, less or other, none is left out.
		chars := []rune(word)
		for i := range len(chars) + 1 {
			for _, c := range letters {
				if other := word[:len(string(chars[:i]))] + string(c) + string(chars[i:]); !seen[other] {
					t.Errorf("%s is not similar to %s", other, word)
				}
				if i < len(chars) && c != chars[i] && !seen[string(chars[:i])+string(c)+string(chars[i+1:])] {
					t.Errorf("%c for character %d of %s is missing", c, i, word)
				}
			}
		}
	}
	if similar := parse(t, "abc 日本").Similar(); similar != nil {
		t.Errorf("short words are similar to %q", similar)
	}
}

// termForm is what a term looks like; neither database needs to be told more.
var termForm = regexp.MustCompile(`^([~]?[\p{L}\p{N}\p{Mc}]+|[\p{L}\p{N}\p{Mc}]+\*|[=^@#][\p{L}\p{N}\p{Mc}-]+)$`)

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"", "http", "@acme/http", "left pad scope:acme keyword:web-api", `"a" AND (b OR c*) NOT ^d NEAR(e f, 10)`,
		"a & b | !c <-> d:* 'e\\'", "\x00\xff", "e\u0301 ﷺ 日本語 مرحبا\u202e 🚀", strings.Repeat("a b ", 100), "İıſK",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		q, err := Parse(text)
		if err != nil {
			return
		}
		for _, match := range []Match{q.All(), q.Named(), q.Begun()} {
			if len(match) > MaxWords+2 {
				t.Errorf("%q asks for %d terms", text, len(match))
			}
			for _, terms := range match {
				for _, term := range terms {
					if !termForm.MatchString(term) {
						t.Errorf("%q asks for the term %q", text, term)
					}
				}
			}
		}
		if q.Blank() != (strings.TrimSpace(text) == "") {
			t.Errorf("%q is blank: %v", text, q.Blank())
		}
		d := Document{Package: pkg("@acme/http"), Keywords: []string{text}, Description: text, Readme: []byte(text)}
		for _, term := range d.Terms() {
			if !termForm.MatchString(term) {
				t.Errorf("%q has the term %q", text, term)
			}
		}
		q.Rank(&Candidate{Package: d.Package, Keywords: d.Keywords, Description: d.Description})
		if text == "" {
			return
		}
		if again := parse(t, text); cmp.Diff(short(again.All()), short(q.All())) != "" {
			t.Errorf("%q is read in two ways", text)
		}
	})
}
