package httpapi_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/archive"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/internal/repotest/sample"
)

func TestPublishAnswers(t *testing.T) {
	s, data := settled(t)
	sum := ident.ChecksumOf(data)
	other := sample.Package{Ref: "@acme/http@1.0.0", Files: map[string]string{"src/more.ori": "// more\n"}}.Archive(t)
	wrong := ident.ChecksumOf(nil)
	locked := func(ref string, sum ident.Checksum) []byte {
		return sample.Package{
			Ref: ref, Manifest: "[dependencies]\n\"@acme/http\" = \"1.0.0\"\n", Lock: fmt.Sprintf("\"@acme/http:1.0.0\" = %q\n", sum),
		}.Archive(t)
	}
	missing := sample.Package{
		Ref:      "@acme/c@1.0.0",
		Manifest: "[dependencies]\n\"@acme/none\" = \"1.0.0\"\n\"@acme/http\" = \"9.9.9\"\n",
		Lock:     fmt.Sprintf("\"@acme/http:9.9.9\" = %q\n\"@acme/none:1.0.0\" = %q\n", sum, sum),
	}.Archive(t)
	external := sample.Package{
		Ref:      "@acme/d@1.0.0",
		Manifest: "[dependencies]\n\"@corp/none\" = \"1.0.0\"\n[registries.corp]\nurl = \"https://corp.example\"\nscopes = [\"corp\"]\n",
		Lock:     fmt.Sprintf("\"@corp/none:1.0.0\" = %q\n", sum),
	}.Archive(t)
	for _, test := range []struct {
		name   string
		pkg    string
		parts  []part
		status int
		code   api.Code
		errors int // how many faults, -1: at least one
	}{
		{"same bytes", "acme/http", []part{{"archive", data}}, 200, "", 0},
		{"checksum first", "acme/http", []part{{"checksum", []byte(sum.String())}, {"archive", data}}, 200, "", 0},
		{"checksum last, with a line end", "acme/http", []part{{"archive", data}, {"checksum", []byte(sum.String() + "\r\n")}}, 200, "", 0},
		{"dry run of the same", "acme/http?dry_run=true", []part{{"archive", data}}, 200, "", 0},
		{"other bytes", "acme/http", []part{{"archive", other}}, 409, api.VersionExists, 0},
		{"other bytes, dry", "acme/http?dry_run=true", []part{{"archive", other}}, 409, api.VersionExists, 0},
		{"dry run", "acme/b?dry_run=true", []part{{"archive", sample.Package{Ref: "@acme/b@1.0.0"}.Archive(t)}}, 200, "", 0},
		{"no dry run", "acme/b?dry_run=false", []part{{"archive", sample.Package{Ref: "@acme/b@1.0.0"}.Archive(t)}}, 201, "", 0},
		{"pre-release", "acme/b", []part{{"archive", sample.Package{Ref: "@acme/b@2.0.0-beta.1"}.Archive(t)}}, 201, "", 0},
		{"with a dependency", "acme/a", []part{{"archive", locked("@acme/a@1.0.0", sum)}}, 201, "", 0},
		{"lock with another checksum", "acme/e", []part{{"archive", locked("@acme/e@1.0.0", wrong)}}, 422, api.ArchiveInvalid, 1},
		{"missing dependencies", "acme/c", []part{{"archive", missing}}, 422, api.DependencyNotFound, 2},
		{"external dependency", "acme/d", []part{{"archive", external}}, 201, "", 0},
		{"name of another", "acme/other", []part{{"archive", sample.Package{Ref: "@acme/this@1.0.0"}.Archive(t)}}, 422, api.ManifestMismatch, 1},
		{"similar name", "acme/ht-tp", []part{{"archive", sample.Package{Ref: "@acme/ht-tp@1.0.0"}.Archive(t)}}, 409, api.NameTooSimilar, 0},
		{"reserved name", "acme/test", []part{{"archive", sample.Package{Ref: "@acme/test@1.0.0"}.Archive(t)}}, 403, api.NameReserved, 0},
		{"wrong checksum", "acme/http", []part{{"archive", data}, {"checksum", []byte(wrong.String())}}, 422, api.ChecksumMismatch, 0},
		{"no archive", "acme/http", []part{{"archive", []byte("PK\x03\x04 a zip")}}, 422, api.ArchiveInvalid, -1},
		{"empty archive", "acme/http", []part{{"archive", nil}}, 422, api.ArchiveInvalid, -1},
		{"half an archive", "acme/http", []part{{"archive", data[:len(data)/2]}}, 422, api.ArchiveInvalid, -1},
		{"trailing bytes", "acme/http", []part{{"archive", append(bytes.Clone(data), "surplus"...)}}, 422, api.ArchiveInvalid, -1},
		{"unclaimed scope", "none/x", []part{{"archive", data}}, 403, api.ScopeNotClaimed, 0},
		{"bad name", "acme/HTTP", []part{{"archive", data}}, 400, api.InvalidName, 0},
		{"odd dry run", "acme/http?dry_run=yes", []part{{"archive", data}}, 400, api.InvalidRequest, 0},
		{"empty dry run", "acme/http?dry_run=", []part{{"archive", data}}, 400, api.InvalidRequest, 0},
		{"two dry runs", "acme/http?dry_run=true&dry_run=false", []part{{"archive", data}}, 400, api.InvalidRequest, 0},
		{"no part", "acme/http", nil, 400, api.InvalidRequest, 0},
		{"checksum only", "acme/http", []part{{"checksum", []byte(sum.String())}}, 400, api.InvalidRequest, 0},
		{"two archives", "acme/http", []part{{"archive", data}, {"archive", data}}, 400, api.InvalidRequest, 0},
		{"two checksums", "acme/http", []part{{"checksum", []byte(sum.String())}, {"archive", data}, {"checksum", []byte(sum.String())}}, 400, api.InvalidRequest, 0},
		{"unknown part", "acme/http", []part{{"archive", data}, {"readme", nil}}, 400, api.InvalidRequest, 0},
		{"part without a name", "acme/http", []part{{"", data}}, 400, api.InvalidRequest, 0},
		{"malformed checksum", "acme/http", []part{{"archive", data}, {"checksum", []byte("md5:x")}}, 400, api.InvalidRequest, 0},
		{"long checksum", "acme/http", []part{{"archive", data}, {"checksum", bytes.Repeat([]byte(" "), 129)}}, 400, api.InvalidRequest, 0},
		{"many parts", "acme/http", repeat(part{"archive", data}, 1, part{"x", nil}, 20), 400, api.InvalidRequest, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := s.publish(test.pkg, test.parts...)
			s.want(a, test.status, test.code)
			n := len(a.problem().Errors)
			if test.errors >= 0 && n != test.errors || test.errors < 0 && n == 0 {
				t.Errorf("%d faults, want %d: %s", n, test.errors, a.body)
			}
		})
	}
	s.noTraces()
}

