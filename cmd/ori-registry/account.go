package main

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ori-lang/registry/internal/server"
)

func (p *program) user() *cobra.Command {
	cmd := group("user", "Make accounts")
	cmd.AddCommand(p.userAdd())
	return cmd
}

func (p *program) userAdd() *cobra.Command {
	var operator, asJSON bool
	cmd := &cobra.Command{
		Use:   "add LOGIN",
		Short: "Make an account and print its first token, this once",
		Long: `Make an account and print its first token. The token may do everything that the
account may, for 90 days; it is shown this once and not kept anywhere.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			admin, err := p.open(cmd, server.OpenAdmin)
			if err != nil {
				return err
			}
			defer closing(admin, &err)
			secret, err := admin.AddUser(cmd.Context(), args[0], operator)
			if err != nil {
				return err
			}
			return p.showToken(args[0], secret, asJSON)
		},
	}
	addFlags(cmd, storageFlags()...)
	cmd.Flags().BoolVar(&operator, "operator", false, "the account runs the registry: it may remove versions and make users")
	cmd.Flags().BoolVar(&asJSON, "json", false, `print {"login","token"}`)
	return cmd
}

func (p *program) showToken(login, secret string, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(p.stdout).Encode(struct {
			Login string `json:"login"`
			Token string `json:"token"`
		}{login, secret})
	}
	_, err := fmt.Fprintf(p.stdout, "The account %s is made. Its token, shown this once:\n\n  %s\n\nUse it:  export ORI_REGISTRY_TOKEN=%s\n", login, secret, secret)
	return err
}

func (p *program) token() *cobra.Command {
	cmd := group("token", "End tokens")
	cmd.AddCommand(p.tokenRevoke())
	return cmd
}

func (p *program) tokenRevoke() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "revoke ID|PREFIX",
		Short: "End a token at once, by its id or the first characters of its secret",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			admin, err := p.open(cmd, server.OpenExisting)
			if err != nil {
				return err
			}
			defer closing(admin, &err)
			token, err := admin.RevokeToken(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(p.stdout, "The token %s (%s…, %q) is revoked.\n", token.ID, token.Prefix, token.Name)
			return err
		},
	}
	addFlags(cmd, storageFlags()...)
	return cmd
}

// closing closes the storage and lets its error count when there is no other.
func closing(admin *server.Admin, err *error) { *err = errors.Join(*err, admin.Close()) }
