package conformance

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/translog"
)

// advisoryOf is a record that says of a package's versions below 1.1.0 that
// they are affected.
func advisoryOf(id, name, summary string, modified time.Time, more map[string]any) map[string]any {
	record := map[string]any{
		"schema_version": "1.7.0", "id": id, "modified": modified.UTC().Format(time.RFC3339), "published": modified.UTC().Add(-time.Hour).Format(time.RFC3339),
		"summary": summary, "affected": []any{map[string]any{
			"package": map[string]any{"ecosystem": "Ori", "name": name},
			"ranges":  []any{map[string]any{"type": "SEMVER", "events": []any{map[string]any{"introduced": "0"}, map[string]any{"fixed": "1.1.0"}}}},
		}},
	}
	for name, value := range more {
		record[name] = value
	}
	return record
}

// freeAdvisory finds an id that nobody has: of nine hundred million, all of
// a few are hardly taken.
func (c *check) freeAdvisory() (id string) {
	first := 10000 + time.Now().UnixNano()%900000000
	for n := first; n < first+5; n++ {
		id = fmt.Sprintf("x_ORI-%d-%d", time.Now().UTC().Year(), n)
		if c.ok(c.get(c.s.urls.Advisory(id)), 200, 404).status == 404 {
			return id
		}
	}
	c.fatalf("no id of an advisory is free, up to %s", id)
	return ""
}

func (c *check) file(id string, record any, headers ...string) *answer {
	text, err := json.Marshal(record)
	c.must(err)
	return c.call(request{
		method: "PUT", url: c.s.urls.Advisory(id), token: c.s.options.OperatorToken, body: text,
		headers: append([]string{"Content-Type", "application/json"}, headers...),
	})
}

func advisoriesGroup(s *session) {
	var l lifeOf
	var id string
	start := time.Now().Add(-time.Hour)
	name := func() string { return l.old.ref.Package.String() }
	s.hold("none yet", "Security advisories, in the OSV format", func(c *check) {
		l, id = c.lives("adv"), c.freeAdvisory()
		c.problem(c.get(s.urls.Advisory(id)), api.AdvisoryNotFound)
	})
	s.hold("file", "Without `If-Match` it makes the advisory", func(c *check) {
		s.later("the advisory "+id, func(c *check) {
			gone := advisoryOf(id, name(), "Filed by the conformance suite.", start.Add(30*time.Minute), map[string]any{"withdrawn": start.UTC().Format(time.RFC3339)})
			c.ok(c.file(id, gone, "If-Match", "*"), 200, 412) // 412: it is not there
		})
		before := c.logSize()
		a := c.ok(c.file(id, advisoryOf(id, name(), "One.", start, nil)), 201)
		c.header(a, "Location", s.urls.Advisory(id))
		var entry *translog.Entry
		for _, e := range c.entries(before, c.logSize()) {
			if e.Advisory == id {
				entry = e
			}
		}
		kept := c.ok(c.get(s.urls.Advisory(id)), 200).body
		if entry == nil || entry.Record != ident.ChecksumOf(kept) {
			c.failf("the log says %+v of the record %s", entry, ident.ChecksumOf(kept))
		}
	})
	s.hold("the same again", "When the record is there already with the same content, the answer is 200 whatever `If-Match` says, and nothing is added to the log.", func(c *check) {
		c.ok(c.file(id, advisoryOf(id, name(), "One.", start, nil)), 200)
		c.ok(c.file(id, advisoryOf(id, name(), "One.", start, nil), "If-Match", `"other"`), 200)
	})
	s.hold("replace", "Everything else is 412.", func(c *check) {
		next := advisoryOf(id, name(), "Two.", start.Add(time.Minute), nil)
		c.problem(c.file(id, next), api.PreconditionFailed)
		c.problem(c.file(id, next, "If-Match", `"other"`), api.PreconditionFailed)
		c.ok(c.file(id, next, "If-Match", c.get(s.urls.Advisory(id)).header.Get("ETag")), 200)
		if !strings.Contains(string(c.get(s.urls.Advisory(id)).body), "Two.") {
			c.failf("the record is not replaced")
		}
	})
	s.hold("versions name it", "the advisories that the version names in its `advisories`", func(c *check) {
		for _, v := range []struct {
			ref      ident.Ref
			affected bool
		}{{l.old.ref, true}, {l.young.ref, false}} {
			version, _ := c.says(v.ref)
			if slices.Contains(version.Advisories, id) != v.affected {
				c.failf("%s names %v", v.ref, version.Advisories)
			}
			list := c.ok(c.get(s.urls.Advisories()+"?package="+strings.ReplaceAll(name(), "/", "%2F")+"&version="+v.ref.Version.String()), 200)
			if strings.Contains(string(list.body), id) != v.affected {
				c.failf("the list for %s is %s", v.ref, list.body)
			}
		}
	})
	s.hold("list", "Only those that name this package.", func(c *check) {
		var list api.Advisories
		c.read(c.ok(c.get(s.urls.Advisories()+"?package="+strings.ReplaceAll(name(), "/", "%2F")), 200), &list)
		c.equal("number of advisories", len(list.Advisories), 1)
		c.read(c.ok(c.get(s.urls.Advisories()+"?since=2999-01-01T00:00:00Z"), 200), &list)
		c.equal("number of advisories of the far future", len(list.Advisories), 0)
		c.problem(c.get(s.urls.Advisories()+"?version=1.0.0"), api.InvalidRequest)
	})
	s.hold("what is no record", "A 422 lists all faults, at most 100 of them.", func(c *check) {
		for what, change := range map[string]map[string]any{
			"another id": {"id": "x_ORI-2026-0000"}, "no package": {"affected": []any{}}, "no time": {"modified": "yesterday"}, "another form": {"summary": 7},
			"another ecosystem": {"affected": []any{map[string]any{"package": map[string]any{"ecosystem": "npm", "name": "x"}, "versions": []any{"1.0.0"}}}},
			"a bad version":     {"affected": []any{map[string]any{"package": map[string]any{"ecosystem": "Ori", "name": name()}, "versions": []any{"^1"}}}},
		} {
			p := c.problem(c.file(id, advisoryOf(id, name(), "Three.", start.Add(2*time.Minute), change), "If-Match", "*"), api.ValidationFailed)
			if len(p.Errors) == 0 || p.Errors[0].Pointer == "" {
				c.failf("%s: the faults are %+v", what, p.Errors)
			}
		}
	})
	s.hold("not for others", "For operators, with a token of the scope `admin`", func(c *check) {
		c.problem(c.put(s.urls.Advisory(id), advisoryOf(id, name(), "Mine.", start, nil)), api.NotOwner)
	})
	s.hold("withdrawn", "An advisory with `withdrawn` affects no version any more; it is never deleted.", func(c *check) {
		at := start.Add(3 * time.Minute)
		c.ok(c.file(id, advisoryOf(id, name(), "Two.", at, map[string]any{"withdrawn": at.UTC().Format(time.RFC3339)}), "If-Match", "*"), 200)
		if v, _ := c.says(l.old.ref); slices.Contains(v.Advisories, id) {
			c.failf("%s still names it", l.old.ref)
		}
		c.ok(c.get(s.urls.Advisory(id)), 200)
	})
}
