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

func (a *app) diffCommand() *cobra.Command {
	var project string
	var stat bool
	compare := &cobra.Command{
		Use:   "diff [@scope/name] V1 V2",
		Short: "Show what changed between two versions of a package",
		Long: "Show what changed between two versions of a package: what is really in their\n" +
			"archives, verified against the log. Without a name it is the project's own package.",
		Example: "  oripk diff @acme/http 1.4.0 1.5.0\n  oripk diff @acme/http@1.4.0 @acme/http@1.5.0 --stat",
		Args:    diffArguments,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.diff(cmd.Context(), args, project, stat)
		},
	}
	projectFlag(compare, &project)
	compare.Flags().BoolVar(&stat, "stat", false, "the names of the files only")
	return compare
}

// diffArguments wants two versions, with the package's name before them or not.
func diffArguments(cmd *cobra.Command, args []string) error {
	if len(args) < 2 || len(args) == 2 && isPackage(args[0]) {
		return &usageError{What: cmd.CommandPath() + " needs two versions", Try: "oripk diff @scope/name 1.0.0 1.1.0; without a name it is the project's own package"}
	}
	return atMost("@scope/name", "V1", "V2")(cmd, args)
}

// isPackage reports whether this names a package, without a version.
func isPackage(arg string) bool {
	_, err := ident.ParsePackage(arg)
	return err == nil
}

// diffJSON is the JSON of diff.
type diffJSON struct {
	From  string     `json:"from"` // "@scope/name@version"
	To    string     `json:"to"`
	Files []fileDiff `json:"files"` // that differ, by path
}

type fileDiff struct {
	Path   string `json:"path"`
	Status string `json:"status"` // "added", "removed" or "changed"
	Diff   string `json:"diff"`   // unified; "" when it is no text
}

func newDiffJSON(from, to ident.Ref, files []client.FileDiff) *diffJSON {
	out := &diffJSON{From: from.String(), To: to.String(), Files: []fileDiff{}}
	for _, f := range files {
		out.Files = append(out.Files, fileDiff(f))
	}
	return out
}

func (a *app) diff(ctx context.Context, args []string, project string, stat bool) error {
	from, to, err := a.compared(args, project)
	if err != nil {
		return err
	}
	m, err := a.surrounding(project)
	if err != nil {
		return err
	}
	r, err := a.registries(m, client.Options{})
	if err != nil {
		return err
	}
	old, err := a.obtain(ctx, r, from)
	if err != nil {
		return err
	}
	changed, err := a.obtain(ctx, r, to)
	if err != nil {
		return err
	}
	files, err := client.Compare(old, changed)
	if err != nil {
		return err
	}
	return a.result(newDiffJSON(from, to, files), func(w io.Writer) { a.printDiff(w, files, stat) })
}

// compared reads what is to be compared: "@a/b 1 2", "@a/b@1 @a/b@2", "@a/b@1 2" or "1 2".
func (a *app) compared(args []string, project string) (from, to ident.Ref, err error) {
	var name ident.Package
	if len(args) == 3 {
		if name, err = ident.ParsePackage(args[0]); err != nil {
			return from, to, &usageError{What: err.Error(), Try: "oripk diff @scope/name 1.0.0 1.1.0"}
		}
		args = args[1:]
	} else if !strings.HasPrefix(args[0], "@") {
		p, err := a.openProject(project)
		if err != nil {
			return from, to, err
		}
		defer p.Close()
		name = p.Manifest.Package
	}
	if from, err = refOf(args[0], name); err != nil {
		return from, to, err
	}
	to, err = refOf(args[1], from.Package)
	return from, to, err
}

// refOf reads "@a/b@1.0.0", or "1.0.0" of the package that is meant.
func refOf(arg string, name ident.Package) (ident.Ref, error) {
	if strings.HasPrefix(arg, "@") {
		return parseRef(arg)
	}
	version, err := ident.ParseVersion(arg)
	if err != nil {
		return ident.Ref{}, &usageError{What: err.Error(), Try: "oripk diff @scope/name 1.0.0 1.1.0"}
	}
	return ident.Ref{Package: name, Version: version}, nil
}

func (a *app) obtain(ctx context.Context, r *client.Registries, ref ident.Ref) (*client.Kept, error) {
	source, err := r.Source(manifest.Dependency{Package: ref.Package})
	if err != nil {
		return nil, err
	}
	tell, done := a.progress("fetching " + ref.String())
	defer done()
	kept, err := source.Obtain(ctx, ref, tell)
	return kept, listed(err, ref.Package)
}

func (a *app) printDiff(w io.Writer, files []client.FileDiff, stat bool) {
	if len(files) == 0 {
		fmt.Fprintln(w, "the same files")
	}
	for _, f := range files {
		if stat || f.Diff == "" {
			fmt.Fprintf(w, "%-8s %s\n", f.Status, client.Printable(f.Path))
			continue
		}
		for line := range strings.Lines(f.Diff) {
			a.printDiffLine(w, strings.TrimSuffix(line, "\n"))
		}
	}
}

func (a *app) printDiffLine(w io.Writer, line string) {
	line = client.PrintableLine(line)
	switch {
	case strings.HasPrefix(line, "+"):
		line = a.paint(w, color.FgGreen, line)
	case strings.HasPrefix(line, "-"):
		line = a.paint(w, color.FgRed, line)
	case strings.HasPrefix(line, "@@"):
		line = a.paint(w, color.FgCyan, line)
	}
	fmt.Fprintln(w, line)
}
