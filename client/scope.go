package client

import (
	"context"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/translog"
)

// checkClaim verifies what the registry says of a scope just claimed: that the
// entry it names is in the signed log, and gives the scope to this account.
func (c *Client) checkClaim(ctx context.Context, s *api.Scope) error {
	me, err := c.Me(ctx)
	if err != nil {
		return fmt.Errorf("asking whose the token is: %w", err)
	}
	e, err := c.entry(ctx, s.LogIndex)
	if err != nil {
		return fmt.Errorf("checking the claim of @%s in the log: %w", s.Scope, err)
	}
	if e.Kind != translog.KindScopeClaim || e.Scope != s.Scope || e.Actor != me.User.ID {
		return &TrustError{
			Failure: NotInLog,
			Detail: Printable(fmt.Sprintf("entry %d of the log is a %s of %s by %s, not the claim of @%s by %s",
				s.LogIndex, e.Kind, e.Subject(), e.Actor, s.Scope, me.User.ID)),
			Hint: "do not rely on the scope: nothing shows that it is yours; ask the registry's operators",
		}
	}
	return nil
}

// entry gives an entry of the log's newest tree, which must continue the one
// seen before: the bundle that holds it is compared with the tree's own hash.
func (c *Client) entry(ctx context.Context, index int64) (*translog.Entry, error) {
	v, err := c.Log(ctx)
	if err != nil {
		return nil, err
	}
	seen, err := c.checkpoint(ctx, v)
	if err != nil {
		return nil, err
	}
	if _, err := c.follow(ctx, v, seen); err != nil {
		return nil, err
	}
	if index < 0 || index >= seen.Tree.N {
		return nil, claimNotInLog("the log has %d entries, and none with the number %d", seen.Tree.N, index)
	}
	hashes, err := translog.TileHashes(ctx, seen.Tree, tileSource{c}).ReadHashes([]int64{tlog.StoredHashIndex(0, index)})
	if err != nil {
		return nil, unreachable(err)
	}
	text, err := c.entryText(ctx, seen.Tree, index)
	if err != nil {
		return nil, unreachable(err)
	}
	if translog.LeafHash(text) != hashes[0] {
		return nil, claimNotInLog("what the registry shows as entry %d is not what the log has signed", index)
	}
	return translog.ParseEntry(text)
}

// entryText reads an entry out of its bundle, unverified.
func (c *Client) entryText(ctx context.Context, tree tlog.Tree, index int64) ([]byte, error) {
	const maxBundle = translog.TileWidth * (2 + translog.MaxEntry)
	tile := tlog.Tile{H: translog.TileHeight, L: -1, N: index / translog.TileWidth}
	tile.W = int(min(translog.TileWidth, tree.N-tile.N*translog.TileWidth))
	url := c.urls.Log() + "/" + translog.TilePath(tile)
	data, err := c.getBytes(ctx, url, "application/octet-stream", maxBundle)
	if err != nil {
		return nil, err
	}
	entries, err := translog.ReadBundle(data, tile.W)
	if err != nil {
		return nil, &ReplyError{URL: url, Reason: Printable(err.Error())}
	}
	return entries[index%translog.TileWidth], nil
}

func claimNotInLog(format string, args ...any) error {
	failure := notInLog(format, args...)
	failure.Hint = "do not rely on it; try again later, and if it stays so, tell the registry's operators"
	return failure
}
