//go:build linux

package client_test

import (
	"context"
	"log"
	"os"
	"testing"

	"github.com/ori-lang/registry/registrytest"
)

// The examples run a registry. They are built for one system only, so that
// looking at the SDK for others does not take building the server for each.

// bench is what registrytest needs of a test, for examples, which have none: a
// test passes its own *testing.T.
type bench struct {
	testing.TB
	cleanups []func()
}

func (b *bench) Helper()                           {}
func (b *bench) Context() context.Context          { return context.Background() }
func (b *bench) Cleanup(f func())                  { b.cleanups = append(b.cleanups, f) }
func (b *bench) Fatalf(format string, args ...any) { log.Panicf(format, args...) }
func (b *bench) Errorf(format string, args ...any) { log.Panicf(format, args...) }

func (b *bench) TempDir() string {
	dir, err := os.MkdirTemp("", "oripk-example-")
	if err != nil {
		log.Panic(err)
	}
	b.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// close does what is done at the end of a test.
func (b *bench) close() {
	for len(b.cleanups) > 0 {
		last := len(b.cleanups) - 1
		f := b.cleanups[last]
		b.cleanups = b.cleanups[:last]
		f()
	}
}

// library is a registry that has two packages of @acme, and the token of the
// account that published them.
func library(b *bench) (registry *registrytest.Registry, token string) {
	registry = registrytest.New(b, registrytest.Options{})
	token = registry.User("ada")
	registry.Publish(token, map[string]string{
		"oripk.toml":  baseManifest,
		"src/lib.ori": "pub @clamp (value: int, low: int, high: int) -> int =\n    if value < low then low else if value > high then high else value;\n",
	})
	registry.Publish(token, map[string]string{
		"oripk.toml":  chartManifest,
		"src/lib.ori": "pub @width (value: int) -> int = value * 2;\n",
	})
	return registry, token
}

const baseManifest = `[project]
name = "@acme/math"
version = "1.4.0"
description = "Numbers in their limits."
ori = "0.4.0"
`

const chartManifest = `[project]
name = "@acme/chart"
version = "2.0.1"
description = "Charts out of characters."
ori = "0.4.0"

[dependencies]
"@acme/math" = "1.4.0"
`
