// Package httpapi is the registry protocol over HTTP: a route table, one place
// that decodes, one that encodes, and nothing in between but a call of
// internal/registry. No other package reads a request or writes a reply.
//
// What holds for every reply:
//
//   - X-Request-Id and X-Content-Type-Options are set.
//   - A failure is problem details (RFC 9457), the 404 of an unknown address, the
//     405 and a panic included. Only net/http itself answers otherwise, to what
//     it does not take for an HTTP request that it can hand on: 400, 417, 431, 501, 505.
//   - A reply does not wait for a body that it does not need: it goes out at
//     once and ends the connection.
//   - There are no redirects but one: /v1/packages/@ori/http goes to the address
//     without "@".
//   - Accept is not looked at: each resource has one representation, and its
//     gzip form where Accept-Encoding allows it.
//   - A token that is sent must be good, also where none is needed; health alone
//     never asks. On a private registry every route needs one that the table
//     does not leave open.
//   - Below /v1 and /log it carries X-RateLimit-Limit, -Remaining and -Reset,
//     whatever it says: the token is looked at first of all, to know whose call
//     it is.
//
// Order of the checks of one call: rate, path, method, token, its scope, names in
// the path, query, rights, declared length, media type, body.
package httpapi

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/internal/ratelimit"
	"github.com/ori-lang/registry/internal/registry"
)

// Options of the handler; the zero value of each field is right.
type Options struct {
	Log       *slog.Logger                // nil: nothing is logged
	Spec      []byte                      // text of /openapi.yaml
	Docs      func() (Page, error)        // makes the page of /docs, once, when it is first asked for; nil: there is none
	RequestID func() string               // a new id for each request; nil: 16 random characters
	Ready     func(context.Context) error // why the server should get no calls; nil: the registry's own answer
	Rates     ratelimit.Tiers             // how many calls each caller has
	Counter   *ratelimit.Memory           // what counts them; nil: one of its own
	Proxies   []netip.Prefix              // whose X-Forwarded-For is believed; nil: nobody's
}

// service is what the handlers share.
type service struct {
	reg     *registry.Registry // nil while it opens
	urls    api.URLs
	private bool // every read needs a token
	log     *slog.Logger
	newID   func() string
	ready   func(context.Context) error
	spec    *document
	docs    func() (*document, error)
	pages   *template.Template // "index" of /problems/ and "page" of /problems/{code}
	zip     *compressor
	gate    gate
	parts   parts
}

// New makes the handler of every route in Routes.
func New(reg *registry.Registry, opts Options) http.Handler {
	s := newService(reg.URLs(), opts)
	s.reg, s.private = reg, reg.Access() == api.Private
	s.ready = opts.Ready
	s.pages = template.Must(template.New("page").Parse(problemHTML + indexHTML))
	s.zip = newCompressor()
	s.spec = s.keep(newDocument("application/yaml", opts.Spec))
	s.docs = s.keepPage(opts.Docs)
	if s.ready == nil {
		s.ready = reg.Ready
	}
	s.parts = newParts(s, Routes(), unknownAddress)
	return s
}

// NewStarting makes the handler for as long as a registry opens: it is alive, and
// to every other call unavailable. Whom a token is of, nobody knows yet, so a call
// is its address's.
func NewStarting(urls api.URLs, opts Options) http.Handler {
	s := newService(urls, opts)
	alive := slices.DeleteFunc(Routes(), func(r Route) bool { return r.Pattern != api.PathLive })
	s.parts = newParts(s, alive, func(*call) error { return api.Errorf(api.Unavailable, "the registry is starting") })
	return s
}

// newService makes what answers failures, and nothing else yet.
func newService(urls api.URLs, opts Options) *service {
	s := &service{urls: urls, log: opts.Log, newID: opts.RequestID, gate: newGate(opts)}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.newID == nil {
		s.newID = func() string { return strings.ToLower(rand.Text()[:16]) }
	}
	return s
}

// ServeHTTP answers one request and logs one line about it.
func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &call{ResponseWriter: w, id: s.newID(), began: time.Now(), private: s.private, unread: r.ContentLength != 0}
	c.Header().Set("X-Request-Id", c.id)
	c.Header().Set("X-Content-Type-Options", "nosniff")
	defer s.finish(c, r)
	s.parts.of(r.URL).ServeHTTP(c, r)
	if c.err != nil {
		s.refuse(c, r, c.err)
	}
}

// finish ends every call, also one that panicked.
func (s *service) finish(c *call, r *http.Request) {
	switch p := recover(); p {
	case nil:
	case http.ErrAbortHandler:
		c.cutShort = true
	default:
		c.err = fmt.Errorf("panic: %v", p)
		s.log.Error("a call panicked", "request", c.id, "panic", p, "stack", string(debug.Stack()))
		s.refuse(c, r, c.err)
	}
	c.linger()
	s.access(c, r)
	if c.cutShort {
		panic(http.ErrAbortHandler)
	}
}

// serve is what the route table leads to.
func (s *service) serve(c *call, r *http.Request) (err error) {
	if err := s.admit(c, r); err != nil {
		return err
	}
	if err := s.authorize(c); err != nil {
		return err
	}
	if location, ok := s.canonical(r); ok {
		c.cacheAs(mutable)
		c.Header().Set("Location", location)
		c.WriteHeader(http.StatusPermanentRedirect)
		return nil
	}
	return c.route.handle(s, c, r)
}

// access logs one line: what went wrong loudly, what changes something as
// news, and what only reads for those who ask for details.
func (s *service) access(c *call, r *http.Request) {
	level := slog.LevelDebug
	switch {
	case errors.Is(c.err, context.Canceled) && r.Context().Err() != nil: // the client has gone: nobody failed
	case s.reg == nil: // the registry is starting: nobody failed either
	case c.status >= 500:
		level = slog.LevelError
	case c.status >= 400, r.Method != http.MethodGet && r.Method != http.MethodHead:
		level = slog.LevelInfo
	}
	if !s.log.Enabled(r.Context(), level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("request", c.id), slog.String("method", r.Method), slog.String("route", c.pattern()),
		slog.Int("status", c.status), slog.Int64("bytes", c.bytes), slog.Duration("took", time.Since(c.began)),
	}
	if !c.actor.IsAnonymous() {
		attrs = append(attrs, slog.String("account", c.actor.AccountID()))
	}
	if problem, ok := errors.AsType[*api.Problem](c.err); ok {
		attrs = append(attrs, slog.String("code", string(problem.Code)))
	}
	if c.err != nil && (c.status >= 500 || api.CodeOf(c.err) == api.Internal) {
		attrs = append(attrs, slog.String("error", c.err.Error()))
	}
	s.log.LogAttrs(r.Context(), level, "call", attrs...)
}
