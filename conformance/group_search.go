package conformance

import (
	"net/url"
	"strings"

	"github.com/ori-lang/registry/api"
)

func (c *check) search(query string, more ...string) (reply api.Results) {
	c.read(c.ok(c.get(c.s.urls.Search(query)+strings.Join(more, "")), 200), &reply)
	return reply
}

// finds reports whether a package is among the results.
func finds(reply api.Results, name string) bool {
	for _, result := range reply.Results {
		if result.Package.String() == name {
			return true
		}
	}
	return false
}

func searchGroup(s *session) {
	var r release
	s.hold("by name", "the packages whose name is `q` (`@scope/name` or `name`; they are `exact`)", func(c *check) {
		r = c.publish(draft{name: "@" + c.claimed("search") + "/lantern-" + s.run, version: "1.0.0", manifest: "keywords = [\"glow\"]\n", files: map[string]string{"README.md": "# lantern\n\nMoths come.\n"}})
		c.publish(draft{name: r.ref.Package.String() + "-oil", version: "1.0.0"})
		for _, query := range []string{r.ref.Package.String(), r.ref.Package.Name()} {
			reply := c.search(query)
			if len(reply.Results) == 0 || reply.Results[0].Package != r.ref.Package || !reply.Results[0].Exact {
				c.failf("%q finds %+v first", query, reply.Results)
			}
			c.equal("query", reply.Query, query)
		}
	})
	s.hold("prefix", "The last word of `q` may also be the beginning of a word of the name, the keywords or (from three characters on) the description.", func(c *check) {
		name := r.ref.Package.Name()
		if !finds(c.search(name[:len(name)-2]), r.ref.Package.String()) {
			c.failf("the beginning of %s does not find it", name)
		}
	})
	s.hold("all words", "A package that has every word of `q`.", func(c *check) {
		name := r.ref.Package.Name()
		if !finds(c.search(name+" glow"), r.ref.Package.String()) || finds(c.search(name+" glow"), r.ref.Package.String()+"-oil") || finds(c.search(name+" gloom"), r.ref.Package.String()) {
			c.failf("not every word counts")
		}
	})
	s.hold("README", "Its words are those of its name with the scope, its keywords, its description, and the beginning of its README", func(c *check) {
		if !finds(c.search(s.run+" moths"), r.ref.Package.String()) {
			c.failf("a word of the README does not find the package")
		}
	})
	s.hold("qualifiers", "`scope:acme` and `keyword:web-api` in `q` are conditions beside the words", func(c *check) {
		for query, want := range map[string]bool{"scope:" + s.scope("search"): true, "keyword:glow " + s.run: true, "keyword:gloom " + s.run: false, "scope:other-" + s.run: false} {
			if finds(c.search(query), r.ref.Package.String()) != want {
				c.failf("%q finds it: want %v", query, want)
			}
		}
	})
	s.hold("one edit", "When nothing has every word, one edit (a character left out, put in, changed or swapped with the next; what is put in is `a`–`z` or `0`–`9`) is forgiven in each word of four characters or more against the words of names and keywords.", func(c *check) {
		for _, typo := range []string{"lanterm", "lantrn", "lanternn", "lnatern"} {
			if !finds(c.search(typo+" "+s.run), r.ref.Package.String()) {
				c.failf("%q does not find lantern", typo)
			}
		}
	})
	s.hold("no operators", "All other characters part words and mean nothing more: there are no operators.", func(c *check) {
		for _, query := range []string{`"`, `" OR "`, "*", "NEAR(a b)", "a:b:c", "!", "a & b | c <-> d", "(", "-", "^a", `\`, "'; --", "\u202e", "💡", strings.Repeat("(", 200)} {
			c.search(query)
		}
	})
	s.hold("long queries", "A `q` of more than 256 characters or 16 words and conditions, or that is not UTF-8, is `invalid_request`.", func(c *check) {
		c.problem(c.get(s.urls.Search(strings.Repeat("a", 257))), api.InvalidRequest)
		c.problem(c.get(s.urls.Search(strings.Repeat("a ", 17))), api.InvalidRequest)
		c.problem(c.get(s.urls.Base()+"/v1/search?q=%ff"), api.InvalidRequest)
	})
	s.hold("pages", "The next page", func(c *check) {
		first := c.get(s.urls.Search("scope:"+s.scope("search")) + "&sort=name&limit=1")
		var reply, second api.Results
		c.read(c.ok(first, 200), &reply)
		if reply.Next == nil || reply.Total != 2 || len(reply.Results) != 1 {
			c.fatalf("the first of two pages is %+v", reply)
		}
		c.header(first, "Link", "<"+*reply.Next+`>; rel="next"`)
		c.read(c.ok(c.get(*reply.Next), 200), &second)
		if len(second.Results) != 1 || second.Next != nil || second.Results[0].Package == reply.Results[0].Package {
			c.failf("the second page is %+v", second)
		}
		c.problem(c.get(s.urls.Search("x")+"&cursor="+url.QueryEscape("?")), api.InvalidRequest)
		c.problem(c.get(s.urls.Search("x")+"&sort=fame"), api.InvalidRequest)
		c.problem(c.get(s.urls.Search("x")+"&limit=101"), api.InvalidRequest)
	})
	s.hold("yanked is not found", "A package is not found while all its versions are yanked or removed, and while it is quarantined.", func(c *check) {
		c.ok(c.post(s.urls.Yank(r.ref), nil), 200)
		if finds(c.search(r.ref.Package.String()), r.ref.Package.String()) {
			c.failf("a package whose one version is yanked is found")
		}
		c.ok(c.post(s.urls.Unyank(r.ref), nil), 200)
		if !finds(c.search(r.ref.Package.String()), r.ref.Package.String()) {
			c.failf("it is not found again")
		}
	})
}
