package client

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ori-lang/registry/archive"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/manifest"
)

// Failure is one of the seven ways in which trust fails. It is an error, so that
// errors.Is(err, client.LogFork) holds for a *TrustError.
type Failure string

// The seven failures.
const (
	ChecksumMismatch  Failure = "CHECKSUM MISMATCH"   // the bytes are not those that the log names
	NotInLog          Failure = "NOT IN LOG"          // the log has no such entry, or the proof does not prove it
	LogFork           Failure = "LOG FORK"            // the log's key signed two histories
	Policy            Failure = "POLICY"              // not signed as the pinned key demands
	Stale             Failure = "STALE"               // the log is smaller than it was seen before
	LogUnreachable    Failure = "LOG UNREACHABLE"     // the log could not be asked, so nothing is proved
	LocalStateDamaged Failure = "LOCAL STATE DAMAGED" // files of this machine; nobody is accused
)

// Error gives the failure's name.
func (f Failure) Error() string { return string(f) }

// TrustError is a check that failed, or that could not be made.
type TrustError struct {
	Failure  Failure
	Detail   string   // what was compared with what
	Hint     string   // what to do next
	Evidence []string // files that were saved to prove it
	Err      error    // the cause, where there is one
}

// Error gives the failure's name and the detail.
func (e *TrustError) Error() string { return string(e.Failure) + ": " + e.Detail }

// Unwrap gives the cause.
func (e *TrustError) Unwrap() error { return e.Err }

// Is reports whether target is the Failure of e.
func (e *TrustError) Is(target error) bool {
	failure, ok := target.(Failure)
	return ok && failure == e.Failure
}

// NetworkError is a request that got no answer.
type NetworkError struct {
	Host  string // scheme and host that was asked
	Tries int    // how often it was asked
	Err   error
}

func (e *NetworkError) Error() string { return fmt.Sprintf("no answer from %s: %v", e.Host, e.Err) }

// Unwrap gives the cause.
func (e *NetworkError) Unwrap() error { return e.Err }

// ReplyError is an answer that is not what the protocol says: too long, not
// JSON, about something else, or a redirect that is not followed.
type ReplyError struct {
	URL    string
	Reason string
	Hint   string // "" when nothing helps but another registry

	foreign bool // a registry would not answer so
}

func (e *ReplyError) Error() string { return e.URL + ": " + e.Reason }

// ManifestError lists every fault of a project's oripk.toml or oripk.lock.
type ManifestError struct {
	File   string // as the user knows it
	Faults []manifest.Fault
}

func (e *ManifestError) Error() string {
	return strings.Join(append([]string{e.File + " has faults"}, e.Lines()...), "\n")
}

// Lines gives one line for each fault: "file:line:column: detail (code)".
func (e *ManifestError) Lines() []string {
	lines := make([]string, 0, len(e.Faults))
	for _, f := range e.Faults {
		separator := ": "
		if f.Line > 0 {
			separator = ":"
		}
		lines = append(lines, Printable(e.File+separator+f.String()))
	}
	return lines
}

// ArchiveError lists every fault that the check of an archive found.
type ArchiveError struct {
	Name   string // a file's or a package's
	Own    bool   // it is of the project's own files
	Report *archive.Report
}

func (e *ArchiveError) Error() string {
	return strings.Join(append([]string{e.Name + " is not a right archive"}, e.Lines()...), "\n")
}

// Lines gives one line for each fault: "path: pointer: detail (code)".
func (e *ArchiveError) Lines() []string {
	lines := make([]string, 0, len(e.Report.Faults)+len(e.Report.ManifestFaults))
	for _, f := range e.Report.Faults {
		place := ""
		for _, part := range []string{f.Path, f.Pointer} {
			if part != "" {
				place += part + ": "
			}
		}
		lines = append(lines, Printable(fmt.Sprintf("%s%s (%s)", place, f.Detail, f.Code)))
	}
	of := ManifestError{File: archive.ManifestName, Faults: e.Report.ManifestFaults}
	return append(lines, of.Lines()...)
}

// ConflictError says that packages are required in more than one version, or
// from more than one registry. A graph has one of each.
type ConflictError struct{ Conflicts []Conflict }

// Conflict is a package with all who require it.
type Conflict struct {
	Package      ident.Package
	Requirements []Requirement
}

func (e *ConflictError) Error() string {
	lines := make([]string, len(e.Conflicts))
	for i, c := range e.Conflicts {
		lines[i] = c.String()
	}
	return strings.Join(lines, "\n")
}

