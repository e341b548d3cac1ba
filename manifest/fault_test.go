package manifest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/ori-lang/registry/manifest"
)

// head is a project that is right, on lines 1 to 4; cases add to it.
const head = `[project]
name = "@orilib/demo"
version = "1.0.0"
ori = "0.4.0"
`

// places gives "line:column code pointer" of each fault.
func places(faults []manifest.Fault) []string {
	var out []string
	for _, f := range faults {
		out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s %s", f.Position, f.Code, f.Pointer)))
	}
	return out
}

type faultCase struct {
	name, text string
	want       []string
}

func runFaults(t *testing.T, cases []faultCase, find func(string) []manifest.Fault) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := find(c.text)
			if diff := cmp.Diff(c.want, places(got)); diff != "" {
				t.Errorf("faults (-want +got):\n%s%v", diff, got)
			}
			for _, f := range got {
				if f.Detail == "" {
					t.Errorf("no detail in %+v", f)
				}
			}
		})
	}
}

func parseFaults(text string) []manifest.Fault {
	_, report := manifest.Parse([]byte(text))
	return report.Faults
}

func TestFaultsOfTOML(t *testing.T) { runFaults(t, faultsOfTOML(), parseFaults) }

func faultsOfTOML() []faultCase {
	return []faultCase{
		{"empty text", "", []string{"1:1 missing /project"}},
		{"byte order mark", "\ufeff" + head, []string{"1:1 syntax"}},
		{"not UTF-8", "# \xff\n", []string{"1:3 syntax"}},
		{"NUL", head + "edition = \"a\x00\"\n", []string{"5:13 syntax"}},
		{"no value", head + "edition\n", []string{"5:8 syntax"}},
		{"behind a loose key on the same line", head + "[dependencies]\n@a/b = \"1.0.0\" x\n", []string{"6:16 syntax"}},
		{"behind a module on the line before", head + "[dependencies]\nstd.json # é\n@a/b == 1\n", []string{"7:7 syntax"}},
		{"columns are characters", head + "edition = \"äöü\" x\n", []string{"5:17 syntax"}},
		{"CRLF counts as one line", "[project]\r\nname = 1 2\r\n", []string{"2:10 syntax"}},
		{"open string", head + "edition = \"x\n", []string{"5:13 syntax"}},
		{"backslash at the end", "a = \"\\", []string{"1:6 syntax"}},
		{"open long string", "a = '''\n\n", []string{"2:1 syntax"}},
		{"open array", "a = [1,\n", []string{"1:8 syntax"}},
		{"impossible date", head + "[x]\nd = 2026-02-30\n", []string{"6:13 syntax"}},
		{"number beyond 64 bits", head + "[x]\n@a/é = 1\nd = 9223372036854775808\n", []string{"7:5 syntax"}},
		{"lonely module outside of dependencies", head + "[features]\nstd.json\n", []string{"6:9 syntax"}},
		{"lonely word in dependencies", head + "[dependencies]\nutils\n", []string{"6:6 syntax"}},
		{"lonely std with an empty part", head + "[dependencies]\nstd..json\n", []string{"6:5 syntax"}},
		{"key twice", head + "ori = \"0.5.0\"\n", []string{"5:1 duplicate /project/ori"}},
		{"two spellings of a key", head + "\"\\u006fri\" = \"0.5.0\"\n", []string{"5:1 duplicate /project/ori"}},
		{"quoted and bare package", head + "[dependencies]\n@a/b = \"1.0.0\"\n\"@a/b\" = \"1.0.0\"\n", []string{"7:1 duplicate /dependencies/@a~1b"}},
		{"package as key and as table", head + "[dependencies]\n@a/b = \"1.0.0\"\n[dependencies.@a/b]\nversion = \"1.0.0\"\n", []string{"7:15 duplicate /dependencies/@a~1b"}},
		{"table twice", head + "[features]\n[features]\nx = 5\n", []string{"6:2 duplicate /features"}},
		{"array of tables over a table", head + "[features]\n[[features]]\n", []string{"6:3 duplicate /features"}},
		{"header through a value", "a = 1\nb = {}\nc.d = 1\n[a.x]\ny = 2\ny = 3\n[b.x]\n[c]\n[[c.d.e]]\n" + head, []string{
			"4:2 duplicate /a", "6:1 duplicate /a/x/y", "7:2 duplicate /b", "8:2 duplicate /c", "9:5 duplicate /c/d",
		}},
		{"dotted key into a section", "[a.b]\n[a]\nb.c = 1\n" + head, []string{"3:1 duplicate /a/b"}},
		{"header of another table of an array", head + "[[x]]\n[x.y]\n[[x]]\n[x.y]\n[x.y]\n", []string{"9:4 duplicate /x/1/y"}},
		{"all of them", "[project]\nname = \"a\"\nname = \"b\"\nname = \"c\"\n[project]\n", []string{
			"1:2 missing /project/version", "1:2 missing /project/ori", "2:8 name /project/name",
			"3:1 duplicate /project/name", "4:1 duplicate /project/name", "5:2 duplicate /project",
		}},
	}
}

