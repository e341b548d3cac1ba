package conformance

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net/url"
	"time"

	"github.com/ori-lang/registry/api"
)

func readingGroup(s *session) {
	s.hold("versions", "The highest precedence comes first.", func(c *check) {
		r := c.common()
		var list api.Versions
		c.read(c.ok(c.get(s.urls.Versions(r.ref.Package)), 200), &list)
		c.equal("package", list.Package, r.ref.Package)
		if len(list.Versions) != 2 || list.Versions[0].Version != r.ref.Version || list.Latest == nil || *list.Latest != r.ref.Version {
			c.failf("latest is %v of %+v", list.Latest, list.Versions)
		}
	})
	s.hold("at a moment", "With `published_before` the list holds only versions that were published before that time, and `latest` and `latest_prerelease` are chosen among those", func(c *check) {
		r := c.common()
		at := url.QueryEscape(r.receipt.PublishedAt.Add(-time.Hour).Format(time.RFC3339))
		var list api.Versions
		c.read(c.ok(c.get(s.urls.Versions(r.ref.Package)+"?published_before="+at), 200), &list)
		c.equal("number of versions before any was published", len(list.Versions), 0)
		if list.Latest != nil {
			c.failf("latest is %v", list.Latest)
		}
	})
	s.hold("metadata", "Everything but times, account and log place is read from the manifest inside the archive.", func(c *check) {
		r := c.common()
		var m api.Metadata
		c.read(c.ok(c.get(s.urls.Metadata(r.ref)), 200), &m)
		c.equal("checksum", m.Checksum, r.receipt.Checksum)
		c.equal("size", m.Size, int64(len(r.archive)))
		if m.License == nil || *m.License != "MIT" || len(m.Keywords) != 1 || !m.Readme {
			c.failf("the metadata is %+v", m)
		}
	})
	s.hold("links", "Documented members of a reply are always present", func(c *check) {
		r := c.common()
		var m api.Metadata
		c.read(c.ok(c.get(s.urls.Metadata(r.ref)), 200), &m)
		c.equal("urls.download", m.URLs.Download, s.urls.Download(r.ref))
		c.equal("urls.proof", m.URLs.Proof, s.urls.Proof(r.ref))
		c.equal("log.proof_url", m.Log.ProofURL, s.urls.Proof(r.ref))
	})
	s.hold("package page", "The latest, else the highest version that was not removed.", func(c *check) {
		r := c.common()
		var p api.Package
		c.read(c.ok(c.get(s.urls.Package(r.ref.Package)), 200), &p)
		c.equal("status", p.Status, api.Active)
		if p.Newest == nil || p.Newest.Version.Version != r.ref.Version || len(p.Owners) != 1 {
			c.failf("the page is %+v", p)
		}
	})
	s.hold("README", "The Markdown of the archive's `README.md`, at most its first 512 KiB, as its author wrote it: treat it as untrusted.", func(c *check) {
		r := c.common()
		a := c.ok(c.get(s.urls.Readme(r.ref)), 200)
		c.equal("the README", string(a.body), "# base\n")
		c.header(a, "Content-Type", "text/markdown; charset=utf-8")
	})
	s.hold("no README", "A version without one (`readme` is false in its metadata) is answered 404 `not_found`.", func(c *check) {
		r := c.common()
		c.problem(c.get(s.urls.Readme(mustRef(r.ref.Package.String()+"@0.9.0"))), api.NotFound)
	})
	s.hold("no such version", "A package is `@scope/name` in JSON.", func(c *check) {
		r := c.common()
		none := mustRef(r.ref.Package.String() + "@7.7.7")
		for _, address := range []string{s.urls.Metadata(none), s.urls.Download(none), s.urls.Proof(none), s.urls.Readme(none)} {
			c.problem(c.get(address), api.VersionNotFound)
		}
	})
	cachingChecks(s)
}

