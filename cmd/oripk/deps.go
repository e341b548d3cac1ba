package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/ori-lang/registry/archive"
	"github.com/ori-lang/registry/client"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/manifest"
)

type depsFlags struct {
	project      string
	graph, sizes bool
}

func (a *app) depsCommand() *cobra.Command {
	var flags depsFlags
	deps := &cobra.Command{
		Use:     "deps",
		Short:   "Show what a project depends on",
		Long:    "Show every package that a project depends on, directly and through others.",
		Example: "  oripk deps --graph\n  oripk deps --sizes",
		Args:    exactly(),
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.deps(cmd.Context(), flags) },
	}
	projectFlag(deps, &flags.project)
	deps.Flags().BoolVar(&flags.graph, "graph", false, "as a tree of who requires what")
	deps.Flags().BoolVar(&flags.sizes, "sizes", false, "with the sizes of the archives, and of all that each one brings")
	exclusive(deps, "graph", "sizes")
	return deps
}

func (a *app) deps(ctx context.Context, flags depsFlags) error {
	p, graph, err := a.graph(ctx, flags.project)
	if err != nil {
		return err
	}
	defer p.Close()
	if len(graph.Packages) == 0 {
		a.step("this project depends on no package of a registry")
	}
	value := map[string][]packageJSON{"packages": packagesJSON(graph)}
	return a.result(value, func(w io.Writer) {
		switch {
		case flags.graph:
			printTree(w, p, graph)
		case flags.sizes:
			printSizes(w, graph)
		default:
			printList(w, graph)
		}
	})
}

func printList(w io.Writer, g *client.Graph) {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, p := range g.Packages {
		about := kindName(p.Kind)
		if len(p.Features) > 0 {
			about = strings.TrimSpace(about + " [" + strings.Join(p.Features, " ") + "]")
		}
		fmt.Fprintf(table, "%s\t%s", p.Ref.Package, p.Ref.Version)
		if about != "" {
			fmt.Fprintf(table, "\t%s", about)
		}
		fmt.Fprintln(table)
	}
	table.Flush()
}

// kindName is "" for what is built in always.
func kindName(k manifest.Kind) string {
	if k == manifest.Normal {
		return ""
	}
	return string(k)
}

// printTree shows each package's dependencies once; where it comes again it is
// marked.
func printTree(w io.Writer, p *client.Project, g *client.Graph) {
	shown := map[ident.Package]bool{}
	var below func(indent string, dependencies []manifest.Dependency)
	below = func(indent string, dependencies []manifest.Dependency) {
		for i, d := range dependencies {
			branch, deeper := "├── ", "│   "
			if i == len(dependencies)-1 {
				branch, deeper = "└── ", "    "
			}
			node, mark := g.Find(d.Package), ""
			if node == nil { // of a git or path form
				continue
			}
			if kind := kindName(d.Kind); kind != "" {
				mark = " (" + kind + ")"
			}
			again := shown[d.Package] && len(node.Manifest.Locked()) > 0
			if again {
				mark += " (above)"
			}
			fmt.Fprintf(w, "%s%s%s %s%s\n", indent, branch, d.Package, node.Ref.Version, mark)
			if shown[d.Package] = true; !again {
				below(indent+deeper, node.Manifest.Locked())
			}
		}
	}
	fmt.Fprintln(w, p.Ref())
	below("", p.Manifest.Dependencies)
}

// printSizes shows what each package weighs, with all that it brings.
func printSizes(w io.Writer, g *client.Graph) {
	bySize := slices.SortedFunc(slices.Values(g.Packages), func(a, b *client.Package) int { return cmp.Compare(b.Size, a.Size) })
	below := map[*client.Package][]*client.Package{}
	for _, p := range g.Packages {
		for _, d := range p.Manifest.Locked() {
			below[p] = append(below[p], g.Find(d.Package))
		}
	}
	table, total := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight), int64(0)
	fmt.Fprintln(table, "archive\twith all below\t  package")
	for _, p := range bySize {
		total += p.Size
		fmt.Fprintf(table, "%s\t%s\t  %s\n", bytesOf(p.Size), bytesOf(sizeBelow(below, p)), p.Ref)
	}
	fmt.Fprintf(table, "%s\t\t  %s\n", bytesOf(total), counted(len(g.Packages), "package"))
	table.Flush()
}

