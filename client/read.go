package client

import (
	"context"
	"fmt"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/translog"
)

// What these calls give is the registry's word: none of it is proved by the
// log, and its texts must pass through Printable before they reach a terminal.

// Discovery asks what the registry is.
func (c *Client) Discovery(ctx context.Context) (*api.Discovery, error) {
	var d api.Discovery
	if err := c.getJSON(ctx, c.urls.Discovery(), maxReply, &d); err != nil {
		return nil, err
	}
	return &d, nil
}

// Package asks for a package, its owners and its newest version.
func (c *Client) Package(ctx context.Context, p ident.Package) (*api.Package, error) {
	var about api.Package
	url := c.urls.Package(p)
	if err := c.getJSON(ctx, url, maxReply, &about); err != nil {
		return nil, err
	}
	if about.Package != p {
		return nil, aboutOther(url, about.Package.String(), p.String())
	}
	return &about, nil
}

// Versions asks for all versions of a package, the highest first.
func (c *Client) Versions(ctx context.Context, p ident.Package) (*api.Versions, error) {
	var all api.Versions
	url := c.urls.Versions(p)
	if err := c.getJSON(ctx, url, maxVersions, &all); err != nil {
		return nil, err
	}
	if all.Package != p {
		return nil, aboutOther(url, all.Package.String(), p.String())
	}
	return &all, nil
}

// Metadata asks for one version.
func (c *Client) Metadata(ctx context.Context, ref ident.Ref) (*api.Metadata, error) {
	var m api.Metadata
	url := c.urls.Metadata(ref)
	if err := c.getJSON(ctx, url, maxReply, &m); err != nil {
		return nil, err
	}
	if got := (ident.Ref{Package: m.Package, Version: m.Version.Version}); got != ref {
		return nil, aboutOther(url, got.String(), ref.String())
	}
	return &m, nil
}

// Me asks whose the token is and what it may do.
func (c *Client) Me(ctx context.Context) (*api.Me, error) {
	if !c.HasToken() {
		return nil, ErrNoToken
	}
	var me api.Me
	if err := c.getJSON(ctx, c.urls.Me(), maxReply, &me); err != nil {
		return nil, err
	}
	return &me, nil
}

// Proof asks for the proof that a version is in the log. Nothing of it is
// verified: see Verify.
func (c *Client) Proof(ctx context.Context, ref ident.Ref) ([]byte, error) {
	return c.getBytes(ctx, c.urls.Proof(ref), "text/plain", translog.MaxProof)
}

func aboutOther(url, got, want string) error {
	return &ReplyError{URL: url, Reason: fmt.Sprintf("the answer is about %q, asked was %q", Printable(got), want)}
}
