package client

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ori-lang/registry/manifest"
)

// said is everything that says something of registries, as text.
type said struct {
	flag    string
	env     string // "NAME=value …", names without ORI_REGISTRY_
	config  string
	project string            // [registries] of the root project
	kept    map[string]string // tokens by URL
}

const (
	mainConfig = "default = \"main\"\n[registries.main]\nurl = \"https://main.example\"\n"
	corpConfig = mainConfig + "[registries.corp-2]\nurl = \"https://corp.example\"\nscopes = [\"@corp\"]\n"
	corpFile   = "[registries.corp-2]\nurl = \"https://corp.example\"\nscopes = [\"corp\"]\n"
	evilFile   = "[registries.corp-2]\nurl = \"https://evil.example\"\nscopes = [\"corp\"]\n"
	takenFile  = "[registries.main]\nurl = \"https://evil.example\"\nscopes = [\"corp\"]\n"
)

func (s said) settings(t *testing.T) *Settings {
	t.Helper()
	folder := t.TempDir()
	writeFile(t, filepath.Join(folder, ConfigName), s.config)
	config, err := ReadConfig(folder)
	if err != nil {
		t.Fatal(err)
	}
	env := map[string]string{}
	for word := range strings.FieldsSeq(s.env) {
		name, value, _ := strings.Cut(word, "=")
		env["ORI_REGISTRY_"+name] = value
	}
	credentials := NewCredentials(folder, nil)
	for url, secret := range s.kept {
		if _, _, err := credentials.Keep(t.Context(), url, secret); err != nil {
			t.Fatal(err)
		}
	}
	project, report := manifest.Parse([]byte("[project]\nname = \"@me/app\"\nversion = \"1.0.0\"\nori = \"1.0.0\"\n" + s.project))
	if !report.OK() {
		t.Fatal(report.Err("oripk.toml"))
	}
	return &Settings{
		Registry: s.flag, Getenv: func(name string) string { return env[name] }, Project: project,
		Config: config, ConfigFile: filepath.Join(folder, ConfigName), Credentials: credentials,
	}
}

// sourceOf gives the URL and the token of the registry of a package, or of a
// registry by name, in one line.
func (s said) sourceOf(t *testing.T, pkg, registry string) string {
	t.Helper()
	r, err := s.settings(t).Registries(t.Context(), Options{StateDir: t.TempDir()})
	if err != nil {
		return err.Error()
	}
	return inOneLine(r.Source(manifest.Dependency{Package: mustPackage(t, pkg), Registry: registry}))
}

// homeOf is sourceOf of the default of a run that is about a scope.
func (s said) homeOf(t *testing.T, scope string) string {
	t.Helper()
	settings := s.settings(t)
	settings.Scope = scope
	r, err := settings.Registries(t.Context(), Options{StateDir: t.TempDir()})
	if err != nil {
		return err.Error()
	}
	return inOneLine(r.Home())
}

func inOneLine(c *Client, err error) string {
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(c.URL() + " " + c.options.Token)
}

