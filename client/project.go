package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"

	"github.com/ori-lang/registry/archive"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/manifest"
)

// Project is a package's folder on this machine.
type Project struct {
	Plan *archive.Plan // what packing takes
	root *os.Root
	dir  string
}

// OpenProject reads the manifest and the list of files in a folder. That they
// are right is for Check to say.
func OpenProject(dir string) (*Project, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("opening the project's folder: %w", err)
	}
	p := &Project{root: root, dir: dir}
	if _, err := root.Lstat(archive.ManifestName); errors.Is(err, fs.ErrNotExist) {
		root.Close()
		return nil, &NoProjectError{Dir: dir}
	}
	if p.Plan, err = archive.NewPlan(root); err != nil {
		root.Close()
		return nil, fmt.Errorf("reading the project: %w", err)
	}
	return p, nil
}

// NoProjectError says that a folder has no oripk.toml.
type NoProjectError struct{ Dir string }

func (e *NoProjectError) Error() string {
	return "there is no " + archive.ManifestName + " in " + e.Dir
}

// Close lets go of the folder.
func (p *Project) Close() error { return p.root.Close() }

// Ref is the name and version in the manifest.
func (p *Project) Ref() ident.Ref {
	return ident.Ref{Package: p.Plan.Manifest.Package, Version: p.Plan.Manifest.Version}
}

// Check gives all faults that can be seen without a registry: a *ManifestError,
// an *ArchiveError, or both joined.
func (p *Project) Check() error {
	var found []error
	if !p.Plan.Report.OK() {
		found = append(found, &ManifestError{File: archive.ManifestName, Faults: p.Plan.Report.Faults})
	}
	if len(p.Plan.Faults) > 0 {
		found = append(found, &ArchiveError{Name: "what would be packed", Report: &archive.Report{Faults: p.Plan.Faults}})
	}
	return errors.Join(found...)
}

// NeedsRegistry reports whether making the lock file takes a registry: whether
// there are dependencies.
func (p *Project) NeedsRegistry() bool { return len(rootDependencies(p.Plan.Manifest)) > 0 }

// EnsureLock makes oripk.lock if it is missing or stale, that is, if it lists
// other packages than the project needs; changed says whether it did. A package
// that is listed with another checksum than the log's is a ChecksumMismatch,
// and nothing is written. r may be nil when NeedsRegistry is false.
func (p *Project) EnsureLock(ctx context.Context, r *Registries) (changed bool, err error) {
	var have *manifest.Lock
	if p.Plan.LockText != nil {
		var faults []manifest.Fault
		if have, faults = manifest.ParseLock(p.Plan.LockText); len(faults) > 0 {
			return false, &ManifestError{File: archive.LockName, Faults: faults}
		}
	}
	want := &manifest.Lock{Checksums: map[ident.Ref]ident.Checksum{}}
	if p.NeedsRegistry() {
		if want, err = r.Resolve(ctx, p.Plan.Manifest); err != nil {
			return false, err
		}
	}
	if have != nil {
		if err := compareLocks(have, want); err != nil {
			return false, err
		}
		if maps.Equal(have.Checksums, want.Checksums) {
			return false, nil
		}
	}
	if err := p.writeLock(want.Bytes()); err != nil {
		return false, fmt.Errorf("writing %s: %w", archive.LockName, err)
	}
	return true, nil
}

// compareLocks refuses a lock file that disagrees with the log.
func compareLocks(have, want *manifest.Lock) error {
	for ref, sum := range want.Checksums {
		locked, ok := have.Checksums[ref]
		if ok && locked != sum {
			return &TrustError{
				Failure: ChecksumMismatch,
				Detail:  fmt.Sprintf("%s has %s with %s, the log has %s", archive.LockName, ref, locked, sum),
				Hint: "find out who changed the line: a lock file never changes for a version that stays. " +
					"If you are sure that the log is right, remove the line",
			}
		}
	}
	return nil
}

// writeLock puts the file in place whole or not at all.
func (p *Project) writeLock(text []byte) error {
	const temporary = ".oripk.lock.tmp"
	f, err := p.root.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	defer p.root.Remove(temporary)
	defer f.Close()
	if _, err := f.Write(text); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := p.root.Rename(temporary, archive.LockName); err != nil {
		return err
	}
	return syncFolder(p.dir)
}

// Pack writes the archive and gives its report; faults are an *ArchiveError.
// The lock file must be there: see EnsureLock.
func (p *Project) Pack(dst io.Writer) (*archive.Report, error) {
	report, err := archive.Pack(p.root, dst)
	if err != nil {
		return nil, fmt.Errorf("packing: %w", err)
	}
	if !report.OK() {
		return nil, &ArchiveError{Name: "the packed archive", Report: report}
	}
	return report, nil
}