func repeat(a part, n int, b part, m int) (parts []part) {
	for range n {
		parts = append(parts, a)
	}
	for range m {
		parts = append(parts, b)
	}
	return parts
}

// noTraces fails the test when an upload left something in the data folder.
func (s *site) noTraces() {
	s.t.Helper()
	parts, err := filepath.Glob(filepath.Join(s.data, "incoming", "*.part"))
	if err != nil || len(parts) > 0 {
		s.t.Errorf("left behind: %v, %v", parts, err)
	}
}

func TestReceipt(t *testing.T) {
	s := newSite(t)
	s.claim("acme")
	data := sample.Package{Ref: "@acme/http@1.0.0-beta.1"}.Archive(t)
	var dry, made, again api.Receipt
	s.want(s.publish("acme/http?dry_run=true", part{"archive", data}), 200, "").json(t, &dry)
	if dry.Created || !dry.DryRun || dry.Log.Index != -1 {
		t.Errorf("dry run: %+v", dry)
	}
	s.want(s.get("/v1/packages/acme/http"), 404, api.PackageNotFound)
	a := s.want(s.publish("acme/http", part{"archive", data}), 201, "")
	a.json(t, &made)
	if a.Header.Get("Location") != s.base+"/v1/packages/acme/http/1.0.0-beta.1/metadata" {
		t.Errorf("Location %q", a.Header.Get("Location"))
	}
	if !made.Created || made.DryRun || made.Log.Proof == "" || made.Checksum != ident.ChecksumOf(data) {
		t.Errorf("first publish: %+v", made)
	}
	a = s.want(s.publish("acme/http", part{"archive", data}), 200, "")
	if a.json(t, &again); again.Created || again.LogIndex != made.LogIndex || a.Header.Get("Location") != "" {
		t.Errorf("second publish: %+v", again)
	}
	proof := s.want(s.get("/v1/packages/acme/http/1.0.0-beta.1/proof"), 200, "")
	if string(proof.body) != made.Log.Proof || proof.Header.Get("Content-Type") != "text/plain; charset=utf-8" {
		t.Errorf("the proof differs from the receipt's: %s", proof.body)
	}
}

