package conformance

import (
	"bytes"
	"fmt"
	"sync"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/ident"
)

// release is a version that this run published.
type release struct {
	ref     ident.Ref
	archive []byte
	receipt api.Receipt
}

// claimed claims a scope of this run, which may be claimed already.
func (c *check) claimed(suffix string) (scope string) {
	scope = c.s.scope(suffix)
	c.ok(c.put(c.s.urls.Scope(scope), nil), 200, 201)
	return scope
}

// publish publishes a draft, which must be new.
func (c *check) publish(d draft) release {
	archive := d.pack()
	r := release{ref: mustRef(d.name + "@" + d.version), archive: archive}
	c.s.versionLater(r.ref)
	c.read(c.ok(c.upload(c.s.urls.Publish(r.ref.Package), archive), 201), &r.receipt)
	return r
}

// common gives the version that several groups read.
func (c *check) common() release {
	if c.s.released == nil {
		scope := c.claimed("read")
		c.publish(draft{name: "@" + scope + "/base", version: "0.9.0"})
		r := c.publish(draft{
			name: "@" + scope + "/base", version: "1.0.0", manifest: "license = \"MIT\"\nkeywords = [\"conformance\"]\n",
			files: map[string]string{"README.md": "# base\n", "src/noise.ori": noise(3000)},
		})
		c.s.released = &r
	}
	return *c.s.released
}

// noise is text that compresses badly.
func noise(n int) string {
	var b bytes.Buffer
	for state := uint32(1); b.Len() < n; {
		state = state*1664525 + 1013904223
		fmt.Fprintf(&b, "%08x", state)
	}
	return b.String()
}

func publishGroup(s *session) {
	var first release
	draftOf := func(version string) draft {
		return draft{name: "@" + s.scope("pub") + "/one", version: version}
	}
	publishOnce(s, &first, draftOf)
	publishAgain(s, &first, draftOf)
	publishForms(s, draftOf)
	publishDependencies(s)
}

func publishOnce(s *session, first *release, draftOf func(string) draft) {
	url := s.urls.Publish(mustPackage("@" + s.scope("pub") + "/one"))
	s.hold("unclaimed scope", "A package can be published when its scope is claimed, else 403 `scope_not_claimed`.", func(c *check) {
		c.problem(c.upload(url, draftOf("1.0.0").pack()), api.ScopeNotClaimed)
	})
	s.hold("dry run", "it answers 200 with `dry_run: true`, `created: false`, `log_index` and `log.index` −1, and an empty leaf and proof.", func(c *check) {
		c.claimed("pub")
		var receipt api.Receipt
		c.read(c.ok(c.upload(api.DryRun(url), draftOf("1.0.0").pack()), 200), &receipt)
		if !receipt.DryRun || receipt.Created || receipt.LogIndex != -1 || receipt.Log.Index != -1 || receipt.Log.Proof != "" || receipt.Log.Leaf != "" {
			c.failf("the receipt is %+v", receipt)
		}
		c.problem(c.get(s.urls.Versions(mustPackage("@"+s.scope("pub")+"/one"))), api.PackageNotFound)
	})
	s.hold("publish", "The archive is durable, the version is visible to every reader, its entry is in the log, and the checkpoint in `log.proof` covers it.", func(c *check) {
		*first = c.publish(draftOf("1.0.0"))
		receipt := first.receipt
		if !receipt.Created || receipt.DryRun || receipt.Checksum != ident.ChecksumOf(first.archive) || receipt.Size != int64(len(first.archive)) {
			c.failf("the receipt is %+v", receipt)
		}
		c.proves([]byte(receipt.Log.Proof), *first)
		c.ok(c.get(s.urls.Metadata(first.ref)), 200)
	})
	s.hold("where it is", "The address of the version's metadata.", func(c *check) {
		d := draftOf("1.0.1")
		a := c.ok(c.upload(url, d.pack()), 201)
		c.header(a, "Location", s.urls.Metadata(mustRef(d.name+"@"+d.version)))
	})
	s.hold("from the manifest", "everything that the registry says of it is read from there.", func(c *check) {
		c.equal("description", first.receipt.Description, "Published by the conformance suite.")
		c.equal("ori", first.receipt.Ori, "0.4.0")
		c.equal("file_count", first.receipt.FileCount, 4)
	})
}

