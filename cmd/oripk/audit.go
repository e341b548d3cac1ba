package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/fatih/color"
	"github.com/spf13/cobra"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/client"
	"github.com/ori-lang/registry/ident"
)

func (a *app) auditCommand() *cobra.Command {
	var project string
	audit := &cobra.Command{
		Use:   "audit",
		Short: "Look for security advisories about what a project depends on",
		Long: "Ask the registries about every package that a project depends on: security\n" +
			"advisories and removed versions, which end it with exit code 3; yanked,\n" +
			"deprecated and quarantined ones, which are told.",
		Example: "  oripk audit\n  oripk audit --json | jq '.findings[].id'",
		Args:    exactly(),
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.audit(cmd.Context(), project) },
	}
	projectFlag(audit, &project)
	return audit
}

// auditJSON is the JSON of audit.
type auditJSON struct {
	Packages int           `json:"packages"` // that were looked at
	Findings []findingJSON `json:"findings"`
	Notes    []noteJSON    `json:"notes"`
}

type findingJSON struct {
	Package  ident.Package     `json:"package"`
	Version  ident.Version     `json:"version"`
	ID       string            `json:"id"` // of the advisory; "removed" for a version that is gone
	Summary  string            `json:"summary"`
	Aliases  []string          `json:"aliases"`
	Severity []client.Severity `json:"severity"`
	Fixed    []ident.Version   `json:"fixed"` // versions in which it is mended
	Ways     []wayJSON         `json:"ways"`  // how the project comes to the package
}

type noteJSON struct {
	Package ident.Package `json:"package"`
	Version ident.Version `json:"version"`
	Kind    string        `json:"kind"` // "yanked", "deprecated" or "quarantined"
	Detail  string        `json:"detail"`
}

// findingsError is an audit that has found something: its report is the result,
// and the exit code says so.
type findingsError struct{ count int }

func (e *findingsError) Error() string {
	if e.count == 1 {
		return "1 finding"
	}
	return fmt.Sprintf("%d findings", e.count)
}

func (a *app) audit(ctx context.Context, dir string) error {
	p, graph, err := a.graph(ctx, dir)
	if err != nil {
		return err
	}
	defer p.Close()
	audit, err := graph.Audit(ctx)
	if err != nil {
		return err
	}
	report := newAuditJSON(graph, audit)
	if err := a.result(report, func(w io.Writer) { a.printAudit(w, report) }); err != nil {
		return err
	}
	if n := len(report.Findings); n > 0 {
		return &findingsError{n}
	}
	return nil
}

func newAuditJSON(g *client.Graph, audit *client.Audit) *auditJSON {
	out := &auditJSON{Packages: len(g.Packages), Findings: []findingJSON{}, Notes: []noteJSON{}}
	for _, f := range audit.Advisories {
		out.Findings = append(out.Findings, findingJSON{
			Package: f.Ref.Package, Version: f.Ref.Version, ID: f.Advisory.ID, Summary: f.Advisory.Summary,
			Aliases: append([]string{}, f.Advisory.Aliases...), Severity: append([]client.Severity{}, f.Advisory.Severity...),
			Fixed: append([]ident.Version{}, f.Advisory.Fixed(f.Ref.Package)...), Ways: waysTo(g, f.Ref.Package),
		})
	}
	for _, v := range audit.Versions {
		out.add(g, v)
	}
	return out
}

// add sorts what is to say of a version into findings and notes.
func (out *auditJSON) add(g *client.Graph, v client.Audited) {
	note := func(kind, detail string) {
		out.Notes = append(out.Notes, noteJSON{v.Ref.Package, v.Ref.Version, kind, strings.TrimPrefix(detail, ": ")})
	}
	if v.Gone != nil {
		out.Findings = append(out.Findings, findingJSON{
			Package: v.Ref.Package, Version: v.Ref.Version, ID: "removed", Summary: "the registry does not have it any more (" + string(*v.Gone) + ")",
			Aliases: []string{}, Severity: []client.Severity{}, Fixed: []ident.Version{}, Ways: waysTo(g, v.Ref.Package),
		})
	}
	if v.Status == api.Quarantined {
		note("quarantined", "the registry's operators let nobody download the package for now")
	}
	if v.Yanked != nil {
		note("yanked", because(v.Yanked.Reason, v.Yanked.Message))
	}
	if v.Deprecated != nil {
		note("deprecated", v.Deprecated.Message)
	}
}

// maxWays are shown of the ways to one package, the shortest: in a large graph
// there are more than anybody reads.
const maxWays = 100

func waysTo(g *client.Graph, name ident.Package) []wayJSON {
	ways := []wayJSON{}
	there := g.Find(name)
	for _, r := range there.RequiredBy[:min(len(there.RequiredBy), maxWays)] {
		ways = append(ways, newWay(r, there.Ref))
	}
	return ways
}

func versionNames(versions []ident.Version) string {
	names := make([]string, len(versions))
	for i, v := range versions {
		names[i] = v.String()
	}
	return strings.Join(names, ", ")
}

func (a *app) printAudit(w io.Writer, report *auditJSON) {
	for _, f := range report.Findings {
		fmt.Fprintf(w, "%s %s@%s: %s\n", a.paint(w, color.FgRed, client.Printable(f.ID)), f.Package, f.Version, client.Printable(f.Summary))
		row(w, "also known as", strings.Join(f.Aliases, ", "))
		for _, s := range f.Severity {
			row(w, "severity", s.Type+" "+s.Score)
		}
		row(w, "mended in", versionNames(f.Fixed))
		for _, way := range f.Ways {
			row(w, "comes by", way.String())
		}
	}
	for _, n := range report.Notes {
		fmt.Fprintf(w, "%s %s@%s: %s\n", a.paint(w, color.FgYellow, n.Kind), n.Package, n.Version, client.Printable(n.Detail))
	}
	if len(report.Findings) == 0 {
		fmt.Fprintf(w, "%s no advisory is about any of %s\n", a.paint(w, color.FgGreen, "in order:"), counted(report.Packages, "package"))
	}
}
