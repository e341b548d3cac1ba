// Package server puts a registry together from its Config and runs it. The
// command, the kit for other people's tests and the end-to-end tests all use
// it, so what they run is the same.
//
// What it opens stands in the data folder:
//
//	lock                      held while a server runs
//	registry.db, -wal, -shm   the database (or where --database says)
//	keys/                     signing key and head anchor of the log (or --key-dir)
//	incoming/, archives/      archives that are too large for the database
//
// It answers as soon as it listens: that it is starting, until all is open.
// A server stops in this order: /readyz turns 503, no new connection is taken,
// running calls end, the sequencer commits what waits, the database closes, the
// lock is freed.
package server

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/internal/apidocs"
	"github.com/ori-lang/registry/internal/blob"
	"github.com/ori-lang/registry/internal/durable"
	"github.com/ori-lang/registry/internal/httpapi"
	"github.com/ori-lang/registry/internal/ratelimit"
	"github.com/ori-lang/registry/internal/registry"
	"github.com/ori-lang/registry/internal/sequencer"
	"github.com/ori-lang/registry/internal/store"
	"github.com/ori-lang/registry/spec"
)

// Server is a registry that is open, and answers.
type Server struct {
	cfg      Config
	private  bool // every read needs a token
	log      *slog.Logger
	urls     api.URLs
	listener net.Listener
	web      *http.Server
	served   chan error // why web no longer serves
	door     door
	db       *store.DB
	blobs    *blob.Dir
	sequence *sequencer.Sequencer
	reg      *registry.Registry
	handler  http.Handler
	stopping atomic.Bool
	closers  closers
}

// Open opens everything that a registry needs, and makes what is not there yet.
// With port 0 the base URL follows from the port that it gets. After an error
// nothing is left open.
func Open(ctx context.Context, cfg Config, log *slog.Logger) (*Server, error) {
	private, err := cfg.private()
	if err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg.resolved(), private: private, log: log}
	for _, step := range s.steps() {
		if err := step(ctx); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	return s, nil
}

func (s *Server) steps() []func(context.Context) error {
	return []func(context.Context) error{s.lock, s.listen, s.openStorage, s.openLog, s.compose}
}

// lock keeps a second server away from the data folder.
func (s *Server) lock(context.Context) error {
	if err := durable.MkdirAll(s.cfg.Data); err != nil {
		return fmt.Errorf("opening data folder: %w", err)
	}
	release, err := durable.Lock(filepath.Join(s.cfg.Data, "lock"))
	if errors.Is(err, durable.ErrLocked) {
		return fmt.Errorf("another registry runs on the data folder %s already; stop it, or name another folder with --data", s.cfg.Data)
	}
	if err != nil {
		return fmt.Errorf("opening data folder: %w", err)
	}
	s.closers.add(release)
	return nil
}

// listen answers from here on: that the registry is starting, since what follows may take its time.
func (s *Server) listen(ctx context.Context) (err error) {
	s.listener, err = new(net.ListenConfig).Listen(ctx, "tcp", s.cfg.Listen)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("another program listens on %s already; stop it, or choose another address with --listen", s.cfg.Listen)
	}
	if err != nil {
		return fmt.Errorf("listening on %s: %w; choose another address with --listen, such as 127.0.0.1:8080", s.cfg.Listen, err)
	}
	base := s.cfg.BaseURL
	if base == "" {
		base = "http://" + reachable(s.listener.Addr())
	}
	if s.urls, err = api.NewURLs(base); err != nil {
		return errors.Join(err, s.listener.Close())
	}
	s.answer(httpapi.NewStarting(s.urls, s.edge()))
	s.serve()
	return nil
}

// edge is what the HTTP of a registry needs, open or not.
func (s *Server) edge() httpapi.Options {
	return httpapi.Options{
		Log: s.log, Proxies: s.cfg.TrustedProxies,
		Rates: ratelimit.Tiers{Anonymous: int(s.cfg.RateAnonymous), Authenticated: int(s.cfg.RateAuthenticated)},
	}
}

// answer has the handler answer every request from now on.
func (s *Server) answer(h http.Handler) {
	s.handler = underBase(s.urls.Base(), h)
	s.door.lead(s.handler)
}

