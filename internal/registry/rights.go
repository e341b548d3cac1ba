package registry

import (
	"context"
	"errors"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/internal/store"
)

// MayPublish reports whether the actor may publish the package, as far as can
// be said before the archive is read.
func (r *Registry) MayPublish(ctx context.Context, a Actor, p ident.Package) error {
	if err := r.Require(a, api.Publish); err != nil {
		return err
	}
	return r.checkPublisher(ctx, r.db.Reader(), a, p)
}

// checkPublisher asks whether the actor may publish a version of the package,
// and whether the package takes any.
func (r *Registry) checkPublisher(ctx context.Context, db *store.Reader, a Actor, name ident.Package) error {
	if err := r.checkManager(ctx, db, a, name); err != nil {
		return err
	}
	p, err := db.Package(ctx, name)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil
	case err != nil:
		return err
	}
	switch api.Status(p.Status) {
	case api.Archived:
		return api.Errorf(api.PackageArchived, "%s is archived and takes no new versions", name)
	case api.Quarantined:
		return inQuarantine(name)
	}
	return nil
}

// checkManager asks whether the actor may publish, yank and deprecate versions
// of the package: its token is good still and meant for the package, and its
// account has the right.
func (r *Registry) checkManager(ctx context.Context, db *store.Reader, a Actor, p ident.Package) error {
	if err := r.recheck(ctx, db, a); err != nil {
		return err
	}
	if err := a.requirePackage(p); err != nil {
		return err
	}
	return r.checkOwner(ctx, db, a, p)
}

// checkOwner asks whether the account may manage the package: as its owner
// after a transfer, else as a member of its scope.
func (r *Registry) checkOwner(ctx context.Context, db *store.Reader, a Actor, p ident.Package) error {
	existing, err := db.Package(ctx, p)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if err == nil && existing.Owner != "" {
		return mustOwn(existing.Owner == a.account.ID, p)
	}
	role, err := db.Role(ctx, p.Scope(), a.account.ID)
	if err != nil || role != "" {
		return err
	}
	if _, err := db.Scope(ctx, p.Scope()); err != nil {
		return orProblem(err, api.Errorf(api.ScopeNotClaimed, "the scope @%s is not claimed yet", p.Scope()).
			WithHint("claim it first: oripk scope claim @%s, or PUT /v1/scopes/%s", p.Scope(), p.Scope()))
	}
	return mustOwn(false, p)
}

func mustOwn(owns bool, p ident.Package) error {
	if owns {
		return nil
	}
	return api.Errorf(api.NotOwner, "this account may not publish or change %s", p).
		WithHint("ask an owner of the scope @%s", p.Scope())
}
