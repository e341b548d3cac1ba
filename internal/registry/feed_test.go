package registry_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/internal/registry"
	"github.com/ori-lang/registry/internal/repotest/sample"
)

func TestFeedTimes(t *testing.T) { eachDatabase(t, testFeedTimes) }

func testFeedTimes(t *testing.T, f *fixture) {
	began := f.clock()
	check := func(what string, feed *registry.Feed, err error, updated time.Time, news string) {
		t.Helper()
		must(t, err)
		got := ""
		for _, n := range feed.News {
			got += fmt.Sprintf("%s+%v ", n.Version.Version, n.Updated.Sub(began))
		}
		if !feed.Updated.Equal(updated) || got != news {
			t.Errorf("%s: updated %v, %s; want %v, %s", what, feed.Updated, got, updated, news)
		}
	}
	feed, err := f.Feed(t.Context())
	check("nothing", feed, err, began, "")
	ada := f.owner("ada", "acme")
	f.mustPublish(ada, sample.Package{Ref: "@acme/http@1.1.0"})
	f.pass(time.Minute)
	f.mustPublish(ada, sample.Package{Ref: "@acme/http@1.0.0"})
	f.pass(time.Minute)
	feed, err = f.Feed(t.Context())
	check("two", feed, err, began.Add(time.Minute), "1.0.0+1m0s 1.1.0+0s ")
	_, err = f.Yank(t.Context(), ada, ref("@acme/http@1.1.0"), api.Yank{})
	must(t, err)
	f.pass(time.Minute)
	_, err = f.Deprecate(t.Context(), ada, ref("@acme/http@1.0.0"), api.Deprecation{Message: given("old")})
	must(t, err)
	f.pass(time.Minute)
	feed, err = f.PackageFeed(t.Context(), pkg("@acme/http"))
	check("yanked and deprecated", feed, err, began.Add(3*time.Minute), "1.0.0+3m0s 1.1.0+2m0s ")
	_, err = f.Remove(t.Context(), f.operator("root"), ref("@acme/http@1.1.0"), api.Removal{Reason: "malware"})
	must(t, err)
	feed, err = f.Feed(t.Context())
	check("removed", feed, err, began.Add(4*time.Minute), "1.0.0+3m0s 1.1.0+4m0s ")
	_, err = f.PackageFeed(t.Context(), pkg("@acme/none"))
	wantCode(t, "no package", err, api.PackageNotFound)
}

func TestFeedsAreBounded(t *testing.T) {
	f := newFixture(t)
	ada := f.owner("ada", "acme")
	for n := range 101 {
		f.mustPublish(ada, sample.Package{Ref: fmt.Sprintf("@acme/http@1.%d.0", 200-n)})
	}
	all, err := f.Feed(t.Context())
	must(t, err)
	one, err := f.PackageFeed(t.Context(), pkg("@acme/http"))
	must(t, err)
	if len(all.News) != 50 || len(one.News) != 100 || one.News[0].Version.Version.String() != "1.100.0" || one.News[99].Version.Version.String() != "1.199.0" {
		t.Errorf("%d and %d entries, from %s to %s", len(all.News), len(one.News), one.News[0].Version.Version, one.News[99].Version.Version)
	}
}
