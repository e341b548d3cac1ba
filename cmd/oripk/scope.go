package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/client"
)

func (a *app) scopeCommand() *cobra.Command {
	return group(&cobra.Command{
		Use:   "scope",
		Short: "Claim scopes, and say who may publish in them",
		Long: "A scope is what stands before the / in a package's name. Whoever claims one owns it.\n" +
			"An owner may do everything in it; a member may publish, yank, unyank and deprecate.\n" +
			"Nobody gets in but by the word of both: an owner invites, and the invited accepts.\n" +
			"A scope is written with its @ or without.",
	}, "oripk scope claim @scope",
		a.scopeClaimCommand(), a.scopeMembersCommand(), a.scopeInviteCommand(),
		a.scopeAnswerCommand("accept", "Become a member of a scope that you are invited to", (*client.Client).AcceptInvitation),
		a.scopeAnswerCommand("decline", "Decline the invitation to a scope", (*client.Client).DeclineInvitation),
		a.scopeRemoveCommand())
}

func (a *app) scopeClaimCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "claim @SCOPE",
		Short: "Claim a free scope; first come, first served",
		Long: "Claim a free scope; first come, first served. That it is yours is an entry of the log,\n" +
			"which is verified. One that you own already stays so.\n\n" +
			"With --json: created, scope, claimed_at, members and log_index.",
		Example: "  oripk scope claim @acme",
		Args:    exactly("@SCOPE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			scope, err := parseScope(cmd, args[0])
			if err != nil {
				return err
			}
			return a.claim(cmd, scope)
		},
	}
}

func (a *app) claim(cmd *cobra.Command, scope string) error {
	c, err := a.clientOf(scope)
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

func (a *app) scopeMembersCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "members @SCOPE",
		Short: "List the members of a scope",
		Long: "List the members of a scope and their roles. It needs no token.\n\n" +
			"With --json: scope, claimed_at, log_index, and members, a list of login and role.",
		Example: "  oripk scope members @acme",
		Args:    exactly("@SCOPE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			scope, err := parseScope(cmd, args[0])
			if err != nil {
				return err
			}
			c, err := a.clientOf(scope)
			if err != nil {
				return err
			}
			s, err := c.Scope(cmd.Context(), scope)
			if err != nil {
				return hinted(err, api.NotFound, "check the name; oripk scope claim @"+scope+" makes it yours")
			}
			return a.result(s, func(w io.Writer) {
				rows := [][]string{{"LOGIN", "ROLE"}}
				for _, m := range s.Members {
					rows = append(rows, []string{m.Login, string(m.Role)})
				}
				table(w, rows)
			})
		},
	}
}

func (a *app) scopeInviteCommand() *cobra.Command {
	var role *choice
	invite := &cobra.Command{
		Use:   "invite @SCOPE LOGIN",
		Short: "Invite an account to a scope, or give a member another role",
		Long: "Invite an account to a scope. It is a member when it has accepted, with\n" +
			"oripk scope accept, within 14 days. Whoever is a member has the role at once.\n" +
			"It needs a token that may admin, of an owner of the scope.\n\n" +
			"With --json: invited (false: nothing new, or a member already), scope, login,\n" +
			"role, status (pending, or accepted for a member), invited_by, created_at, expires_at.",
		Example: "  oripk scope invite @acme jonas\n  oripk scope invite @acme jonas --role owner",
		Args:    exactly("@SCOPE", "LOGIN"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onMember(cmd, args, func(c *client.Client, scope, login string) error {
				return a.invite(cmd, c, scope, login, api.Role(role.value))
			})
		},
	}
	role = chosen(invite, "role", string(api.MemberOfTeam), "what the account may do in the scope", string(api.Owner), string(api.MemberOfTeam))
	return invite
}

