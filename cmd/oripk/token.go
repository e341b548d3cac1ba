package main

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/client"
)

func (a *app) tokenCommand() *cobra.Command {
	return group(&cobra.Command{
		Use:   "token",
		Short: "Make, list and revoke the tokens of your account",
		Long: "Make, list and revoke the tokens of your account. A token may never do more than\n" +
			"the one that makes it: give every machine one of its own that may do little.",
	}, "oripk token list", a.tokenCreateCommand(), a.tokenListCommand(), a.tokenRevokeCommand())
}

type tokenFlags struct {
	scope    *choice
	packages []string
	expires  string
}

func (a *app) tokenCreateCommand() *cobra.Command {
	var flags tokenFlags
	create := &cobra.Command{
		Use:   "create NAME",
		Short: "Make a token, and print it this once",
		Long: "Make a token of your account. It is printed alone on standard output, this once,\n" +
			"so that it can be piped to where it is needed; what is told of it goes to standard\n" +
			"error. NAME is for you, to tell it from the others.\n\n" +
			"  read     read a registry that is private, and nothing else\n" +
			"  publish  that, and publish, yank, unyank, deprecate, claim scopes\n" +
			"  admin    that, and manage members, transfers and tokens\n\n" +
			"With --package it may write only to what one of the patterns names.\n\n" +
			"With --json: id, name, scopes, packages, prefix, created_at, expires_at,\n" +
			"last_used_at, and the token itself as token.",
		Example: "  oripk token create laptop\n" +
			"  oripk token create ci --scope publish --package '@acme/*' --expires 30d >ci.token",
		Args: exactly("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.createToken(cmd, args[0], flags) },
	}
	flags.scope = chosen(create, "scope", string(api.Read), "what it may do", string(api.Read), string(api.Publish), string(api.Admin))
	create.Flags().StringArrayVar(&flags.packages, "package", nil, "write only to packages of this `PATTERN`, '@scope/*' or @scope/name; can be given again (default: all of the account's)")
	create.Flags().StringVar(&flags.expires, "expires", "90d", "`TIME` when it ends: in so many days, or at the end of a day such as 2027-01-31 (UTC); 366 days at most")
	return create
}

func (a *app) createToken(cmd *cobra.Command, name string, flags tokenFlags) error {
	asked := api.NewToken{Name: name, Scopes: []api.TokenScope{api.TokenScope(flags.scope.value)}, Packages: append([]string{}, flags.packages...)}
	if strings.TrimSpace(name) == "" {
		return &usageError{What: "a token needs a name", Why: "it tells it from your others", Try: "oripk token create laptop"}
	}
	ends, err := parseExpiry(flags.expires, a.now())
	if err != nil {
		return err
	}
	asked.ExpiresAt = &ends
	c, err := a.client(client.Options{})
	if err != nil {
		return err
	}
	made, err := c.CreateToken(cmd.Context(), asked)
	if err != nil {
		return err
	}
	a.tellCreated(made)
	return a.result(made, func(w io.Writer) { fmt.Fprintln(w, made.Secret) })
}

// tellCreated goes before the token: who loses that can revoke it by its id.
func (a *app) tellCreated(made *api.CreatedToken) {
	if a.quiet {
		return
	}
	fmt.Fprintf(a.stderr, "made the token %s, which is shown this once\n", client.Printable(made.Name))
	row(a.stderr, "id", made.ID)
	row(a.stderr, "may", mayOf(made.Scopes))
	row(a.stderr, "packages", packagesOf(made.Packages))
	row(a.stderr, "expires", made.ExpiresAt.Format(time.DateOnly))
	row(a.stderr, "to end it", "oripk token revoke "+made.ID)
}

// parseExpiry reads "90d" or "2027-01-31", which lasts to the end of that day.
func parseExpiry(text string, now time.Time) (api.Time, error) {
	const most = 366
	ends, err := time.Parse(time.DateOnly, text)
	ends = ends.Add(24*time.Hour - time.Second)
	if number, inDays := strings.CutSuffix(text, "d"); inDays {
		var days int
		days, err = strconv.Atoi(number)
		ends = now.Add(time.Duration(min(max(days, -1), most+1)) * 24 * time.Hour)
	}
	wrong := &usageError{Try: "--expires 90d, or --expires " + now.AddDate(0, 0, 90).UTC().Format(time.DateOnly)}
	switch {
	case err != nil:
		wrong.What, wrong.Why = fmt.Sprintf("--expires %q is no time", text), "it is a number of days such as 90d, or a day such as 2027-01-31"
	case !ends.After(now):
		wrong.What, wrong.Why = fmt.Sprintf("--expires %q is over already", text), "the token would never be good"
	case ends.After(now.Add(most * 24 * time.Hour)):
		wrong.What, wrong.Why = fmt.Sprintf("--expires %q is too far ahead", text), fmt.Sprintf("a token lasts %d days at most", most)
	default:
		return api.NewTime(ends), nil
	}
	return api.Time{}, wrong
}

func (a *app) tokenListCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the tokens of your account",
		Long: "List the tokens of your account that are not revoked. The token that this very\n" +
			"command uses has a *; USED is exact to the hour. It needs a token that may admin.\n\n" +
			"With --json: tokens, a list of id, name, scopes, packages (none: all), prefix,\n" +
			"created_at, expires_at, last_used_at and in_use.",
		Example: "  oripk token list",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.client(client.Options{})
			if err != nil {
				return err
			}
			tokens, err := c.Tokens(cmd.Context())
			if err != nil {
				return err
			}
			return a.result(newTokensJSON(c, tokens), func(w io.Writer) { a.printTokens(w, c, tokens) })
		},
	}
}

