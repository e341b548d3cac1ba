package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/ori-lang/registry/client"
	"github.com/ori-lang/registry/manifest"
)

func (a *app) upgradeCommand() *cobra.Command {
	var project string
	var yanked bool
	upgrade := &cobra.Command{
		Use:   "upgrade @scope/name:version",
		Short: "Change the version of a dependency",
		Long: "Change the version of a dependency in oripk.toml, to a higher or a lower one, and\n" +
			"show what changes with it. The version is always named: no upgrade happens by itself.",
		Example: "  oripk upgrade @acme/http:1.5.0",
		Args:    exactly("@scope/name:version"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.upgrade(cmd.Context(), args[0], project, yanked)
		},
	}
	projectFlag(upgrade, &project)
	upgrade.Flags().BoolVar(&yanked, "allow-yanked", false, "take the version even when it was yanked")
	return upgrade
}

func (a *app) upgrade(ctx context.Context, arg, project string, yanked bool) error {
	name, version, err := parseWanted(arg)
	if err != nil {
		return err
	}
	p, err := a.openProject(project)
	if err != nil {
		return err
	}
	defer p.Close()
	there, err := dependencies(p, name)
	if err != nil {
		return err
	}
	r, err := a.registries(p.Manifest, client.Options{})
	if err != nil {
		return err
	}
	if version == nil {
		return a.wantVersion(ctx, r, there[0])
	}
	if !slices.ContainsFunc(there, func(d manifest.Dependency) bool { return d.Version != *version }) {
		a.step("%s is at %s already", name, version)
	} else if _, err := a.choose(ctx, r, there[0], version, yanked); err != nil {
		return err
	}
	return a.edit(ctx, p, r, func(e *manifest.Editor) error {
		for _, d := range there {
			section := manifest.Section{Kind: d.Kind, Target: d.Target}
			d.Version = *version
			if err := e.SetDependency(section, d); err != nil {
				return err
			}
		}
		return nil
	})
}

// wantVersion is the answer to an upgrade that names no version.
func (a *app) wantVersion(ctx context.Context, r *client.Registries, d manifest.Dependency) error {
	wrong := &usageError{
		What: fmt.Sprintf("no version of %s is named, and an upgrade never chooses one by itself", d.Package),
		Try:  "oripk upgrade " + d.Package.String() + ":VERSION",
	}
	source, err := r.Source(d)
	if err != nil {
		return wrong
	}
	if all, err := source.Versions(ctx, d.Package); err == nil && all.Latest != nil {
		wrong.Try = fmt.Sprintf("oripk upgrade %s:%s, which is the latest; yours is %s", d.Package, *all.Latest, d.Version)
	}
	return wrong
}
