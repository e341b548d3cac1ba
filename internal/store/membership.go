package store

import (
	"context"
	"time"
)

// Invitation is the newest one of an account to a scope.
type Invitation struct {
	Scope     string
	Account   string // id of the invited
	Login     string // its login; read, not stored here
	Role      string
	Inviter   string // account id
	InvitedBy string // its login; read, not stored here
	Status    string // "pending" also when the invitation has lapsed
	CreatedAt time.Time
	ExpiresAt time.Time
}

const invitationColumns = `invitation.scope, invitation.account, account.login, invitation.role,
	invitation.inviter, inviter.login, invitation.status, invitation.created_at, invitation.expires_at
	FROM invitation JOIN account ON account.id = invitation.account JOIN account AS inviter ON inviter.id = invitation.inviter`

// Invitation gives the newest invitation of an account to a scope, or ErrNotFound.
func (r *Reader) Invitation(ctx context.Context, scope, account string) (*Invitation, error) {
	list, err := r.invitations(ctx, `SELECT `+invitationColumns+`
		WHERE invitation.scope = $1 AND invitation.account = $2`, scope, account)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, ErrNotFound
	}
	return &list[0], nil
}

// InvitationsTo gives at most limit invitations that wait for the account and
// have not lapsed by then, the oldest first.
func (r *Reader) InvitationsTo(ctx context.Context, account string, now time.Time, limit int) ([]Invitation, error) {
	return r.invitations(ctx, `SELECT `+invitationColumns+`
		WHERE invitation.account = $1 AND invitation.status = 'pending' AND invitation.expires_at > $2
		ORDER BY invitation.created_at, invitation.scope LIMIT $3`, account, micros(now), limit)
}

func (r *Reader) invitations(ctx context.Context, text string, args ...any) ([]Invitation, error) {
	var list []Invitation
	err := r.rows(ctx, func(scan func(...any) error) error {
		var i Invitation
		var created, expires int64
		err := scan(&i.Scope, &i.Account, &i.Login, &i.Role, &i.Inviter, &i.InvitedBy, &i.Status, &created, &expires)
		i.CreatedAt, i.ExpiresAt = fromMicros(created), fromMicros(expires)
		list = append(list, i)
		return err
	}, text, args...)
	return list, err
}

// SetInvitation stores the newest invitation of an account to a scope, in place
// of the one before.
func (t *Tx) SetInvitation(ctx context.Context, i Invitation) error {
	return t.exec(ctx, `INSERT INTO invitation (scope, account, role, inviter, status, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (scope, account) DO UPDATE SET role = excluded.role, inviter = excluded.inviter,
		status = excluded.status, created_at = excluded.created_at, expires_at = excluded.expires_at`,
		i.Scope, i.Account, i.Role, i.Inviter, i.Status, micros(i.CreatedAt), micros(i.ExpiresAt))
}

// EndInvitation gives the pending invitation of an account to a scope its last
// status; false when none is pending.
func (t *Tx) EndInvitation(ctx context.Context, scope, account, status string) (bool, error) {
	n, err := t.changed(ctx, `UPDATE invitation SET status = $3 WHERE scope = $1 AND account = $2 AND status = 'pending'`,
		scope, account, status)
	return n == 1, err
}

// EndInvitationsBy ends the pending invitations to the scope that the account made.
func (t *Tx) EndInvitationsBy(ctx context.Context, inviter, scope, status string) error {
	return t.exec(ctx, `UPDATE invitation SET status = $3 WHERE scope = $2 AND inviter = $1 AND status = 'pending'`,
		inviter, scope, status)
}

// SetMember gives an account a role in a scope, in place of the one it has.
func (t *Tx) SetMember(ctx context.Context, scope, account, role string) error {
	return t.exec(ctx, `INSERT INTO scope_member (scope, account, role) VALUES ($1, $2, $3)
		ON CONFLICT (scope, account) DO UPDATE SET role = excluded.role`, scope, account, role)
}

// RemoveMember takes an account's role in a scope away.
func (t *Tx) RemoveMember(ctx context.Context, scope, account string) error {
	return t.exec(ctx, `DELETE FROM scope_member WHERE scope = $1 AND account = $2`, scope, account)
}

// CountMembers gives the number of the scope's members in a role.
func (r *Reader) CountMembers(ctx context.Context, scope, role string) (n int64, err error) {
	err = r.row(ctx, []any{&n}, `SELECT COUNT(*) FROM scope_member WHERE scope = $1 AND role = $2`, scope, role)
	return n, err
}

// EachMember calls visit for every member of every scope.
func (r *Reader) EachMember(ctx context.Context, visit func(scope, account, role string) error) error {
	return r.rows(ctx, func(scan func(...any) error) error {
		var scope, account, role string
		if err := scan(&scope, &account, &role); err != nil {
			return err
		}
		return visit(scope, account, role)
	}, `SELECT scope, account, role FROM scope_member`)
}
