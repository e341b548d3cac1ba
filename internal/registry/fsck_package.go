package registry

import (
	"context"
	"errors"
	"reflect"
	"slices"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/internal/store"
)

// packageRows compares the packages with what the log says of them.
func (c *checker) packageRows(ctx context.Context) error {
	var names []ident.Package
	err := c.db.EachPackage(ctx, func(p *store.Package) error {
		names = append(names, p.Name)
		c.packageRow(p)
		return nil
	})
	for name, want := range c.owners {
		c.fault("%s: the log gives it to %s, and there is no record of it", name, want.To)
	}
	for _, name := range names {
		err = errors.Join(err, c.folded(ctx, name))
	}
	return err
}

func (c *checker) packageRow(p *store.Package) {
	want, ok := c.statuses[p.Name]
	if !ok {
		want = api.Active
	}
	if api.Status(p.Status) != want {
		c.fault("%s: its status is %s, the log says %s", p.Name, p.Status, want)
	}
	if created, ok := c.created[p.Name]; !ok || !p.CreatedAt.Equal(created) {
		c.fault("%s: its record differs from the entry of its first version", p.Name)
	}
	c.owner(p)
}

// folded checks that names which look alike are found.
func (c *checker) folded(ctx context.Context, name ident.Package) error {
	alike, err := c.db.PackageByFold(ctx, name.Scope(), ident.Fold(name.Name()))
	if errors.Is(err, store.ErrNotFound) || err == nil && alike != name.String() {
		c.fault("%s: a name that looks like it would not be noticed", name)
		return nil
	}
	return err
}

// searchRows compares what the search keeps with what it is made of. Of the
// terms that packages are found by it has the checksum: SQLite does not give
// the terms themselves.
func (c *checker) searchRows(ctx context.Context) error {
	filled, err := c.db.Filled(ctx)
	if err != nil || !filled { // the next start makes what is missing
		return err
	}
	shown := 0
	for name := range c.created {
		is, err := c.searchRow(ctx, name)
		if err != nil {
			return err
		}
		if is {
			shown++
		}
	}
	rows, err := c.db.CountListings(ctx, shown+1)
	if err == nil && rows > shown {
		c.fault("the search shows more packages than there are")
	}
	return err
}

// searchRow reports whether the search shows the package.
func (c *checker) searchRow(ctx context.Context, name ident.Package) (shown bool, err error) {
	is, err := listed(ctx, c.db, name)
	if err != nil {
		return false, err
	}
	should, err := present(ctx, c.db, name)
	if errors.Is(err, store.ErrNotFound) { // there is no record of the package, which is told already
		return is != nil, nil
	}
	if err != nil {
		return false, err
	}
	same, err := c.shows(ctx, is, should)
	if err == nil && !same {
		c.fault("%s: the search shows it otherwise than it is", name)
	}
	return is != nil, err
}

func (c *checker) shows(ctx context.Context, is *store.Listing, should *presented) (bool, error) {
	if is == nil || should == nil {
		return is == nil && should == nil, nil
	}
	dependencies, err := c.db.Dependencies(ctx, is.Package)
	want := should.listing
	want.Terms = checksumOf(should.document.Terms())
	if len(want.Keywords) == 0 {
		want.Keywords = nil
	}
	return reflect.DeepEqual(*is, want) && slices.Equal(dependencies, should.dependencies), err
}
