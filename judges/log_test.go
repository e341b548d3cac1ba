package judges

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	tessera "github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/ori-lang/registry/internal/sequencer"
	"github.com/ori-lang/registry/internal/server"
	"github.com/ori-lang/registry/internal/store"
	"github.com/ori-lang/registry/translog"
)

const origin = "judged.example/log"

// sizes are those at which a tile is the open entry alone, one short of full,
// full, and one over, and one whose tiles have three levels.
var sizes = []int64{1, 255, 256, 257, 70_000}

// judged is a running registry whose log is to be judged.
type judged struct {
	t        *testing.T
	data     string
	base     *url.URL
	verifier note.Verifier
	fetcher  *client.HTTPFetcher
}

// grow appends entries to the log until it has so many, with no server running.
func (j *judged) grow(size int64) {
	j.t.Helper()
	db, err := store.Open(j.t.Context(), "sqlite:"+filepath.Join(j.data, "registry.db"))
	must(j.t, err)
	sequence, err := sequencer.Open(context.WithoutCancel(j.t.Context()), db, sequencer.Options{
		KeyDir: filepath.Join(j.data, "keys"), Origin: origin, Now: time.Now, Rand: rand.Reader, Log: slog.New(slog.DiscardHandler),
	})
	must(j.t, err)
	state, err := db.Reader().LogState(j.t.Context())
	must(j.t, err)
	for next := state.Size; next < size; next += 1000 {
		must(j.t, sequence.Submit(j.t.Context(), func(ctx context.Context, tx *sequencer.Tx) error {
			for n := next; n < min(next+1000, size); n++ {
				if _, _, err := tx.Append(ctx, &translog.Entry{Kind: translog.KindScopeClaim, Scope: fmt.Sprintf("s%d", n), Actor: "u_12345678"}); err != nil {
					return err
				}
			}
			return nil
		}))
	}
	must(j.t, sequence.Close())
	must(j.t, db.Close())
}

// serve starts the server over the log and reads its key from discovery.
func (j *judged) serve(t *testing.T) {
	t.Helper()
	srv, err := server.Open(t.Context(), server.Config{Data: j.data, Listen: "127.0.0.1:0"}, slog.New(slog.DiscardHandler))
	must(t, err)
	t.Cleanup(func() { must(t, srv.Close()) })
	web := httptest.NewServer(srv.Handler())
	t.Cleanup(web.Close)
	j.base, err = url.Parse(web.URL + "/log/")
	must(t, err)
	j.verifier, err = note.NewVerifier(srv.LogKey())
	must(t, err)
	j.fetcher, err = client.NewHTTPFetcher(j.base, http.DefaultClient)
	must(t, err)
}

// checkpoint reads the newest checkpoint with the parser of formats.
func (j *judged) checkpoint(t *testing.T) *log.Checkpoint {
	t.Helper()
	text, err := j.fetcher.ReadCheckpoint(t.Context())
	must(t, err)
	checkpoint, rest, _, err := log.ParseCheckpoint(text, origin, j.verifier)
	must(t, err)
	if len(rest) > 0 {
		t.Errorf("the checkpoint goes on with %q", rest)
	}
	return checkpoint
}

// leafHashes reads a bundle as C2SP tlog-tiles has it, with tessera's parser.
func leafHashes(bundle []byte) (hashes [][]byte, err error) {
	var entries tessera.EntryBundle
	if err := entries.UnmarshalText(bundle); err != nil {
		return nil, err
	}
	for _, entry := range entries.Entries {
		hashes = append(hashes, rfc6962.DefaultHasher.HashLeaf(entry))
	}
	return hashes, nil
}

func TestTesseraFsck(t *testing.T) {
	j := &judged{t: t, data: t.TempDir()}
	var before *log.Checkpoint
	for _, size := range sizes {
		j.grow(size)
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			j.serve(t)
			checkpoint := j.checkpoint(t)
			if checkpoint.Size != uint64(size) {
				t.Fatalf("the checkpoint is of %d entries", checkpoint.Size)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			must(t, fsck.New(origin, j.verifier, j.fetcher, leafHashes, fsck.Opts{N: 4}).Check(ctx))
			j.checkInclusion(t, checkpoint)
			if before != nil {
				j.checkConsistency(t, before, checkpoint)
			}
			before = checkpoint
		})
	}
}

// A judge that finds nothing must be able to find something.
func TestTesseraFsckSeesAChangedTile(t *testing.T) {
	j := &judged{t: t, data: t.TempDir()}
	j.grow(300)
	j.serve(t)
	lying := lyingFetcher{j.fetcher}
	if err := fsck.New(origin, j.verifier, lying, leafHashes, fsck.Opts{N: 4}).Check(t.Context()); err == nil {
		t.Error("a changed tile was not noticed")
	}
}

type lyingFetcher struct{ *client.HTTPFetcher }

func (f lyingFetcher) ReadTile(ctx context.Context, l, i uint64, p uint8) ([]byte, error) {
	tile, err := f.HTTPFetcher.ReadTile(ctx, l, i, p)
	if err == nil {
		tile[len(tile)/2] ^= 1
	}
	return tile, err
}

// checkInclusion proves random entries from our tiles and lets merkle check.
func (j *judged) checkInclusion(t *testing.T, c *log.Checkpoint) {
	t.Helper()
	reader := j.hashes(t, c)
	for range 50 {
		index := random(t, int64(c.Size))
		path, err := tlog.ProveRecord(int64(c.Size), index, reader)
		must(t, err)
		must(t, proof.VerifyInclusion(rfc6962.DefaultHasher, uint64(index), c.Size, j.leaf(t, c, index), bytesOf(path), c.Hash))
	}
}

func (j *judged) checkConsistency(t *testing.T, before, after *log.Checkpoint) {
	t.Helper()
	path, err := tlog.ProveTree(int64(after.Size), int64(before.Size), j.hashes(t, after))
	must(t, err)
	must(t, proof.VerifyConsistency(rfc6962.DefaultHasher, before.Size, after.Size, bytesOf(path), before.Hash, after.Hash))
}

// hashes reads the tree through the server's tiles, as a client does.
func (j *judged) hashes(t *testing.T, c *log.Checkpoint) tlog.HashReader {
	return translog.TileHashes(t.Context(), tlog.Tree{N: int64(c.Size), Hash: tlog.Hash(c.Hash)}, j)
}

// Tile makes the judged log a translog.TileSource.
func (j *judged) Tile(ctx context.Context, tile tlog.Tile) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, j.base.String()+translog.TilePath(tile), nil)
	if err != nil {
		return nil, err
	}
	reply, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer reply.Body.Close()
	if reply.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", request.URL, reply.Status)
	}
	return io.ReadAll(reply.Body)
}

// leaf hashes one entry, read from its bundle.
func (j *judged) leaf(t *testing.T, c *log.Checkpoint, index int64) []byte {
	t.Helper()
	bundle := index / translog.TileWidth
	width := min(int64(c.Size)-bundle*translog.TileWidth, translog.TileWidth)
	data, err := j.fetcher.ReadEntryBundle(t.Context(), uint64(bundle), uint8(width%translog.TileWidth))
	must(t, err)
	hashes, err := leafHashes(data)
	must(t, err)
	return hashes[index%translog.TileWidth]
}

func bytesOf(path []tlog.Hash) (out [][]byte) {
	for _, h := range path {
		out = append(out, h[:])
	}
	return out
}

func random(t *testing.T, below int64) int64 {
	t.Helper()
	n, err := rand.Int(rand.Reader, big.NewInt(below))
	must(t, err)
	return n.Int64()
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
