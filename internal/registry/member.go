package registry

import (
	"cmp"
	"context"
	"errors"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/internal/sequencer"
	"github.com/ori-lang/registry/internal/store"
	"github.com/ori-lang/registry/translog"
)

// A scope gets a new member in two steps: an owner invites, and the invited
// accepts. An invitation is worth what the right of its inviter is worth: it
// ends with that right, which is asked again at the acceptance. Nobody who was
// put out of a scope comes back by an invitation of before.

// SetMember invites an account to a scope; invited is false when it was invited
// so before. Who is a member already has the role at once. It needs admin, and
// the role of an owner.
func (r *Registry) SetMember(ctx context.Context, a Actor, scope, login string, role api.Role) (i *api.Invitation, invited bool, err error) {
	if err := r.mayManage(a, scope, login); err != nil {
		return nil, false, err
	}
	if role != api.Owner && role != api.MemberOfTeam {
		return nil, false, invalidValue("/role", `the role is neither "owner" nor "member"`)
	}
	m, err := r.memberForOwner(ctx, r.db.Reader(), a, scope, login)
	switch {
	case err != nil:
		return nil, false, err
	case m.isMember():
		err = r.submit(ctx, func(ctx context.Context, tx *sequencer.Tx) (err error) {
			m, err = r.changeRole(ctx, tx, a, scope, login, role)
			return err
		})
	default:
		err = r.write(ctx, func(tx *store.Tx) (err error) {
			m, invited, err = r.invite(ctx, tx, a, scope, login, role)
			return err
		})
	}
	if err != nil {
		return nil, false, err
	}
	return r.wireMembership(m), invited, nil
}

// mayManage asks what every call needs that changes members.
func (r *Registry) mayManage(a Actor, scope, login string) error {
	if err := r.Require(a, api.Admin); err != nil {
		return err
	}
	if err := cmp.Or(ident.CheckScope(scope), ident.CheckLogin(login)); err != nil {
		return api.Errorf(api.InvalidName, "%v", err)
	}
	if !patternsCover(a.token.Packages, "@"+scope+"/*") {
		return api.Errorf(api.TokenPackageMismatch, "this token is not for all packages of @%s", scope)
	}
	return nil
}

// membership is how an account stands to a scope.
type membership struct {
	scope      string
	account    *store.Account
	role       api.Role          // "": it is no member
	invitation *store.Invitation // the newest; nil: there is none
}

func (m *membership) isMember() bool { return m.role != "" }

// memberForOwner gives how an account stands to a scope, to the scope's owners.
func (r *Registry) memberForOwner(ctx context.Context, db *store.Reader, a Actor, scope, login string) (*membership, error) {
	if err := r.mayEnter(ctx, db, a, scope); err != nil {
		return nil, err
	}
	if err := mustOwnScope(ctx, db, a, scope); err != nil {
		return nil, err
	}
	account, err := db.AccountByLogin(ctx, login)
	if err != nil {
		return nil, orProblem(err, noUser(login))
	}
	return membershipOf(ctx, db, scope, account)
}

// memberForItself gives how the actor's account stands to a scope.
func (r *Registry) memberForItself(ctx context.Context, db *store.Reader, a Actor, scope string) (*membership, error) {
	if err := r.mayEnter(ctx, db, a, scope); err != nil {
		return nil, err
	}
	return membershipOf(ctx, db, scope, a.account)
}

// mayEnter asks whether the token is good still, and whether there is a scope.
func (r *Registry) mayEnter(ctx context.Context, db *store.Reader, a Actor, scope string) error {
	if err := r.recheck(ctx, db, a); err != nil {
		return err
	}
	_, err := db.Scope(ctx, scope)
	return orProblem(err, api.Errorf(api.ScopeNotClaimed, "the scope @%s is not claimed yet", scope))
}

func mustOwnScope(ctx context.Context, db *store.Reader, a Actor, scope string) error {
	owns, err := ownsScope(ctx, db, a.account.ID, scope)
	if err == nil && !owns {
		err = api.Errorf(api.NotOwner, "this account is no owner of the scope @%s", scope).
			WithHint("its owners may do this: GET /v1/scopes/%s names them", scope)
	}
	return err
}

func ownsScope(ctx context.Context, db *store.Reader, account, scope string) (bool, error) {
	role, err := db.Role(ctx, scope, account)
	return api.Role(role) == api.Owner, err
}

func membershipOf(ctx context.Context, db *store.Reader, scope string, account *store.Account) (*membership, error) {
	role, err := db.Role(ctx, scope, account.ID)
	if err != nil {
		return nil, err
	}
	m := &membership{scope: scope, account: account, role: api.Role(role)}
	m.invitation, err = db.Invitation(ctx, scope, account.ID)
	if errors.Is(err, store.ErrNotFound) {
		m.invitation, err = nil, nil
	}
	return m, err
}

func (r *Registry) invite(ctx context.Context, tx *store.Tx, a Actor, scope, login string, role api.Role) (m *membership, invited bool, err error) {
	m, err = r.memberForOwner(ctx, &tx.Reader, a, scope, login)
	switch {
	case err != nil:
		return nil, false, err
	case m.isMember():
		return nil, false, changedMeanwhile(scope, login)
	case r.isInvited(m) && m.invitation.Role == string(role):
		return m, false, nil
	}
	return m, true, r.setInvitation(ctx, tx, a, m, role, api.Pending)
}

