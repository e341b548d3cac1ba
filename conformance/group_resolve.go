package conformance

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/ori-lang/registry/api"
)

// graphOf is three packages: top needs middle and base, middle needs base.
type graphOf struct{ base, middle, top release }

func (c *check) graph(suffix string) (g graphOf) {
	scope := c.claimed(suffix)
	needs := func(name string, on ...release) draft {
		d := draft{name: "@" + scope + "/" + name, version: "1.0.0", manifest: "[dependencies]\n"}
		for _, dep := range on {
			d.manifest += fmt.Sprintf("%q = %q\n", dep.ref.Package, dep.ref.Version)
			d.lock += fmt.Sprintf("%q = %q\n", dep.ref.Package.String()+":"+dep.ref.Version.String(), dep.receipt.Checksum)
		}
		return d
	}
	g.base = c.publish(needs("base"))
	g.middle = c.publish(needs("middle", g.base))
	g.top = c.publish(needs("top", g.base, g.middle))
	return g
}

func rootOf(r release) api.Root {
	return api.Root{Package: r.ref.Package.String(), Version: r.ref.Version.String()}
}

func (c *check) resolve(wish api.Resolve) (reply api.Resolution) {
	c.read(c.ok(c.send("POST", c.s.urls.Resolve(), c.s.reader(), wish), 200), &reply)
	return reply
}

func resolveGroup(s *session) {
	var g graphOf
	s.hold("graph", "Versions are exact, so there is nothing to solve: `packages` holds every version that the given ones need, directly and through others, breadth first.", func(c *check) {
		g = c.graph("graph")
		reply := c.resolve(api.Resolve{Dependencies: []api.Root{rootOf(g.top)}})
		var names []string
		for _, p := range reply.Packages {
			names = append(names, p.Package.Name())
		}
		slices.Sort(names[min(1, len(names)):])
		if !slices.Equal(names, []string{"top", "base", "middle"}) {
			c.failf("the packages are %v", names)
		}
		if len(reply.Conflicts)+len(reply.Missing)+len(reply.External) > 0 {
			c.failf("the reply is %+v", reply)
		}
	})
	s.hold("members of other letters", "Members that a reader does not know are ignored, and `Name` is another member than `name`.", func(c *check) {
		wish := fmt.Sprintf(`{"dependencies":[{"package":%q,"PACKAGE":%q,"version":"1.0.0"}]}`, g.base.ref.Package, g.middle.ref.Package)
		var reply api.Resolution
		c.read(c.ok(c.send("POST", s.urls.Resolve(), s.reader(), json.RawMessage(wish)), 200), &reply)
		if len(reply.Packages) != 1 || reply.Packages[0].Package != g.base.ref.Package {
			c.failf("the packages are %+v", reply.Packages)
		}
	})
	s.hold("proofs of a graph", "all of its proofs are of one checkpoint.", func(c *check) {
		reply := c.resolve(api.Resolve{Dependencies: []api.Root{rootOf(g.top)}, Proofs: true})
		sizes := map[int64]bool{}
		for _, p := range reply.Packages {
			if p.Proof == nil {
				c.fatalf("%s has no proof", p.Package)
			}
			proof, err := c.verifier().VerifyProof([]byte(*p.Proof))
			c.must(err)
			c.equal("the index that is proved of "+p.Package.String(), proof.Index, p.LogIndex)
			sizes[proof.Tree.N] = true
		}
		c.equal("number of checkpoints", len(sizes), 1)
	})
	s.hold("what is missing", "`missing` are requirements that cannot be met: the package or version is not here, or was removed.", func(c *check) {
		none := rootOf(g.base)
		none.Version = "9.9.9"
		reply := c.resolve(api.Resolve{Dependencies: []api.Root{none, {Package: "@" + s.scope("void") + "/none", Version: "1.0.0"}}})
		if len(reply.Missing) != 2 || len(reply.Packages) != 0 || reply.Missing[0].RequiredBy != nil {
			c.failf("the reply is %+v", reply)
		}
	})
	s.hold("conflicts", "`conflicts` are packages that are required in more than one version, here or elsewhere, each with all who require it.", func(c *check) {
		other := c.publish(draft{name: g.base.ref.Package.String(), version: "2.0.0"})
		reply := c.resolve(api.Resolve{Dependencies: []api.Root{rootOf(g.top), rootOf(other)}})
		if len(reply.Conflicts) != 1 || reply.Conflicts[0].Package != g.base.ref.Package || len(reply.Conflicts[0].Requirements) != 3 {
			c.fatalf("the conflicts are %+v", reply.Conflicts)
		}
		for _, r := range reply.Conflicts[0].Requirements {
			if byCaller := r.Version.String() == "2.0.0"; byCaller != (r.RequiredBy == nil) {
				c.failf("a requirement is %+v", r)
			}
		}
	})
	s.hold("marks in a graph", "A version that is yanked, deprecated or in quarantine is in the graph like others and says so", func(c *check) {
		c.ok(c.post(s.urls.Yank(g.base.ref), nil), 200)
		for _, p := range c.resolve(api.Resolve{Dependencies: []api.Root{rootOf(g.top)}}).Packages {
			if (p.Package == g.base.ref.Package) != (p.Yanked != nil) {
				c.failf("%s says yanked: %v", p.Package, p.Yanked)
			}
		}
		c.ok(c.post(s.urls.Unyank(g.base.ref), nil), 200)
	})
	s.hold("limits of a graph", "1,000 dependencies in the request, whose body has at most 256 KiB", func(c *check) {
		wish := api.Resolve{Dependencies: make([]api.Root, 1001)}
		for i := range wish.Dependencies {
			wish.Dependencies[i] = api.Root{Package: fmt.Sprintf("@conf/p%d", i), Version: "1.0.0"}
		}
		c.problem(c.send("POST", s.urls.Resolve(), s.reader(), wish), api.ValidationFailed)
		p := c.problem(c.send("POST", s.urls.Resolve(), s.reader(), api.Resolve{Dependencies: []api.Root{{Package: "conf", Version: "^1"}}}), api.ValidationFailed)
		if len(p.Errors) != 2 {
			c.failf("the faults are %+v", p.Errors)
		}
	})
}
