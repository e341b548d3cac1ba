package e2e

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/ori-lang/registry/internal/repotest/pgtest"
)

// databaseVariable is the setting of ori-registry that names its database.
const databaseVariable = "ORIREG_DATABASE"

func databaseCommand(ts *testscript.TestScript, args []string) error {
	if len(args) == 0 || len(args) > 2 {
		return errors.New("usage: database save|restore [NAME]")
	}
	name := append(args, defaultName)[1]
	all := ts.Value(registriesKey{}).(*registries)
	r := all.named(name)
	switch {
	case r.server != nil:
		return fmt.Errorf("the registry %s runs", name)
	case args[0] == "save":
		return r.save(filepath.Join(all.work, name))
	case args[0] == "restore" && r.restore != nil:
		return r.restore()
	}
	return fmt.Errorf("database %s is not understood, or there is nothing to restore", args[0])
}

// save keeps the state of the database for restore.
func (r *registry) save(data string) (err error) {
	if r.database != "" {
		r.restore, err = pgtest.Save(r.database)
	} else {
		r.restore, err = saveFile(filepath.Join(data, "registry.db"))
	}
	return err
}

// saveFile is pgtest.Save for the file of a SQLite that nobody has open.
func saveFile(path string) (restore func() error, err error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return func() error {
		stale, err := filepath.Glob(path + "-*")
		for _, companion := range stale {
			err = errors.Join(err, os.Remove(companion))
		}
		return errors.Join(err, os.WriteFile(path, content, 0o600))
	}, nil
}
