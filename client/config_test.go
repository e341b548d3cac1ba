package client

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestConfig has the same in the spellings that TOML has.
func TestConfig(t *testing.T) {
	key := newFake(t).signer.VerifierKey()
	want := &Config{Default: "main", Registries: map[string]ConfiguredRegistry{
		"main": {URL: "https://main.example"},
		"corp": {URL: "http://127.0.0.1:8080/ori", Scopes: []string{"corp", "tools"}, LogKey: key},
	}}
	for _, text := range []string{
		"default = \"main\" # mine\n\n[registries.main]\nurl = \"https://main.example\"\n\n" +
			"[registries.corp]\nurl = \"http://127.0.0.1:8080/ori\"\nscopes = [\"@corp\", # ours\n  \"tools\"]\nlog-key = '" + key + "'\n",
		"default = 'main'\n[registries]\nmain = { url = \"https://main.example\" }\n" +
			"\"corp\".url = \"http://127.0.0.1:8080/ori\"\ncorp.scopes = [\"corp\", \"tools\"]\ncorp.log-key = '" + key + "'\n",
	} {
		got, err := parseConfig("config.toml", []byte(text))
		if err != nil || !cmp.Equal(got, want) {
			t.Errorf("%v\n%s", err, cmp.Diff(want, got))
		}
	}
	if none, err := ReadConfig(t.TempDir()); err != nil || none.Default != "" || len(none.Registries) > 0 {
		t.Errorf("no file: %+v, %v", none, err)
	}
}

// TestDocumentedConfig: what docs/client.md shows is a right file.
func TestDocumentedConfig(t *testing.T) {
	text, err := os.ReadFile("../docs/client.md")
	if err != nil {
		t.Fatal(err)
	}
	_, block, _ := strings.Cut(string(text), "```toml\n")
	block, _, _ = strings.Cut(block, "```")
	config, err := parseConfig("config.toml", []byte(block))
	if err != nil || config.Default != "main" || config.registryOf("corp") != "corp" || config.Registries["corp"].LogKey == "" {
		t.Errorf("%+v, %v", config, err)
	}
}

