// Package disktest shows what a change asks of the disk, and in which order: a
// crash of the machine alone would tell whether something was synced, and no
// test can wait for one. The change runs in a process of its own under strace.
//
// strace must be installed (scripts/test-deps.sh does it): its absence fails
// the tests, as that of PostgreSQL does.
package disktest

import (
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// Change is something that a program writes below a folder.
type Change struct {
	Before func(folder string) error // makes what is there already; nil: nothing
	Make   func(folder string) error
}

// The process that makes the change is this test program again. It is told the
// folder in its environment, and ends with one of two codes of its own.
const (
	folderKey = "DISKTEST_FOLDER"
	made      = 60
	failed    = 61
)

// Check makes the change and compares what reaches the disk with want: one
// line for each call, "create", "write", "sync", "mkdir" or "remove" with a
// path below the folder, "settle" for a sync of its whole file system, "rename" or "link" with two, "." for the folder
// itself and "*" as in path.Match. Writes of one file in a row are one line.
//
// Then it makes the change again for every sync in it, which fails: so must the
// change, for nothing may be taken as durable that is not.
func Check(t *testing.T, c Change, want ...string) {
	t.Helper()
	if folder := os.Getenv(folderKey); folder != "" {
		c.makeAndExit(folder)
	}
	code, got := c.trace(t, 0)
	if code != made || !slices.EqualFunc(want, got, matches) {
		t.Fatalf("the change ended with the code %d and asked of the disk:\n  %s\nwant:\n  %s",
			code, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
	syncs := 0
	for _, call := range want {
		if !strings.HasPrefix(call, "sync ") && !strings.HasPrefix(call, "settle ") {
			continue
		}
		syncs++
		if code, _ := c.trace(t, syncs); code != failed {
			t.Errorf("sync %d (%s) failed, and the change ended with the code %d", syncs, call, code)
		}
	}
}

func matches(want, got string) bool {
	ok, err := path.Match(want, got)
	return ok && err == nil
}

// makeAndExit is all that the other process does. It keeps to one thread:
// strace counts the calls of each.
func (c Change) makeAndExit(folder string) {
	runtime.LockOSThread()
	if err := c.Make(folder); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(failed)
	}
	os.Exit(made)
}

// calls are those that change what a folder holds; a name that the machine does
// not have is passed over.
const calls = "fsync,fdatasync,syncfs,openat,write,pwrite64,?rename,renameat,renameat2,?link,linkat,?mkdir,mkdirat,?unlink,unlinkat"

// trace makes the change in a new folder; the sync of this number fails.
func (c Change) trace(t *testing.T, failing int) (code int, got []string) {
	t.Helper()
	folder, record := t.TempDir(), filepath.Join(t.TempDir(), "trace")
	if c.Before != nil {
		if err := c.Before(folder); err != nil {
			t.Fatal(err)
		}
	}
	args := []string{"-f", "-qq", "-y", "-s", "0", "-o", record, "-e", "trace=" + calls}
	if failing > 0 {
		args = append(args, "-e", fmt.Sprintf("inject=fsync,syncfs:error=EIO:when=%d", failing))
	}
	strace := exec.Command("strace", append(args, os.Args[0], "-test.run="+exactly(t.Name()))...)
	strace.Env = append(os.Environ(), folderKey+"="+folder)
	output, err := strace.CombinedOutput()
	code = strace.ProcessState.ExitCode()
	if code != made && code != failed {
		t.Fatalf("running strace (scripts/test-deps.sh installs it): %v\n%s", err, output)
	}
	text, err := os.ReadFile(record)
	if err != nil {
		t.Fatal(err)
	}
	return code, parse(string(text), folder)
}

// exactly gives the pattern that runs one test and no other.
func exactly(name string) string {
	parts := strings.Split(name, "/")
	for i, part := range parts {
		parts[i] = "^" + regexp.QuoteMeta(part) + "$"
	}
	return strings.Join(parts, "/")
}

// parse reads a record of strace: the calls that succeeded, in the order in
// which they ended, of those whose paths are all in the folder.
func parse(record, folder string) (got []string) {
	begun := make(map[string]string) // by thread: a call that another one interrupted in the record
	for line := range strings.Lines(record) {
		thread, call, _ := strings.Cut(strings.TrimSpace(line), " ")
		call = strings.TrimLeft(call, " ")
		if start, ok := strings.CutSuffix(call, " <unfinished ...>"); ok {
			begun[thread] = start
			continue
		}
		if _, rest, ok := strings.Cut(call, " resumed>"); ok && strings.HasPrefix(call, "<... ") {
			call = begun[thread] + rest
		}
		if seen := describe(call, folder); seen != "" && !(strings.HasPrefix(seen, "write ") && len(got) > 0 && got[len(got)-1] == seen) {
			got = append(got, seen)
		}
	}
	return got
}

// verbs are the names of the calls as Check writes them.
var verbs = map[string]string{
	"fsync": "sync", "fdatasync": "sync", "syncfs": "settle", "openat": "create", "write": "write", "pwrite64": "write",
	"rename": "rename", "renameat": "rename", "renameat2": "rename", "link": "link", "linkat": "link",
	"mkdir": "mkdir", "mkdirat": "mkdir", "unlink": "remove", "unlinkat": "remove",
}

// describe gives a line as Check wants it, "" for what it does not look at.
func describe(call, folder string) string {
	name, rest, _ := strings.Cut(call, "(")
	end := strings.LastIndex(rest, " = ")
	if end < 0 || strings.HasPrefix(rest[end:], " = -") || name == "openat" && !strings.Contains(rest[:end], "O_CREAT") {
		return ""
	}
	words := []string{verbs[name]}
	for _, match := range operand.FindAllStringSubmatch(rest[:end], -1) {
		full := path.Join(match[1], match[2])
		if strings.HasPrefix(match[2], "/") {
			full = match[2]
		}
		short, ok := strings.CutPrefix(full, folder)
		if !ok {
			return ""
		}
		words = append(words, path.Join(".", "./"+short))
	}
	return strings.Join(words, " ")
}

// operand is an open file or folder, with or without a path from there.
var operand = regexp.MustCompile(`(?:AT_FDCWD|\d+)<([^>]*)>(?:\(deleted\))?(?:, "([^"]*)")?`)
