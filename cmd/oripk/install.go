package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
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

// isModule reports whether an argument names a module of the standard library,
// which comes with the compiler: no registry is asked for it.
func isModule(arg string) bool { return strings.HasPrefix(arg, "std.") }

func (a *app) editModule(ctx context.Context, project string, change func(*manifest.Editor) error) error {
	p, err := a.openProject(project)
	if err != nil {
		return err
	}
	defer p.Close()
	r, err := a.projectRegistries(p, client.Options{})
	if err != nil {
		return err
	}
	return a.edit(ctx, p, r, change)
}

// edit changes the dependencies of a project and shows what came of it.
func (a *app) edit(ctx context.Context, p *client.Project, r *client.Registries, change func(*manifest.Editor) error) error {
	tell, done := a.syncProgress()
	synced, err := p.Edit(ctx, r, change, client.SyncOptions{Progress: tell})
	done()
	if err != nil {
		a.showEdited(p.Text())
		return err
	}
	a.warnSaid(synced.Graph)
	return a.result(newSyncedJSON(synced), func(w io.Writer) { a.printSynced(w, synced) })
}

// showEdited has an error show the lines of an edited manifest, which was not kept.
func (a *app) showEdited(text []byte) {
	a.edited = !bytes.Equal(a.manifest, text)
	a.manifest = text
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

// dependencies finds a package in all sections of a manifest.
func dependencies(p *client.Project, name ident.Package) (all []manifest.Dependency, err error) {
	for _, d := range p.Manifest.Dependencies {
		if d.Package == name {
			all = append(all, d)
		}
	}
	if all == nil {
		return nil, &notThereError{Package: name, Has: p.Manifest.Dependencies, Brought: isLocked(p, name)}
	}
	return all, nil
}

// isLocked reports whether a package is in a project, whoever requires it.
func isLocked(p *client.Project, name ident.Package) bool {
	lock, err := p.Lock()
	if err != nil || lock == nil {
		return false
	}
	for ref := range lock.Checksums {
		if ref.Package == name {
			return true
		}
	}
	return false
}

// notThereError is a package that the project does not depend on.
type notThereError struct {
	Package ident.Package
	Has     []manifest.Dependency
	Brought bool // it is there because another package requires it
}

func (e *notThereError) Error() string {
	if e.Brought {
		return fmt.Sprintf("%s is no dependency of this project itself", e.Package)
	}
	return fmt.Sprintf("%s is no dependency of this project", e.Package)
}

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
	kinds := []manifest.Kind{manifest.Normal, manifest.Dev}
	if dev {
		kinds = kinds[1:]
	}
	found := false
	for _, kind := range kinds {
		removed, err := e.RemoveModule(manifest.Section{Kind: kind}, name)
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

// parseWanted reads "@scope/name" or "@scope/name@1.2.3" from the command line.
func parseWanted(arg string) (ident.Package, *ident.Version, error) {
	arg = strings.Replace(arg, ":", "@", 1) // as the lock file writes it
	if strings.LastIndex(arg, "@") > 0 {
		ref, err := parseRef(arg)
		return ref.Package, &ref.Version, err
	}
	p, err := ident.ParsePackage(arg)
	if err != nil {
		return p, nil, &usageError{What: err.Error(), Try: "@scope/name or @scope/name@1.2.3"}
	}
	return p, nil, nil
}
