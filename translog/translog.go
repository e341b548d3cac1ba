// Package translog holds the formats of the transparency log and their
// verification: entries, checkpoints, proofs, tiles. It has no storage and no
// network; the public text of all this is spec/log.md.
//
// The log is a Merkle tree (RFC 6962, SHA-256) whose leaves are entries: short
// texts, one for each change of the registry's state.
//
//	entry      = "ori-log/v1 " kind LF 1*( key " " value LF )   ; ≤ 4 KiB
//	leaf       = SHA-256( 0x00 entry )
//	node       = SHA-256( 0x01 left right )
//	checkpoint = a C2SP tlog-checkpoint: a note of origin, size and root,
//	             signed with Ed25519 by a key whose name is the origin
//	proof      = a C2SP tlog-proof whose extra data is the entry
//	tile       = C2SP tlog-tiles of height 8: up to 256 hashes of one level
//	bundle     = up to 256 entries, each after its length as big-endian uint16
//
// Everything that is read here may come from a hostile server: it is bounded
// in size, has exactly one accepted spelling, and is refused with an error of
// one of the kinds below, never with a panic.
package translog

import (
	"errors"

	"golang.org/x/mod/sumdb/tlog"
)

// Limits of what is read and written, in bytes unless said otherwise.
const (
	MaxEntry      = 4 << 10
	MaxCheckpoint = 64 << 10
	MaxProof      = 64 << 10
	MaxProofPath  = 63  // hashes in an inclusion proof
	MaxOrigin     = 255 // characters
	// MaxNumber bounds every number of the formats (sizes, indexes, sequence
	// numbers): a reader with 64-bit floating-point numbers holds them exactly,
	// and tree arithmetic stays far from the end of int64.
	MaxNumber = 1<<53 - 1
)

// The kinds of failure, for errors.Is. They never overlap, but for
// ErrUnsupported, which is also an ErrMalformed.
var (
	// ErrMalformed: the bytes are not what they should be; nothing was verified.
	ErrMalformed = errors.New("malformed log data")
	// ErrUnsupported: an entry of a later format or an unknown kind; a newer
	// program may read it.
	ErrUnsupported = errors.New("log data of a newer format")
	// ErrSignature: no valid signature of the expected key, or another origin.
	ErrSignature = errors.New("the checkpoint is not signed by the expected log")
	// ErrInclusion: the proof does not lead from the entry to the signed root.
	ErrInclusion = errors.New("the entry is not in the signed tree")
	// ErrFork: two signed trees of which neither continues the other.
	ErrFork = errors.New("the log has forked: two signed trees contradict one another")
	// ErrStale: the newer tree is a true but shorter beginning of the older one.
	ErrStale = errors.New("the log's tree is older than one seen before")
	// ErrTiles: the tiles that were served do not hash to the signed root.
	ErrTiles = errors.New("the log's tiles do not fit its signed tree")
	// ErrHistory: an entry that cannot stand at its place in the log.
	ErrHistory = errors.New("the log's history is broken")
)

// LeafHash gives the RFC 6962 leaf hash of an entry's exact bytes.
func LeafHash(entry []byte) tlog.Hash { return tlog.RecordHash(entry) }
