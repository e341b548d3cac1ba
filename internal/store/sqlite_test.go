package store

import (
	"context"
	"database/sql"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	goosedb "github.com/pressly/goose/v3/database"
)

// eachConnection calls check for as many connections of the pool as it may open, all open at once.
func eachConnection(t *testing.T, p *pool, check func(*sql.Conn)) {
	t.Helper()
	most := p.db.Stats().MaxOpenConnections
	if most == 0 {
		t.Fatal("the number of connections is not limited")
	}
	for range most {
		conn, err := p.db.Conn(t.Context())
		must(t, err)
		defer conn.Close()
		check(conn)
	}
}

func TestSQLitePragmas(t *testing.T) {
	db := open(t, "sqlite:"+filepath.Join(t.TempDir(), "registry.db"))
	common := map[string]string{
		"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "trusted_schema": "0", "busy_timeout": "10000",
	}
	for name, p := range map[string]*pool{"0": db.writer, "1": db.readers} {
		eachConnection(t, p, func(conn *sql.Conn) {
			for pragma, want := range common {
				wantPragma(t, conn, pragma, want)
			}
			wantPragma(t, conn, "query_only", name)
		})
	}
	equal(t, "writers", db.writer.db.Stats().MaxOpenConnections, 1)
}

func wantPragma(t *testing.T, conn *sql.Conn, pragma, want string) {
	t.Helper()
	var got string
	must(t, conn.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got))
	if got != want {
		t.Errorf("%s is %s, want %s", pragma, got, want)
	}
}

func TestSQLiteReadersCannotWrite(t *testing.T) {
	db := open(t, "sqlite:"+filepath.Join(t.TempDir(), "registry.db"))
	write(t, db, tile(0, ""))
	statements := []string{
		`INSERT INTO log_tile (level, n, data) VALUES (0, 1, x'')`, `UPDATE log_tile SET n = 1`, `DELETE FROM log_tile`,
		`DROP TABLE log_tile`, `CREATE TABLE mine (n BIGINT)`,
	}
	eachConnection(t, db.readers, func(conn *sql.Conn) {
		for _, text := range statements {
			if _, err := conn.ExecContext(t.Context(), text); err == nil || !strings.Contains(err.Error(), "readonly") {
				t.Errorf("a reader that tries %q gets %v", text, err)
			}
		}
	})
	equal(t, "tiles", tiles(t, db.Reader()), []int64{0})
}

// The files are for the registry's own user, whatever the umask.
func TestSQLitePermissions(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "new", "folder")
	db := open(t, "sqlite:"+filepath.Join(folder, "registry.db"))
	write(t, db, tile(0, ""))
	entries, err := os.ReadDir(folder)
	must(t, err)
	if len(entries) != 3 {
		t.Errorf("there are %d files, want the database, its log and its index", len(entries))
	}
	for _, entry := range entries {
		wantPerm(t, filepath.Join(folder, entry.Name()), 0o600)
	}
	wantPerm(t, folder, 0o700)
	must(t, db.Close())
	wantPerm(t, filepath.Join(folder, "registry.db"), 0o600)
}

func wantPerm(t *testing.T, path string, want fs.FileMode) {
	t.Helper()
	info, err := os.Stat(path)
	must(t, err)
	if info.Mode().Perm() != want {
		t.Errorf("%s has the permissions %o, want %o", filepath.Base(path), info.Mode().Perm(), want)
	}
}

// A path is a path: nothing in it is taken for a part of a URL.
func TestSQLitePaths(t *testing.T) {
	folder := t.TempDir()
	t.Chdir(folder)
	cases := map[string]string{
		"a b?c#d%20e&mode=memory [f].db": "a b?c#d%20e&mode=memory [f].db",
		"sub/registry.db":                "sub/registry.db",
		"./dot.db":                       "dot.db",
		"name:with:colons.db":            "name:with:colons.db",
		":memory:":                       ":memory:",
		"naïve.db":                       "naïve.db",
		folder + "/absolute.db":          "absolute.db",
		"//" + folder + "/slashes.db":    "slashes.db",
	}
	for path, want := range cases {
		db, err := Open(t.Context(), "sqlite:"+path)
		if err != nil {
			t.Errorf("%q: %v", path, err)
			continue
		}
		write(t, db, tile(3, ""))
		must(t, db.Close())
		if info, err := os.Stat(want); err != nil || info.Size() == 0 {
			t.Errorf("%q is not in the file %q: %v", path, want, err)
			continue
		}
		equal(t, path, tiles(t, open(t, "sqlite:"+path).Reader()), []int64{3})
	}
}

func TestSQLiteRefusesForeignFiles(t *testing.T) {
	folder := t.TempDir()
	if db, err := Open(t.Context(), "sqlite:"+folder); err == nil {
		t.Error("a folder was opened")
		must(t, db.Close())
	}
	path := filepath.Join(folder, "letter")
	letter := strings.Repeat("This is no database.\n", 1000)
	must(t, os.WriteFile(path, []byte(letter), 0o600))
	if db, err := Open(t.Context(), "sqlite:"+path); err == nil {
		t.Error("a letter was opened")
		must(t, db.Close())
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != letter {
		t.Errorf("the letter is changed: %d bytes, %v", len(text), err)
	}
}

// A writer takes the lock when it begins: two cannot both read and then
// find that one of them may not write.
func TestSQLiteSecondProcess(t *testing.T) {
	url := "sqlite:" + filepath.Join(t.TempDir(), "registry.db")
	server, command := open(t, url), open(t, url)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	tx, err := server.Begin(ctx)
	must(t, err)

	waited := make(chan error, 1)
	go func() { waited <- try(ctx, command, tile(1, "")) }()
	must(t, tx.SetTile(ctx, 0, 0, nothing()))
	equal(t, "tiles", tiles(t, command.Reader()), []int64(nil))
	if len(waited) > 0 {
		t.Errorf("the second writer did not wait: %v", <-waited)
	}
	must(t, tx.Commit())
	must(t, <-waited)
	equal(t, "tiles", tiles(t, command.Reader()), []int64{0, 1})
}

// A crash can leave the record of migrations without any. Then nothing makes
// those that start next wait for each other before the first migration.
func TestSQLiteOpenTogetherAfterACrash(t *testing.T) {
	for range 5 {
		path := filepath.Join(t.TempDir(), "registry.db")
		db, err := openSQLite(path)
		must(t, err)
		record, err := goosedb.NewStore(db.dialect.goose, "goose_db_version")
		must(t, err)
		must(t, record.CreateVersionTable(t.Context(), db.writer.db))
		must(t, record.Insert(t.Context(), db.writer.db, goosedb.InsertRequest{Version: 0}))
		must(t, db.Close())
		openTogether(t, "sqlite:"+path)
	}
}

// An older program does not touch a database that a newer one has migrated.
func TestSQLiteRefusesANewerSchema(t *testing.T) {
	path := filepath.Join(t.TempDir(), "registry.db")
	db, err := Open(t.Context(), "sqlite:"+path)
	must(t, err)
	_, err = db.writer.db.ExecContext(t.Context(), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, 1)")
	must(t, err)
	must(t, db.Close())
	if _, err := Open(t.Context(), "sqlite:"+path); err == nil || !strings.Contains(err.Error(), "newer version of the program") {
		t.Errorf("opening gave %v", err)
	}
}
