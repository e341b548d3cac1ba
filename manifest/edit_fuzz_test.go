package manifest_test

import (
	"bytes"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/manifest"
	"github.com/pelletier/go-toml/v2"
)

// editSeeds are sections in all forms that TOML has for them, with and without
// line ends, comments and neighbours.
func editSeeds() (out []string) {
	const b = "@a/b = \"1.0.0\""
	texts := []string{
		full, head, "", "# c", "\n\n", "[dependencies]", "[dependencies]\n" + b, "[dependencies]\n# of b\n" + b + " # c\n\n# end\n",
		head + "[dependencies]\n# z\n\n@z/z = { version = \"1.0.0\", features = [\n \"x\", # c\n] }\n# of b\n" + b + "\n[x]\n",
		"[dependencies]\nstd.json\nstd.http = true\n'std.net'=true\n@n/n.version   = '1.0.0'\n@n/n.default-features = false\n",
		"[dependencies.@n/n]\nversion = \"1.0.0\"\n# tail\n\n# of z\n[dependencies.@z/z]\npath = \"z\"\n[dependencies.@n/n.x]\n",
		"# file\n[dependencies.@n/n]\n[dependencies]\n[[dependencies.@b/c]]\n", "dependencies = { }\ndev-dependencies = {@n/n=\"1\"}\n",
		"dependencies = { @a/b.version = \"1.0.0\", std.json = true, @z/z = {} }\ntarget.'cfg(a)'.dependencies.@a/b = 1\n",
		"target = { 'cfg(a)' = { dependencies = {} }, \"cfg(b)\".dependencies.@n/n = '1.0.0' }\n[dev-dependencies]\n@a/b\n",
		"[target.'cfg(a)'.dependencies]\n[target.\"cfg(b)\"]\ndependencies.@a/b.version = \"1.0.0\" # c\n  [ target . 'cfg(a)' . dependencies . '@c/d' ]\n",
		"[target]\n'cfg(a)'.dependencies = { '@a/b' = '1.0.0' }\n\"cfg(b)\" = []\n[[dev-dependencies]]\n",
	}
	for _, text := range texts {
		out = append(out, text, strings.ReplaceAll(text, "\n", "\r\n"), strings.TrimSuffix(text, "\n"))
	}
	return out
}

// FuzzEdit makes one edit, which pick chooses, on any text that can be edited.
func FuzzEdit(f *testing.F) {
	for i, text := range editSeeds() {
		for pick := range uint16(24) {
			f.Add([]byte(text), pick*41+uint16(i))
		}
	}
	f.Fuzz(func(t *testing.T, text []byte, pick uint16) {
		e, report := manifest.Edit(text)
		if _, err := manifest.Normalize(text); (e == nil) != (err != nil) {
			t.Fatalf("editor %v, but %v", e, err)
		}
		if _, parsed := manifest.Parse(text); !reflect.DeepEqual(report, parsed) {
			t.Fatalf("another report: %v\n%v", report, parsed)
		}
		if e != nil {
			checkOneEdit(t, text, int(pick))
		}
	})
}

// checkOneEdit makes an edit on a text that can be edited.
func checkOneEdit(t *testing.T, text []byte, pick int) {
	t.Helper()
	editor := func() *manifest.Editor {
		e, _ := manifest.Edit(text)
		return e
	}
	c := choose(t, text, pick)
	if c.module != "" {
		c.checkModule(t, editor())
		return
	}
	c.checkSet(t, editor())
	c.checkRemove(t, editor())
}

// choice is one edit on one text.
type choice struct {
	text    []byte
	section manifest.Section
	want    manifest.Dependency
	module  string
}

