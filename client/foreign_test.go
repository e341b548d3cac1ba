package client

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/ori-lang/registry/api"
)

// TestNoRegistry: other programs answer at the address.
func TestNoRegistry(t *testing.T) {
	say := func(status int, media, text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", media)
			w.WriteHeader(status)
			io.WriteString(w, text)
		}
	}
	calls := map[string]func(*Client) error{
		"download": download, "me": me, "claim": claim,
		"info":    func(c *Client) error { _, err := c.Package(t.Context(), mustRef(t, httpRef).Package); return err },
		"publish": func(c *Client) error { _, err := send(t, c, httpRef, PublishOptions{}); return err },
	}
	for name, answer := range map[string]http.HandlerFunc{
		"a page":          say(200, "text/html", "<h1>welcome</h1>"),
		"an empty object": say(200, "application/json", "{}"),
		"null":            say(200, "application/json", "null"),
		"no such file":    say(404, "text/html", "<h1>no such file</h1>"),
		"no such method":  say(501, "text/html", "<h1>unsupported</h1>"),
		"a path too far down": func(w http.ResponseWriter, _ *http.Request) {
			writeProblem(w, api.Errorf(api.NotFound, "nothing here"))
		},
	} {
		server := httptest.NewServer(answer)
		for call, ask := range calls {
			err := ask(newUser(t).client(server.URL))
			if none, ok := errors.AsType[*NoRegistryError](err); !ok || none.URL != server.URL || none.Reason == "" {
				t.Errorf("%s, %s: %v, want a *NoRegistryError", name, call, err)
			}
		}
		server.Close()
	}
}

// TestNoRegistryAnyMore: the key is pinned, and now a page answers everything.
func TestNoRegistryAnyMore(t *testing.T) {
	f, u := newFake(t), newUser(t)
	f.publish(httpRef)
	if err := remote(t, u.client(f.server.URL)); err != nil {
		t.Fatal(err)
	}
	f.instead["/"] = func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<h1>log in</h1>") }
	f.instead["/download"], f.instead["/proof"] = f.instead["/"], f.instead["/"]
	if _, ok := errors.AsType[*NoRegistryError](remote(t, u.client(f.server.URL))); !ok {
		t.Error("want a *NoRegistryError")
	}
}

func TestOtherProtocol(t *testing.T) {
	f, u := newFake(t), newUser(t)
	f.instead["/v1/"] = func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, 200, api.Discovery{APIVersion: "2", Log: api.LogInfo{PublicKey: "any"}})
	}
	_, err := u.client(f.server.URL).Discovery(t.Context())
	wantError(t, err, errAnyReply)
}
