package conformance

import (
	"strings"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/translog"
)

func ptr(s string) *string { return &s }

// told gives a text that may be null.
func told(s *string) string {
	if s == nil {
		return "null"
	}
	return *s
}

// lifeOf is a package of two versions whose life a group changes.
type lifeOf struct{ old, young release }

func (c *check) lives(suffix string) lifeOf {
	scope := c.claimed(suffix)
	old := c.publish(draft{name: "@" + scope + "/life", version: "1.0.0"})
	return lifeOf{old, c.publish(draft{name: "@" + scope + "/life", version: "1.1.0"})}
}

// says reads what the registry says of a version.
func (c *check) says(ref ident.Ref) (v api.Version, list api.Versions) {
	c.read(c.ok(c.get(c.s.urls.Versions(ref.Package)), 200), &list)
	for _, v := range list.Versions {
		if v.Version == ref.Version {
			return v, list
		}
	}
	c.fatalf("%s is not listed", ref)
	return v, list
}

// logged makes a call that must add one entry to the log, and gives that; with
// kind "" it must add none. Others may write at the same time.
func (c *check) logged(ref ident.Ref, kind translog.Kind, call func()) *translog.Entry {
	before := c.logSize()
	call()
	var found []*translog.Entry
	for _, e := range c.entries(before, c.logSize()) {
		if e.Package == ref.Package {
			found = append(found, e)
		}
	}
	switch {
	case kind == "" && len(found) > 0:
		c.fatalf("the log has a new entry %s of %s", found[0].Kind, ref)
	case kind != "" && (len(found) != 1 || found[0].Kind != kind):
		c.fatalf("the log has %d new entries of %s, want one %s", len(found), ref, kind)
	case kind == "":
		return nil
	}
	return found[0]
}

func lifeGroup(s *session) {
	var l lifeOf
	s.hold("yank", "A yanked version is never `latest`; whoever has it in a lock file goes on with it, and is warned.", func(c *check) {
		l = c.lives("life")
		entry := c.logged(l.young.ref, translog.KindYank, func() {
			var v api.Version
			c.read(c.ok(c.post(s.urls.Yank(l.young.ref), api.Yank{Reason: ptr("broken"), Message: ptr("eats files")}), 200), &v)
			if v.Yanked == nil {
				c.fatalf("the version does not say that it is yanked")
			}
			c.equal("the reason", told(v.Yanked.Reason), "broken")
			c.equal("the message", told(v.Yanked.Message), "eats files")
		})
		c.equal("the reason in the log", entry.Reason, "broken")
		v, list := c.says(l.young.ref)
		if v.Yanked == nil || list.Latest == nil || *list.Latest != l.old.ref.Version {
			c.failf("yanked is %v, latest %v", v.Yanked, list.Latest)
		}
		c.ok(c.get(s.urls.Download(l.young.ref)), 200)
	})
	s.hold("messages are hashed", "A message (why a version was yanked) and the text of an advisory stand in the log as a checksum", func(c *check) {
		entry := c.logged(l.young.ref, translog.KindYank, func() {
			c.ok(c.post(s.urls.Yank(l.young.ref), api.Yank{Message: ptr("told apart")}), 200)
		})
		if entry.Message == nil || *entry.Message != ident.ChecksumOf([]byte("told apart")) || entry.Reason != "" {
			c.failf("the log says %+v", entry)
		}
	})
	s.hold("yank again", "The same reason and message again: 200, and nothing is added to the log; others are a change.", func(c *check) {
		c.logged(l.young.ref, "", func() { c.ok(c.post(s.urls.Yank(l.young.ref), api.Yank{Message: ptr("told apart")}), 200) })
		c.logged(l.young.ref, translog.KindYank, func() { c.ok(c.post(s.urls.Yank(l.young.ref), api.Yank{}), 200) })
	})
	s.hold("yank without a body", "The body may be absent.", func(c *check) {
		c.logged(l.young.ref, "", func() { c.ok(c.post(s.urls.Yank(l.young.ref), nil), 200) })
	})
	s.hold("all that is wrong", "`errors` lists every fault.", func(c *check) {
		p := c.problem(c.post(s.urls.Yank(l.young.ref), map[string]string{"reason": "boredom", "message": strings.Repeat("x", 501)}), api.ValidationFailed)
		if !hasPointer(p, "/reason") || !hasPointer(p, "/message") {
			c.failf("the faults are %+v", p.Errors)
		}
		c.problem(c.post(s.urls.Yank(l.young.ref), map[string]string{"message": "\u202e"}), api.ValidationFailed)
	})
	s.hold("unyank", "A version that is not yanked: 200, and nothing is added to the log.", func(c *check) {
		c.logged(l.young.ref, translog.KindUnyank, func() { c.ok(c.post(s.urls.Unyank(l.young.ref), nil), 200) })
		c.logged(l.young.ref, "", func() { c.ok(c.post(s.urls.Unyank(l.young.ref), nil), 200) })
		if v, list := c.says(l.young.ref); v.Yanked != nil || list.Latest == nil || *list.Latest != l.young.ref.Version {
			c.failf("yanked is %v, latest %v", v.Yanked, list.Latest)
		}
	})
	deprecationChecks(s, &l)
	s.hold("rights over a version", "Needs a token with scope `publish`, of a member of the scope or, after a transfer, of the owner.", func(c *check) {
		narrow := c.newToken(wish(api.Publish, "@"+s.scope("elsewhere")+"/*")).Secret
		read := c.newToken(wish(api.Read)).Secret
		for _, url := range []string{s.urls.Yank(l.old.ref), s.urls.Unyank(l.old.ref), s.urls.Deprecate(l.old.ref)} {
			body := map[string]any{"message": nil}
			c.problem(c.send("POST", url, "", body), api.Unauthenticated)
			c.problem(c.send("POST", url, read, body), api.InsufficientScope)
			c.problem(c.send("POST", url, narrow, body), api.TokenPackageMismatch)
			c.problem(c.send("POST", url, s.options.OtherToken, body), api.NotOwner)
		}
	})
	s.hold("nothing to yank", "Mutable JSON has a strong `ETag` and must be revalidated", func(c *check) {
		c.problem(c.post(s.urls.Yank(mustRef(l.old.ref.Package.String()+"@9.9.9")), nil), api.VersionNotFound)
		c.problem(c.post(s.urls.Yank(mustRef("@"+s.scope("none")+"/none@1.0.0")), nil), api.PackageNotFound)
	})
	s.hold("tags change", "Mutable JSON has a strong `ETag` and must be revalidated", func(c *check) {
		for _, url := range []string{s.urls.Versions(l.old.ref.Package), s.urls.Metadata(l.old.ref)} {
			tag := c.ok(c.get(url), 200).header.Get("ETag")
			c.ok(c.post(s.urls.Yank(l.old.ref), nil), 200)
			c.ok(c.get(url, "If-None-Match", tag), 200)
			c.ok(c.post(s.urls.Unyank(l.old.ref), nil), 200)
			c.ok(c.get(url, "If-None-Match", tag), 304)
		}
	})
}