func choose(t *testing.T, text []byte, pick int) choice {
	next := func(n int) int {
		got := pick % n
		pick /= n
		return got
	}
	m, _ := manifest.Parse(text)
	sections := []manifest.Section{{Kind: manifest.Normal}, {Kind: manifest.Dev}, {Kind: manifest.Target, Target: "cfg(a)"}, {Kind: manifest.Target, Target: `cfg("'\)`}}
	packages := []ident.Package{pkg(t, "@a/a"), pkg(t, "@n/n"), pkg(t, "@a/b")}
	for _, d := range m.Dependencies[:min(3, len(m.Dependencies))] {
		packages = append(packages, d.Package)
	}
	c := choice{text: text, section: sections[next(len(sections))]}
	if next(4) == 0 {
		c.module = append([]string{"std.json", "std.a", "std.json.x"}, m.Std...)[next(3+len(m.Std))]
		return c
	}
	p := packages[next(len(packages))].String()
	c.want = []manifest.Dependency{
		dependencyOf(t, p, []string{"1.0.0"}),
		dependencyOf(t, p, []string{"2.0.0-rc.1", "features=x,y"}),
		dependencyOf(t, p, []string{"1.0.0", "default-features=false", "registry=r"}),
		dependencyOf(t, p, []string{"git=https://x.example/#'\"", "rev=1", "features=y"}),
		dependencyOf(t, p, []string{`path=..\'"`}),
	}[next(5)]
	c.want.Kind, c.want.Target = c.section.Kind, c.section.Target
	return c
}

// path gives the keys that lead to the section.
func (c choice) path() []string {
	switch c.section.Kind {
	case manifest.Target:
		return []string{"target", c.section.Target, "dependencies"}
	case manifest.Dev:
		return []string{"dev-dependencies"}
	}
	return []string{"dependencies"}
}

func (c choice) checkSet(t *testing.T, e *manifest.Editor) {
	t.Helper()
	had := contains(t, c.text, append(c.path(), c.want.Package.String()))
	if err := e.SetDependency(c.section, c.want); err != nil {
		c.checkRefused(t, e, err)
		return
	}
	out := e.Bytes()
	c.checkParsed(t, out)
	c.checkOthers(t, out)
	if err := e.SetDependency(c.section, c.want); err != nil || !bytes.Equal(e.Bytes(), out) {
		t.Fatalf("%v, not the same again:\n%q\n%q", err, out, e.Bytes())
	}
	if had {
		return
	}
	checkInserted(t, c.text, out)
	if removed, err := e.RemoveDependency(c.section, c.want.Package); !removed || err != nil {
		t.Fatal(removed, err)
	}
	if contains(t, c.text, c.path()) && !bytes.Equal(e.Bytes(), c.text) {
		t.Fatalf("not as it was:\n%q\n%q\n%q", c.text, out, e.Bytes())
	}
}

func (c choice) checkRemove(t *testing.T, e *manifest.Editor) {
	t.Helper()
	had := contains(t, c.text, append(c.path(), c.want.Package.String()))
	removed, err := e.RemoveDependency(c.section, c.want.Package)
	if err != nil {
		c.checkRefused(t, e, err)
		return
	}
	c.checkOthers(t, e.Bytes())
	checkCut(t, c.text, e.Bytes())
	if removed != had || contains(t, e.Bytes(), append(c.path(), c.want.Package.String())) || !removed && !bytes.Equal(e.Bytes(), c.text) {
		t.Fatalf("removed %v of %q: %q", removed, c.text, e.Bytes())
	}
}

func (c choice) checkModule(t *testing.T, e *manifest.Editor) {
	t.Helper()
	if err := e.SetModule(c.section, c.module); err != nil {
		c.checkRefused(t, e, err)
		return
	}
	out := e.Bytes()
	c.checkOthers(t, out)
	if m, report := manifest.Parse(out); !slices.Contains(m.Std, c.module) && !hasCode(report, manifest.CodeLimit) {
		t.Fatalf("no %s in %q", c.module, out)
	}
	if err := e.SetModule(c.section, c.module); err != nil || !bytes.Equal(e.Bytes(), out) {
		t.Fatalf("%v, not the same again:\n%q\n%q", err, out, e.Bytes())
	}
	if removed, err := e.RemoveModule(c.section, c.module); !removed || err != nil {
		t.Fatal(removed, err)
	}
	c.checkOthers(t, e.Bytes())
	checkCut(t, out, e.Bytes())
	if removed, err := e.RemoveModule(c.section, c.module); removed || err != nil {
		t.Fatal(removed, err)
	}
}

