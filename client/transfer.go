package client

import (
	"cmp"
	"context"
	"net/http"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/ident"
)

// OfferTransfer offers a package to an account, which becomes its one owner by
// accepting. created is false when it was offered so before.
func (c *Client) OfferTransfer(ctx context.Context, p ident.Package, to string) (t *api.Transfer, created bool, err error) {
	if err := ident.CheckLogin(to); err != nil {
		return nil, false, err
	}
	t = new(api.Transfer)
	url := c.urls.Transfer(p)
	err = c.change(ctx, http.MethodPost, url, api.NewTransfer{To: to}, t, func(status int) error {
		created = status == http.StatusAccepted
		if err := checkTransfer(url, t, p, api.Pending); err != nil {
			return err
		}
		return sameText(url, t.To, to)
	})
	if err != nil {
		return nil, false, err
	}
	return t, created, nil
}

// Transfer asks for the newest transfer of a package, which its two parties may see.
func (c *Client) Transfer(ctx context.Context, p ident.Package) (*api.Transfer, error) {
	if !c.HasToken() {
		return nil, c.noToken()
	}
	var t api.Transfer
	url := c.urls.Transfer(p)
	err := c.getJSON(ctx, url, maxReply, &t, func() error {
		return checkTransfer(url, &t, p, api.Pending, api.Accepted, api.Declined, api.Cancelled, api.Expired)
	})
	if err != nil {
		return nil, err
	}
	return &t, nil
}

// AcceptTransfer makes the token's account the one owner of a package that is
// offered to it.
func (c *Client) AcceptTransfer(ctx context.Context, p ident.Package) (*api.Transfer, error) {
	return c.endTransfer(ctx, p, c.urls.TransferAccept(p), api.Accepted)
}

// DeclineTransfer declines a package that is offered to the token's account.
func (c *Client) DeclineTransfer(ctx context.Context, p ident.Package) (*api.Transfer, error) {
	return c.endTransfer(ctx, p, c.urls.TransferDecline(p), api.Declined)
}

// CancelTransfer takes the offer of a package back.
func (c *Client) CancelTransfer(ctx context.Context, p ident.Package) (*api.Transfer, error) {
	return c.endTransfer(ctx, p, c.urls.TransferCancel(p), api.Cancelled)
}

func (c *Client) endTransfer(ctx context.Context, p ident.Package, url string, end api.OfferStatus) (*api.Transfer, error) {
	var t api.Transfer
	err := c.change(ctx, http.MethodPost, url, nil, &t, func(int) error { return checkTransfer(url, &t, p, end) })
	if err != nil {
		return nil, err
	}
	return &t, nil
}

// checkTransfer refuses an answer about another offer, or one that stands
// otherwise than it must.
func checkTransfer(url string, t *api.Transfer, p ident.Package, standing ...api.OfferStatus) error {
	if err := sameSubject(url, t.Package, p); err != nil {
		return err
	}
	for _, login := range []string{t.From, t.To} {
		if err := ident.CheckLogin(login); err != nil {
			return &ReplyError{URL: url, Reason: "the answer names an account that cannot be: " + Printable(err.Error())}
		}
	}
	return checkStanding(url, t.Status, standing...)
}

// Inbox asks for the offers that wait for the answer of the token's account, the
// oldest first. The names in them are well-formed.
func (c *Client) Inbox(ctx context.Context) (*api.Inbox, error) {
	if !c.HasToken() {
		return nil, c.noToken()
	}
	var inbox api.Inbox
	url := c.urls.Inbox()
	err := c.getJSON(ctx, url, maxReply, &inbox, func() error { return checkInbox(url, &inbox) })
	if err != nil {
		return nil, err
	}
	return &inbox, nil
}

func checkInbox(url string, inbox *api.Inbox) error {
	if inbox.Transfers == nil && inbox.Invitations == nil {
		return &ReplyError{URL: url, Reason: "the answer lists neither transfers nor invitations", foreign: true}
	}
	for i := range inbox.Transfers {
		t := &inbox.Transfers[i]
		if t.Package.IsZero() {
			return &ReplyError{URL: url, Reason: "the answer lists the transfer of no package"}
		}
		if err := checkTransfer(url, t, t.Package, api.Pending); err != nil {
			return err
		}
	}
	for i := range inbox.Invitations {
		offer := &inbox.Invitations[i]
		if err := cmp.Or(ident.CheckScope(offer.Scope), ident.CheckLogin(offer.Login), ident.CheckLogin(textOr(offer.InvitedBy))); err != nil {
			return &ReplyError{URL: url, Reason: "the answer lists an invitation that cannot be: " + Printable(err.Error())}
		}
	}
	return nil
}
