package manifest_test

import (
	"strings"
	"testing"

	"github.com/ori-lang/registry/manifest"
)

func TestNormalize(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"module", "[dependencies]\nstd.json\n", "[dependencies]\n\"std.json\" = true\n"},
		{"module at the end of the text", "[dependencies]\nstd.json", "[dependencies]\n\"std.json\" = true"},
		{"module of two words, with spaces and a comment", "[dependencies]\n  std.text.utf8 \t# why\n", "[dependencies]\n  \"std.text.utf8\" = true \t# why\n"},
		{"module and CRLF", "[dependencies]\r\nstd.json\r\nstd.http\r\n", "[dependencies]\r\n\"std.json\" = true\r\n\"std.http\" = true\r\n"},
		{"module in dev-dependencies", "[dev-dependencies]\nstd.testing\n", "[dev-dependencies]\n\"std.testing\" = true\n"},
		{"module of a target", "[target.\"cfg(os = 'linux')\".dependencies]\nstd.net\n", "[target.\"cfg(os = 'linux')\".dependencies]\n\"std.net\" = true\n"},
		{"module under an escaped header", "[ \"\\u0064ependencies\" ] # c\nstd.net\n", "[ \"\\u0064ependencies\" ] # c\n\"std.net\" = true\n"},
		{"package", "[dependencies]\n@a/b = \"1.0.0\" # @a/b\n", "[dependencies]\n\"@a/b\" = \"1.0.0\" # @a/b\n"},
		{"package alone", "[dependencies]\n@a/b # later\n", "[dependencies]\n\"@a/b\" = true # later\n"},
		{"package in a header", "[dependencies.@a/b]\nversion = \"1.0.0\"\n", "[dependencies.\"@a/b\"]\nversion = \"1.0.0\"\n"},
		{"package in a header with spaces", "[ dependencies . @a/b ]\n", "[ dependencies . \"@a/b\" ]\n"},
		{"package of a target in a header", "[target.'cfg(x)'.dependencies.@a/b]\n", "[target.'cfg(x)'.dependencies.\"@a/b\"]\n"},
		{"package in a dotted key", "dependencies.@a/b.version = \"1.0.0\"\n", "dependencies.\"@a/b\".version = \"1.0.0\"\n"},
		{"package in inline tables", "dependencies = { @a/b = \"1.0.0\", @a/c = { version = \"1.0.0\" } }\n", "dependencies = { \"@a/b\" = \"1.0.0\", \"@a/c\" = { version = \"1.0.0\" } }\n"},
		{"package in inline tables of an array", "x = [\n {@a/b = 1}, # @a/c\n {@a/d = [{@a/e = 2}]}\n]\n", "x = [\n {\"@a/b\" = 1}, # @a/c\n {\"@a/d\" = [{\"@a/e\" = 2}]}\n]\n"},
		{"malformed package", "[dependencies]\n@A/ü_b@1 = \"1\"\n", "[dependencies]\n\"@A/ü_b@1\" = \"1\"\n"},
		{"behind a section of another kind", "[dependencies]\n[features]\nx = []\n[dependencies.@a/b]\n[dev-dependencies]\nstd.json\n", "[dependencies]\n[features]\nx = []\n[dependencies.\"@a/b\"]\n[dev-dependencies]\n\"std.json\" = true\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := manifest.Normalize([]byte(c.text))
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

// validTexts are TOML with what looks loose and is not.
func validTexts() []string {
	return []string{
		"",
		"# [dependencies]\n# std.json\n",
		head,
		strings.ReplaceAll(head, "\n", "\r\n"),
		"[dependencies]\nstd.json = true\n\"std.http\" = true\n'@a/b' = '1.0.0'\n",
		"a = \"\"\"\n[dependencies]\nstd.json\n@a/b = 1\n\\\"\"\"\n\"\"\"\"\"\n",
		"a = '''\n[dependencies]\nstd.json\n@a/b\n'''''\n",
		"a = \"[dependencies\\\\\"\nb = '\\'\n",
		"[dependencies]\nx = [\n'std.json',\n\"@a/b\", # std.json\n[ 1, 2 ], {a = 1},\n]\n",
		"[dependencies]\nx = '''\nstd.json\n'''\n",
		"x = {a = [\n1,\n2, # c\n], b = \"}\"}\n",
		"[[x]]\n[[x.y]]\n[x.z]\n[[x]]\n",
		"t = 07:32:00\nd = 1979-05-27 07:32:00Z\nf = -1.5e3\nn = nan\nh = 0xff\n",
		"'' . \"\" = 2\n",
		"a.b.c = 1\na.d = 2\n[b]\n[b.c.d]\n[b.c]\n",
	}
}

func TestNormalizeKeepsTOML(t *testing.T) {
	for _, text := range validTexts() {
		got, err := manifest.Normalize([]byte(text))
		if err != nil || string(got) != text {
			t.Errorf("got %q, %v\nwant %q", got, err, text)
		}
	}
}

func TestNormalizeRefuses(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"[dependencies]\n@a/b = \"1\n", "oripk.toml:2:10: "},
		{"std.json\n", "oripk.toml:1:9: "},
		{"[dependencies]\n@a/b = 1\n\"@a/b\" = 1\n@a/b = 2\n", "oripk.toml:3:1: \"@a/b\" is given here and at line 2; keep one of them\noripk.toml:4:1: "},
		{"a = 2026-13-01\n", "oripk.toml:1:10: "},
		{strings.Repeat("#", manifest.MaxText+1), "oripk.toml: the text is 65537 bytes long, at most 65536 are allowed"},
	} {
		_, err := manifest.Normalize([]byte(c.text))
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%.40q: %v", c.text, err)
		}
	}
}

