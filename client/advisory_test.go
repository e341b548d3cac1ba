package client

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ori-lang/registry/api"
)

const smuggling = `{"id":"x_ORI-2026-0001","summary":"Request smuggling","aliases":["CVE-2026-41187"],"modified":"2026-11-24T09:30:00Z",
	"affected":[{"package":{"ecosystem":"Ori","name":"@acme/http"},"ranges":[
		{"type":"SEMVER","events":[{"introduced":"1.0.0"},{"fixed":"1.10.0"},{"introduced":"2.0.0"},{"fixed":"1.9.1"}]},
		{"type":"GIT","events":[{"introduced":"0"},{"fixed":"3.0.0"}]}]},
		{"package":{"ecosystem":"Other","name":"@acme/json"}}],
	"severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:N"}],"unknown":{"x":1}}`

func TestAdvisories(t *testing.T) {
	f, u := newFake(t), newUser(t)
	f.instead["/v1/advisories"] = func(w http.ResponseWriter, r *http.Request) {
		next := `"http://elsewhere.example/?cursor=2"`
		if r.URL.Query().Get("cursor") != "" {
			next = "null"
		}
		w.Write([]byte(`{"advisories":[` + smuggling + `],"next":` + next + `}`))
	}
	ref := mustRef(t, httpRef)
	q := AdvisoryQuery{Package: ref.Package, Version: ref.Version, Since: time.Date(2026, 11, 24, 1, 0, 0, 0, time.FixedZone("", 3600))}
	var got []*Advisory
	for a, err := range u.client(f.server.URL).Advisories(t.Context(), q) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, a)
	}
	if len(got) != 2 || got[0].ID != "x_ORI-2026-0001" || got[0].Severity[0].Type != "CVSS_V3" || !strings.Contains(string(got[0].Record), "unknown") {
		t.Fatalf("%+v", got)
	}
	fixed := got[0].Fixed(ref.Package)
	if len(fixed) != 2 || fixed[0].String() != "1.9.1" || fixed[1].String() != "1.10.0" {
		t.Errorf("fixed: %v", fixed)
	}
	if json := mustRef(t, "@acme/json@1.0.0").Package; got[0].Names(json) || got[0].Fixed(json) != nil {
		t.Error("a package of another ecosystem is named")
	}
	want := "limit=100&package=%40acme%2Fhttp&since=2026-11-24T00%3A00%3A00Z&version=" + ref.Version.String()
	if asked := f.asked(); len(asked) != 2 || asked[0].URL.RawQuery != want || asked[1].URL.RawQuery != "cursor=2&"+want {
		t.Errorf("asked was %s", asked[0].URL.RawQuery)
	}
}

func TestAdvisoryLies(t *testing.T) {
	all := func(q AdvisoryQuery) func(*Client) error {
		return func(c *Client) (last error) {
			for _, err := range c.Advisories(t.Context(), q) {
				last = err
			}
			return last
		}
	}
	record := func(text string) any {
		return map[string]any{"advisories": []any{map[string]any{"id": text}}, "next": nil}
	}
	refuses(t, "/v1/advisories", all(AdvisoryQuery{Package: mustRef(t, httpRef).Package}), map[string]any{
		"about no package": record("x_ORI-2026-0001"), "without an id": record(""), "nothing": api.Advisories{},
	})
	one := func(c *Client) error { _, err := c.Advisory(t.Context(), "x_ORI-2026-0001"); return err }
	refuses(t, "/v1/advisories/x_ORI-2026-0001", one, map[string]any{"another one": map[string]string{"id": "x_ORI-2026-0002"}, "a list": []int{1}})
	f, u := newFake(t), newUser(t)
	f.instead["/x_ORI-2026-0001"] = func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(smuggling)) }
	if a, err := u.client(f.server.URL).Advisory(t.Context(), "x_ORI-2026-0001"); err != nil || a.Summary != "Request smuggling" {
		t.Errorf("%+v, %v", a, err)
	}
}
