package sequencer

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/internal/repotest/pgtest"
)

// following is a Follow on its way.
type following struct {
	done chan struct{}
	size int64
	err  error
}

// follow begins to wait for more than size entries, and returns when it waits.
func (f *fixture) follow(ctx context.Context, size int64, patience time.Duration) *following {
	f.t.Helper()
	waiting := f.seq.followers.Load() + 1
	w := &following{done: make(chan struct{})}
	go func() {
		defer close(w.done)
		var head *Head
		if head, w.err = f.seq.Follow(ctx, size, patience); w.err == nil {
			w.size = head.Tree.N
		}
	}()
	for f.seq.followers.Load() < waiting {
		select {
		case <-w.done:
			return w
		default:
			runtime.Gosched()
		}
	}
	return w
}

// ends waits for the end, which must come soon.
func (w *following) ends(t *testing.T, size int64, err error) {
	t.Helper()
	select {
	case <-w.done:
	case <-time.After(20 * time.Second):
		t.Fatal("it still waits")
	}
	if w.size != size || !errors.Is(w.err, err) {
		t.Errorf("it ended with %d entries, %v; want %d, %v", w.size, w.err, size, err)
	}
}

func TestFollow(t *testing.T) { eachDatabase(t, testFollow) }

func testFollow(t *testing.T, f *fixture) {
	f.follow(t.Context(), 0, time.Hour).ends(t, 1, nil) // open is there already
	f.follow(t.Context(), 1, 0).ends(t, 1, nil)
	f.follow(t.Context(), 7, time.Millisecond).ends(t, 1, nil)

	first, second := f.follow(t.Context(), 1, time.Hour), f.follow(t.Context(), 2, time.Hour)
	f.submit(claim(1))
	first.ends(t, 2, nil)
	select {
	case <-second.done:
		t.Error("it ended with an entry that was known")
	default:
	}
	f.submit(claim(2), claim(3))
	second.ends(t, 4, nil)

	ctx, leave := context.WithCancel(t.Context())
	gone := f.follow(ctx, 4, time.Hour)
	leave()
	gone.ends(t, 0, context.Canceled)
	if n := f.seq.followers.Load(); n != 0 {
		t.Errorf("%d places are still taken", n)
	}
}

// What another server commits is shown to those who wait, within a second.
func TestFollowSeesOtherServers(t *testing.T) {
	first := newFixtureOn(t, pgtest.URL(t))
	second := &fixture{t: t, dir: t.TempDir(), database: first.database}
	if err := os.CopyFS(filepath.Join(second.dir, "keys"), os.DirFS(filepath.Join(first.dir, "keys"))); err != nil {
		t.Fatal(err)
	}
	second.open()
	t.Cleanup(second.close)
	for n := range int64(3) {
		w := first.follow(t.Context(), 1+n, time.Hour)
		second.submit(claim(int(n)))
		began := time.Now()
		w.ends(t, 2+n, nil)
		t.Logf("seen after %v", time.Since(began))
	}
}

func TestFollowersAreBounded(t *testing.T) {
	f := newFixture(t)
	var all []*following
	for range maxFollowers {
		all = append(all, f.follow(t.Context(), 1, time.Hour))
	}
	f.follow(t.Context(), 1, time.Hour).ends(t, 0, api.Unavailable)
	f.follow(t.Context(), 1, 0).ends(t, 1, nil) // does not wait
	f.submit(claim(1))
	for _, w := range all {
		w.ends(t, 2, nil)
	}
	if n := f.seq.followers.Load(); n != 0 {
		t.Errorf("%d places are still taken", n)
	}
}

// A server that stops lets nobody wait, neither who waits nor who comes.
func TestEndFollowing(t *testing.T) {
	f := newFixture(t)
	w := f.follow(t.Context(), 1, time.Hour)
	f.seq.EndFollowing()
	f.seq.EndFollowing()
	w.ends(t, 1, nil)
	f.follow(t.Context(), 1, time.Hour).ends(t, 1, nil)
	f.submit(claim(1)) // changes are still taken
	f.follow(t.Context(), 1, time.Hour).ends(t, 2, nil)
}

func TestCloseEndsFollowing(t *testing.T) {
	f := newFixture(t)
	w := f.follow(t.Context(), 1, time.Hour)
	f.close()
	w.ends(t, 1, nil)
}
