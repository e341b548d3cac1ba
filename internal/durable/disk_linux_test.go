package durable_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/ori-lang/registry/internal/durable"
	"github.com/ori-lang/registry/internal/repotest/disktest"
)

// What each function asks of the disk: without one of these syncs, a crash of
// the machine would take back what was said to be there.
func TestWhatReachesTheDisk(t *testing.T) {
	in := func(do func(path string) error, name string) func(string) error {
		return func(folder string) error { return do(filepath.Join(folder, name)) }
	}
	write := func(path string) error { return os.WriteFile(path, []byte("content"), durable.FilePerm) }
	for name, test := range map[string]struct {
		disktest.Change
		want []string
	}{
		"MkdirAll": {
			disktest.Change{Make: in(durable.MkdirAll, "a/b")},
			[]string{"mkdir a", "sync .", "mkdir a/b", "sync a"},
		},
		"Create": {
			disktest.Change{Make: in(func(path string) error { return durable.Create(path, []byte("secret")) }, "key")},
			[]string{"create key.new", "write key.new", "sync key.new", "link key.new key", "remove key.new", "sync ."},
		},
		"Replace": {
			disktest.Change{Before: in(write, "key"), Make: in(func(path string) error { return durable.Replace(path, []byte("new")) }, "key")},
			[]string{"create key.new", "write key.new", "sync key.new", "rename key.new key", "sync ."},
		},
		"Settle": {
			disktest.Change{Before: in(write, "key.new"), Make: in(durable.Settle, "key")},
			[]string{"remove key.new", "sync ."},
		},
		"Settle when nothing is left": {
			disktest.Change{Make: in(durable.Settle, "key")},
			[]string{"sync ."},
		},
		"Mark": {
			disktest.Change{Make: in(durable.Mark, "mark")},
			[]string{"create mark", "sync ."},
		},
		"Remove": {
			disktest.Change{Before: in(write, "a"), Make: in(durable.Remove, "a")},
			[]string{"remove a", "sync ."},
		},
		"Rename": {
			disktest.Change{Before: in(write, "a"), Make: func(folder string) error {
				return durable.Rename(filepath.Join(folder, "a"), filepath.Join(folder, "b"))
			}},
			[]string{"rename a b", "sync ."},
		},
		"Rename into another folder": {
			disktest.Change{
				Before: func(folder string) error {
					if err := os.Mkdir(filepath.Join(folder, "there"), durable.DirPerm); err != nil {
						return err
					}
					return write(filepath.Join(folder, "a"))
				},
				Make: func(folder string) error {
					return durable.Rename(filepath.Join(folder, "a"), filepath.Join(folder, "there", "a"))
				},
			},
			[]string{"rename a there/a", "sync there", "sync ."},
		},
	} {
		t.Run(name, func(t *testing.T) { disktest.Check(t, test.Change, test.want...) })
	}
}
