package registry

import (
	"context"
	"errors"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/internal/sequencer"
	"github.com/ori-lang/registry/internal/store"
	"github.com/ori-lang/registry/translog"
)

// Scope gives a claimed scope and its members.
func (r *Registry) Scope(ctx context.Context, name string) (*api.Scope, error) {
	if err := ident.CheckScope(name); err != nil {
		return nil, api.Errorf(api.InvalidName, "%v", err)
	}
	var wire *api.Scope
	err := r.db.Snapshot(ctx, func(db *store.Reader) error {
		scope, err := db.Scope(ctx, name)
		if err != nil {
			return orProblem(err, api.Errorf(api.NotFound, "nobody has claimed the scope @%s", name))
		}
		members, err := wireMembers(ctx, db, name)
		wire = &api.Scope{Scope: name, ClaimedAt: api.NewTime(scope.ClaimedAt), Members: members, LogIndex: scope.LogIndex}
		return err
	})
	return wire, err
}

func wireMembers(ctx context.Context, db *store.Reader, scope string) ([]api.Member, error) {
	members, err := db.Members(ctx, scope)
	wire := []api.Member{}
	for _, m := range members {
		wire = append(wire, api.Member{Login: m.Login, Role: api.Role(m.Role)})
	}
	return wire, err
}

// ClaimScope gives a free scope to the actor, who becomes its owner. A scope
// that the actor owns already stays so: created is false then. It needs publish.
func (r *Registry) ClaimScope(ctx context.Context, a Actor, name string) (scope *api.Scope, created bool, err error) {
	if err := r.mayClaim(a, name); err != nil {
		return nil, false, err
	}
	var isNew bool // the change may still run, and write this, when ctx has ended: it is read after a success only
	err = r.submit(ctx, func(ctx context.Context, tx *sequencer.Tx) (err error) {
		isNew, err = r.claim(ctx, tx, a, name)
		return err
	})
	if err != nil {
		return nil, false, err
	}
	scope, err = r.Scope(ctx, name)
	return scope, isNew, err
}

func (r *Registry) mayClaim(a Actor, name string) error {
	if err := r.Require(a, api.Publish); err != nil {
		return err
	}
	if err := ident.CheckScope(name); err != nil {
		return api.Errorf(api.InvalidName, "%v", err)
	}
	if ident.Reserved(name) {
		return api.Errorf(api.NameReserved, "the scope @%s is reserved", name)
	}
	if !patternsCover(a.token.Packages, "@"+name+"/*") {
		return api.Errorf(api.TokenPackageMismatch, "this token is not for all packages of @%s", name)
	}
	return nil
}

func (r *Registry) claim(ctx context.Context, tx *sequencer.Tx, a Actor, name string) (created bool, err error) {
	if err := r.recheck(ctx, &tx.Reader, a); err != nil {
		return false, err
	}
	similar, err := tx.ScopeByFold(ctx, ident.Fold(name))
	switch {
	case errors.Is(err, store.ErrNotFound):
		return true, r.recordClaim(ctx, tx, a, name)
	case err != nil:
		return false, err
	case similar != name:
		return false, api.Errorf(api.NameTooSimilar, "the scope @%s exists, and @%s differs from it by hyphens only", similar, name)
	}
	role, err := tx.Role(ctx, name, a.account.ID)
	if err == nil && api.Role(role) != api.Owner {
		err = api.Errorf(api.ScopeTaken, "the scope @%s belongs to somebody else", name)
	}
	return false, err
}

func (r *Registry) recordClaim(ctx context.Context, tx *sequencer.Tx, a Actor, name string) error {
	entry := &translog.Entry{Kind: translog.KindScopeClaim, Scope: name, Actor: a.account.ID}
	index, _, err := tx.Append(ctx, entry)
	if err != nil {
		return err
	}
	scope := store.Scope{Name: name, ClaimedAt: entry.Time, LogIndex: index}
	if err := tx.AddScope(ctx, scope, ident.Fold(name)); err != nil {
		return err
	}
	return tx.SetMember(ctx, name, a.account.ID, string(api.Owner))
}
