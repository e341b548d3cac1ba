package keyring

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestNothingHangs: a keyring that does not answer is let be.
func TestNothingHangs(t *testing.T) {
	forever := make(chan struct{})
	defer close(forever)
	hang := func() (string, error) { <-forever; return "", nil }
	if _, err := inTime(t.Context(), time.Millisecond, hang); err == nil || !strings.Contains(err.Error(), "did not answer within 1ms") {
		t.Errorf("error: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := inTime(ctx, time.Hour, hang); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
	if secret, err := inTime(t.Context(), time.Hour, func() (string, error) { return "x", nil }); err != nil || secret != "x" {
		t.Errorf("%q, %v", secret, err)
	}
}

// TestNoSessionNoKeyring: a machine without a desktop is not made to start one.
func TestNoSessionNoKeyring(t *testing.T) {
	dir := t.TempDir()
	cases := []struct {
		name, address, runtime string
		want                   bool
	}{
		{"nothing", "", "", false},
		{"a folder without a bus", "", dir, false},
		{"a relative folder", "", ".", false},
		{"an address", "unix:path=/x", "", true},
		{"an address that starts one", "autolaunch:scope=x", dir, false},
	}
	for _, c := range cases {
		getenv := func(name string) string {
			return map[string]string{"DBUS_SESSION_BUS_ADDRESS": c.address, "XDG_RUNTIME_DIR": c.runtime}[name]
		}
		if got := hasSessionBus(getenv); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
		if got := System(getenv); runtime.GOOS == "linux" && (got != nil) != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
	bus, err := net.Listen("unix", filepath.Join(dir, "bus"))
	if err != nil {
		t.Fatal(err)
	}
	defer bus.Close()
	if !hasSessionBus(func(name string) string { return map[string]string{"XDG_RUNTIME_DIR": dir}[name] }) {
		t.Error("the bus of the session was not found")
	}
}

// TestDeadBus: a bus that nobody serves is an error, soon.
func TestDeadBus(t *testing.T) {
	if runtime.GOOS != "linux" {
		return
	}
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+filepath.Join(t.TempDir(), "nothing"))
	k := &keyring{"x"}
	if _, err := k.Get(t.Context(), "https://a.example"); err == nil {
		t.Error("no error")
	}
	if err := k.Set(t.Context(), "https://a.example", "x"); err == nil {
		t.Error("no error")
	}
}
