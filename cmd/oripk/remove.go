package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/ori-lang/registry/client"
	"github.com/ori-lang/registry/manifest"
)

func (a *app) removeCommand() *cobra.Command {
	var project string
	var dev bool
	remove := &cobra.Command{
		Use:     "remove @scope/name",
		Short:   "Take a dependency out of a project",
		Long:    "Take a dependency out of every section of oripk.toml that has it, and out of\noripk.lock with all that nothing else requires.",
		Example: "  oripk remove @acme/http\n  oripk remove @acme/check --dev",
		Args:    exactly("@scope/name"),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.remove(cmd.Context(), args[0], project, dev) },
	}
	projectFlag(remove, &project)
	remove.Flags().BoolVar(&dev, "dev", false, "out of [dev-dependencies] alone")
	return remove
}

func (a *app) remove(ctx context.Context, arg, project string, dev bool) error {
	if isModule(arg) {
		return a.editModule(ctx, project, func(e *manifest.Editor) error { return removeModule(e, arg, dev) })
	}
	name, version, err := parseWanted(arg)
	if err == nil && version != nil {
		err = &usageError{What: "remove takes a package out in whichever version it is there", Try: "oripk remove " + name.String()}
	}
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
	r, err := a.projectRegistries(p, client.Options{})
	if err != nil {
		return err
	}
	return a.edit(ctx, p, r, func(e *manifest.Editor) error {
		removed := 0
		for _, d := range there {
			if dev && d.Kind != manifest.Dev {
				continue
			}
			removed++
			if _, err := e.RemoveDependency(manifest.Section{Kind: d.Kind, Target: d.Target}, name); err != nil {
				return err
			}
		}
		if removed == 0 {
			return &notThereError{Package: name}
		}
		return nil
	})
}

func removeModule(e *manifest.Editor, name string, dev bool) error {
	found := false
	for _, section := range e.Sections() {
		if dev && section.Kind != manifest.Dev {
			continue
		}
		removed, err := e.RemoveModule(section, name)
		if err != nil {
			return err
		}
		found = found || removed
	}
	if !found {
		return &usageError{What: name + " is no dependency of this project", Try: "oripk.toml has the list"}
	}
	return nil
}
