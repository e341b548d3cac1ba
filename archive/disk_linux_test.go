package archive

import (
	"bytes"
	"os"
	"testing"

	"github.com/ori-lang/registry/internal/repotest/disktest"
)

// The folder has its name only when all that is in it is on the disk.
func TestUnpackReachesTheDisk(t *testing.T) {
	data, _ := packed(t, folder(t, map[string]string{
		"oripk.toml": "[project]\nname = \"@a/b\"\nversion = \"1.0.0\"\ndescription = \"x\"\nlicense = \"MIT\"\nori = \"0.4.0\"\n",
		"oripk.lock": "[checksums]\n", "src/lib.ori": "x",
	}))
	unpack := func(parent string) error {
		root, err := os.OpenRoot(parent)
		if err != nil {
			return err
		}
		defer root.Close()
		_, err = Unpack(bytes.NewReader(data), root, "a")
		return err
	}
	want := []string{"mkdir .unpack-*"}
	for _, name := range []string{"oripk.toml", "oripk.lock", "CHECKSUM", "src/lib.ori"} {
		if name == "src/lib.ori" {
			want = append(want, "mkdir .unpack-*/src")
		}
		want = append(want, "create .unpack-*/"+name, "write .unpack-*/"+name, "sync .unpack-*/"+name)
	}
	want = append(want, "sync .unpack-*", "sync .unpack-*/src", "rename .unpack-* a", "sync .")
	disktest.Check(t, disktest.Change{Make: unpack}, want...)
}