func publishAgain(s *session, first *release, draftOf func(string) draft) {
	url := s.urls.Publish(mustPackage("@" + s.scope("pub") + "/one"))
	s.hold("same bytes again", "The same bytes again: 200 with `created: false`, and nothing is added to the log.", func(c *check) {
		before := c.logSize()
		var receipt api.Receipt
		c.read(c.ok(c.upload(url, first.archive), 200), &receipt)
		c.equal("created", receipt.Created, false)
		c.equal("log_index", receipt.LogIndex, first.receipt.LogIndex)
		c.equal("size of the log", c.logSize(), before)
	})
	s.hold("other bytes", "Other bytes under a version that exists: 409 `version_exists`.", func(c *check) {
		d := draftOf("1.0.0")
		d.files = map[string]string{"src/more.ori": "// more\n"}
		p := c.problem(c.upload(url, d.pack()), api.VersionExists)
		if p.ExistingChecksum == nil || *p.ExistingChecksum != ident.ChecksumOf(first.archive) {
			c.failf("existing_checksum is %v", p.ExistingChecksum)
		}
	})
	s.hold("race", "Of two publishers that race exactly one is answered 201, the other 200 or 409.", func(c *check) {
		s.versionLater(mustRef("@" + s.scope("pub") + "/one@1.1.0"))
		var statuses [4]int
		var racers sync.WaitGroup
		for i := range statuses {
			d := draftOf("1.1.0")
			d.files = map[string]string{"src/racer.ori": fmt.Sprintf("// %d\n", i/2)}
			racers.Go(func() {
				if a, err := s.exchange(s.ctx, upload{archive: d.pack()}.request(url, s.options.Token)); err == nil {
					statuses[i] = a.status
				}
			})
		}
		racers.Wait()
		created := 0
		for _, status := range statuses {
			if status == 201 {
				created++
			} else if status != 200 && status != 409 {
				c.failf("one is answered %d", status)
			}
		}
		c.equal("number of those that are answered 201", created, 1)
	})
	s.hold("too similar", "A new scope that equals another but for hyphens, or a new package that so equals another of its scope: 409 `name_too_similar`.", func(c *check) {
		c.problem(c.upload(s.urls.Publish(mustPackage("@"+s.scope("pub")+"/o-ne")), draft{name: "@" + s.scope("pub") + "/o-ne", version: "1.0.0"}.pack()), api.NameTooSimilar)
	})
	s.hold("reserved name", "whatever begins with `std`, and the names of devices on Windows (`con`, `lpt1`, …): 403 `name_reserved`.", func(c *check) {
		c.problem(c.upload(s.urls.Publish(mustPackage("@"+s.scope("pub")+"/internal")), draft{name: "@" + s.scope("pub") + "/internal", version: "1.0.0"}.pack()), api.NameReserved)
	})
}

func publishForms(s *session, draftOf func(string) draft) {
	name := "@" + s.scope("pub") + "/one"
	url := s.urls.Publish(mustPackage(name))
	s.hold("parts in any order", "The parts may come in any order and need no file names.", func(c *check) {
		for _, last := range []bool{false, true} {
			u := upload{archive: draftOf("2.0.0").pack(), last: last}
			u.checksum = ident.ChecksumOf(u.archive).String()
			c.ok(c.uploadAs(s.options.Token, url, u), 200, 201)
		}
	})
	s.hold("wrong checksum", "Bytes that differ from the `checksum` part are 422 `checksum_mismatch`", func(c *check) {
		wrong := ident.ChecksumOf([]byte("something else"))
		p := c.problem(c.uploadAs(s.options.Token, url, upload{archive: draftOf("2.1.0").pack(), checksum: wrong.String()}), api.ChecksumMismatch)
		if p.ExpectedChecksum == nil || *p.ExpectedChecksum != wrong || p.ActualChecksum == nil {
			c.failf("expected_checksum is %v, actual_checksum %v", p.ExpectedChecksum, p.ActualChecksum)
		}
	})
	s.hold("malformed uploads", "A part of another name, or one that comes twice, is 400 `invalid_request`.", func(c *check) {
		for _, body := range []string{
			"", "--b--\r\n", "--b\r\n\r\nx\r\n--b--\r\n", "--b\r\nContent-Disposition: form-data; name=\"other\"\r\n\r\nx\r\n--b--\r\n",
			"--b\r\nContent-Disposition: form-data; name=\"checksum\"\r\n\r\nx\r\n--b--\r\n", "--b\r\nContent-Disposition: form-data; name=\"archive\"\r\n\r\nx",
		} {
			c.problem(c.call(request{method: "POST", url: url, token: s.options.Token, body: []byte(body), headers: []string{"Content-Type", "multipart/form-data; boundary=b"}}), api.InvalidRequest)
		}
	})
	s.hold("no multipart", "The body has another media type than this call takes.", func(c *check) {
		c.problem(c.call(request{method: "POST", url: url, token: s.options.Token, body: draftOf("2.1.0").pack(), headers: []string{"Content-Type", api.ArchiveType}}), api.UnsupportedMediaType)
	})
	s.hold("another package's address", "an archive of another package than the address names 422 `manifest_mismatch`", func(c *check) {
		p := c.problem(c.upload(url, draft{name: "@" + s.scope("pub") + "/two", version: "1.0.0"}.pack()), api.ManifestMismatch)
		if !hasPointer(p, "/project/name") {
			c.failf("the faults are %+v", p.Errors)
		}
	})
	s.hold("at an @", "POST is accepted as it stands.", func(c *check) {
		at := s.urls.Base() + "/v1/packages/" + name + "/publish"
		c.ok(c.upload(at, draftOf("2.0.0").pack()), 200, 201)
	})
	s.hold("declared too large", "The archive has at most 10,485,760 bytes, counted and declared.", func(c *check) {
		big := make([]byte, api.MaxArchive+(1<<20))
		c.problem(c.upload(url, big), api.ArchiveTooLarge)
	})
	s.hold("rights before the body", "Before the body is read: the name, the token, its scope and package patterns, the scope's members, the package's status, the declared length, the media type; so `Expect: 100-continue` saves the upload.", func(c *check) {
		call := request{method: "POST", url: url, body: []byte("not multipart at all"), headers: []string{"Content-Type", "text/plain"}}
		c.problem(c.call(call), api.Unauthenticated)
		call.token = c.newToken(wish(api.Read)).Secret
		c.problem(c.call(call), api.InsufficientScope)
		call.token = c.newToken(wish(api.Publish, "@"+s.scope("elsewhere")+"/*")).Secret
		c.problem(c.call(call), api.TokenPackageMismatch)
	})
	if s.options.OtherToken != "" {
		s.hold("stranger", "Needs a token with scope `publish` whose account is a member of the package's scope.", func(c *check) {
			c.problem(c.uploadAs(s.options.OtherToken, url, upload{archive: draftOf("3.0.0").pack()}), api.NotOwner)
		})
	}
}

