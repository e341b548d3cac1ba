package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
)

// TestInterruptions presses Ctrl-C when the registry gets one of the requests of
// a sync, an install and a publish. oripk ends with exit code 1 and says so, or
// has been faster; nothing half done stays for a moment, the project is as before
// or as afterwards, and the same command then does what it was to do.
func TestInterruptions(t *testing.T) {
	d := newSyncDrill(t)
	for _, j := range []*drillJob{
		{name: "a first sync", requires: 4, args: []string{"sync"}},
		{name: "an install", requires: 4, ready: []string{"sync"}, args: []string{"install", "@bench/top-4"}},
	} {
		d.rehearse(j)
		for range 4 {
			n := 1 + d.moment.IntN(j.requests)
			k := d.newDesk(j)
			said, ended := d.interruptAt(k, n, j.args...)
			if files := k.files(); !isMix(files, j.before, j.after) || !ended && !maps.Equal(files, j.before) {
				t.Errorf("%s, interrupted at request %d, said\n%sand left\n%v", j.name, n, said, files)
			}
			wantNoTemporary(t, k)
			if !ended {
				k.must(j.args...)
			}
			if !maps.Equal(k.files(), j.after) {
				t.Errorf("%s, interrupted at request %d and done again, became\n%v", j.name, n, k.files())
			}
		}
	}
}

// TestInterruptedPublish does the same with a publish, of which a part of the
// answer is that nobody knows.
func TestInterruptedPublish(t *testing.T) {
	d := newSyncDrill(t)
	published := 0
	for n := 1; n <= 4; n++ {
		k := newDesk(t, d.front.url(), fmt.Sprintf("[project]\nname = \"@bench/mine\"\nversion = \"1.0.%d\"\ndescription = \"Mine.\"\nori = \"1.0.0\"\n", n))
		if err := os.Mkdir(filepath.Join(k.project, "src"), 0o755); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(k.project, "src", "lib.ori"), "pub @one () -> int = 1;\n")
		k.token = d.stock.token
		said, ended := d.interruptAt(k, n, "publish", "--yes")
		if ended || strings.Contains(said, "may be published") {
			published++
		} else if !strings.Contains(said, "interrupted; nothing unfinished was left behind") {
			t.Errorf("publish, interrupted at request %d, said\n%s", n, said)
		}
		wantNoTemporary(t, k)
		k.must("publish", "--yes")
	}
	if published == 0 {
		t.Error("no publish was interrupted after it was sent")
	}
}

// interruptAt presses Ctrl-C when the registry gets the n-th request of a
// command, and gives what that said; ended: it was faster.
func (d *syncDrill) interruptAt(k *desk, n int, args ...string) (said string, ended bool) {
	d.t.Helper()
	command := k.oripk(args...)
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	var seen atomic.Int64
	started := make(chan struct{})
	d.watch(func(served bool) {
		if !served && seen.Add(1) == int64(n) {
			<-started
			_ = command.Process.Signal(syscall.SIGINT)
		}
	})
	err := command.Start()
	close(started)
	if err == nil {
		err = command.Wait()
	}
	d.front.watch.Store(nil)
	exit, failed := errors.AsType[*exec.ExitError](err)
	if err != nil && (!failed || exit.ExitCode() != 1 || !strings.Contains(output.String(), "error: interrupted; ")) {
		d.t.Errorf("oripk %v, interrupted at request %d: %v\n%s", args, n, err, &output)
	}
	return output.String(), err == nil
}

func wantNoTemporary(t *testing.T, k *desk) {
	t.Helper()
	for _, path := range k.temporary() {
		t.Errorf("%s was left", path)
	}
}
