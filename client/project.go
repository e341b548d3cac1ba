package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/ori-lang/registry/archive"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/manifest"
)

// Project is a package's folder on this machine.
type Project struct {
	Manifest *manifest.Manifest // nil when it cannot be read as TOML
	Report   *manifest.Report   // of the manifest

	dir      string
	root     *os.Root
	text     []byte // of the manifest
	lockText []byte // nil: there is no lock file
}

// OpenProject reads the manifest and the lock file in a folder. That they are
// right is for CheckManifest and Check to say.
func OpenProject(dir string) (*Project, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("opening the project's folder: %w", err)
	}
	p := &Project{dir: dir, root: root}
	if err := p.read(); err != nil {
		root.Close()
		return nil, err
	}
	return p, nil
}

func (p *Project) read() (err error) {
	p.text, err = p.readFile(archive.ManifestName, manifest.MaxText)
	if errors.Is(err, fs.ErrNotExist) {
		return &NoProjectError{Dir: p.dir}
	}
	if err != nil {
		return fmt.Errorf("reading the project: %w", err)
	}
	p.lockText, err = p.readFile(archive.LockName, manifest.MaxLockText)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("reading the project: %w", err)
	}
	p.Manifest, p.Report = manifest.Parse(p.text)
	return nil
}

// readFile reads one byte more than a text may have: whoever parses it says so.
func (p *Project) readFile(name string, limit int64) ([]byte, error) {
	f, err := p.root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, limit+1))
}

// NoProjectError says that a folder has no oripk.toml.
type NoProjectError struct{ Dir string }

func (e *NoProjectError) Error() string {
	return "there is no " + archive.ManifestName + " in " + e.Dir
}

// Close lets go of the folder.
func (p *Project) Close() error { return p.root.Close() }

// Text is the manifest as its author wrote it.
func (p *Project) Text() []byte { return p.text }

// Ref is the name and version in the manifest.
func (p *Project) Ref() ident.Ref {
	return ident.Ref{Package: p.Manifest.Package, Version: p.Manifest.Version}
}

// CheckManifest gives the faults of the manifest, a *ManifestError.
func (p *Project) CheckManifest() error { return manifestError(p.Report.Faults) }

func manifestError(faults []manifest.Fault) error {
	if len(faults) == 0 {
		return nil
	}
	return &ManifestError{File: archive.ManifestName, Faults: faults}
}

// Check gives all faults that stand against publishing and can be seen without
// a registry: a *ManifestError, an *ArchiveError, or both joined.
func (p *Project) Check() error {
	plan, err := p.Plan()
	if err != nil {
		return err
	}
	found := []error{manifestError(plan.Report.Faults)}
	if len(plan.Faults) > 0 {
		found = append(found, &ArchiveError{Name: "what would be packed", Own: true, Report: &archive.Report{Faults: plan.Faults}})
	}
	return errors.Join(found...)
}

// Plan says what Pack would put into an archive.
func (p *Project) Plan() (*archive.Plan, error) {
	plan, err := archive.NewPlan(p.root)
	if err != nil {
		return nil, fmt.Errorf("reading the project: %w", err)
	}
	return plan, nil
}

// NeedsRegistry reports whether making the lock file takes a registry: whether
// there are dependencies.
func (p *Project) NeedsRegistry() bool { return len(rootDependencies(p.Manifest)) > 0 }

// Lock reads the lock file, nil when there is none. Faults are a *ManifestError.
func (p *Project) Lock() (*manifest.Lock, error) {
	if p.lockText == nil {
		return nil, nil
	}
	lock, faults := manifest.ParseLock(p.lockText)
	if len(faults) > 0 {
		return nil, &ManifestError{File: archive.LockName, Faults: faults}
	}
	return lock, nil
}

// Pack writes the archive and gives its report; faults are an *ArchiveError.
// The lock file must be there: see EnsureLock.
func (p *Project) Pack(dst io.Writer) (*archive.Report, error) {
	report, err := archive.Pack(p.root, dst)
	if err != nil {
		return nil, fmt.Errorf("packing: %w", err)
	}
	if !report.OK() {
		return nil, &ArchiveError{Name: "the packed archive", Own: true, Report: report}
	}
	return report, nil
}

// write puts a file in place whole or not at all.
func (p *Project) write(name string, text []byte) error {
	temporary := newName()
	if err := p.writeTemporary(temporary, text); err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	if err := p.root.Rename(temporary, name); err != nil {
		return fmt.Errorf("writing %s: %w", name, errors.Join(err, p.root.Remove(temporary)))
	}
	return syncFolder(p.dir)
}

func (p *Project) writeTemporary(name string, text []byte) (err error) {
	f, err := p.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err != nil {
			p.root.Remove(name)
		}
	}()
	if _, err := f.Write(text); err != nil {
		return err
	}
	return f.Sync()
}

// EnsureLock makes oripk.lock if it is missing or stale, and says whether it did.
// r may be nil when NeedsRegistry is false.
func (p *Project) EnsureLock(ctx context.Context, r *Registries, o SyncOptions) (changed bool, err error) {
	synced, err := p.lock(ctx, r, o)
	return err == nil && synced.LockChanged, err
}
