package registry

import (
	"context"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/internal/store"
)

// maxInbox bounds each list of an inbox. What was answered makes room.
const maxInbox = 100

// Inbox gives the offers that wait for the actor's answer, the oldest first. It
// needs any token.
func (r *Registry) Inbox(ctx context.Context, a Actor) (*api.Inbox, error) {
	if err := r.Require(a, api.Read); err != nil {
		return nil, err
	}
	inbox := &api.Inbox{Transfers: []api.Transfer{}, Invitations: []api.Invitation{}}
	err := r.db.Snapshot(ctx, func(db *store.Reader) error {
		transfers, err := db.TransfersTo(ctx, a.account.ID, r.now(), maxInbox)
		if err != nil {
			return err
		}
		invitations, err := db.InvitationsTo(ctx, a.account.ID, r.now(), maxInbox)
		for i := range transfers {
			inbox.Transfers = append(inbox.Transfers, *r.wireTransfer(&transfers[i]))
		}
		for i := range invitations {
			inbox.Invitations = append(inbox.Invitations, *r.wireInvitation(&invitations[i]))
		}
		return err
	})
	return inbox, err
}
