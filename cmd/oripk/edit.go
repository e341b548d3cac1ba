package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/ori-lang/registry/client"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/manifest"
)

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

// isModule reports whether an argument names a module of the standard library,
// which comes with the compiler: no registry is asked for it.
func isModule(arg string) bool { return strings.HasPrefix(arg, "std.") }

// showEdited has an error show the lines of an edited manifest, which was not kept.
func (a *app) showEdited(text []byte) {
	a.edited = !bytes.Equal(a.manifest, text)
	a.manifest = text
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