func (c Conflict) String() string {
	var asks []string
	first := c.Requirements[0]
	manyRegistries := slices.ContainsFunc(c.Requirements, func(r Requirement) bool { return r.Registry != first.Registry })
	for _, r := range c.Requirements {
		ask := r.By() + " requires " + r.Version.String()
		if manyRegistries {
			ask += " from " + r.Registry
		}
		asks = append(asks, ask)
	}
	return fmt.Sprintf("the requirements of %s disagree: %s", c.Package, strings.Join(asks, ", "))
}

// CycleError says that packages depend on one another in a ring.
type CycleError struct {
	Root manifest.Dependency // the project's own dependency that leads there
	Path []ident.Ref         // each requires the next; the last is the first package again, in the version required of it
}

func (e *CycleError) Error() string {
	names := make([]string, len(e.Path))
	for i, ref := range e.Path {
		names[i] = ref.String()
	}
	return "the dependencies go round in a circle: " + strings.Join(names, " → ")
}

// FetchError is a package of a graph that could not be had.
type FetchError struct {
	Ref ident.Ref
	By  Requirement // the one that was met first
	Err error
}

func (e *FetchError) Error() string {
	return fmt.Sprintf("fetching %s, which %s requires: %v", e.Ref, e.By.By(), e.Err)
}

// Unwrap gives the cause.
func (e *FetchError) Unwrap() error { return e.Err }

// MissingError says that several dependencies are not in their registries.
type MissingError struct {
	Errs []error // one for each, which names it and who requires it; two at least
}

func (e *MissingError) Error() string { return errors.Join(e.Errs...).Error() }

// Unwrap gives the single errors.
func (e *MissingError) Unwrap() []error { return e.Errs }

// UnansweredError is a write without an answer, because it was interrupted or the
// connection was lost: the registry may have done it.
type UnansweredError struct {
	Ref   ident.Ref // of a publish; zero for any other write
	Again bool      // made again, it is the same as made once
	Err   error     // a *NetworkError, or the interruption
}

func (e *UnansweredError) Error() string {
	if e.Ref == (ident.Ref{}) {
		return fmt.Sprintf("what was sent may have been done: %v", e.Err)
	}
	return fmt.Sprintf("%s was sent, and may be published: %v", e.Ref, e.Err)
}

// Unwrap gives the interruption, or the *NetworkError.
func (e *UnansweredError) Unwrap() error { return e.Err }

// NoRegistryError says that what answers at an address is no Ori registry.
type NoRegistryError struct {
	URL    string // base URL that was given
	Reason string // what the answer to GET /v1/ was instead
}

func (e *NoRegistryError) Error() string { return "there is no Ori registry at " + e.URL }

// StateError says that a file of the state cannot be read or written although
// nothing is wrong with it: a full disk, a right that is missing.
type StateError struct {
	Path string
	What string // "read" or "written"
	Hint string
	Err  error
}

func (e *StateError) Error() string { return fmt.Sprintf("%s cannot be %s: %v", e.Path, e.What, e.Err) }

// Unwrap gives the cause.
func (e *StateError) Unwrap() error { return e.Err }

// FileExistsError says that something else of that name is there; it was left
// alone.
type FileExistsError struct {
	Path string
	Why  string // "is a folder"; "": it has other bytes
	Hint string // what to do; "": another name, or moving the file away
}

func (e *FileExistsError) Error() string {
	return fmt.Sprintf("%s exists and %s; it was left as it is", e.Path, cmp.Or(e.Why, "holds something else"))
}

// NoKeyError says that nothing can be verified offline, because no key of the
// log is pinned or given.
type NoKeyError struct{ Registry string }

func (e *NoKeyError) Error() string {
	if e.Registry == "" {
		return "no key of the log is given, and no registry is named whose key could be pinned"
	}
	return "no key of the log of " + e.Registry + " is pinned yet"
}

// SourceError says that a dependency lives in a registry that neither the user
// nor the root project names: an address in somebody else's manifest is never
// contacted.
type SourceError struct {
	Package  ident.Package
	By       string // who requires it
	Registry string // URL that the requirer's manifest names
}

func (e *SourceError) Error() string {
	return fmt.Sprintf("%s requires %s from %s, a registry that neither your own oripk.toml nor your configuration names",
		Printable(e.By), e.Package, Printable(e.Registry))
}
