package registry

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/archive"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/internal/store"
	"github.com/ori-lang/registry/manifest"
)

// checkDependencies looks up every dependency that is of this registry.
func (pub *publication) checkDependencies(ctx context.Context, db *store.Reader) error {
	pub.yanked = nil
	missing := api.Errorf(api.DependencyNotFound, "a dependency is not in this registry").
		WithHint("publish it first, or say where it lives with registry = \"NAME\"")
	for _, dep := range pub.report.Manifest.Dependencies {
		if _, external := pub.report.Manifest.External(dep); external {
			continue
		}
		reason, err := pub.lookUp(ctx, db, dep)
		if err != nil {
			return err
		}
		if reason != "" {
			missing.Errors = append(missing.Errors, api.Fault{
				Path: archive.ManifestName, Pointer: dep.Pointer, Code: manifest.CodeDependency, Detail: reason,
			})
		}
	}
	if len(missing.Errors) > 0 {
		return missing
	}
	return nil
}

// lookUp says why a dependency cannot be used, "" when it can, and warns of one
// that is yanked.
func (pub *publication) lookUp(ctx context.Context, db *store.Reader, dep manifest.Dependency) (reason string, err error) {
	ref := ident.Ref{Package: dep.Package, Version: dep.Version}
	life, err := db.Life(ctx, ref)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return fmt.Sprintf("%s is not in this registry", ref), nil
	case err != nil:
		return "", err
	case life.Removed != nil:
		return fmt.Sprintf("%s was removed from this registry", ref), nil
	case life.Yanked != nil:
		pub.yanked = append(pub.yanked, api.Warning{Code: "dependency_yanked", Detail: fmt.Sprintf("%s is yanked", ref), Pointer: dep.Pointer})
	}
	return "", nil
}

// checkLock looks up every line of the lock file that is of this registry.
func (pub *publication) checkLock(ctx context.Context, db *store.Reader) error {
	problem := api.Errorf(api.ArchiveInvalid, "oripk.lock has another checksum than the registry").
		WithHint("something gave you other bytes than the registry has; delete oripk.lock, publish again and look at what changed")
	lock := pub.report.Lock.Checksums
	for _, ref := range slices.SortedFunc(maps.Keys(lock), compareRefs) {
		if pub.isExternal(ref.Package) {
			continue
		}
		hosted, err := db.ChecksumOf(ctx, ref)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if hosted != lock[ref] {
			problem.Errors = append(problem.Errors, api.Fault{
				Path: archive.LockName, Pointer: lockPointer(ref), Code: string(archive.LockFile),
				Detail: fmt.Sprintf("%s has the checksum %s here, not %s", ref, hosted, lock[ref]),
			})
		}
	}
	if len(problem.Errors) > 0 {
		return problem
	}
	return nil
}

// isExternal reports whether the manifest says of a package, which may be one
// that another brings along, that it comes from another registry.
func (pub *publication) isExternal(p ident.Package) bool {
	m := pub.report.Manifest
	asked := manifest.Dependency{Package: p}
	if i := slices.IndexFunc(m.Dependencies, func(d manifest.Dependency) bool { return d.Package == p }); i >= 0 {
		asked = m.Dependencies[i]
	}
	_, external := m.External(asked)
	return external
}

func compareRefs(a, b ident.Ref) int { return strings.Compare(a.String(), b.String()) }

// lockPointer is the place of a line of oripk.lock (RFC 6901).
func lockPointer(ref ident.Ref) string {
	return fmt.Sprintf("/checksums/@%s~1%s:%s", ref.Package.Scope(), ref.Package.Name(), ref.Version)
}
