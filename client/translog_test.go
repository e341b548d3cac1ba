package client

import (
	"bytes"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/ori-lang/registry/translog"
)

func remote(t *testing.T, c *Client) error {
	t.Helper()
	_, err := c.VerifyRemote(t.Context(), mustRef(t, httpRef))
	return err
}

// newest gives the size of the newest tree that the user's machine has seen.
func newest(t *testing.T, u *user, f *fake) int64 {
	t.Helper()
	v, err := translog.NewVerifier(f.signer.VerifierKey())
	if err != nil {
		t.Fatal(err)
	}
	seen, err := NewState(u.options.StateDir).Newest(v)
	if err != nil {
		t.Fatal(err)
	}
	return seen.Tree.N
}

func TestTreeGrows(t *testing.T) {
	f, u := newFake(t), newUser(t)
	f.publish(httpRef)
	for _, more := range []int{0, 1, 253, 1, 300} {
		f.grow(more, "s")
		if err := remote(t, u.client(f.server.URL)); err != nil {
			t.Fatalf("size %d: %v", f.size(), err)
		}
		if got := newest(t, u, f); got != f.size() {
			t.Errorf("newest tree seen: %d, want %d", got, f.size())
		}
	}
}

// TestOlderProof has caches that keep a proof while the log grows.
func TestOlderProof(t *testing.T) {
	f, u := newFake(t), newUser(t)
	f.publish(httpRef)
	old := f.proof(httpRef, f.size())
	f.grow(10, "s")
	if err := remote(t, u.client(f.server.URL)); err != nil {
		t.Fatal(err)
	}
	f.grow(10, "t")
	f.instead["/proof"] = func(w http.ResponseWriter, _ *http.Request) { w.Write(old) }
	if err := remote(t, u.client(f.server.URL)); err != nil {
		t.Errorf("an old proof of the same history: %v", err)
	}
	if got := newest(t, u, f); got != f.size() {
		t.Errorf("newest tree seen: %d, want %d", got, f.size())
	}
}

func TestStale(t *testing.T) {
	f, u := newFake(t), newUser(t)
	f.publish(httpRef)
	f.grow(10, "s")
	if err := remote(t, u.client(f.server.URL)); err != nil {
		t.Fatal(err)
	}
	f.shown = 5
	wantError(t, remote(t, u.client(f.server.URL)), Stale)
	if got := newest(t, u, f); got != 12 {
		t.Errorf("newest tree seen: %d, want 12", got)
	}
}

// TestFork has one key that signs two histories, which part after the package.
func TestFork(t *testing.T) {
	cases := []struct {
		name        string
		first, then int // entries after the package in the two histories
	}{
		{"the other is larger", 3, 7},
		{"the other is as large", 5, 5},
		{"the other is smaller, the log is larger", 5, 300},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			one, two, u := newFake(t), newFake(t), newUser(t)
			for _, f := range []*fake{one, two} {
				f.publish(httpRef)
			}
			one.grow(c.first, "one")
			two.grow(c.then, "two")
			if err := remote(t, u.client(one.server.URL)); err != nil {
				t.Fatal(err)
			}
			before := newest(t, u, one)

			err := remote(t, u.client(two.server.URL))
			wantError(t, err, LogFork)
			failure, ok := errors.AsType[*TrustError](err)
			if !ok || len(failure.Evidence) != 2 {
				t.Fatalf("evidence: %+v", err)
			}
			v, _ := translog.NewVerifier(one.signer.VerifierKey())
			for _, path := range failure.Evidence {
				note, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := v.OpenCheckpoint(note); err != nil {
					t.Errorf("evidence is no signed note: %v", err)
				}
			}
			if got := newest(t, u, one); got != before {
				t.Errorf("the newest tree seen was changed from %d to %d", before, got)
			}
		})
	}
}