func TestFaultsOfNewerTOML(t *testing.T) { runFaults(t, faultsOfNewerTOML(), parseFaults) }

func faultsOfNewerTOML() []faultCase {
	return []faultCase{
		{"line break in an inline table", head + "[dependencies]\n@a/b = {\n version = \"1.0.0\" }\n", []string{"6:9 syntax"}},
		{"comment in an inline table", head + "[dependencies]\n@a/b = { version = \"1.0.0\", # c\n}\n", []string{"6:29 syntax"}},
		{"comma at its end", head + "[dependencies]\n@a/b = { version = \"1.0.0\", }\n", []string{"6:27 syntax"}},
		{"escape e", head + `edition = "\e"` + "\n", []string{"5:11 text /project/edition", "5:12 syntax"}},
		{"escape x", head + `edition = "\x41"` + "\n", []string{"5:12 syntax"}},
		{"time without seconds", head + "[x]\na = 07:32\nb = 2026-01-02T07:32\nc = 2026-01-02 07:32Z\nd = 2026-01-02\n", []string{
			"6:5 syntax /x/a", "7:5 syntax /x/b", "8:5 syntax /x/c",
		}},
		{"all of them", head + "a = {\n}\nb = {\n}\n", []string{"5:6 syntax", "7:6 syntax"}},
		{"only up to the error that ends the reading", head + "a = {\n}\nb =\nc = {\n}\n", []string{"5:6 syntax", "7:4 syntax"}},
	}
}

func TestFaultsOfProject(t *testing.T) { runFaults(t, faultsOfProject(), parseFaults) }