func deprecationChecks(s *session, l *lifeOf) {
	s.hold("deprecate", "`replacement` names a package or a version other than this one, which need not be here.", func(c *check) {
		for _, replacement := range []string{"@conf/other", "@conf/other@1.0.0"} {
			entry := c.logged(l.old.ref, translog.KindDeprecate, func() {
				c.ok(c.post(s.urls.Deprecate(l.old.ref), api.Deprecation{Message: ptr("old"), Replacement: &replacement}), 200)
			})
			c.equal("the replacement in the log", entry.Replacement, replacement)
			v, list := c.says(l.old.ref)
			if v.Deprecated == nil || v.Deprecated.Message != "old" || v.Deprecated.Replacement == nil || *v.Deprecated.Replacement != replacement {
				c.failf("the version says %+v", v.Deprecated)
			}
			if list.Latest == nil || *list.Latest != l.young.ref.Version {
				c.failf("latest is %v", list.Latest)
			}
		}
		c.problem(c.post(s.urls.Deprecate(l.old.ref), api.Deprecation{Message: ptr("old"), Replacement: ptr(l.old.ref.String())}), api.ValidationFailed)
		c.problem(c.post(s.urls.Deprecate(l.old.ref), api.Deprecation{Message: ptr("old"), Replacement: ptr("other")}), api.ValidationFailed)
	})
	s.hold("deprecate again", "What is so already: 200, and nothing is added to the log.", func(c *check) {
		c.logged(l.old.ref, "", func() {
			c.ok(c.post(s.urls.Deprecate(l.old.ref), api.Deprecation{Message: ptr("old"), Replacement: ptr("@conf/other@1.0.0")}), 200)
		})
	})
	s.hold("without a message", "null takes the deprecation back, and a body without the member is 422.", func(c *check) {
		c.problem(c.post(s.urls.Deprecate(l.old.ref), struct{}{}), api.ValidationFailed)
		c.problem(c.post(s.urls.Deprecate(l.old.ref), map[string]any{"message": ""}), api.ValidationFailed)
		c.problem(c.post(s.urls.Deprecate(l.old.ref), map[string]any{"message": nil, "replacement": "@conf/other"}), api.ValidationFailed)
	})
	s.hold("undeprecate", "null takes the deprecation back, and a body without the member is 422.", func(c *check) {
		c.logged(l.old.ref, translog.KindUndeprecate, func() { c.ok(c.post(s.urls.Deprecate(l.old.ref), api.Deprecation{}), 200) })
		c.logged(l.old.ref, "", func() { c.ok(c.post(s.urls.Deprecate(l.old.ref), api.Deprecation{}), 200) })
		if v, _ := c.says(l.old.ref); v.Deprecated != nil {
			c.failf("the version says %+v", v.Deprecated)
		}
	})
}

