package manifest_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/ori-lang/registry/manifest"
)

func TestAddToSection(t *testing.T) {
	runEdits(t, []editCase{
		{"empty, in TOML", "[dependencies]\n", "+ @a/b 1.0.0", "[dependencies]\n\"@a/b\" = \"1.0.0\"\n"},
		{"empty, in a loose text", "[dependencies]\n[dev-dependencies]\nstd.testing\n", "+ @a/b 1.0.0", "[dependencies]\n@a/b = \"1.0.0\"\n[dev-dependencies]\nstd.testing\n"},
		{"without a final newline", "[dependencies]\n\"@a/b\" = \"1.0.0\"", "+ @a/c 1.0.0", "[dependencies]\n\"@a/b\" = \"1.0.0\"\n\"@a/c\" = \"1.0.0\""},
		{"header without a final newline", "[dependencies]", "+ @a/c 1.0.0", "[dependencies]\n\"@a/c\" = \"1.0.0\""},
		{"sorted, first", "[dependencies]\n@b/b = \"1.0.0\"\n@b/c = \"1.0.0\"\n", "+ @a/z 1.0.0", "[dependencies]\n@a/z = \"1.0.0\"\n@b/b = \"1.0.0\"\n@b/c = \"1.0.0\"\n"},
		{"sorted, between", "[dependencies]\n@a/a = \"1.0.0\" # one\n# of c\n@a/c = \"1.0.0\"\n", "+ @a/b 1.0.0", "[dependencies]\n@a/a = \"1.0.0\" # one\n@a/b = \"1.0.0\"\n# of c\n@a/c = \"1.0.0\"\n"},
		{"sorted, behind a value over lines", "[dependencies]\n@a/a = { version = \"1.0.0\", features = [\n \"x\" ] }\n[x]\n", "+ @a/b 1.0.0", "[dependencies]\n@a/a = { version = \"1.0.0\", features = [\n \"x\" ] }\n@a/b = \"1.0.0\"\n[x]\n"},
		{"sorted packages, modules between", "[dependencies]\nstd.a\n@a/a = \"1.0.0\"\nstd.b\n@a/c = \"1.0.0\"\n", "+ @a/b 1.0.0", "[dependencies]\nstd.a\n@a/a = \"1.0.0\"\n@a/b = \"1.0.0\"\nstd.b\n@a/c = \"1.0.0\"\n"},
		{"unsorted: at the end", "[dependencies]\n@a/c = \"1.0.0\"\n@a/a = \"1.0.0\"\nstd.z\n\n# of x\n[x]\n", "+ @a/b 1.0.0", "[dependencies]\n@a/c = \"1.0.0\"\n@a/a = \"1.0.0\"\nstd.z\n@a/b = \"1.0.0\"\n\n# of x\n[x]\n"},
		{"unsorted: behind the last of dotted modules", "[dependencies]\n@a/z = \"1.0.0\"\nstd.a = true\n@a/a = \"1.0.0\"\nstd.b = true\n", "+ @a/b 1.0.0", "[dependencies]\n@a/z = \"1.0.0\"\nstd.a = true\n@a/a = \"1.0.0\"\nstd.b = true\n@a/b = \"1.0.0\"\n"},
		{"behind dotted keys in two places", "[dependencies]\n@a/b.x.y = 1\n@a/b.version = \"1.0.0\"\n@a/b.x.z = 2\n", "+ @a/c 1.0.0", "[dependencies]\n@a/b.x.y = 1\n@a/b.version = \"1.0.0\"\n@a/b.x.z = 2\n@a/c = \"1.0.0\"\n"},
		{"unsorted: ahead of trailing comments", "[dependencies]\n@a/c = \"1.0.0\"\n@a/a = \"1.0.0\"\n# @a/old = \"1.0.0\"\n", "+ @a/b 1.0.0", "[dependencies]\n@a/c = \"1.0.0\"\n@a/a = \"1.0.0\"\n@a/b = \"1.0.0\"\n# @a/old = \"1.0.0\"\n"},
		{"ahead of an entry and its comment", "[dependencies]\n# of b\n@a/b = \"1.0.0\"\n# of c\n@a/c = \"1.0.0\"\n", "+ @a/a 1.0.0", "[dependencies]\n@a/a = \"1.0.0\"\n# of b\n@a/b = \"1.0.0\"\n# of c\n@a/c = \"1.0.0\"\n"},
		{"under a comment of the section", "[dependencies]\n# all pinned\n@a/b = \"1.0.0\"\n@a/c = \"1.0.0\"\n", "+ @a/a 1.0.0", "[dependencies]\n# all pinned\n@a/a = \"1.0.0\"\n@a/b = \"1.0.0\"\n@a/c = \"1.0.0\"\n"},
		{"under a comment and a blank line", "[dependencies]\n# all pinned\n\n@a/b = \"1.0.0\"\n", "+ @a/a 1.0.0", "[dependencies]\n# all pinned\n\n@a/a = \"1.0.0\"\n@a/b = \"1.0.0\"\n"},
		{"beside a table of its own", "[dependencies]\n@a/a = \"1.0.0\"\n\n[dependencies.@a/c]\nversion = \"1.0.0\"\n", "+ @a/d 1.0.0", "[dependencies]\n@a/a = \"1.0.0\"\n@a/d = \"1.0.0\"\n\n[dependencies.@a/c]\nversion = \"1.0.0\"\n"},
		{"to a header behind the tables inside of it", "[dependencies.'@a/c']\nversion = '1.0.0'\n[dependencies]\n", "+ @a/b 1.0.0", "[dependencies.'@a/c']\nversion = '1.0.0'\n[dependencies]\n\"@a/b\" = \"1.0.0\"\n"},
		{"ahead of the tables inside of it", "[dependencies]\n\n[dependencies.@a/a]\nversion = \"1.0.0\"\n", "+ @a/b 1.0.0", "[dependencies]\n@a/b = \"1.0.0\"\n\n[dependencies.@a/a]\nversion = \"1.0.0\"\n"},
		{"development", "[dependencies]\n[dev-dependencies]\n", "dev + @a/b 1.0.0", "[dependencies]\n[dev-dependencies]\n\"@a/b\" = \"1.0.0\"\n"},
		{"target", "[target.'cfg(unix)'.dependencies]\n@a/c = \"1.0.0\"\n", "cfg(unix) + @a/b 1.0.0", "[target.'cfg(unix)'.dependencies]\n@a/b = \"1.0.0\"\n@a/c = \"1.0.0\"\n"},
		{"all keys", "[dependencies]\n", "+ @a/b 1.0.0 features=x,y default-features=false registry=corp", "[dependencies]\n\"@a/b\" = { version = \"1.0.0\", features = [\"x\", \"y\"], default-features = false, registry = \"corp\" }\n"},
		{"git", "[dependencies]\n", "+ @a/b git=https://x.example/b rev=0a1b", "[dependencies]\n\"@a/b\" = { git = \"https://x.example/b\", rev = \"0a1b\" }\n"},
		{"path", "[dependencies]\n", `+ @a/b path=..\b"c`, "[dependencies]\n\"@a/b\" = { path = \"..\\\\b\\\"c\" }\n"},
	})
}