func faultsOfProject() []faultCase {
	return []faultCase{
		{"nothing wrong", head, nil},
		{"nothing in it", "# note\n[project]\n", []string{"2:2 missing /project/name", "2:2 missing /project/version", "2:2 missing /project/ori"}},
		{"no table", "project = 1\n", []string{"1:11 type /project"}},
		{"types", "[project]\nname = 1\nversion = [\"1.0.0\"]\nori = {}\nauthors = \"me\"\nkeywords = [\"a\", [\"b\"], 1]\n", []string{
			"2:8 type /project/name", "3:11 type /project/version", "4:7 type /project/ori",
			"5:11 type /project/authors", "6:12 type /project/keywords/1", "6:25 type /project/keywords/2",
		}},
		{"grammar", "[project]\nname = \"@Ori/demo\"\nversion = \"1.0\"\nori = \">=1.0.0\"\n", []string{
			"2:8 name /project/name", "3:11 version /project/version", "4:7 version /project/ori",
		}},
		{"licence", head + `license = "MIT or Apache-2.0"`, []string{"5:11 license /project/license"}},
		{"URLs", head + "repository = \"http://example.org/x\"\nfunding = \"https://me:secret@example.org\"\n", []string{
			"5:14 url /project/repository", "6:11 url /project/funding",
		}},
		{"empty URL and licence", head + "repository = \"\"\nlicense = ''\n[registries.r]\nurl = \"\"\n", []string{
			"5:14 value /project/repository", "6:11 value /project/license", "8:7 value /registries/r/url",
		}},
		{"empty", head + "description = \" \"\nauthors = [\"\"]\n", []string{"5:15 value /project/description", "6:12 value /project/authors/0"}},
		{"hidden characters", head + "description = \"a\u202eb\"\nedition = \"\\t\"\nauthors = [\"a\", \"b\u2066\"]\n", []string{
			"5:15 text /project/description", "6:11 text /project/edition", "7:17 text /project/authors/1",
		}},
		{"limits kept", head + "description = \"" + strings.Repeat("ä", 500) + "\"\nkeywords = [\"a\",\"b\",\"c\",\"d\",\"" + strings.Repeat("é", 20) + "\"]\n", nil},
		{"limits passed", head + "description = \"" + strings.Repeat("ä", 501) + "\"\nkeywords = [\"a\",\"b\",\"c\",\"d\",\"" + strings.Repeat("é", 21) + "\",\"f\"]\n", []string{
			"5:15 limit /project/description", "6:29 limit /project/keywords/4", "6:53 limit /project/keywords/5",
		}},
		{"keyword twice", head + "keywords = [\"a\", 'a']\n", []string{"5:18 duplicate /project/keywords/1"}},
		{"entry", head + "[project.entry]\nlib = \"../x.ori\"\nmain = \"src\\\\main.ori\"\n", []string{
			"6:7 value /project/entry/lib", "7:8 value /project/entry/main",
		}},
		{"entry is no table", head + "entry = \"src/main.ori\"\n", []string{"5:9 type /project/entry"}},
	}
}

func TestFaultsOfDependencies(t *testing.T) { runFaults(t, faultsOfDependencies(), parseFaults) }

