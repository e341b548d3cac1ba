package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/fatih/color"
	"github.com/spf13/cobra"

	"github.com/ori-lang/registry/archive"
	"github.com/ori-lang/registry/client"
)

func (a *app) checkCommand() *cobra.Command {
	var project string
	var publish bool
	check := &cobra.Command{
		Use:   "check",
		Short: "Check a project without changing or fetching anything",
		Long: "Check what can be checked on this machine alone: oripk.toml and oripk.lock, the\n" +
			"files that would be packed, and, as far as the cache has the packages, that the\n" +
			"lock file is what oripk.toml requires. It makes no connection and writes nothing.",
		Example: "  oripk check\n  oripk check --publish",
		Args:    exactly(),
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.check(cmd.Context(), project, publish) },
	}
	projectFlag(check, &project)
	check.Flags().BoolVar(&publish, "publish", false, "fail as well if the package could not be published as it is")
	return check
}

// checkedJSON is the JSON of check; faults make it the JSON of an error.
type checkedJSON struct {
	Package     string  `json:"package"` // @scope/name@version
	Warnings    []fault `json:"warnings"`
	Unpublished []fault `json:"unpublishable"` // what only publishing would refuse
	Lock        string  `json:"lock"`          // "in order", or "unknown": not all packages are in the cache
}

func (a *app) check(ctx context.Context, dir string, publish bool) error {
	open := a.openProject
	if publish {
		open = a.openPackage
	}
	p, err := open(dir)
	if err != nil {
		return err
	}
	defer p.Close()
	checked := checkedJSON{Package: p.Ref().String(), Lock: "in order", Warnings: []fault{}, Unpublished: []fault{}}
	checked.Warnings = append(checked.Warnings, manifestFaults(archive.ManifestName, p.Report.Warnings)...)
	checked.Unpublished = append(checked.Unpublished, unfit(p)...)
	if err := a.checkLock(ctx, p); errors.Is(err, client.ErrOffline) {
		checked.Lock = "unknown"
	} else if err != nil {
		return err
	}
	return a.result(checked, func(w io.Writer) { a.printChecked(w, checked) })
}

// unfit lists what keeps a project from being published: the faults of its files,
// or why they cannot be packed at all.
func unfit(p *client.Project) []fault {
	err := p.Check()
	if err == nil {
		return nil
	}
	e, listed := explainFaults(err)
	if listed != nil {
		return e.Faults
	}
	e = explain(err)
	return []fault{{Code: e.Code, Detail: e.Message}}
}

// checkLock holds the lock file against the graph, offline.
func (a *app) checkLock(ctx context.Context, p *client.Project) error {
	r, err := a.projectRegistries(p, client.Options{Offline: true, Notice: func(string) {}}) // that it works offline is no news
	if err != nil {
		return err
	}
	graph, err := p.Resolve(ctx, r, client.SyncOptions{})
	if _, unpinned := errors.AsType[*client.NoKeyError](err); unpinned {
		return client.ErrOffline
	}
	if err != nil {
		return err
	}
	return p.CheckLock(graph)
}

func (a *app) printChecked(w io.Writer, c checkedJSON) {
	for _, f := range c.Warnings {
		row(w, "warning", f.String())
	}
	for _, f := range c.Unpublished {
		row(w, "unpublishable", f.String())
	}
	fmt.Fprintf(w, "%s %s\n", a.paint(w, color.FgGreen, "in order:"), c.Package)
	if c.Lock == "unknown" {
		row(w, archive.LockName, "could not be held against what is required: not all of it is in the cache (oripk sync)")
	}
}
