package conformance

import "github.com/ori-lang/registry/api"

func scopesGroup(s *session) {
	name := s.scope("claims")
	url := s.urls.Scope(name)
	s.hold("unclaimed", "A scope that nobody holds is answered 404 `not_found`.", func(c *check) {
		c.problem(c.get(url), api.NotFound)
	})
	s.hold("claim", "First come, first served.", func(c *check) {
		a := c.ok(c.put(url, nil), 201)
		var scope api.Scope
		c.read(a, &scope)
		c.equal("scope", scope.Scope, name)
		c.header(a, "Location", url)
		if len(scope.Members) != 1 || scope.Members[0].Role != api.Owner {
			c.failf("the members are %+v", scope.Members)
		}
	})
	s.hold("claim again", "A scope that the caller owns already: 200, and nothing is added to the log.", func(c *check) {
		before := c.logSize()
		c.ok(c.put(url, nil), 200)
		c.equal("size of the log", c.logSize(), before)
	})
	s.hold("somebody else's", "First come, first served.", func(c *check) {
		c.problem(c.send("PUT", url, s.options.OtherToken, nil), api.ScopeTaken)
	})
	s.hold("read your writes", "After a 2xx to a write every later GET shows it: from the same server at once, from any server of a cluster within a second.", func(c *check) {
		var scope api.Scope
		c.read(c.ok(c.get(url), 200), &scope)
		c.equal("scope", scope.Scope, name)
	})
	s.hold("similar", "A name that differs from another scope's only in hyphens: 409 `name_too_similar`.", func(c *check) {
		c.problem(c.put(s.urls.Scope("conf"+s.run+"claims"), nil), api.NameTooSimilar)
	})
	s.hold("reserved", "whatever begins with `std`, and the names of devices on Windows (`con`, `lpt1`, …): 403 `name_reserved`.", func(c *check) {
		for _, reserved := range []string{"test", "internal", "std", "stdlib", "tmp", "con", "lpt1"} {
			c.problem(c.put(s.urls.Scope(reserved), nil), api.NameReserved)
		}
	})
	s.hold("malformed", "The scope, without its `@`.", func(c *check) {
		for _, bad := range []string{"@conf", "Conf", "a--b", "-a"} {
			c.problem(c.put(s.urls.Base()+"/v1/scopes/"+bad, nil), api.InvalidName)
		}
	})
}