// TestForkInAnOlderProof has a proof whose tree is smaller than the one seen,
// and no beginning of it.
func TestForkInAnOlderProof(t *testing.T) {
	one, two, u := newFake(t), newFake(t), newUser(t)
	for _, f := range []*fake{one, two} {
		f.publish(httpRef)
	}
	one.grow(3, "one")
	two.grow(7, "two")
	if err := remote(t, u.client(two.server.URL)); err != nil {
		t.Fatal(err)
	}
	other := one.proof(httpRef, one.size())
	two.instead["/proof"] = func(w http.ResponseWriter, _ *http.Request) { w.Write(other) }
	wantError(t, remote(t, u.client(two.server.URL)), LogFork)
}

// TestForkOffline: two roots for one size need no tiles to be seen.
func TestForkOffline(t *testing.T) {
	one, two, u := newFake(t), newFake(t), newUser(t)
	for _, f := range []*fake{one, two} {
		f.publish(httpRef)
	}
	one.grow(3, "one")
	two.grow(3, "two")
	if err := remote(t, u.client(one.server.URL)); err != nil {
		t.Fatal(err)
	}
	c := u.client(one.server.URL, func(o *Options) { o.Offline = true })
	_, err := c.Verify(t.Context(), bytes.NewReader(two.archives[httpRef]), two.proof(httpRef, two.size()))
	wantError(t, err, LogFork)
}

// TestForgedTiles: tiles that do not hash to the signed tree prove nothing, not
// even a fork.
func TestForgedTiles(t *testing.T) {
	for name, tile := range map[string]http.HandlerFunc{
		"zeros":   func(w http.ResponseWriter, _ *http.Request) { w.Write(make([]byte, 256*32)) },
		"short":   func(w http.ResponseWriter, _ *http.Request) { w.Write(make([]byte, 32)) },
		"endless": endless,
		"missing": http.NotFound,
	} {
		t.Run(name, func(t *testing.T) {
			f, u := newFake(t), newUser(t)
			f.publish(httpRef)
			if err := remote(t, u.client(f.server.URL)); err != nil {
				t.Fatal(err)
			}
			f.grow(5, "s")
			f.instead["/log/tile/0/000.p/7"] = tile
			wantError(t, remote(t, u.client(f.server.URL)), LogUnreachable)
			if got := newest(t, u, f); got != 2 {
				t.Errorf("newest tree seen: %d, want 2", got)
			}
		})
	}
}

func TestOtherKey(t *testing.T) {
	f, u := newFake(t), newUser(t)
	f.publish(httpRef)
	if err := remote(t, u.client(f.server.URL)); err != nil {
		t.Fatal(err)
	}
	other := newFakeOf(t, "log.example/log", 2)
	other.publish(httpRef)
	f.signer = other.signer
	wantError(t, remote(t, u.client(f.server.URL)), Policy)

	given := func(o *Options) { o.LogKey = other.signer.VerifierKey() }
	wantError(t, remote(t, u.client(f.server.URL, given)), Policy)
}

func TestGivenKeyIsPinnedSilently(t *testing.T) {
	f, u := newFake(t), newUser(t)
	f.publish(httpRef)
	given := func(o *Options) { o.LogKey = f.signer.VerifierKey() }
	if err := remote(t, u.client(f.server.URL, given)); err != nil {
		t.Fatal(err)
	}
	if len(u.notices) > 0 {
		t.Errorf("notices: %q", u.notices)
	}
	for _, r := range f.asked() {
		if r.URL.Path == "/v1/" {
			t.Error("the registry was asked for its key")
		}
	}
}