// checkRefused holds a refusal to its reasons, and to have changed nothing.
func (c choice) checkRefused(t *testing.T, e *manifest.Editor, err error) {
	t.Helper()
	refused, ok := errors.AsType[*manifest.EditError](err)
	switch {
	case !ok || !bytes.Equal(e.Bytes(), c.text):
		t.Fatalf("%v: %q", err, e.Bytes())
	case refused.Code == manifest.CodeType:
		checkPlaces(t, c.text, []manifest.Fault{refused.Fault}, manifest.FaultCodes())
	case refused.Code != manifest.CodeLimit && refused.Code != manifest.CodeTooLarge:
		t.Fatalf("made no TOML of %q: %v", c.text, err)
	}
}

// checkParsed finds the dependency that was set.
func (c choice) checkParsed(t *testing.T, out []byte) {
	t.Helper()
	m, report := manifest.Parse(out)
	for _, d := range m.Dependencies {
		d.Position, d.Pointer = manifest.Position{}, ""
		if reflect.DeepEqual(d, c.want) {
			return
		}
	}
	if !hasCode(report, manifest.CodeLimit) {
		t.Fatalf("no %+v in %q: %v", c.want, out, report.Faults)
	}
}

func hasCode(r *manifest.Report, code string) bool {
	return slices.ContainsFunc(r.Faults, func(f manifest.Fault) bool { return f.Code == code })
}

// checkOthers holds everything but the dependency or module to be as it was,
// and a text that was TOML to be TOML.
func (c choice) checkOthers(t *testing.T, out []byte) {
	t.Helper()
	before, after := values(t, c.text), values(t, out)
	c.without(before)
	c.without(after)
	if !alike(before, after) {
		t.Fatalf("something else has changed:\n%q\n%q", c.text, out)
	}
	if toml.Unmarshal(c.text, &map[string]any{}) == nil && toml.Unmarshal(out, &map[string]any{}) != nil {
		t.Fatalf("is no longer TOML:\n%q\n%q", c.text, out)
	}
}

// without takes out the edited entry and tables that are then empty.
func (c choice) without(all map[string]any) {
	prune(all, append(c.path(), c.want.Package.String()))
	if c.module != "" {
		prune(all, append(c.path(), c.module))
		prune(all, append(c.path(), strings.Split(c.module, ".")...))
		for i := range len(c.module) { // std."json.x" and the like
			if c.module[i] == '.' {
				prune(all, append(c.path(), c.module[:i], c.module[i+1:]))
			}
		}
	}
}

func prune(all map[string]any, path []string) {
	if len(path) == 1 {
		delete(all, path[0])
		return
	}
	if inner, ok := all[path[0]].(map[string]any); ok {
		if prune(inner, path[1:]); len(inner) == 0 {
			delete(all, path[0])
		}
	}
}

func values(t *testing.T, text []byte) map[string]any {
	t.Helper()
	normal, err := manifest.Normalize(text)
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]any
	if err := toml.Unmarshal(normal, &all); err != nil {
		t.Fatal(err)
	}
	return maps.Clone(all)
}

func contains(t *testing.T, text []byte, path []string) bool {
	t.Helper()
	var at any = values(t, text)
	for _, key := range path {
		table, _ := at.(map[string]any) // nil, which holds nothing, for any other value
		next, ok := table[key]
		if !ok {
			return false
		}
		at = next
	}
	return true
}

// checkInserted holds out to be text with one piece more.
func checkInserted(t *testing.T, text, out []byte) {
	t.Helper()
	head := 0
	for head < len(text) && head < len(out) && text[head] == out[head] {
		head++
	}
	if !bytes.HasSuffix(out, text[head:]) {
		t.Fatalf("more than one piece was added:\n%q\n%q", text, out)
	}
}

// checkCut holds out to be text with pieces less.
func checkCut(t *testing.T, text, out []byte) {
	t.Helper()
	rest := out
	for _, c := range text {
		if len(rest) > 0 && rest[0] == c {
			rest = rest[1:]
		}
	}
	if len(rest) > 0 {
		t.Fatalf("more than cuts:\n%q\n%q", text, out)
	}
}
