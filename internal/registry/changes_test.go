package registry_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/internal/registry"
	"github.com/ori-lang/registry/internal/repotest/pgtest"
	"github.com/ori-lang/registry/internal/repotest/sample"
)

// changes gives what changed behind an index, one word for each.
func (f *fixture) changes(after int64, limit int) string {
	f.t.Helper()
	list, err := f.Changes(f.t.Context(), after, limit, 0)
	must(f.t, err)
	return changeWords(list)
}

func changeWords(list []api.Change) string {
	var words []string
	for _, c := range list {
		word := fmt.Sprintf("%d:%s", c.Seq, c.Kind)
		if c.Package != nil {
			word += ":" + c.Package.String()
		}
		if c.Version != nil {
			word += ":" + c.Version.String()
		}
		for _, part := range []*string{c.Scope, c.Advisory} {
			if part != nil {
				word += ":" + *part
			}
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

func TestChangesAreTheLog(t *testing.T) { eachDatabase(t, testChangesAreTheLog) }

func testChangesAreTheLog(t *testing.T, f *fixture) {
	ada, root := f.owner("ada", "acme"), f.operator("root")
	f.mustPublish(ada, sample.Package{Ref: "@acme/http@1.0.0"})
	_, err := f.Yank(t.Context(), ada, ref("@acme/http@1.0.0"), api.Yank{})
	must(t, err)
	_, err = f.SetStatus(t.Context(), root, pkg("@acme/http"), api.StatusChange{Status: api.Archived})
	must(t, err)
	f.mustFile(root, f.record("x_ORI-2026-0001", affects("@acme/http", `{"introduced":"0"}`)), false)
	const (
		first = "0:open 1:scope-claim:acme 2:publish:@acme/http:1.0.0"
		last  = "3:yank:@acme/http:1.0.0 4:status:@acme/http 5:advisory:x_ORI-2026-0001"
	)
	for _, test := range []struct {
		after int64
		limit int
		want  string
	}{
		{-1, 1000, first + " " + last},
		{-1, 3, first},
		{2, 3, last},
		{2, 1000, last},
		{4, 1, "5:advisory:x_ORI-2026-0001"},
		{5, 1000, ""},
		{1 << 53, 1000, ""},
	} {
		if got := f.changes(test.after, test.limit); got != test.want {
			t.Errorf("%d behind %d: %s, want %s", test.limit, test.after, got, test.want)
		}
	}
	list, err := f.Changes(t.Context(), 4, 1, 0)
	must(t, err)
	if !list[0].At.Equal(f.clock()) || list[0].Package != nil || list[0].Version != nil || list[0].Scope != nil {
		t.Errorf("the change is %+v", list[0])
	}
	if list, err := f.Changes(t.Context(), 9, 1, 0); err != nil || list == nil {
		t.Errorf("no changes are %v, %v", list, err)
	}
}

// A mirror of two servers, which publish at once, asks one and then the other,
// waits when there is nothing, and finds each entry once and in order.
func TestChangesHaveNoGaps(t *testing.T) {
	const versions = 20
	first := newFixtureOn(t, pgtest.URL(t))
	ada := first.owner("ada", "acme")
	second := first.twin()
	servers := []*fixture{first, second}
	var all sync.WaitGroup
	for n := range versions {
		for i, server := range servers {
			staged := server.stage(sample.Package{Ref: fmt.Sprintf("@acme/http@%d.%d.0", i, n)}.Archive(t))
			all.Go(func() {
				if _, err := server.Publish(t.Context(), ada, pkg("@acme/http"), registry.Upload{Archive: staged}); err != nil {
					t.Error(err)
				}
			})
		}
	}
	seen := int64(-1)
	for turn := 0; seen < 1+2*versions; turn++ {
		server := servers[turn%2]
		list, err := server.Changes(t.Context(), seen, 3, 20*time.Second)
		must(t, err)
		for _, c := range list {
			if c.Seq != seen+1 {
				t.Fatalf("entry %d follows %d", c.Seq, seen)
			}
			seen = c.Seq
		}
		if len(list) == 0 {
			t.Fatalf("nothing came behind %d", seen)
		}
		if size := server.logSize(); size <= seen {
			t.Fatalf("the change %d is ahead of the checkpoint, of %d entries", seen, size)
		}
	}
	all.Wait()
}

// A caller who leaves is not answered, and does not hold up anybody.
func TestWaitingForChanges(t *testing.T) { eachDatabase(t, testWaitingForChanges) }

func testWaitingForChanges(t *testing.T, f *fixture) {
	ctx, leave := context.WithCancel(t.Context())
	leave()
	if list, err := f.Changes(ctx, 0, 1, time.Hour); err == nil {
		t.Errorf("who left is told of %v", list)
	}
	woken := make(chan string)
	go func() {
		list, err := f.Changes(t.Context(), 0, 10, time.Hour)
		woken <- fmt.Sprint(changeWords(list), err)
	}()
	f.owner("ada", "acme")
	if got := <-woken; got != "1:scope-claim:acme<nil>" {
		t.Errorf("the wait ended with %s", got)
	}
}
