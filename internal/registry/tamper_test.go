package registry_test

import (
	"bytes"
	"database/sql"
	"regexp"
	"strings"
	"testing"
)

// rawBytes is how the statements of tests write bytes: SQLite takes them as they are.
var rawBytes = regexp.MustCompile(`X'([0-9A-F]*)'`)

// behind gives a connection to the database that does what nobody may: no key is
// asked what refers to it.
func (f *fixture) behind() *sql.DB {
	f.t.Helper()
	driver, address, lawless := "pgx", f.database, `SET session_replication_role = replica`
	if path, ok := strings.CutPrefix(f.database, "sqlite:"); ok {
		driver, address, lawless = "sqlite", path, `PRAGMA foreign_keys = OFF`
	}
	db, err := sql.Open(driver, address)
	must(f.t, err)
	db.SetMaxOpenConns(1)
	_, err = db.Exec(lawless)
	must(f.t, err)
	return db
}

// tamper changes the database behind the registry's back.
func (f *fixture) tamper(statements ...string) {
	f.t.Helper()
	db := f.behind()
	defer db.Close()
	for _, statement := range statements {
		if !strings.HasPrefix(f.database, "sqlite:") {
			statement = rawBytes.ReplaceAllString(statement, `'\x$1'::bytea`)
		}
		if _, err := db.Exec(statement); err != nil {
			f.t.Fatalf("%s: %v", statement, err)
		}
	}
}

// tamperEntry writes something else into an entry of the log.
func (f *fixture) tamperEntry(index int64, old, new string) {
	f.t.Helper()
	db := f.behind()
	defer db.Close()
	var text []byte
	must(f.t, db.QueryRow(`SELECT bytes FROM log_entry WHERE idx = $1`, index).Scan(&text))
	changed := bytes.Replace(text, []byte(old), []byte(new), 1)
	if bytes.Equal(changed, text) {
		f.t.Fatalf("entry %d has no %q", index, old)
	}
	_, err := db.Exec(`UPDATE log_entry SET bytes = $1 WHERE idx = $2`, changed, index)
	must(f.t, err)
}

// findsMismatch fails the test unless fsck says something with want; "": nothing.
func (f *fixture) findsMismatch(t *testing.T, want string) {
	t.Helper()
	faults := strings.Join(f.fsck(), "\n")
	if !strings.Contains(faults, want) || (want == "") != (faults == "") {
		t.Errorf("fsck says %q, want something with %q", faults, want)
	}
}
