package client

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"testing"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/archive"
)

// send publishes a package that is packed for it.
func send(t *testing.T, c *Client, ref string, o PublishOptions) (*api.Receipt, error) {
	t.Helper()
	data := packageBytes(t, ref, "")
	report, err := archive.Check(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return c.Publish(t.Context(), bytes.NewReader(data), report, o)
}

func TestPublish(t *testing.T) {
	f, u := newFake(t), newUser(t)
	c := u.client(f.server.URL)
	var moved, all int64
	receipt, err := send(t, c, httpRef, PublishOptions{Progress: func(done, total int64) { moved, all = done, total }})
	if err != nil || !receipt.Created {
		t.Fatalf("%+v, %v", receipt, err)
	}
	if moved != all || all < receipt.Size {
		t.Errorf("progress: %d of %d bytes", moved, all)
	}
	if err := remote(t, c); err != nil {
		t.Errorf("what was published cannot be verified: %v", err)
	}
	asked := f.asked()
	if got := asked[1].Header.Get("Expect"); asked[1].Method != http.MethodPost || got != "100-continue" {
		t.Errorf("the second request is %s with Expect: %q", asked[1].Method, got)
	}
}

func TestPublishDryRun(t *testing.T) {
	f, u := newFake(t), newUser(t)
	receipt, err := send(t, u.client(f.server.URL), httpRef, PublishOptions{DryRun: true})
	if err != nil || !receipt.DryRun || len(f.archives) > 0 {
		t.Errorf("%+v, %v, %d archives kept", receipt, err, len(f.archives))
	}
}

// TestPublishLies has the registry say that it published, and not prove it.
func TestPublishLies(t *testing.T) {
	truth := func(f *fake, change func(*api.Receipt)) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			recorder := &recorder{header: http.Header{}}
			f.servePublish(recorder, r)
			receipt := recorder.receipt(f.t)
			change(receipt)
			writeJSON(w, 201, receipt)
		}
	}
	cases := []struct {
		name   string
		change func(*fake, *api.Receipt)
		want   error
	}{
		{"another checksum", func(_ *fake, r *api.Receipt) { r.Checksum[0] ^= 1 }, ChecksumMismatch},
		{"another version", func(f *fake, r *api.Receipt) { r.Version.Version = mustRef(f.t, "@a/b@9.9.9").Version }, errAnyReply},
		{"no proof", func(_ *fake, r *api.Receipt) { r.Log.Proof = "" }, NotInLog},
		{"the proof of another package", func(f *fake, r *api.Receipt) {
			f.publish("@acme/json@1.0.0")
			r.Log.Proof = string(f.proof("@acme/json@1.0.0", f.size()))
		}, NotInLog},
		{"other bytes in the log", func(f *fake, r *api.Receipt) {
			f.publishBytes(httpRef, packageBytes(f.t, httpRef, "# other\n"))
			r.Log.Proof = string(f.proof(httpRef, f.size()))
		}, ChecksumMismatch},
		{"only a dry run", func(_ *fake, r *api.Receipt) { r.DryRun = true }, errAnyReply},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f, u := newFake(t), newUser(t)
			f.instead["/publish"] = truth(f, func(r *api.Receipt) { c.change(f, r) })
			_, err := send(t, u.client(f.server.URL), httpRef, PublishOptions{})
			wantError(t, err, c.want)
		})
	}
}

// TestPublishRefused: the registry refuses before the body is sent.
func TestPublishRefused(t *testing.T) {
	f, u := newFake(t), newUser(t)
	f.instead["/publish"] = func(w http.ResponseWriter, _ *http.Request) {
		sum := mustRef(t, httpRef)
		p := api.Errorf(api.VersionExists, "%s was published before", sum)
		writeProblem(w, p)
	}
	_, err := send(t, u.client(f.server.URL), httpRef, PublishOptions{})
	if !errors.Is(err, api.VersionExists) {
		t.Errorf("error: %v, want version_exists", err)
	}
}

func TestClaimScope(t *testing.T) {
	f, u := newFake(t), newUser(t)
	f.grow(300, "s")
	status := http.StatusCreated
	f.instead["/v1/scopes/s270"] = func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPut {
			t.Errorf("method %s", r.Method)
		}
		writeJSON(w, status, api.Scope{Scope: "s270", LogIndex: 271})
	}
	for _, want := range []bool{true, false} {
		s, created, err := u.client(f.server.URL).ClaimScope(t.Context(), "s270")
		if err != nil || created != want || s.LogIndex != 271 {
			t.Errorf("%+v, %v, %v; want created %v", s, created, err, want)
		}
		status = http.StatusOK
	}
}

