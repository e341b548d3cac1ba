package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/manifest"
)

// Settings are everything that says which registries there are, and by which
// token each knows the user. What is said for one run goes before the
// environment, that before the project, and that before the user's Config:
//
//	ORI_REGISTRY_URL           the default registry
//	ORI_REGISTRY_TOKEN         the token for the default registry, and no other
//	ORI_REGISTRY_{NAME}_URL    the registry NAME, in capitals, with _ for - and .
//	ORI_REGISTRY_{NAME}_TOKEN  the token for that
//
// The project's file is not trusted with tokens. An address that it alone gives
// for NAME gets no token of NAME's; where there is one, that registry is not
// spoken to at all, and the error is an *UnconfirmedError.
type Settings struct {
	Registry    string              // said for this run: a URL, or a NAME; "": nothing
	Scope       string              // that the run is about, without "@": where it lives is the default, unless Registry says another; "": it is about none
	Getenv      func(string) string // the environment
	Project     *manifest.Manifest  // the root project's; nil: there is none
	Config      *Config             // the user's
	ConfigFile  string              // where it is, or would be
	Credentials *Credentials        // the user's
}

// SettingError is a setting that cannot be followed.
type SettingError struct {
	What string
	Try  string // what to do
}

func (e *SettingError) Error() string { return e.What }

// UnconfirmedError says that nobody but the project's file gives a registry its
// address, and that there is a token which that address would collect.
type UnconfirmedError struct {
	Name       string // of the registry
	URL        string // that the project gives
	TokenFrom  string // where the token is
	ConfigFile string // that could confirm the address
	Configured string // URL that the user's configuration gives instead; "": none
}

func (e *UnconfirmedError) Error() string {
	return fmt.Sprintf("only the project says where the registry %q is, and that address would get your token for it", e.Name)
}

// Variable spells the variable of a registry by name: ORI_REGISTRY_{NAME}_ and
// what, which is URL or TOKEN. It is that of the default when name is "".
func Variable(name, what string) string {
	if name == "" {
		return "ORI_REGISTRY_" + what
	}
	return "ORI_REGISTRY_" + strings.NewReplacer("-", "_", ".", "_").Replace(strings.ToUpper(name)) + "_" + what
}

// Registries gives the registries of a run, which ctx belongs to: its end is
// the end of waiting for a keyring. The options' URL is set here, and Token and
// LogKey where they are "".
func (s *Settings) Registries(ctx context.Context, o Options) (*Registries, error) {
	home, err := s.Home(ctx)
	if err != nil {
		return nil, err
	}
	o.URL = home.URL
	home.Name, home.Scopes = "", nil // what its name means, and what lives there, is for the order of the others to say
	sites := slices.Concat([]Site{home}, s.projectSites(ctx), s.userSites(ctx))
	sites = slices.DeleteFunc(sites, func(site Site) bool { return site.URL == "" })
	for _, site := range sites {
		if err := checkSite(site); err != nil {
			return nil, err
		}
	}
	return NewRegistries(o, sites...), nil
}

func checkSite(site Site) error {
	if _, err := registryName(site.URL); site.URL != "" && err != nil {
		what := err.Error()
		if problem, ok := errors.AsType[*api.Problem](err); ok {
			what = problem.Detail
		}
		return &SettingError{what, "--registry https://…, or " + Variable(site.Name, "URL") + "=https://…, as the registry's operators give it"}
	}
	return nil
}

// Home gives the default registry of the run; its URL is "" when there is none.
func (s *Settings) Home(ctx context.Context) (site Site, err error) {
	switch {
	case s.Registry == "":
		site = s.living(ctx)
	case strings.Contains(s.Registry, "://"):
		site = s.siteAt(ctx, s.Registry)
	default:
		site, err = s.named(ctx, s.Registry)
	}
	if err == nil {
		err = checkSite(site)
	}
	return site, err
}

// living is where the scope lives that the run is about, else the default.
func (s *Settings) living(ctx context.Context) Site {
	for _, site := range slices.Concat(s.projectSites(ctx), s.userSites(ctx)) {
		if slices.Contains(site.Scopes, s.Scope) {
			return site
		}
	}
	return s.standing(ctx)
}

// standing is the default when nothing is said for this run.
func (s *Settings) standing(ctx context.Context) Site {
	if url := s.Getenv(Variable("", "URL")); url != "" {
		return s.siteAt(ctx, url)
	}
	return s.configured(ctx, s.Config.Default)
}

// siteAt gives the registry at url, by the name that the user has for it.
func (s *Settings) siteAt(ctx context.Context, url string) Site {
	for _, site := range s.userSites(ctx) {
		if isSame(site.URL, url) {
			site.URL = url
			return site
		}
	}
	return s.withToken(ctx, Site{URL: url})
}

