// Package pgtest gives tests a PostgreSQL of their own: a server in a temporary
// folder that listens on a Unix socket there and nowhere else, started when the
// first test asks and stopped when the test program ends.
//
// A package that uses it says so in its TestMain:
//
//	func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }
//
// PostgreSQL must be installed (scripts/test-deps.sh does it): its absence
// fails the tests, for a suite that was skipped has shown nothing.
package pgtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

const startTimeout = 30 * time.Second

// server is the one of this test program.
var server struct {
	once     sync.Once
	err      error
	programs string // folder of PostgreSQL's programs
	folder   string
	process  *exec.Cmd
	schemas  atomic.Int64
}

// Main runs the tests of a package and then stops the server, if one was started.
func Main(m *testing.M) (code int) {
	defer stop()
	return m.Run()
}

// URL gives the URL of a new and empty database, which goes away with the
// server. It is a schema of its own, which is made in a tenth of the time.
func URL(t testing.TB) string {
	t.Helper()
	server.once.Do(func() { server.err = start() })
	if server.err != nil {
		t.Fatalf("starting PostgreSQL (scripts/test-deps.sh installs it): %v", server.err)
	}
	schema := fmt.Sprintf("t%d", server.schemas.Add(1))
	if output, err := tool("psql", "--no-psqlrc", "--quiet", "--command", "CREATE SCHEMA "+schema).CombinedOutput(); err != nil {
		t.Fatalf("making a schema: %v\n%s", err, output)
	}
	return fmt.Sprintf("postgres://postgres@/postgres?host=%s&search_path=%s", server.folder, schema)
}

// Save keeps the state of a database that URL gave; restore puts it back.
func Save(databaseURL string) (restore func() error, err error) {
	parsed, err := url.Parse(databaseURL)
	if err != nil {
		return nil, err
	}
	schema := parsed.Query().Get("search_path")
	dump, err := tool("pg_dump", "--schema", schema).Output()
	if err != nil {
		return nil, fmt.Errorf("saving the schema %s: %w", schema, err)
	}
	return func() error {
		load := tool("psql", "--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--single-transaction", "--file", "-")
		load.Stdin = io.MultiReader(strings.NewReader("DROP SCHEMA "+schema+" CASCADE;\n"), bytes.NewReader(dump))
		if output, err := load.CombinedOutput(); err != nil {
			return fmt.Errorf("restoring the schema %s: %w\n%s", schema, err, output)
		}
		return nil
	}, nil
}

// tool is one of PostgreSQL's own clients, for this server.
func tool(name string, args ...string) *exec.Cmd {
	return exec.Command(filepath.Join(server.programs, name), append([]string{"--host", server.folder, "--username", "postgres"}, args...)...)
}

func start() (err error) {
	if server.programs, err = programs(); err != nil {
		return err
	}
	if server.folder, err = os.MkdirTemp("", "pg"); err != nil {
		return err
	}
	account, err := unprivileged(server.folder)
	if err != nil {
		return err
	}
	data := filepath.Join(server.folder, "data")
	initialise := exec.Command(filepath.Join(server.programs, "initdb"), "--pgdata", data, "--username", "postgres",
		"--auth", "trust", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync", "--no-instructions")
	initialise.SysProcAttr, initialise.Dir = account, server.folder
	if output, err := initialise.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, output)
	}
	// Nothing here must survive a crash of the machine, so nothing is synced.
	server.process = exec.Command(filepath.Join(server.programs, "postgres"), "-D", data, "-k", server.folder,
		"-c", "listen_addresses=", "-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=300",
		"-c", "shared_buffers=64MB", "-c", "log_min_messages=panic")
	server.process.SysProcAttr, server.process.Dir = account, server.folder
	server.process.Stderr = os.Stderr
	if err := server.process.Start(); err != nil {
		return err
	}
	return await()
}

// programs gives the newest folder of PostgreSQL's own programs: Debian does
// not put them on the PATH.
func programs() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if err == nil && len(found) > 0 {
		return filepath.Dir(found[len(found)-1]), nil
	}
	path, err := exec.LookPath("postgres")
	return filepath.Dir(path), err
}

// unprivileged gives what makes the server run as the user postgres when the
// tests run as root, which PostgreSQL refuses.
func unprivileged(folder string) (*syscall.SysProcAttr, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	account, err := user.Lookup("postgres")
	if err != nil {
		return nil, err
	}
	uid, err1 := strconv.Atoi(account.Uid)
	gid, err2 := strconv.Atoi(account.Gid)
	if err := errors.Join(err1, err2, os.Chown(folder, uid, gid)); err != nil {
		return nil, err
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
}

// await asks until the server answers.
func await() error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	for tick := time.NewTicker(20 * time.Millisecond); ; {
		if err := tool("pg_isready", "--quiet").Run(); err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("it did not answer within %v", startTimeout)
		}
	}
}

func stop() {
	if server.process != nil && server.process.Process != nil {
		_ = server.process.Process.Signal(syscall.SIGQUIT) // at once: nothing is worth keeping
		_ = server.process.Wait()
	}
	if server.folder != "" {
		_ = os.RemoveAll(server.folder)
	}
}
