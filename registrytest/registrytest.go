// Package registrytest runs a real Ori registry inside a test: the server that
// operators run, with its database, its transparency log and its rules, on a
// loopback address and in a temporary folder. When the test ends it is closed.
// It runs where the server runs: on Unix systems.
//
//	registry := registrytest.New(t, registrytest.Options{})
//	token := registry.User("ada")
//	registry.Publish(token, map[string]string{
//		"oripk.toml": "[project]\nname = \"@acme/http\"\nversion = \"1.4.0\"\n" +
//			"description = \"A small HTTP client.\"\nori = \"1.0.0\"\n",
//		"src/lib.ori": "pub @one () -> int = 1;\n",
//	})
//	c, err := client.New(client.Options{URL: registry.URL, StateDir: t.TempDir()})
//
// Whatever goes wrong in a call of this package ends the test.
package registrytest

import (
	"context"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/internal/server"
)

// Options say what is particular to a registry. The zero value is a public one
// that lets everybody call as often as they like.
type Options struct {
	Private bool // every read needs a token
	Rate    int  // calls in any minute, of an account and of an address without a token; 0: no limit that a test meets

	// Front stands in front of the registry, to watch what is asked, or to answer
	// otherwise than the registry does; nil: nothing stands there.
	Front func(registry http.Handler) http.Handler
}

// Registry is a registry that runs.
type Registry struct {
	URL    string // base URL
	LogKey string // verifier key of its log

	t        testing.TB
	server   *server.Server
	registry http.Handler // without the Front
	urls     api.URLs
}

// New starts a registry, which runs until the test ends.
func New(t testing.TB, o Options) *Registry {
	t.Helper()
	cfg := server.Config{
		Data: t.TempDir(), Listen: "127.0.0.1:0", ShutdownTimeout: server.Duration(10 * time.Second),
		RateAnonymous: server.MaxRate, RateAuthenticated: server.MaxRate,
	}
	if o.Private {
		cfg.Access = "private"
	}
	if o.Rate > 0 {
		cfg.RateAnonymous, cfg.RateAuthenticated = server.Rate(o.Rate), server.Rate(o.Rate)
	}
	s, err := server.Open(t.Context(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatalf("registrytest: starting a registry: %v", err)
	}
	r := &Registry{URL: s.URL(), LogKey: s.LogKey(), t: t, server: s, registry: s.Handler()}
	if r.urls, err = api.NewURLs(r.URL); err != nil {
		t.Fatalf("registrytest: %v", err)
	}
	if o.Front != nil {
		s.Front(o.Front)
	}
	r.run()
	return r
}

// run serves until the test ends.
func (r *Registry) run() {
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.server.Run(ctx) }()
	r.t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			r.t.Errorf("registrytest: stopping the registry: %v", err)
		}
	})
}

// User makes an account and gives its first token, which may do everything that
// the account may.
func (r *Registry) User(login string) (token string) { return r.addUser(login, false) }

// Operator makes the account of an operator and gives its first token.
func (r *Registry) Operator(login string) (token string) { return r.addUser(login, true) }

func (r *Registry) addUser(login string, operator bool) string {
	r.t.Helper()
	token, err := r.server.AddUser(r.t.Context(), login, operator)
	if err != nil {
		r.t.Fatalf("registrytest: adding the user %s: %v", login, err)
	}
	return token
}
