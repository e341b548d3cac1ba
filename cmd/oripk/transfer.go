package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/client"
	"github.com/ori-lang/registry/ident"
)

const helpTransferJSON = "With --json: id, package, from, to, status (pending, accepted, declined, cancelled or\n" +
	"expired), created_at, expires_at."

func (a *app) transferCommand() *cobra.Command {
	var yes bool
	transfer := &cobra.Command{
		Use:   "transfer @SCOPE/NAME [LOGIN]",
		Short: "Offer a package to another account, or show how the offer stands",
		Long: "Offer a package to another account. Once that has accepted, within 14 days, it alone\n" +
			"owns the package: nobody else may publish it, the members of its scope included. Its\n" +
			"name stays. Until then, cancel takes the offer back. It needs a token that may admin.\n\n" +
			"Without LOGIN, show what became of the newest offer; its two parties may see it.\n\n" +
			helpTransferJSON + " When it is offered also created\n(false: it was offered so before).",
		Example: "  oripk transfer @acme/http jonas\n  oripk transfer @acme/http",
		Args:    cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				return a.onPackage(cmd, args[0], func(c *client.Client, p ident.Package) error { return a.showTransfer(cmd.Context(), c, p) })
			}
			if err := exactly("@SCOPE/NAME", "LOGIN")(cmd, args); err != nil {
				return err
			}
			login, err := parseLogin(args[1])
			if err != nil {
				return err
			}
			return a.onPackage(cmd, args[0], func(c *client.Client, p ident.Package) error { return a.offer(cmd.Context(), c, p, login, yes) })
		},
	}
	transfer.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return transfer
}

// onPackage reads "@SCOPE/NAME" and hands over the client of the package's
// registry. The hints of what fails are in the words of this program.
func (a *app) onPackage(cmd *cobra.Command, arg string, act func(*client.Client, ident.Package) error) error {
	p, err := parsePackage(cmd, arg)
	if err != nil {
		return err
	}
	c, err := a.clientOf(p.Scope())
	if err != nil {
		return err
	}
	err = hinted(act(c, p), api.NotOwner, fmt.Sprintf("oripk info %s shows who owns it, oripk inbox what is offered to you", p))
	err = hinted(err, api.TransferPending, fmt.Sprintf("oripk cancel %s takes that offer back", p))
	return hinted(err, api.TransferNotFound, fmt.Sprintf("oripk transfer %s LOGIN offers it; without LOGIN it shows what became of the last offer", p))
}

func (a *app) showTransfer(ctx context.Context, c *client.Client, p ident.Package) error {
	t, err := c.Transfer(ctx, p)
	if err != nil {
		return err
	}
	return a.result(t, func(w io.Writer) {
		fmt.Fprintf(w, "%s was offered to %s by %s: %s\n", p, t.To, t.From, t.Status)
		row(w, "offered", t.CreatedAt.Format(time.DateOnly))
		if t.Status == api.Pending {
			row(w, "until", t.ExpiresAt.Format(time.DateOnly))
		}
	})
}

func (a *app) offer(ctx context.Context, c *client.Client, p ident.Package, login string, yes bool) error {
	switch {
	case !c.HasToken():
		return fmt.Errorf("asking %s: %w", c.URL(), client.ErrNoToken)
	case !yes && !a.canAsk:
		return &usageError{What: "giving a package away asks first, and there is no terminal to ask on", Try: "--yes"}
	case !yes:
		question := fmt.Sprintf("Offer %s to %s at %s? Once %[2]s has accepted, nobody else may publish it.", p, login, c.URL())
		if err := a.confirm(ctx, question, "offered"); err != nil {
			return err
		}
	}
	t, created, err := c.OfferTransfer(ctx, p, login)
	if err != nil {
		return err
	}
	out := struct {
		Created bool `json:"created"`
		*api.Transfer
	}{created, t}
	return a.result(out, func(w io.Writer) {
		was := "is"
		if !created {
			was = "was"
		}
		fmt.Fprintf(w, "%s %s offered to %s\n", p, was, login)
		row(w, "until", t.ExpiresAt.Format(time.DateOnly))
		row(w, "to accept", "oripk accept "+p.String())
		row(w, "to take back", "oripk cancel "+p.String())
	})
}