// userSites are the registries of the user's configuration.
func (s *Settings) userSites(ctx context.Context) (sites []Site) {
	for name := range s.Config.sorted() {
		sites = append(sites, s.configured(ctx, name))
	}
	return sites
}

// configured gives a registry of the user's configuration, or of the
// environment, which goes before it; its URL is "" when neither has it.
func (s *Settings) configured(ctx context.Context, name string) Site {
	if name == "" {
		return Site{}
	}
	one := s.Config.Registries[name]
	url := cmp.Or(s.Getenv(Variable(name, "URL")), one.URL)
	return s.withToken(ctx, Site{Name: name, URL: url, Scopes: one.Scopes, LogKey: one.LogKey})
}

// projectSites are the registries of the root project, at the addresses that
// the environment, or else the project, gives them.
func (s *Settings) projectSites(ctx context.Context) (sites []Site) {
	if s.Project == nil {
		return nil
	}
	for _, site := range ProjectSites(s.Project) {
		if url := s.Getenv(Variable(site.Name, "URL")); url != "" {
			site.URL = url
			site = s.withToken(ctx, site)
		} else {
			site.Token = func() (Token, error) { return s.tokenForProject(ctx, site.Name, site.URL) }
		}
		sites = append(sites, site)
	}
	return sites
}

// named gives the registry that the user means by a name.
func (s *Settings) named(ctx context.Context, name string) (Site, error) {
	if err := ident.CheckName(name); err != nil {
		what := fmt.Sprintf("%q is neither the URL of a registry nor the name of one", Printable(name))
		return Site{}, &SettingError{what, "--registry https://…, or " + s.names(name)}
	}
	if site := s.configured(ctx, name); site.URL != "" {
		return site, nil
	}
	for _, site := range s.projectSites(ctx) {
		if site.Name == name {
			return site, nil
		}
	}
	return Site{}, &SettingError{fmt.Sprintf("no registry is called %q", name), s.names(name)}
}

// names says which names there are, or how to give one.
func (s *Settings) names(wrong string) string {
	names := slices.Collect(maps.Keys(s.Config.Registries))
	if s.Project != nil {
		names = slices.AppendSeq(names, maps.Keys(s.Project.Registries))
	}
	slices.Sort(names)
	if len(names) == 0 {
		return fmt.Sprintf("give it one in %s: [registries.NAME] url = \"https://…\"", s.ConfigFile)
	}
	return "one of the names that there are: " + strings.Join(slices.Compact(names), ", ") + didYouMean(wrong, names...)
}

func (s *Settings) withToken(ctx context.Context, site Site) Site {
	site.Token = func() (Token, error) { return s.token(ctx, site.Name, site.URL) }
	return site
}

// token gives the token for a registry whose address is the user's own word.
func (s *Settings) token(ctx context.Context, name, url string) (Token, error) {
	variables := []string{}
	if name != "" {
		variables = append(variables, Variable(name, "TOKEN"))
	}
	if s.isDefault(ctx, url) {
		variables = append(variables, Variable("", "TOKEN"))
	}
	for _, variable := range variables {
		if secret := s.Getenv(variable); secret != "" {
			return Token{secret, variable}, CheckToken(secret, variable)
		}
	}
	return s.Credentials.Token(ctx, url)
}

// isDefault reports whether url is the default that ORI_REGISTRY_TOKEN is for.
// A name that is said for this run does not change which that is.
func (s *Settings) isDefault(ctx context.Context, url string) bool {
	if strings.Contains(s.Registry, "://") {
		return isSame(url, s.Registry)
	}
	return isSame(url, s.standing(ctx).URL)
}

// tokenForProject gives the token for a registry to which the project's file
// gives its address. What the user has for that very address is safe to use.
func (s *Settings) tokenForProject(ctx context.Context, name, url string) (Token, error) {
	configured := s.Config.Registries[name].URL
	if isSame(url, configured) {
		return s.token(ctx, name, url)
	}
	unconfirmed := &UnconfirmedError{Name: name, URL: url, ConfigFile: s.ConfigFile, Configured: configured}
	if variable := Variable(name, "TOKEN"); s.Getenv(variable) != "" {
		unconfirmed.TokenFrom = variable
		return Token{}, unconfirmed
	}
	if configured != "" {
		kept, err := s.Credentials.has(configured)
		if err != nil {
			return Token{}, err
		}
		if kept {
			unconfirmed.TokenFrom = s.Credentials.path
			return Token{}, unconfirmed
		}
	}
	return s.token(ctx, "", url)
}