func TestPublishRights(t *testing.T) {
	s, data := settled(t)
	body, contentType := multipartOf(part{"archive", data})
	for name, test := range map[string]struct {
		token string
		code  api.Code
	}{
		"nobody":           {"", api.Unauthenticated},
		"not a member":     {s.user("bob"), api.NotOwner},
		"reads only":       {s.newToken(`{"name":"r","scopes":["read"]}`).Secret, api.InsufficientScope},
		"other packages":   {s.newToken(`{"name":"p","scopes":["publish"],"packages":["@acme/other","@corp/*"]}`).Secret, api.TokenPackageMismatch},
		"nobody's token":   {"x", api.TokenInvalid},
		"the package's":    {s.newToken(`{"name":"q","scopes":["publish"],"packages":["@acme/http"]}`).Secret, ""},
		"all of the scope": {s.newToken(`{"name":"q","scopes":["publish"],"packages":["@acme/*"]}`).Secret, ""},
	} {
		h := header{"Content-Type": contentType, "Authorization": ""}
		if test.token != "" {
			h["Authorization"] = "Bearer " + test.token
		}
		a := s.do("POST", "/v1/packages/acme/http/publish", bytes.NewReader(body.Bytes()), h)
		status := 200
		if test.code != "" {
			status = test.code.Info().Status
		}
		if a.StatusCode != status || a.code() != test.code {
			t.Errorf("%s: %d %s, want %d %s", name, a.StatusCode, a.code(), status, test.code)
		}
	}
}

// What the header tells is answered before a client that waits for "100
// Continue" sends anything.
func TestRefusedBeforeTheBody(t *testing.T) {
	s, data := settled(t)
	_, contentType := multipartOf(part{"archive", data})
	for name, test := range map[string]struct {
		pkg, token, contentType string
		length                  int64
		code                    api.Code
	}{
		"no token":          {"acme/http", "", contentType, 1000, api.Unauthenticated},
		"no right":          {"none/http", s.token, contentType, 1000, api.ScopeNotClaimed},
		"no right, no type": {"none/http", s.token, "text/plain", 1 << 40, api.ScopeNotClaimed},
		"too long":          {"acme/http", s.token, contentType, api.MaxArchive + 64<<10 + 1, api.ArchiveTooLarge},
		"too long, no type": {"acme/http", s.token, "text/plain", 1 << 40, api.ArchiveTooLarge},
		"wrong type":        {"acme/http", s.token, "application/gzip", 1000, api.UnsupportedMediaType},
		"no type":           {"acme/http", s.token, "", 1000, api.UnsupportedMediaType},
		"mixed":             {"acme/http", s.token, "multipart/mixed; boundary=x", 1000, api.UnsupportedMediaType},
		"no boundary":       {"acme/http", s.token, "multipart/form-data", 1000, api.InvalidRequest},
		"long boundary":     {"acme/http", s.token, "multipart/form-data; boundary=" + strings.Repeat("x", 71), 1000, api.InvalidRequest},
		"odd query":         {"acme/http?dry_run=1", s.token, contentType, 1000, api.InvalidRequest},
	} {
		a := s.raw(fmt.Sprintf("POST /v1/packages/%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: %d\r\n%s%s\r\n",
			strings.Replace(test.pkg, "?", "/publish?", 1)+publishEnd(test.pkg), test.length,
			line("Authorization", "Bearer ", test.token), line("Content-Type", "", test.contentType)))
		if a.StatusCode != test.code.Info().Status || a.code() != test.code {
			t.Errorf("%s: %d %s, want %s", name, a.StatusCode, a.code(), test.code)
		}
	}
}

