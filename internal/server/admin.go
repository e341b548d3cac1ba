package server

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/internal/blob"
	"github.com/ori-lang/registry/internal/registry"
	"github.com/ori-lang/registry/internal/sequencer"
	"github.com/ori-lang/registry/internal/store"
)

// Admin is a registry in the hands of whoever can open its data folder. It
// works beside a running server and writes nothing to the log.
type Admin struct {
	db     *store.DB
	blobs  *blob.Dir
	reg    *registry.Registry
	keyDir string
}

// OpenAdmin opens the storage of a registry, and makes it if need be.
func OpenAdmin(ctx context.Context, cfg Config) (*Admin, error) {
	cfg = cfg.resolved()
	db, err := store.Open(ctx, cfg.Database)
	if err != nil {
		return nil, err
	}
	blobs, err := blob.OpenDir(cfg.Data)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	reg := registry.New(registry.Config{ServerVersion: Version(), DB: db, Blobs: blobs, Now: time.Now, Rand: rand.Reader})
	return &Admin{db, blobs, reg, cfg.KeyDir}, nil
}

// OpenExisting is OpenAdmin for a registry that must be there already.
func OpenExisting(ctx context.Context, cfg Config) (*Admin, error) {
	path, ok := strings.CutPrefix(cfg.resolved().Database, "sqlite:")
	if _, err := os.Stat(path); ok && errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no registry in the folder %s; name its data folder with --data", cfg.Data)
	}
	return OpenAdmin(ctx, cfg)
}

// AddUser makes an account and gives the secret of its first token.
func (a *Admin) AddUser(ctx context.Context, login string, operator bool) (secret string, err error) {
	return a.reg.AddUser(ctx, login, operator)
}

// RevokeToken ends the token with this id, or whose secret begins so.
func (a *Admin) RevokeToken(ctx context.Context, idOrPrefix string) (*api.Token, error) {
	return a.reg.RevokeAnyToken(ctx, idOrPrefix)
}

// FsckReport says what a check of everything has read and found.
type FsckReport = registry.FsckReport

// Fsck reads everything again and compares.
func (a *Admin) Fsck(ctx context.Context) (*FsckReport, error) {
	key, shown, err := sequencer.Shown(a.keyDir) // before the database: a running server moves both on
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the folder of keys %s does not hold the key and anchor of a log: put it back, or start the registry if it never ran", a.keyDir)
	}
	if err != nil {
		return nil, err
	}
	return a.reg.Fsck(ctx, registry.Fsck{Key: key, Shown: shown, Kept: a.blobs.All})
}

// Close closes the storage.
func (a *Admin) Close() error { return a.db.Close() }

// resolved fills in the settings that follow from others.
func (c Config) resolved() Config {
	if c.Database == "" {
		c.Database = "sqlite:" + filepath.Join(c.Data, "registry.db")
	}
	if c.KeyDir == "" {
		c.KeyDir = filepath.Join(c.Data, "keys")
	}
	return c
}
