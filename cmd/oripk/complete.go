package main

import (
	"context"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ori-lang/registry/client"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/manifest"
)

// completeArguments says what may stand in the place of the arguments of all
// commands; of those that are not here it is nothing, and no file either.
func (a *app) completeArguments(root *cobra.Command) {
	lists := map[string]func(*completer, string) []cobra.Completion{
		"install": offered(""), "info": offered(""), "fetch": offered("@"), "verify": offered("@"),
		"remove": declared(""), "upgrade": declared(":"), "why": locked,
		"yank": own("@"), "unyank": own("@"), "deprecate": own("@"), "transfer": own(""), "diff": offered(""),
	}
	for _, cmd := range allCommands(root) {
		if cmd.ValidArgsFunction == nil {
			cmd.ValidArgsFunction = a.completing(lists[strings.TrimPrefix(cmd.CommandPath(), root.Name()+" ")])
		}
		if flag := cmd.Flags().Lookup("project"); flag != nil {
			_ = cmd.MarkFlagDirname("project") // the flag is there
		}
	}
	_ = root.RegisterFlagCompletionFunc("registry", a.completing(names)) // so is this one
}

// allCommands gives a command and all below it.
func allCommands(cmd *cobra.Command) []*cobra.Command {
	all := []*cobra.Command{cmd}
	for _, child := range cmd.Commands() {
		all = append(all, allCommands(child)...)
	}
	return all
}

// completing makes cobra's kind of a list, for the first argument.
func (a *app) completing(list func(*completer, string) []cobra.Completion) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		const done = cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
		switch {
		case cmd.Name() == "verify" && !strings.HasPrefix(typed, "@"):
			return nil, cobra.ShellCompDirectiveDefault
		case cmd.Name() == "diff" && len(args) > 0:
			list = versionsOf(args[0])
		case list == nil || len(args) > 0:
			return nil, done
		}
		c, stop := a.completer(cmd)
		defer stop()
		found := slices.DeleteFunc(list(c, typed), func(word cobra.Completion) bool { return !strings.HasPrefix(word, typed) })
		if unfinished := func(word cobra.Completion) bool { return strings.HasSuffix(word, "@") || strings.HasSuffix(word, ":") }; slices.ContainsFunc(found, unfinished) {
			return found, done | cobra.ShellCompDirectiveNoSpace
		}
		return found, done
	}
}

// completer knows what can be offered. What it cannot find out, or not in time,
// is not offered: nobody waits for a completion, or wants to read of its faults.
type completer struct {
	ctx        context.Context
	project    *client.Project    // nil: there is none that can be read
	registries *client.Registries // nil: nothing can be asked
	settings   *client.Settings
}

func (a *app) completer(cmd *cobra.Command) (*completer, context.CancelFunc) {
	const patience = time.Second
	ctx, stop := context.WithTimeout(cmd.Context(), patience)
	a.ctx, a.stderr, a.retries = ctx, io.Discard, -1
	c := &completer{ctx: ctx}
	folder := "."
	if flag := cmd.Flags().Lookup("project"); flag != nil {
		folder = flag.Value.String()
	}
	var root *manifest.Manifest
	if p, err := client.OpenProject(projectFolder(folder)); err == nil && p.Manifest != nil {
		c.project, root = p, p.Manifest
	}
	c.settings, _ = a.settings(root)
	c.registries, _ = a.registries(root, client.Options{Timeout: patience})
	return c, func() {
		stop()
		if c.project != nil {
			c.project.Close()
		}
	}
}

// offered are the packages of the registry, each with what follows its name,
// and behind the @ the versions.
func offered(end string) func(*completer, string) []cobra.Completion {
	return func(c *completer, typed string) []cobra.Completion {
		if name, _, ok := cutLast(typed, "@"); ok {
			return c.versions(name, name+"@")
		}
		return c.search(typed, end)
	}
}

// declared are the project's own dependencies, and behind the : the versions.
func declared(end string) func(*completer, string) []cobra.Completion {
	return func(c *completer, typed string) (words []cobra.Completion) {
		if name, _, ok := cutLast(typed, ":"); ok {
			return c.versions(name, name+":")
		}
		if c.project == nil {
			return nil
		}
		for _, d := range c.project.Manifest.Dependencies {
			words = append(words, d.Package.String()+end)
		}
		slices.Sort(words)
		return slices.Compact(words)
	}
}

// locked are all packages of the project.
func locked(c *completer, _ string) (words []cobra.Completion) {
	if c.project == nil {
		return nil
	}
	lock, err := c.project.Lock()
	if err != nil || lock == nil {
		return declared("")(c, "")
	}
	for ref := range lock.Checksums {
		words = append(words, ref.Package.String())
	}
	slices.Sort(words)
	return words
}

// own is the package that the project is, and behind the @ its versions; other
// packages are those of the registry.
func own(end string) func(*completer, string) []cobra.Completion {
	return func(c *completer, typed string) []cobra.Completion {
		if _, _, ok := cutLast(typed, "@"); ok || c.project == nil || c.project.Manifest.Package.IsZero() {
			return offered(end)(c, typed)
		}
		if word := c.project.Manifest.Package.String() + end; strings.HasPrefix(word, typed) {
			return []cobra.Completion{word}
		}
		return offered(end)(c, typed)
	}
}

// versionsOf are the versions of a package.
func versionsOf(name string) func(*completer, string) []cobra.Completion {
	return func(c *completer, _ string) []cobra.Completion { return c.versions(name, "") }
}

// names are those of the registries.
func names(c *completer, _ string) (words []cobra.Completion) {
	if c.settings == nil {
		return nil
	}
	words = slices.Collect(maps.Keys(c.settings.Config.Registries))
	if c.project != nil {
		words = slices.AppendSeq(words, maps.Keys(c.project.Manifest.Registries))
	}
	slices.Sort(words)
	return slices.Compact(words)
}

// cutLast cuts at the last separator that is not at the beginning.
func cutLast(text, separator string) (before, after string, found bool) {
	at := strings.LastIndex(text, separator)
	if at <= 0 {
		return text, "", false
	}
	return text[:at], text[at+len(separator):], true
}

// source gives the registry that a package comes from, nil when it cannot be asked.
func (c *completer) source(scope string) *client.Client {
	if c.registries == nil {
		return nil
	}
	source, err := c.registries.Scope(scope)
	if err != nil {
		return nil
	}
	return source
}

func (c *completer) search(typed, end string) (words []cobra.Completion) {
	const most = 50
	scope, _, _ := strings.Cut(strings.TrimPrefix(typed, "@"), "/")
	source := c.source(scope)
	if source == nil || scope == "" {
		return nil
	}
	found, err := source.Search(c.ctx, client.SearchQuery{Query: typed, Limit: most})
	if err != nil {
		return nil
	}
	for _, r := range found.Results {
		words = append(words, cobra.CompletionWithDesc(r.Package.String()+end, client.Printable(r.Description)))
	}
	return words
}

func (c *completer) versions(name, before string) (words []cobra.Completion) {
	p, err := ident.ParsePackage(name)
	if err != nil {
		return nil
	}
	source := c.source(p.Scope())
	if source == nil {
		return nil
	}
	all, err := source.Versions(c.ctx, p)
	if err != nil {
		return nil
	}
	for i := range all.Versions {
		if v := &all.Versions[i]; v.Removed == nil {
			words = append(words, cobra.CompletionWithDesc(before+v.Version.String(), client.Printable(strings.Join(marksOf(all, v), "; "))))
		}
	}
	return words
}
