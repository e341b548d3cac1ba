package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"github.com/ori-lang/registry/api"
)

// refuse answers with the problem that err is, and with "internal" for what is
// none: its text is for the log, not for the client.
func (s *service) refuse(c *call, r *http.Request, err error) {
	if c.status != 0 { // a part of the reply is out already
		c.cutShort = true
		return
	}
	problem := asProblem(r, err).Complete(s.urls, c.id)
	header := c.Header()
	setRefusal(header, problem)
	var body bytes.Buffer
	if err := encodeJSON(&body, problem); err != nil {
		s.log.Error("a problem cannot be encoded", "request", c.id, "error", err)
	}
	header.Set("Content-Type", "application/problem+json")
	header.Set("Content-Length", strconv.Itoa(body.Len()))
	c.WriteHeader(problem.Status)
	_, _ = c.Write(body.Bytes()) // a client that is gone is told nothing
}

func asProblem(r *http.Request, err error) *api.Problem {
	if problem, ok := errors.AsType[*api.Problem](err); ok {
		return problem
	}
	if code, ok := errors.AsType[api.Code](err); ok {
		return api.Errorf(code, "%s", code.Info().Title)
	}
	if errors.Is(err, context.DeadlineExceeded) || r.Context().Err() != nil {
		return api.Errorf(api.Unavailable, "the call was given up")
	}
	return api.Errorf(api.Internal, "the registry failed; the request_id leads the operators to the reason")
}

// Seconds that a client waits before it tries again, where the failure does
// not say.
const (
	retryUnavailable = 2
	retryReadOnly    = 60
)

// setRefusal sets what the protocol wants beside a problem. The challenge
// stands on each failure that another token could avoid.
func setRefusal(header http.Header, p *api.Problem) {
	header.Set("Cache-Control", string(never))
	switch p.Code {
	case api.Unauthenticated, api.TokenInvalid, api.TokenExpired:
		header.Set("WWW-Authenticate", `Bearer realm="ori", error="invalid_token"`)
	case api.InsufficientScope, api.TokenPackageMismatch, api.NotOwner:
		header.Set("WWW-Authenticate", `Bearer realm="ori", error="insufficient_scope"`)
	case api.RequestTimeout:
		header.Set("Connection", "close")
	case api.Unavailable:
		p.RetryAfter = max(p.RetryAfter, retryUnavailable)
	case api.ReadOnly:
		p.RetryAfter = max(p.RetryAfter, retryReadOnly)
	}
	if p.RetryAfter > 0 {
		header.Set("Retry-After", strconv.Itoa(p.RetryAfter))
	}
}

// encodeJSON is how all JSON is written: compact, characters as they are, one
// line end.
func encodeJSON(body *bytes.Buffer, v any) error {
	encoder := json.NewEncoder(body)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(v)
}
