package httpapi_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/internal/repotest/sample"
	"github.com/ori-lang/registry/translog"
)

func (s *site) resolve(body string) answer {
	s.t.Helper()
	return s.do("POST", "/v1/resolve", strings.NewReader(body), header{"Content-Type": "application/json", "Authorization": ""})
}

func TestResolve(t *testing.T) {
	s, data := settled(t)
	var receipt api.Receipt
	s.want(s.publish("acme/http", part{"archive", data}), 200, "").json(t, &receipt)
	app := sample.Package{
		Ref:      "@acme/app@1.0.0",
		Manifest: "[dependencies]\n\"@acme/http\" = \"1.0.0\"\n\"@corp/trace\" = \"4.1.0\"\n[registries.corp]\nurl = \"https://corp.example\"\nscopes = [\"corp\"]\n",
		Lock:     fmt.Sprintf("\"@acme/http:1.0.0\" = %q\n\"@corp/trace:4.1.0\" = %q\n", receipt.Checksum, receipt.Checksum),
	}.Archive(t)
	s.want(s.publish("acme/app", part{"archive", app}), 201, "")
	var d api.Discovery
	s.get("/v1/").json(t, &d)
	verifier, err := translog.NewVerifier(d.Log.PublicKey)
	if err != nil {
		t.Fatal(err)
	}

	a := s.want(s.resolve(`{"dependencies":[{"package":"@acme/app","version":"1.0.0"},{"package":"@acme/http","version":"2.0.0"}],"proofs":true,"later":1}`), 200, "")
	if control := a.Header.Get("Cache-Control"); control != "no-store" || a.Header.Get("ETag") != "" {
		t.Errorf("Cache-Control %q, ETag %q", control, a.Header.Get("ETag"))
	}
	var g api.Resolution
	a.json(t, &g)
	if len(g.Packages) != 2 || g.Packages[1].Package.String() != "@acme/http" || g.Packages[1].Checksum != receipt.Checksum {
		t.Fatalf("%s", a.body)
	}
	for _, v := range g.Packages {
		if proof, err := verifier.VerifyProof([]byte(*v.Proof)); err != nil || proof.Entry.Archive != v.Checksum {
			t.Errorf("the proof of %s: %v", v.Package, err)
		}
	}
	if len(g.External) != 1 || *g.External[0].Registry != "https://corp.example" {
		t.Errorf("elsewhere: %+v", g.External)
	}
	if len(g.Conflicts) != 1 || len(g.Conflicts[0].Requirements) != 2 || *g.Conflicts[0].Requirements[1].RequiredBy != "@acme/app@1.0.0" {
		t.Errorf("conflicts: %+v", g.Conflicts)
	}
	if len(g.Missing) != 1 || g.Missing[0].RequiredBy != nil || g.Missing[0].Code != api.VersionNotFound {
		t.Errorf("missing: %+v", g.Missing)
	}
	for _, body := range []string{`{"dependencies":[]}`, `{"dependencies":[],"proofs":null}`, `{"dependencies":[],"proofs":true}`} {
		if a := s.want(s.resolve(body), 200, ""); string(a.body) != `{"packages":[],"external":[],"conflicts":[],"missing":[]}`+"\n" {
			t.Errorf("%s: %s", body, a.body)
		}
	}
}

func TestResolveRefuses(t *testing.T) {
	s := newSite(t)
	many := func(n int) string {
		var wish api.Resolve
		for i := range n {
			wish.Dependencies = append(wish.Dependencies, api.Root{Package: fmt.Sprintf("@%s/p%d", strings.Repeat("a", 39), i), Version: "1.0.0"})
		}
		text, err := json.Marshal(wish)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	padded := func(size int) string {
		body := `{"dependencies":[],"x":""}`
		return strings.Replace(body, `""`, `"`+strings.Repeat("x", size-len(body))+`"`, 1)
	}
	for name, test := range map[string]struct {
		body   string
		status int
		code   api.Code
		fault  string // the first
	}{
		"as many as are allowed":     {many(api.MaxResolveRoots), 200, "", ""},
		"one more":                   {many(api.MaxResolveRoots + 1), 422, api.ValidationFailed, "/dependencies limit"},
		"as long as is allowed":      {padded(api.MaxResolveJSON), 200, "", ""},
		"one byte more":              {padded(api.MaxResolveJSON + 1), 413, api.BodyTooLarge, ""},
		"no dependencies":            {`{"proofs":true}`, 422, api.ValidationFailed, "/dependencies value"},
		"null":                       {`{"dependencies":null}`, 422, api.ValidationFailed, "/dependencies value"},
		"a name that is none":        {`{"dependencies":[{"package":"acme/http","version":"1.0.0"}]}`, 422, api.ValidationFailed, "/dependencies/0/package value"},
		"a range":                    {`{"dependencies":[{"package":"@acme/http","version":"^1.0.0"}]}`, 422, api.ValidationFailed, "/dependencies/0/version value"},
		"a root that says nothing":   {`{"dependencies":[{}]}`, 422, api.ValidationFailed, "/dependencies/0/package value"},
		"a root that is null":        {`{"dependencies":[null]}`, 422, api.ValidationFailed, "/dependencies/0/package value"},
		"a root that is a text":      {`{"dependencies":["@acme/http@1.0.0"]}`, 400, api.InvalidRequest, ""},
		"an object of roots":         {`{"dependencies":{"@acme/http":"1.0.0"}}`, 400, api.InvalidRequest, ""},
		"a version that is a number": {`{"dependencies":[{"package":"@acme/http","version":1}]}`, 400, api.InvalidRequest, ""},
		"proofs that are a text":     {`{"dependencies":[],"proofs":"yes"}`, 400, api.InvalidRequest, ""},
		"no body":                    {``, 400, api.InvalidRequest, ""},
	} {
		a := s.resolve(test.body)
		if a.StatusCode != test.status || a.code() != test.code {
			t.Errorf("%s: %d %s, want %d %s", name, a.StatusCode, a.code(), test.status, test.code)
		}
		if faults := a.problem().Errors; test.fault != "" && (len(faults) == 0 || faults[0].Pointer+" "+faults[0].Code != test.fault) {
			t.Errorf("%s: %+v", name, faults)
		}
	}
	s.want(s.do("POST", "/v1/resolve", strings.NewReader(`{}`), header{"Content-Type": "text/plain"}), 415, api.UnsupportedMediaType)
	s.want(s.do("POST", "/v1/resolve", strings.NewReader(`{}`), header{"Authorization": "Bearer x"}), 401, api.TokenInvalid)
	s.want(s.get("/v1/resolve"), 405, api.MethodNotAllowed)
}
