package conformance

import (
	"net/http"
	"strings"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/translog"
)

func registryGroup(s *session) {
	s.hold("discovery", "Documented members of a reply are always present: null when there is nothing to say; lists are never null.", func(c *check) {
		var d api.Discovery
		c.read(c.ok(c.get(s.urls.Discovery()), 200), &d)
		c.equal("api_version", d.APIVersion, api.ProtocolVersion)
		if d.Access != "public" && d.Access != "private" {
			c.failf("access is %q", d.Access)
		}
	})
	s.hold("size of archives", "The archive has at most 10,485,760 bytes, counted and declared.", func(c *check) {
		c.equal("limits.archive_bytes", s.discovery.Limits.ArchiveBytes, int64(api.MaxArchive))
	})
	s.hold("limits are counted", "A JSON body has at most 64 KiB", func(c *check) {
		l := s.discovery.Limits
		c.equal("limits.json_bytes", l.JSONBytes, int64(api.MaxJSON))
		if l.UnpackedBytes != 67108864 || l.FileBytes != 16777216 || l.Files != 4096 {
			c.failf("the limits of an archive are %+v", l)
		}
	})
	s.hold("key of the log", "Clients pin `log.public_key` on first use and refuse a registry whose key changes without notice in its log.", func(c *check) {
		if _, err := translog.NewVerifier(s.discovery.Log.PublicKey); err != nil {
			c.failf("log.public_key: %v", err)
		}
		if !strings.HasPrefix(s.discovery.Log.PublicKey, s.discovery.Log.Origin+"+") {
			c.failf("log.public_key is not one of the origin %q", s.discovery.Log.Origin)
		}
	})
	s.hold("its own text", "The protocol's own text, and health.", func(c *check) {
		a := c.ok(c.get(s.urls.OpenAPI()), 200)
		if !strings.HasPrefix(a.header.Get("Content-Type"), "application/yaml") || !strings.Contains(string(a.body), "openapi: 3.1") {
			c.failf("%s is no OpenAPI 3.1 in YAML", a.what)
		}
	})
	s.hold("health", "Always open. 503 while the registry starts, stops, takes no changes or cannot reach its database: send the calls elsewhere.", func(c *check) {
		for _, path := range []string{api.PathLive, api.PathReady} {
			c.ok(c.call(request{method: "GET", url: s.urls.Base() + path, token: "not-a-token"}), 200)
		}
	})
	s.hold("codes are explained", "`GET /problems/{code}` explains a code; it is what `type` points at.", func(c *check) {
		for _, info := range api.Codes {
			a := c.ok(c.get(s.urls.Problem(info.Code)), 200)
			if !strings.Contains(string(a.body), string(info.Code)) {
				c.failf("%s does not name its code", a.what)
			}
		}
		c.problem(c.get(s.urls.Problem("made_up")), api.NotFound)
	})
	s.hold("list of codes", "`GET /problems/` lists all of them.", func(c *check) {
		a := c.ok(c.get(s.urls.Problem("")), 200)
		for _, info := range api.Codes {
			if !strings.Contains(string(a.body), string(info.Code)) {
				c.failf("%s lacks %s", a.what, info.Code)
			}
		}
	})
}