func TestAddWritesAsItsNeighbour(t *testing.T) {
	runEdits(t, []editCase{
		{"quotes", "[dependencies]\n'@a/b' = '1.0.0'\n[x]\n@y = 1\n", "+ @a/c 1.0.0", "[dependencies]\n'@a/b' = '1.0.0'\n'@a/c' = '1.0.0'\n[x]\n@y = 1\n"},
		{"double quotes in a loose text", "[dependencies]\nstd.json\n\"@a/b\" = \"1.0.0\"\n", "+ @a/c 1.0.0", "[dependencies]\nstd.json\n\"@a/b\" = \"1.0.0\"\n\"@a/c\" = \"1.0.0\"\n"},
		{"quotes that cannot be", "[dependencies]\n'@a/b' = { path = 'b' }\n", "+ @a/c path=it's", "[dependencies]\n'@a/b' = { path = 'b' }\n'@a/c' = { path = \"it's\" }\n"},
		{"no space", "[dependencies]\n  @a/b=\"1.0.0\"\n", "+ @a/c 1.0.0", "[dependencies]\n  @a/b=\"1.0.0\"\n  @a/c=\"1.0.0\"\n"},
		{"tabs", "\t[dependencies]\n\t\t@a/b\t=\t\"1.0.0\"\n", "+ @a/a 1.0.0", "\t[dependencies]\n\t\t@a/a\t=\t\"1.0.0\"\n\t\t@a/b\t=\t\"1.0.0\"\n"},
		{"aligned", "[dependencies]\n@a/b      = \"1.0.0\"\n@a/longer = \"1.0.0\"\n", "+ @a/bcd 1.0.0", "[dependencies]\n@a/b      = \"1.0.0\"\n@a/bcd    = \"1.0.0\"\n@a/longer = \"1.0.0\"\n"},
		{"aligned, too long", "[dependencies]\n@a/b  = \"1.0.0\"\n@a/cd = \"1.0.0\"\n", "+ @a/bcdef 1.0.0", "[dependencies]\n@a/b  = \"1.0.0\"\n@a/bcdef = \"1.0.0\"\n@a/cd = \"1.0.0\"\n"},
		{"indent of the header", "  [dependencies]\n", "+ @a/b 1.0.0", "  [dependencies]\n  \"@a/b\" = \"1.0.0\"\n"},
		{"beside a lonely module", "[dependencies]\nstd.json\n", "+ @a/b 1.0.0", "[dependencies]\nstd.json\n@a/b = \"1.0.0\"\n"},
		{"beside a dotted module", "[dependencies]\nstd.json = true\n", "+ @a/b 1.0.0", "[dependencies]\nstd.json = true\n\"@a/b\" = \"1.0.0\"\n"},
		{"dotted keys", "dependencies.@a/b = \"1.0.0\"\n", "+ @a/c 1.0.0", "dependencies.@a/b = \"1.0.0\"\ndependencies.@a/c = \"1.0.0\"\n"},
		{"dotted keys with spaces", "\"dependencies\" . '@a/b' . version = '1.0.0'\n[x]\n", "+ @a/c 1.0.0", "\"dependencies\" . '@a/b' . version = '1.0.0'\n\"dependencies\".'@a/c' = '1.0.0'\n[x]\n"},
		{"dotted keys under a header", "[target]\n'cfg(unix)'.dependencies.\"@a/b\" = \"1.0.0\"\n", "cfg(unix) + @a/a 1.0.0", "[target]\n'cfg(unix)'.dependencies.\"@a/a\" = \"1.0.0\"\n'cfg(unix)'.dependencies.\"@a/b\" = \"1.0.0\"\n"},
		{"inline, empty", "dependencies = {}\n", "+ @a/b 1.0.0", "dependencies = {\"@a/b\" = \"1.0.0\"}\n"},
		{"inline, empty with a space", "dependencies = { }\n", "+ @a/b 1.0.0", "dependencies = { \"@a/b\" = \"1.0.0\" }\n"},
		{"inline, between", "dependencies = { @a/a = \"1.0.0\", @a/c = \"1.0.0\" }\n", "+ @a/b 1.0.0", "dependencies = { @a/a = \"1.0.0\", @a/b = \"1.0.0\", @a/c = \"1.0.0\" }\n"},
		{"inline, first", "dependencies = { @a/b = \"1.0.0\" }\n", "+ @a/a 1.0.0", "dependencies = { @a/a = \"1.0.0\", @a/b = \"1.0.0\" }\n"},
		{"inline with dotted keys", "target = { 'cfg(unix)'.dependencies.@a/a = \"1.0.0\" }\n", "cfg(unix) + @a/b 1.0.0", "target = { 'cfg(unix)'.dependencies.@a/a = \"1.0.0\", 'cfg(unix)'.dependencies.@a/b = \"1.0.0\" }\n"},
		{"inline without the section", "target = {}\n", "cfg(unix) + @a/b 1.0.0", "target = {\"cfg(unix)\".dependencies.\"@a/b\" = \"1.0.0\"}\n"},
	})
}

