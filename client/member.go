package client

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/ident"
)

// Scope asks for a scope (without "@") and its members.
func (c *Client) Scope(ctx context.Context, scope string) (*api.Scope, error) {
	if err := ident.CheckScope(scope); err != nil {
		return nil, err
	}
	var s api.Scope
	url := c.urls.Scope(scope)
	err := c.getJSON(ctx, url, maxReply, &s, func() error { return sameText(url, s.Scope, scope) })
	if err != nil {
		return nil, err
	}
	return &s, nil
}

// Invite offers an account a role in a scope; it becomes a member by accepting.
// A member has the role at once: then the answer's status is accepted. invited
// is false when the account was invited so before, or is a member.
func (c *Client) Invite(ctx context.Context, scope, login string, role api.Role) (i *api.Invitation, invited bool, err error) {
	url, err := c.memberURL(scope, login)
	if err != nil {
		return nil, false, err
	}
	i = new(api.Invitation)
	err = c.change(ctx, http.MethodPut, url, api.NewMember{Role: role}, i, func(status int) error {
		invited = status == http.StatusAccepted
		if err := checkInvitation(url, i, scope, login, api.Pending, api.Accepted); err != nil {
			return err
		}
		return sameText(url, string(i.Role), string(role))
	})
	if err != nil {
		return nil, false, err
	}
	return i, invited, nil
}

// RemoveMember ends the membership of an account, the own one for example, or its
// invitation. Where there is neither, nothing changes.
func (c *Client) RemoveMember(ctx context.Context, scope, login string) error {
	url, err := c.memberURL(scope, login)
	if err != nil {
		return err
	}
	return c.remove(ctx, request{url: url, again: true})
}

// AcceptInvitation makes the token's account a member of the scope, which it was
// invited to.
func (c *Client) AcceptInvitation(ctx context.Context, scope string) (*api.Invitation, error) {
	return c.answer(ctx, scope, api.URLs.MemberAccept, api.Accepted)
}

// DeclineInvitation declines the invitation of the token's account to the scope.
func (c *Client) DeclineInvitation(ctx context.Context, scope string) (*api.Invitation, error) {
	return c.answer(ctx, scope, api.URLs.MemberDecline, api.Declined)
}

// answer answers an invitation. Its address holds the login of the account, which
// is asked for first.
func (c *Client) answer(ctx context.Context, scope string, address func(api.URLs, string, string) string, want api.OfferStatus) (*api.Invitation, error) {
	if err := ident.CheckScope(scope); err != nil {
		return nil, err
	}
	if !c.HasToken() {
		return nil, c.noToken()
	}
	me, err := c.Me(ctx)
	if err != nil {
		return nil, fmt.Errorf("asking whose the token is: %w", err)
	}
	login := me.User.Login
	if err := ident.CheckLogin(login); err != nil {
		return nil, &ReplyError{URL: c.urls.Me(), Reason: "the answer names an account that cannot be: " + Printable(err.Error())}
	}
	var i api.Invitation
	url := address(c.urls, scope, login)
	err = c.change(ctx, http.MethodPost, url, nil, &i, func(int) error { return checkInvitation(url, &i, scope, login, want) })
	if err != nil {
		return nil, err
	}
	return &i, nil
}

// memberURL gives the address of a membership that can be.
func (c *Client) memberURL(scope, login string) (string, error) {
	if err := ident.CheckScope(scope); err != nil {
		return "", err
	}
	if err := ident.CheckLogin(login); err != nil {
		return "", err
	}
	return c.urls.Member(scope, login), nil
}

// checkInvitation refuses an answer about another offer, or one that says that it
// stands otherwise than it must.
func checkInvitation(url string, i *api.Invitation, scope, login string, standing ...api.OfferStatus) error {
	if err := sameText(url, i.Login+" in @"+i.Scope, login+" in @"+scope); err != nil {
		return err
	}
	return checkStanding(url, i.Status, standing...)
}

// checkStanding refuses an answer to a write that says that it was not done.
func checkStanding(url string, got api.OfferStatus, want ...api.OfferStatus) error {
	if slices.Contains(want, got) {
		return nil
	}
	return &ReplyError{URL: url, Reason: fmt.Sprintf("the answer says that the offer is %q, where it must be %s", Printable(string(got)), want[0])}
}
