package client

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ori-lang/registry/ident"
)

// silent is a line on which no answer ever comes.
type silent struct{}

func (silent) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// TestTimes measures, by a clock of its own, how long a registry that says
// nothing is waited for when nobody has set anything: four times 30 s, and
// between them half a second, one and two, less up to half of each.
func TestTimes(t *testing.T) {
	for _, jitter := range []float64{0, 0.5, 1} {
		synctest.Test(t, func(t *testing.T) {
			c, err := New(Options{
				URL: "http://registry.example", StateDir: t.TempDir(),
				Transport: silent{}, Jitter: func() float64 { return jitter },
			})
			if err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			_, err = c.Discovery(t.Context())
			if failure, ok := errors.AsType[*NetworkError](err); !ok || failure.Tries != 4 {
				t.Errorf("error: %v, want a *NetworkError after four tries", err)
			}
			between := 3500 * time.Millisecond
			want := 4*30*time.Second + between/2 + time.Duration(jitter*float64(between/2))
			if took := time.Since(start); took != want {
				t.Errorf("with the jitter %v it took %v, want %v", jitter, took, want)
			}
		})
	}
}

// TestTimesOfOneAttempt: what has been sent is answered within 30 s, or within
// two minutes where it was an archive.
func TestTimesOfOneAttempt(t *testing.T) {
	ref := mustRef(t, httpRef)
	data := packageBytes(t, httpRef, "")
	report, err := checkArchive(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		ask  func(ctx context.Context, c *Client) error
		want time.Duration
	}{
		"a write": {func(ctx context.Context, c *Client) error {
			_, err := c.Deprecate(ctx, ref, "old", "")
			return err
		}, 30 * time.Second},
		"a graph": {func(ctx context.Context, c *Client) error {
			_, err := c.Resolution(ctx, []ident.Ref{ref}, true)
			return err
		}, 30 * time.Second},
		"an archive": {func(ctx context.Context, c *Client) error {
			_, _, err := c.post(ctx, bytes.NewReader(data), report, PublishOptions{})
			return err
		}, 120 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client := timed(t, func(r *http.Request) (*http.Response, error) {
					_, err := io.Copy(io.Discard, r.Body)
					<-r.Context().Done()
					return nil, errors.Join(err, r.Context().Err())
				})
				start := time.Now()
				wantError(t, c.ask(t.Context(), client), errNetwork)
				if took := time.Since(start); took != c.want {
					t.Errorf("it took %v, want %v", took, c.want)
				}
			})
		})
	}
}

// TestLongReplies: a graph, or the versions of a package, may take as long as
// bytes come; what comes too seldom ends it.
func TestLongReplies(t *testing.T) {
	ref := mustRef(t, httpRef)
	graph := func(ctx context.Context, c *Client) error {
		_, err := c.Resolution(ctx, []ident.Ref{ref}, true)
		return err
	}
	versions := func(ctx context.Context, c *Client) error {
		_, err := c.Versions(ctx, ref.Package)
		return err
	}
	for name, ask := range map[string]func(context.Context, *Client) error{"a graph": graph, "versions": versions} {
		for pause, want := range map[time.Duration]error{29 * time.Second: nil, 31 * time.Second: errNetwork} {
			synctest.Test(t, func(t *testing.T) {
				err := ask(t.Context(), timed(t, func(r *http.Request) (*http.Response, error) {
					body := drip(r.Context(), `{"package":"@acme/http"`+strings.Repeat(" ", 10*chunk)+"}", pause)
					return &http.Response{StatusCode: 200, Header: http.Header{}, Body: body, Request: r}, nil
				}))
				if want == nil && err != nil {
					t.Errorf("%s, a chunk in %s: %v", name, pause, err)
				}
				if want != nil {
					wantError(t, err, want)
				}
			})
		}
	}
}

// timed is a client that tries once, in times that no test changes.
func timed(t *testing.T, answer roundTrip) *Client {
	t.Helper()
	c, err := New(Options{URL: "https://registry.example", Token: testToken, StateDir: t.TempDir(), Transport: answer, Retries: -1})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// drip gives a chunk of a text after every pause.
func drip(ctx context.Context, text string, pause time.Duration) io.ReadCloser {
	r, w := io.Pipe()
	go func() {
		for some := range slices.Chunk([]byte(text), chunk) {
			err := sleep(ctx, pause)
			if err == nil {
				_, err = w.Write(some)
			}
			if err != nil {
				w.CloseWithError(err)
				return
			}
		}
		w.Close()
	}()
	return r
}

// TestJitterDiffers: clients that fail together do not come back together.
func TestJitterDiffers(t *testing.T) {
	seen := map[float64]bool{}
	jitter := withDefaults(Options{}).Jitter
	for range 10 {
		f := jitter()
		if f < 0 || f >= 1 {
			t.Errorf("jitter %v", f)
		}
		seen[f] = true
	}
	if len(seen) < 2 {
		t.Error("the jitter is always the same")
	}
}
