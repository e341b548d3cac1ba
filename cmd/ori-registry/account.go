package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ori-lang/registry/api"
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
		Long: `Make an account and print its first token, alone on standard output. The token
may do everything that the account may, for 90 days; it is shown this once and
not kept anywhere.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			admin, err := p.open(cmd, server.OpenAdmin)
			if err != nil {
				return err
			}
			defer closing(admin, &err)
			if admin.IsNew() {
				fmt.Fprintf(p.stderr, "ori-registry: made a new registry in the data folder %s\n", admin.Config().Data)
			}
			secret, err := admin.AddUser(cmd.Context(), args[0], operator)
			if err != nil {
				return err
			}
			return p.showToken(newToken{args[0], secret, "The account " + args[0] + " is made. Its token", admin.Config()}, asJSON)
		},
	}
	addFlags(cmd, storageFlags()...)
	cmd.Flags().BoolVar(&operator, "operator", false, "let the account do what only those may who run the registry: remove versions, quarantine packages, make accounts")
	cmd.Flags().BoolVar(&asJSON, "json", false, `print {"login","token"}`)
	return cmd
}

// newToken is a token that nobody can print again.
type newToken struct {
	login, secret, what string
	registry            server.Config
}

// showToken prints the token alone on standard output, to be piped to where it
// is needed; a person reads what surrounds it.
func (p *program) showToken(t newToken, asJSON bool) (err error) {
	if asJSON {
		err = json.NewEncoder(p.stdout).Encode(struct {
			Login string `json:"login"`
			Token string `json:"token"`
		}{t.login, t.secret})
	} else {
		fmt.Fprintf(p.stderr, "%s, shown this once:\n", t.what)
		_, err = fmt.Fprintln(p.stdout, t.secret)
	}
	if err != nil {
		return fmt.Errorf("the token of %s is made and could not be printed: %w; make another: ori-registry token create %s %s",
			t.login, err, storageOf(t.registry), t.login)
	}
	if !asJSON {
		fmt.Fprintln(p.stderr, "Its user keeps it with:  oripk login --registry URL")
	}
	return nil
}

// storageOf spells the flags that lead another command to the same registry. In
// place of a database's URL with a password stands URL: output ends up in logs.
func storageOf(cfg server.Config) string {
	flags := "--data " + shellWord(cfg.Data)
	if cfg.Database != "" {
		flags += " --database " + withoutPassword(cfg.Database)
	}
	if cfg.KeyDir != "" {
		flags += " --key-dir " + shellWord(cfg.KeyDir)
	}
	return flags
}

func withoutPassword(database string) string {
	u, err := url.Parse(database)
	if err != nil {
		return "URL"
	}
	query, err := url.QueryUnescape(u.RawQuery) // password=, sslpassword=
	if _, has := u.User.Password(); has || err != nil || strings.Contains(query, "password") {
		return "URL"
	}
	return shellWord(database)
}

// shellWord quotes what a shell would take apart.
func shellWord(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/._-:@", r)
	}
	if s != "" && !strings.ContainsFunc(s, func(r rune) bool { return !plain(r) }) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

func (p *program) token() *cobra.Command {
	cmd := group("token", "Make and end tokens")
	cmd.AddCommand(p.tokenCreate(), p.tokenRevoke())
	return cmd
}

func (p *program) tokenCreate() *cobra.Command {
	var asJSON bool
	var scope string
	cmd := &cobra.Command{
		Use:   "create LOGIN",
		Short: "Make another token of an account and print it, this once",
		Long: `Make another token of an account, when the others are lost or have expired, and
print it alone on standard output. It is for all packages and 90 days; it is
shown this once and not kept anywhere. The account's other tokens stay as they
are.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			admin, err := p.open(cmd, server.OpenExisting)
			if err != nil {
				return err
			}
			defer closing(admin, &err)
			secret, err := admin.AddToken(cmd.Context(), args[0], api.TokenScope(scope))
			if err != nil {
				return err
			}
			return p.showToken(newToken{args[0], secret, "The token of " + args[0] + " with the scope " + scope, admin.Config()}, asJSON)
		},
	}
	addFlags(cmd, storageFlags()...)
	cmd.Flags().StringVar(&scope, "scope", string(api.Admin), "what it may do: admin, publish or read")
	cmd.Flags().BoolVar(&asJSON, "json", false, `print {"login","token"}`)
	return cmd
}

func (p *program) tokenRevoke() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "revoke ID|PREFIX",
		Short: "End a token at once, by its id or the first ten characters of its secret",
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
