package manifest_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/manifest"
)

func pkg(t testing.TB, s string) ident.Package {
	t.Helper()
	p, err := ident.ParsePackage(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func version(t testing.TB, s string) ident.Version {
	t.Helper()
	v, err := ident.ParseVersion(s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// full uses every section and every form.
const full = `# A manifest with everything.
scripts.hello = "echo"

[project]
name = "@orilib/demo"
version = "1.0.0-beta.1"
description = "Shows everything."
license = "MIT OR Apache-2.0"
authors = ["Ada <ada@example.org>", "Björn"]
repository = "https://example.org/demo"
keywords = ["demo", "test"]
categories = ["text"]
funding = "https://example.org/give"
edition = "2026"
ori = "0.4.0"

[project.entry]
lib = "src/lib.ori"
main = "src/main.ori"

[dependencies]
std.json
@orilib/utils = "2.0.1"
@corp/net = { version = "0.3.0", features = ["tls"], default-features = false }
std.text.utf8 = true
"@orilib/far" = { version = "1.1.0", registry = "corp" }
@orilib/near = { path = "../near" }

[dependencies.@orilib/parser]
git = "https://example.org/parser"
rev = "0a1b2c"

[dev-dependencies]
std.testing
std.json
@orilib/utils = "2.0.1"

[target."cfg(os = \"linux\")".dependencies]
@orilib/epoll = "1.0.0"
@orilib/utils = "2.0.1"

[features]
default = ["fast"]
fast = ["@orilib/utils/simd", "@corp/net"]

[registries.corp]
url = "https://ori.corp.example"
auth = "token"
scopes = ["@corp", "tools"]

[workspace]
members = ["packages/*"]

[publish]
registry = "corp"
include = ["data/**"]
exclude = ["src/**/*.tmp"]
`

func TestParse(t *testing.T) {
	m, report := manifest.Parse([]byte(full))
	if !report.OK() || len(report.Warnings) > 0 {
		t.Fatal(report)
	}
	dependency := func(name, number string, kind manifest.Kind, pointer string, line, column int) manifest.Dependency {
		d := manifest.Dependency{
			Package: pkg(t, name), DefaultFeatures: true, Kind: kind,
			Pointer: pointer, Position: manifest.Position{Line: line, Column: column},
		}
		if number != "" {
			d.Version = version(t, number)
		}
		return d
	}
	net := dependency("@corp/net", "0.3.0", manifest.Normal, "/dependencies/@corp~1net", 24, 1)
	net.Features, net.DefaultFeatures = []string{"tls"}, false
	far := dependency("@orilib/far", "1.1.0", manifest.Normal, "/dependencies/@orilib~1far", 26, 1)
	far.Registry = "corp"
	near := dependency("@orilib/near", "", manifest.Normal, "/dependencies/@orilib~1near", 27, 1)
	near.Path = "../near"
	parser := dependency("@orilib/parser", "", manifest.Normal, "/dependencies/@orilib~1parser", 29, 15)
	parser.Git, parser.Rev = "https://example.org/parser", "0a1b2c"
	const linux = `/target/cfg(os = "linux")/dependencies/`
	epoll := dependency("@orilib/epoll", "1.0.0", manifest.Target, linux+"@orilib~1epoll", 39, 1)
	utils := dependency("@orilib/utils", "2.0.1", manifest.Target, linux+"@orilib~1utils", 40, 1)
	epoll.Target, utils.Target = `cfg(os = "linux")`, `cfg(os = "linux")`

	want := &manifest.Manifest{
		Package: pkg(t, "@orilib/demo"), Version: version(t, "1.0.0-beta.1"),
		Description: "Shows everything.", License: "MIT OR Apache-2.0",
		Authors: []string{"Ada <ada@example.org>", "Björn"}, Repository: "https://example.org/demo",
		Keywords: []string{"demo", "test"}, Categories: []string{"text"},
		Funding: "https://example.org/give", Edition: "2026", Ori: "0.4.0",
		Entry: manifest.Entry{Lib: "src/lib.ori", Main: "src/main.ori"},
		Dependencies: []manifest.Dependency{
			dependency("@orilib/utils", "2.0.1", manifest.Normal, "/dependencies/@orilib~1utils", 23, 1),
			net, far, near, parser,
			dependency("@orilib/utils", "2.0.1", manifest.Dev, "/dev-dependencies/@orilib~1utils", 36, 1),
			epoll, utils,
		},
		Std:        []string{"std.json", "std.text.utf8", "std.testing"},
		Features:   map[string][]string{"default": {"fast"}, "fast": {"@orilib/utils/simd", "@corp/net"}},
		Registries: map[string]manifest.Registry{"corp": {URL: "https://ori.corp.example", Auth: "token", Scopes: []string{"corp", "tools"}}},
		Workspace:  &manifest.Workspace{Members: []string{"packages/*"}},
		Scripts:    map[string]string{"hello": "echo"},
		Publish:    manifest.Publish{Registry: "corp", Include: []string{"data/**"}, Exclude: []string{"src/**/*.tmp"}},
	}
	if diff := cmp.Diff(want, m, cmpopts.IgnoreUnexported(manifest.Manifest{}), cmp.Comparer(func(a, b ident.Package) bool { return a == b }),
		cmp.Comparer(func(a, b ident.Version) bool { return a == b })); diff != "" {
		t.Error(diff)
	}
}

func TestParseLeavesMapsUsable(t *testing.T) {
	m, _ := manifest.Parse([]byte(head))
	if m.Features == nil || m.Registries == nil || m.Scripts == nil || m.Workspace != nil {
		t.Errorf("%+v", m)
	}
}

func TestLocked(t *testing.T) {
	m, _ := manifest.Parse([]byte(full))
	var got []string
	for _, d := range m.Locked() {
		got = append(got, ident.Ref{Package: d.Package, Version: d.Version}.String())
	}
	want := []string{"@orilib/utils@2.0.1", "@corp/net@0.3.0", "@orilib/far@1.1.0", "@orilib/epoll@1.0.0"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestExternal(t *testing.T) {
	m, _ := manifest.Parse([]byte(full))
	want := map[string]string{"@corp/net": "https://ori.corp.example", "@orilib/far": "https://ori.corp.example"}
	for _, d := range m.Dependencies {
		url, external := m.External(d)
		if url != want[d.Package.String()] || external != (url != "") {
			t.Errorf("%s: %q, %v", d.Package, url, external)
		}
	}
}

// TestArchived takes one manifest through the way that packing takes.
func TestArchived(t *testing.T) {
	text, err := manifest.ForArchive([]byte(full))
	if err != nil {
		t.Fatal(err)
	}
	if _, report := manifest.ParseStrict(text); !report.OK() {
		t.Error(report.Faults)
	}
	if strings.Contains(string(text), "echo") || !strings.HasPrefix(string(text), "# A manifest with everything.\n\n[project]\n") {
		t.Errorf("%s", text)
	}
}

// TestBounded reads what would be expensive without bounds.
func TestBounded(t *testing.T) {
	const size = manifest.MaxText
	fill := func(piece string) string { return strings.Repeat(piece, size/len(piece)) }
	for _, c := range []struct{ name, text, code string }{
		{"exactly as long as can be", head + strings.Repeat("#", size-len(head)), ""},
		{"one byte more", head + strings.Repeat("#", size-len(head)+1), "too_large"},
		{"too long once quoted", head + "[dependencies]\n@a/b = '1.0.0'\n" + strings.Repeat("#", size-len(head)-len("[dependencies]\n@a/b = '1.0.0'\n")), "too_large"},
		{"brackets", fill("["), "syntax"},
		{"arrays", "a = " + strings.Repeat("[", size-4), "limit"},
		{"inline tables", "a = " + strings.Repeat("{a=", (size-4)/3), "limit"},
		{"dots", fill("a."), "limit"},
		{"dots in a header", "[" + strings.Repeat("a.", size/2-1), "limit"},
		{"keys", fill("a=1\n"), "limit"},
		{"values", "a = [" + strings.Repeat("1,", size/2-4), "limit"},
		{"headers", fill("[[a]]\n"), "limit"},
		{"entries of inline tables", "a = {" + strings.Repeat("a=1,", size/4-2), "limit"},
		{"modules", "[dependencies]\n" + strings.Repeat("std.a\n", size/6-3), "limit"},
		{"one long key", strings.Repeat("a", 257) + " = 1", "limit"},
		{"a key as long as can be", strings.Repeat("a", 256) + " = 1", "missing"},
		{"one long key in quotes", `"` + strings.Repeat("a", 257) + `" = 1`, "limit"},
		{"a key in quotes as long as can be", `"` + strings.Repeat("a", 256) + `" = 1`, "missing"},
		{"one long module", head + "[dependencies]\nstd." + strings.Repeat("a", 253), "limit"},
		{"a module as long as can be", head + "[dependencies]\nstd." + strings.Repeat("a", 252), "name"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, report := manifest.Parse([]byte(c.text))
			if c.code == "" && report.OK() {
				return
			}
			if len(report.Faults) != 1 || report.Faults[0].Code != c.code {
				t.Errorf("%.300s", report.Err("oripk.toml"))
			}
		})
	}
}

func TestLongReportsEnd(t *testing.T) {
	_, report := manifest.Parse([]byte(head + "[dependencies]\n" + strings.Repeat("@a/b\n", 1000)))
	if len(report.Faults) != 101 {
		t.Fatal(len(report.Faults))
	}
	if last := report.Faults[100]; last.Code != "limit" || !strings.HasPrefix(last.Detail, "900 more") {
		t.Error(last)
	}
}