func TestAddTableOfItsOwn(t *testing.T) {
	const b = "[dependencies.@a/b]\nversion = \"1.0.0\"\n"
	const d = "[dependencies.@a/d]\nversion = \"1.0.0\"\n# features = []\n"
	const c = "[dependencies.@a/c]\nversion = \"2.0.0\"\nfeatures = [\"x\"]\n"
	runEdits(t, []editCase{
		{"between", b + "\n# of d\n" + d + "\n[x]\n", "+ @a/c 2.0.0 features=x", b + "\n" + c + "\n# of d\n" + d + "\n[x]\n"},
		{"at the end", b + "\n" + d, "+ @a/e 1.0.0", b + "\n" + d + "\n[dependencies.@a/e]\nversion = \"1.0.0\"\n"},
		{"at the end without a final newline", strings.TrimSpace(b), "+ @a/e 1.0.0", b + "\n[dependencies.@a/e]\nversion = \"1.0.0\""},
		{"first", "[x]\n\n# of d\n" + d, "+ @a/c 2.0.0 features=x", "[x]\n\n" + c + "\n# of d\n" + d},
		{"first, without blank lines", "[x]\n# of d\n" + d, "+ @a/c 2.0.0 features=x", "[x]\n" + c + "# of d\n" + d},
		{"first in the text, under its comment", "# Mine.\n" + d, "+ @a/c 2.0.0 features=x", "# Mine.\n" + c + d},
		{"behind tables inside of another", b + "\n[dependencies.@a/b.x]\n\n[y]\n", "+ @a/c 2.0.0 features=x", b + "\n[dependencies.@a/b.x]\n\n" + c + "\n[y]\n"},
		{"ahead of a table and those inside of it", d + "\n[dependencies.@a/d.x]\n", "+ @a/c 2.0.0 features=x", c + "\n" + d + "\n[dependencies.@a/d.x]\n"},
		{"without blank lines, ahead of a commented header", b + "# of x\n[x]\n", "+ @a/c 2.0.0 features=x", b + c + "# of x\n[x]\n"},
		{"as the others are spelled", "  [ target . 'cfg(unix)' . dependencies . '@a/b' ]\n  version = '1.0.0'\n", "cfg(unix) + @a/c 1.0.0", "  [ target . 'cfg(unix)' . dependencies . '@a/b' ]\n  version = '1.0.0'\n\n  [target.'cfg(unix)'.dependencies.'@a/c']\n  version = \"1.0.0\"\n"},
		{"a module needs the header", "[x]\n\n# of b\n" + b, "+ std.json", "[x]\n\n[dependencies]\nstd.json\n\n# of b\n" + b},
	})
}

func TestAddSection(t *testing.T) {
	const added = "\n[dependencies]\n\"@a/b\" = \"1.0.0\"\n"
	runEdits(t, []editCase{
		{"to nothing", "", "+ @a/b 1.0.0", strings.TrimPrefix(added, "\n")},
		{"to blank lines", "\n\n", "+ @a/b 1.0.0", strings.TrimPrefix(added, "\n") + "\n\n"},
		{"to a comment", "# Mine.\n", "+ @a/b 1.0.0", "# Mine.\n" + added},
		{"behind the project", head, "+ @a/b 1.0.0", head + added},
		{"behind the project's tables", head + "\n[project.entry]\nlib = \"l\"\n\n# of x\n[x]\n", "+ @a/b 1.0.0", head + "\n[project.entry]\nlib = \"l\"\n" + added + "\n# of x\n[x]\n"},
		{"without blank lines", head + "# of x\n[x]\n", "+ @a/b 1.0.0", head + strings.TrimPrefix(added, "\n") + "# of x\n[x]\n"},
		{"behind comments of the section above", head + "# more to come\n\n# of x\n[x]\n", "+ @a/b 1.0.0", head + "# more to come\n" + added + "\n# of x\n[x]\n"},
		{"without a final newline", strings.TrimSpace(head), "+ @a/b 1.0.0", head + strings.TrimSuffix(added, "\n")},
		{"in a loose text", head + "\n[dependencies]\nstd.json\n\n[x]\n", "dev + @a/b 1.0.0", head + "\n[dependencies]\nstd.json\n\n[dev-dependencies]\n@a/b = \"1.0.0\"\n\n[x]\n"},
		{"module in a loose text", head + "\n[dependencies]\nstd.json\n", "dev + std.testing", head + "\n[dependencies]\nstd.json\n\n[dev-dependencies]\nstd.testing\n"},
		{"module in TOML", head, "+ std.json", head + "\n[dependencies]\n\"std.json\" = true\n"},
		{"order of sections", head + "\n[dev-dependencies]\n\n[target.'cfg(a)'.dependencies]\n", "+ @a/b 1.0.0", head + added + "\n[dev-dependencies]\n\n[target.'cfg(a)'.dependencies]\n"},
		{"target", head + "\n[features]\n", "cfg(unix) + @a/b 1.0.0", head + "\n[target.\"cfg(unix)\".dependencies]\n\"@a/b\" = \"1.0.0\"\n\n[features]\n"},
		{"target with quotes in it", head, "cfg(os=\"x\") + @a/b 1.0.0", head + "\n[target.'cfg(os=\"x\")'.dependencies]\n\"@a/b\" = \"1.0.0\"\n"},
		{"another target", head + "\n[\"target\".'cfg(a)'.dependencies]\n\n[features]\n", "cfg(b) + @a/b 1.0.0", head + "\n[\"target\".'cfg(a)'.dependencies]\n\n[\"target\".\"cfg(b)\".dependencies]\n\"@a/b\" = \"1.0.0\"\n\n[features]\n"},
		{"a third target", head + "\n[target.'cfg(a)'.dependencies]\n\n[target.'cfg(b)'.dependencies]\n\n[features]\n", "cfg(c) + @a/b 1.0.0", head + "\n[target.'cfg(a)'.dependencies]\n\n[target.'cfg(b)'.dependencies]\n\n[target.\"cfg(c)\".dependencies]\n\"@a/b\" = \"1.0.0\"\n\n[features]\n"},
		{"a target that has something else", head + "\n[target.'cfg(a)']\nlibs = []\n\n[target.'cfg(b)'.dependencies]\n", "cfg(a) + @a/b 1.0.0", head + "\n[target.'cfg(a)']\nlibs = []\n\n[target.'cfg(a)'.dependencies]\n\"@a/b\" = \"1.0.0\"\n\n[target.'cfg(b)'.dependencies]\n"},
		{"a dotted target", "target.'cfg(a)'.libs = []\n", "cfg(a) + @a/b 1.0.0", "target.'cfg(a)'.libs = []\n\n[target.'cfg(a)'.dependencies]\n\"@a/b\" = \"1.0.0\"\n"},
		{"at the end when nothing tells", "project.name = \"@a/c\"\n\n[features]\n", "+ @a/b 1.0.0", "project.name = \"@a/c\"\n\n[features]\n" + added},
	})
}