func line(name, prefix, value string) string {
	if value == "" {
		return ""
	}
	return name + ": " + prefix + value + "\r\n"
}

func TestLargeArchives(t *testing.T) {
	s := newSite(t)
	s.claim("acme")
	data := sample.Package{Ref: "@acme/big@1.0.0", Noise: 3 << 20}.Archive(t) // more than the database holds
	s.want(s.publish("acme/big", part{"archive", data}), 201, "")
	got := s.want(s.get("/v1/packages/acme/big/1.0.0/download"), 200, "")
	if !bytes.Equal(got.body, data) {
		t.Error("other bytes came back")
	}
	tail := s.get("/v1/packages/acme/big/1.0.0/download")
	if !bytes.Equal(tail.body, data) {
		t.Error("other bytes came back the second time")
	}
	damaged := bytes.Clone(data)
	damaged[len(damaged)/2] ^= 1
	s.want(s.publish("acme/big", part{"archive", damaged}), 422, api.ArchiveInvalid)
	s.noTraces()
}

func TestTooLarge(t *testing.T) {
	s := newSite(t)
	s.claim("acme")
	head := sample.Package{Ref: "@acme/big@1.0.0"}.Archive(t)
	for name, size := range map[string]int{"one byte": 1, "as much as the frame allows": 60 << 10, "far more": 3 << 20} {
		whole := append(bytes.Clone(head), make([]byte, archive.MaxCompressed+size-len(head))...)
		body, contentType := multipartOf(part{"archive", whole})
		h := header{"Content-Type": contentType}
		if a := s.do("POST", "/v1/packages/acme/big/publish", bytes.NewReader(body.Bytes()), h); a.code() != api.ArchiveTooLarge {
			t.Errorf("%s, declared: %d %s", name, a.StatusCode, a.code())
		}
		if a := s.do("POST", "/v1/packages/acme/big/publish", io.MultiReader(body), h); a.code() != api.ArchiveTooLarge {
			t.Errorf("%s, counted: %d %s", name, a.StatusCode, a.code())
		}
	}
	s.noTraces()
}

// trick is an upload whose boundary is b, and the answer to it; "": 200.
type trick struct {
	body string
	code api.Code
}

// multipartTricks are the ways to send an archive that is published already, and not to.
func multipartTricks(data []byte) map[string]trick {
	const open = "--b\r\nContent-Disposition: form-data; name=\"archive\"\r\n"
	good := open + "\r\n" + string(data) + "\r\n--b--\r\n"
	return map[string]trick{
		"good":                  {good, ""},
		"preamble and epilogue": {"hello\r\n" + good + "bye", ""},
		"with a file name":      {strings.Replace(good, `"archive"`, `"archive"; filename="../../x"`, 1), ""},
		"bare line ends":        {"--b\nContent-Disposition: form-data; name=\"archive\"\n\n" + string(data) + "\n--b--\n", ""},
		"empty":                 {"", api.InvalidRequest},
		"no closing boundary":   {strings.TrimSuffix(good, "--b--\r\n"), api.InvalidRequest},
		"ends in the archive":   {good[:len(good)/2], api.InvalidRequest},
		"ends in the header":    {open[:20], api.InvalidRequest},
		"other boundary":        {strings.ReplaceAll(good, "--b", "--c"), api.InvalidRequest},
		"no disposition":        {"--b\r\n\r\nx\r\n--b--\r\n", api.InvalidRequest},
		"an attachment":         {strings.Replace(good, "form-data", "attachment", 1), api.InvalidRequest},
		"broken header":         {"--b\r\nContent-Disposition\r\n\r\nx\r\n--b--\r\n", api.InvalidRequest},
		"base64":                {strings.Replace(good, "\r\n\r\n", "\r\nContent-Transfer-Encoding: base64\r\n\r\n", 1), api.InvalidRequest},
		"quoted-printable":      {strings.Replace(good, "\r\n\r\n", "\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n", 1), api.InvalidRequest},
		"huge header":           {strings.Replace(good, "\r\n\r\n", "\r\nX: "+strings.Repeat("x", 12<<20)+"\r\n\r\n", 1), api.ArchiveTooLarge},
		"many headers":          {strings.Replace(good, "\r\n\r\n", strings.Repeat("\r\nX: y", 20000)+"\r\n\r\n", 1), api.InvalidRequest},
		"boundary in the data":  {open + "\r\n" + string(data) + "\r\n--bx\r\n--b--\r\n", api.ArchiveInvalid},
		"long epilogue":         {good + strings.Repeat("x", 12<<20), api.ArchiveTooLarge},
	}
}

