package conformance

import (
	"bytes"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/translog"
)

// verifier checks what the log's key has signed.
func (c *check) verifier() *translog.Verifier {
	v, err := translog.NewVerifier(c.s.discovery.Log.PublicKey)
	c.must(err)
	return v
}

// tree gives the newest tree that the registry shows.
func (c *check) tree() tlog.Tree {
	a := c.ok(c.get(c.s.urls.Checkpoint()), 200)
	tree, err := c.verifier().OpenCheckpoint(a.body)
	c.must(err)
	return tree
}

func (c *check) logSize() int64 { return c.tree().N }

// proves checks that a proof is about the release.
func (c *check) proves(proof []byte, r release) *translog.Proof {
	p, err := c.verifier().VerifyProof(proof)
	if err != nil {
		c.fatalf("the proof does not verify: %v", err)
	}
	e := p.Entry
	if e.Kind != translog.KindPublish || e.Package != r.ref.Package || e.Version != r.ref.Version || e.Archive != r.receipt.Checksum || e.Size != r.receipt.Size {
		c.failf("the entry that is proved is about something else: %+v", e)
	}
	c.equal("the index that is proved", p.Index, r.receipt.LogIndex)
	return p
}

// entries reads the entries from start on to the end of the tree, from bundles.
func (c *check) entries(start, size int64) (entries []*translog.Entry) {
	for n := start / translog.TileWidth; n*translog.TileWidth < size; n++ {
		width := min(translog.TileWidth, size-n*translog.TileWidth)
		a := c.ok(c.get(c.s.urls.Log()+"/"+entriesPath(n, width)), 200)
		bundle, err := translog.ReadBundle(a.body, int(width))
		c.must(err)
		for i, text := range bundle {
			if n*translog.TileWidth+int64(i) < start {
				continue
			}
			e, err := translog.ParseEntry(text)
			c.must(err)
			entries = append(entries, e)
		}
	}
	return entries
}

func entriesPath(n, width int64) string {
	return translog.TilePath(tlog.Tile{H: 8, L: -1, N: n, W: int(width)})
}

func logGroup(s *session) {
	s.hold("checkpoint", "A C2SP tlog-checkpoint: origin, size and root of the tree, signed.", func(c *check) {
		a := c.ok(c.get(s.urls.Checkpoint()), 200)
		c.header(a, "Content-Type", "text/plain; charset=utf-8")
		c.header(a, "Cache-Control", "no-cache")
		if tree := c.tree(); tree.N < 1 {
			c.failf("the tree has %d entries", tree.N)
		}
		if !strings.HasPrefix(string(a.body), s.discovery.Log.Origin+"\n") {
			c.failf("the checkpoint is not one of the origin %q", s.discovery.Log.Origin)
		}
	})
	s.hold("proof", "A C2SP tlog-proof whose `extra` is the entry.", func(c *check) {
		r := c.common()
		a := c.ok(c.get(s.urls.Proof(r.ref)), 200)
		c.header(a, "Content-Type", "text/plain; charset=utf-8")
		c.proves(a.body, r)
	})
	s.hold("leaf", "leaf(entry) = SHA-256( 0x00 || entry )", func(c *check) {
		r := c.common()
		text, err := c.proves(c.ok(c.get(s.urls.Proof(r.ref)), 200).body, r).Entry.Bytes()
		c.must(err)
		c.equal("log.leaf", r.receipt.Log.Leaf, translog.LeafHash(text).String())
	})
	s.hold("tiles", "Tiles never change.", func(c *check) {
		c.common()
		tree := c.tree()
		path := translog.TilePath(tlog.Tile{H: 8, L: 0, N: 0, W: int(min(tree.N, translog.TileWidth))})
		a := c.ok(c.get(s.urls.Log()+"/"+path), 200)
		c.header(a, "Content-Type", "application/octet-stream")
		if !strings.HasSuffix(a.header.Get("Cache-Control"), "max-age=31536000, immutable") {
			c.failf("Cache-Control is %q", a.header.Get("Cache-Control"))
		}
		c.equal("length of the tile", int64(len(a.body)), min(tree.N, translog.TileWidth)*tlog.HashSize)
		again := c.ok(c.get(s.urls.Log()+"/"+path), 200)
		if !bytes.Equal(a.body, again.body) {
			c.failf("the tile changed")
		}
	})
	s.hold("entries make the tree", "The entries in their order are the leaves of a Merkle tree as in RFC 6962, section 2.1, with SHA-256", func(c *check) {
		c.common()
		tree := c.tree()
		if tree.N > 20000 {
			return // of a long log the proofs and the tail have to do
		}
		var frontier translog.Frontier
		for _, e := range c.entries(0, tree.N) {
			text, err := e.Bytes()
			c.must(err)
			frontier.Append(translog.LeafHash(text))
		}
		c.equal("the root of all entries", frontier.Root(), tree.Hash)
	})
	s.hold("the log begins with open", "In `open`, `key` and `close` no account acts, and `actor` is always `-`; in all others it never is.", func(c *check) {
		first := c.entries(0, 1)[0]
		c.equal("the kind of entry 0", first.Kind, translog.KindOpen)
		c.equal("the actor of entry 0", first.Actor, "")
	})
	s.hold("events of a package", "`seq` counts the events of the subject, from 1, without gaps.", func(c *check) {
		r := c.common()
		size := c.logSize()
		var seq int64
		for _, e := range c.entries(max(0, r.receipt.LogIndex-50), size) {
			if e.Package != r.ref.Package {
				continue
			}
			if seq++; e.Seq != seq {
				c.failf("the event %d of %s has seq %d", seq, r.ref.Package, e.Seq)
			}
		}
		if seq < 2 {
			c.failf("the log has %d events of %s", seq, r.ref.Package)
		}
	})
	s.hold("other spellings of a tile", "A tile under another spelling than its own is not_found, not invalid_request.", func(c *check) {
		for _, path := range []string{"tile/0/0", "tile/0/x000", "tile/00/000", "tile/0/000.p/0", "tile/0/000.p/256", "tile/99/000", "tile/entries/999", "tile/", "tile/0/000/"} {
			c.problem(c.get(s.urls.Log()+"/"+path), api.NotFound)
		}
	})
	s.hold("what is not there yet", "to tiles that the newest checkpoint does not cover", func(c *check) {
		size := c.logSize()
		n := size/translog.TileWidth + 2
		c.problem(c.get(s.urls.Log()+"/"+translog.TilePath(tlog.Tile{H: 8, L: 0, N: n, W: 256})), api.NotFound)
		c.problem(c.get(fmt.Sprintf("%s/%s", s.urls.Log(), entriesPath(n, 1))), api.NotFound)
	})
	s.hold("history stays", "Every tree begins with the empty one.", func(c *check) {
		r := c.common()
		before := c.proves([]byte(r.receipt.Log.Proof), r).Tree
		now := c.tree()
		if now.N < before.N {
			c.failf("the tree shrank from %d to %d", before.N, now.N)
		}
	})
}