// isInvited reports whether the account may become a member by its own doing.
func (r *Registry) isInvited(m *membership) bool {
	i := m.invitation
	return i != nil && !m.isMember() && r.standing(i.Status, i.ExpiresAt) == api.Pending
}

// setInvitation records who offered the account which role.
func (r *Registry) setInvitation(ctx context.Context, tx *store.Tx, a Actor, m *membership, role api.Role, status api.OfferStatus) error {
	now := r.now()
	m.invitation = &store.Invitation{
		Scope: m.scope, Account: m.account.ID, Login: m.account.Login, Role: string(role),
		Inviter: a.account.ID, InvitedBy: a.account.Login, Status: string(status), CreatedAt: now, ExpiresAt: now.Add(offerLife),
	}
	return tx.SetInvitation(ctx, *m.invitation)
}

// changeRole gives a member another role.
func (r *Registry) changeRole(ctx context.Context, tx *sequencer.Tx, a Actor, scope, login string, role api.Role) (*membership, error) {
	m, err := r.memberForOwner(ctx, &tx.Reader, a, scope, login)
	switch {
	case err != nil:
		return nil, err
	case !m.isMember():
		return nil, changedMeanwhile(scope, login)
	case m.role == role:
		return m, nil
	}
	if err := endOwnership(ctx, tx, m); err != nil {
		return nil, err
	}
	if err := recordMember(ctx, tx, m, role, a.account.ID); err != nil {
		return nil, err
	}
	return m, r.setInvitation(ctx, tx.Tx, a, m, role, api.Accepted)
}

// recordMember records that the account has the role from now on, on the word
// of an owner: the actor.
func recordMember(ctx context.Context, tx *sequencer.Tx, m *membership, role api.Role, actor string) error {
	m.role = role
	entry := &translog.Entry{Kind: translog.KindMemberAdd, Scope: m.scope, Member: m.account.ID, Role: string(role), Actor: actor}
	if _, _, err := tx.Append(ctx, entry); err != nil {
		return err
	}
	return tx.SetMember(ctx, m.scope, m.account.ID, string(role))
}

// endOwnership prepares that an owner becomes none, be the account one: there
// must be others, and what the owner has offered ends.
func endOwnership(ctx context.Context, tx *sequencer.Tx, m *membership) error {
	if m.role != api.Owner {
		return nil
	}
	owners, err := tx.CountMembers(ctx, m.scope, string(api.Owner))
	if err != nil {
		return err
	}
	if owners == 1 {
		return api.Errorf(api.LastOwner, "%s is the last owner of @%s", m.account.Login, m.scope).
			WithHint("make somebody else an owner first")
	}
	if err := tx.EndInvitationsBy(ctx, m.account.ID, m.scope, string(api.Cancelled)); err != nil {
		return err
	}
	return tx.EndTransfersOf(ctx, m.account.ID, m.scope, string(api.Cancelled))
}

// RemoveMember ends the membership of an account, or its invitation; where there
// is neither, nothing changes. It needs admin, and the role of an owner unless it
// is for the actor's own account.
func (r *Registry) RemoveMember(ctx context.Context, a Actor, scope, login string) error {
	if err := r.mayManage(a, scope, login); err != nil {
		return err
	}
	m, err := r.memberForEither(ctx, r.db.Reader(), a, scope, login)
	switch {
	case err != nil:
		return err
	case m.isMember():
		return r.submit(ctx, func(ctx context.Context, tx *sequencer.Tx) error { return r.remove(ctx, tx, a, scope, login) })
	case r.isInvited(m):
		return r.write(ctx, func(tx *store.Tx) error { return r.withdraw(ctx, tx, a, scope, login) })
	}
	return nil
}

// memberForEither gives how an account stands to a scope, to the scope's owners and to
// the account itself.
func (r *Registry) memberForEither(ctx context.Context, db *store.Reader, a Actor, scope, login string) (*membership, error) {
	if login == a.account.Login {
		return r.memberForItself(ctx, db, a, scope)
	}
	return r.memberForOwner(ctx, db, a, scope, login)
}

func (r *Registry) remove(ctx context.Context, tx *sequencer.Tx, a Actor, scope, login string) error {
	m, err := r.memberForEither(ctx, &tx.Reader, a, scope, login)
	if err != nil || !m.isMember() {
		return err
	}
	if err := endOwnership(ctx, tx, m); err != nil {
		return err
	}
	entry := &translog.Entry{Kind: translog.KindMemberRemove, Scope: scope, Member: m.account.ID, Role: string(m.role), Actor: a.account.ID}
	if _, _, err := tx.Append(ctx, entry); err != nil {
		return err
	}
	return tx.RemoveMember(ctx, scope, m.account.ID)
}

func (r *Registry) withdraw(ctx context.Context, tx *store.Tx, a Actor, scope, login string) error {
	m, err := r.memberForEither(ctx, &tx.Reader, a, scope, login)
	if err != nil {
		return err
	}
	if m.isMember() {
		return changedMeanwhile(scope, login)
	}
	_, err = tx.EndInvitation(ctx, scope, m.account.ID, string(api.Cancelled))
	return err
}

// changedMeanwhile answers a call that found a membership other than it was when
// the call began.
func changedMeanwhile(scope, login string) *api.Problem {
	return api.Errorf(api.Unavailable, "the membership of %s in @%s was changed at the same moment; try again", login, scope)
}