// sizeBelow adds up a package and all that it brings, each once.
func sizeBelow(below map[*client.Package][]*client.Package, top *client.Package) (sum int64) {
	seen := map[*client.Package]bool{}
	for queue := []*client.Package{top}; len(queue) > 0; queue = queue[1:] {
		if p := queue[0]; !seen[p] {
			seen[p] = true
			sum += p.Size
			queue = append(queue, below[p]...)
		}
	}
	return sum
}

func (a *app) whyCommand() *cobra.Command {
	var project string
	why := &cobra.Command{
		Use:     "why @scope/name",
		Short:   "Show why a package is in a project",
		Long:    "Show every requirement that brings a package into a project, and the line of\noripk.toml where each of these ways begins.",
		Example: "  oripk why @acme/url",
		Args:    exactly("@scope/name"),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.why(cmd.Context(), args[0], project) },
	}
	projectFlag(why, &project)
	return why
}

// whyJSON is the JSON of why.
type whyJSON struct {
	Package ident.Package `json:"package"`
	Version ident.Version `json:"version"`
	Ways    []wayJSON     `json:"ways"`
}

type wayJSON struct {
	Line int      `json:"line"` // of oripk.toml, where the way begins
	Path []string `json:"path"` // from the project's own dependency to the package: "@scope/name@version"
}

func newWay(r client.Requirement, to ident.Ref) wayJSON {
	return wayJSON{r.Root.Position.Line, append(refNames(r.Path()), to.String())}
}

func refNames(refs []ident.Ref) []string {
	names := make([]string, len(refs))
	for i, ref := range refs {
		names[i] = ref.String()
	}
	return names
}

func (w wayJSON) String() string {
	return fmt.Sprintf("%s:%d %s", archive.ManifestName, w.Line, strings.Join(w.Path, " → "))
}

func (a *app) why(ctx context.Context, arg, project string) error {
	name, version, err := parseWanted(arg)
	if err == nil && version != nil {
		err = &usageError{What: "why is about a package in whichever version it is there", Try: "oripk why " + name.String()}
	}
	if err != nil {
		return err
	}
	p, graph, err := a.graph(ctx, project)
	if err != nil {
		return err
	}
	defer p.Close()
	there := graph.Find(name)
	if there == nil {
		return &notThereError{Package: name, Has: allOf(graph)}
	}
	answer := whyJSON{Package: name, Version: there.Ref.Version, Ways: waysTo(graph, name)}
	return a.result(answer, func(w io.Writer) {
		for _, way := range answer.Ways {
			fmt.Fprintln(w, way)
		}
	})
}

// allOf gives the packages of a graph as if each were a dependency.
func allOf(g *client.Graph) (all []manifest.Dependency) {
	for _, p := range g.Packages {
		all = append(all, manifest.Dependency{Package: p.Ref.Package, Version: p.Ref.Version})
	}
	return all
}

func (a *app) licensesCommand() *cobra.Command {
	var project string
	licenses := &cobra.Command{
		Use:   "licenses",
		Short: "Show the licences of everything that a project depends on",
		Long:  "Show the licences of everything that a project depends on, as the manifests in\nthe verified archives say it.",
		Args:  exactly(),
		RunE:  func(cmd *cobra.Command, _ []string) error { return a.licenses(cmd.Context(), project) },
	}
	projectFlag(licenses, &project)
	return licenses
}

// licenseJSON is an element of the JSON of licenses.
type licenseJSON struct {
	License  *string  `json:"license"`  // SPDX expression; null: none is given
	Packages []string `json:"packages"` // "@scope/name@version"
}

func (a *app) licenses(ctx context.Context, project string) error {
	p, graph, err := a.graph(ctx, project)
	if err != nil {
		return err
	}
	defer p.Close()
	byName := map[string][]string{}
	for _, p := range graph.Packages {
		byName[p.Manifest.License] = append(byName[p.Manifest.License], p.Ref.String())
	}
	all := []licenseJSON{}
	for name, refs := range byName {
		one := licenseJSON{Packages: refs}
		if name != "" {
			one.License = &name
		}
		all = append(all, one)
	}
	slices.SortFunc(all, func(a, b licenseJSON) int { return strings.Compare(a.name(), b.name()) })
	return a.result(map[string][]licenseJSON{"licenses": all}, func(w io.Writer) {
		for _, one := range all {
			fmt.Fprintln(w, client.Printable(one.name()))
			for _, ref := range one.Packages {
				fmt.Fprintf(w, "  %s\n", ref)
			}
		}
	})
}

func (l licenseJSON) name() string {
	if l.License == nil {
		return "none is given"
	}
	return *l.License
}