func TestChange(t *testing.T) {
	runEdits(t, []editCase{
		{"version", "[dependencies]\n@a/b   =  \"1.0.0\" # why\n", "+ @a/b 1.1.0", "[dependencies]\n@a/b   =  \"1.1.0\" # why\n"},
		{"version in '", "[dependencies]\n\"@a/b\" = '1.0.0'", "+ @a/b 1.1.0", "[dependencies]\n\"@a/b\" = '1.1.0'"},
		{"the same version in another spelling", "[dependencies]\n@a/b = \"\"\"\n1.0.\\u0030\"\"\"\n", "+ @a/b 1.0.0", "[dependencies]\n@a/b = \"\"\"\n1.0.\\u0030\"\"\"\n"},
		{"no version yet", "[dependencies]\n@a/b # later\n", "+ @a/b 1.0.0", "[dependencies]\n@a/b = \"1.0.0\" # later\n"},
		{"a value of another type", "[dependencies]\n@a/b = [1,\n2] # ?\n", "+ @a/b 1.0.0", "[dependencies]\n@a/b = \"1.0.0\" # ?\n"},
		{"a list as version", "[dependencies.@a/b]\nversion = [\"1.0.0\"]\n", "+ @a/b 1.0.0", "[dependencies.@a/b]\nversion = \"1.0.0\"\n"},
		{"a date", "[dependencies]\n@a/b = 2026-01-02 03:04:05  # ?\n", "+ @a/b 1.0.0", "[dependencies]\n@a/b = \"1.0.0\"  # ?\n"},
		{"version to table", "[dependencies]\n'@a/b' = '1.0.0' # why\n", "+ @a/b 1.0.0 features=x", "[dependencies]\n'@a/b' = { version = '1.0.0', features = ['x'] } # why\n"},
		{"version in a table", "[dependencies]\n@a/b = {version=\"1.0.0\",features=[ \"x\" ]}\n", "+ @a/b 1.1.0 features=x", "[dependencies]\n@a/b = {version=\"1.1.0\",features=[ \"x\" ]}\n"},
		{"what says nothing stays", "[dependencies]\n@a/b = { version = \"1.0.0\", features = [], default-features = true, extra = 1 }\n", "+ @a/b 1.1.0", "[dependencies]\n@a/b = { version = \"1.1.0\", features = [], default-features = true, extra = 1 }\n"},
		{"a key more in a table", "[dependencies]\n@a/b = { version = \"1.0.0\" }\n", "+ @a/b 1.0.0 default-features=false", "[dependencies]\n@a/b = { version = \"1.0.0\", default-features = false }\n"},
		{"a key less in a table", "[dependencies]\n@a/b = { default-features = false, version = \"1.0.0\" }\n", "+ @a/b 1.0.0", "[dependencies]\n@a/b = { version = \"1.0.0\" }\n"},
		{"another form of table", "[dependencies]\n@a/b = { version = \"1.0.0\", registry = \"corp\" }\n", "+ @a/b path=../b", "[dependencies]\n@a/b = { path = \"../b\" }\n"},
		{"an empty table", "[dependencies]\n@a/b = {}\n", "+ @a/b 1.0.0", "[dependencies]\n@a/b = {version = \"1.0.0\"}\n"},
		{"table of its own", "[dependencies.@a/b]\n# keep\nversion = \"1.0.0\" # why\nfeatures = [\"x\"]\n\n[x]\n", "+ @a/b 1.1.0 features=x default-features=false", "[dependencies.@a/b]\n# keep\nversion = \"1.1.0\" # why\nfeatures = [\"x\"]\ndefault-features = false\n\n[x]\n"},
		{"a key less in a table of its own", "[dependencies.@a/b]\nversion = \"1.0.0\"\n# only these\nfeatures = [\n \"x\",\n]\n\n[x]\n", "+ @a/b 1.0.0", "[dependencies.@a/b]\nversion = \"1.0.0\"\n\n[x]\n"},
		{"empty table of its own", "[dependencies.@a/b]\n\n[x]\n", "+ @a/b 1.0.0", "[dependencies.@a/b]\nversion = \"1.0.0\"\n\n[x]\n"},
		{"dotted", "[dependencies]\n@a/b.version = \"1.0.0\"\n@a/b.features = [\"x\"]\n@a/c = \"1.0.0\"\n", "+ @a/b 1.1.0 features=x default-features=false", "[dependencies]\n@a/b.version = \"1.1.0\"\n@a/b.features = [\"x\"]\n@a/b.default-features = false\n@a/c = \"1.0.0\"\n"},
		{"dotted, behind the last of them", "[dependencies]\n@a/b.x.y = 1\n@a/b.version = \"1.0.0\"\n@a/b.x.z = 2\n", "+ @a/b 1.0.0 features=x", "[dependencies]\n@a/b.x.y = 1\n@a/b.version = \"1.0.0\"\n@a/b.x.z = 2\n@a/b.features = [\"x\"]\n"},
		{"an empty string", "[dependencies]\n@a/b = { registry = \"\", version = \"1.0.0\" }\n", "+ @a/b 1.0.0", "[dependencies]\n@a/b = { version = \"1.0.0\" }\n"},
		{"dotted from the root", "dependencies.\"@a/b\".version = \"1.0.0\"\ndependencies.\"@a/b\".registry = \"r\"\n", "+ @a/b git=u rev=v", "dependencies.\"@a/b\".git = \"u\"\ndependencies.\"@a/b\".rev = \"v\"\n"},
		{"dotted in a table", "dependencies = { @a/b.version = \"1.0.0\", @a/c = \"1.0.0\" }\n", "+ @a/b 1.0.0 features=x", "dependencies = { @a/b.version = \"1.0.0\", @a/b.features = [\"x\"], @a/c = \"1.0.0\" }\n"},
		{"only in its section", "[dependencies]\n@a/b = \"1.0.0\"\n[dev-dependencies]\n@a/b = \"1.0.0\"\n", "dev + @a/b 1.1.0", "[dependencies]\n@a/b = \"1.0.0\"\n[dev-dependencies]\n@a/b = \"1.1.0\"\n"},
		{"module with a wrong value", "[dependencies]\nstd.json = \"1.0.0\"\n", "+ std.json", "[dependencies]\nstd.json = true\n"},
	})
}

