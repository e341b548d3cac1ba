package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/archive"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/translog"
)

// What these calls give is the registry's word: none of it is proved by the
// log, and its texts must pass through Printable before they reach a terminal.

// Discovery asks what the registry is. That it is none is a *NoRegistryError.
func (c *Client) Discovery(ctx context.Context) (*api.Discovery, error) {
	var d api.Discovery
	url := c.urls.Discovery()
	// What was there yesterday does not show that a registry is there: no cache.
	_, err := c.askJSON(ctx, url, maxReply, &d, func() error { return checkDiscovery(url, &d) }, nil)
	if err != nil {
		return nil, err
	}
	return &d, nil
}

func checkDiscovery(url string, d *api.Discovery) error {
	switch {
	case d.APIVersion == "" || d.Log.PublicKey == "":
		return &ReplyError{URL: url, Reason: "the answer names no protocol version, or no key of a log", foreign: true}
	case d.APIVersion != api.ProtocolVersion:
		return &ReplyError{
			URL:    url,
			Reason: fmt.Sprintf("the registry speaks protocol %q, and this program %q", Printable(d.APIVersion), api.ProtocolVersion),
			Hint:   "another version of oripk may know it",
		}
	}
	return nil
}

// diagnose gives err, or a *NoRegistryError where err looks as if something
// else answered and the discovery document confirms it.
func (c *Client) diagnose(ctx context.Context, r request, err error) error {
	switch {
	case !isForeign(err):
		return err
	case r.url == c.urls.Discovery():
		return &NoRegistryError{URL: c.URL(), Reason: foreignReason(r.url, err)}
	}
	if none := c.noRegistry(ctx); none != nil {
		return none
	}
	return err
}

func foreignReason(url string, err error) string {
	if problem, ok := errors.AsType[*api.Problem](err); ok {
		return url + ": the answer is " + problem.Title
	}
	return err.Error()
}

// noRegistry asks whether there is a registry; nil while nobody knows.
func (c *Client) noRegistry(ctx context.Context) error {
	_, err := c.Discovery(ctx)
	if none, ok := errors.AsType[*NoRegistryError](err); ok {
		return none
	}
	return nil
}

// isForeign reports whether an answer is none that a registry gives here. What
// stands in front of one may ask for a login, or be overloaded: that says nothing.
func isForeign(err error) bool {
	if reply, ok := errors.AsType[*ReplyError](err); ok {
		return reply.foreign
	}
	problem, ok := errors.AsType[*api.Problem](err)
	if !ok || problem.Code == api.NotFound {
		return ok
	}
	switch problem.Status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusProxyAuthRequired, http.StatusTooManyRequests:
		return false
	}
	own := strings.HasPrefix(string(problem.Code), statusCode)
	return own && (problem.Status < 500 || problem.Status == http.StatusNotImplemented)
}

// Package asks for a package, its owners and its newest version.
func (c *Client) Package(ctx context.Context, p ident.Package) (*api.Package, error) {
	var about api.Package
	url := c.urls.Package(p)
	err := c.getJSON(ctx, url, maxReply, &about, func() error { return sameSubject(url, about.Package, p) })
	if err != nil {
		return nil, err
	}
	return &about, nil
}

// Versions asks for all versions of a package, the highest first.
func (c *Client) Versions(ctx context.Context, p ident.Package) (*api.Versions, error) {
	var all api.Versions
	url := c.urls.Versions(p)
	err := c.getJSON(ctx, url, maxVersions, &all, func() error { return sameSubject(url, all.Package, p) })
	if err != nil {
		return nil, err
	}
	return &all, nil
}

// Metadata asks for one version.
func (c *Client) Metadata(ctx context.Context, ref ident.Ref) (*api.Metadata, error) {
	var m api.Metadata
	url := c.urls.Metadata(ref)
	err := c.getJSON(ctx, url, maxReply, &m, func() error {
		return sameSubject(url, ident.Ref{Package: m.Package, Version: m.Version.Version}, ref)
	})
	if err != nil {
		return nil, err
	}
	return &m, nil
}

// Readme asks for the README of a version: Markdown, at most its first 512 KiB. A
// version without one is api.NotFound.
func (c *Client) Readme(ctx context.Context, ref ident.Ref) (string, error) {
	text, err := c.getBytes(ctx, c.urls.Readme(ref), "text/markdown", archive.MaxReadme)
	return string(text), err
}

// Me asks whose the token is and what it may do.
func (c *Client) Me(ctx context.Context) (*api.Me, error) {
	if !c.HasToken() {
		return nil, c.noToken()
	}
	var me api.Me
	url := c.urls.Me()
	err := c.getJSON(ctx, url, maxReply, &me, func() error {
		if me.User.ID == "" || me.User.Login == "" {
			return &ReplyError{URL: url, Reason: "the answer names no account", foreign: true}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &me, nil
}

// Proof asks for the proof that a version is in the log. Nothing of it is
// verified: see Verify.
func (c *Client) Proof(ctx context.Context, ref ident.Ref) ([]byte, error) {
	return c.getBytes(ctx, c.urls.Proof(ref), "text/plain", translog.MaxProof)
}

// sameSubject refuses an answer about something else than was asked.
func sameSubject[T interface {
	comparable
	String() string
}](url string, got, want T,
) error {
	if got == want {
		return nil
	}
	return aboutOther(url, got.String(), want.String())
}

// sameText is sameSubject for texts.
func sameText(url, got, want string) error {
	if got == want {
		return nil
	}
	return aboutOther(url, got, want)
}

func aboutOther(url, got, want string) error {
	return &ReplyError{URL: url, Reason: fmt.Sprintf("the answer is about %q, asked was %q", Printable(got), want), foreign: true}
}
