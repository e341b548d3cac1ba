package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/fatih/color"
	"github.com/spf13/cobra"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/archive"
	"github.com/ori-lang/registry/client"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/manifest"
)

type publishFlags struct {
	project     string
	dryRun, yes bool
}

func (a *app) publishCommand() *cobra.Command {
	var flags publishFlags
	publish := &cobra.Command{
		Use:   "publish",
		Short: "Publish a package; a version can never be changed afterwards",
		Long: "Publish a package: pack it, show what will be sent, ask, send it, and verify\n" +
			"the registry's receipt against the log. A version can never be changed\n" +
			"afterwards, and its number is never used again.",
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.publish(cmd.Context(), flags) },
	}
	projectFlag(publish, &flags.project)
	publish.Flags().BoolVar(&flags.dryRun, "dry-run", false, "let the registry check everything and keep nothing")
	publish.Flags().BoolVarP(&flags.yes, "yes", "y", false, "do not ask")
	return publish
}

func (a *app) publish(ctx context.Context, flags publishFlags) error {
	p, missing := a.open(flags.project, func(*client.Project) error { return nil })
	if missing == nil {
		defer p.Close()
	}
	c, err := a.publishTo(p)
	if err != nil {
		return err
	}
	if !c.HasToken() {
		return fmt.Errorf("publishing to %s: %w", c.URL(), client.ErrNoToken)
	}
	ask := !flags.yes && !flags.dryRun
	if ask && !a.canAsk {
		return &usageError{What: "publishing asks first, and there is no terminal to ask on", Try: "--yes, or --dry-run to see what would happen"}
	}
	if missing != nil {
		return missing
	}
	if err := p.Check(); err != nil {
		return err
	}
	if err := checkWanted(p, c); err != nil {
		return err
	}
	if err := a.lock(ctx, p); err != nil {
		return err
	}
	a.noteScripts(p)
	packed, err := newPacked(p)
	if err != nil {
		return err
	}
	defer packed.remove()
	a.warnMissing(packed.report)
	if !a.quiet {
		printPacked(a.stderr, packed.report)
	}
	if ask {
		question := fmt.Sprintf("Publish %s %s to %s?", p.Ref().Package, p.Ref().Version, c.URL())
		if err := a.confirm(ctx, question, "published"); err != nil {
			return err
		}
	}
	return a.upload(ctx, c, packed, p.Ref(), flags.dryRun)
}

// publishTo gives the registry that a package goes to: the one that is said for
// this run, else the one that [publish] names, else the one that its scope lives
// in. A nil project is one that is not there.
func (a *app) publishTo(p *client.Project) (*client.Client, error) {
	if p == nil || p.Manifest == nil {
		return a.client(client.Options{})
	}
	m := p.Manifest
	r, err := a.registries(m, client.Options{})
	if err != nil {
		return nil, err
	}
	if a.registry != "" {
		return r.Home()
	}
	to := manifest.Dependency{Package: m.Package}
	if _, defined := m.Registries[m.Publish.Registry]; defined {
		to.Registry = m.Publish.Registry
	}
	return r.Source(to)
}

// checkWanted refuses to publish to another registry than the manifest wants.
func checkWanted(p *client.Project, c *client.Client) error {
	m := p.Manifest
	wanted, ok := m.Registries[m.Publish.Registry]
	if m.Publish.Registry == "" || ok && c.IsAt(wanted.URL) {
		return nil
	}
	return &elsewhereError{Name: m.Publish.Registry, URL: wanted.URL, Asked: c.URL()}
}

// elsewhereError is a package that is meant for another registry.
type elsewhereError struct{ Name, URL, Asked string }

func (e *elsewhereError) Error() string {
	return fmt.Sprintf("this package is meant for the registry %q, and this would go to %s", e.Name, e.Asked)
}

// warnMissing warns of files that readers of a package look for.
func (a *app) warnMissing(r *archive.Report) {
	holds := func(prefixes ...string) bool {
		return slices.ContainsFunc(r.Files, func(f archive.FileInfo) bool {
			name := strings.ToLower(f.Path)
			return slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
		})
	}
	if !holds(strings.ToLower(archive.ReadmeName)) {
		a.step("warning: there is no %s in the archive: the package's page will say nothing of it", archive.ReadmeName)
	}
	if !holds("license", "licence", "copying", "unlicense") {
		a.step("warning: there is no LICENSE in the archive: nobody can read what they may do with the package")
	}
}

func (a *app) upload(ctx context.Context, c *client.Client, packed *packed, ref ident.Ref, dryRun bool) error {
	tell, done := a.progress("sending")
	receipt, err := c.Publish(ctx, packed.file, packed.report, client.PublishOptions{DryRun: dryRun, Progress: tell})
	done()
	if err != nil {
		return err
	}
	if !a.quiet {
		for _, warning := range receipt.Warnings {
			row(a.stderr, "warning", fmt.Sprintf("%s %s (%s)", warning.Pointer, warning.Detail, warning.Code))
		}
	}
	return a.result(receipt, func(w io.Writer) { a.printReceipt(w, receipt, ref, c.URL()) })
}

func (a *app) printReceipt(w io.Writer, receipt *api.Receipt, ref ident.Ref, registry string) {
	switch {
	case receipt.DryRun:
		fmt.Fprintf(w, "%s %s would be accepted by %s; nothing was kept (dry run)\n", ref.Package, ref.Version, registry)
		return
	case receipt.Created:
		fmt.Fprintf(w, "%s %s %s\n", a.paint(w, color.FgGreen, "published"), ref.Package, ref.Version)
	default:
		fmt.Fprintf(w, "%s %s was already published, identical\n", ref.Package, ref.Version)
	}
	row(w, "checksum", receipt.Checksum.String())
	row(w, "log", fmt.Sprintf("entry %d, its proof is verified", receipt.Log.Index))
}
