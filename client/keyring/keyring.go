// Package keyring is the keyring of the operating system, for client.Credentials:
// Keychain of macOS, the Credential Manager of Windows, the Secret Service of a
// Linux desktop. It is a package of its own so that who embeds the SDK without
// it pulls in none of that.
package keyring

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	system "github.com/zalando/go-keyring"

	"github.com/ori-lang/registry/client"
)

// System gives the keyring of the operating system, nil when there is none;
// nothing is started to find out.
func System(getenv func(string) string) client.Keyring {
	switch runtime.GOOS {
	case "darwin":
		return &keyring{"the keychain of macOS"}
	case "windows":
		return &keyring{"the Credential Manager of Windows"}
	}
	if !hasSessionBus(getenv) {
		return nil
	}
	return &keyring{"the keyring of the desktop session"}
}

// hasSessionBus reports whether there is a D-Bus to ask. Without this look the
// library would start one.
func hasSessionBus(getenv func(string) string) bool {
	if address := getenv("DBUS_SESSION_BUS_ADDRESS"); address != "" {
		return !strings.HasPrefix(address, "autolaunch:")
	}
	dir := getenv("XDG_RUNTIME_DIR")
	_, err := os.Stat(filepath.Join(dir, "bus"))
	return filepath.IsAbs(dir) && err == nil
}

// keyring keeps everything under one service; a name is a registry's URL.
type keyring struct{ name string }

const service = "oripk"

func (k *keyring) Name() string { return k.name }

func (k *keyring) Get(ctx context.Context, name string) (secret string, err error) {
	return inTime(ctx, patience, func() (string, error) { return system.Get(service, name) })
}

func (k *keyring) Set(ctx context.Context, name, secret string) error {
	_, err := inTime(ctx, patience, func() (string, error) { return "", system.Set(service, name, secret) })
	return err
}

func (k *keyring) Delete(ctx context.Context, name string) error {
	_, err := inTime(ctx, patience, func() (string, error) { return "", system.Delete(service, name) })
	if errors.Is(err, system.ErrNotFound) {
		return nil
	}
	return err
}

// patience is enough to unlock a keyring, and an end where its question is on
// a screen that nobody sees.
const patience = 20 * time.Second

// inTime calls what cannot be cancelled, and lets it be when it takes too long.
func inTime(ctx context.Context, most time.Duration, call func() (string, error)) (string, error) {
	ctx, stop := context.WithTimeoutCause(ctx, most, fmt.Errorf("it did not answer within %s", most))
	defer stop()
	type answer struct {
		secret string
		err    error
	}
	answers := make(chan answer, 1)
	go func() {
		secret, err := call()
		answers <- answer{secret, err}
	}()
	select {
	case <-ctx.Done():
		return "", context.Cause(ctx)
	case a := <-answers:
		return a.secret, a.err
	}
}
