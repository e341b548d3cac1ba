package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/translog"
)

// onceVerifier holds the log's verifier from its first use on.
type onceVerifier struct {
	mu sync.Mutex
	v  *translog.Verifier
}

// Log gives the verifier of the registry's log: of the key that was given, or
// that is pinned, or else of the key that the registry names, which is pinned
// from then on and said to Options.Notice.
func (c *Client) Log(ctx context.Context) (*translog.Verifier, error) {
	c.key.mu.Lock()
	defer c.key.mu.Unlock()
	if c.key.v != nil {
		return c.key.v, nil
	}
	v, err := c.findKey(ctx)
	if err == nil {
		c.key.v = v
	}
	return v, err
}

func (c *Client) findKey(ctx context.Context) (*translog.Verifier, error) {
	if c.options.LogKey != "" {
		return c.givenKey(ctx)
	}
	if c.base == nil {
		return nil, &NoKeyError{}
	}
	pinned, err := c.state.Key(c.registryName())
	if err != nil || pinned != nil {
		return pinned, err
	}
	if c.options.Offline {
		return nil, &NoKeyError{Registry: c.URL()}
	}
	shown, err := c.shownKey(ctx)
	if err != nil {
		return nil, err
	}
	pinned, first, err := c.state.Pin(ctx, c.registryName(), shown)
	if err == nil && first {
		c.options.Notice(fmt.Sprintf("trusting the log key %s of %s from now on (first use)", pinned.Key(), c.URL()))
	}
	return pinned, err
}

// givenKey is the key of the options. It must agree with a pinned one: the
// user should learn that one of the two is wrong.
func (c *Client) givenKey(ctx context.Context) (*translog.Verifier, error) {
	given, err := translog.NewVerifier(c.options.LogKey)
	if err != nil || c.base == nil || c.options.Offline {
		return given, err
	}
	pinned, _, err := c.state.Pin(ctx, c.registryName(), given)
	if err != nil {
		return nil, err
	}
	if pinned.Key() != given.Key() {
		return nil, &TrustError{
			Failure: Policy,
			Detail:  fmt.Sprintf("the key given for the log of %s is %s, and the pinned one is %s", c.URL(), given.Key(), pinned.Key()),
			Hint:    "find out which one is right; to drop the pinned one: rm " + quote(c.state.keyPath(c.registryName())),
		}
	}
	return given, nil
}

func (c *Client) shownKey(ctx context.Context) (*translog.Verifier, error) {
	d, err := c.Discovery(ctx)
	if err != nil {
		return nil, err
	}
	v, err := translog.NewVerifier(d.Log.PublicKey)
	if err != nil {
		return nil, policy("the registry shows a log key that cannot be used: %v", err)
	}
	if v.Origin() != d.Log.Origin {
		return nil, policy("the registry shows the log %q and a key of %q", d.Log.Origin, v.Origin())
	}
	return v, nil
}

// registryName is the registry's URL in its one spelling.
func (c *Client) registryName() string { return originOf(c.base) + c.base.EscapedPath() }

func policy(format string, args ...any) error {
	return &TrustError{
		Failure: Policy,
		Detail:  Printable(fmt.Sprintf(format, args...)),
		Hint:    "do not use what was fetched; ask the registry's operators, over another channel, for the log's key",
	}
}

// follow checks that the checkpoint belongs to the history that this machine
// has seen, remembers the newest, and says in words how the two compare.
func (c *Client) follow(ctx context.Context, v *translog.Verifier, next Seen) (string, error) {
	const rounds = 20 // each time another process has moved the state forward
	for range rounds {
		seen, err := c.state.Newest(v)
		if err != nil {
			return "", err
		}
		newest, how, err := c.compare(ctx, v, seen, next)
		if err != nil {
			return "", err
		}
		done, err := c.state.Advance(ctx, v, seen, newest)
		if done && newest.Tree == seen.Tree {
			c.state.seeAgain(v, c.options.Now())
		}
		if err != nil || done {
			return how, err
		}
	}
	return "", unwritable(c.state.checkpointPath(v), errors.New("others change it all the time"))
}

