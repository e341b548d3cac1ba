package main

import (
	_ "embed"
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

// bashCompletion is for a bash with nothing installed beside it. It joins the
// words that bash breaks at the @ and : of a package's name.
//
//go:embed completion.bash
var bashCompletion string

func (a *app) completionCommand() *cobra.Command {
	completion := &cobra.Command{
		Use:   "completion",
		Short: "Print what makes a shell complete commands, packages and versions",
		Long: "Print what makes a shell complete commands, flags, and the names and versions of\n" +
			"packages: those of the project where a command is about them, else those of the\n" +
			"registry, as far as it answers within a second.",
		Example: "  echo 'eval \"$(oripk completion bash)\"' >>~/.bashrc\n" +
			"  oripk completion zsh >\"${fpath[1]}/_oripk\"\n" +
			"  oripk completion fish >~/.config/fish/completions/oripk.fish\n" +
			"  oripk completion powershell >>$PROFILE",
	}
	var shells []*cobra.Command
	for shell, script := range a.completionScripts() {
		shells = append(shells, &cobra.Command{
			Use:   shell,
			Short: "Print the completion of " + shell,
			Args:  exactly(),
			RunE: func(cmd *cobra.Command, _ []string) error {
				if err := a.refuseJSON("a script of "+shell, cmd); err != nil {
					return err
				}
				if err := script(cmd.Root(), a.stdout); err != nil {
					return fmt.Errorf("printing the completion: %w", err)
				}
				return nil
			},
		})
	}
	return group(completion, "oripk completion bash, zsh, fish or powershell", shells...)
}

func (a *app) completionScripts() map[string]func(*cobra.Command, io.Writer) error {
	return map[string]func(*cobra.Command, io.Writer) error{
		"bash": func(_ *cobra.Command, w io.Writer) error {
			_, err := io.WriteString(w, bashCompletion)
			return err
		},
		"zsh":        (*cobra.Command).GenZshCompletion,
		"fish":       func(root *cobra.Command, w io.Writer) error { return root.GenFishCompletion(w, true) },
		"powershell": (*cobra.Command).GenPowerShellCompletionWithDesc,
	}
}
