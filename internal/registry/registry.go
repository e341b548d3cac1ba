// Package registry holds every rule of the registry: who may do what, what a
// version is, what a publish needs. Rights are asked inside of each call, and
// again inside of the transaction that changes something, so no caller can
// forget them. What the protocol answers comes back as an *api.Problem; any
// other error is a failure of the registry itself.
//
// One file holds one noun.
package registry

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"math/big"
	"sync"
	"time"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/archive"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/internal/osv"
	"github.com/ori-lang/registry/internal/sequencer"
	"github.com/ori-lang/registry/internal/store"
	"github.com/ori-lang/registry/manifest"
)

// Config of a registry. All of it is needed, but for Private and SearchTime.
type Config struct {
	URLs          api.URLs
	ServerVersion string
	Private       bool // every read needs a token
	DB            *store.DB
	Log           *sequencer.Sequencer // nil in a program that reads and makes accounts only
	Blobs         Blobs
	Now           func() time.Time
	Rand          io.Reader
	SearchTime    time.Duration // that a search may take; 0: two seconds
}

// Blobs keeps the archives that are too large for the database, by their
// checksum. An upload has a name of its own until it is kept.
type Blobs interface {
	// Create opens a new upload for writing.
	Create(name string) (io.WriteCloser, error)
	// Keep gives the written upload its place. When it returns, the archive is
	// durable, and nobody deletes it before release is called, which the
	// caller does after its transaction has ended, in whatever way.
	Keep(ctx context.Context, name string, c ident.Checksum) (release func(), err error)
	// Discard deletes an upload that was not kept, else does nothing.
	Discard(name string) error
	// Remove runs end, which takes the archive its owner, and deletes the
	// archive when owned says that it has none any more. A crash in between
	// leaves what a later start deletes. The error of end is given as it is.
	Remove(ctx context.Context, name string, c ident.Checksum, end func() error, owned func(context.Context, ident.Checksum) (bool, error)) error
	// Open gives a kept archive, or fs.ErrNotExist.
	Open(c ident.Checksum) (io.ReadSeekCloser, error)
}

// Registry is the registry. It is safe for concurrent use.
type Registry struct {
	urls          api.URLs
	serverVersion string
	private       bool
	db            *store.DB
	log           *sequencer.Sequencer
	blobs         Blobs
	now           func() time.Time
	rand          io.Reader
	resolving     chan struct{} // holds one for each graph that is being made
	searchTime    time.Duration
	advisories    func() (*osv.Schema, error) // made when the first advisory comes
	uses          uses
}

// New makes the registry of its parts.
func New(c Config) *Registry {
	return &Registry{
		urls: c.URLs, serverVersion: c.ServerVersion, private: c.Private, db: c.DB, log: c.Log, blobs: c.Blobs,
		now: c.Now, rand: c.Rand, resolving: make(chan struct{}, resolvers), searchTime: cmp.Or(c.SearchTime, searchTime),
		advisories: sync.OnceValues(osv.NewSchema),
	}
}

// URLs gives the addresses of this registry.
func (r *Registry) URLs() api.URLs { return r.urls }

// Access says who may read.
func (r *Registry) Access() api.Access {
	if r.private {
		return api.Private
	}
	return api.Public
}

// Discovery says what this registry is and accepts.
func (r *Registry) Discovery() *api.Discovery {
	return &api.Discovery{
		APIVersion: api.ProtocolVersion, ServerVersion: r.serverVersion, Access: r.Access(),
		Limits: api.Limits{
			ArchiveBytes: api.MaxArchive, UnpackedBytes: archive.MaxUnpacked, FileBytes: archive.MaxFile,
			Files: archive.MaxFiles, Dependencies: manifest.MaxDependencies, JSONBytes: api.MaxJSON,
		},
		Log:   api.LogInfo{Origin: r.log.Origin(), PublicKey: r.log.VerifierKey(), URL: r.urls.Log()},
		Links: api.Links{OpenAPI: r.urls.OpenAPI(), Docs: r.urls.Docs(), Problems: r.urls.Problem("")},
	}
}

// Ready reports why the registry cannot serve, nil when it can.
func (r *Registry) Ready(ctx context.Context) error {
	err := r.log.CheckDatabase(ctx)
	if _, told := errors.AsType[*api.Problem](err); err != nil && !told {
		return api.Errorf(api.Unavailable, "the database does not answer")
	}
	return err
}

// write runs a change that the log does not record, but in no database that was
// set back: what is written there is lost with it, and nobody would know.
func (r *Registry) write(ctx context.Context, change func(*store.Tx) error) error {
	if r.log != nil {
		if err := r.log.CheckDatabase(ctx); err != nil {
			return unstored(err)
		}
	}
	return unstored(r.db.Write(ctx, change))
}

// submit runs a change that the log records; read-only is refused there.
func (r *Registry) submit(ctx context.Context, change sequencer.Change) error {
	return unstored(r.log.Submit(ctx, change))
}

// unstored makes a failure of the disk or the database the answer that the
// client gets; the cause is for the log. What is an answer already stays so, and
// so does the leaving of the client.
func unstored(err error) error {
	if _, answered := errors.AsType[*api.Problem](err); err == nil || answered || errors.Is(err, context.Canceled) {
		return err
	}
	return fmt.Errorf("%w: %w", api.Errorf(api.Unavailable, "the registry cannot store anything just now"), err)
}

// newID draws an opaque id: the prefix and twelve characters, some 60 bits.
func (r *Registry) newID(prefix string) (string, error) {
	const letters = "0123456789abcdefghjkmnpqrstvwxyz"
	id := []byte(prefix)
	for range 12 {
		n, err := rand.Int(r.rand, big.NewInt(int64(len(letters))))
		if err != nil {
			return "", fmt.Errorf("drawing an id: %w", err)
		}
		id = append(id, letters[n.Int64()])
	}
	return string(id), nil
}

// orProblem gives the problem in place of store.ErrNotFound, and other errors as they are.
func orProblem(err error, problem *api.Problem) error {
	if errors.Is(err, store.ErrNotFound) {
		return problem
	}
	return err
}
