package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// change makes a write of which the protocol says that making it twice is the
// same as making it once; it is made again when its answer was lost. check says
// whether the answer, now in into, is about what was asked.
func (c *Client) change(ctx context.Context, method, url string, body, into any, check func(status int) error) error {
	return c.write(ctx, request{method: method, url: url, again: true}, body, into, check)
}

// write sends body as JSON, nothing when it is nil, and reads the answer into into.
func (c *Client) write(ctx context.Context, r request, body, into any, check func(status int) error) error {
	if !c.HasToken() {
		return c.noToken()
	}
	r.accept = "application/json"
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("writing a request: %w", err)
		}
		r.contentType, r.size = "application/json", int64(len(data))
		r.body = func() io.Reader { return bytes.NewReader(data) }
	}
	return c.doWrite(ctx, r, func(resp *http.Response) error {
		if err := decode(resp, r.url, maxReply, into); err != nil {
			return err
		}
		return check(resp.StatusCode)
	})
}

// remove makes a DELETE, which has no answer but that it is done.
func (c *Client) remove(ctx context.Context, r request) error {
	if !c.HasToken() {
		return c.noToken()
	}
	r.method, r.accept = http.MethodDelete, "application/json"
	return c.doWrite(ctx, r, func(resp *http.Response) error {
		if resp.StatusCode != http.StatusNoContent {
			return &ReplyError{URL: r.url, Reason: "the answer has the status " + Printable(resp.Status) + ", not 204", foreign: true}
		}
		return nil
	})
}

// doWrite makes a write, and tells of one that may have been done although there is
// no answer.
func (c *Client) doWrite(ctx context.Context, r request, use func(*http.Response) error) error {
	sent := false
	r.prepare = noting(ctx, &sent)
	err := c.do(ctx, r, use)
	failure, lost := errors.AsType[*NetworkError](err)
	switch {
	case err != nil && sent && ctx.Err() != nil:
		return &UnansweredError{Again: r.again, Err: ctx.Err()}
	case lost && !r.again && !neverSent(failure):
		return &UnansweredError{Err: err}
	}
	return err
}

// noting notes that a request leaves: one that was interrupted while it waited for
// its turn has not.
func noting(ctx context.Context, sent *bool) (prepare func(http.Header)) {
	return func(http.Header) { *sent = *sent || ctx.Err() == nil }
}
