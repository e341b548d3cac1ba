package client

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/internal/repotest/disktest"
)

// A key that is pinned, a tree that was seen and an archive that was fetched
// are still there when the machine has lost power.
func TestWhatReachesTheDisk(t *testing.T) {
	t.Run("a file of the state", func(t *testing.T) {
		disktest.Check(t, disktest.Change{Make: func(folder string) error {
			return writeAtomic(filepath.Join(folder, "checkpoint"), []byte("a note"))
		}}, "create .oripk-*.tmp", "write .oripk-*.tmp", "sync .oripk-*.tmp", "rename .oripk-*.tmp checkpoint", "sync .")
	})
	t.Run("an archive", func(t *testing.T) {
		content := []byte("an archive")
		disktest.Check(t, disktest.Change{Make: func(folder string) error {
			f, err := os.CreateTemp(folder, ".oripk-*.part")
			if err != nil {
				return err
			}
			if _, err := f.Write(content); err != nil {
				return err
			}
			_, err = place(f, filepath.Join(folder, "a.oripk"), ident.ChecksumOf(content))
			return err
		}}, "create .oripk-*.part", "write .oripk-*.part", "sync .oripk-*.part", "link .oripk-*.part a.oripk", "sync .")
	})
}

// TestNothingIsLeftInTheTemporaryFolder looks while the download runs: a kill at
// that moment would leave what is there.
func TestNothingIsLeftInTheTemporaryFolder(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	f, u := newFake(t), newUser(t)
	f.publish(httpRef)
	f.instead["/download"] = func(w http.ResponseWriter, _ *http.Request) {
		wantFiles(t, temporary)
		w.Write(f.archives[httpRef])
	}
	if err := remote(t, u.client(f.server.URL)); err != nil {
		t.Fatal(err)
	}
	wantFiles(t, temporary)
}
