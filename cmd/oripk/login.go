package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/client"
)

func (a *app) loginCommand() *cobra.Command {
	var fromInput bool
	login := &cobra.Command{
		Use:   "login",
		Short: "Keep a token for a registry on this machine",
		Long: "Keep a token for a registry on this machine: in the system's keyring, or else in\n" +
			"a file that only you can read. The token is asked for on the terminal without\n" +
			"showing it, or read from standard input, and the registry is asked whose it is\n" +
			"before it is kept. It is kept for the registry's URL and never sent to another.\n\n" +
			"Where no default is configured, the registry of --registry URL becomes it.\n\n" +
			"With --json: registry, login, token (what it may do, not the token itself), kept_in,\n" +
			"and default, whether the registry became that.",
		Example: "  oripk login --registry https://registry.example\n  oripk login --with-token <token.txt",
		Args:    exactly(),
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.login(cmd.Context(), fromInput) },
	}
	login.Flags().BoolVar(&fromInput, "with-token", false, "read the token from standard input, also when that is a terminal")
	return login
}

func (a *app) login(ctx context.Context, fromInput bool) error {
	settings, err := a.settings(nil)
	if err != nil {
		return err
	}
	site, err := settings.Home(ctx)
	if err != nil {
		return err
	}
	c, token, err := a.loginClient(ctx, site, fromInput)
	if err != nil {
		return err
	}
	me, err := c.Me(ctx)
	if err != nil {
		return hinted(err, api.TokenInvalid, "give the whole token, as it was shown; who runs the registry makes another with: ori-registry token create LOGIN")
	}
	done := loginResult{Registry: c.URL(), Login: me.User.Login, Token: me.Token}
	if done.KeptIn, err = a.keep(ctx, settings, c.URL(), token); err != nil {
		return err
	}
	done.Default = a.keepDefault(ctx, settings, c.URL())
	a.noteVariable(site, "goes before the token that is now kept")
	return a.result(done, func(w io.Writer) {
		fmt.Fprintf(w, "logged in to %s as %s\n", done.Registry, client.Printable(done.Login))
		printToken(w, done.Token)
		row(w, "kept in", done.KeptIn)
		if done.Default {
			row(w, "default", "from now on, in "+settings.ConfigFile)
		}
	})
}

// loginResult is the JSON of login.
type loginResult struct {
	Registry string    `json:"registry"`
	Login    string    `json:"login"`
	Token    api.Token `json:"token"`
	KeptIn   string    `json:"kept_in"`
	Default  bool      `json:"default"` // the registry became the configured default
}

// loginClient is the registry's client, with the token that is to be kept.
func (a *app) loginClient(ctx context.Context, site client.Site, fromInput bool) (*client.Client, string, error) {
	if site.URL == "" {
		return nil, "", client.ErrNoDefault
	}
	o, err := a.options(client.Options{URL: site.URL, LogKey: site.LogKey})
	if err != nil {
		return nil, "", err
	}
	if o.Token, err = a.readToken(ctx, site.URL, fromInput); err != nil {
		return nil, "", err
	}
	c, err := client.New(o)
	return c, o.Token, err
}

// readToken asks for a token without showing it, or reads it from standard input.
func (a *app) readToken(ctx context.Context, url string, fromInput bool) (token string, err error) {
	if a.canAsk && !fromInput {
		fmt.Fprintf(a.stderr, "Token for %s (it is not shown): ", client.Printable(url))
		token, err = a.readHidden(ctx)
		fmt.Fprintln(a.stderr)
	} else {
		token, err = interruptible(ctx, a.readLine)
	}
	if err != nil {
		return "", err
	}
	if token = strings.TrimSpace(token); token == "" {
		return "", &usageError{What: "no token was given", Try: "oripk login on a terminal, or: oripk login --with-token < FILE"}
	}
	return token, client.CheckToken(token, "what was given as the token")
}

// keep keeps the token, and says why it is not in a keyring.
func (a *app) keep(ctx context.Context, settings *client.Settings, url, token string) (where string, err error) {
	where, why, err := settings.Credentials.Keep(ctx, url, token)
	if err == nil && why != "" {
		a.step("note: %s, so the token is in a file that only you can read", client.Printable(why))
	}
	return where, err
}

// keepDefault makes the registry that is said for this run the default, where
// there is none yet. The token is kept either way.
func (a *app) keepDefault(ctx context.Context, settings *client.Settings, url string) bool {
	const name = "main"
	_, taken := settings.Config.Registries[name]
	if !strings.Contains(a.registry, "://") || settings.Config.Default != "" || taken {
		return false
	}
	err := client.AddDefault(ctx, filepath.Dir(settings.ConfigFile), name, url)
	if err != nil {
		a.step("warning: the registry did not become the default: %s", client.Printable(err.Error()))
	}
	return err == nil
}

// noteVariable says that the environment has a token that goes before a kept one.
func (a *app) noteVariable(site client.Site, what string) {
	token, err := site.Token()
	if err == nil && strings.HasPrefix(token.From, "ORI_REGISTRY_") {
		a.step("note: %s is set, and %s", token.From, what)
	}
}

func (a *app) logoutCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "logout",
		Short: "Drop the token that is kept for a registry",
		Long: "Drop the token that is kept for a registry. The token itself goes on working\n" +
			"wherever else it is known; oripk token revoke ends it.\n\n" +
			"With --json: registry, and dropped, whether there was one.",
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.logout(cmd.Context()) },
	}
}

func (a *app) logout(ctx context.Context) error {
	settings, err := a.settings(nil)
	if err != nil {
		return err
	}
	site, err := settings.Home(ctx)
	if err != nil {
		return err
	}
	if site.URL == "" {
		return client.ErrNoDefault
	}
	dropped, err := settings.Credentials.Forget(ctx, site.URL)
	if err != nil {
		return err
	}
	a.noteVariable(site, "goes on being used")
	out := struct {
		Registry string `json:"registry"`
		Dropped  bool   `json:"dropped"`
	}{site.URL, dropped}
	return a.result(out, func(w io.Writer) {
		if !dropped {
			fmt.Fprintf(w, "no token was kept for %s\n", client.Printable(site.URL))
			return
		}
		fmt.Fprintf(w, "the token for %s is no longer kept here\n", client.Printable(site.URL))
	})
}

// printToken shows what a token may do, and until when.
func printToken(w io.Writer, t api.Token) {
	row(w, "token", fmt.Sprintf("%s (%s…), may %s", t.Name, t.Prefix, mayOf(t.Scopes)))
	row(w, "packages", strings.Join(t.Packages, ", "))
	row(w, "expires", t.ExpiresAt.Format(time.DateOnly))
}