// TestDefault: a flag beats the environment, and that the user's file; each
// token goes to its own registry.
func TestDefault(t *testing.T) {
	kept := map[string]string{"https://main.example": "ori_kept"}
	cases := []struct {
		name string
		said said
		want string
	}{
		{"nothing", said{}, "no registry is given"},
		{"configuration", said{config: mainConfig}, "https://main.example"},
		{"environment before configuration", said{config: mainConfig, env: "URL=https://env.example"}, "https://env.example"},
		{"flag before environment", said{flag: "https://flag.example", env: "URL=https://env.example"}, "https://flag.example"},
		{"flag by name before environment", said{flag: "main", config: mainConfig, env: "URL=https://env.example"}, "https://main.example"},
		{"environment of the name before configuration", said{config: mainConfig, env: "MAIN_URL=https://env.example"}, "https://env.example"},
		{"name of the environment alone", said{flag: "corp-2", env: "CORP_2_URL=https://env.example"}, "https://env.example"},
		{"name of the project alone", said{flag: "corp-2", project: corpFile}, "https://corp.example"},
		{"name of both", said{flag: "corp-2", project: evilFile, config: corpConfig, env: "CORP_2_TOKEN=ori_c"}, "https://corp.example ori_c"},
		{"name of nobody", said{flag: "cor", config: corpConfig}, `no registry is called "cor"`},
		{"no name", said{flag: "main.example", config: corpConfig}, `"main.example" is neither the URL of a registry nor the name of one`},

		{"token", said{config: mainConfig, env: "TOKEN=ori_d"}, "https://main.example ori_d"},
		{"token of the name", said{config: mainConfig, env: "TOKEN=ori_d MAIN_TOKEN=ori_m"}, "https://main.example ori_m"},
		{"token of the flag's URL", said{flag: "https://flag.example", config: mainConfig, env: "TOKEN=ori_d"}, "https://flag.example ori_d"},
		{"token of the default, asked by name", said{flag: "main", config: mainConfig, env: "TOKEN=ori_d"}, "https://main.example ori_d"},
		{"token of another default", said{flag: "main", config: mainConfig, env: "TOKEN=ori_d URL=https://env.example"}, "https://main.example"},
		{"token of the default, not of the name", said{flag: "corp-2", config: corpConfig, env: "TOKEN=ori_d"}, "https://corp.example"},
		{"token of the name for its URL", said{flag: "https://CORP.example:443/", config: corpConfig, env: "CORP_2_TOKEN=ori_c"}, "https://CORP.example:443 ori_c"},
		{
			"token of the name, whose URL the environment changes",
			said{flag: "https://corp.example", config: corpConfig, env: "CORP_2_URL=https://test.example CORP_2_TOKEN=ori_c"},
			"https://corp.example",
		},
		{"kept token", said{config: mainConfig, kept: kept}, "https://main.example ori_kept"},
		{"environment before the kept token", said{config: mainConfig, kept: kept, env: "TOKEN=ori_d"}, "https://main.example ori_d"},
		{"kept token of another registry", said{config: mainConfig, kept: kept, env: "URL=https://main.example/other"}, "https://main.example/other"},
		{"kept token by another spelling", said{kept: kept, flag: "https://MAIN.example:443/"}, "https://MAIN.example:443 ori_kept"},
		{"token that is none", said{config: mainConfig, env: "MAIN_TOKEN=ori_ü"}, "ORI_REGISTRY_MAIN_TOKEN holds a character that no token has"},
		{"URL that is none", said{env: "URL=registry.example"}, "the registry URL"},
	}
	for _, c := range cases {
		if got := c.said.sourceOf(t, "@a/b", ""); !strings.HasPrefix(got, c.want) || strings.HasPrefix(c.want, "https:") && got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// TestSourcesOfAProject: for what a project maps, the environment beats the
// project, and that the user's file. What is mapped never falls back.
func TestSourcesOfAProject(t *testing.T) {
	const unconfirmed = `only the project says where the registry "corp-2" is`
	keptCorp := map[string]string{"https://corp.example": "ori_kept"}
	cases := []struct {
		name string
		said said
		want string
	}{
		{"project alone", said{config: mainConfig, project: evilFile, env: "TOKEN=ori_d"}, "https://evil.example"},
		{"configuration alone", said{config: corpConfig, env: "TOKEN=ori_d CORP_2_TOKEN=ori_c"}, "https://corp.example ori_c"},
		{"both, which agree", said{config: corpConfig, project: corpFile, env: "CORP_2_TOKEN=ori_c"}, "https://corp.example ori_c"},
		{"environment before the project", said{project: evilFile, env: "CORP_2_URL=https://env.example CORP_2_TOKEN=ori_c"}, "https://env.example ori_c"},
		{"no default", said{project: corpFile}, "https://corp.example"},
		{"the flag is for the default", said{flag: "https://flag.example", config: corpConfig, env: "TOKEN=ori_d"}, "https://corp.example"},

		{"project alone, with a token", said{config: mainConfig, project: evilFile, env: "CORP_2_TOKEN=ori_c"}, unconfirmed},
		{"project against configuration, with a token", said{config: corpConfig, project: evilFile, env: "CORP_2_TOKEN=ori_c"}, unconfirmed},
		{"project against configuration, with a kept token", said{config: corpConfig, project: evilFile, kept: keptCorp}, unconfirmed},
		{"project against configuration, without a token", said{config: corpConfig, project: evilFile}, "https://evil.example"},
		{"project alone, where the user is logged in", said{project: corpFile, kept: keptCorp}, "https://corp.example ori_kept"},
		{"project names the default", said{flag: "https://corp.example", project: corpFile, env: "TOKEN=ori_d"}, "https://corp.example ori_d"},
		{"project takes the default's name", said{config: mainConfig, project: takenFile, env: "TOKEN=ori_d"}, "https://evil.example"},
	}
	for _, c := range cases {
		got := c.said.sourceOf(t, "@corp/x", "")
		if !strings.HasPrefix(got, c.want) || strings.HasPrefix(c.want, "https:") && got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
		if home := c.said.homeOf(t, "corp"); c.said.flag == "" && home != got {
			t.Errorf("%s: a run about the scope has the default %s, want %s", c.name, home, got)
		}
	}
	// The same by the name that a dependency gives, and by the flag.
	hostile := said{config: corpConfig, project: evilFile, env: "CORP_2_TOKEN=ori_c"}
	if got := hostile.sourceOf(t, "@a/b", "corp-2"); !strings.HasPrefix(got, unconfirmed) {
		t.Errorf("by name: %s", got)
	}
	hostile.flag, hostile.config = "corp-2", ""
	if got := hostile.sourceOf(t, "@a/b", ""); !strings.HasPrefix(got, unconfirmed) {
		t.Errorf("by the flag: %s", got)
	}
}

// TestDependencyOfANamedRegistry: what the project calls NAME is what its
// dependencies mean by it, though the user's default has that name too.
func TestDependencyOfANamedRegistry(t *testing.T) {
	const confirmed = "[registries.main]\nurl = \"https://main.example\"\n"
	cases := []struct {
		name string
		said said
		want string
	}{
		{"the project's address", said{config: mainConfig, project: takenFile, env: "TOKEN=ori_d"}, "https://evil.example"},
		{"the project's address, asked for by flag", said{flag: "main", config: mainConfig, project: takenFile, env: "TOKEN=ori_d"}, "https://evil.example"},
		{"both agree", said{config: mainConfig, project: confirmed, env: "TOKEN=ori_d"}, "https://main.example ori_d"},
		{"environment before the project", said{config: mainConfig, project: takenFile, env: "MAIN_URL=https://env.example"}, "https://env.example"},
	}
	for _, c := range cases {
		if got := c.said.sourceOf(t, "@a/b", "main"); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// TestUnconfirmedNamesBoth: the error has what its reader needs to decide.
func TestUnconfirmedNamesBoth(t *testing.T) {
	s := said{config: corpConfig, project: evilFile, env: "CORP_2_TOKEN=ori_secret"}.settings(t)
	r, err := s.Registries(t.Context(), Options{StateDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	_, err = r.Source(manifest.Dependency{Package: mustPackage(t, "@corp/x")})
	want := UnconfirmedError{"corp-2", "https://evil.example", "ORI_REGISTRY_CORP_2_TOKEN", s.ConfigFile, "https://corp.example"}
	if got, ok := errors.AsType[*UnconfirmedError](err); !ok || *got != want {
		t.Errorf("%+v, want %+v", err, want)
	}
}

// TestOfflineAsksForNoToken: what sends nothing needs none, and opens no keyring.
func TestOfflineAsksForNoToken(t *testing.T) {
	s := said{config: corpConfig, project: evilFile, env: "CORP_2_TOKEN=ori_c"}.settings(t)
	r, err := s.Registries(t.Context(), Options{StateDir: t.TempDir(), Offline: true})
	if err != nil {
		t.Fatal(err)
	}
	c, err := r.Source(manifest.Dependency{Package: mustPackage(t, "@corp/x")})
	if err != nil || c.HasToken() {
		t.Errorf("%v, token %v", err, c.HasToken())
	}
}

func TestVariable(t *testing.T) {
	for name, want := range map[string]string{
		"": "ORI_REGISTRY_TOKEN", "main": "ORI_REGISTRY_MAIN_TOKEN", "my-corp.2": "ORI_REGISTRY_MY_CORP_2_TOKEN",
	} {
		if got := Variable(name, "TOKEN"); got != want {
			t.Errorf("%q: %s, want %s", name, got, want)
		}
	}
}
