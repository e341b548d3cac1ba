package registry

import (
	"context"
	"time"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/internal/sequencer"
	"github.com/ori-lang/registry/internal/store"
)

// AcceptInvitation makes the actor's account, whose login is named, a member of
// the scope. One that is a member already stays so. It needs admin.
func (r *Registry) AcceptInvitation(ctx context.Context, a Actor, scope, login string) (*api.Invitation, error) {
	if err := r.mayAnswer(a, scope, login); err != nil {
		return nil, err
	}
	var m *membership
	err := r.submit(ctx, func(ctx context.Context, tx *sequencer.Tx) (err error) {
		m, err = r.join(ctx, tx, a, scope)
		return err
	})
	if err != nil {
		return nil, err
	}
	return r.wireMembership(m), nil
}

func (r *Registry) mayAnswer(a Actor, scope, login string) error {
	if err := r.mayManage(a, scope, login); err != nil {
		return err
	}
	if login != a.account.Login {
		return api.Errorf(api.NotOwner, "the invitation of %s is not for this account to answer", login)
	}
	return nil
}

func (r *Registry) join(ctx context.Context, tx *sequencer.Tx, a Actor, scope string) (*membership, error) {
	m, err := r.memberForItself(ctx, &tx.Reader, a, scope)
	if err != nil || m.isMember() {
		return m, err
	}
	if err := r.mustBeInvited(m); err != nil {
		return nil, err
	}
	i := m.invitation
	if err := stillInvited(ctx, &tx.Reader, i); err != nil {
		return nil, err
	}
	ended, err := tx.EndInvitation(ctx, scope, i.Account, string(api.Accepted))
	if err == nil && !ended { // on PostgreSQL a decline or withdrawal can come between
		err = notInvited(m)
	}
	if err != nil {
		return nil, err
	}
	i.Status = string(api.Accepted)
	return m, recordMember(ctx, tx, m, api.Role(i.Role), i.Inviter)
}

// stillInvited asks for the inviter's right once more. It can be gone although the
// invitation is pending: on PostgreSQL an invitation and the loss of the right can cross.
func stillInvited(ctx context.Context, db *store.Reader, i *store.Invitation) error {
	owns, err := ownsScope(ctx, db, i.Inviter, i.Scope)
	if err == nil && !owns {
		err = api.Errorf(api.NotFound, "%s is no owner of @%s any more, and the invitation ended with that", i.InvitedBy, i.Scope)
	}
	return err
}

func (r *Registry) mustBeInvited(m *membership) error {
	i := m.invitation
	if i != nil && r.standing(i.Status, i.ExpiresAt) == api.Expired {
		return api.Errorf(api.NotFound, "the invitation to @%s lapsed at %s", m.scope, i.ExpiresAt.Format(time.RFC3339)).
			WithHint("ask an owner of the scope for a new one")
	}
	if !r.isInvited(m) {
		return notInvited(m)
	}
	return nil
}

func notInvited(m *membership) *api.Problem {
	return api.Errorf(api.NotFound, "no invitation of %s to @%s is pending", m.account.Login, m.scope)
}

// DeclineInvitation ends the invitation of the actor's account, whose login is
// named. One that was declined already stays so. It needs admin.
func (r *Registry) DeclineInvitation(ctx context.Context, a Actor, scope, login string) (*api.Invitation, error) {
	if err := r.mayAnswer(a, scope, login); err != nil {
		return nil, err
	}
	var m *membership
	err := r.write(ctx, func(tx *store.Tx) (err error) {
		if m, err = r.memberForItself(ctx, &tx.Reader, a, scope); err != nil || m.hasDeclined() {
			return err
		}
		if err := r.mustBeInvited(m); err != nil {
			return err
		}
		m.invitation.Status = string(api.Declined)
		_, err = tx.EndInvitation(ctx, scope, m.account.ID, m.invitation.Status)
		return err
	})
	if err != nil {
		return nil, err
	}
	return r.wireMembership(m), nil
}

func (m *membership) hasDeclined() bool {
	return !m.isMember() && m.invitation != nil && api.OfferStatus(m.invitation.Status) == api.Declined
}

// wireMembership shows how an account stands to a scope: as a member, which is
// an invitation accepted, or by its newest invitation.
func (r *Registry) wireMembership(m *membership) *api.Invitation {
	if m.invitation == nil { // whoever claimed the scope
		return &api.Invitation{Scope: m.scope, Login: m.account.Login, Role: m.role, Status: api.Accepted}
	}
	return r.wireInvitation(m.invitation)
}

func (r *Registry) wireInvitation(i *store.Invitation) *api.Invitation {
	return &api.Invitation{
		Scope: i.Scope, Login: i.Login, Role: api.Role(i.Role), Status: r.standing(i.Status, i.ExpiresAt),
		InvitedBy: &i.InvitedBy, CreatedAt: timeOrNull(&i.CreatedAt), ExpiresAt: timeOrNull(&i.ExpiresAt),
	}
}