func faultsOfDependencies() []faultCase {
	return []faultCase{
		{"names", head + "[dependencies]\n@a = \"1.0.0\"\n@A/b = \"1.0.0\"\n\"b\" = \"1.0.0\"\n@a/b/c = \"1.0.0\"\n", []string{
			"6:1 name /dependencies/@a", "7:1 name /dependencies/@A~1b", "8:1 name /dependencies/b", "9:1 name /dependencies/@a~1b~1c",
		}},
		{"versions", head + "[dependencies]\n@a/b = \"^1.0.0\"\n@a/c = { version = \"1\" }\n", []string{
			"6:8 version /dependencies/@a~1b", "7:20 version /dependencies/@a~1c/version",
		}},
		{"no version", head + "[dependencies]\n@a/b\n@a/c = true\n@a/d = {}\n[dev-dependencies.@a/e]\n", []string{
			"6:5 dependency /dependencies/@a~1b", "7:8 dependency /dependencies/@a~1c", "8:1 missing /dependencies/@a~1d/version",
			"9:19 missing /dev-dependencies/@a~1e/version",
		}},
		{"types", head + "[dependencies]\n@a/b = 1\n@a/c = { version = 1, features = \"x\", default-features = 1 }\n@a/d = [\"1.0.0\"]\n", []string{
			"6:8 type /dependencies/@a~1b", "7:20 type /dependencies/@a~1c/version", "7:34 type /dependencies/@a~1c/features",
			"7:58 type /dependencies/@a~1c/default-features", "8:8 type /dependencies/@a~1d",
		}},
		{"mixed forms", head + "[dependencies]\n@a/b = { git = \"https://x.org/y\" }\n@a/c = { path = \"../c\", version = \"1.0.0\" }\n@a/d = { version = \"1.0.0\", rev = \"x\" }\n@a/e = { path = \"e\", git = \"f\", rev = \"g\" }\n", []string{
			"6:1 missing /dependencies/@a~1b/rev", "7:25 dependency /dependencies/@a~1c/version",
			"8:29 dependency /dependencies/@a~1d/rev", "9:10 dependency /dependencies/@a~1e/path",
		}},
		{"features", head + "[dependencies]\n@a/b = { version = \"1.0.0\", features = [\"X\", \"y\", \"y\"] }\n", []string{
			"6:41 name /dependencies/@a~1b/features/0", "6:51 duplicate /dependencies/@a~1b/features/2",
		}},
		{"itself", "[dependencies]\n@orilib/demo = \"0.9.0\"\n" + head, []string{"2:1 dependency /dependencies/@orilib~1demo"}},
		{"two versions", head + "[dependencies]\n@a/b = \"1.0.0\"\n[dev-dependencies]\n@a/b = \"1.0.1\"\n", []string{"8:1 dependency /dev-dependencies/@a~1b"}},
		{"one version twice", head + "[dependencies]\n@a/b = \"1.0.0\"\n[dev-dependencies]\n@a/b = \"1.0.0\"\n[target.'cfg(unix)'.dependencies.@a/b]\nversion = \"1.0.0\"\n", nil},
		{"two commits", head + "[dependencies]\n@a/b = { git = \"x\", rev = \"1\" }\n@a/c = { version = \"1.0.0\", registry = \"r\" }\n[dev-dependencies]\n@a/b = { git = \"x\", rev = \"2\" }\n@a/c = \"1.0.0\"\n[registries.r]\nurl = \"https://r.example\"\n", []string{
			"9:1 dependency /dev-dependencies/@a~1b", "10:1 dependency /dev-dependencies/@a~1c",
		}},
		{"version and path", head + "[dependencies]\n@a/b = \"1.0.0\"\n[dev-dependencies]\n@a/b = { path = \"../b\" }\n", []string{"8:1 dependency /dev-dependencies/@a~1b"}},
		{"registry", head + "[dependencies]\n@a/b = { version = \"1.0.0\", registry = \"corp\" }\n", []string{"6:40 dependency /dependencies/@a~1b/registry"}},
		{"standard library", head + "[dependencies]\nstd.json = \"1.0.0\"\n\"std.http\" = false\nstd.JSON\n\"std.\" = true\n[dev-dependencies]\nstd = true\n", []string{
			"6:12 dependency /dependencies/std/json", "7:14 dependency /dependencies/std.http", "8:1 name /dependencies/std.JSON",
			"9:1 name /dependencies/std.", "11:1 name /dev-dependencies/std",
		}},
		{"module in two spellings", head + "[dependencies]\nstd.json = true\nstd.json\n", []string{"7:1 duplicate /dependencies/std.json"}},
		{"conditions", head + "[target.unix.dependencies]\n[target.\"cfg()\".dependencies]\n[target.\"cfg(a\u202eb)\".dependencies]\n[target.\"cfg(x)\"]\ndependencies = 1\n", []string{
			"5:9 value /target/unix", "6:9 value /target/cfg()", "7:9 text /target/cfg(a\u202eb)", "9:16 type /target/cfg(x)/dependencies",
		}},
		{"too many", head + "[dependencies]\n" + packages(257), []string{"262:1 limit /dependencies/@a~1p256"}},
		{"as many as can be", head + "[dependencies]\n" + packages(256), nil},
		{"too many modules", head + "[dependencies]\n" + modules(257), []string{"262:1 limit /dependencies/std.m256"}},
		{"as many modules as can be", head + "[dependencies]\n" + modules(256), nil},
		{"sections that are no tables", "dependencies = []\n[[dev-dependencies]]\n" + head, []string{"1:16 type /dependencies", "2:3 type /dev-dependencies"}},
	}
}

func packages(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "@a/p%d = \"1.0.0\"\n", i)
	}
	return b.String()
}

