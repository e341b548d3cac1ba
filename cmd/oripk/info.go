package main

import (
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
	return &cobra.Command{
		Use:   "info @SCOPE/NAME[@VERSION]",
		Short: "Show what the registry says of a package or of one version",
		Long: "Show what the registry says of a package, or of one version of it.\n" +
			"This is the registry's word; fetch and verify are what prove it.",
		Args: exactly("@SCOPE/NAME[@VERSION]"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if strings.LastIndexByte(args[0], '@') > 0 {
				return a.infoVersion(cmd, args[0])
			}
			return a.infoPackage(cmd, args[0])
		},
	}
}

func (a *app) infoPackage(cmd *cobra.Command, arg string) error {
	if !strings.Contains(arg, "@") {
		_, err := parseRef(arg)
		return err
	}
	p, err := ident.ParsePackage(arg)
	if err != nil {
		return &usageError{What: err.Error(), Try: "oripk info @scope/name, or oripk info @scope/name@1.2.3"}
	}
	c, err := a.client(client.Options{})
	if err != nil {
		return err
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
	c, err := a.client(client.Options{})
	if err != nil {
		return err
	}
	m, err := c.Metadata(cmd.Context(), ref)
	if err != nil {
		return err
	}
	return a.result(m, func(w io.Writer) { printMetadata(w, m) })
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
		row(w, "REMOVED", v.Removed.Reason+" "+textOf(v.Removed.Message))
	}
	if v.Yanked != nil {
		row(w, "YANKED", textOf(v.Yanked.Reason)+" "+textOf(v.Yanked.Message))
	}
	if v.Deprecated != nil {
		row(w, "DEPRECATED", v.Deprecated.Message)
		row(w, "use instead", textOf(v.Deprecated.Replacement))
	}
	row(w, "ADVISORIES", strings.Join(v.Advisories, ", "))
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