func TestChangeFeatures(t *testing.T) {
	table := func(list string) string {
		return "[dependencies.@a/b]\nversion = \"1.0.0\"\nfeatures = " + list + "\n"
	}
	var cases []editCase
	for _, c := range []struct{ name, have, features, want string }{
		{"one more", `["x" ]`, "x,y", `["x", "y" ]`},
		{"one more as the others are quoted", `[ 'x' ]`, "x,y", `[ 'x', 'y' ]`},
		{"one less, first", `["x", "y"]`, "y", `["y"]`},
		{"one less, last", `["x", "y" ]`, "x", `["x" ]`},
		{"in the middle and others", `["a", "b", "c", "d",]`, "b,d,e", `["b", "d", "e",]`},
		{"first two", `["a", "b", "c"]`, "c", `["c"]`},
		{"all others", `["a", "b"]`, "c", `["c"]`},
		{"another order", `["a", "b"]`, "b,a", `["b", "a"]`},
		{"one twice", `["a", "a"]`, "a", `["a"]`},
		{"not only strings", `["a", ["b"], 1]`, "a", `["a"]`},
		{"a list in it", `[["b"], "a"]`, "a", `["a"]`},
		{"not a list", `"a"`, "a", `["a"]`},
		{"lines with comments, one more", "[\n  \"x\", # why x\n  # why not\n]", "x,y", "[\n  \"x\", # why x\n  \"y\",\n  # why not\n]"},
		{"lines without the last comma", "[\n  \"w\",\n  \"x\" # why x\n]", "w,x,y,z", "[\n  \"w\",\n  \"x\", # why x\n  \"y\",\n  \"z\"\n]"},
		{"lines, one less", "[\n  \"w\", # why w\n  \"x\", # why x\n  \"y\" # why y\n]", "w,y", "[\n  \"w\", # why w\n  \"y\" # why y\n]"},
		{"lines, last less", "[\n  \"w\", # why w\n  \"x\" # why x\n]", "w", "[\n  \"w\", # why w\n]"},
		{"comma on the next line", "[\n  \"w\" # why w\n  , \n]", "w,x", "[\n  \"w\", \"x\" # why w\n  , \n]"},
		{"lines that are shared, one more", "[ \"w\", # why w\n  \"x\", \"y\" ]", "w,x,y,z", "[ \"w\", # why w\n  \"x\", \"y\", \"z\" ]"},
		{"lines that are shared, one less", "[ \"w\",\n  \"x\", \"y\" ]", "w,x", "[\"w\", \"x\"]"},
		{"strings over lines", "[\n \"w\",\n '''x\ny''',\n]", "w", "[\"w\"]"},
	} {
		cases = append(cases, editCase{c.name, table(c.have), "+ @a/b 1.0.0 features=" + c.features, table(c.want)})
	}
	runEdits(t, cases)
}

