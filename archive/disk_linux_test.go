package archive

import (
	"bytes"
	"os"
	"testing"

	"github.com/ori-lang/registry/internal/repotest/disktest"
)

// When Extract gives a report, all that it tells of is on the disk.
func TestExtractReachesTheDisk(t *testing.T) {
	data, _ := packed(t, folder(t, map[string]string{
		"oripk.toml": "[project]\nname = \"@a/b\"\nversion = \"1.0.0\"\ndescription = \"x\"\nlicense = \"MIT\"\nori = \"0.4.0\"\n",
		"oripk.lock": "[checksums]\n", "src/lib.ori": "x",
	}))
	extract := func(folder string) error {
		root, err := os.OpenRoot(folder)
		if err != nil {
			return err
		}
		defer root.Close()
		report, err := Extract(bytes.NewReader(data), root, true)
		if report != nil {
			return report.Err()
		}
		return err
	}
	var want []string
	for _, name := range []string{"oripk.toml", "oripk.lock", "CHECKSUM", "src/lib.ori"} {
		if name == "src/lib.ori" {
			want = append(want, "mkdir src")
		}
		want = append(want, "create "+name, "write "+name, "sync "+name)
	}
	disktest.Check(t, disktest.Change{Make: extract}, append(want, "sync .", "sync src")...)
}
