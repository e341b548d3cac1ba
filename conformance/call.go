package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// What a registry may take of the suite.
const (
	maxReply = 32 << 20    // bytes of a reply that are read
	maxWait  = time.Minute // after a 429: no limit lasts longer
	maxWaits = 2           // for one call
)

// request is a call to be made.
type request struct {
	method, url, token string
	headers            []string // name, value, name, value, …
	body               []byte
	hasty              bool // a 429 is an answer like any other
}

// answer is a reply that was read to its end.
type answer struct {
	what   string // method and address, for messages
	status int
	header http.Header
	body   []byte
}

// exchange makes one call, again when the registry said to wait before. Several
// may be made at a time.
func (s *session) exchange(ctx context.Context, call request) (*answer, error) {
	for range maxWaits {
		a, err := s.once(ctx, call)
		if err != nil || call.hasty || a.retryAfter() == 0 {
			return a, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("%s %s: told to wait: %w", call.method, call.url, ctx.Err())
		case <-time.After(a.retryAfter()):
		}
	}
	return s.once(ctx, call)
}

// once makes one call and holds what every reply must have.
func (s *session) once(ctx context.Context, call request) (*answer, error) {
	r, err := http.NewRequestWithContext(ctx, call.method, call.url, bytes.NewReader(call.body))
	if err != nil {
		return nil, err
	}
	if len(call.body) == 0 {
		r.Body, r.ContentLength = http.NoBody, 0
	}
	r.Header.Set("Accept-Encoding", "identity") // or the transport would undo gzip unseen
	if call.token != "" {
		r.Header.Set("Authorization", "Bearer "+call.token)
	}
	for i := 0; i < len(call.headers); i += 2 {
		r.Header.Set(call.headers[i], call.headers[i+1])
	}
	reply, err := s.client.Do(r)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", call.method, call.url, err)
	}
	defer reply.Body.Close()
	body, err := io.ReadAll(io.LimitReader(reply.Body, maxReply))
	if err != nil {
		return nil, fmt.Errorf("%s %s: reading the reply: %w", call.method, call.url, err)
	}
	a := &answer{call.method + " " + strings.TrimPrefix(call.url, s.urls.Base()), reply.StatusCode, reply.Header, body}
	s.every.look(call, a)
	return a, nil
}

// reader gives the token that reading needs: none on a public registry.
func (s *session) reader() string {
	if s.discovery.Access == "private" {
		return s.options.Token
	}
	return ""
}

// retryAfter is how long a 429 says to wait; 0 when there is nothing to wait for,
// or for longer than a limit may last.
func (a *answer) retryAfter() time.Duration {
	seconds, err := strconv.Atoi(a.header.Get("Retry-After"))
	wait := time.Duration(seconds) * time.Second
	if a.status != http.StatusTooManyRequests || err != nil || wait < 0 || wait > maxWait {
		return 0
	}
	return wait
}

func (a *answer) decode(v any) error { return json.Unmarshal(a.body, v) }

// summary is the reply in a few words.
func (a *answer) summary() string {
	var p struct{ Code, Detail string }
	if a.decode(&p) == nil && p.Code != "" {
		return fmt.Sprintf("%d %s (%s)", a.status, p.Code, p.Detail)
	}
	return fmt.Sprint(a.status)
}
