package sequencer

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/internal/store"
	"github.com/ori-lang/registry/translog"
)

// Checkpoint gives a signed checkpoint that covers all that is committed when
// it is asked for.
func (s *Sequencer) Checkpoint(ctx context.Context) ([]byte, error) {
	head, err := s.Newest(ctx)
	if err != nil {
		return nil, err
	}
	return head.Checkpoint, nil
}

// Proof gives the tlog-proof of the entry with this index, with the entry as
// its extra data.
func (s *Sequencer) Proof(ctx context.Context, index int64) ([]byte, error) {
	head, err := s.Head(ctx, index+1)
	if err != nil {
		return nil, err
	}
	reader := s.db.Reader()
	entry, err := reader.Entry(ctx, index)
	if err != nil {
		return nil, fmt.Errorf("reading entry %d: %w", index, err)
	}
	return head.prove(index, entry, &hashReader{ctx: ctx, r: reader})
}

// Proofs gives the tlog-proofs of the entries with these indexes, by index, all
// with the same checkpoint. Neighbours share the tiles that are read for them.
func (s *Sequencer) Proofs(ctx context.Context, indexes []int64) (map[int64][]byte, error) {
	if len(indexes) == 0 {
		return nil, nil
	}
	sorted := slices.Compact(slices.Sorted(slices.Values(indexes)))
	head, err := s.Head(ctx, sorted[len(sorted)-1]+1)
	if err != nil {
		return nil, err
	}
	reader := s.db.Reader()
	entries := make(map[int64][]byte, len(sorted))
	err = reader.EntriesAt(ctx, sorted, func(index int64, entry []byte) error {
		entries[index] = entry
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading entries: %w", err)
	}
	proofs := make(map[int64][]byte, len(sorted))
	hashes := &hashReader{ctx: ctx, r: reader}
	for _, index := range sorted {
		entry, ok := entries[index]
		if !ok {
			return nil, fmt.Errorf("reading entry %d: %w", index, store.ErrNotFound)
		}
		if proofs[index], err = head.prove(index, entry, hashes); err != nil {
			return nil, err
		}
	}
	return proofs, ctx.Err()
}

// prove gives the tlog-proof that the tree holds the entry.
func (h *Head) prove(index int64, entry []byte, hashes tlog.HashReader) ([]byte, error) {
	inclusion, err := tlog.ProveRecord(h.Tree.N, index, hashes)
	if err != nil {
		return nil, fmt.Errorf("proving entry %d: %w", index, err)
	}
	return translog.FormatProof(index, entry, inclusion, h.Checkpoint), nil
}

// Tile gives a tile of hashes or, at level -1, a bundle of entries: exactly
// t.W of them. The error is api.NotFound when the log is not that large yet.
func (s *Sequencer) Tile(ctx context.Context, t tlog.Tile) ([]byte, error) {
	if t.N > math.MaxInt64/translog.TileWidth-1 {
		return nil, noTile(t)
	}
	if t.L < 0 {
		return s.bundle(ctx, t)
	}
	data, err := s.db.Reader().Tile(ctx, t.L, t.N)
	if errors.Is(err, store.ErrNotFound) || err == nil && len(data) < t.W*tlog.HashSize {
		return nil, noTile(t)
	}
	if err != nil {
		return nil, fmt.Errorf("reading tile: %w", err)
	}
	return data[:t.W*tlog.HashSize], nil
}

func (s *Sequencer) bundle(ctx context.Context, t tlog.Tile) ([]byte, error) {
	var bundle []byte
	found := 0
	err := s.db.Reader().Entries(ctx, t.N*translog.TileWidth, int64(t.W), func(_ int64, entry []byte) (err error) {
		found++
		bundle, err = translog.AppendBundleEntry(bundle, entry)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading entry bundle: %w", err)
	}
	if found < t.W {
		return nil, noTile(t)
	}
	return bundle, nil
}

func noTile(t tlog.Tile) error {
	return api.Errorf(api.NotFound, "the log has no %s yet", translog.TilePath(t))
}
