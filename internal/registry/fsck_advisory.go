package registry

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/internal/osv"
	"github.com/ori-lang/registry/internal/store"
	"github.com/ori-lang/registry/translog"
)

// loggedAdvisory is what an entry says of an advisory.
type loggedAdvisory struct {
	index  int64
	record ident.Checksum
	time   time.Time
}

// noteAdvisory keeps the newest entry of each advisory.
func (c *checker) noteAdvisory(index int64, e *translog.Entry) {
	if e.Kind == translog.KindAdvisory {
		c.advisories[e.Advisory] = loggedAdvisory{index, e.Record, e.Time}
	}
}

// advisoryRows compares each advisory with its newest entry, and what is kept
// of the packages that it names with its record.
func (c *checker) advisoryRows(ctx context.Context) error {
	var packages int64
	for _, id := range slices.Sorted(maps.Keys(c.advisories)) {
		n, err := c.advisory(ctx, id, c.advisories[id])
		if err != nil {
			return err
		}
		packages += n
	}
	rows, names, err := c.db.CountAdvisories(ctx)
	if err != nil {
		return err
	}
	if logged := int64(len(c.advisories)); rows != logged {
		c.fault("there are %d advisories, the log speaks of %d", rows, logged)
	}
	if names != packages {
		c.fault("the advisories are kept under %d names of packages, their records have %d", names, packages)
	}
	return nil
}

// advisory checks one advisory and gives the number of packages that it names.
func (c *checker) advisory(ctx context.Context, id string, logged loggedAdvisory) (packages int64, err error) {
	a, err := c.db.Advisory(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		c.fault("advisory %s: entry %d files it and there is no record of it", id, logged.index)
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	if ident.ChecksumOf(a.Record) != logged.record || a.LogIndex != logged.index || !a.ChangedAt.Equal(logged.time) {
		c.fault("advisory %s: its record differs from entry %d", id, logged.index)
	}
	record, err := osv.Parse(a.Record)
	if err != nil || record.ID != id || record.Withdrawn != a.Withdrawn {
		c.fault("advisory %s: its row says something else than its record", id)
		return 0, nil
	}
	return int64(len(record.Affected)), c.affected(ctx, record)
}

// affected compares what is kept of each package with the record.
func (c *checker) affected(ctx context.Context, record *osv.Record) error {
	want, err := affectedTexts(record)
	if err != nil {
		return err
	}
	kept, err := c.db.PackagesOf(ctx, record.ID)
	if err != nil {
		return err
	}
	for p, text := range want {
		if kept[p.String()] != string(text) {
			c.fault("advisory %s: what is kept of %s differs from its record", record.ID, p)
		}
	}
	return nil
}
