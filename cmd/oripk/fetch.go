package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/ori-lang/registry/client"
	"github.com/ori-lang/registry/ident"
)

func (a *app) fetchCommand() *cobra.Command {
	var output string
	fetch := &cobra.Command{
		Use:   "fetch @SCOPE/NAME@VERSION",
		Short: "Fetch an archive, verified against the log before it is kept",
		Args:  exactly("@SCOPE/NAME@VERSION"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ref, err := parseRef(args[0])
			if err != nil {
				return err
			}
			c, err := a.clientOf(ref.Package.Scope())
			if err != nil {
				return err
			}
			if output == "-" {
				return listed(a.fetchTo(cmd.Context(), c, ref), ref.Package)
			}
			return listed(a.fetchFile(cmd.Context(), c, ref, output), ref.Package)
		},
	}
	fetch.Flags().StringVarP(&output, "output", "o", "", "write to `FILE`, - for standard output (default scope-name-1.2.3.oripk)")
	return fetch
}

func (a *app) fetchFile(ctx context.Context, c *client.Client, ref ident.Ref, output string) error {
	tell, done := a.progress("fetching")
	fetched, err := c.FetchFile(ctx, ref, output, tell)
	done()
	if err != nil {
		return err
	}
	out := fetchResult{
		verdictJSON: newVerdictJSON(fetched.Verdict), File: fetched.Path, AlreadyThere: fetched.AlreadyThere,
	}
	return a.result(out, func(w io.Writer) {
		there := ""
		if fetched.AlreadyThere {
			there = " (already there)"
		}
		fmt.Fprintf(w, "%s%s\n", fetched.Path, there)
		row(w, "checksum", fetched.Verdict.Checksum.String())
		row(w, "verified", fetched.Verdict.Names())
	})
}

// fetchTo writes an archive to standard output, after it is verified.
func (a *app) fetchTo(ctx context.Context, c *client.Client, ref ident.Ref) error {
	if a.json {
		return &usageError{What: "standard output cannot hold the archive and the JSON", Try: "-o FILE"}
	}
	f, err := os.CreateTemp("", "oripk-*.part")
	if err != nil {
		return fmt.Errorf("making a temporary file: %w", err)
	}
	defer os.Remove(f.Name())
	defer f.Close()
	fetched, err := c.FetchInto(ctx, ref, f, nil)
	if err != nil {
		return err
	}
	_, err = io.Copy(a.stdout, io.NewSectionReader(f, 0, fetched.Verdict.Size))
	return err
}

// fetchResult is the JSON of fetch.
type fetchResult struct {
	verdictJSON
	File         string `json:"file"`
	AlreadyThere bool   `json:"already_there"`
}
