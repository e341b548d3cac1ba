package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/client"
	"github.com/ori-lang/registry/ident"
)

const helpVersionJSON = "With --json: package, and the version as info @scope/name --versions shows it: version,\n" +
	"checksum, size, published_at, ori, dependencies, features, yanked, deprecated, removed,\n" +
	"advisories, log_index."

func (a *app) yankCommand() *cobra.Command {
	var reason *choice
	var message string
	yank := &cobra.Command{
		Use:   "yank @SCOPE/NAME@VERSION",
		Short: "Keep new users away from a version",
		Long: "Keep new users away from a version: it is no longer the latest, and installing it needs\n" +
			"to be insisted on. Whoever has it in a lock file goes on with it, and is warned when it\n" +
			"is fetched and by audit; nothing that builds today breaks. The reason is an entry of\n" +
			"the log. A yank for another reason takes the place of the one before; unyank takes it\n" +
			"back.\n\n" + helpVersionJSON,
		Example: "  oripk yank @acme/http@1.4.0 --reason security --message 'Accepts expired certificates.'",
		Args:    exactly("@SCOPE/NAME@VERSION"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onVersion(cmd, args[0], func(c *client.Client, ref ident.Ref) (*api.Version, error) {
				return c.Yank(cmd.Context(), ref, reason.value, message)
			})
		},
	}
	reason = chosen(yank, "reason", "", "why nobody should begin to use it", api.YankReasons()...)
	yank.Flags().StringVarP(&message, "message", "m", "", "`TEXT` that users of the version are shown, at most 500 characters")
	return yank
}

func (a *app) unyankCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "unyank @SCOPE/NAME@VERSION",
		Short:   "Take a yank back",
		Long:    "Take a yank back; a version that is not yanked stays so.\n\n" + helpVersionJSON,
		Example: "  oripk unyank @acme/http@1.4.0",
		Args:    exactly("@SCOPE/NAME@VERSION"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onVersion(cmd, args[0], func(c *client.Client, ref ident.Ref) (*api.Version, error) {
				return c.Unyank(cmd.Context(), ref)
			})
		},
	}
}

func (a *app) deprecateCommand() *cobra.Command {
	var replacement string
	var undo bool
	deprecate := &cobra.Command{
		Use:   "deprecate @SCOPE/NAME@VERSION MESSAGE",
		Short: "Say what users of a version should know, and what to use instead",
		Long: "Say what users of a version should know, and what to use instead. It stays the latest\n" +
			"if it was, and can be installed; whoever uses it is shown the message when it is fetched\n" +
			"and by audit. Another message takes the place of the one before; --undo takes it back.\n\n" + helpVersionJSON,
		Example: "  oripk deprecate @acme/http@1.4.0 'This is a part of @acme/net now.' --replacement @acme/net\n" +
			"  oripk deprecate @acme/http@1.4.0 --undo",
		Args: deprecateArguments(&undo),
		RunE: func(cmd *cobra.Command, args []string) error {
			if undo && replacement != "" {
				return &usageError{What: "--undo and --replacement do not go together", Why: "a deprecation that is taken back has no replacement", Try: cmd.CommandPath() + " --help"}
			}
			if err := checkReplacement(replacement); err != nil {
				return err
			}
			return a.onVersion(cmd, args[0], func(c *client.Client, ref ident.Ref) (*api.Version, error) {
				if undo {
					return c.Undeprecate(cmd.Context(), ref)
				}
				return c.Deprecate(cmd.Context(), ref, args[1], replacement)
			})
		},
	}
	deprecate.Flags().StringVar(&replacement, "replacement", "", "`PACKAGE` to use instead, @scope/name or @scope/name@1.2.3")
	deprecate.Flags().BoolVar(&undo, "undo", false, "take the deprecation back")
	return deprecate
}

// deprecateArguments is the rule for what stands beside the flags: a message,
// unless there is none any more.
func deprecateArguments(undo *bool) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		const version = "@SCOPE/NAME@VERSION"
		switch {
		case *undo:
			return exactly(version)(cmd, args)
		case len(args) == 1, len(args) == 2 && strings.TrimSpace(args[1]) == "":
			return &usageError{
				What: "a deprecation needs a message", Why: "users of the version are shown it",
				Try: fmt.Sprintf("%s %s 'what they should know', or --undo to take one back", cmd.CommandPath(), args[0]),
			}
		case len(args) > 2:
			return &usageError{
				What: fmt.Sprintf("the message is one argument, and was given as %d", len(args)-1), Why: "a shell parts words at spaces",
				Try: "put the message in quotes",
			}
		}
		return exactly(version, "MESSAGE")(cmd, args)
	}
}

func checkReplacement(text string) error {
	if text == "" {
		return nil
	}
	_, err := ident.ParsePackage(text)
	if strings.LastIndexByte(text, '@') > 0 {
		_, err = ident.ParseRef(text)
	}
	if err == nil {
		return nil
	}
	return &usageError{What: fmt.Sprintf("%q cannot be a replacement", text), Why: err.Error(), Try: "--replacement @scope/name, or --replacement @scope/name@1.2.3"}
}

// onVersion changes the life of the version that the command line names.
func (a *app) onVersion(cmd *cobra.Command, arg string, change func(*client.Client, ident.Ref) (*api.Version, error)) error {
	ref, err := parseVersioned(cmd, arg)
	if err != nil {
		return err
	}
	c, err := a.clientOf(ref.Package.Scope())
	if err != nil {
		return err
	}
	v, err := change(c, ref)
	if err != nil {
		err = hinted(err, api.NotOwner, fmt.Sprintf("oripk info %s shows who may do this", ref.Package))
		return listed(err, ref.Package)
	}
	out := struct {
		Package ident.Package `json:"package"`
		*api.Version
	}{ref.Package, v}
	return a.result(out, func(w io.Writer) {
		fmt.Fprintf(w, "%s is %s\n", ref, cmp.Or(strings.Join(standingOf(v), " and "), "neither yanked nor deprecated"))
		printState(w, v)
	})
}

// standingOf says in words how a version stands, nothing of one like any other.
func standingOf(v *api.Version) (words []string) {
	if v.Removed != nil {
		words = append(words, "removed")
	}
	if v.Yanked != nil {
		words = append(words, "yanked")
	}
	if v.Deprecated != nil {
		words = append(words, "deprecated")
	}
	return words
}

// parseVersioned reads "@scope/name@1.2.3" for a command that is about one version.
func parseVersioned(cmd *cobra.Command, arg string) (ident.Ref, error) {
	if p, err := ident.ParsePackage(arg); err == nil {
		return ident.Ref{}, &usageError{
			What: fmt.Sprintf("%s names no version", p), Why: cmd.Name() + " is about one version, never about all of a package",
			Try: fmt.Sprintf("%s %s@VERSION; oripk info %s --versions lists them", cmd.CommandPath(), p, p),
		}
	}
	return parseRef(arg)
}
