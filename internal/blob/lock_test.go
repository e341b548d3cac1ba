package blob_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/ori-lang/registry/ident"
)

// A sweep that comes between Keep and the end of its transaction waits, and
// then finds the owner that the transaction made, or none when it failed.
func TestSweepWaitsForKeep(t *testing.T) {
	for _, committed := range []bool{true, false} {
		t.Run(fmt.Sprintf("committed %t", committed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFolder(t)
				c := f.upload("u1", "content")
				release, err := f.Keep(t.Context(), "u1", c)
				must(t, err)

				var owned, asked bool
				swept := make(chan error, 1)
				go func() {
					swept <- f.Sweep(t.Context(), func(context.Context, ident.Checksum) (bool, error) {
						asked = true
						return owned, nil
					})
				}()
				synctest.Wait()
				if asked {
					t.Fatal("Sweep looked for the owner of an archive that is being published")
				}
				owned = committed
				release()
				must(t, <-swept)

				f.wantIncoming()
				if committed {
					f.wantContent(c, "content")
				} else {
					f.wantMissing(c)
				}
			})
		})
	}
}

// A publish of bytes that the sweeper is about to delete waits, and then
// brings its own.
func TestKeepWaitsForSweep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFolder(t)
		c := f.keep("u1", "content")
		f.upload("u2", "content")

		asked, answer := make(chan bool), make(chan bool)
		swept, kept := make(chan error, 1), make(chan error, 1)
		go func() {
			swept <- f.Sweep(t.Context(), func(context.Context, ident.Checksum) (bool, error) {
				asked <- true
				return <-answer, nil
			})
		}()
		<-asked
		go func() {
			release, err := f.Keep(t.Context(), "u2", c)
			if err == nil {
				release()
			}
			kept <- err
		}()
		synctest.Wait()
		if len(kept) > 0 {
			t.Fatal("Keep did not wait for the sweep")
		}
		f.wantIncoming(mark(c, "u1"), "u2.part")
		answer <- false
		must(t, errors.Join(<-swept, <-kept))
		f.wantContent(c, "content")
		f.wantIncoming(mark(c, "u2"))
	})
}

func TestWaitingEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFolder(t)
		c := f.upload("u1", "content")
		f.upload("u2", "content")
		release, err := f.Keep(t.Context(), "u1", c)
		must(t, err)

		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 2)
		go func() {
			_, err := f.Keep(ctx, "u2", c)
			ended <- err
		}()
		go func() { ended <- f.Sweep(ctx, owner()) }()
		synctest.Wait()
		if len(ended) > 0 {
			t.Fatal("one of them did not wait")
		}
		cancel()
		for range cap(ended) {
			if err := <-ended; !errors.Is(err, context.Canceled) {
				t.Errorf("waiting ended with %v", err)
			}
		}
		f.wantContent(c, "content")
		f.wantIncoming(mark(c, "u1"), "u2.part")

		release()
		release, err = f.Keep(t.Context(), "u2", c)
		must(t, err)
		release()
	})
}

// Whoever comes while somebody waits, or has given up waiting, waits as well.
func TestLockPassesOn(t *testing.T) {
	for _, givesUp := range []bool{true, false} {
		t.Run(fmt.Sprintf("the second gives up %t", givesUp), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { testLockPassesOn(t, givesUp) })
		})
	}
}

func testLockPassesOn(t *testing.T, givesUp bool) {
	f := newFolder(t)
	c := ident.ChecksumOf([]byte("content"))
	held := make(chan func(), 3)
	keep := func(ctx context.Context, name string) {
		f.upload(name, "content")
		go func() {
			if release, err := f.Keep(ctx, name, c); err == nil {
				held <- release
			}
		}()
		synctest.Wait()
	}
	wantHeld := func(want int) {
		t.Helper()
		synctest.Wait()
		if len(held) != want {
			t.Fatalf("%d hold the digest, want %d", len(held), want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	keep(t.Context(), "first")
	keep(ctx, "second")
	wantHeld(1)
	if givesUp {
		cancel()
	} else {
		(<-held)()
	}
	wantHeld(1)
	keep(t.Context(), "third")
	wantHeld(1)
	(<-held)()
	wantHeld(1)
	(<-held)()
	wantHeld(0)
}

func TestOtherDigestsDoNotWait(t *testing.T) {
	f := newFolder(t)
	for i := range 10 {
		name := fmt.Sprintf("u%d", i)
		release, err := f.Keep(t.Context(), name, f.upload(name, name))
		must(t, err)
		defer release()
	}
}

// Many publish the same few contents while sweepers run: what is owned stays,
// and no two hold a digest at a time.
func TestKeepAndSweepTogether(t *testing.T) {
	f := newFolder(t)
	var contents [4]ident.Checksum
	var holders, owners [len(contents)]counter
	for i := range contents {
		contents[i] = ident.ChecksumOf([]byte{byte(i)})
	}
	publish := func(name string, i int) {
		release, err := f.Keep(t.Context(), name, contents[i])
		if err != nil {
			t.Error(err)
			return
		}
		defer release()
		if holders[i].add(1) != 1 {
			t.Errorf("two hold the digest of content %d", i)
		}
		if i%2 == 0 { // the others never commit
			owners[i].add(1)
		}
		holders[i].add(-1)
	}
	var publishers sync.WaitGroup
	for p := range 8 {
		for i := range contents {
			name := fmt.Sprintf("u%d-%d", p, i)
			f.upload(name, string([]byte{byte(i)}))
			publishers.Go(func() { publish(name, i) })
		}
	}
	owned := func(_ context.Context, c ident.Checksum) (bool, error) {
		for i := range contents {
			if contents[i] == c {
				return owners[i].add(0) > 0, nil
			}
		}
		return false, errors.New("unknown")
	}
	for range 20 {
		must(t, f.Sweep(t.Context(), owned))
	}
	publishers.Wait()
	must(t, f.Sweep(t.Context(), owned))
	f.wantIncoming()
	f.wantAll(contents[0], contents[2])
}

// counter is a number that many goroutines change.
type counter struct {
	mu sync.Mutex
	n  int
}

func (c *counter) add(n int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n += n
	return c.n
}