func TestModules(t *testing.T) {
	runEdits(t, []editCase{
		{"loose, sorted", "[dependencies]\nstd.a\nstd.c\n@a/b = \"1.0.0\"\n", "+ std.b.x", "[dependencies]\nstd.a\nstd.b.x\nstd.c\n@a/b = \"1.0.0\"\n"},
		{"loose beside a package", "[dependencies]\n@a/b = \"1.0.0\"\n", "+ std.json", "[dependencies]\n@a/b = \"1.0.0\"\nstd.json\n"},
		{"quoted", "[dependencies]\n\"std.json\"=true\n", "+ std.http", "[dependencies]\n\"std.http\"=true\n\"std.json\"=true\n"},
		{"dotted", "[dependencies]\nstd.a = true\nstd.b = true\n[x]\n@y = 1\n", "+ std.c", "[dependencies]\nstd.a = true\nstd.b = true\nstd.c = true\n[x]\n@y = 1\n"},
		{"a dotted one is in the way", "[dependencies]\nstd.text = true\n", "+ std.text.utf8", "[dependencies]\nstd.text = true\n\"std.text.utf8\" = true\n"},
		{"a table is in the way", "[dependencies]\nstd.a = true\nstd.text = {}\n", "+ std.text.utf8", "[dependencies]\nstd.a = true\nstd.text = {}\n\"std.text.utf8\" = true\n"},
		{"a longer dotted one is in the way", "[dependencies]\nstd.text.utf8 = true\n", "+ std.text", "[dependencies]\n\"std.text\" = true\nstd.text.utf8 = true\n"},
		{"inline", "dependencies = { @a/b = \"1.0.0\" }\n", "+ std.json", "dependencies = { @a/b = \"1.0.0\", \"std.json\" = true }\n"},
		{"dotted from the root", "dependencies.std.json = true\n", "+ std.http", "dependencies.std.http = true\ndependencies.std.json = true\n"},
		{"there already", "[dependencies]\nstd.json\n", "+ std.json", "[dependencies]\nstd.json\n"},
		{"remove lonely", "[dependencies]\nstd.json # why\nstd.http\n", "- std.json", "[dependencies]\nstd.http\n"},
		{"remove quoted", "[dependencies]\n'std.json' = true\n", "- std.json", "[dependencies]\n"},
		{"remove dotted", "[dependencies]\nstd.json = true\nstd.json2 = true\n", "- std.json", "[dependencies]\nstd.json2 = true\n"},
		{"remove all spellings", "[dependencies]\nstd.json = true\n@a/b = \"1.0.0\"\nstd.json\n", "- std.json", "[dependencies]\n@a/b = \"1.0.0\"\n"},
		{"remove from a table", "dependencies = { std.a = true, \"std.b\" = true, std.c = true }\n", "- std.b", "dependencies = { std.a = true, std.c = true }\n"},
		{"remove what is not there", "[dependencies]\nstd.json = true\n", "- std.http", "[dependencies]\nstd.json = true\n"},
	})
}

func TestRemove(t *testing.T) {
	runEdits(t, []editCase{
		{"line", "[dependencies]\n@a/b = \"1.0.0\" # why\n@a/c = \"1.0.0\"\n", "- @a/b", "[dependencies]\n@a/c = \"1.0.0\"\n"},
		{"last line", "[dependencies]\n@a/b = \"1.0.0\"\n@a/c = \"1.0.0\"\n", "- @a/c", "[dependencies]\n@a/b = \"1.0.0\"\n"},
		{"last line without a final newline", "[dependencies]\n@a/c = \"1.0.0\"", "- @a/c", "[dependencies]"},
		{"the section stays", head + "[dependencies]\n\"@a/c\" = \"1.0.0\"\n\n[x]\n", "- @a/c", head + "[dependencies]\n\n[x]\n"},
		{"value over lines", "[dependencies]\n@a/b = { version = \"1.0.0\", features = [\n\"x\", # x\n] } # b\n@a/c = \"1.0.0\"\n", "- @a/b", "[dependencies]\n@a/c = \"1.0.0\"\n"},
		{"dotted", "[dependencies]\n@a/b.version = \"1.0.0\"\n@a/c = \"1.0.0\"\n@a/b.features = []\n", "- @a/b", "[dependencies]\n@a/c = \"1.0.0\"\n"},
		{"dotted from the root", "dependencies.@a/b = \"1.0.0\"\n\na = 1\n", "- @a/b", "a = 1\n"},
		{"inline, only", "dependencies = { @a/b = \"1.0.0\" }\n", "- @a/b", "dependencies = { }\n"},
		{"inline, first", "dependencies = { @a/b = \"1.0.0\", @a/c = \"1.0.0\" }\n", "- @a/b", "dependencies = { @a/c = \"1.0.0\" }\n"},
		{"inline, middle", "dependencies = {@a/b = \"1\", @a/c.version = \"1\", @a/c.path = \"2\", @a/d = \"1\"}\n", "- @a/c", "dependencies = {@a/b = \"1\", @a/d = \"1\"}\n"},
		{"inline, in two places", "dependencies = { @a/b.version = \"1\", @a/c = \"1\", @a/b.path = \"2\", @a/d = \"1\" }\n", "- @a/b", "dependencies = { @a/c = \"1\", @a/d = \"1\" }\n"},
		{"inline, last", "dependencies = { @a/b = \"1.0.0\", @a/c = \"1.0.0\" }\n", "- @a/c", "dependencies = { @a/b = \"1.0.0\" }\n"},
		{"table of its own", head + "\n# of b\n[dependencies.@a/b]\nversion = \"1.0.0\"\n\n# still b\nfeatures = []\n# also = 1\n\n# not b\n\n[x]\n", "- @a/b", head + "\n# not b\n\n[x]\n"},
		{"table of its own at the end", head + "\n[dependencies.@a/b]\nversion = \"1.0.0\"", "- @a/b", strings.TrimSuffix(head, "\n")},
		{"table of its own, at the start", "# Mine.\n[dependencies.@a/b]\nversion = \"1.0.0\"\n\n" + head, "- @a/b", "# Mine.\n\n" + head},
		{"table of its own, without blank lines", "[x]\n[dependencies.@a/b]\nversion = \"1.0.0\"\n# of y\n[y]\n", "- @a/b", "[x]\n# of y\n[y]\n"},
		{"tables inside of it", "[dependencies.@a/b]\nversion = \"1.0.0\"\n[dependencies.@a/c]\nversion = \"1.0.0\"\n[dependencies.@a/b.x.y]\nz = 1\n", "- @a/b", "[dependencies.@a/c]\nversion = \"1.0.0\"\n"},
		{"only tables inside of it", "[dependencies.@a/b.x]\nz = 1\n[y]\n", "- @a/b", "[y]\n"},
		{"array of tables", "[[dependencies.@a/b]]\nz = 1\n[[dependencies.@a/b]]\n[y]\n", "- @a/b", "[y]\n"},
		{"dotted and a table", "[dependencies]\n@a/b.version = \"1.0.0\"\n[dependencies.@a/b.x]\nz = 1\n[y]\n", "- @a/b", "[dependencies]\n[y]\n"},
		{"what is not there", "[dependencies]\n@a/b = \"1.0.0\"\n", "- @a/c", "[dependencies]\n@a/b = \"1.0.0\"\n"},
		{"no section", head, "dev - @a/c", head},
		{"target", "[target.'cfg(unix)'.dependencies]\n\"@a/b\" = \"1.0.0\"\n[dependencies]\n\"@a/b\" = \"1.0.0\"\n", "cfg(unix) - @a/b", "[target.'cfg(unix)'.dependencies]\n[dependencies]\n\"@a/b\" = \"1.0.0\"\n"},
	})
}

