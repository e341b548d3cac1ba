package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ori-lang/registry/internal/server"
)

func (p *program) fsck() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "fsck",
		Short: "Read everything again and compare: archives, records, log",
		Long: `Read every archive, record, log entry and tile and the checkpoint again, and
compare them with one another. It prints what it read and each mismatch, and
exits with 1 when there is one.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			admin, err := p.open(cmd, server.OpenExisting)
			if err != nil {
				return err
			}
			defer closing(admin, &err)
			report, err := admin.Fsck(cmd.Context())
			if err != nil {
				return err
			}
			return p.showReport(report)
		},
	}
	addFlags(cmd, storageFlags()...)
	return cmd
}

func (p *program) showReport(report *server.FsckReport) error {
	fmt.Fprintf(p.stdout, "Read: versions %d, archives %d, log entries %d, tiles %d.\n",
		report.Versions, report.Archives, report.Entries, report.Tiles)
	fmt.Fprintf(p.stdout, "The log's tree has %d entries and the root %v.\n", report.Tree.N, report.Tree.Hash)
	for _, fault := range report.Faults {
		fmt.Fprintf(p.stdout, "MISMATCH: %s\n", fault)
	}
	if n := len(report.Faults); n > 0 {
		return fmt.Errorf("mismatches found: %d; keep a copy of the data folder before you change anything", n)
	}
	_, err := fmt.Fprintln(p.stdout, "Everything fits together.")
	return err
}

func (p *program) open(cmd *cobra.Command, with func(context.Context, server.Config) (*server.Admin, error)) (*server.Admin, error) {
	cfg, err := p.config(cmd)
	if err != nil {
		return nil, err
	}
	return with(cmd.Context(), cfg)
}

func (p *program) version() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version of this program",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(p.stdout, "ori-registry", server.Version())
			return err
		},
	}
}