func (a *app) acceptCommand() *cobra.Command {
	return a.transferStep("accept", "Become the one owner of a package that is offered to you", (*client.Client).AcceptTransfer,
		func(t *api.Transfer) string { return fmt.Sprintf("%s is yours, and nobody else's", t.Package) })
}

func (a *app) declineCommand() *cobra.Command {
	return a.transferStep("decline", "Decline a package that is offered to you", (*client.Client).DeclineTransfer,
		func(t *api.Transfer) string {
			return fmt.Sprintf("the offer of %s by %s is declined", t.Package, t.From)
		})
}

func (a *app) cancelCommand() *cobra.Command {
	return a.transferStep("cancel", "Take back the offer of a package", (*client.Client).CancelTransfer,
		func(t *api.Transfer) string {
			return fmt.Sprintf("the offer of %s to %s is taken back", t.Package, t.To)
		})
}

// transferStep is a command by which a party of a transfer moves it on.
func (a *app) transferStep(verb, short string, step func(*client.Client, context.Context, ident.Package) (*api.Transfer, error), say func(*api.Transfer) string) *cobra.Command {
	return &cobra.Command{
		Use:     verb + " @SCOPE/NAME",
		Short:   short,
		Long:    short + ". It needs a token that may admin.\nFor the invitation to a scope there is oripk scope accept, and decline.\n\n" + helpTransferJSON,
		Example: "  oripk " + verb + " @acme/http",
		Args:    exactly("@SCOPE/NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if scope := strings.TrimPrefix(args[0], "@"); ident.CheckScope(scope) == nil && scope != args[0] {
				return &usageError{
					What: args[0] + " is a scope, and this is about a package", Why: "a package is written @scope/name",
					Try: "oripk scope accept " + args[0] + ", or decline, for an invitation",
				}
			}
			return a.onPackage(cmd, args[0], func(c *client.Client, p ident.Package) error {
				t, err := step(c, cmd.Context(), p)
				if err != nil {
					return err
				}
				return a.result(t, func(w io.Writer) { fmt.Fprintln(w, say(t)) })
			})
		},
	}
}

func (a *app) inboxCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "inbox",
		Short: "Show the packages and roles that you are offered, and how to answer",
		Long: "Show the packages that are offered to you and the scopes that you are invited to, the\n" +
			"oldest first, and the commands that answer each. They lapse after 14 days.\n\n" +
			"With --json: transfers, a list of id, package, from, to, status, created_at,\n" +
			"expires_at; and invitations, a list of scope, login, role, status, invited_by,\n" +
			"created_at, expires_at.",
		Example: "  oripk inbox",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.client(client.Options{})
			if err != nil {
				return err
			}
			inbox, err := c.Inbox(cmd.Context())
			if err != nil {
				return err
			}
			if len(inbox.Transfers)+len(inbox.Invitations) == 0 {
				a.step("nothing waits for your answer")
			}
			return a.result(inbox, func(w io.Writer) { a.printInbox(w, inbox) })
		},
	}
}

func (a *app) printInbox(w io.Writer, inbox *api.Inbox) {
	where := ""
	if a.registry != "" {
		where = " --registry " + a.registry
	}
	for i := range inbox.Transfers {
		t := &inbox.Transfers[i]
		fmt.Fprintf(w, "%s is offered to you by %s\n", t.Package, t.From)
		row(w, "until", t.ExpiresAt.Format(time.DateOnly))
		row(w, "to accept", "oripk accept "+t.Package.String()+where)
		row(w, "to decline", "oripk decline "+t.Package.String()+where)
	}
	for i := range inbox.Invitations {
		offer := &inbox.Invitations[i]
		fmt.Fprintf(w, "you are invited to @%s by %s, with the role %s\n", offer.Scope, textOf(offer.InvitedBy), client.Printable(string(offer.Role)))
		row(w, "until", dayOf(offer.ExpiresAt))
		row(w, "to accept", "oripk scope accept @"+offer.Scope+where)
		row(w, "to decline", "oripk scope decline @"+offer.Scope+where)
	}
}
