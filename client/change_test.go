package client

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"
)

// writeCase is a write, and what it is on the wire.
type writeCase struct {
	name, method, path, body string
	status                   int
	answer                   any  // nil: none
	once                     bool // it is not made again when its answer is lost
	call                     func(context.Context, *Client) error
}

// writeCases are all writes of the account, of members, of versions and of packages.
func writeCases(t *testing.T) []writeCase {
	return slices.Concat(tokenWrites(t), memberWrites(t), lifeWrites(t), transferWrites(t))
}

// serve answers as the case says.
func (c *writeCase) serve(w http.ResponseWriter, _ *http.Request) {
	if c.answer == nil {
		w.WriteHeader(c.status)
		return
	}
	writeJSON(w, c.status, c.answer)
}

func TestWrites(t *testing.T) {
	for _, c := range writeCases(t) {
		var got, body string
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			text, _ := io.ReadAll(r.Body)
			got, body = r.Method+" "+r.URL.EscapedPath(), string(text)
			if r.Header.Get("Authorization") != "Bearer "+testToken || (body == "") != (r.Header.Get("Content-Type") == "") {
				t.Errorf("%s: headers %v", c.name, r.Header)
			}
			c.serve(w, r)
		}))
		if err := c.call(t.Context(), newUser(t).client(server.URL)); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if want := c.method + " " + c.path; got != want || body != c.body {
			t.Errorf("%s: sent was %s with %s, want %s with %s", c.name, got, body, want, c.body)
		}
		server.Close()
	}
}

// TestWritesWithoutToken: nothing is sent that must be refused.
func TestWritesWithoutToken(t *testing.T) {
	for _, c := range writeCases(t) {
		f := newFake(t)
		err := c.call(t.Context(), newUser(t).client(f.server.URL, func(o *Options) { o.Token = "" }))
		if !errors.Is(err, ErrNoToken) || len(f.asked()) > 0 {
			t.Errorf("%s: %v after %d requests", c.name, err, len(f.asked()))
		}
	}
}

// TestWritesWhoseAnswerIsLost: what made twice is the same as made once is made again.
func TestWritesWhoseAnswerIsLost(t *testing.T) {
	for _, c := range writeCases(t) {
		var calls atomic.Int32
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if calls.Add(1) == 1 {
				panic(http.ErrAbortHandler)
			}
			c.serve(w, r)
		}))
		err := c.call(t.Context(), newUser(t).client(server.URL))
		_, lost := errors.AsType[*UnansweredError](err)
		if want := map[bool]int32{false: 2, true: 1}[c.once]; calls.Load() != want || lost != c.once {
			t.Errorf("%s: %v after %d requests, want %d", c.name, err, calls.Load(), want)
		}
		server.Close()
	}
}

// TestWritesInterrupted: nobody knows whether they are done.
func TestWritesInterrupted(t *testing.T) {
	for _, c := range writeCases(t) {
		ctx, cancel := context.WithCancel(t.Context())
		server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body) // only then the server notices that the client has gone
			cancel()
			<-r.Context().Done()
		}))
		err := c.call(ctx, newUser(t).client(server.URL))
		unanswered, ok := errors.AsType[*UnansweredError](err)
		if !ok || !errors.Is(err, context.Canceled) || unanswered.Again == c.once {
			t.Errorf("%s: %v, want an *UnansweredError", c.name, err)
		}
		server.Close()
	}
}

// TestWritesElsewhere: what is no registry has done nothing.
func TestWritesElsewhere(t *testing.T) {
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<h1>welcome</h1>") }))
	defer page.Close()
	object := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, 200, struct{}{}) }))
	defer object.Close()
	for _, c := range writeCases(t) {
		for _, url := range []string{page.URL, object.URL} {
			if _, ok := errors.AsType[*NoRegistryError](c.call(t.Context(), newUser(t).client(url))); !ok {
				t.Errorf("%s: want a *NoRegistryError", c.name)
			}
		}
	}
}

// refuses holds that each of the answers is refused as one about something else.
func refuses(t *testing.T, path string, call func(*Client) error, answers map[string]any) {
	t.Helper()
	for name, answer := range answers {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			f.instead[path] = func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, 200, answer) }
			wantError(t, call(newUser(t).client(f.server.URL)), errAnyReply)
		})
	}
}
