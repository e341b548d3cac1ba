package osv

import (
	"fmt"
	"strings"
	"time"

	"github.com/ori-lang/registry/ident"
)

// checker holds a record against the registry's own rules.
type checker struct {
	faults  []Fault
	refused []Fault // what the schema found
}

// fault notes what is wrong, unless the schema has spoken of that place, or of
// one around or inside it.
func (c *checker) fault(pointer, format string, args ...any) {
	for _, f := range c.refused {
		if f.Pointer != "" && (within(f.Pointer, pointer) || within(pointer, f.Pointer)) {
			return
		}
	}
	if len(c.faults) < maxFaults {
		c.faults = append(c.faults, Fault{pointer, CodeValue, fmt.Sprintf(format, args...)})
	}
}

func within(inner, outer string) bool { return strings.HasPrefix(inner+"/", outer+"/") }

// The members of a value that is any JSON. What is absent, or of another type
// than the schema wants, is taken as empty. The structs of encoding/json will
// not do: they would take the member "NAME" for "name".

func object(value any, name string) map[string]any {
	members, _ := value.(map[string]any)
	inner, _ := members[name].(map[string]any)
	return inner
}

func list(value any, name string) []any {
	members, _ := value.(map[string]any)
	inner, _ := members[name].([]any)
	return inner
}

func text(value any, name string) (s string, ok bool) {
	members, _ := value.(map[string]any)
	s, ok = members[name].(string)
	return s, ok
}

func (c *checker) record(value any, id string) *Record {
	r := &Record{ID: id, Affected: map[ident.Package]Versions{}}
	if got, ok := text(value, "id"); ok && got != id {
		c.fault("/id", "the id is %.80q, the advisory is filed under %s", got, id)
	}
	modified, ok := c.time(value, "modified")
	r.Modified = modified
	for _, name := range []string{"published", "withdrawn"} {
		if t, given := c.time(value, name); ok && given && t.After(modified) {
			c.fault("/"+name, "it is later than modified, the time of the last change")
		}
	}
	_, r.Withdrawn = text(value, "withdrawn")
	entries := list(value, "affected")
	if len(entries) == 0 {
		c.fault("/affected", "it names no package")
	}
	for i, entry := range entries {
		c.entry(r, entry, fmt.Sprintf("/affected/%d", i))
	}
	return r
}

// time reads a time that may be absent.
func (c *checker) time(value any, name string) (t time.Time, ok bool) {
	s, ok := text(value, name)
	if !ok {
		return t, false
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil || !strings.HasSuffix(s, "Z") {
		c.fault("/"+name, "%.80q is no time in UTC such as 2026-11-23T18:06:31Z", s)
		return t, false
	}
	return t, true
}

// entry reads one element of affected.
func (c *checker) entry(r *Record, entry any, at string) {
	p := c.pkg(object(entry, "package"), at+"/package")
	set := Versions{Listed: c.listed(list(entry, "versions"), at+"/versions")}
	for i, one := range list(entry, "ranges") {
		set.Spans = append(set.Spans, c.ranged(one, fmt.Sprintf("%s/ranges/%d", at, i))...)
	}
	if set.isEmpty() {
		c.fault(at, "it says of no version that it is affected: list versions, or give a range of the type SEMVER")
	}
	r.Affected[p] = r.Affected[p].with(set)
}

func (c *checker) pkg(value map[string]any, at string) ident.Package {
	if value == nil {
		c.fault(at, "it names no package")
		return ident.Package{}
	}
	if ecosystem, _ := text(value, "ecosystem"); ecosystem != Ecosystem {
		c.fault(at+"/ecosystem", "it is %.80q; this registry files advisories on packages of %s", ecosystem, Ecosystem)
	}
	name, _ := text(value, "name")
	p, err := ident.ParsePackage(name)
	if err != nil {
		c.fault(at+"/name", "%v", err)
	}
	return p
}

func (c *checker) listed(values []any, at string) (versions []ident.Version) {
	for i, value := range values {
		s, _ := value.(string)
		versions = append(versions, c.version(s, fmt.Sprintf("%s/%d", at, i)))
	}
	return versions
}

func (c *checker) version(s, at string) ident.Version {
	v, err := ident.ParseVersion(s)
	if err != nil {
		c.fault(at, "%v", err)
	}
	return v
}

func (c *checker) ranged(value any, at string) []Span {
	switch kind, _ := text(value, "type"); kind {
	case "SEMVER":
	case "ECOSYSTEM":
		c.fault(at+"/type", "versions of this ecosystem are ordered as SemVer orders them; write SEMVER")
		return nil
	default:
		return nil
	}
	var events []event
	for i, one := range list(value, "events") {
		events = append(events, c.events(one, fmt.Sprintf("%s/events/%d", at, i))...)
	}
	return spans(events)
}

// events reads one event; the schema sees to it that there is just one.
func (c *checker) events(value any, at string) (events []event) {
	for _, kind := range []string{introduced, fixed, lastAffected, limit} {
		s, ok := text(value, kind)
		if !ok {
			continue
		}
		e := event{kind: kind}
		if !(kind == introduced && s == "0") && !(kind == limit && s == "*") {
			e.version = c.version(s, at+"/"+kind)
		}
		events = append(events, e)
	}
	return events
}
