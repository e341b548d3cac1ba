package main

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/ori-lang/registry/internal/server"
)

// A command that is shown leads to the same registry when it is pasted, and
// gives no password away.
func TestStorageOf(t *testing.T) {
	for want, cfg := range map[string]server.Config{
		"--data reg":      {Data: "reg"},
		"--data 'my reg'": {Data: "my reg"},
		"--data reg --database sqlite:/var/ori.db":                                            {Data: "reg", Database: "sqlite:/var/ori.db"},
		"--data reg --database postgres://ori@db.example:5432/ori":                            {Data: "reg", Database: "postgres://ori@db.example:5432/ori"},
		"--data reg --database 'postgres://ori@/ori?host=/run/pg&search_path=x' --key-dir /k": {Data: "reg", Database: "postgres://ori@/ori?host=/run/pg&search_path=x", KeyDir: "/k"},
		"--data reg --database URL":                                                           {Data: "reg", Database: "postgres://ori:s3cret@db.example/ori"},
		"--data r --database URL":                                                             {Data: "r", Database: "postgres://db.example/ori?password=s3cret"},
		"--data s --database URL":                                                             {Data: "s", Database: "postgres://ori@db.example/ori?sslcert=c&sslpassword=s3cret"},
		"--data t --database URL":                                                             {Data: "t", Database: "postgres://ori@db.example/ori?x;ssl%70assword=s3cret"},
		"--data q --database URL":                                                             {Data: "q", Database: "postgres://ori:s3 cret%@db.example/ori"},
	} {
		if got := storageOf(cfg); got != want {
			t.Errorf("%+v: %q, want %q", cfg, got, want)
		}
	}
}

// Who forgets --database must not begin a second registry beside the first.
func TestUserAddAsksForTheDatabase(t *testing.T) {
	data := t.TempDir()
	cfg := server.Config{Data: data, Database: "sqlite:" + data + "/elsewhere.db", Listen: "127.0.0.1:0"}
	s, err := server.Open(t.Context(), cfg, slog.New(slog.DiscardHandler))
	if err == nil {
		err = s.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	got := call(t, nil, "user", "add", "--data", data, "ada")
	if got.code != 1 || !strings.Contains(got.stderr, "name the registry's with --database") {
		t.Errorf("%+v", got)
	}
	if again := call(t, nil, "user", "add", "--data", data, "--database", cfg.Database, "ada"); again.code != 0 {
		t.Errorf("%+v", again)
	}
}
