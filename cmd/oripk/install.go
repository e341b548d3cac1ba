package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/client"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/manifest"
)

type installFlags struct {
	project     string
	dev, yanked bool
	features    []string
	noDefault   bool
	target      string
}

func (a *app) installCommand() *cobra.Command {
	var flags installFlags
	install := &cobra.Command{
		Use:   "install @scope/name[@version]",
		Short: "Add a dependency to a project",
		Long: "Add a dependency to oripk.toml, and bring it and all that it requires to this\n" +
			"machine. Without a version it is the latest: the highest that is stable and\n" +
			"not yanked. What is there already is changed with: oripk upgrade. A module of the\n" +
			"standard library, such as std.json, comes with the compiler: it is only written down.",
		Example: "  oripk install @acme/http\n  oripk install @acme/http@1.4.0 --features tls,gzip\n  oripk install @acme/check --dev\n  oripk install std.json",
		Args:    exactly("@scope/name or @scope/name@version"),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.install(cmd.Context(), args[0], flags) },
	}
	projectFlag(install, &flags.project)
	f := install.Flags()
	f.BoolVar(&flags.dev, "dev", false, "add it to [dev-dependencies]: for tests alone")
	f.StringVar(&flags.target, "target", "", "add it for the targets of this `CONDITION` alone, such as 'cfg(os = \"linux\")'")
	f.StringSliceVar(&flags.features, "features", nil, "switch on these features, with commas between them")
	f.BoolVar(&flags.noDefault, "no-default-features", false, "without the feature \"default\"")
	f.BoolVar(&flags.yanked, "allow-yanked", false, "take the version even when it was yanked")
	exclusive(install, "dev", "target")
	return install
}

func (f installFlags) section() manifest.Section {
	switch {
	case f.dev:
		return manifest.Section{Kind: manifest.Dev}
	case f.target != "":
		return manifest.Section{Kind: manifest.Target, Target: f.target}
	}
	return manifest.Section{Kind: manifest.Normal}
}

func (a *app) install(ctx context.Context, arg string, flags installFlags) error {
	if isModule(arg) {
		return a.editModule(ctx, flags.project, func(e *manifest.Editor) error { return asUsage(e.SetModule(flags.section(), arg)) })
	}
	name, version, err := parseWanted(arg)
	if err != nil {
		return err
	}
	p, err := a.openProject(flags.project)
	if err != nil {
		return err
	}
	defer p.Close()
	section := flags.section()
	if there := dependency(p.Manifest, name, section); there != nil {
		return &thereError{*there}
	}
	r, err := a.registries(p.Manifest, client.Options{})
	if err != nil {
		return err
	}
	wanted := manifest.Dependency{Package: name, Features: flags.features, DefaultFeatures: !flags.noDefault}
	if wanted.Version, err = a.choose(ctx, r, wanted, version, flags.yanked); err != nil {
		return err
	}
	return a.edit(ctx, p, r, func(e *manifest.Editor) error { return asUsage(e.SetDependency(section, wanted)) })
}

// asUsage is for what a manifest cannot say at all: the command line is wrong.
// That it cannot be said in this text passes.
func asUsage(err error) error {
	if _, place := errors.AsType[*manifest.EditError](err); err == nil || place {
		return err
	}
	return &usageError{What: err.Error(), Try: "oripk install --help"}
}

// dependency finds a package in a section of a manifest.
func dependency(m *manifest.Manifest, name ident.Package, s manifest.Section) *manifest.Dependency {
	i := slices.IndexFunc(m.Dependencies, func(d manifest.Dependency) bool {
		return d.Package == name && d.Kind == s.Kind && d.Target == s.Target
	})
	if i < 0 {
		return nil
	}
	return &m.Dependencies[i]
}

// thereError is a dependency that the project has already.
type thereError struct{ Dependency manifest.Dependency }

func (e *thereError) Error() string {
	return fmt.Sprintf("%s is there already, in version %s", e.Dependency.Package, e.Dependency.Version)
}

// choose gives the version that is meant, and refuses one that should not be taken.
func (a *app) choose(ctx context.Context, r *client.Registries, d manifest.Dependency, version *ident.Version, yanked bool) (ident.Version, error) {
	source, err := r.Source(d)
	if err != nil {
		return ident.Version{}, err
	}
	all, err := source.Versions(ctx, d.Package)
	if err != nil {
		return ident.Version{}, err
	}
	if version == nil {
		if all.Latest == nil {
			return ident.Version{}, &chooseError{Package: d.Package, Why: "it has no stable version that is not yanked", Versions: all}
		}
		a.step("%s %s is the latest", d.Package, *all.Latest)
		return *all.Latest, nil
	}
	i := slices.IndexFunc(all.Versions, func(v api.Version) bool { return v.Version == *version })
	switch {
	case i < 0:
		return *version, &chooseError{Package: d.Package, Version: version, Why: "there is no such version", Versions: all}
	case all.Versions[i].Removed != nil:
		return *version, &chooseError{Package: d.Package, Version: version, Why: "the registry's operators removed it", Versions: all}
	case all.Versions[i].Yanked != nil && !yanked:
		y := all.Versions[i].Yanked
		return *version, &chooseError{Package: d.Package, Version: version, Why: "it was yanked" + because(y.Reason, y.Message), Versions: all, Yanked: true}
	}
	return *version, nil
}

// chooseError is a version that is not taken.
type chooseError struct {
	Package  ident.Package
	Version  *ident.Version // nil: none was named
	Why      string
	Versions *api.Versions
	Yanked   bool // it can be had all the same
}

func (e *chooseError) Error() string {
	if e.Version == nil {
		return e.Package.String() + " has no version to take by itself"
	}
	return fmt.Sprintf("%s %s is not taken", e.Package, e.Version)
}

// available names the newest versions that can be taken.
func (e *chooseError) available() string {
	const shown = 5
	var names []string
	for _, v := range e.Versions.Versions {
		if v.Yanked == nil && v.Removed == nil && len(names) < shown {
			names = append(names, v.Version.String())
		}
	}
	if names == nil {
		return "it has no version that can be taken"
	}
	return "the newest that can be taken: " + strings.Join(names, ", ")
}
