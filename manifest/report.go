package manifest

import (
	"errors"
	"fmt"
	"slices"
)

// The codes of faults: a closed list, explained in spec/manifest.md.
const (
	CodeSyntax     = "syntax"     // not TOML 1.0 in UTF-8, and no loose spelling of it
	CodeTooLarge   = "too_large"  // the whole text is over its limit
	CodeMissing    = "missing"    // a required key is not there
	CodeType       = "type"       // a value of another TOML type than the key takes
	CodeValue      = "value"      // a value of the right type that the key does not take
	CodeName       = "name"       // not a name of the grammar
	CodeVersion    = "version"    // not a version of the grammar
	CodeLicense    = "license"    // not an SPDX licence expression
	CodeURL        = "url"        // not a URL of the kind that the key takes
	CodeText       = "text"       // control or bidirectional characters
	CodeDependency = "dependency" // a dependency that cannot be as it is written
	CodeDuplicate  = "duplicate"  // given twice
	CodeLimit      = "limit"      // too long, too many, too deep
	CodeScripts    = "scripts"    // [scripts] in an archive
	CodeEntry      = "entry"      // a file of [project.entry] is not in the package (found by archive)
)

// The codes of warnings: a closed list as well. In a lock file CodeUnknownKey
// is a fault, because nothing else may be there.
const (
	CodeUnknownKey     = "unknown_key"
	CodeUnknownSection = "unknown_section"
)

// FaultCodes gives every code that a fault can have, in the order of the spec.
func FaultCodes() []string {
	return []string{
		CodeSyntax, CodeTooLarge, CodeMissing, CodeType, CodeValue, CodeName, CodeVersion, CodeLicense,
		CodeURL, CodeText, CodeDependency, CodeDuplicate, CodeLimit, CodeScripts, CodeEntry,
	}
}

// WarningCodes gives every code that a warning can have, in the order of the spec.
func WarningCodes() []string { return []string{CodeUnknownKey, CodeUnknownSection} }

// Position is a place in the text as its author wrote it: both numbers count
// from 1, the column in characters. The zero value is an unknown place.
type Position struct{ Line, Column int }

func (p Position) String() string { return fmt.Sprintf("%d:%d", p.Line, p.Column) }

// Fault is one thing that is wrong with a manifest or a lock file.
type Fault struct {
	Code    string // of the closed list of spec/manifest.md
	Pointer string // RFC 6901, into the parsed TOML: "/dependencies/@a~1b/version"; "" is the whole text
	Position
	Detail string // what is wrong, why, and what to write instead
}

// String gives "line:column: detail (code)", without the place when it is not known.
func (f Fault) String() string {
	if f.Line == 0 {
		return fmt.Sprintf("%s (%s)", f.Detail, f.Code)
	}
	return fmt.Sprintf("%s: %s (%s)", f.Position, f.Detail, f.Code)
}

// Report is everything that a check has found, both lists in the order of the
// text and of at most 101 entries: after 100 the last one says how many more
// there are.
type Report struct{ Faults, Warnings []Fault }

// OK reports whether there is no fault; warnings are allowed.
func (r *Report) OK() bool { return len(r.Faults) == 0 }

// Err gives nil when the report is OK, else an error with one line for every
// fault: "file:line:column: detail".
func (r *Report) Err(file string) error {
	var all []error
	for _, f := range r.Faults {
		if f.Line == 0 {
			all = append(all, fmt.Errorf("%s: %s", file, f.Detail))
			continue
		}
		all = append(all, fmt.Errorf("%s:%s: %s", file, f.Position, f.Detail))
	}
	return errors.Join(all...)
}

// nowhere is the offset of a finding that is about the whole text.
const nowhere = -1

// finding is a fault whose place is still an offset in the text that was parsed.
type finding struct {
	offset                int
	code, pointer, detail string
}

// findings collects what a reader has to say, in the order of reading.
type findings struct{ faults, warnings []finding }

func (f *findings) fault(code, pointer string, offset int, format string, args ...any) {
	f.faults = append(f.faults, finding{offset, code, pointer, fmt.Sprintf(format, args...)})
}

func (f *findings) warn(code, pointer string, offset int, format string, args ...any) {
	f.warnings = append(f.warnings, finding{offset, code, pointer, fmt.Sprintf(format, args...)})
}

// report puts the findings in the order of the text and turns their offsets
// into places of the author's own spelling.
func (f *findings) report(s *source) *Report {
	return &Report{Faults: place(f.faults, s), Warnings: place(f.warnings, s)}
}

func place(all []finding, s *source) []Fault {
	slices.SortStableFunc(all, func(a, b finding) int { return a.offset - b.offset })
	var out []Fault
	for i, f := range all {
		if i == maxFindings {
			rest := fmt.Sprintf("%d more are not listed; put these right first", len(all)-maxFindings)
			return append(out, Fault{Code: CodeLimit, Position: s.position(f.offset), Detail: rest})
		}
		out = append(out, Fault{f.code, f.pointer, s.position(f.offset), f.detail})
	}
	return out
}

// shown quotes what was read, cut short, so that no message grows with its input.
func shown(s string) string {
	const most = 80
	if runes := []rune(s); len(runes) > most {
		s = string(runes[:most]) + "…"
	}
	return fmt.Sprintf("%q", s)
}