func TestDamagedState(t *testing.T) {
	damage := func(glob string, change func(path string) error) func(*testing.T, *user) {
		return func(t *testing.T, u *user) {
			paths, _ := filepath.Glob(filepath.Join(u.options.StateDir, glob))
			if len(paths) != 1 {
				t.Fatalf("files: %q", paths)
			}
			if err := change(paths[0]); err != nil {
				t.Fatal(err)
			}
		}
	}
	junk := func(path string) error { return os.WriteFile(path, []byte("junk\n"), 0o600) }
	large := func(path string) error { return os.WriteFile(path, make([]byte, 1<<20), 0o600) }
	folder := func(path string) error { return errors.Join(os.Remove(path), os.Mkdir(path, 0o700)) }
	cases := map[string]func(*testing.T, *user){
		"checkpoint is junk":     damage("logs/*/checkpoint", junk),
		"checkpoint is large":    damage("logs/*/checkpoint", large),
		"checkpoint is a folder": damage("logs/*/checkpoint", folder),
		"key is junk":            damage("registries/*", junk),
		"key is large":           damage("registries/*", large),
	}
	for name, change := range cases {
		t.Run(name, func(t *testing.T) {
			f, u := newFake(t), newUser(t)
			f.publish(httpRef)
			if err := remote(t, u.client(f.server.URL)); err != nil {
				t.Fatal(err)
			}
			change(t, u)
			err := remote(t, u.client(f.server.URL))
			wantError(t, err, LocalStateDamaged)
			if failure, ok := errors.AsType[*TrustError](err); !ok || !strings.Contains(failure.Hint, "rm ") {
				t.Errorf("no way out is named: %+v", err)
			}
		})
	}
}

// TestStateIsNotWritable: a machine's troubles accuse nobody and damage nothing.
func TestStateIsNotWritable(t *testing.T) {
	for want, cause := range map[string]error{
		"make room on the disk": syscall.ENOSPC,
		"writable":              syscall.EROFS,
		"for your account":      syscall.EACCES,
	} {
		err := unwritable("dir/checkpoint", &os.PathError{Op: "write", Path: "x", Err: cause})
		failure, ok := errors.AsType[*StateError](err)
		if !ok || !strings.Contains(failure.Hint, want) || !strings.Contains(err.Error(), cause.Error()) || errors.Is(err, LocalStateDamaged) {
			t.Errorf("%v: %+v", cause, err)
		}
		if hint := hintToWrite("dir/credentials.toml", err); !strings.Contains(hint, want) {
			t.Errorf("%v: %s", cause, hint)
		}
	}
	if err := damaged("x", &os.PathError{Op: "open", Path: "x", Err: syscall.EACCES}); errors.Is(err, LocalStateDamaged) {
		t.Errorf("a file without the right to read: %v", err)
	}

	f, u := newFake(t), newUser(t)
	f.publish(httpRef)
	u.options.StateDir = filepath.Join(t.TempDir(), "file", "state")
	writeFile(t, filepath.Dir(u.options.StateDir), "")
	if _, ok := errors.AsType[*StateError](remote(t, u.client(f.server.URL))); !ok {
		t.Error("a file in the way: want a *StateError")
	}
}

// TestManyAtOnce has several programs move one state forward.
func TestManyAtOnce(t *testing.T) {
	f, u := newFake(t), newUser(t)
	f.publish(httpRef)
	proofs := make([][]byte, 20)
	for i := range proofs {
		f.grow(3, "s")
		proofs[i] = f.proof(httpRef, f.size())
	}
	v, err := translog.NewVerifier(f.signer.VerifierKey())
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for _, text := range proofs {
		wg.Go(func() {
			proof, err := v.VerifyProof(text)
			if err != nil {
				t.Error(err)
				return
			}
			if _, err := u.client(f.server.URL).follow(t.Context(), v, Seen{proof.Checkpoint, proof.Tree}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := newest(t, u, f); got != f.size() {
		t.Errorf("newest tree seen: %d, want %d", got, f.size())
	}
}

func TestFileName(t *testing.T) {
	cases := map[string]string{
		"127.0.0.1:8080/log":      "127.0.0.1%3a8080%2flog",
		"..":                      "%2e%2e",
		"Example.org":             "%45xample.org",
		"https://a.b:443/Ä":       "https%3a%2f%2fa.b%3a443%2f%c3%84",
		"log.example+0123abcd":    "log.example%2b0123abcd",
		strings.Repeat("x", 1000): "",
	}
	for name, want := range cases {
		got := fileName(name)
		if want != "" && got != want {
			t.Errorf("fileName(%q) = %q, want %q", name, got, want)
		}
		if len(got) > 200 {
			t.Errorf("fileName of %d characters has %d", len(name), len(got))
		}
	}
}
