package manifest_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/ori-lang/registry/manifest"
)

// TestEditAnyLayout makes edits on manifests that are put together at random of
// all forms of sections and dependencies, with comments, blank lines, indents
// and both line ends, and holds each to what FuzzEdit checks.
func TestEditAnyLayout(t *testing.T) {
	const texts = 2000
	r := rand.New(rand.NewPCG(3, 7))
	edited := 0
	for range texts {
		text := []byte(layoutOf(r))
		if e, _ := manifest.Edit(text); e == nil {
			continue // keys met that cannot be together
		}
		edited++
		for range 4 {
			checkOneEdit(t, text, r.IntN(1<<16))
		}
	}
	if edited < texts/2 {
		t.Errorf("only %d of %d texts are TOML", edited, texts)
	}
}

func pick(r *rand.Rand, from ...string) string { return from[r.IntN(len(from))] }

// layoutOf makes the text of a manifest.
func layoutOf(r *rand.Rand) string {
	var b strings.Builder
	b.WriteString(pick(r, "", "", "# Mine.\n", "# Mine.\n\n", "\n"))
	if r.IntN(3) == 0 {
		rootKeys(r, &b)
	}
	for range r.IntN(6) {
		b.WriteString(pick(r, "", "\n", "\n", "\n\n", "# c\n", "\n# c\n\n", "\n# c\n# d\n"))
		section(r, &b)
	}
	b.WriteString(pick(r, "", "", "# end\n", "\n# end\n", "\n\n"))
	text := b.String()
	if r.IntN(4) == 0 {
		text = strings.TrimSuffix(text, "\n")
	}
	if r.IntN(4) == 0 {
		text = strings.ReplaceAll(text, "\n", "\r\n")
	}
	return text
}

func tablePath(r *rand.Rand) string {
	return pick(r, "dependencies", "dependencies", "dev-dependencies", "target.'cfg(a)'.dependencies", "target . \"cfg(a)\" . dependencies", `target."cfg(\"'\\)".dependencies`)
}

func packageKey(r *rand.Rand) string {
	name := pick(r, "@a/a", "@a/b", "@b/a", "@b/c", "@n/n", "@z/z")
	return pick(r, name, name, `"`+name+`"`, "'"+name+"'")
}

// rootKeys writes sections as dotted keys and inline tables.
func rootKeys(r *rand.Rand, b *strings.Builder) {
	if r.IntN(2) == 0 {
		b.WriteString(tablePath(r) + " = {" + pick(r, "", " ", packageKey(r)+" = '1.0.0'", " "+packageKey(r)+" = \"1.0.0\", "+packageKey(r)+".version=\"1.0.0\" ", " 'std.json' = true, std.a = true ") + "}\n")
		return
	}
	path := tablePath(r)
	for range 1 + r.IntN(3) {
		b.WriteString(path + "." + packageKey(r) + pick(r, " = '1.0.0'", ".version = \"1.0.0\" # c", ".features = [\n  \"x\", # c\n]") + "\n")
		b.WriteString(pick(r, "", "", "\n", "# c\n"))
	}
}

// section writes a header and what is below it.
func section(r *rand.Rand, b *strings.Builder) {
	indent := pick(r, "", "", "", "  ", "\t")
	switch r.IntN(6) {
	case 0:
		b.WriteString(pick(r, head, "[features]\nx = []\n", "[x]\n@y = 1\n", "[project.entry]\n"))
	case 1, 2:
		b.WriteString(indent + "[" + tablePath(r) + "." + packageKey(r) + pick(r, "", "", "", ".x") + "]\n")
		for _, line := range []string{pick(r, "version = \"1.0.0\"", "path='x'", ""), pick(r, "", "features = [ 'x',\n 'y' ] # c", "default-features = false"), pick(r, "", "", "# c")} {
			if line != "" {
				b.WriteString(indent + line + "\n")
			}
		}
	default:
		b.WriteString(indent + "[" + tablePath(r) + "]" + pick(r, "", " # c") + "\n")
		for range r.IntN(5) {
			b.WriteString(pick(r, "", "", "", "\n", "# c\n", "# c\n# d\n", "\n# c\n"))
			b.WriteString(indent + dependencyLine(r) + pick(r, "", "", " # c") + "\n")
		}
	}
}

// dependencyLine writes one dependency or module.
func dependencyLine(r *rand.Rand) string {
	if r.IntN(4) == 0 {
		return pick(r, "std.json", "std.json = true", "'std.http' = true", "std.a.b=true", "std.z", "std.a = true")
	}
	return packageKey(r) + pick(r, " = \"1.0.0\"", "=\"1.0.0\"", "    = '1.0.0'", "", " = { version = \"1.0.0\", features = [\"x\"] }",
		" = {}", ".version = \"1.0.0\"", ".features = ['x', 'z']", " = {path=\"x\", default-features = false, features = [\n# c\n'y', # d\n'q' ]}", " = '''\n1.0.0'''")
}
