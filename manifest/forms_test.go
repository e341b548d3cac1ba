package manifest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/manifest"
)

// TestForms reads every form of a dependency in both spellings and in every
// section. SECTION stands for the keys of the section.
func TestForms(t *testing.T) {
	with := func(words ...string) manifest.Dependency { return dependencyOf(t, "@a/b", words) }
	for _, c := range []struct {
		name, loose, toml string
		want              manifest.Dependency
	}{
		{"a version", "[SECTION]\n@a/b = \"1.0.0\"\n", "[SECTION]\n\"@a/b\" = \"1.0.0\"\n", with("1.0.0")},
		{"a pre-release", "[SECTION]\n@a/b = '1.0.0-beta.1'\n", "[SECTION]\n'@a/b' = '1.0.0-beta.1'\n", with("1.0.0-beta.1")},
		{
			"a table on its line", "[SECTION]\n@a/b = { version = \"1.0.0\", features = [\"x\", \"y\"], default-features = false, registry = \"r\" }\n",
			"[SECTION]\n\"@a/b\" = { version = \"1.0.0\", features = [\"x\", \"y\"], default-features = false, registry = \"r\" }\n",
			with("1.0.0", "features=x,y", "default-features=false", "registry=r"),
		},
		{
			"a section of its own", "[SECTION.@a/b]\nversion = \"1.0.0\"\nfeatures = [\n  \"x\", # c\n]\n",
			"[SECTION.\"@a/b\"]\nversion = \"1.0.0\"\nfeatures = [\n  \"x\", # c\n]\n", with("1.0.0", "features=x"),
		},
		{
			"dotted keys", "[SECTION]\n@a/b.version = \"1.0.0\"\n@a/b.default-features = false\n",
			"[SECTION]\n\"@a/b\".version = \"1.0.0\"\n\"@a/b\".default-features = false\n", with("1.0.0", "default-features=false"),
		},
		{"dotted keys from the root", "SECTION.@a/b = \"1.0.0\"\n", "SECTION.\"@a/b\" = \"1.0.0\"\n", with("1.0.0")},
		{"a section as a table on its line", "SECTION = { @a/b = { version = \"1.0.0\" } }\n", "SECTION = { \"@a/b\" = { version = \"1.0.0\" } }\n", with("1.0.0")},
		{"a commit", "[SECTION]\n@a/b = { git = \"u\", rev = \"0a\" }\n", "[SECTION.'@a/b']\ngit = \"u\"\nrev = \"0a\"\n", with("git=u", "rev=0a")},
		{"a folder", "[SECTION.@a/b]\npath = \"../b\"\nfeatures = ['x']\n", "[SECTION]\n\"@a/b\" = { path = '../b', features = [\"x\"] }\n", with("path=../b", "features=x")},
	} {
		for _, s := range []struct {
			keys, target string
			kind         manifest.Kind
		}{
			{"dependencies", "", manifest.Normal},
			{"dev-dependencies", "", manifest.Dev},
			{"target.\"cfg(a)\".dependencies", "cfg(a)", manifest.Target},
			{"target . 'cfg(a)' . \"dependencies\"", "cfg(a)", manifest.Target},
		} {
			for _, text := range []string{c.loose, c.toml} {
				t.Run(c.name+" "+s.keys, func(t *testing.T) {
					checkForm(t, strings.ReplaceAll(text, "SECTION", s.keys), c.want, s.kind, s.target)
				})
			}
		}
	}
}

func checkForm(t *testing.T, text string, want manifest.Dependency, kind manifest.Kind, target string) {
	t.Helper()
	m, report := manifest.Parse([]byte(text + "[registries.r]\nurl = \"https://r.example\"\n" + head))
	if !report.OK() || len(report.Warnings) > 0 || len(m.Dependencies) != 1 {
		t.Fatalf("%q: %v, %v", text, report, m.Dependencies)
	}
	got := m.Dependencies[0]
	got.Position, got.Pointer = manifest.Position{}, ""
	want.Kind, want.Target = kind, target
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b ident.Package) bool { return a == b }),
		cmp.Comparer(func(a, b ident.Version) bool { return a == b })); diff != "" {
		t.Errorf("%q: %s", text, diff)
	}
}

