package client

import (
	"os"
	"testing"

	"github.com/ori-lang/registry/translog"
)

// TestAdvance: what was seen moves on from what it was compared with, to a
// larger tree, and in no other way.
func TestAdvance(t *testing.T) {
	f := newFake(t)
	f.grow(9, "s")
	v, err := translog.NewVerifier(f.signer.VerifierKey())
	if err != nil {
		t.Fatal(err)
	}
	seen := func(size int64) Seen {
		if size == 0 {
			return Seen{}
		}
		return Seen{f.checkpoint(size), f.tree(size)}
	}
	for name, test := range map[string]struct {
		there, from, next int64 // sizes of trees; 0: none
		ok                bool
		want              int64
	}{
		"the first":                          {0, 0, 5, true, 5},
		"a larger one":                       {5, 5, 9, true, 9},
		"the same":                           {5, 5, 5, true, 5},
		"a smaller one":                      {9, 9, 5, true, 9},
		"another process has seen the first": {5, 0, 9, false, 5},
		"another process was faster":         {7, 5, 9, false, 7},
		"the folder was emptied":             {0, 5, 9, false, 0},
	} {
		state := NewState(t.TempDir())
		if test.there > 0 {
			if ok, err := state.Advance(t.Context(), v, Seen{}, seen(test.there)); err != nil || !ok {
				t.Fatal(ok, err)
			}
		}
		ok, err := state.Advance(t.Context(), v, seen(test.from), seen(test.next))
		newest, newestErr := state.Newest(v)
		if err != nil || newestErr != nil || ok != test.ok || newest.Tree.N != test.want {
			t.Errorf("%s: %t, %v; the newest has size %d, %v, want %t and %d", name, ok, err, newest.Tree.N, newestErr, test.ok, test.want)
		}
	}
}

// TestSeenAgain: a log that has not grown is as fresh as it was shown last.
func TestSeenAgain(t *testing.T) {
	f, u := newFake(t), newUser(t)
	f.publish(httpRef)
	c := u.client(f.server.URL)
	if _, err := c.Obtain(t.Context(), mustRef(t, httpRef), nil); err != nil {
		t.Fatal(err)
	}
	v, err := c.Log(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	now := u.options.Now()
	long := now.Add(-30 * day)
	if err := os.Chtimes(c.state.checkpointPath(v), long, long); err != nil {
		t.Fatal(err)
	}
	if err := remote(t, c); err != nil {
		t.Fatal(err)
	}
	if at, err := c.state.SeenAt(v); err != nil || !at.Equal(now) {
		t.Errorf("last seen %v, %v, want %v", at, err, now)
	}
	offline := u.client(f.server.URL, func(o *Options) { o.Offline = true })
	if _, err := offline.Obtain(t.Context(), mustRef(t, httpRef), nil); err != nil {
		t.Fatal(err)
	}
	if said := u.notices[len(u.notices)-1]; said != "offline: the log of "+f.server.URL+" was last seen less than a minute ago" {
		t.Errorf("told: %q", said)
	}
}