func TestForArchive(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"none", "# c\n[x]\na = 1 # d\n", "# c\n[x]\na = 1 # d\n"},
		{"section", "# top\n[a]\nx = 1\n\n[scripts]\n# old: rm\ncheck = \"x\"\n\n# of b\n[b]\n", "# top\n[a]\nx = 1\n\n# of b\n[b]\n"},
		{"section at the end", "[a]\n[scripts]\nx = 'y'\n# gone\n", "[a]\n"},
		{"comment above stays", "[a]\n# about a\n[scripts]\nx = 'y'", "[a]\n# about a\n"},
		{"comment right above the next section", "[scripts]\nx = 'y'\n# of a\n# too\n[a]\n", "# of a\n# too\n[a]\n"},
		{"sub-tables", "[scripts.x]\na = 1\n# gone\n[scripts.y]\n[a]\n[scripts]\nb = 2\n[c]\n", "[a]\n[c]\n"},
		{"quoted", "['scripts']\na = 1\n[a]\n", "[a]\n"},
		{"escaped", "[\"\\u0073cripts\" . x]\na = 1\n[a]\n", "[a]\n"},
		{"array of tables", "[a]\n[[scripts]]\nx = 1\n[[scripts]]\nx = 2\n[b]\n", "[a]\n[b]\n"},
		{"dotted at the root", "a = 1\nscripts.x = 'y' # gone\n# stays\n\"scripts\".z = '''\n[scripts]\n'''\nb = 2\n", "a = 1\n# stays\nb = 2\n"},
		{"inline at the root", "scripts = { x = 'y' }\na = 1\n", "a = 1\n"},
		{"an array over lines", "scripts = [\n 1, # x\n 2 ] # y\na = 1\n", "a = 1\n"},
		{"indented", "  [ scripts ] # c\n\ta = 1\n  [b]\n", "  [b]\n"},
		{"CRLF", "[scripts]\r\na = 1\r\n\r\n# b\r\n[b]\r\nc = 1\r\n", "# b\r\n[b]\r\nc = 1\r\n"},
		{"only as the first part", "[x.scripts]\na = 1\n[y]\nscripts = 2\n", "[x.scripts]\na = 1\n[y]\nscripts = 2\n"},
		{"other names", "[scripts-x]\na = 1\n[\"scripts.x\"]\n", "[scripts-x]\na = 1\n[\"scripts.x\"]\n"},
		{"nothing else", "[scripts]\na = 1", ""},
		{"loose spellings too", "[scripts]\na = 1\n[dependencies]\nstd.json\n@a/b = '1.0.0'\n[scripts.@a/b]\nc = 1\n", "[dependencies]\n\"std.json\" = true\n\"@a/b\" = '1.0.0'\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := manifest.ForArchive([]byte(c.text))
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
	if _, err := manifest.ForArchive([]byte("[scripts]\nx")); err == nil {
		t.Error("accepted what is no TOML")
	}
}
