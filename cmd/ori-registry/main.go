// Ori-registry runs a registry of Ori packages and looks after it: serve starts
// it, user and token make and end accounts' tokens, fsck reads everything again
// and compares; these work beside a running server. conformance holds any
// registry against the protocol.
//
// It exits with 0 when all went well, 1 when something failed, 2 when it was
// called wrongly.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	os.Exit(run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
}

// program is what the commands share.
type program struct {
	environ        []string // all of it: a variable that is no setting is worth a warning
	stdout, stderr io.Writer
	ran            bool // a command was found and its arguments are right
}

func run(ctx context.Context, args, environ []string, stdout, stderr io.Writer) int {
	p := &program{environ: environ, stdout: stdout, stderr: stderr}
	root := p.root()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	fmt.Fprintf(stderr, "ori-registry: %v\n", err)
	if _, misused := errors.AsType[usageError](err); misused || !p.ran {
		fmt.Fprintln(stderr, "ori-registry --help lists the commands, ori-registry COMMAND --help the flags of one.")
		return 2
	}
	return 1
}

// group is a command that only holds others.
func group(name, short string) *cobra.Command {
	return &cobra.Command{
		Use: name, Short: short, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return usageError{fmt.Errorf("%s needs a command; ori-registry %s --help lists them", name, name)}
		},
	}
}

// help is cobra's, but that a command which is not there is an error.
func help() *cobra.Command {
	return &cobra.Command{
		Use: "help [COMMAND]", Short: "Show the help of a command",
		RunE: func(cmd *cobra.Command, args []string) error {
			topic, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return usageError{fmt.Errorf("there is no command %q", strings.Join(args, " "))}
			}
			topic.InitDefaultHelpFlag()
			return topic.Help()
		},
	}
}

// usageError is a call that cannot be carried out as it is written.
type usageError struct{ error }

func (p *program) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "ori-registry",
		Short:         "Run a registry of Ori packages",
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return cmd.Help()
		},
		PersistentPreRun: func(*cobra.Command, []string) { p.ran = true },
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetHelpCommand(help())
	root.AddCommand(p.serve(), p.user(), p.token(), p.fsck(), p.conformance(), p.version())
	return root
}
