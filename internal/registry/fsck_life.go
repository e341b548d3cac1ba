package registry

import (
	"context"
	"errors"
	"time"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/internal/store"
	"github.com/ori-lang/registry/translog"
)

// life is what the log says became of a version: the newest entry of each kind
// that still holds.
type life struct{ yanked, deprecated, removed *translog.Entry }

// follow replays what some entries say of versions, packages and scopes, in their order.
func (c *checker) follow(start, count int64, entries map[int64]*translog.Entry) {
	for index := start; index < start+count; index++ {
		switch e := entries[index]; {
		case e == nil:
		case e.Kind == translog.KindPublish:
			if _, ok := c.created[e.Package]; !ok {
				c.created[e.Package] = e.Time
			}
		case e.Kind == translog.KindStatus:
			c.statuses[e.Package] = api.Status(e.Status)
		case c.ownership.follow(e):
		default:
			c.followVersion(e)
		}
	}
}

func (c *checker) followVersion(e *translog.Entry) {
	ref := ident.Ref{Package: e.Package, Version: e.Version}
	l := c.lives[ref]
	if l == nil {
		l = &life{}
	}
	switch e.Kind {
	case translog.KindYank:
		l.yanked = e
	case translog.KindUnyank:
		l.yanked = nil
	case translog.KindDeprecate:
		l.deprecated = e
	case translog.KindUndeprecate:
		l.deprecated = nil
	case translog.KindRemove:
		l.removed = e
	default:
		return
	}
	c.lives[ref] = l
}

// lifeRows compares what the log says became of the versions with their rows.
func (c *checker) lifeRows(ctx context.Context) error {
	var removed []ident.Ref
	err := c.db.EachLife(ctx, func(ref ident.Ref, row store.Life) error {
		l := c.lives[ref]
		delete(c.lives, ref)
		if l == nil || !l.is(row) {
			c.fault("%s: what became of it differs from what the log says", ref)
		}
		if row.Removed != nil {
			removed = append(removed, ref)
		}
		return nil
	})
	for ref, l := range c.lives {
		if *l != (life{}) {
			c.fault("%s: the log says that something became of it, and its record does not", ref)
		}
	}
	for _, ref := range removed {
		err = errors.Join(err, c.erased(ctx, ref))
	}
	return err
}

// erased looks for what should be gone with a version that was removed.
func (c *checker) erased(ctx context.Context, ref ident.Ref) error {
	sum, err := c.db.ChecksumOf(ctx, ref)
	if err != nil {
		return err
	}
	kept, err := c.db.HasArchive(ctx, sum)
	if err != nil {
		return err
	}
	_, err = c.db.Readme(ctx, ref)
	if kept || err == nil {
		c.fault("%s was removed and its archive or README is still there", ref)
	}
	if errors.Is(err, store.ErrNotFound) {
		err = nil
	}
	return err
}

func (l *life) is(row store.Life) bool {
	return (l.yanked == nil) == (row.Yanked == nil) &&
		(l.deprecated == nil) == (row.Deprecated == nil) &&
		(l.removed == nil) == (row.Removed == nil) &&
		(l.yanked == nil || says(l.yanked, row.Yanked.At, row.Yanked.Reason, row.Yanked.Message)) &&
		(l.deprecated == nil || says(l.deprecated, row.Deprecated.At, "", row.Deprecated.Message) && l.deprecated.Replacement == row.Deprecated.Replacement) &&
		(l.removed == nil || says(l.removed, row.Removed.At, row.Removed.Reason, row.Removed.Message))
}

func says(e *translog.Entry, at time.Time, reason, message string) bool {
	sum := hashOf(message)
	return e.Time.Equal(at) && e.Reason == reason &&
		(sum == nil) == (e.Message == nil) && (sum == nil || *sum == *e.Message)
}
