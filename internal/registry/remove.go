package registry

import (
	"context"
	"fmt"
	"time"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/internal/sequencer"
	"github.com/ori-lang/registry/internal/store"
	"github.com/ori-lang/registry/translog"
)

// Remove takes a version out of the registry: its archive and README are deleted
// from wherever they are kept when it returns, its record stays and says why. Its
// number is never used again. It is for operators. The same again changes no
// record, and deletes what an earlier call may have failed to delete.
func (r *Registry) Remove(ctx context.Context, a Actor, ref ident.Ref, removal api.Removal) (*api.Version, error) {
	if err := r.requireOperatorOf(a, ref.Package); err != nil {
		return nil, err
	}
	if faults := append(checkReason(removal.Reason, api.RemovalReasons()...), checkMessage(removal.Message)...); len(faults) > 0 {
		return nil, invalid("the version cannot be removed so", faults)
	}
	v, err := r.version(ctx, ref)
	if err != nil {
		return nil, err
	}
	if err := r.erase(ctx, v, func() error { return r.recordRemoval(ctx, a, ref, removal) }); err != nil {
		return nil, err
	}
	metadata, err := r.Metadata(ctx, ref)
	if err != nil {
		return nil, err
	}
	return &metadata.Version, nil
}

// erase runs record, which ends the life of the version, and then deletes what
// that leaves: the file of a large archive, the past that the database keeps.
// From record on it goes through even when its caller has gone.
func (r *Registry) erase(ctx context.Context, v *store.Version, record func() error) error {
	name, err := r.newID("rm_")
	if err != nil {
		return err
	}
	recorded := false
	err = r.blobs.Remove(ctx, name, v.Checksum, func() error {
		err := record()
		recorded = err == nil
		return err
	}, r.OwnsArchive)
	if err != nil && !recorded {
		return unstored(err)
	}
	if err == nil {
		err = r.db.Scrub(context.WithoutCancel(ctx))
	}
	if err != nil {
		return fmt.Errorf("%w: %w", api.Errorf(api.Unavailable, "the version is removed and refused to everybody, but its bytes could not be deleted everywhere").
			WithHint("make the same call again: it deletes what is left"), err)
	}
	return nil
}

func (r *Registry) recordRemoval(ctx context.Context, a Actor, ref ident.Ref, removal api.Removal) error {
	reason, message := removal.Reason, textOf(removal.Message)
	return r.submit(context.WithoutCancel(ctx), func(ctx context.Context, tx *sequencer.Tx) error {
		if err := r.recheck(ctx, &tx.Reader, a); err != nil {
			return err
		}
		v, err := findVersion(ctx, &tx.Reader, ref)
		if err != nil {
			return err
		}
		if old := v.Removed; old != nil && old.Reason == reason && old.Message == message {
			return nil
		}
		err = r.recordLife(ctx, tx, a, v, func(l *store.Life) (*translog.Entry, func(time.Time)) {
			entry := &translog.Entry{Kind: translog.KindRemove, Reason: reason, Message: hashOf(message)}
			return entry, func(at time.Time) { l.Removed = &store.Removed{At: at, Reason: reason, Message: message} }
		})
		if err != nil {
			return err
		}
		return tx.EraseContent(ctx, ref, v.Checksum)
	})
}

// SetStatus makes a package active, archived (it takes no new versions) or
// quarantined (nothing of it can be downloaded). It is for operators.
func (r *Registry) SetStatus(ctx context.Context, a Actor, name ident.Package, change api.StatusChange) (*api.Package, error) {
	if err := r.requireOperatorOf(a, name); err != nil {
		return nil, err
	}
	switch change.Status {
	case api.Active, api.Archived, api.Quarantined:
	default:
		return nil, invalid("the package cannot get this status", valueFault("/status", "the status is none of active, archived, quarantined"))
	}
	err := r.submit(ctx, func(ctx context.Context, tx *sequencer.Tx) error {
		if err := r.recheck(ctx, &tx.Reader, a); err != nil {
			return err
		}
		p, err := tx.Package(ctx, name)
		if err != nil {
			return orProblem(err, noPackage(name))
		}
		if p.Status == string(change.Status) {
			return nil
		}
		entry := &translog.Entry{Kind: translog.KindStatus, Package: name, Status: string(change.Status), Actor: a.account.ID}
		if _, _, err := tx.Append(ctx, entry); err != nil {
			return err
		}
		if err := tx.SetStatus(ctx, name, string(change.Status)); err != nil {
			return err
		}
		return r.reindex(ctx, tx.Tx, name)
	})
	if err != nil {
		return nil, err
	}
	return r.Package(ctx, name)
}
