package sequencer

import (
	"path/filepath"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/ori-lang/registry/internal/repotest/disktest"
)

// A tree may be shown once the anchor with it is synced.
func TestTheAnchorReachesTheDisk(t *testing.T) {
	create := func(folder string) error {
		a, err := createAnchor(filepath.Join(folder, anchorFile), tlog.Tree{})
		if err != nil {
			return err
		}
		return a.close()
	}
	advance := func(folder string) error {
		a, err := openAnchor(filepath.Join(folder, anchorFile))
		if err != nil {
			return err
		}
		for n := range int64(2) {
			if err := a.advance(tlog.Tree{N: n + 1}); err != nil {
				return err
			}
		}
		return a.close()
	}
	t.Run("created", func(t *testing.T) {
		disktest.Check(t, disktest.Change{Make: create},
			"create log.anchor.new", "write log.anchor.new", "sync log.anchor.new", "link log.anchor.new log.anchor", "remove log.anchor.new", "sync .")
	})
	t.Run("advanced", func(t *testing.T) {
		disktest.Check(t, disktest.Change{Before: create, Make: advance},
			"write log.anchor", "sync log.anchor", "write log.anchor", "sync log.anchor")
	})
}
