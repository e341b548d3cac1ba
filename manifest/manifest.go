// Package manifest reads and edits oripk.toml, the manifest of an Ori package,
// and reads and writes oripk.lock, the checksums of what it was built with.
// Both are TOML 1.0 in UTF-8 without byte order mark; spec/manifest.md has
// every key and every limit, and the rules for editing.
//
// A manifest has two spellings. The loose one differs from TOML in three ways,
// none of which TOML gives a meaning:
//
//	@scope/name               a key without quotes, in any place of a key
//	std.json                  in a table of dependencies alone on its line:
//	                          short for "std.json" = true
//	@scope/name               alone on its line likewise, which is then a
//	                          fault: the version is missing
//
// A table of dependencies is [dependencies], [dev-dependencies] or
// [target."cfg(…)".dependencies]. [Normalize] writes the one spelling as the
// other by inserting quotes and " = true" only, so that every place of the
// result has a place in the author's text; all faults name the latter.
//
// A check reports everything that is wrong, not the first thing. Texts come
// from strangers: size, depth, number of keys and length of every value are
// bounded, and reading one takes time and memory in proportion to its size.
package manifest

import (
	"maps"
	"slices"

	"github.com/ori-lang/registry/ident"
)

// Manifest is an oripk.toml that was read. Every value in it has passed the
// rules; a value that has not is left at its zero and is a fault of the Report.
type Manifest struct {
	Package     ident.Package
	Version     ident.Version
	Description string
	License     string // an SPDX licence expression
	Authors     []string
	Repository  string // an https URL
	Keywords    []string
	Categories  []string
	Funding     string // an https URL
	Edition     string
	Ori         string // the lowest compiler version that the package needs, a SemVer version

	Entry        Entry
	Dependencies []Dependency        // of all kinds, in the author's order; the standard library is in Std
	Std          []string            // "std.json" and the like, in the author's order, each once
	Features     map[string][]string // never nil
	Registries   map[string]Registry // never nil
	Workspace    *Workspace          // nil: no [workspace]
	Scripts      map[string]string   // never nil
	Publish      Publish

	project Position // of [project], where what is missing in it belongs
}

// Entry names the files that a package starts from, by their paths in the
// package with forward slashes; "" is none.
type Entry struct{ Lib, Main string }

// Registry is a [registries.NAME]: where the scopes live that are not in the
// default registry.
type Registry struct {
	URL    string
	Auth   string   // how to sign in; "" leaves it to the client
	Scopes []string // without "@"
}

// Workspace lists the folders of the packages that are worked on together.
type Workspace struct{ Members []string }

// Publish says what publishing takes and where it goes.
type Publish struct {
	Registry         string // the NAME of a [registries.NAME]; "" is the default registry
	Include, Exclude []string
}

// Kind says which section a dependency comes from.
type Kind string

// The kinds of dependency.
const (
	Normal Kind = "normal" // [dependencies]
	Dev    Kind = "dev"    // [dev-dependencies]
	Target Kind = "target" // [target."cfg(…)".dependencies]
)

// Dependency is one package that a manifest asks for.
type Dependency struct {
	Package         ident.Package
	Version         ident.Version // zero only for the git and path forms
	Features        []string
	DefaultFeatures bool
	Kind            Kind
	Target          string // the condition, such as `cfg(os = "linux")`; "" for the other kinds
	Registry        string // the NAME of a [registries.NAME]; "" when the dependency names none
	Git, Rev        string
	Path            string
	Pointer         string   // where in the manifest, RFC 6901
	Position        Position // where in the text, of its key
}

// CheckPublish gives the faults that only a package has that is to be
// published: no description, dependencies that are for local work. All other
// rules are those of Parse.
func (m *Manifest) CheckPublish() (faults []Fault) {
	if m.Description == "" {
		faults = append(faults, Fault{
			Code: CodeMissing, Pointer: "/project/description", Position: m.project,
			Detail: "[project] has no description, which publishing requires",
		})
	}
	for _, d := range m.Dependencies {
		if d.isLocal() {
			faults = append(faults, Fault{CodeDependency, d.Pointer, d.Position, d.localDetail()})
		}
	}
	return faults
}

// External reports whether d lives in another registry than the default one,
// and at which URL: because it names one, or because its scope is in the list
// of one.
func (m *Manifest) External(d Dependency) (url string, external bool) {
	name := d.Registry
	if name == "" {
		name = m.registryOf(d.Package.Scope())
	}
	return m.Registries[name].URL, name != ""
}

// registryOf gives the name of the registry that lists scope, "" when none does.
func (m *Manifest) registryOf(scope string) string {
	for _, name := range slices.Sorted(maps.Keys(m.Registries)) {
		if slices.Contains(m.Registries[name].Scopes, scope) {
			return name
		}
	}
	return ""
}

// Locked gives the dependencies that the lock file must have: the normal ones
// and those of targets, each package once, without git and path forms.
func (m *Manifest) Locked() (out []Dependency) {
	seen := map[ident.Package]bool{}
	for _, d := range m.Dependencies {
		if d.Kind == Dev || d.Version.IsZero() || seen[d.Package] {
			continue
		}
		seen[d.Package] = true
		out = append(out, d)
	}
	return out
}
