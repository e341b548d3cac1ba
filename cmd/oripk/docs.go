package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// What is written of the commands is written in them; docs/cli.md and the manual
// pages are made of that.

func (a *app) docsCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "docs",
		Short:  "Print docs/cli.md",
		Hidden: true,
		Args:   exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.refuseJSON("docs/cli.md", cmd); err != nil {
				return err
			}
			_, err := a.stdout.Write(markdown(cmd.Root()))
			return err
		},
	}
}

func (a *app) manCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "man DIR",
		Short:  "Write the manual pages into a folder",
		Hidden: true,
		Args:   exactly("DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := a.refuseJSON("a manual page", cmd); err != nil {
				return err
			}
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return fmt.Errorf("writing the manual pages: %w", err)
			}
			for _, c := range documented(cmd.Root()) {
				name := strings.ReplaceAll(c.CommandPath(), " ", "-") + ".1"
				if err := os.WriteFile(filepath.Join(args[0], name), manual(c), 0o644); err != nil {
					return fmt.Errorf("writing the manual pages: %w", err)
				}
			}
			return nil
		},
	}
}

// documented gives a command and all below it that users should know of.
func documented(cmd *cobra.Command) (all []*cobra.Command) {
	for _, c := range allCommands(cmd) {
		if !c.Hidden && c.Name() != "help" {
			all = append(all, c)
		}
	}
	return all
}

// paragraph is a part of a command's text.
type paragraph struct {
	text     string
	verbatim bool // its lines stay as they are
}

// paragraphs takes a text apart: at empty lines, and where indented lines begin
// and end.
func paragraphs(text string) (all []paragraph) {
	var lines []string
	indented := false
	end := func() {
		if len(lines) > 0 {
			text := strings.Join(lines, "\n")
			if indented {
				text = strings.ReplaceAll(strings.TrimPrefix(text, "  "), "\n  ", "\n")
			}
			all = append(all, paragraph{text, indented})
		}
		lines = nil
	}
	for line := range strings.SplitSeq(text, "\n") {
		if now := strings.HasPrefix(line, "  "); line == "" || now != indented {
			end()
			indented = now
		}
		if line != "" {
			lines = append(lines, line)
		}
	}
	end()
	return all
}

// textOfCommand is what a command says of itself.
func textOfCommand(cmd *cobra.Command) []paragraph {
	if cmd.Long == "" {
		return []paragraph{{text: cmd.Short + "."}}
	}
	return paragraphs(cmd.Long)
}

// option is a flag as it is typed, and what it does.
type option struct{ typed, does string }

func optionsOf(flags *pflag.FlagSet) (all []option) {
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		kind, does := pflag.UnquoteUsage(f)
		typed := strings.TrimSpace("--" + f.Name + " " + kind)
		if f.Shorthand != "" {
			typed = "-" + f.Shorthand + ", " + typed
		}
		if !isPlain(f) {
			does += fmt.Sprintf(" (default %s)", f.DefValue)
		}
		all = append(all, option{typed, does})
	})
	return all
}

// isPlain reports whether a flag that is not set means what everybody expects.
func isPlain(f *pflag.Flag) bool {
	switch f.DefValue {
	case "", "false", "[]", "0":
		return true
	}
	return false
}