func publishDependencies(s *session) {
	name := "@" + s.scope("pub") + "/user"
	url := s.urls.Publish(mustPackage(name))
	base := "@" + s.scope("pub") + "/one"
	lockLine := func(checksum string) string { return fmt.Sprintf("%q = %q\n", base+":1.0.0", checksum) }
	s.hold("missing dependency", "Dependencies on packages of this registry must exist here and must not be removed", func(c *check) {
		p := c.problem(c.upload(url, draft{
			name: name, version: "1.0.0", manifest: fmt.Sprintf("[dependencies]\n%q = \"9.9.9\"\n", base),
			lock: fmt.Sprintf("%q = %q\n", base+":9.9.9", ident.ChecksumOf(nil)),
		}.pack()), api.DependencyNotFound)
		if len(p.Errors) != 1 || p.Errors[0].Path != "oripk.toml" || p.Errors[0].Pointer == "" {
			c.failf("the faults are %+v", p.Errors)
		}
	})
	s.hold("lock of another checksum", "A registry uses the code for a checksum that is not the one of the version it hosts, too.", func(c *check) {
		p := c.problem(c.upload(url, draft{
			name: name, version: "1.0.0", manifest: fmt.Sprintf("[dependencies]\n%q = \"1.0.0\"\n", base), lock: lockLine(ident.ChecksumOf(nil).String()),
		}.pack()), api.ArchiveInvalid)
		if len(p.Errors) != 1 || p.Errors[0].Code != "lock_file" {
			c.failf("the faults are %+v", p.Errors)
		}
	})
	s.hold("dependency", "One whose table names a `registry`, or whose scope the manifest's `[registries.NAME]` lists, is kept unchecked, and so are its lines of `oripk.lock`.", func(c *check) {
		var versions api.Versions
		c.read(c.ok(c.get(s.urls.Versions(mustPackage(base))), 200), &versions)
		sum := ""
		for _, v := range versions.Versions {
			if v.Version.String() == "1.0.0" {
				sum = v.Checksum.String()
			}
		}
		r := c.publish(draft{
			name: name, version: "1.0.0",
			manifest: fmt.Sprintf("[dependencies]\n%q = \"1.0.0\"\n\"@elsewhere/x\" = \"1.0.0\"\n[registries.other]\nurl = \"https://other.example\"\nscopes = [\"@elsewhere\"]\n", base),
			lock:     lockLine(sum) + fmt.Sprintf("%q = %q\n", "@elsewhere/x:1.0.0", ident.ChecksumOf(nil)),
		})
		if len(r.receipt.Dependencies) != 2 {
			c.fatalf("the dependencies are %+v", r.receipt.Dependencies)
		}
		for _, dep := range r.receipt.Dependencies {
			if external := dep.Package.Scope() == "elsewhere"; external != (dep.Registry != nil) || dep.Kind != "normal" {
				c.failf("a dependency is %+v", dep)
			}
		}
	})
}
