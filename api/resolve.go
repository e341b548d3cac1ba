package api

import "github.com/ori-lang/registry/ident"

// Limits of one POST /v1/resolve.
const (
	MaxResolveJSON     = 256 << 10 // bytes of the body
	MaxResolveRoots    = 1000      // dependencies that are asked for
	MaxResolvePackages = 5000      // versions of the graph
	MaxResolveRecords  = 16 << 20  // bytes of what their manifests say
)

// Resolve is the body of POST /v1/resolve.
type Resolve struct {
	Dependencies []Root `json:"dependencies"`
	Proofs       bool   `json:"proofs"` // give the proof of each version as well
}

// Root is a dependency of the caller's own. Its members are texts, so that all
// that is wrong with them can be told at once.
type Root struct {
	Package string `json:"package"`
	Version string `json:"version"`
}

// Resolution is the reply of POST /v1/resolve: every version that the roots need,
// directly and through others, breadth first.
type Resolution struct {
	Packages  []ResolvedVersion `json:"packages"`
	External  []Dependency      `json:"external"`  // that live in other registries, each once
	Conflicts []Conflict        `json:"conflicts"` // packages that are required in more than one version
	Missing   []MissingVersion  `json:"missing"`   // one for each requirement that cannot be met
}

// ResolvedVersion is a version of a graph.
type ResolvedVersion struct {
	Version
	Package ident.Package `json:"package"`
	Status  Status        `json:"status"` // of the package
	Proof   *string       `json:"proof"`  // C2SP tlog-proof, as GET …/proof gives it; null when none was asked for
}

// Conflict is a package that is required in more than one version, with all
// who require it.
type Conflict struct {
	Package      ident.Package `json:"package"`
	Requirements []Requirement `json:"requirements"`
}

// Requirement is one version that somebody requires.
type Requirement struct {
	Version    ident.Version `json:"version"`
	RequiredBy *string       `json:"required_by"` // "@a/b@1.0.0"; null: the caller itself
}

// MissingVersion is a requirement that this registry cannot meet.
type MissingVersion struct {
	Package    ident.Package `json:"package"`
	Version    ident.Version `json:"version"`
	RequiredBy *string       `json:"required_by"` // "@a/b@1.0.0"; null: the caller itself
	Code       Code          `json:"code"`        // what its download would be answered with
}
