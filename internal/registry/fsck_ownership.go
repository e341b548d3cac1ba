package registry

import (
	"context"
	"errors"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/internal/store"
	"github.com/ori-lang/registry/translog"
)

// ownership is who owns what by the word of the log.
type ownership struct {
	roles  map[seat]string
	owners map[ident.Package]*translog.Entry // the last transfer
}

// seat is an account in a scope.
type seat struct{ scope, account string }

func newOwnership() ownership {
	return ownership{roles: make(map[seat]string), owners: make(map[ident.Package]*translog.Entry)}
}

// follow takes the next entry of the log in, and reports whether it is one
// about owners and members.
func (o ownership) follow(e *translog.Entry) bool {
	switch e.Kind {
	case translog.KindScopeClaim:
		o.roles[seat{e.Scope, e.Actor}] = string(api.Owner)
	case translog.KindMemberAdd:
		o.roles[seat{e.Scope, e.Member}] = e.Role
	case translog.KindMemberRemove:
		delete(o.roles, seat{e.Scope, e.Member})
	case translog.KindTransfer:
		o.owners[e.Package] = e
	default:
		return false
	}
	return true
}

// claims compares the entries that claim a scope with its row.
func (c *checker) claims(ctx context.Context, entries map[int64]*translog.Entry) error {
	for index, e := range entries {
		if e == nil || e.Kind != translog.KindScopeClaim {
			continue
		}
		c.scopes++
		same, err := c.isClaimed(ctx, index, e)
		if err != nil {
			return err
		}
		if !same {
			c.fault("scope @%s: its record differs from entry %d", e.Scope, index)
		}
	}
	return nil
}

func (c *checker) isClaimed(ctx context.Context, index int64, e *translog.Entry) (bool, error) {
	scope, err := c.db.Scope(ctx, e.Scope)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	alike, err := c.db.ScopeByFold(ctx, ident.Fold(e.Scope))
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return scope.LogIndex == index && scope.ClaimedAt.Equal(e.Time) && alike == e.Scope, err
}

// memberRows compares the members of all scopes with those in the log.
func (c *checker) memberRows(ctx context.Context) error {
	err := c.db.EachMember(ctx, func(scope, account, role string) error {
		if want := c.roles[seat{scope, account}]; role != want {
			c.fault("scope @%s: its record gives %s the role %q, the log %q", scope, account, role, want)
		}
		delete(c.roles, seat{scope, account})
		return nil
	})
	for s, role := range c.roles {
		c.fault("scope @%s: the log gives %s the role %q, and its record none", s.scope, s.account, role)
	}
	return err
}

// owner compares the owner of a package with the one in the log.
func (c *checker) owner(p *store.Package) {
	transfer, changed := c.owners[p.Name], p.OwnershipChangedAt
	delete(c.owners, p.Name)
	switch {
	case transfer == nil && (p.Owner != "" || changed != nil):
		c.fault("%s: its record says that it was transferred, the log does not", p.Name)
	case transfer != nil && (p.Owner != transfer.To || changed == nil || !changed.Equal(transfer.Time)):
		c.fault("%s: its owner or the time of its transfer differs from what the log says", p.Name)
	}
}