func TestMultipartTricks(t *testing.T) {
	s, data := settled(t)
	for name, test := range multipartTricks(data) {
		t.Run(name, func(t *testing.T) {
			a := s.do("POST", "/v1/packages/acme/http/publish", io.MultiReader(strings.NewReader(test.body)), header{"Content-Type": "multipart/form-data; boundary=b"})
			if a.code() != test.code || test.code == "" && a.StatusCode != 200 {
				t.Errorf("%d %s, want %s", a.StatusCode, a.body, test.code)
			}
		})
	}
	s.noTraces()
}

// An upload that is cut off leaves nothing, and the registry goes on.
func TestAbortedUpload(t *testing.T) {
	s, data := settled(t)
	body, contentType := multipartOf(part{"archive", append(bytes.Clone(data), make([]byte, 1<<20)...)})
	a := s.raw(fmt.Sprintf("POST /v1/packages/acme/http/publish HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer %s\r\nContent-Type: %s\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\nBROKEN\r\n",
		s.token, contentType, body.Len()/2, body.Bytes()[:body.Len()/2]))
	s.want2(a, 400, api.InvalidRequest)
	s.noTraces()
	s.want(s.publish("acme/http", part{"archive", data}), 200, "")
}

func TestTwoPublishersRace(t *testing.T) {
	s := newSite(t)
	s.claim("acme")
	archives := [][]byte{
		sample.Package{Ref: "@acme/race@1.0.0"}.Archive(t),
		sample.Package{Ref: "@acme/race@1.0.0", Files: map[string]string{"src/more.ori": "// more\n"}}.Archive(t),
	}
	var group sync.WaitGroup
	statuses := make([]int, 8)
	for i := range statuses {
		group.Go(func() { statuses[i] = s.publish("acme/race", part{"archive", archives[i%2]}).StatusCode })
	}
	group.Wait()
	count := map[int]int{}
	for _, status := range statuses {
		count[status]++
	}
	if count[201] != 1 || count[200] != 3 || count[409] != 4 {
		t.Errorf("statuses %v, want one 201, three 200 and four 409", count)
	}
}

func TestNothingButTheRegistryIsInItsFolder(t *testing.T) {
	s, _ := settled(t)
	entries, err := os.ReadDir(s.data)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		switch entry.Name() {
		case "lock", "keys", "incoming", "archives", "registry.db", "registry.db-wal", "registry.db-shm":
		default:
			t.Errorf("%s stands in the data folder", entry.Name())
		}
	}
}

// What is wrong with a part is told although the rest of the body is over the limit.
func TestPartsAreJudgedBeforeTheLength(t *testing.T) {
	s, data := settled(t)
	body, contentType := multipartOf(part{"archive", data}, part{"checksum", bytes.Repeat([]byte(" "), api.MaxArchive+100<<10)})
	a := s.do("POST", "/v1/packages/acme/http/publish", io.MultiReader(body), header{"Content-Type": contentType}) // of no declared length
	s.want(a, 400, api.InvalidRequest)
	body, contentType = multipartOf(part{"archive", data})
	a = s.do("POST", "/v1/packages/acme/http/publish", body, header{"Content-Type": contentType, "Content-Encoding": "gzip"})
	if s.want(a, 415, api.UnsupportedMediaType); !strings.Contains(a.problem().Detail, "Content-Encoding") {
		t.Errorf("the detail is %q", a.problem().Detail)
	}
}