// TestClaimInterrupted: from the moment that a claim is sent nobody knows
// whether it is done.
func TestClaimInterrupted(t *testing.T) {
	for _, at := range []string{"/v1/scopes/s1", "/v1/me"} {
		f, u := newFake(t), newUser(t)
		f.grow(3, "s")
		ctx, cancel := context.WithCancel(t.Context())
		f.instead["/v1/scopes/s1"] = func(w http.ResponseWriter, _ *http.Request) {
			writeJSON(w, 201, api.Scope{Scope: "s1", LogIndex: 2})
		}
		f.instead[at] = func(http.ResponseWriter, *http.Request) {
			cancel()
			<-ctx.Done()
		}
		_, _, err := u.client(f.server.URL).ClaimScope(ctx, "s1")
		unanswered, ok := errors.AsType[*UnansweredError](err)
		if !ok || !unanswered.Again || !errors.Is(err, context.Canceled) {
			t.Errorf("interrupted at %s: %v", at, err)
		}
	}
}

// TestWriteNeverSent: what was interrupted while it waited for its turn was not
// done, and the error does not say that it may have been.
func TestWriteNeverSent(t *testing.T) {
	f, u := newFake(t), newUser(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c := u.client(f.server.URL)
	_, _, claimed := c.ClaimScope(ctx, "s1")
	_, yanked := c.Yank(ctx, mustRef(t, "@a/left@1.0.0"), "", "")
	for what, err := range map[string]error{"claim": claimed, "yank": yanked, "revoke": c.RevokeToken(ctx, "tok_1")} {
		if _, sent := errors.AsType[*UnansweredError](err); sent || !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestClaimLies has the registry say that a scope is the account's, and not
// prove it.
func TestClaimLies(t *testing.T) {
	cases := []struct {
		name   string
		says   api.Scope
		change func(*fake)
		want   error
	}{
		{"another scope", api.Scope{Scope: "s2", LogIndex: 3}, nil, errAnyReply},
		{"nothing", api.Scope{}, nil, errAnyReply},
		{"the entry of another scope", api.Scope{Scope: "s1", LogIndex: 3}, nil, NotInLog},
		{"an entry of another kind", api.Scope{Scope: "s1", LogIndex: 0}, nil, NotInLog},
		{"an entry to come", api.Scope{Scope: "s1", LogIndex: 99}, nil, NotInLog},
		{"an entry before the first", api.Scope{Scope: "s1", LogIndex: -1}, nil, NotInLog},
		{"the claim of another account", api.Scope{Scope: "s1", LogIndex: 2}, func(f *fake) {
			f.instead["/v1/me"] = func(w http.ResponseWriter, _ *http.Request) {
				writeJSON(w, 200, api.Me{User: api.User{ID: "u_1111111111", Login: "eve"}})
			}
		}, NotInLog},
		{"an entry that is not signed", api.Scope{Scope: "s1", LogIndex: 2}, func(f *fake) {
			signed := f.checkpoint(f.size())
			f.instead["/log/checkpoint"] = func(w http.ResponseWriter, _ *http.Request) { w.Write(signed) }
			f.entries[2] = f.entries[3]
		}, NotInLog},
		{"the claim itself, where something else is signed", api.Scope{Scope: "s1", LogIndex: 3}, func(f *fake) {
			f.entries[3] = f.entries[2]
		}, NotInLog},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f, u := newFake(t), newUser(t)
			f.grow(5, "s")
			f.instead["/v1/scopes/s1"] = func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, 201, c.says) }
			if c.change != nil {
				c.change(f)
			}
			_, _, err := u.client(f.server.URL).ClaimScope(t.Context(), "s1")
			wantError(t, err, c.want)
		})
	}
}

// TestPublishInterrupted: whether all was sent decides what is known.
func TestPublishInterrupted(t *testing.T) {
	for name, read := range map[string]bool{"before the body": false, "after the body": true} {
		f, u := newFake(t), newUser(t)
		ctx, cancel := context.WithCancel(t.Context())
		f.instead["/publish"] = func(_ http.ResponseWriter, r *http.Request) {
			if read {
				io.Copy(io.Discard, r.Body)
			}
			cancel()
			<-ctx.Done()
		}
		data := packageBytes(t, httpRef, "")
		report, err := archive.Check(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		_, err = u.client(f.server.URL).Publish(ctx, bytes.NewReader(data), report, PublishOptions{})
		unanswered, ok := errors.AsType[*UnansweredError](err)
		if ok != read || !errors.Is(err, context.Canceled) || ok && unanswered.Ref.String() != httpRef {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// recorder keeps a reply.
type recorder struct {
	header http.Header
	bytes.Buffer
}

func (r *recorder) Header() http.Header { return r.header }

func (r *recorder) WriteHeader(int) {}

func (r *recorder) receipt(t *testing.T) *api.Receipt {
	t.Helper()
	resp := &http.Response{Body: io.NopCloser(&r.Buffer)}
	var receipt api.Receipt
	if err := decode(resp, "", maxReply, &receipt); err != nil {
		t.Fatal(err)
	}
	return &receipt
}