func TestConfigFaults(t *testing.T) {
	const main = "[registries.main]\nurl = \"https://main.example\"\n"
	cases := []struct{ name, text, want string }{
		{"no TOML", "default = main\n", "1:11: "},
		{"a key twice", "default = \"main\"\ndefault = \"main\"\n", "2:1: "},
		{"an unknown key", "defalt = \"main\"\n", `1:1: "defalt" is not a setting; did you mean default?`},
		{"an unknown section", "\n[registry.main]\n", "2:2: there is no section [registry.main]; did you mean registries?"},
		{"an unknown key of a registry", main + "scope = []\n", `3:1: "scope" is not a setting of a registry; did you mean scopes?`},
		{"a token", main + "  token = \"ori_secret\"\n", `3:3: "token" is not a setting of a registry`},
		{"a section too deep", "[registries.main.more]\n", "1:18: [registries.main] has no sections"},
		{"a key too deep", main + "url.more = 1\n", ""},
		{"a list of tables", "[[registries]]\n", ""},
		{"a name", "[registries.\"Main\"]\n", "1:13: the name of a registry: "},
		{"no URL", "default = \"main\"\n[registries.main]\n", `2:13: the registry "main" has no url`},
		{"a bad URL", "[registries.main]\nurl = \"main.example\"\n", "2:1: "},
		{"a password", "[registries.main]\nurl = \"https://me:secret@main.example\"\n", "2:1: "},
		{"a number", "[registries.main]\nurl = 1\n", "2:1: this is not a string"},
		{"one scope", main + "scopes = \"@a\"\n", "3:1: this is not a list"},
		{"no scope", main + "scopes = [\"@a/b\"]\n", "3:1: "},
		{"a key of no log", main + "log-key = \"x\"\n", "3:1: this is no key of a log"},
		{"a scope twice", main + "scopes = [\"@a\", \"a\"]\n", "3:1: the scope @a is claimed twice"},
		{"a scope of two", main + "scopes = [\"@a\"]\n[registries.b]\nurl = \"https://b.example\"\nscopes = [\"@a\"]\n", "6:1: the scope @a is claimed twice"},
		{"a default of nothing", "default = \"mian\"\n" + main, "1:1: there is no section [registries.mian] for the default; did you mean main?"},
		{"too much", strings.Repeat("#", maxConfig+1), "larger than"},
	}
	for _, c := range cases {
		folder := t.TempDir()
		path := filepath.Join(folder, ConfigName)
		writeFile(t, path, c.text)
		_, err := ReadConfig(folder)
		fault, ok := errors.AsType[*ConfigError](err)
		if !ok || fault.File != path || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
}

// TestConfigOutOfReach: what is wrong with a file that cannot be read or written
// is not its text.
func TestConfigOutOfReach(t *testing.T) {
	unreadable := t.TempDir()
	if err := os.Mkdir(filepath.Join(unreadable, ConfigName), 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := ReadConfig(unreadable)
	wantOutOfReach(t, err, unreadable, "that your account can read")

	file := filepath.Join(t.TempDir(), "file")
	writeFile(t, file, "")
	folder := filepath.Join(file, "oripk")
	wantOutOfReach(t, AddDefault(t.Context(), folder, "main", "https://main.example"), folder, "make the folder "+folder+" writable")
}

func wantOutOfReach(t *testing.T, err error, folder, hint string) {
	t.Helper()
	fault, ok := errors.AsType[*ConfigError](err)
	if !ok || fault.File != filepath.Join(folder, ConfigName) || !strings.Contains(fault.Hint, hint) {
		t.Errorf("%+v, want a hint …%s…", err, hint)
	}
}

func TestConfigFolder(t *testing.T) {
	cases := []struct{ system, env, want string }{
		{"linux", "XDG_CONFIG_HOME=/x HOME=/h", "/x/oripk"},
		{"linux", "XDG_CONFIG_HOME=x HOME=/h", "/h/.config/oripk"},
		{"darwin", "HOME=/h", "/h/.config/oripk"},
		{"windows", "AppData=/a HOME=/h", "/a/oripk"},
		{"linux", "AppData=/a", ""},
	}
	for _, c := range cases {
		getenv := func(name string) string {
			for word := range strings.FieldsSeq(c.env) {
				if value, ok := strings.CutPrefix(word, name+"="); ok {
					return value
				}
			}
			return ""
		}
		if got := filepath.ToSlash(configFolder(getenv, c.system)); got != c.want {
			t.Errorf("%s, %s: %s, want %s", c.system, c.env, got, c.want)
		}
	}
}

// TestAddDefault: what stands there stays as it is.
func TestAddDefault(t *testing.T) {
	const corp = "# mine\n\n[registries.corp] # theirs\nurl = \"https://corp.example\"\n"
	for before, want := range map[string]string{
		"":                            "default = \"main\"\n\n[registries.main]\nurl = \"https://main.example\"\n",
		corp:                          "default = \"main\"\n\n" + corp + "\n[registries.main]\nurl = \"https://main.example\"\n",
		"default = \"corp\"\n" + corp: "",
		"[registries.main]\nurl = \"https://corp.example\"\n": "",
		"broken": "",
	} {
		folder := filepath.Join(t.TempDir(), "oripk")
		path := filepath.Join(folder, ConfigName)
		if before != "" {
			writeFile(t, path, before)
		}
		err := AddDefault(t.Context(), folder, "main", "https://main.example")
		after, _ := os.ReadFile(path)
		if want == "" {
			if _, ok := errors.AsType[*ConfigError](err); !ok || string(after) != before {
				t.Errorf("%q became %q, %v", before, after, err)
			}
			continue
		}
		if err != nil || string(after) != want {
			t.Errorf("%q became\n%s\nwant\n%s(%v)", before, after, want, err)
		}
	}
}

// TestAddDefaultFollowsLinks: a file that is kept elsewhere stays there.
func TestAddDefaultFollowsLinks(t *testing.T) {
	folder, elsewhere := t.TempDir(), filepath.Join(t.TempDir(), "dotfiles.toml")
	writeFile(t, elsewhere, "# mine\n")
	if err := os.Symlink(elsewhere, filepath.Join(folder, ConfigName)); err != nil {
		t.Fatal(err)
	}
	if err := AddDefault(t.Context(), folder, "main", "https://main.example"); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(elsewhere)
	if err != nil || !strings.Contains(string(text), "# mine") || !strings.Contains(string(text), "main.example") {
		t.Errorf("%v, %s", err, text)
	}
}

func FuzzConfig(f *testing.F) {
	f.Add("default = \"main\"\n[registries.main]\nurl = \"https://main.example\"\nscopes = [\"@a\"]\n")
	f.Add("registries = { main = { url = \"https://main.example\" } }")
	f.Add("[registries]\n[[registries.a]]\nurl.x = [{}]\n")
	f.Fuzz(func(t *testing.T, text string) {
		config, err := parseConfig("config.toml", []byte(text))
		if err != nil {
			return
		}
		scopes := map[string]string{}
		for name, one := range config.Registries {
			if one.URL == "" {
				t.Errorf("%s has no URL", name)
			}
			for _, scope := range one.Scopes {
				if other, taken := scopes[scope]; taken {
					t.Errorf("%s lives in %s and %s", scope, other, name)
				}
				scopes[scope] = name
			}
		}
		if made, err := withDefault("config.toml", []byte(text), "new", "https://new.example"); err == nil {
			if again, err := parseConfig("config.toml", made); err != nil || fmt.Sprint(again.Registries["new"].URL) != "https://new.example" {
				t.Errorf("%v\n%s", err, made)
			}
		}
	})
}