func modules(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "std.m%d\n", i)
	}
	return b.String()
}

func features(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "f%d = []\n", i)
	}
	return b.String()
}

func TestFaultsOfOtherSections(t *testing.T) { runFaults(t, faultsOfOtherSections(), parseFaults) }

func faultsOfOtherSections() []faultCase {
	return []faultCase{
		{"features", head + "[dependencies]\n@a/b = \"1.0.0\"\n[features]\ndefault = [\"tls\", \"@a/b\", \"@a/b/fast\"]\ntls = []\n", nil},
		{"features that lead nowhere", head + "[features]\ndefault = [\"tls\", \"@a/b\", \"@a/b/\", \"@a\"]\nBig = []\nx = \"y\"\n", []string{
			"6:12 value /features/default/0", "6:19 value /features/default/1", "6:27 name /features/default/2", "6:36 name /features/default/3",
			"7:1 name /features/Big", "8:5 type /features/x",
		}},
		{"features of modules", "[target.'cfg(a)'.dependencies]\nstd.json\n[dev-dependencies]\nstd.testing = true\n[features]\ndefault = [\"std\"]\nstd = [\"std.json\", \"std.testing\"]\n" + head, nil},
		{"features of modules that lead nowhere", head + "[dependencies]\nstd.json\n[features]\nx = [\"std.http\", \"std\", \"std.JSON\", \"std.\", \"std.json/fast\", \"std.json\"]\n", []string{
			"8:6 value /features/x/0", "8:18 value /features/x/1", "8:25 name /features/x/2", "8:37 name /features/x/3", "8:45 name /features/x/4",
		}},
		{"registries", head + "[registries.corp]\nurl = \"https://ori.corp.example/base\"\nscopes = [\"@corp\", \"tools\"]\n[registries.here]\nurl = \"http://127.0.0.1:8080\"\n", nil},
		{"registries with faults", head + "[registries.corp]\nurl = \"http://ori.corp.example\"\nscopes = [\"corp\", \"@corp\", \"C\", 1]\n[registries.Next]\n[registries.other]\nscopes = [\"corp\"]\n[registries.q]\nurl = \"https://a.example/?x\"\n", []string{
			"6:7 url /registries/corp/url", "7:19 duplicate /registries/corp/scopes/1", "7:28 name /registries/corp/scopes/2", "7:33 type /registries/corp/scopes/3",
			"8:13 name /registries/Next", "9:13 missing /registries/other/url", "10:11 duplicate /registries/other/scopes/0", "12:7 url /registries/q/url",
		}},
		{"publish", head + "[publish]\nregistry = \"corp\"\ninclude = \"x\"\nexclude = [\"\"]\n", []string{
			"6:12 value /publish/registry", "7:11 type /publish/include", "8:12 value /publish/exclude/0",
		}},
		{"too many", head + "[features]\n" + features(65), []string{"70:1 limit /features/f64"}},
		{"as many as can be", head + "[features]\n" + features(64), nil},
		{"workspace", head + "[workspace]\nmembers = [1]\n", []string{"6:12 type /workspace/members/0"}},
		{"scripts", head + "[scripts]\ncheck = [\"x\"]\n", []string{"6:9 type /scripts/check"}},
	}
}

func TestStrict(t *testing.T) {
	runFaults(t, []faultCase{
		{"nothing wrong", head + "[dependencies]\n\"@a/b\" = \"1.0.0\"\nstd.json = true\n", nil},
		{"loose key", head + "[dependencies]\n@a/b = \"1.0.0\"\n", []string{"6:1 syntax"}},
		{"module alone", head + "[dependencies]\nstd.json\n", []string{"6:1 syntax"}},
		{"scripts", head + "[scripts]\n", []string{"5:2 scripts /scripts"}},
		{"scripts escaped", head + "[\"\\u0073cripts\"]\n", []string{"5:2 scripts /scripts"}},
		{"scripts dotted", "scripts.a = 'b'\n" + head, []string{"1:1 scripts /scripts"}},
		{"no scripts", head + "scripts = 1\n[x]\nscripts = 1\n", nil},
	}, func(text string) []manifest.Fault {
		_, report := manifest.ParseStrict([]byte(text))
		return report.Faults
	})
}

