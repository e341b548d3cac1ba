package client

import (
	"bytes"
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
	status := http.StatusCreated
	f.instead["/v1/scopes/acme"] = func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPut {
			t.Errorf("method %s", r.Method)
		}
		writeJSON(w, status, api.Scope{Scope: "acme", LogIndex: 7})
	}
	for _, want := range []bool{true, false} {
		s, created, err := u.client(f.server.URL).ClaimScope(t.Context(), "acme")
		if err != nil || created != want || s.LogIndex != 7 {
			t.Errorf("%+v, %v, %v; want created %v", s, created, err, want)
		}
		status = http.StatusOK
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
