package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/client"
	"github.com/ori-lang/registry/ident"
)

func (a *app) infoCommand() *cobra.Command {
	var versions bool
	info := &cobra.Command{
		Use:   "info @SCOPE/NAME[@VERSION]",
		Short: "Show what the registry says of a package or of one version",
		Long: "Show what the registry says of a package, or of one version of it; --versions lists all\n" +
			"versions, the highest first, with what a user should know of each. This is the\n" +
			"registry's word; fetch and verify are what prove it.\n\n" +
			"With --json: of a package package, status, ownership_changed_at, owners, latest,\n" +
			"latest_prerelease and newest, which is what it says of a version; with --versions the\n" +
			"list versions instead of owners and newest.",
		Example: "  oripk info @acme/http\n  oripk info @acme/http@1.4.0\n  oripk info @acme/http --versions",
		Args:    exactly("@SCOPE/NAME[@VERSION]"),
		RunE: func(cmd *cobra.Command, args []string) error {
			named := strings.LastIndexByte(args[0], '@') > 0
			switch {
			case named && versions:
				return &usageError{
					What: "--versions lists all versions, and " + args[0] + " is about one", Why: "the two do not go together",
					Try: "leave out --versions, or the version",
				}
			case named:
				return a.infoVersion(cmd, args[0])
			}
			return a.infoPackage(cmd, args[0], versions)
		},
	}
	info.Flags().BoolVar(&versions, "versions", false, "list all versions")
	return info
}

func (a *app) infoPackage(cmd *cobra.Command, arg string, versions bool) error {
	p, err := parsePackage(cmd, arg)
	if err != nil {
		return err
	}
	c, err := a.clientOf(p.Scope())
	if err != nil {
		return err
	}
	if versions {
		all, err := c.Versions(cmd.Context(), p)
		if err != nil {
			return err
		}
		return a.result(all, func(w io.Writer) { printVersions(w, all) })
	}
	about, err := c.Package(cmd.Context(), p)
	if err != nil {
		return err
	}
	return a.result(about, func(w io.Writer) { printPackage(w, about) })
}

func (a *app) infoVersion(cmd *cobra.Command, arg string) error {
	ref, err := parseRef(arg)
	if err != nil {
		return err
	}
	c, err := a.clientOf(ref.Package.Scope())
	if err != nil {
		return err
	}
	m, err := c.Metadata(cmd.Context(), ref)
	if err != nil {
		return listed(err, ref.Package)
	}
	return a.result(m, func(w io.Writer) { printMetadata(w, m) })
}

// printVersions lists versions, and beside each what sets it apart.
func printVersions(w io.Writer, all *api.Versions) {
	rows := [][]string{{"VERSION", "PUBLISHED", "SIZE", ""}}
	for i := range all.Versions {
		v := &all.Versions[i]
		rows = append(rows, []string{v.Version.String(), v.PublishedAt.Format(time.DateOnly), bytesOf(v.Size), strings.Join(marksOf(all, v), "; ")})
	}
	table(w, rows)
}

func marksOf(all *api.Versions, v *api.Version) (marks []string) {
	if all.Latest != nil && *all.Latest == v.Version {
		marks = append(marks, "latest")
	}
	if v.Removed != nil {
		marks = append(marks, "removed: "+removalOf(v.Removed))
	}
	if v.Yanked != nil {
		marks = append(marks, "yanked: "+yankOf(v.Yanked))
	}
	if v.Deprecated != nil {
		marks = append(marks, "deprecated: "+v.Deprecated.Message)
	}
	return append(marks, v.Advisories...)
}

func printPackage(w io.Writer, p *api.Package) {
	if p.Newest == nil {
		fmt.Fprintln(w, p.Package)
	} else {
		printMetadata(w, p.Newest)
	}
	row(w, "latest", versionOf(p.Latest))
	row(w, "pre-release", versionOf(p.LatestPrerelease))
	if p.Status != api.Active {
		row(w, "status", string(p.Status))
	}
	owners := make([]string, len(p.Owners))
	for i, o := range p.Owners {
		owners[i] = fmt.Sprintf("%s (%s)", o.Login, o.Role)
	}
	row(w, "owners", strings.Join(owners, ", "))
}

func printMetadata(w io.Writer, m *api.Metadata) {
	fmt.Fprintf(w, "%s %s\n", m.Package, m.Version.Version)
	if d := client.Printable(m.Description); d != "" {
		fmt.Fprintf(w, "  %s\n", d)
	}
	printState(w, &m.Version)
	row(w, "license", textOf(m.License))
	row(w, "authors", strings.Join(m.Authors, ", "))
	row(w, "repository", textOf(m.Repository))
	row(w, "keywords", strings.Join(m.Keywords, ", "))
	row(w, "ori", m.Ori)
	row(w, "published", m.PublishedAt.Format(time.DateTime)+" UTC by "+m.PublishedBy)
	row(w, "size", fmt.Sprintf("%s, %s, %s unpacked", bytesOf(m.Size), counted(m.FileCount, "file"), bytesOf(m.UnpackedSize)))
	row(w, "checksum", m.Checksum.String())
	row(w, "log entry", fmt.Sprint(m.LogIndex))
	for _, d := range m.Dependencies {
		row(w, "depends on", dependencyOf(d))
	}
}

// printState shows what a user should know before depending on the version.
func printState(w io.Writer, v *api.Version) {
	if v.Removed != nil {
		row(w, "REMOVED", removalOf(v.Removed))
	}
	if v.Yanked != nil {
		row(w, "YANKED", yankOf(v.Yanked))
	}
	if v.Deprecated != nil {
		row(w, "DEPRECATED", v.Deprecated.Message)
		row(w, "use instead", textOf(v.Deprecated.Replacement))
	}
	row(w, "ADVISORIES", strings.Join(v.Advisories, ", "))
}

func yankOf(y *api.Yanked) string {
	return cmp.Or(joined(textOf(y.Reason), textOf(y.Message)), "no reason is given")
}

func removalOf(r *api.Removed) string { return joined(r.Reason, textOf(r.Message)) }

// joined puts a colon between what there is of a reason and a message.
func joined(reason, message string) string {
	if reason == "" || message == "" {
		return reason + message
	}
	return reason + ": " + message
}

func dependencyOf(d api.Dependency) string {
	text := d.Package.String() + " " + d.Version.String()
	if d.Kind != "normal" {
		text += " (" + strings.TrimSpace(d.Kind+" "+textOf(d.Target)) + ")"
	}
	if d.Registry != nil {
		text += " from " + *d.Registry
	}
	return text
}

func textOf(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func versionOf(v *ident.Version) string {
	if v == nil {
		return ""
	}
	return v.String()
}
