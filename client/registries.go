package client

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/manifest"
)

// Site is a registry that the user or the root project names.
type Site struct {
	Name   string                // of its [registries.NAME]
	URL    string                // base URL
	Scopes []string              // those that live there and nowhere else, without "@"
	LogKey string                // verifier key of its log; "": the pinned one, else the first one seen is pinned
	Token  func() (Token, error) // asked before the registry is, unless offline; nil: anonymous
}

// Registries are the registries of a run: which one a package comes from, and
// with what token each is spoken to. None is ever contacted that neither the
// user nor the root project names. It is safe for concurrent use.
type Registries struct {
	options Options // of the default registry; the others have its manners
	sites   []Site  // an earlier one goes before a later one

	mu      sync.Mutex
	clients map[string]*Client // by the registry's name
}

// ErrNoDefault says that something comes from the default registry, and there
// is none.
var ErrNoDefault = errors.New("no registry is given")

// NewRegistries makes the registries of a run: the default one, to which o
// belongs (URL "": there is none), and those that are named beside it. Where
// two claim a scope, the first one has it; see ProjectSites for those of the
// root project, which go before the user's.
func NewRegistries(o Options, sites ...Site) *Registries {
	o.Notice = oneAtATime(o.Notice)
	return &Registries{options: o, sites: sites, clients: map[string]*Client{}}
}

// ProjectSites are the registries that a root project names, without a token.
func ProjectSites(root *manifest.Manifest) (sites []Site) {
	for _, name := range slices.Sorted(maps.Keys(root.Registries)) {
		r := root.Registries[name]
		sites = append(sites, Site{Name: name, URL: r.URL, Scopes: r.Scopes})
	}
	return sites
}

// Home is the default registry of the run; ErrNoDefault when it has none.
func (r *Registries) Home() (*Client, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.home()
}

func (r *Registries) home() (*Client, error) {
	if r.options.URL != "" {
		return r.client(r.options.URL)
	}
	if !r.options.Offline {
		return nil, ErrNoDefault
	}
	return New(r.options)
}

// Source gives the registry of a package that the root project, or the user,
// asks for: the one that d names; else the one that its scope lives in, without
// a way back to the default; else the default.
func (r *Registries) Source(d manifest.Dependency) (*Client, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if d.Registry != "" {
		for _, s := range r.sites {
			if s.Name == d.Registry {
				return r.client(s.URL)
			}
		}
		return nil, fmt.Errorf("%s comes from the registry %q, which nothing defines", d.Package, Printable(d.Registry))
	}
	return r.scope(d.Package.Scope())
}

// Scope gives the registry of a scope (without "@"): the one that it lives in,
// without a way back to the default; else the default.
func (r *Registries) Scope(scope string) (*Client, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.scope(scope)
}

func (r *Registries) scope(scope string) (*Client, error) {
	if s, lives := r.siteOf(scope); lives {
		return r.client(s.URL)
	}
	return r.home()
}

// Requirer is a package that requires another.
type Requirer struct {
	Ref    ident.Ref
	Source *Client // the registry that it came from
}

// SourceFor gives the registry of a package that another one requires: the one
// that its scope lives in; else the one at url, which the requirer's manifest
// names, if the user or the root project names it too; else, when url is "",
// that of the requirer. A url of the requirer alone is a *SourceError.
func (r *Registries) SourceFor(by Requirer, p ident.Package, url string) (*Client, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s, lives := r.siteOf(p.Scope()); lives {
		return r.client(s.URL)
	}
	if url == "" {
		return by.Source, nil
	}
	if !r.knows(url) {
		return nil, &SourceError{Package: p, By: by.Ref.String(), Registry: url}
	}
	return r.client(url)
}

func (r *Registries) siteOf(scope string) (s Site, lives bool) {
	for _, s := range r.sites {
		if slices.Contains(s.Scopes, scope) {
			return s, true
		}
	}
	return Site{}, false
}

// knows reports whether the user or the root project names the registry at url.
func (r *Registries) knows(url string) bool {
	return isSame(url, r.options.URL) || slices.ContainsFunc(r.sites, func(s Site) bool { return isSame(s.URL, url) })
}

// client gives the one client of the registry at url, which somebody named.
func (r *Registries) client(url string) (*Client, error) {
	name, err := registryName(url)
	if err != nil {
		return nil, err
	}
	if c := r.clients[name]; c != nil {
		return c, nil
	}
	o, err := r.optionsFor(url)
	if err != nil {
		return nil, err
	}
	c, err := New(o)
	if err == nil {
		r.clients[name] = c
	}
	return c, err
}

// optionsFor are the default's options, with what belongs to the registry at
// url in the place of what belongs to the default.
func (r *Registries) optionsFor(url string) (Options, error) {
	o := r.options
	if !isSame(url, o.URL) {
		o.URL, o.Token, o.TokenFrom, o.LogKey = url, "", "", ""
	}
	for _, s := range r.sites {
		if !isSame(s.URL, url) {
			continue
		}
		o.LogKey = cmp.Or(o.LogKey, s.LogKey)
		if o.Token != "" || o.Offline || s.Token == nil {
			continue
		}
		token, err := s.Token()
		if err != nil {
			return o, err
		}
		o.Token, o.TokenFrom = token.Secret, token.From
	}
	return o, nil
}
