package registry

import (
	"context"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/ori-lang/registry/ident"
)

// Proof gives the tlog-proof of a version's publish entry.
func (r *Registry) Proof(ctx context.Context, ref ident.Ref) ([]byte, error) {
	v, err := r.version(ctx, ref)
	if err != nil {
		return nil, err
	}
	return r.log.Proof(ctx, v.LogIndex)
}

// Checkpoint gives the log's newest checkpoint, which covers everything that
// any earlier reply has shown.
func (r *Registry) Checkpoint(ctx context.Context) ([]byte, error) { return r.log.Checkpoint(ctx) }

// Tile gives a tile of the log, or at level -1 a bundle of entries; the error
// is not_found for what the log has not grown to.
func (r *Registry) Tile(ctx context.Context, t tlog.Tile) ([]byte, error) { return r.log.Tile(ctx, t) }