func cachingChecks(s *session) {
	s.hold("entity tags", "Mutable JSON has a strong `ETag` and must be revalidated; `If-None-Match` compares weakly and is answered 304.", func(c *check) {
		r := c.common()
		for _, address := range []string{s.urls.Versions(r.ref.Package), s.urls.Metadata(r.ref), s.urls.Package(r.ref.Package), s.urls.Discovery()} {
			first := c.ok(c.get(address), 200)
			tag := first.header.Get("ETag")
			if len(tag) < 3 || tag[0] != '"' {
				c.fatalf("%s: ETag is %q, want a strong one", first.what, tag)
			}
			for _, condition := range []string{tag, "W/" + tag, `"other", ` + tag, "*"} {
				a := c.ok(c.get(address, "If-None-Match", condition), 304)
				c.header(a, "ETag", tag)
				c.equal("length of the body of a 304", len(a.body), 0)
			}
			c.ok(c.get(address, "If-None-Match", `"other"`), 200)
		}
	})
	s.hold("how long", "Archives and READMEs never change and are kept for a year, by shared caches for five minutes (so that a removal by the operators arrives).", func(c *check) {
		r := c.common()
		public := map[bool]string{true: "private", false: "public"}[s.discovery.Access == "private"]
		for address, want := range map[string]string{
			s.urls.Versions(r.ref.Package): public + ", max-age=0, must-revalidate",
			s.urls.Metadata(r.ref):         public + ", max-age=0, must-revalidate",
			s.urls.Download(r.ref):         public + ", max-age=31536000, s-maxage=300, immutable",
			s.urls.Readme(r.ref):           public + ", max-age=31536000, s-maxage=300, immutable",
			s.urls.Proof(r.ref):            public + ", max-age=300, must-revalidate",
		} {
			c.header(c.ok(c.get(address), 200), "Cache-Control", want)
		}
	})
	s.hold("compressed", "The gzip form of a reply has an `ETag` of its own.", func(c *check) {
		r := c.common()
		plain := c.ok(c.get(s.urls.Metadata(r.ref)), 200)
		zipped := c.ok(c.get(s.urls.Metadata(r.ref), "Accept-Encoding", "gzip"), 200)
		if zipped.header.Get("Content-Encoding") == "" {
			return // it may find the reply too short
		}
		c.header(zipped, "Content-Encoding", "gzip")
		if zipped.header.Get("ETag") == plain.header.Get("ETag") {
			c.failf("both forms have the ETag %s", plain.header.Get("ETag"))
		}
		reader, err := gzip.NewReader(bytes.NewReader(zipped.body))
		c.must(err)
		text, err := io.ReadAll(reader)
		c.must(err)
		if !bytes.Equal(text, plain.body) {
			c.failf("the gzip form holds another text")
		}
	})
	s.hold("with and without a token", "A public GET gives the same bytes with or without a token.", func(c *check) {
		r := c.common()
		for _, address := range []string{s.urls.Versions(r.ref.Package), s.urls.Metadata(r.ref), s.urls.Package(r.ref.Package)} {
			without, with := c.ok(c.get(address), 200), c.ok(c.send("GET", address, s.options.Token, nil), 200)
			if !bytes.Equal(with.body, without.body) || with.header.Get("ETag") != without.header.Get("ETag") {
				c.failf("%s differs with a token", without.what)
			}
		}
	})
}

func downloadGroup(s *session) {
	s.hold("the archive", "The bytes that were published, never with a `Content-Encoding`.", func(c *check) {
		r := c.common()
		a := c.ok(c.get(s.urls.Download(r.ref), "Accept-Encoding", "gzip"), 200)
		if !bytes.Equal(a.body, r.archive) {
			c.failf("%d bytes come back of %d that were published, or others", len(a.body), len(r.archive))
		}
		c.header(a, "Content-Encoding", "")
		c.header(a, "Content-Type", api.ArchiveType)
	})
	s.hold("digest", "The SHA-256 of the whole archive (RFC 9530).", func(c *check) {
		r := c.common()
		sum := sha256.Sum256(r.archive)
		c.header(c.ok(c.get(s.urls.Download(r.ref)), 200), "Repr-Digest", "sha-256=:"+base64.StdEncoding.EncodeToString(sum[:])+":")
	})
	s.hold("file name", "Scope, name and version as a file name.", func(c *check) {
		r := c.common()
		c.header(c.ok(c.get(s.urls.Download(r.ref)), 200), "Content-Disposition", fmt.Sprintf("attachment; filename=%q", api.ArchiveFile(r.ref)))
	})
	s.hold("ranges", "`Range` is honoured, also with `If-Range` (a strong comparison); a broken download goes on where it stopped.", func(c *check) {
		r := c.common()
		n := len(r.archive)
		for spec, want := range map[string][2]int{
			"bytes=0-0": {0, 1}, "bytes=10-19": {10, 20}, fmt.Sprintf("bytes=%d-", n-5): {n - 5, n}, "bytes=-7": {n - 7, n}, fmt.Sprintf("bytes=5-%d", n+100): {5, n},
		} {
			a := c.ok(c.get(s.urls.Download(r.ref), "Range", spec), 206)
			if !bytes.Equal(a.body, r.archive[want[0]:want[1]]) {
				c.failf("Range %s gives other bytes", spec)
			}
			c.header(a, "Content-Range", fmt.Sprintf("bytes %d-%d/%d", want[0], want[1]-1, n))
		}
	})
	s.hold("conditional ranges", "The ETag of the archive whose end is wanted; with another one the whole archive is sent.", func(c *check) {
		r := c.common()
		tag := c.ok(c.get(s.urls.Download(r.ref)), 200).header.Get("ETag")
		c.ok(c.get(s.urls.Download(r.ref), "Range", "bytes=3-", "If-Range", tag), 206)
		for _, other := range []string{`"other"`, "W/" + tag} {
			c.ok(c.get(s.urls.Download(r.ref), "Range", "bytes=3-", "If-Range", other), 200)
		}
		c.ok(c.get(s.urls.Download(r.ref), "If-None-Match", tag), 304)
	})
	s.hold("odd ranges", "A `Range` that cannot be read, that names several ranges, or that comes with HEAD is ignored: the whole archive is always a right answer.", func(c *check) {
		r := c.common()
		for _, spec := range []string{"bytes=x", "bytes=5-3", "bytes=0-1,4-5", "lines=1-2", "bytes="} {
			c.ok(c.get(s.urls.Download(r.ref), "Range", spec), 200)
		}
		c.ok(c.call(request{method: "HEAD", url: s.urls.Download(r.ref), token: s.reader(), headers: []string{"Range", "bytes=0-1"}}), 200)
	})
	s.hold("range behind the end", "The range starts behind the end of the archive.", func(c *check) {
		r := c.common()
		a := c.get(s.urls.Download(r.ref), "Range", fmt.Sprintf("bytes=%d-", len(r.archive)))
		c.problem(a, api.RangeNotSatisfiable)
		c.header(a, "Content-Range", fmt.Sprintf("bytes */%d", len(r.archive)))
	})
}