// TestRemoveComments has the rule for the comments right above a dependency.
func TestRemoveComments(t *testing.T) {
	const a, b, c = "@a/a = \"1.0.0\"\n", "@a/b = \"1.0.0\"\n", "@a/c = \"1.0.0\"\n"
	runEdits(t, []editCase{
		{"its own", "[dependencies]\n" + a + "\n# b\n# too\n" + b + "\n" + c, "- @a/b", "[dependencies]\n" + a + "\n" + c},
		{"its own, between others", "[dependencies]\n# a\n" + a + "# b\n" + b + "# c\n" + c, "- @a/b", "[dependencies]\n# a\n" + a + "# c\n" + c},
		{"its own, the first of many", "[dependencies]\n# a\n" + a + "# b\n" + b, "- @a/a", "[dependencies]\n# b\n" + b},
		{"its own, at the end", "[dependencies]\n" + a + "# b\n" + b, "- @a/b", "[dependencies]\n" + a},
		{"behind a blank line", "[dependencies]\n" + a + "# above\n\n" + b + "\n" + c, "- @a/b", "[dependencies]\n" + a + "# above\n\n" + c},
		{"of a group", "[dependencies]\n" + a + "\n# b and c\n" + b + c, "- @a/b", "[dependencies]\n" + a + "\n# b and c\n" + c},
		{"of the section", "[dependencies]\n# pinned\n" + a + "\n" + b, "- @a/a", "[dependencies]\n# pinned\n\n" + b},
		{"of the section, ahead of a commented header", "[dependencies]\n# pinned\n" + a + "# of x\n[x]\n", "- @a/a", "[dependencies]\n# pinned\n# of x\n[x]\n"},
		{"of the file", "# Mine.\ndependencies." + a, "- @a/a", "# Mine.\n"},
	})
}

// TestEditSeveral makes edits one after the other, with CRLF and a line that
// ends otherwise.
func TestEditSeveral(t *testing.T) {
	e, report := manifest.Edit([]byte(full))
	if !report.OK() {
		t.Fatal(report.Err("oripk.toml"))
	}
	for _, line := range []string{
		"+ @orilib/utils 2.1.0", "dev + @orilib/utils 2.1.0", "+ @corp/net 0.3.0 features=tls,http default-features=false",
		"+ @orilib/parser 3.0.2", "- @orilib/near", "- std.text.utf8", "dev + std.bench", "cfg(windows) + @orilib/iocp 1.0.0",
	} {
		if err := edit(t, e, line); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
	}
	want := strings.NewReplacer(
		"\n@orilib/utils = \"2.0.1\"\n@corp", "\n@orilib/utils = \"2.1.0\"\n@corp",
		"std.testing\nstd.json\n@orilib/utils = \"2.0.1\"\n", "std.testing\nstd.json\n@orilib/utils = \"2.1.0\"\nstd.bench\n",
		`["tls"]`, `["tls", "http"]`,
		"git = \"https://example.org/parser\"\nrev = \"0a1b2c\"\n", "version = \"3.0.2\"\n",
		"@orilib/near = { path = \"../near\" }\n", "", "std.text.utf8 = true\n", "",
		"\n[features]\n", "\n[target.\"cfg(windows)\".dependencies]\n@orilib/iocp = \"1.0.0\"\n\n[features]\n",
	).Replace(full)
	if diff := cmp.Diff(want, string(e.Bytes())); diff != "" {
		t.Error(diff)
	}
	e, _ = manifest.Edit([]byte("[dependencies]\r\n@a/b = \"1.0.0\"\n@a/d = \"1.0.0\"\r\n"))
	for _, line := range []string{"+ @a/c 1.0.0", "+ @a/e 1.0.0"} {
		if err := edit(t, e, line); err != nil {
			t.Fatal(err)
		}
	}
	if got := string(e.Bytes()); got != "[dependencies]\r\n@a/b = \"1.0.0\"\n@a/c = \"1.0.0\"\n@a/d = \"1.0.0\"\r\n@a/e = \"1.0.0\"\r\n" {
		t.Errorf("%q", got)
	}
}

