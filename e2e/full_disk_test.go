package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"testing"
)

// TestFullDisk has the disk be full from the n-th change of a kind on, while a
// first sync runs. oripk says so, and to make room; the project's files stay
// whole, nothing half done stays, and when there is room the next sync succeeds.
func TestFullDisk(t *testing.T) {
	d := newSyncDrill(t)
	j := &drillJob{name: "a first sync", requires: 2, args: []string{"sync"}}
	d.rehearse(j)
	failed := 0
	for _, call := range []string{"?mkdir,mkdirat", "?rename,?renameat,?renameat2", "fsync", "syncfs"} {
		for n := 1; n <= 4; n++ {
			k := d.newDesk(j)
			if d.syncOnFullDisk(k, call, n) {
				failed++
			}
			if files := k.files(); !isMix(files, j.before, j.after) {
				t.Errorf("a disk that was full at %s %d left\n%v", call, n, files)
			}
			wantNoTemporary(t, k)
			k.must("sync")
			k.wantPlaced()
			k.must("cache", "verify")
		}
	}
	if failed < 6 {
		t.Errorf("only %d syncs have met the full disk: the drill shows nothing", failed)
	}
}

// syncOnFullDisk runs a sync in which every call of a kind fails from the n-th of
// a thread on; failed is false when there was none.
func (d *syncDrill) syncOnFullDisk(k *desk, call string, n int) (failed bool) {
	d.t.Helper()
	command := k.oripk("sync")
	args := append([]string{"-f", "-qq", "-o", "/dev/null", "-e", "trace=" + call, "-e", fmt.Sprintf("inject=%s:error=ENOSPC:when=%d+", call, n)}, command.Args...)
	traced := exec.Command("strace", args...)
	traced.Dir, traced.Env = command.Dir, command.Env
	var messages bytes.Buffer
	traced.Stderr = &messages
	err := traced.Run()
	if err == nil {
		return false
	}
	exit, ok := errors.AsType[*exec.ExitError](err)
	for _, want := range []string{"no space left on device", "  try: make room "} {
		if !ok || exit.ExitCode() != 1 || !strings.Contains(messages.String(), want) {
			d.t.Errorf("on a disk that was full at %s %d: %v\n%s", call, n, err, &messages)
		}
	}
	return true
}
