package translog

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func specText(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../spec/log.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestSpecTable compares the specification's table of kinds with the grammar.
func TestSpecTable(t *testing.T) {
	_, text, _ := strings.Cut(specText(t), "| kind | subject |")
	table, _, _ := strings.Cut(text, "\n\n")
	var kinds []Kind
	for _, row := range strings.Split(table, "\n")[2:] {
		cells := strings.Split(row, "|")
		kind := Kind(strings.TrimSpace(cells[1]))
		kinds = append(kinds, kind)
		keys := regexp.MustCompile("`([a-z?]+)`").FindAllStringSubmatch(cells[2]+cells[3], -1)
		var want []string
		for _, k := range keys {
			want = append(want, k[1])
		}
		if got := ownKeys(kind); !slices.Equal(got, want) {
			t.Errorf("%s: the code has %q, the specification %q", kind, got, want)
		}
	}
	if !slices.Equal(kinds, Kinds()) {
		t.Errorf("the specification has the kinds %q, the code %q", kinds, Kinds())
	}
}

// ownKeys gives the keys before actor, time, seq and prev, in the
// specification's spelling.
func ownKeys(k Kind) []string {
	rule, _ := ruleOf(k)
	var keys []string
	for _, l := range rule.lines {
		switch {
		case l.key == "actor":
			return keys
		case l.presence == optional:
			keys = append(keys, l.key+"?")
		default:
			keys = append(keys, l.key)
		}
	}
	return keys
}

// TestSpecValues finds each key in the table of values, and each word of the
// closed lists in its row.
func TestSpecValues(t *testing.T) {
	_, text, _ := strings.Cut(specText(t), "### Values")
	table, _, _ := strings.Cut(text, "\n### ")
	for _, f := range allFields {
		if !strings.Contains(table, "`"+f.key+"`") {
			t.Errorf("%s is not in the table of values", f.key)
		}
	}
	row := regexp.MustCompile("(?m)^\\| `(reason|status|role)` \\| (.*) \\|$")
	rows := row.FindAllStringSubmatch(table, -1)
	if len(rows) != 3 {
		t.Fatalf("%d rows of closed lists, want 3", len(rows))
	}
	for _, r := range rows {
		for _, word := range regexp.MustCompile("`([a-z]+)`").FindAllStringSubmatch(r[2], -1) {
			if !readable(r[1], word[1]) {
				t.Errorf("%s %s is in the specification only", r[1], word[1])
			}
		}
	}
}

// readable reports whether some kind accepts the word for the key.
func readable(key, word string) bool {
	for _, r := range kindTable {
		for _, l := range r.lines {
			if l.key == key && l.read(new(Entry), word) == nil {
				return true
			}
		}
	}
	return false
}

// TestSpecExamples requires every fenced block of the specification to be the
// whole text of a vector, and one of each kind.
func TestSpecExamples(t *testing.T) {
	files := vectors(t)
	missing := map[Kind]bool{}
	for _, k := range Kinds() {
		missing[k] = true
	}
	for _, block := range regexp.MustCompile("(?s)```\n(.*?)```\n").FindAllStringSubmatch(specText(t), -1) {
		known := slices.ContainsFunc(slices.Collect(maps.Values(files)), func(f []byte) bool { return string(f) == block[1] })
		if !known {
			t.Errorf("no vector has the text\n%s", block[1])
		}
		if e, err := ParseEntry([]byte(block[1])); err == nil {
			delete(missing, e.Kind)
		}
	}
	for k := range missing {
		t.Errorf("no example of kind %s", k)
	}
}

// TestSpecFailures holds the seven names.
func TestSpecFailures(t *testing.T) {
	text := specText(t)
	for _, name := range []string{"CHECKSUM MISMATCH", "NOT IN LOG", "LOG FORK", "POLICY", "STALE", "LOG UNREACHABLE", "LOCAL STATE DAMAGED"} {
		if !strings.Contains(text, "| "+name+" |") {
			t.Errorf("%s has no row", name)
		}
	}
}
