package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/ori-lang/registry/archive"
	"github.com/ori-lang/registry/client"
	"github.com/ori-lang/registry/manifest"
)

func projectFlag(cmd *cobra.Command, project *string) {
	cmd.Flags().StringVarP(project, "project", "C", ".", "`DIR` with the oripk.toml, or below it")
}

// openProject opens the project that dir is in, whose manifest is right.
func (a *app) openProject(dir string) (*client.Project, error) {
	return a.open(dir, (*client.Project).CheckManifest)
}

// openPackage opens a project that is fit to be packed.
func (a *app) openPackage(dir string) (*client.Project, error) {
	return a.open(dir, (*client.Project).Check)
}

func (a *app) open(dir string, check func(*client.Project) error) (*client.Project, error) {
	p, err := client.OpenProject(projectFolder(dir))
	if err != nil {
		return nil, err
	}
	a.manifest = p.Text()
	if err := check(p); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

// projectFolder gives the folder with an oripk.toml that dir is, or is in; dir
// itself when there is none.
func projectFolder(dir string) string {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return dir
	}
	for at := absolute; ; at = filepath.Dir(at) {
		if _, err := os.Lstat(filepath.Join(at, archive.ManifestName)); err == nil {
			if at == absolute {
				return dir
			}
			return at
		}
		if at == filepath.Dir(at) {
			return dir
		}
	}
}

// surrounding gives the manifest of the project that dir is in, nil when it is in
// none. One that is not right is an error: what it says of registries is not known.
func (a *app) surrounding(dir string) (*manifest.Manifest, error) {
	p, err := a.openProject(dir)
	if _, none := errors.AsType[*client.NoProjectError](err); none {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return p.Manifest, p.Close()
}

// lock makes oripk.lock if it must.
func (a *app) lock(ctx context.Context, p *client.Project) error {
	r, err := a.projectRegistries(p, client.Options{})
	if err != nil {
		return err
	}
	tell, done := a.syncProgress()
	changed, err := p.EnsureLock(ctx, r, client.SyncOptions{Progress: tell})
	done()
	if err == nil && changed && p.NeedsRegistry() {
		a.step("made %s: every checksum was verified against the log", archive.LockName)
	}
	return err
}

// projectRegistries are those of a project, nil when it needs none.
func (a *app) projectRegistries(p *client.Project, o client.Options) (*client.Registries, error) {
	if !p.NeedsRegistry() {
		return nil, nil
	}
	return a.registries(p.Manifest, o)
}

// graph gives the packages of a project, which it changes nothing of, and
// makes no connection for what is in the cache.
func (a *app) graph(ctx context.Context, dir string) (*client.Project, *client.Graph, error) {
	p, err := a.openProject(dir)
	if err != nil {
		return nil, nil, err
	}
	r, err := a.projectRegistries(p, client.Options{})
	if err == nil {
		var graph *client.Graph
		tell, done := a.syncProgress()
		graph, err = p.Resolve(ctx, r, client.SyncOptions{Progress: tell})
		done()
		if err == nil {
			return p, graph, nil
		}
	}
	return nil, nil, errors.Join(err, p.Close())
}
