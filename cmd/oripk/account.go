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

func (a *app) whoamiCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "whoami",
		Short: "Show whose the token is and what it may do",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.client(client.Options{})
			if err != nil {
				return err
			}
			me, err := c.Me(cmd.Context())
			if err != nil {
				return err
			}
			return a.result(me, func(w io.Writer) { printMe(w, me, c.URL()) })
		},
	}
}

func printMe(w io.Writer, me *api.Me, registry string) {
	fmt.Fprintln(w, client.Printable(me.User.Login))
	row(w, "registry", registry)
	if me.User.Operator {
		row(w, "operator", "yes")
	}
	may := make([]string, len(me.Token.Scopes))
	for i, s := range me.Token.Scopes {
		may[i] = string(s)
	}
	row(w, "token", fmt.Sprintf("%s (%s…), may %s", me.Token.Name, me.Token.Prefix, strings.Join(may, ", ")))
	row(w, "packages", strings.Join(me.Token.Packages, ", "))
	row(w, "expires", me.Token.ExpiresAt.Format(time.DateOnly))
	for _, s := range me.Scopes {
		row(w, "scope", fmt.Sprintf("@%s (%s)", strings.TrimPrefix(s.Scope, "@"), s.Role))
	}
}

func (a *app) scopeCommand() *cobra.Command {
	scope := &cobra.Command{
		Use:   "scope",
		Short: "Claim the part of a package's name before the /",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return &usageError{What: "oripk scope needs a command", Try: "oripk scope claim @scope"}
		},
	}
	scope.AddCommand(&cobra.Command{
		Use:   "claim @SCOPE",
		Short: "Claim a free scope; first come, first served",
		Args:  exactly("@SCOPE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.claim(cmd, strings.TrimPrefix(args[0], "@"))
		},
	})
	return scope
}

func (a *app) claim(cmd *cobra.Command, scope string) error {
	if err := ident.CheckScope(scope); err != nil {
		return &usageError{What: err.Error(), Try: "oripk scope claim @scope"}
	}
	c, err := a.client(client.Options{})
	if err != nil {
		return err
	}
	claimed, created, err := c.ClaimScope(cmd.Context(), scope)
	if err != nil {
		return err
	}
	out := struct {
		Created bool `json:"created"`
		*api.Scope
	}{created, claimed}
	return a.result(out, func(w io.Writer) {
		if !created {
			fmt.Fprintf(w, "the registry says that @%s is yours already\n", scope)
			return
		}
		fmt.Fprintf(w, "@%s is yours: entry %d of the log says so\n", scope, claimed.LogIndex)
	})
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Show the version of this program",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			out := map[string]string{"version": programVersion(), "protocol": api.ProtocolVersion}
			return a.result(out, func(w io.Writer) {
				fmt.Fprintf(w, "oripk %s, protocol %s\n", out["version"], out["protocol"])
			})
		},
	}
}