// tokensJSON is the JSON of token list.
type tokensJSON struct {
	Tokens []tokenJSON `json:"tokens"`
}

type tokenJSON struct {
	api.Token
	InUse bool `json:"in_use"` // by this command
}

func newTokensJSON(c *client.Client, tokens []api.Token) tokensJSON {
	list := tokensJSON{Tokens: []tokenJSON{}}
	for i := range tokens {
		list.Tokens = append(list.Tokens, tokenJSON{tokens[i], c.IsOwn(&tokens[i])})
	}
	return list
}

func (a *app) printTokens(w io.Writer, c *client.Client, tokens []api.Token) {
	rows := [][]string{{"", "ID", "NAME", "MAY", "PACKAGES", "BEGINS", "EXPIRES", "USED"}}
	for i := range tokens {
		t := &tokens[i]
		mark, expires, used := "", t.ExpiresAt.Format(time.DateOnly), "never"
		if c.IsOwn(t) {
			mark = "*"
		}
		if !t.ExpiresAt.After(a.now()) {
			expires = "is over"
		}
		if t.LastUsedAt != nil {
			used = t.LastUsedAt.Format(time.DateOnly)
		}
		rows = append(rows, []string{mark, t.ID, t.Name, mayOf(t.Scopes), packagesOf(t.Packages), t.Prefix, expires, used})
	}
	table(w, rows)
}

func mayOf(scopes []api.TokenScope) string {
	may := make([]string, len(scopes))
	for i, s := range scopes {
		may[i] = string(s)
	}
	return strings.Join(may, ", ")
}

func packagesOf(patterns []string) string {
	if len(patterns) == 0 {
		return "all"
	}
	return strings.Join(patterns, ", ")
}

func (a *app) tokenRevokeCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "revoke ID",
		Short: "End a token at once",
		Long: "End a token of your account at once. ID is what token list shows, and never the\n" +
			"token itself. A token may always end itself; for another one it must be one that\n" +
			"may admin. One that was revoked before stays so.\n\n" +
			"With --json: id, and revoked, which is true.",
		Example: "  oripk token revoke t_b7m03fpa",
		Args:    exactly("ID"),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.revokeToken(cmd, args[0]) },
	}
}

func (a *app) revokeToken(cmd *cobra.Command, id string) error {
	if strings.HasPrefix(id, api.SecretPrefix) {
		return &usageError{
			What: "this is a token, or the beginning of one, and not its id", Why: "a token on a command line may be kept in its history; nothing was sent",
			Try: "oripk token list, which shows the id",
		}
	}
	c, err := a.client(client.Options{})
	if err != nil {
		return err
	}
	err = c.RevokeToken(cmd.Context(), id)
	if errors.Is(err, client.ErrTokenID) {
		return &usageError{What: fmt.Sprintf("%q is no id of a token", id), Why: "an id has letters, digits, - and _", Try: "oripk token list, which shows the ids"}
	}
	if err != nil {
		return err
	}
	out := struct {
		ID      string `json:"id"`
		Revoked bool   `json:"revoked"`
	}{id, true}
	return a.result(out, func(w io.Writer) { fmt.Fprintf(w, "the token %s is revoked\n", id) })
}
