package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/fatih/color"
	"github.com/spf13/cobra"

	"github.com/ori-lang/registry/client"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/manifest"
)

type syncFlags struct {
	project         string
	locked, offline bool
}

func (a *app) syncCommand() *cobra.Command {
	var flags syncFlags
	sync := &cobra.Command{
		Use:   "sync",
		Short: "Bring the packages of a project to this machine",
		Long: "Bring everything that oripk.toml requires, directly and through others, to this\n" +
			"machine, verified against the lock file and the transparency log, and show it to\n" +
			"the compiler in .ori/packages. A missing or stale oripk.lock is made again.\n" +
			"What is in the cache is not asked for again.",
		Example: "  oripk sync\n  oripk sync --locked     # in CI: fail if oripk.lock would change\n  oripk sync --offline",
		Args:    exactly(),
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.sync(cmd.Context(), flags) },
	}
	projectFlag(sync, &flags.project)
	sync.Flags().BoolVar(&flags.locked, "locked", false, "fail if oripk.lock is not what oripk.toml requires")
	sync.Flags().BoolVar(&flags.offline, "offline", false, "use the cache alone, make no connection")
	return sync
}

func (a *app) sync(ctx context.Context, flags syncFlags) error {
	p, err := a.openProject(flags.project)
	if err != nil {
		return err
	}
	defer p.Close()
	r, err := a.projectRegistries(p, client.Options{Offline: flags.offline})
	if err != nil {
		return err
	}
	tell, done := a.syncProgress()
	synced, err := p.Sync(ctx, r, client.SyncOptions{Locked: flags.locked, Progress: tell})
	done()
	if err != nil {
		return err
	}
	a.warnSaid(synced.Graph)
	return a.result(newSyncedJSON(synced), func(w io.Writer) { a.printSynced(w, synced) })
}

func (a *app) printSynced(w io.Writer, s *client.Synced) {
	a.printChanges(w, s.Changes)
	fetched := 0
	for _, p := range s.Graph.Packages {
		if p.Fetched {
			fetched++
		}
	}
	fmt.Fprintf(w, "%s %s", a.paint(w, color.FgGreen, "in order:"), counted(len(s.Graph.Packages), "package"))
	if fetched > 0 {
		fmt.Fprintf(w, ", %d fetched and verified against the log", fetched)
	}
	fmt.Fprintln(w)
}

func (a *app) printChanges(w io.Writer, changes []client.Change) {
	for _, c := range changes {
		paint := color.FgYellow
		switch {
		case c.From == nil:
			paint = color.FgGreen
		case c.To == nil:
			paint = color.FgRed
		}
		fmt.Fprintln(w, a.paint(w, paint, c.String()))
	}
}

// warnSaid warns of what the registry says of packages that are used all the same.
func (a *app) warnSaid(g *client.Graph) {
	for _, p := range g.Packages {
		if p.Said == nil {
			continue
		}
		if y := p.Said.Yanked; y != nil {
			a.step("warning: %s was yanked%s", p.Ref, client.Printable(because(y.Reason, y.Message)))
		}
		if d := p.Said.Deprecated; d != nil {
			text := "warning: " + p.Ref.String() + " is deprecated: " + d.Message
			if d.Replacement != nil {
				text += " (use " + *d.Replacement + " instead)"
			}
			a.step("%s", client.Printable(text))
		}
		if len(p.Said.Advisories) > 0 {
			a.step("warning: %s is affected by advisories; see: oripk audit", p.Ref)
		}
	}
}

// because puts a reason and a message, of which either may be missing, behind a sentence.
func because(reason, message *string) string {
	var parts []string
	for _, part := range []*string{reason, message} {
		if part != nil && *part != "" {
			parts = append(parts, *part)
		}
	}
	if parts == nil {
		return ""
	}
	return ": " + strings.Join(parts, ", ")
}

// syncedJSON is the JSON of sync, install, upgrade and remove.
type syncedJSON struct {
	Packages    []packageJSON `json:"packages"` // the whole graph, by name
	Changes     []changeJSON  `json:"changes"`  // of the lock file, by name
	LockChanged bool          `json:"lock_changed"`
}

type packageJSON struct {
	Package      ident.Package   `json:"package"`
	Version      ident.Version   `json:"version"`
	Checksum     ident.Checksum  `json:"checksum"`
	Size         int64           `json:"size"` // of the archive, in bytes
	Registry     string          `json:"registry"`
	Kind         manifest.Kind   `json:"kind"`
	Features     []string        `json:"features"`
	Dependencies []ident.Package `json:"dependencies"`
	Fetched      bool            `json:"fetched"`
}

type changeJSON struct {
	Package ident.Package  `json:"package"`
	From    *ident.Version `json:"from"`
	To      *ident.Version `json:"to"`
}

func newSyncedJSON(s *client.Synced) *syncedJSON {
	out := &syncedJSON{Packages: packagesJSON(s.Graph), Changes: []changeJSON{}, LockChanged: s.LockChanged}
	for _, c := range s.Changes {
		out.Changes = append(out.Changes, changeJSON(c))
	}
	return out
}

func packagesJSON(g *client.Graph) []packageJSON {
	all := []packageJSON{}
	for _, p := range g.Packages {
		one := packageJSON{
			Package: p.Ref.Package, Version: p.Ref.Version, Checksum: p.Checksum, Size: p.Size, Registry: p.Source.URL(),
			Kind: p.Kind, Features: p.Features, Dependencies: []ident.Package{}, Fetched: p.Fetched,
		}
		for _, d := range p.Manifest.Locked() {
			one.Dependencies = append(one.Dependencies, d.Package)
		}
		all = append(all, one)
	}
	return all
}
