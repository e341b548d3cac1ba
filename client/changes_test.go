package client

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/archive"
)

func changesFrom(seqs ...int64) api.Changes {
	page := api.Changes{Changes: []api.Change{}}
	for _, seq := range seqs {
		page.Changes = append(page.Changes, api.Change{Seq: seq, Kind: "publish"})
	}
	return page
}

func TestChanges(t *testing.T) {
	cases := []struct {
		after int64
		wait  time.Duration
		query string
		seqs  []int64
	}{
		{-1, 0, "", []int64{0, 1, 2}},
		{-9, 0, "", []int64{0}},
		{0, 0, "after=0", []int64{1}},
		{7, 25 * time.Second, "after=7&wait=25", nil},
		{7, time.Hour, "after=7&wait=25", []int64{8}},
		{7, time.Millisecond, "after=7", []int64{8, 9}},
	}
	for _, c := range cases {
		f, u := newFake(t), newUser(t)
		f.instead["/v1/changes"] = func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, 200, changesFrom(c.seqs...)) }
		got, err := u.client(f.server.URL).Changes(t.Context(), c.after, c.wait)
		if err != nil || len(got) != len(c.seqs) || f.asked()[0].URL.RawQuery != c.query {
			t.Errorf("after %d, %s: %v, %v, asked was %q", c.after, c.wait, got, err, f.asked()[0].URL.RawQuery)
		}
	}
}

// TestChangesWithGaps: whoever follows them would miss something.
func TestChangesWithGaps(t *testing.T) {
	f := func(c *Client) error { _, err := c.Changes(t.Context(), 4, 0); return err }
	refuses(t, "/v1/changes", f, map[string]any{
		"one is left out": changesFrom(6), "one is there twice": changesFrom(5, 5), "they begin again": changesFrom(0, 1),
		"a gap in the middle": changesFrom(5, 7), "no list": struct{}{},
	})
}

// TestChangesWait: a registry that was asked to wait is given the time for it.
func TestChangesWait(t *testing.T) {
	f, u := newFake(t), newUser(t)
	const timeout = 100 * time.Millisecond
	f.instead["/v1/changes"] = func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(3 * timeout):
			writeJSON(w, 200, changesFrom())
		case <-r.Context().Done():
		}
	}
	quick := func(o *Options) { o.Timeout, o.Retries = timeout, -1 }
	if _, err := u.client(f.server.URL, quick).Changes(t.Context(), -1, time.Second); err != nil {
		t.Errorf("with a wait: %v", err)
	}
	if _, err := u.client(f.server.URL, quick).Changes(t.Context(), -1, 0); err == nil {
		t.Error("without a wait there is no end to the patience")
	}
}

func TestReadme(t *testing.T) {
	f, u := newFake(t), newUser(t)
	text := strings.Repeat("x", archive.MaxReadme)
	f.instead["/readme"] = func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, text) }
	c := u.client(f.server.URL)
	if got, err := c.Readme(t.Context(), mustRef(t, httpRef)); err != nil || got != text {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	text += "x"
	_, err := c.Readme(t.Context(), mustRef(t, httpRef))
	wantError(t, err, errAnyReply)
}