func errorsGroup(s *session) {
	s.hold("unknown address", "An address that is not listed here: 404 with the problem `not_found`.", func(c *check) {
		for _, path := range []string{"/v1/nothing", "/v2/", "/v1", "/v1/packages", "/v1/packages/conf", "/nothing"} {
			c.problem(c.get(s.urls.Base()+path), api.NotFound)
		}
	})
	s.hold("unclean address", "Addresses with `//`, `/./` or `..`, encoded or not, are answered 404 and never cleaned.", func(c *check) {
		for _, path := range []string{
			"/v1//", "/v1/./", "/v1/packages/../", "/v1/%2e%2e/", "/v1/packages/a/%2e/versions", "/v1/packages/a%2Fb/versions",
			"/v1/packages/a/..%2fb/versions", "/log/tile/..%2f0", "/v1/packages/a/b%00/versions",
		} {
			c.problem(c.get(s.urls.Base()+path), api.NotFound)
		}
	})
	s.hold("wrong method", "A method that an address does not take: 405 with `Allow` and the problem `method_not_allowed`.", func(c *check) {
		for path, allow := range map[string]string{"/v1/": "GET, HEAD", "/v1/packages/a/b/publish": "POST", "/log/checkpoint": "GET, HEAD"} {
			for _, method := range []string{"DELETE", "PATCH", "OPTIONS"} {
				a := c.call(request{method: method, url: s.urls.Base() + path, token: s.reader()})
				c.problem(a, api.MethodNotAllowed)
				c.header(a, "Allow", allow)
			}
		}
	})
	s.hold("HEAD", "Every GET has a HEAD, with the same status and headers and no body.", func(c *check) {
		for _, url := range []string{s.urls.Discovery(), s.urls.OpenAPI(), s.urls.Checkpoint(), s.urls.Base() + "/v1/nothing"} {
			get, head := c.get(url), c.call(request{method: "HEAD", url: url, token: s.reader()})
			c.equal("the status of "+head.what, head.status, get.status)
			for _, name := range []string{"Content-Type", "Content-Length", "ETag", "Cache-Control", "Vary"} {
				if name == "Content-Length" && get.status >= 400 || name == "ETag" && url == s.urls.Checkpoint() {
					continue // a problem names its request; the log may have grown
				}
				c.header(head, name, get.header.Get(name))
			}
			c.equal("the length of the body of "+head.what, len(head.body), 0)
		}
	})
	s.hold("names are checked", "In an address both stand without `@`: GET and HEAD of `/v1/packages/@scope/…` (or `%40scope`) are answered 308 with the canonical address; POST is accepted as it stands.", func(c *check) {
		for _, scope := range []string{"@conf", "%40conf"} {
			a := c.ok(c.get(s.urls.Base()+"/v1/packages/"+scope+"/none/versions?x=%40"), http.StatusPermanentRedirect)
			c.header(a, "Location", s.urls.Base()+"/v1/packages/conf/none/versions?x=%40")
		}
	})
	s.hold("malformed names", "GET and HEAD are answered 308, POST is accepted.", func(c *check) {
		for _, path := range []string{"Conf/none", "conf/no_ne", "conf/-none", "conf/none-", "conf/no--ne", strings.Repeat("a", 40) + "/none", "conf/" + strings.Repeat("a", 65), "c%C3%B6nf/none"} {
			c.problem(c.get(s.urls.Base()+"/v1/packages/"+path+"/versions"), api.InvalidName)
		}
	})
	s.hold("malformed versions", "An exact version, SemVer 2.0.0 without build metadata, numbers below 2^53.", func(c *check) {
		for _, version := range []string{"1.0", "v1.0.0", "1.0.0+build", "01.0.0", "1.0.0-01", "latest", "1.0.9007199254740992", "1.0.0-" + strings.Repeat("a", 60)} {
			c.problem(c.get(s.urls.Base()+"/v1/packages/conf/none/"+version+"/metadata"), api.InvalidVersion)
		}
	})
	s.hold("not there", "A package is `@scope/name` in JSON.", func(c *check) {
		p := mustPackage("@" + s.scope("void") + "/none")
		c.problem(c.get(s.urls.Package(p)), api.PackageNotFound)
		c.problem(c.get(s.urls.Versions(p)), api.PackageNotFound)
		for _, url := range []string{s.urls.Metadata(mustRef(p.String() + "@1.0.0")), s.urls.Download(mustRef(p.String() + "@1.0.0")), s.urls.Proof(mustRef(p.String() + "@1.0.0"))} {
			c.problem(c.get(url), api.PackageNotFound)
		}
	})
	s.hold("parameters", "Query parameters that are not listed are ignored; a value that a listed one does not allow is 400 `invalid_request`.", func(c *check) {
		url := s.urls.Versions(mustPackage("@conf/none"))
		c.problem(c.get(url+"?published_before=yesterday"), api.InvalidRequest)
		c.problem(c.get(url+"?nonsense=yesterday"), api.PackageNotFound)
	})
}
