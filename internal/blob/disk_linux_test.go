package blob_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/internal/blob"
	"github.com/ori-lang/registry/internal/repotest/disktest"
)

// The marker is durable before the archive has its name, and goes after the
// archive: a crash between any two of these calls leaves nothing that no marker
// stands for.
func TestWhatReachesTheDisk(t *testing.T) {
	content := []byte("an archive")
	sum := ident.ChecksumOf(content)
	archive := "archives/" + sum.Hex()[:2] + "/" + sum.Hex()
	mark := "incoming/" + sum.Hex() + ".up.mark"
	keep := func(folder string) error {
		d, err := blob.OpenDir(folder)
		if err != nil {
			return err
		}
		file, err := d.Create("up")
		if err != nil {
			return err
		}
		_, err = bytes.NewReader(content).WriteTo(file)
		if err := errors.Join(err, file.Close()); err != nil {
			return err
		}
		release, err := d.Keep(context.Background(), "up", sum)
		if err == nil {
			release()
		}
		return err
	}
	sweep := func(owned bool) func(folder string) error {
		return func(folder string) error {
			d, err := blob.OpenDir(folder)
			if err != nil {
				return err
			}
			return d.Sweep(context.Background(), func(context.Context, ident.Checksum) (bool, error) { return owned, nil })
		}
	}
	empty := func(folder string) error { _, err := blob.OpenDir(folder); return err }
	for name, test := range map[string]struct {
		disktest.Change
		want []string
	}{
		"OpenDir": {
			disktest.Change{Make: empty},
			[]string{"mkdir incoming", "sync .", "mkdir archives", "sync .", "sync archives"},
		},
		"Keep": {
			disktest.Change{Before: empty, Make: keep},
			[]string{
				"sync archives",
				"create incoming/up.part", "write incoming/up.part", "sync incoming/up.part",
				"mkdir archives/" + sum.Hex()[:2], "sync archives",
				"create " + mark, "sync incoming",
				"rename incoming/up.part " + archive, "sync archives/" + sum.Hex()[:2], "sync incoming",
			},
		},
		"Sweep of an archive that nobody owns": {
			disktest.Change{Before: keep, Make: sweep(false)},
			[]string{"sync archives", "remove " + archive, "sync archives/" + sum.Hex()[:2], "remove " + mark},
		},
		"Sweep of an archive with an owner": {
			disktest.Change{Before: keep, Make: sweep(true)},
			[]string{"sync archives", "remove " + mark},
		},
	} {
		t.Run(name, func(t *testing.T) { disktest.Check(t, test.Change, test.want...) })
	}
}
