package osv

import (
	"slices"

	"github.com/ori-lang/registry/ident"
)

// Versions is the set of versions of one package that a record affects: those
// that are listed, and those in the spans. It is what the record's versions and
// ranges come to, in a form that is quick to ask.
type Versions struct {
	Listed []ident.Version `json:"listed,omitempty"`
	Spans  []Span          `json:"spans,omitempty"`
}

// Span is a stretch of versions in the order of precedence.
type Span struct {
	From   ident.Version `json:"from,omitzero"`   // the first; zero: from the lowest on
	Before ident.Version `json:"before,omitzero"` // the first that is outside again; zero: none
	UpTo   ident.Version `json:"up_to,omitzero"`  // the last; zero: none
}

// Has reports whether v is in the set.
func (s Versions) Has(v ident.Version) bool {
	return slices.Contains(s.Listed, v) || slices.ContainsFunc(s.Spans, func(span Span) bool { return span.has(v) })
}

func (s Span) has(v ident.Version) bool {
	return (s.From.IsZero() || v.Compare(s.From) >= 0) &&
		(s.Before.IsZero() || v.Compare(s.Before) < 0) &&
		(s.UpTo.IsZero() || v.Compare(s.UpTo) <= 0)
}

func (s Versions) isEmpty() bool { return len(s.Listed)+len(s.Spans) == 0 }

// with gives the union of two sets.
func (s Versions) with(t Versions) Versions {
	return Versions{slices.Concat(s.Listed, t.Listed), slices.Concat(s.Spans, t.Spans)}
}

// The types of events of a range, by their members.
const (
	introduced   = "introduced"
	fixed        = "fixed"
	lastAffected = "last_affected"
	limit        = "limit"
)

type event struct {
	kind    string
	version ident.Version // zero: introduced at "0", limit at "*"
}

// spans gives the stretches that the events of a range make: what the
// evaluation of the format (IncludedInRanges) finds affected, and nothing else.
// Of events at one version introduced counts first, so that a range of a single
// version has that one.
func spans(events []event) (list []Span) {
	events = slices.Clone(events)
	slices.SortStableFunc(events, compareEvents)
	var open *Span
	for _, e := range events {
		switch {
		case e.kind == introduced && open == nil:
			open = &Span{From: e.version}
		case e.kind == fixed && open != nil:
			open.Before = e.version
			list, open = append(list, *open), nil
		case e.kind == lastAffected && open != nil:
			open.UpTo = e.version
			list, open = append(list, *open), nil
		}
	}
	if open != nil {
		list = append(list, *open)
	}
	return below(highestLimit(events), list)
}

func compareEvents(a, b event) int {
	lowest := func(e event) bool { return e.kind == introduced && e.version.IsZero() }
	switch {
	case lowest(a) || lowest(b):
		return rank(lowest(b)) - rank(lowest(a))
	case a.version != b.version:
		return a.version.Compare(b.version)
	}
	return rank(b.kind == introduced) - rank(a.kind == introduced)
}

func rank(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// highestLimit gives the version that all others must be below; zero: none. A
// version counts when it is below any limit.
func highestLimit(events []event) (highest ident.Version) {
	for _, e := range events {
		switch {
		case e.kind != limit:
		case e.version.IsZero():
			return ident.Version{}
		case highest.IsZero() || e.version.Compare(highest) > 0:
			highest = e.version
		}
	}
	return highest
}

// below cuts the spans at a version, unless that is zero.
func below(end ident.Version, list []Span) (cut []Span) {
	if end.IsZero() {
		return list
	}
	for _, span := range list {
		if !span.From.IsZero() && span.From.Compare(end) >= 0 {
			continue
		}
		if span.Before.IsZero() || span.Before.Compare(end) > 0 {
			span.Before = end
		}
		cut = append(cut, span)
	}
	return cut
}
