package client

import (
	"errors"
	"strings"
	"testing"

	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/manifest"
)

const (
	homeURL    = "https://home.example"
	companyURL = "https://company.example/ori"
	partnerURL = "https://partner.example"
	oddURL     = "https://odd.example"
)

// testSites are two of a project and two of its user, who has another mind of
// the scope "shared" and another spelling of the company's address.
func testSites() []Site {
	give := func(secret string) func() (Token, error) {
		return func() (Token, error) { return Token{Secret: secret}, nil }
	}
	return []Site{
		{Name: "corp", URL: companyURL, Scopes: []string{"company", "shared"}},
		{Name: "partner", URL: partnerURL},
		{Name: "company", URL: "https://COMPANY.example:443/ori/", Token: give("company's")},
		{Name: "mine", URL: "https://mine.example", Scopes: []string{"me", "shared"}, Token: give("mine")},
	}
}

func testRegistries(t *testing.T, url string) *Registries {
	t.Helper()
	return NewRegistries(Options{URL: url, StateDir: t.TempDir(), Token: "home's"}, testSites()...)
}

func TestSource(t *testing.T) {
	cases := []struct{ name, pkg, registry, want string }{
		{"of no particular scope", "@a/b", "", homeURL},
		{"of a scope that the project maps", "@company/x", "", companyURL},
		{"of a scope that the user maps", "@me/x", "", "https://mine.example"},
		{"of a scope that both map", "@shared/x", "", companyURL},
		{"from a registry by name", "@a/b", "partner", partnerURL},
		{"by name, against the scope", "@company/x", "partner", partnerURL},
	}
	r := testRegistries(t, homeURL)
	for _, c := range cases {
		got, err := r.Source(manifest.Dependency{Package: mustPackage(t, c.pkg), Registry: c.registry})
		if err != nil || got.URL() != c.want {
			t.Errorf("a package %s: %v, %v; want %s", c.name, got, err, c.want)
		}
	}
	if _, err := r.Source(manifest.Dependency{Package: mustPackage(t, "@a/b"), Registry: "none"}); err == nil {
		t.Error("a registry that nothing defines was found")
	}
}

func TestSourceFor(t *testing.T) {
	r := testRegistries(t, homeURL)
	partner, err := r.Source(manifest.Dependency{Package: mustPackage(t, "@a/b"), Registry: "partner"})
	if err != nil {
		t.Fatal(err)
	}
	by := Requirer{mustRef(t, "@p/q@1.0.0"), partner}
	cases := []struct{ name, pkg, url, want string }{
		{"where the requirer lives", "@a/b", "", partnerURL},
		{"in the home, which the requirer names", "@a/b", homeURL + ":443/", homeURL},
		{"where the requirer says, and the user too", "@a/b", companyURL, companyURL},
		{"where its scope lives", "@company/x", "", companyURL},
		{"where its scope lives, against the requirer", "@company/x", oddURL, companyURL},
		{"where the user's scope lives, against the requirer", "@me/x", oddURL, "https://mine.example"},
	}
	for _, c := range cases {
		got, err := r.SourceFor(by, mustPackage(t, c.pkg), c.url)
		if err != nil || got.URL() != c.want {
			t.Errorf("a package %s: %v, %v; want %s", c.name, got, err, c.want)
		}
	}
	_, err = r.SourceFor(by, mustPackage(t, "@a/b"), oddURL)
	if source, ok := errors.AsType[*SourceError](err); !ok || source.Registry != oddURL || source.By != "@p/q@1.0.0" {
		t.Errorf("an address that only a stranger names: %v", err)
	}
}

// TestOneClientForEachRegistry: whatever its address is spelled like, and with
// the token of that registry alone.
func TestOneClientForEachRegistry(t *testing.T) {
	r := testRegistries(t, homeURL)
	tokens := map[string]string{"": "home's", "corp": "company's", "company": "company's", "mine": "mine", "partner": ""}
	seen := map[string]*Client{}
	for name, want := range tokens {
		c, err := r.Source(manifest.Dependency{Package: mustPackage(t, "@a/b"), Registry: name})
		if err != nil || c.options.Token != want {
			t.Errorf("%q has the token %q, want %q (%v)", name, c.options.Token, want, err)
		}
		seen[name] = c
	}
	if seen["corp"] != seen["company"] || seen["mine"] == seen["partner"] {
		t.Error("the clients are not one for each registry")
	}
}

func TestNoDefault(t *testing.T) {
	r := testRegistries(t, "")
	if _, err := r.Source(manifest.Dependency{Package: mustPackage(t, "@company/x")}); err != nil {
		t.Errorf("a package that lives elsewhere needs no default: %v", err)
	}
	if _, err := r.Source(manifest.Dependency{Package: mustPackage(t, "@a/b")}); !errors.Is(err, ErrNoDefault) {
		t.Errorf("error: %v", err)
	}
}

// TestTokenIsRefused: a registry whose token must not be given is not spoken to
// without it.
func TestTokenIsRefused(t *testing.T) {
	refusal := errors.New("no")
	r := NewRegistries(Options{URL: homeURL, StateDir: "x"}, Site{
		Name: "corp", URL: companyURL, Scopes: []string{"company"},
		Token: func() (Token, error) { return Token{}, refusal },
	})
	if _, err := r.Source(manifest.Dependency{Package: mustPackage(t, "@company/x")}); !errors.Is(err, refusal) {
		t.Errorf("error: %v", err)
	}
}

// TestClearTokenIsTold: others can read a token on its way to http, unless it
// stays on the machine.
func TestClearTokenIsTold(t *testing.T) {
	for url, want := range map[string]int{
		"http://a.example": 1, "https://a.example": 0, "http://127.0.0.1:1": 0, "http://localhost": 0, "http://[::1]:1": 0,
	} {
		var told []string
		o := Options{URL: url, StateDir: "x", Token: "ori_secret", Notice: func(message string) { told = append(told, message) }}
		if _, err := New(o); err != nil || len(told) != want || strings.Contains(strings.Join(told, ""), "ori_secret") {
			t.Errorf("%s: told %q, %v", url, told, err)
		}
	}
}

func mustPackage(t *testing.T, text string) ident.Package {
	t.Helper()
	p, err := ident.ParsePackage(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