func TestCheckPublish(t *testing.T) {
	runFaults(t, []faultCase{
		{"nothing wrong", head + "description = \"A demo.\"\n", nil},
		{"no description", head, []string{"1:2 missing /project/description"}},
		{"a faulty one is there", head + "description = \"\\n\"\n", nil},
		{"local", head + "description = \"A demo.\"\n[dependencies]\n@a/b = { path = \"../b\" }\n[dev-dependencies.@a/c]\ngit = \"https://x.org/y\"\nrev = \"1\"\n", []string{
			"7:1 dependency /dependencies/@a~1b", "8:19 dependency /dev-dependencies/@a~1c",
		}},
	}, func(text string) []manifest.Fault {
		m, _ := manifest.Parse([]byte(text))
		return m.CheckPublish()
	})
}

func TestWarnings(t *testing.T) {
	text := head + "colour = 1\n[dependencies]\n@a/b = { version = \"1.0.0\", optional = true }\n" +
		"[target.'cfg(unix)']\nlibs = []\n[registries.x]\nurl = \"https://x.example\"\ntoken = \"s\"\n" +
		"[workspace]\nroot = 1\n[publish]\ndry = true\n[project.entry]\ntest = 1\n[tool.x]\na = 1\n"
	runFaults(t, []faultCase{{"unknown", text, []string{
		"5:1 unknown_key /project/colour", "7:29 unknown_key /dependencies/@a~1b/optional", "9:1 unknown_key /target/cfg(unix)/libs",
		"12:1 unknown_key /registries/x/token", "14:1 unknown_key /workspace/root", "16:1 unknown_key /publish/dry",
		"18:1 unknown_key /project/entry/test", "19:2 unknown_section /tool",
	}}}, func(text string) []manifest.Fault {
		_, report := manifest.Parse([]byte(text))
		if !report.OK() {
			t.Errorf("faults: %v", report.Faults)
		}
		return report.Warnings
	})
}

func TestFaultNamesBothLines(t *testing.T) {
	for _, text := range []string{
		"[dependencies]\n@a/b = \"1.0.0\"\n[dev-dependencies]\n@a/b = \"2.0.0\"\n" + head,
		"[dependencies]\n@a/b = \"1.0.0\"\n\n@a/b = \"1.0.0\"\n" + head,
		"[dependencies]\nstd.json = true\n\nstd.json\n" + head,
	} {
		faults := parseFaults(text)
		if len(faults) != 1 || faults[0].Line != 4 || !strings.Contains(faults[0].Detail, "line 2") {
			t.Errorf("%q: %v", text, faults)
		}
	}
}

func TestErr(t *testing.T) {
	_, report := manifest.Parse([]byte("[project]\nname = \"demo\"\nversion = \"1.0.0\"\n"))
	want := "oripk.toml:1:2: [project] has no ori, which is required\n" +
		`oripk.toml:2:8: "demo" is not a package: it does not start with @; write @scope/name`
	if got := report.Err("oripk.toml").Error(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if _, report := manifest.Parse([]byte(head)); report.Err("oripk.toml") != nil {
		t.Errorf("error of a good manifest: %v", report.Err("oripk.toml"))
	}
}

func TestFaultString(t *testing.T) {
	f := manifest.Fault{Code: "value", Position: manifest.Position{Line: 3, Column: 9}, Detail: "no"}
	if f.String() != "3:9: no (value)" {
		t.Error(f.String())
	}
	if f.Position = (manifest.Position{}); f.String() != "no (value)" {
		t.Error(f.String())
	}
}
