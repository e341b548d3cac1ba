package registry

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/internal/store"
	"github.com/ori-lang/registry/translog"
)

// How many versions a feed has at most.
const (
	maxFeed        = 50
	maxPackageFeed = 100
)

// Feed is what is new, the newest first.
type Feed struct {
	Updated time.Time // never zero
	News    []News
}

// News is a version, published or changed.
type News struct {
	*api.Metadata
	Updated time.Time // when it was published, or what became of it last
}

// Feed gives the versions that were published last.
func (r *Registry) Feed(ctx context.Context) (*Feed, error) {
	db := r.db.Reader()
	versions, err := db.NewestVersions(ctx, maxFeed)
	if err != nil {
		return nil, err
	}
	first, err := db.Entry(ctx, 0)
	if err != nil {
		return nil, err
	}
	opened, err := translog.ParseEntry(first)
	if err != nil {
		return nil, err
	}
	return r.feed(versions, opened.Time)
}

// PackageFeed gives the newest versions of a package.
func (r *Registry) PackageFeed(ctx context.Context, name ident.Package) (*Feed, error) {
	p, versions, err := r.read(ctx, name)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(versions, func(a, b *store.Version) int { return cmp.Compare(b.LogIndex, a.LogIndex) })
	return r.feed(versions[:min(len(versions), maxPackageFeed)], p.CreatedAt)
}

func (r *Registry) feed(versions []*store.Version, began time.Time) (*Feed, error) {
	feed := &Feed{Updated: began}
	for _, v := range versions {
		metadata, err := r.wireMetadata(v)
		if err != nil {
			return nil, err
		}
		news := News{metadata, v.PublishedAt}
		for _, at := range happened(v.Life) {
			news.Updated = later(news.Updated, at)
		}
		feed.News = append(feed.News, news)
		feed.Updated = later(feed.Updated, news.Updated)
	}
	return feed, nil
}

// happened gives the times of what became of a version.
func happened(l store.Life) (times []time.Time) {
	if l.Yanked != nil {
		times = append(times, l.Yanked.At)
	}
	if l.Deprecated != nil {
		times = append(times, l.Deprecated.At)
	}
	if l.Removed != nil {
		times = append(times, l.Removed.At)
	}
	return times
}
