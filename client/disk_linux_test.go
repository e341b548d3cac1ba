package client

import (
	"bytes"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/internal/repotest/disktest"
	"github.com/ori-lang/registry/translog"
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

// TestPackagesReachTheDisk: a package gets its name in the cache when the files
// in it are on the disk, and not if they cannot get there.
func TestPackagesReachTheDisk(t *testing.T) {
	data := packageBytes(t, "@a/x@1.0.0", "")
	report, err := checkArchive(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	e := &translog.Entry{Archive: report.Checksum, Manifest: report.ManifestChecksum}
	disktest.Check(t, disktest.Change{
		Before: func(folder string) error {
			return errors.Join(os.Mkdir(filepath.Join(folder, "packages"), 0o755), os.WriteFile(filepath.Join(folder, "x"), data, 0o644))
		},
		Make: func(folder string) error {
			f, err := os.Open(filepath.Join(folder, "x"))
			if err != nil {
				return err
			}
			defer f.Close()
			s := NewCache(folder).stage()
			if _, err := s.unpack(f, refOf(report), e); err != nil {
				return err
			}
			return s.commit()
		},
	},
		"mkdir packages/.unpack-*",
		"create packages/.unpack-*/oripk.toml", "write packages/.unpack-*/oripk.toml",
		"create packages/.unpack-*/oripk.lock", "write packages/.unpack-*/oripk.lock",
		"create packages/.unpack-*/CHECKSUM", "write packages/.unpack-*/CHECKSUM",
		"mkdir packages/.unpack-*/src", "create packages/.unpack-*/src/lib.ori", "write packages/.unpack-*/src/lib.ori",
		"settle .",
		"rename packages/.unpack-* packages/"+report.Checksum.Hex())
}