// reachable gives an address that a client on this machine can connect to: one
// that listens everywhere is reached by the loopback.
func reachable(addr net.Addr) string {
	tcp, ok := addr.(*net.TCPAddr)
	if ok && tcp.IP.IsUnspecified() {
		return net.JoinHostPort("127.0.0.1", fmt.Sprint(tcp.Port))
	}
	return addr.String()
}

func (s *Server) openStorage(ctx context.Context) (err error) {
	if err := s.cfg.checkDatabase(); err != nil {
		return err
	}
	if s.db, err = store.Open(ctx, s.cfg.Database); err != nil {
		return err
	}
	s.closers.add(s.db.Close)
	s.blobs, err = blob.OpenDir(s.cfg.Data)
	if err != nil {
		return err
	}
	return s.blobs.Clear()
}

func (s *Server) openLog(ctx context.Context) (err error) {
	origin := s.cfg.LogOrigin
	if origin == "" {
		origin = s.urls.LogOrigin()
	}
	s.sequence, err = sequencer.Open(ctx, s.db, sequencer.Options{
		KeyDir: s.cfg.KeyDir, Origin: origin, Now: time.Now, Rand: rand.Reader, Log: s.log,
	})
	if err != nil {
		return err
	}
	s.closers.add(s.sequence.Close)
	if named := s.cfg.LogOrigin; named != "" && named != s.sequence.Origin() {
		return fmt.Errorf("the log's origin is %s and stays so; --log-origin says %s: leave it out, or name the folders of the other log", s.sequence.Origin(), named)
	}
	return nil
}

// docs makes the page of the protocol.
func docs() (httpapi.Page, error) {
	page, err := apidocs.Render(spec.OpenAPI)
	return httpapi.Page(page), err
}

func (s *Server) compose(ctx context.Context) error {
	s.reg = registry.New(registry.Config{
		URLs: s.urls, ServerVersion: Version(), Private: s.private,
		DB: s.db, Log: s.sequence, Blobs: s.blobs, Now: time.Now, Rand: rand.Reader,
	})
	s.sweep(ctx)
	if err := s.reg.FillSearch(ctx); err != nil {
		return err
	}
	options := s.edge()
	options.Spec, options.Docs, options.Ready = spec.OpenAPI, docs, s.ready
	s.answer(httpapi.New(s.reg, options))
	return nil
}

func (s *Server) ready(ctx context.Context) error {
	if s.stopping.Load() {
		return api.Errorf(api.Unavailable, "the registry is stopping")
	}
	return s.reg.Ready(ctx)
}

// Handler answers every request of the registry.
func (s *Server) Handler() http.Handler { return s.handler }

// Front puts something in front of the registry.
func (s *Server) Front(front func(registry http.Handler) http.Handler) {
	s.handler = front(s.handler)
	s.door.lead(s.handler)
}

// Addr is the address that the server listens on.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// URL is the base URL of the registry.
func (s *Server) URL() string { return s.urls.Base() }

// LogKey is the verifier key of the registry's log; its origin stands in it.
func (s *Server) LogKey() string { return s.sequence.VerifierKey() }

// LogOrigin is the name of the registry's log.
func (s *Server) LogOrigin() string { return s.sequence.Origin() }

// ReadOnly says why nothing may change; "" when all is well.
func (s *Server) ReadOnly() string { return s.sequence.ReadOnly() }

// GroupSizes gives the figures of the group commits since the start.
func (s *Server) GroupSizes() sequencer.GroupSizes { return s.sequence.GroupSizes() }

// AddUser makes an account and gives the secret of its first token.
func (s *Server) AddUser(ctx context.Context, login string, operator bool) (secret string, err error) {
	return s.reg.AddUser(ctx, login, operator)
}

// Close frees what Open took. Run does it too; doing it twice does nothing.
func (s *Server) Close() error { return s.closers.close() }

// closers frees things in the reverse of the order in which they were taken.
type closers struct{ stack []func() error }

func (c *closers) add(f func() error) { c.stack = append(c.stack, f) }

func (c *closers) close() error {
	var failed []error
	for _, f := range slices.Backward(c.stack) {
		failed = append(failed, f())
	}
	c.stack = nil
	return errors.Join(failed...)
}
