package main

import (
	"cmp"
	"fmt"
	"path/filepath"

	"github.com/ori-lang/registry/client"
	"github.com/ori-lang/registry/manifest"
)

// client makes the client of the run's default registry; o holds what is
// particular to the command.
func (a *app) client(o client.Options) (*client.Client, error) {
	r, err := a.registries(nil, o)
	if err != nil {
		return nil, err
	}
	return r.Home()
}

// clientOf makes the client of the registry that a scope lives in, as the project
// says that the working folder is in, or else the user, unless the command line
// names another one.
func (a *app) clientOf(scope string) (*client.Client, error) {
	return a.clientFor(scope, ".", client.Options{})
}

// clientFor is clientOf for another folder, and with what is particular to the
// command.
func (a *app) clientFor(scope, dir string, o client.Options) (*client.Client, error) {
	project, err := a.surrounding(dir)
	if err != nil {
		return nil, err
	}
	settings, err := a.settings(project)
	if err != nil {
		return nil, err
	}
	settings.Scope = scope
	if o, err = a.options(o); err != nil {
		return nil, err
	}
	r, err := settings.Registries(a.ctx, o)
	if err != nil {
		return nil, err
	}
	return r.Home()
}

// registries are those of the run; project is the manifest of the root project,
// nil when the command has none.
func (a *app) registries(project *manifest.Manifest, o client.Options) (*client.Registries, error) {
	settings, err := a.settings(project)
	if err != nil {
		return nil, err
	}
	if o, err = a.options(o); err != nil {
		return nil, err
	}
	return settings.Registries(a.ctx, o)
}

// settings are everything that says which registries there are.
func (a *app) settings(project *manifest.Manifest) (*client.Settings, error) {
	folder := client.ConfigFolder(a.getenv)
	config, err := client.ReadConfig(folder)
	if err != nil {
		return nil, err
	}
	return &client.Settings{
		Registry: a.registry, Getenv: a.getenv, Project: project, Config: config,
		ConfigFile:  filepath.Join(cmp.Or(folder, "oripk"), client.ConfigName),
		Credentials: client.NewCredentials(folder, a.keyring),
	}, nil
}

// options are the manners of every client of the run.
func (a *app) options(o client.Options) (client.Options, error) {
	var err error
	if o.StateDir, err = stateDir(a.getenv); err != nil {
		return o, err
	}
	if o.CacheDir, err = cacheDir(a.getenv); err != nil {
		return o, err
	}
	o.Retries = a.retries
	o.UserAgent = "oripk/" + programVersion()
	if o.Notice != nil {
		return o, nil
	}
	o.Notice = func(message string) { fmt.Fprintln(a.stderr, "note: "+client.Printable(message)) }
	return o, nil
}