// TestFormsOfModules reads a module in every form and section.
func TestFormsOfModules(t *testing.T) {
	for _, text := range []string{
		"[SECTION]\nstd.text.utf8\n", "[SECTION]\n\"std.text.utf8\" = true\n", "[SECTION]\n'std.text.utf8' = true\n",
		"[SECTION]\nstd.text.utf8 = true\n", "[SECTION]\nstd.\"text.utf8\" = true\n", "SECTION.std.text.utf8 = true\n", "SECTION = { \"std.text.utf8\" = true }\n",
	} {
		for _, section := range []string{"dependencies", "dev-dependencies", "target.'cfg(a)'.dependencies"} {
			m, report := manifest.Parse([]byte(strings.ReplaceAll(text, "SECTION", section) + head))
			if !report.OK() || len(report.Warnings) > 0 || len(m.Std) != 1 || m.Std[0] != "std.text.utf8" || len(m.Dependencies) > 0 {
				t.Errorf("%q in %s: %v, %v", text, section, report, m)
			}
		}
	}
}

// TestPlacesBehindLooseKeys has a fault of every kind on a line that has loose
// keys ahead of it, and the same in TOML: four columns on for their quotes.
func TestPlacesBehindLooseKeys(t *testing.T) {
	const head = "[project]\nname = \"@a/c\"\nversion = \"1.0.0\"\nori = \"0.4.0\"\n"
	for _, c := range []struct {
		name, line string // the fault is at the character ¦, of which nothing is left
		code       string
	}{
		{"syntax", "x = { @é/1 = 1, @é/2 = 2, a ¦? 3 }", "syntax"},
		{"escape", "x = { @é/1 = 1, @é/2 = 2, a = \"¦\\e\" }", "syntax"},
		{"number", "x = { @é/1 = 1, @é/2 = 2, a = ¦9223372036854775808 }", "syntax"},
		{"missing", "dependencies = { @a/1 = '1.0.0', ¦@a/b = {} }", "missing"},
		{"type", "dependencies = { @a/1 = '1.0.0', @a/b = ¦1 }", "type"},
		{"value", "features = { @é/1 = [], @a/b = [], x = [¦\"y\"] }", "value"},
		{"name", "dependencies = { @a/1 = '1.0.0', @a/b = { version = '1.0.0', features = [¦\"X\"] } }", "name"},
		{"module", "dependencies = { @a/1 = '1.0.0', @a/b = '1.0.0', std.¦JSON = true }", "name"},
		{"version", "dependencies = { @a/1 = '1.0.0', @a/b = ¦\"1\" }", "version"},
		{"url", "registries = { @é/1 = { url = 'https://é' }, r = { @é = 1, url = ¦'http://r.example' } }", "url"},
		{"text", "dependencies = { @a/1 = '1.0.0', @a/b = { path = ¦\"\u202e\" } }", "text"},
		{"dependency", "dependencies = { @a/1 = '1.0.0', @a/b = { path = 'b', ¦version = '1.0.0' } }", "dependency"},
		{"registry", "dependencies = { @a/1 = '1.0.0', @a/b = { version = '1.0.0', registry = ¦\"r\" } }", "dependency"},
		{"duplicate", "dependencies = { @a/1 = '1.0.0', @a/b = '1.0.0', ¦\"@a/b\" = '1.0.0' }", "duplicate"},
		{"limit", "dependencies = { @a/1 = '1.0.0', @a/b = { path = ¦'" + strings.Repeat("x", 201) + "' } }", "limit"},
		{"unknown key", "dependencies = { @a/1 = '1.0.0', @a/b = { version = '1.0.0', ¦optional = true } }", "unknown_key"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before, after, _ := strings.Cut(c.line, "¦")
			loose := before + after
			quote := strings.NewReplacer("@é/1 ", "'@é/1' ", "@é/2 ", "'@é/2' ", "@é ", "'@é' ", "@a/1 ", "'@a/1' ", "@a/b ", "'@a/b' ").Replace
			for _, s := range []struct{ text, before string }{{loose, before}, {quote(loose), quote(before)}} {
				want := fmt.Sprintf("1:%d %s", 1+len([]rune(s.before)), c.code)
				_, report := manifest.Parse([]byte(s.text + "\n" + head))
				all := strings.Join(append(places(report.Faults), places(report.Warnings)...), "\n")
				if !strings.Contains("\n"+all+"\n", "\n"+want+" ") && !strings.Contains("\n"+all+"\n", "\n"+want+"\n") {
					t.Errorf("%s\nno %s in\n%s", s.text, want, all)
				}
			}
		})
	}
}