// onMember reads "@SCOPE LOGIN" and hands over the client of the scope's registry.
func (a *app) onMember(cmd *cobra.Command, args []string, act func(c *client.Client, scope, login string) error) error {
	scope, err := parseScope(cmd, args[0])
	if err != nil {
		return err
	}
	login, err := parseLogin(args[1])
	if err != nil {
		return err
	}
	c, err := a.clientOf(scope)
	if err != nil {
		return err
	}
	return hinted(act(c, scope, login), api.NotOwner, "oripk scope members @"+scope+" shows who its owners are")
}

func (a *app) invite(cmd *cobra.Command, c *client.Client, scope, login string, role api.Role) error {
	i, invited, err := c.Invite(cmd.Context(), scope, login, role)
	if err != nil {
		return err
	}
	out := struct {
		Invited bool `json:"invited"`
		*api.Invitation
	}{invited, i}
	return a.result(out, func(w io.Writer) {
		switch {
		case i.Status == api.Accepted:
			fmt.Fprintf(w, "%s is in @%s, with the role %s\n", login, scope, role)
			return
		case invited:
			fmt.Fprintf(w, "%s is invited to @%s, with the role %s\n", login, scope, role)
		default:
			fmt.Fprintf(w, "%s was invited to @%s before, with the role %s\n", login, scope, role)
		}
		row(w, "until", dayOf(i.ExpiresAt))
		row(w, "to accept", "oripk scope accept @"+scope)
	})
}

// dayOf gives the day of a time that may be missing.
func dayOf(t *api.Time) string {
	if t == nil {
		return ""
	}
	return t.Format(time.DateOnly)
}

// scopeAnswerCommand is a command by which the invited answers.
func (a *app) scopeAnswerCommand(verb, short string, answer func(*client.Client, context.Context, string) (*api.Invitation, error)) *cobra.Command {
	return &cobra.Command{
		Use:   verb + " @SCOPE",
		Short: short,
		Long: short + ". It needs a token that may admin.\n\n" +
			"With --json: scope, login, role, status, invited_by, created_at, expires_at.",
		Example: "  oripk scope " + verb + " @acme",
		Args:    exactly("@SCOPE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			scope, err := parseScope(cmd, args[0])
			if err != nil {
				return err
			}
			c, err := a.clientOf(scope)
			if err != nil {
				return err
			}
			i, err := answer(c, cmd.Context(), scope)
			if err != nil {
				const hint = "oripk inbox shows what waits for your answer"
				return hinted(hinted(err, api.NotFound, hint), api.ScopeNotClaimed, hint)
			}
			return a.result(i, func(w io.Writer) {
				if i.Status == api.Declined {
					fmt.Fprintf(w, "the invitation to @%s is declined\n", scope)
					return
				}
				fmt.Fprintf(w, "you are in @%s, with the role %s\n", scope, client.Printable(string(i.Role)))
			})
		},
	}
}

func (a *app) scopeRemoveCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "remove @SCOPE LOGIN",
		Short: "Put a member out of a scope, take back an invitation, or leave",
		Long: "Put a member out of a scope, or take back an invitation; with your own login you\n" +
			"leave the scope. What the account has offered as an owner ends too; packages that\n" +
			"were transferred to it stay its own. The last owner cannot leave. It needs a token\n" +
			"that may admin, of an owner of the scope or of the account itself.\n\n" +
			"With --json: scope, login, and removed, which is true also when there was nothing to end.",
		Example: "  oripk scope remove @acme jonas",
		Args:    exactly("@SCOPE", "LOGIN"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onMember(cmd, args, func(c *client.Client, scope, login string) error {
				if err := c.RemoveMember(cmd.Context(), scope, login); err != nil {
					return err
				}
				out := struct {
					Scope   string `json:"scope"`
					Login   string `json:"login"`
					Removed bool   `json:"removed"`
				}{scope, login, true}
				return a.result(out, func(w io.Writer) { fmt.Fprintf(w, "%s is not in @%s, and not invited\n", login, scope) })
			})
		},
	}
}
