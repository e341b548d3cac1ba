// Package client is the Go SDK of an Ori registry: it publishes packages,
// fetches them, and proves with the transparency log that nobody changed them.
//
//	c, err := client.New(client.Options{URL: "https://registry.example", StateDir: dir})
//	fetched, err := c.FetchFile(ctx, ref, "", nil)
//
// A Client speaks to one registry; Registries are those of a run, and say which
// of them a package comes from. Registries.Resolve gives all that a project
// needs, Project works on its folder. Nothing is global: clock, waits,
// randomness and folders are handed in, and every call ends when its context
// does. To test what uses this package, registrytest runs a real registry.
//
// A registry is trusted with nothing that can be checked:
//
//   - The log's key is pinned when a registry is first used. Everything that is
//     fetched must be in the log under that key, with the very checksum.
//   - The newest tree seen is remembered in the state directory. Each later tree
//     must continue it; a registry that shows two histories is caught.
//   - Every reply is bounded in size and time, its text is cleaned of control
//     characters, and the token is sent to the registry's own origin only.
//
// Failures that concern trust are of type *TrustError, one Failure for each of
// the seven cases; replies of the registry that say no are *api.Problem; what
// the network did is *NetworkError; an address of something else is a
// *NoRegistryError.
//
// The network is expected to fail. Reads are tried again, downloads go on where
// they broke off, and calls are paced by what the registry says is left of its
// limit. With Options.CacheDir, what a registry said last is shown while it does
// not answer, and Options.Notice is told how old that is.
package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/translog"
)

// Options say which registry a Client speaks to and how.
type Options struct {
	URL      string // base URL of the registry; may be "" only when Offline
	Token    string // "": anonymous. Sent to the origin of URL and nowhere else
	StateDir string // where pinned keys and newest trees are kept; required
	CacheDir string // where packages and replies are kept, see Cache; "": nowhere
	LogKey   string // verifier key of the log; "": the pinned one, else the first one seen is pinned
	Offline  bool   // make no connection at all: what would need one, and is not in CacheDir, fails with ErrOffline

	TokenFrom string // where the token was found, in words for the user; see Client.TokenFrom

	Transport http.RoundTripper // nil: one with proxies from the environment
	UserAgent string            // "": "oripk"
	Timeout   time.Duration     // of one request, and of a stalled transfer; 0: 30 s
	Retries   int               // of a read that failed; 0: 3, negative: none

	Now    func() time.Time                                 // nil: time.Now
	Sleep  func(ctx context.Context, d time.Duration) error // between retries; nil: really waits
	Jitter func() float64                                   // in [0,1); nil: random
	Notice func(message string)                             // told what the user should know, such as a key pinned, one thing after the other; nil: nobody
}

// Client speaks to one registry. It is safe for concurrent use.
type Client struct {
	options Options
	urls    api.URLs
	base    *url.URL
	limits  *limits
	state   *State
	cache   *Cache   // nil: none
	said    sync.Map // what Notice is told once
	key     onceVerifier
}

// ErrOffline says that a Client with Options.Offline would have needed a connection.
var ErrOffline = errors.New("this needs the registry, and no connection is to be made")

// ErrNoToken says that a call needs a token and the Client has none; it is
// given before anything is sent.
var ErrNoToken = errors.New("this needs a token")

// New makes a Client. It opens no connection and no file.
func New(o Options) (*Client, error) {
	if o.StateDir == "" {
		return nil, errors.New("a client needs a state directory")
	}
	c := &Client{options: withDefaults(o), limits: newLimits(), state: NewState(o.StateDir)}
	if o.CacheDir != "" {
		c.cache = NewCache(o.CacheDir)
	}
	if o.URL == "" && o.Offline {
		return c, nil
	}
	var err error
	if c.urls, c.base, err = parseBase(o.URL); err != nil {
		return nil, err
	}
	if c.HasToken() && !o.Offline && c.base.Scheme != "https" && !isLoopback(c.base) {
		c.options.Notice("others on the way can read the token: " + c.URL() + " is not https")
	}
	if o.LogKey != "" {
		if _, err := translog.NewVerifier(o.LogKey); err != nil {
			return nil, fmt.Errorf("reading the log's key: %w", err)
		}
	}
	return c, nil
}

func parseBase(text string) (api.URLs, *url.URL, error) {
	urls, err := api.NewURLs(text)
	if err != nil {
		return urls, nil, err
	}
	base, err := url.Parse(urls.Base())
	if err != nil {
		return urls, nil, fmt.Errorf("reading the registry's URL: %w", err)
	}
	if _, err := strconv.ParseUint(cmp.Or(base.Port(), "0"), 10, 16); err != nil {
		return urls, nil, fmt.Errorf("the registry URL has the port %s; ports go up to 65535", base.Port())
	}
	return urls, base, nil
}

// registryName gives a registry's URL in its one spelling.
func registryName(text string) (string, error) {
	_, base, err := parseBase(text)
	if err != nil {
		return "", err
	}
	return originOf(base) + base.EscapedPath(), nil
}

// isSame reports whether both are spellings of one registry's URL.
func isSame(a, b string) bool {
	nameA, errA := registryName(a)
	nameB, errB := registryName(b)
	return errA == nil && errB == nil && nameA == nameB
}

func withDefaults(o Options) Options {
	if o.UserAgent == "" {
		o.UserAgent = "oripk"
	}
	if o.Timeout == 0 {
		o.Timeout = 30 * time.Second
	}
	if o.Retries == 0 {
		o.Retries = 3
	}
	if o.Transport == nil {
		o.Transport = newTransport()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	if o.Jitter == nil {
		o.Jitter = rand.Float64
	}
	o.Notice = oneAtATime(o.Notice)
	return o
}

// sleep waits for d, or until ctx is done, whose error it then gives.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// URL is the base URL of the registry, without a final slash.
func (c *Client) URL() string { return c.urls.Base() }

// TokenFrom says in words for the user where the token was found.
func (c *Client) TokenFrom() string { return c.options.TokenFrom }

// HasToken reports whether requests carry a token.
func (c *Client) HasToken() bool { return c.options.Token != "" }

// noToken says which registry it is that the user has no token for.
func (c *Client) noToken() error { return fmt.Errorf("asking %s: %w", c.URL(), ErrNoToken) }

// IsAt reports whether url is another spelling of this registry's base URL.
func (c *Client) IsAt(url string) bool {
	return c.base != nil && isSame(url, c.URL())
}

// oneAtATime makes a caller's function safe for the many requests of a Resolve,
// those to other registries included: their clients are made of these options.
func oneAtATime(tell func(string)) func(string) {
	if tell == nil {
		return func(string) {}
	}
	var mu sync.Mutex
	return func(message string) {
		mu.Lock()
		defer mu.Unlock()
		tell(message)
	}
}
