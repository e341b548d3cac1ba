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
	"syscall"
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
	cfg    Config // as it was given
	keyDir string
	isNew  bool
}

// OpenAdmin opens the storage of a registry, and makes it if need be.
func OpenAdmin(ctx context.Context, given Config) (*Admin, error) {
	cfg := given.resolved()
	if err := cfg.checkDatabase(); err != nil {
		return nil, err
	}
	isNew := cfg.missing()
	if isNew {
		if _, _, err := sequencer.Shown(cfg.KeyDir); err == nil {
			return nil, fmt.Errorf("the folder %s holds the key of a log that has begun, and there is no database: name the registry's with --database, or put it back", cfg.KeyDir)
		}
	}
	db, err := store.Open(ctx, cfg.Database)
	if err != nil {
		return nil, err
	}
	blobs, err := blob.OpenDir(cfg.Data)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	reg := registry.New(registry.Config{ServerVersion: Version(), DB: db, Blobs: blobs, Now: time.Now, Rand: rand.Reader})
	return &Admin{db, blobs, reg, given, cfg.KeyDir, isNew}, nil
}

// OpenExisting is OpenAdmin for a registry that must be there already.
func OpenExisting(ctx context.Context, cfg Config) (*Admin, error) {
	if _, err := os.Stat(cfg.Data); errors.Is(err, fs.ErrNotExist) || cfg.resolved().missing() {
		return nil, fmt.Errorf("there is no registry in the folder %s; name its data folder with --data, and its database with --database if that is elsewhere", cfg.Data)
	}
	admin, err := OpenAdmin(ctx, cfg)
	if errors.Is(err, syscall.EROFS) || errors.Is(err, fs.ErrPermission) {
		err = fmt.Errorf("%w; the database writes beside its file even when it is only read: copy the data folder to a place that can be written and name that", err)
	}
	return admin, err
}

// Config is what the registry was opened with.
func (a *Admin) Config() Config { return a.cfg }

// IsNew reports that OpenAdmin made the registry.
func (a *Admin) IsNew() bool { return a.isNew }

// AddUser makes an account and gives the secret of its first token.
func (a *Admin) AddUser(ctx context.Context, login string, operator bool) (secret string, err error) {
	if err := a.mayChange(ctx); err != nil {
		return "", err
	}
	return a.reg.AddUser(ctx, login, operator)
}

// AddToken makes one more token of an account and gives its secret.
func (a *Admin) AddToken(ctx context.Context, login string, scope api.TokenScope) (secret string, err error) {
	if err := a.mayChange(ctx); err != nil {
		return "", err
	}
	return a.reg.AddToken(ctx, login, scope)
}

// RevokeToken ends the token with this id, or whose secret begins so.
func (a *Admin) RevokeToken(ctx context.Context, idOrPrefix string) (*api.Token, error) {
	if err := a.mayChange(ctx); err != nil {
		return nil, err
	}
	return a.reg.RevokeAnyToken(ctx, idOrPrefix)
}

// mayChange refuses what a server would refuse as read-only: a change of an
// older database is lost when the newest is put back.
func (a *Admin) mayChange(ctx context.Context) error {
	_, shown, keysErr := sequencer.Shown(a.keyDir) // before the database: a running server moves both on
	state, err := a.db.Reader().LogState(ctx)
	switch {
	case err != nil:
		return err
	case state.Size == 0 && errors.Is(keysErr, fs.ErrNotExist):
		return nil // no server has started here yet
	case keysErr != nil && state.Size > 0:
		return api.Errorf(api.ReadOnly, "nobody can tell whether the database is the newest: %v; put back the folder of keys, or name it with --key-dir", keysErr)
	case keysErr == nil && state.Size < shown.N:
		return api.Errorf(api.ReadOnly, "the database holds %d log entries and the registry has shown %d: an older state was put back, and what is changed in it would be lost; put back the newest", state.Size, shown.N)
	case keysErr != nil:
		return nil
	}
	if err := sequencer.GoesOn(ctx, a.db, shown); err != nil {
		return api.Errorf(api.ReadOnly, "nobody can tell whether the database is the newest: %v, of which the folder of keys speaks; name the folders of one registry with --data, --database and --key-dir", err)
	}
	return nil
}

// FsckReport says what a check of everything has read and found.
type FsckReport = registry.FsckReport

// Fsck reads everything again and compares.
func (a *Admin) Fsck(ctx context.Context) (*FsckReport, error) {
	key, shown, keysErr := sequencer.Shown(a.keyDir) // before the database: a running server moves both on
	state, err := a.db.Reader().LogState(ctx)
	if err != nil {
		return nil, err
	}
	if state.Size == 0 && errors.Is(keysErr, fs.ErrNotExist) {
		return nil, fmt.Errorf("the folder of keys %s does not hold the key and anchor of a log: put it back, or start the registry if it never ran", a.keyDir)
	}
	check := registry.Fsck{Key: key, Shown: shown, Kept: a.blobs.All}
	if keysErr != nil {
		check.NoKeys = keysErr.Error()
	}
	return a.reg.Fsck(ctx, check)
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

// missing reports that there is no registry yet; of a database server nobody can tell.
func (c Config) missing() bool {
	path, ok := strings.CutPrefix(c.Database, "sqlite:")
	_, err := os.Stat(path)
	return ok && errors.Is(err, fs.ErrNotExist)
}

// checkDatabase refuses a database in a folder that is not there, unless it is
// the data folder or lies in it: a mistyped path must not begin another registry.
func (c Config) checkDatabase() error {
	path, ok := strings.CutPrefix(c.Database, "sqlite:")
	if !ok {
		return nil
	}
	folder := filepath.Dir(path)
	inside, err := filepath.Rel(c.Data, folder)
	if err == nil && filepath.IsLocal(inside) {
		return nil
	}
	if _, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the folder %s of the database does not exist; make it, or correct --database", folder)
	}
	return nil
}
