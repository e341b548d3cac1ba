package e2e

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"
)

// TestKillOfASync ends oripk with SIGKILL while it brings packages to a machine:
// when the registry gets the n-th request or has answered it, and when oripk is
// about to change a file or folder for the n-th time. Whatever was killed, the
// project's files are those of before or those of afterwards, whole; the next
// sync succeeds, all that it shows to the compiler is there, the cache is in
// order, and a day later nothing is left of what was half done.
func TestKillOfASync(t *testing.T) {
	d := newSyncDrill(t)
	for _, j := range []*drillJob{
		{name: "a first sync", requires: 4, args: []string{"sync"}},
		{name: "an install", requires: 4, ready: []string{"sync"}, args: []string{"install", "@bench/top-4"}},
	} {
		d.rehearse(j)
		for range 4 {
			n := 1 + d.moment.IntN(j.requests)
			d.round(j, fmt.Sprintf("request %d", n), func(k *desk) { d.killAtRequest(k, j, n) })
		}
		for range 4 {
			n, call := 1+d.moment.IntN(8), changes[d.moment.IntN(len(changes))]
			d.round(j, fmt.Sprintf("%s %d", call, n), func(k *desk) { d.killAtChange(k, j, call, n) })
		}
	}
	j := &drillJob{name: "a sync from the cache", requires: 1, ready: []string{"sync"}, without: []string{".ori", "oripk.lock"}, args: []string{"sync"}}
	d.rehearse(j)
	for _, call := range changes {
		for n := 1; n <= 3; n++ {
			d.round(j, fmt.Sprintf("%s %d", call, n), func(k *desk) { d.killAtChange(k, j, call, n) })
		}
	}
	t.Logf("%d kills", d.kills)
	if d.kills < 12 {
		t.Errorf("only %d commands were killed: the drill shows nothing", d.kills)
	}
}

// changes are the calls that change files and folders; a name that the machine
// does not have is passed over.
var changes = []string{"write", "fsync", "?rename,?renameat,?renameat2", "?mkdir,mkdirat", "?symlink,symlinkat"}

// The stock of the drill: what projects require at first, what is added to one,
// and one more for the day after.
const drillDirect, drillDeep = 6, 2

type syncDrill struct {
	t      *testing.T
	stock  *stock
	front  *front
	moment *rand.Rand
	kills  int
}

func newSyncDrill(t *testing.T) *syncDrill {
	t.Helper()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	d := &syncDrill{t: t, stock: newStock(t, drillDirect, drillDeep, 20_000), front: newFront(t), moment: rand.New(rand.NewPCG(seed, 0))}
	t.Cleanup(d.front.close)
	d.front.to(d.stock.address)
	return d
}

// drillJob is a command that is killed, and what it makes of a project when it is not.
type drillJob struct {
	name     string
	requires int      // how many of the stock's packages the project requires directly
	ready    []string // the command before it, nil: none
	without  []string // what is removed then
	args     []string
	before   map[string]string
	after    map[string]string
	requests int
}

// rehearse runs the job without killing it.
func (d *syncDrill) rehearse(j *drillJob) {
	d.t.Helper()
	k := d.newDesk(j)
	j.before = k.files()
	var seen atomic.Int64
	d.watch(func(served bool) {
		if served {
			seen.Add(1)
		}
	})
	k.must(j.args...)
	d.front.watch.Store(nil)
	j.after, j.requests = k.files(), int(seen.Load())
	if maps.Equal(j.before, j.after) {
		d.t.Fatalf("%s changes nothing", j.name)
	}
}

func (d *syncDrill) watch(f func(served bool)) { d.front.watch.Store(&f) }

func (d *syncDrill) newDesk(j *drillJob) *desk {
	d.t.Helper()
	k := newDesk(d.t, d.front.url(), d.stock.manifest(j.requires))
	if j.ready != nil {
		k.must(j.ready...)
	}
	for _, name := range j.without {
		if err := os.RemoveAll(filepath.Join(k.project, name)); err != nil {
			d.t.Fatal(err)
		}
	}
	return k
}

// round kills the job on a new machine, and looks at what is left there.
func (d *syncDrill) round(j *drillJob, when string, kill func(*desk)) {
	d.t.Helper()
	k := d.newDesk(j)
	kill(k)
	if files := k.files(); !isMix(files, j.before, j.after) {
		d.t.Errorf("%s, killed at %s, left\n%v", j.name, when, files)
	}
	k.age(k.temporary())
	k.must("sync")
	synced := j.after
	if k.files()["oripk.toml"] != j.after["oripk.toml"] {
		synced = j.before
	}
	if !maps.Equal(k.files(), synced) {
		d.t.Errorf("%s, killed at %s and synced again, became\n%v", j.name, when, k.files())
	}
	k.wantPlaced()
	k.must("cache", "verify")
	k.must("install", "@bench/top-5")
	for _, path := range k.temporary() {
		d.t.Errorf("%s, killed at %s, has left %s, a day later too", j.name, when, path)
	}
}

// killAtRequest kills the job when the registry gets its n-th request, or has
// answered it.
func (d *syncDrill) killAtRequest(k *desk, j *drillJob, n int) {
	d.t.Helper()
	late := d.moment.IntN(2) == 1
	command := k.oripk(j.args...)
	var seen atomic.Int64
	started := make(chan struct{})
	d.watch(func(served bool) {
		if served == late && seen.Add(1) == int64(n) {
			<-started
			_ = command.Process.Kill()
		}
	})
	err := command.Start()
	close(started)
	if err != nil {
		d.t.Fatal(err)
	}
	d.count(command.Wait())
	d.front.watch.Store(nil)
}

// killAtChange kills the job when one of its threads is about to make its n-th
// call of this kind. When it makes fewer, it is not killed.
func (d *syncDrill) killAtChange(k *desk, j *drillJob, call string, n int) {
	d.t.Helper()
	command := k.oripk(j.args...)
	args := append([]string{"-f", "-qq", "-o", "/dev/null", "-e", "trace=" + call, "-e", fmt.Sprintf("inject=%s:signal=KILL:when=%d", call, n)}, command.Args...)
	traced := exec.Command("strace", args...)
	traced.Dir, traced.Env = command.Dir, command.Env
	d.count(traced.Run())
}

// count counts a command that was killed; one that failed otherwise is an error.
func (d *syncDrill) count(err error) {
	d.t.Helper()
	exit, failed := errors.AsType[*exec.ExitError](err)
	switch {
	case failed && exit.ExitCode() == -1:
		d.kills++
	case err != nil:
		d.t.Errorf("the command that was to be killed ended with %v", err)
	}
}
