package client

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ori-lang/registry/archive"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/manifest"
)

// SyncOptions say how a project is brought up to date.
type SyncOptions struct {
	Locked   bool               // the lock file must be right as it is, see CheckLock; else it is a *LockError
	Progress func(SyncProgress) // nil: nobody is told
	Now      func() time.Time   // nil: time.Now
}

// Synced is what bringing a project up to date has done.
type Synced struct {
	Graph       *Graph
	LockChanged bool
	Changes     []Change // of the lock file, by name
}

// Change is a package that the lock file has in another version than before.
type Change struct {
	Package  ident.Package
	From, To *ident.Version // nil: it was not there, or is not any more
}

// LockError says that a lock file is missing or stale.
type LockError struct {
	Missing bool // there is none
	Changes []Change
}

func (e *LockError) Error() string {
	if e.Missing {
		return "there is no " + archive.LockName
	}
	return archive.LockName + " is not what " + archive.ManifestName + " requires"
}

// Sync brings a project up to date: it makes the lock file if that is missing
// or stale (if it lists other packages than the project needs), and puts every
// package where the compiler looks for it, below .ori in the project. A package
// that is locked with another checksum than the log's is a ChecksumMismatch,
// and nothing is written.
func (p *Project) Sync(ctx context.Context, r *Registries, o SyncOptions) (*Synced, error) {
	synced, err := p.lock(ctx, r, o)
	if err != nil {
		return nil, err
	}
	return synced, p.place(synced.Graph, o)
}

// Edit changes the dependencies in the manifest and brings the project up to
// date with it. Nothing is written unless everything that the new manifest
// requires is there and in order. The manifest is written before the lock
// file: what a crash leaves between the two is a stale lock, which is made again.
func (p *Project) Edit(ctx context.Context, r *Registries, change func(*manifest.Editor) error, o SyncOptions) (*Synced, error) {
	editor, _ := manifest.Edit(p.text)
	if editor == nil {
		return nil, p.CheckManifest()
	}
	if err := change(editor); err != nil {
		return nil, err
	}
	before := p.text
	p.text = editor.Bytes()
	p.Manifest, p.Report = manifest.Parse(p.text)
	if err := p.CheckManifest(); err != nil {
		return nil, err
	}
	graph, lock, err := p.resolve(ctx, r, o)
	if err != nil {
		return nil, err
	}
	if err := p.replaceManifest(before); err != nil {
		return nil, err
	}
	synced, err := p.writeLock(graph, lock, o)
	if err != nil {
		return nil, err
	}
	return synced, p.place(graph, o)
}

// replaceManifest writes the edited text, unless somebody has meanwhile written
// another: theirs is not lost.
func (p *Project) replaceManifest(before []byte) error {
	now, err := p.readFile(archive.ManifestName, manifest.MaxText)
	if err != nil {
		return fmt.Errorf("reading the project: %w", err)
	}
	if !bytes.Equal(now, before) {
		return ErrEdited
	}
	return p.write(archive.ManifestName, p.text)
}

// ErrEdited says that oripk.toml was changed by somebody else while it was to
// be changed; nothing was written.
var ErrEdited = errors.New(archive.ManifestName + " was changed by somebody else meanwhile")

// lock resolves the graph and makes the lock file fit it.
func (p *Project) lock(ctx context.Context, r *Registries, o SyncOptions) (*Synced, error) {
	graph, lock, err := p.resolve(ctx, r, o)
	if err != nil {
		return nil, err
	}
	return p.writeLock(graph, lock, o)
}

// Resolve gives the graph of the project, and changes nothing of it.
func (p *Project) Resolve(ctx context.Context, r *Registries, o SyncOptions) (*Graph, error) {
	graph, _, err := p.resolve(ctx, r, o)
	return graph, err
}

// resolve gives the graph of the project and the lock file that is there.
func (p *Project) resolve(ctx context.Context, r *Registries, o SyncOptions) (*Graph, *manifest.Lock, error) {
	lock, err := p.Lock()
	if err != nil {
		return nil, nil, err
	}
	if !p.NeedsRegistry() {
		return &Graph{Root: p.Manifest}, lock, nil
	}
	graph, err := r.Resolve(ctx, p.Manifest, ResolveOptions{Lock: lock, Progress: o.Progress})
	return graph, lock, err
}

func (p *Project) writeLock(graph *Graph, have *manifest.Lock, o SyncOptions) (*Synced, error) {
	want := graph.Locked()
	synced := &Synced{Graph: graph, Changes: lockChanges(have, want)}
	if o.Locked {
		if err := checkLock(have, want); err != nil {
			return nil, err
		}
		return synced, nil
	}
	synced.LockChanged = have == nil || !maps.Equal(have.Checksums, want.Checksums)
	if !synced.LockChanged {
		return synced, nil
	}
	p.lockText = want.Bytes()
	return synced, p.write(archive.LockName, p.lockText)
}

// CheckLock holds the lock file against a graph, and says in a *LockError how
// it differs. A project without dependencies needs none.
func (p *Project) CheckLock(graph *Graph) error {
	have, err := p.Lock()
	if err != nil {
		return err
	}
	return checkLock(have, graph.Locked())
}

func checkLock(have, want *manifest.Lock) error {
	if have != nil && maps.Equal(have.Checksums, want.Checksums) || have == nil && len(want.Checksums) == 0 {
		return nil
	}
	return &LockError{Missing: have == nil, Changes: lockChanges(have, want)}
}

// lockChanges compares two lock files, of which have may be nil.
func lockChanges(have, want *manifest.Lock) (changes []Change) {
	before, after := map[ident.Package]ident.Version{}, map[ident.Package]ident.Version{}
	if have != nil {
		for ref := range have.Checksums {
			before[ref.Package] = ref.Version
		}
	}
	for ref := range want.Checksums {
		after[ref.Package] = ref.Version
	}
	for p, to := range after {
		if from, there := before[p]; !there {
			changes = append(changes, Change{Package: p, To: &to})
		} else if from != to {
			changes = append(changes, Change{p, &from, &to})
		}
	}
	for p, from := range before {
		if _, there := after[p]; !there {
			changes = append(changes, Change{Package: p, From: &from})
		}
	}
	slices.SortFunc(changes, func(a, b Change) int { return cmp.Compare(a.Package.String(), b.Package.String()) })
	return changes
}

// String gives "+ @a/b 1.0.0", "- @a/b 1.0.0" or "@a/b 1.0.0 → 1.1.0".
func (c Change) String() string {
	var b strings.Builder
	switch {
	case c.From == nil:
		fmt.Fprintf(&b, "+ %s %s", c.Package, c.To)
	case c.To == nil:
		fmt.Fprintf(&b, "- %s %s", c.Package, c.From)
	default:
		fmt.Fprintf(&b, "  %s %s → %s", c.Package, c.From, c.To)
	}
	return b.String()
}