func TestEditRefuses(t *testing.T) {
	long := "[dependencies]\n" + strings.Repeat("#", manifest.MaxText-len("[dependencies]\n"))
	for _, c := range []struct{ name, text, edit, want string }{
		{"no version", head, "+ @a/b", "\"@a/b\" has no version, which is required"},
		{"section is a list", "dependencies = []\n", "+ @a/b 1.0.0", "1:1: \"dependencies\" is an array, not a table"},
		{"section is an array of tables", "\n[[dependencies]]\n", "+ std.json", "2:3: \"dependencies\" is an array of tables"},
		{"target is a value", "[target]\n\"cfg(a)\" = 1\n", "cfg(a) + @a/b 1.0.0", "2:1: \"cfg(a)\" is a number or a date"},
		{"to remove from a value", "[target]\n\"cfg(a)\" = 1\n", "cfg(a) - @a/b", "2:1: \"cfg(a)\" is a number or a date"},
		{"module to remove from a value", "dev-dependencies = 1", "dev - std.json", "1:1: \"dev-dependencies\" is a number or a date"},
		{"dependency made of other sections", "[dependencies.@a/b.x]\n", "+ @a/b 1.0.0", "1:15: \"@a/b\" is made of sections"},
		{"dependency is an array of tables", "[[dependencies.@a/b]]\n", "+ @a/b 1.0.0", "1:16: \"@a/b\" is made of sections"},
		{"key that is a section", "[dependencies.@a/b]\n[dependencies.@a/b.version]\n", "+ @a/b 1.0.0", "2:20: \"version\" is made of sections"},
		{"half way", "[dependencies.@a/b]\nversion = \"1.0.0\"\n[dependencies.@a/b.features]\n", "+ @a/b 2.0.0 features=x", "3:20: \"features\" is made of sections"},
		{"text too long", long, "+ @a/b 1.0.0", "this edit cannot be made: the text is 65"},
		{"no such kind", head, "cfg() + @a/b 1.0.0", `a manifest has no dependencies of the kind "target" with the condition "cfg()"`},
		{"no such kind to remove", head, "cfg() - @a/b", `a manifest has no dependencies of the kind "target"`},
		{"no such kind for a module", head, "cfg() + std.json", `a manifest has no dependencies of the kind "target"`},
		{"no such kind to remove a module", head, "cfg() - std.json", `a manifest has no dependencies of the kind "target"`},
		{"mixed forms", head, "+ @a/b 1.0.0 path=x", "@a/b cannot be a dependency like this: a git or path dependency has no version"},
		{"git without rev", head, "+ @a/b git=x", "@a/b cannot be a dependency like this: a git dependency names its rev"},
		{"feature", head, "+ @a/b 1.0.0 features=X", "@a/b cannot be a dependency like this"},
		{"feature twice", head, "+ @a/b 1.0.0 features=x,x", `@a/b cannot be a dependency like this: "x" is given twice`},
		{"hidden character", head, "+ @a/b path=a\u202eb", "@a/b cannot be a dependency like this: the character U+202E"},
		{"control character", head, "+ @a/b path=a\x00b", "@a/b cannot be a dependency like this: the character U+0000"},
		{"not UTF-8", head, "+ @a/b path=a\xff", "@a/b cannot be a dependency like this: "},
		{"module", head, "+ std.JSON", "\"std.JSON\" is not a module"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e, report := manifest.Edit([]byte(c.text))
			if e == nil {
				t.Fatal(report)
			}
			err := edit(t, e, c.edit)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v", err)
			}
			if string(e.Bytes()) != c.text {
				t.Errorf("changed: %q", e.Bytes())
			}
		})
	}
}

func TestEditErrorHasThePlace(t *testing.T) {
	e, _ := manifest.Edit([]byte("[dev-dependencies]\nstd.json\n@a/é = 1\n[[dev-dependencies.@a/b]]\n"))
	err := edit(t, e, "dev + @a/b 1.0.0")
	refused, ok := errors.AsType[*manifest.EditError](err)
	if !ok || refused.Pointer != "/dev-dependencies/@a~1b" || refused.Position != (manifest.Position{Line: 4, Column: 20}) {
		t.Errorf("%v", err)
	}
}

// TestEditWhatIsWrong edits manifests with faults, which are there afterwards too.
func TestEditWhatIsWrong(t *testing.T) {
	for _, text := range []string{"[dependencies\n", "a = 1\na = 2\n", "\xff", "a = {\n}\n", strings.Repeat("a", manifest.MaxText+1)} {
		if e, report := manifest.Edit([]byte(text)); e != nil || report.OK() {
			t.Errorf("%.20q: %v, %v", text, e, report)
		}
	}
	e, report := manifest.Edit([]byte(head + "[dependencies]\n@a/b = \"^1\"\n"))
	if e == nil || report.OK() {
		t.Fatal(e, report)
	}
	if err := edit(t, e, "+ @a/b 1.0.0"); err != nil {
		t.Fatal(err)
	}
	if _, report := manifest.Parse(e.Bytes()); !report.OK() {
		t.Error(report.Err("oripk.toml"))
	}
}

// TestSections: those of targets are found by their conditions, whatever they hold.
func TestSections(t *testing.T) {
	const text = "[dev-dependencies]\n[target.\"cfg(unix)\".dependencies]\nstd.net\n[target.\"cfg(windows)\"]\ndependencies = {}\n[target.none]\n"
	e, _ := manifest.Edit([]byte(text))
	want := []manifest.Section{
		{Kind: manifest.Normal},
		{Kind: manifest.Dev},
		{Kind: manifest.Target, Target: "cfg(unix)"},
		{Kind: manifest.Target, Target: "cfg(windows)"},
	}
	if diff := cmp.Diff(want, e.Sections()); diff != "" {
		t.Errorf("sections (-want +got):\n%s", diff)
	}
	e, _ = manifest.Edit([]byte("target = 1\n"))
	if got := e.Sections(); len(got) != 2 {
		t.Errorf("without targets: %v", got)
	}
}

func TestRemoveReports(t *testing.T) {
	e, _ := manifest.Edit([]byte("[dependencies]\nstd.json\n@a/b = \"1.0.0\"\n"))
	normal := manifest.Section{Kind: manifest.Normal}
	for _, want := range []bool{true, false} {
		if removed, err := e.RemoveDependency(normal, pkg(t, "@a/b")); removed != want || err != nil {
			t.Error(removed, err)
		}
		if removed, err := e.RemoveModule(normal, "std.json"); removed != want || err != nil {
			t.Error(removed, err)
		}
	}
}