func operatorGroup(s *session) {
	asOperator := func(c *check, method, url string, body any) *answer {
		return c.send(method, url, s.options.OperatorToken, body)
	}
	var l lifeOf
	s.hold("statuses", "For operators, with a token of scope `admin`.", func(c *check) {
		l = c.lives("oper")
		status := s.urls.Status(l.old.ref.Package)
		c.problem(c.put(status, api.StatusChange{Status: api.Archived}), api.NotOwner)
		c.problem(asOperator(c, "PUT", status, api.StatusChange{Status: "gone"}), api.ValidationFailed)
	})
	s.hold("archived", "An `archived` package takes no new versions.", func(c *check) {
		status := s.urls.Status(l.old.ref.Package)
		c.logged(l.old.ref, translog.KindStatus, func() {
			var p api.Package
			c.read(c.ok(asOperator(c, "PUT", status, api.StatusChange{Status: api.Archived}), 200), &p)
			c.equal("status", p.Status, api.Archived)
		})
		c.logged(l.old.ref, "", func() { c.ok(asOperator(c, "PUT", status, api.StatusChange{Status: api.Archived}), 200) })
		c.problem(c.upload(s.urls.Publish(l.old.ref.Package), draft{name: l.old.ref.Package.String(), version: "5.0.0"}.pack()), api.PackageArchived)
		c.ok(c.get(s.urls.Download(l.old.ref)), 200)
	})
	s.hold("quarantine", "In `quarantined`, nothing of the package can be downloaded or published; its versions are listed.", func(c *check) {
		status := s.urls.Status(l.old.ref.Package)
		c.ok(asOperator(c, "PUT", status, api.StatusChange{Status: api.Quarantined}), 200)
		c.problem(c.get(s.urls.Download(l.old.ref)), api.PackageQuarantined)
		c.problem(c.upload(s.urls.Publish(l.old.ref.Package), draft{name: l.old.ref.Package.String(), version: "5.0.0"}.pack()), api.PackageQuarantined)
		if _, list := c.says(l.old.ref); list.Status != api.Quarantined || len(list.Versions) != 2 {
			c.failf("the list is %+v", list)
		}
		c.ok(asOperator(c, "PUT", status, api.StatusChange{Status: api.Active}), 200)
		c.ok(c.get(s.urls.Download(l.old.ref)), 200)
	})
	s.hold("removal", "Archive and README are deleted from wherever the registry keeps them when this answers; the version's record stays and says why.", func(c *check) {
		c.problem(c.post(s.urls.Remove(l.young.ref), api.Removal{Reason: "legal"}), api.NotOwner)
		c.logged(l.young.ref, translog.KindRemove, func() {
			var v api.Version
			c.read(c.ok(asOperator(c, "POST", s.urls.Remove(l.young.ref), api.Removal{Reason: "malware"}), 200), &v)
			if v.Removed == nil || v.Removed.Reason != "malware" {
				c.failf("the version says %+v", v.Removed)
			}
		})
		c.problem(c.get(s.urls.Download(l.young.ref)), api.VersionGone)
		c.proves(c.ok(c.get(s.urls.Proof(l.young.ref)), 200).body, l.young)
		if v, list := c.says(l.young.ref); v.Removed == nil || list.Latest == nil || *list.Latest != l.old.ref.Version {
			c.failf("removed is %v, latest %v", v.Removed, list.Latest)
		}
	})
	s.hold("removed for good", "A version that the operators removed: 409 `version_removed`, whatever the bytes.", func(c *check) {
		c.problem(c.upload(s.urls.Publish(l.young.ref.Package), l.young.archive), api.VersionRemoved)
		c.problem(c.upload(s.urls.Publish(l.young.ref.Package), draft{name: l.young.ref.Package.String(), version: "1.1.0", files: map[string]string{"src/x": "x"}}.pack()), api.VersionRemoved)
		c.problem(c.post(s.urls.Yank(l.young.ref), nil), api.VersionRemoved)
	})
	s.hold("removed again", "The same again: 200, nothing is added to the log", func(c *check) {
		c.logged(l.young.ref, "", func() {
			c.ok(asOperator(c, "POST", s.urls.Remove(l.young.ref), api.Removal{Reason: "malware"}), 200)
		})
	})
	s.hold("legal reasons", "From then on its download answers 410 `version_gone`, or 451 `legal`; its number is never used again.", func(c *check) {
		c.ok(asOperator(c, "POST", s.urls.Remove(l.old.ref), api.Removal{Reason: "legal"}), 200)
		c.problem(c.get(s.urls.Download(l.old.ref)), api.Legal)
	})
}