// compare gives the newest checkpoint known after next, and its relation to
// the one seen. A proof may be older than what was seen (caches keep them for
// minutes, people for years); the log itself may not.
func (c *Client) compare(ctx context.Context, v *translog.Verifier, seen, next Seen) (Seen, string, error) {
	switch {
	case seen.Note == nil:
		return next, fmt.Sprintf("size %d, the first tree that is seen of this log", next.Tree.N), nil
	case next.Tree == seen.Tree:
		return seen, fmt.Sprintf("size %d, the newest tree seen", next.Tree.N), nil
	case next.Tree.N >= seen.Tree.N:
		how := fmt.Sprintf("size %d, it continues the tree of size %d seen before", next.Tree.N, seen.Tree.N)
		return next, how, c.continues(ctx, v, seen, next)
	}
	now, err := c.checkpoint(ctx, v)
	if err != nil {
		return Seen{}, "", err
	}
	if now.Tree.N < seen.Tree.N {
		return Seen{}, "", stale(c.URL(), now.Tree, seen.Tree)
	}
	if err := c.continues(ctx, v, seen, now); err != nil {
		return Seen{}, "", err
	}
	how := fmt.Sprintf("size %d, a beginning of the tree of size %d", next.Tree.N, now.Tree.N)
	return now, how, c.continues(ctx, v, next, now)
}

func stale(url string, now, seen tlog.Tree) error {
	return &TrustError{
		Failure: Stale,
		Detail:  fmt.Sprintf("the log of %s shows a tree of size %d, and size %d was seen before; a log only grows", url, now.N, seen.N),
		Hint:    "if you go through a mirror or a proxy, it may lag: try again later, or ask the registry itself",
	}
}

// continues proves with tiles that later begins with earlier.
func (c *Client) continues(ctx context.Context, v *translog.Verifier, earlier, later Seen) error {
	err := translog.Consistent(ctx, earlier.Tree, later.Tree, tileSource{c})
	switch {
	case err == nil:
		return nil
	case errors.Is(err, translog.ErrFork):
		return c.fork(ctx, v, earlier, later)
	case errors.Is(err, translog.ErrTiles):
		return unreachable(fmt.Errorf("the tiles of the log do not fit the tree that it has signed: %w", err))
	}
	return unreachable(err)
}

func (c *Client) fork(ctx context.Context, v *translog.Verifier, a, b Seen) error {
	failure := &TrustError{
		Failure: LogFork,
		Detail: fmt.Sprintf("the key of %s has signed two histories: the tree of size %d and the tree of size %d contradict one another",
			v.Origin(), a.Tree.N, b.Tree.N),
		Hint: "use nothing from this registry, and show both signed notes to its operators and to others who use it",
		Err:  translog.ErrFork,
	}
	paths, err := c.state.SaveFork(ctx, v, a, b)
	if err != nil {
		failure.Detail += "; saving the notes failed: " + err.Error()
	}
	failure.Evidence = paths
	return failure
}

// checkpoint asks for the log's newest one.
func (c *Client) checkpoint(ctx context.Context, v *translog.Verifier) (Seen, error) {
	note, err := c.getBytes(ctx, c.urls.Checkpoint(), "text/plain", translog.MaxCheckpoint)
	if err != nil {
		return Seen{}, unreachable(err)
	}
	tree, err := v.OpenCheckpoint(note)
	if err != nil {
		return Seen{}, policy("the checkpoint of the log is not what %s signs: %v", v.Key(), err)
	}
	return Seen{note, tree}, nil
}

// tileSource reads hash tiles of the registry's log.
type tileSource struct{ c *Client }

// Tile gives the bytes that the registry has for t, unverified.
func (s tileSource) Tile(ctx context.Context, t tlog.Tile) ([]byte, error) {
	url := s.c.urls.Log() + "/" + translog.TilePath(t)
	data, err := s.c.getBytes(ctx, url, "application/octet-stream", translog.TileWidth*tlog.HashSize)
	if err == nil && len(data) < t.W*tlog.HashSize {
		err = &ReplyError{URL: url, Reason: fmt.Sprintf("the tile has %d bytes, not %d", len(data), t.W*tlog.HashSize)}
	}
	return data, err
}

// unreachable makes LogUnreachable of a failed request to the log. What says
// more about the cause passes: a missing right, an interruption, another
// failure of trust.
func unreachable(err error) error {
	if problem, ok := errors.AsType[*api.Problem](err); ok && isAuth(problem.Status) {
		return err
	}
	_, known := errors.AsType[*TrustError](err)
	_, none := errors.AsType[*NoRegistryError](err)
	if known || none || errors.Is(err, context.Canceled) || errors.Is(err, ErrOffline) {
		return err
	}
	return &TrustError{
		Failure: LogUnreachable,
		Detail:  Printable(fmt.Sprintf("the log could not be asked, so nothing is proved: %v", err)),
		Hint:    "try again later",
		Err:     err,
	}
}

func isAuth(status int) bool {
	return status == http.StatusUnauthorized || status == http.StatusForbidden
}
