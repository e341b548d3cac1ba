package httpapi_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ori-lang/registry/api"
)

const isJSON = "application/json"

// advisoryRecord affects the versions of @acme/http from introduced on.
func advisoryRecord(id, modified, introduced string) string {
	return fmt.Sprintf(`{"modified":%q,"id":%q,"affected":[{"package":{"name":"@acme/http","ecosystem":"Ori","x":{"y":[1.0]}},
		"ranges":[{"type":"SEMVER","events":[{"introduced":%q}]}]}]}`, modified, id, introduced)
}

func (s *site) putAdvisory(id, record string, h header) answer {
	s.t.Helper()
	if _, ok := h["Content-Type"]; !ok {
		h = h.with("Content-Type", isJSON)
	}
	return s.do("PUT", "/v1/advisories/"+id, strings.NewReader(record), h)
}

// advise files x_ORI-2026-0001 on @acme/http.
func (s *site) advise(introduced string) header {
	s.t.Helper()
	root := s.operator("root")
	s.want(s.putAdvisory("x_ORI-2026-0001", advisoryRecord("x_ORI-2026-0001", "2026-01-01T00:00:00Z", introduced), root), 201, "")
	return root
}

func TestAdvisories(t *testing.T) {
	s, _ := settled(t)
	const id, path = "x_ORI-2026-0001", "/v1/advisories/x_ORI-2026-0001"
	s.want(s.get(path), 404, api.AdvisoryNotFound)
	s.want(s.get("/v1/advisories/nonsense"), 404, api.AdvisoryNotFound)
	before := s.get("/v1/packages/acme/http/versions").Header.Get("ETag")
	root := s.operator("root")
	first := s.want(s.putAdvisory(id, advisoryRecord(id, "2026-01-01T00:00:00Z", "0"), root), 201, "")
	if first.Header.Get("Location") != s.base+path || first.Header.Get("ETag") != "" {
		t.Errorf("%v", first.Header)
	}
	const kept = `{"affected":[{"package":{"ecosystem":"Ori","name":"@acme/http","x":{"y":[1.0]}},"ranges":[{"events":[{"introduced":"0"}],"type":"SEMVER"}]}],"id":"x_ORI-2026-0001","modified":"2026-01-01T00:00:00Z"}` + "\n"
	shown := s.want(s.get(path), 200, "")
	if string(first.body) != kept || !bytes.Equal(shown.body, first.body) || shown.Header.Get("Content-Type") != isJSON {
		t.Errorf("kept as %s, shown as %s, want %s", first.body, shown.body, kept)
	}
	s.want(s.putAdvisory(id, kept, root), 200, "")

	var metadata api.Metadata
	s.want(s.get("/v1/packages/acme/http/1.0.0/metadata"), 200, "").json(t, &metadata)
	var versions api.Versions
	list := s.want(s.get("/v1/packages/acme/http/versions"), 200, "")
	if list.json(t, &versions); fmt.Sprint(metadata.Advisories, versions.Versions[0].Advisories) != "[x_ORI-2026-0001] [x_ORI-2026-0001]" {
		t.Errorf("advisories %v and %v", metadata.Advisories, versions.Versions[0].Advisories)
	}
	if list.Header.Get("ETag") == before {
		t.Error("the ETag of the versions is still the one of before")
	}

	entries := s.get("/log/tile/entries/000.p/4") // open, claim, publish, advisory: no more
	if sum := fmt.Sprintf("record sha256:%x\n", sha256.Sum256(shown.body)); !strings.Contains(string(entries.body), sum) {
		t.Errorf("the log has no line %s", sum)
	}
	s.want(s.get("/log/tile/entries/000.p/5"), 404, api.NotFound)
}

// If-Match is compared strongly, with the tags of both forms.
func TestReplacingAdvisories(t *testing.T) {
	s := newSite(t)
	root := s.advise("0")
	const id, path = "x_ORI-2026-0001", "/v1/advisories/x_ORI-2026-0001"
	tag := func(coding string) string {
		return s.do("GET", path, nil, header{"Accept-Encoding": coding}).Header.Get("ETag")
	}
	old := tag("identity")
	for n, test := range []struct {
		match  string
		status int
		code   api.Code
	}{
		{"", 412, api.PreconditionFailed},
		{`"x"`, 412, api.PreconditionFailed},
		{"W/" + old, 412, api.PreconditionFailed},
		{strings.Trim(old, `"`), 412, api.PreconditionFailed},
		{old, 200, ""},
		{old, 412, api.PreconditionFailed}, // it has changed since
		{`"x", %`, 200, ""},
		{`%-gzip"`, 200, ""},
		{"*", 200, ""},
	} {
		match := strings.Replace(test.match, `%-gzip`, strings.TrimSuffix(tag("identity"), `"`)+"-gzip", 1)
		match = strings.Replace(match, "%", tag("identity"), 1)
		record := advisoryRecord(id, fmt.Sprintf("2026-01-01T00:00:%02dZ", n+1), "1.0.0")
		s.want(s.putAdvisory(id, record, root.with("If-Match", match)), test.status, test.code)
		if test.status == 200 {
			s.want(s.putAdvisory(id, record, root.with("If-Match", match)), 200, "") // the reply was lost, and the client tries again
		}
	}
	s.want(s.putAdvisory("x_ORI-2026-0002", advisoryRecord("x_ORI-2026-0002", "2026-01-01T00:00:00Z", "0"), root.with("If-Match", "*")), 412, api.PreconditionFailed)

	big := strings.Replace(advisoryRecord(id, "2026-01-02T00:00:00Z", "0"), `"affected"`, `"details":"`+strings.Repeat("word ", 400)+`","affected"`, 1)
	s.want(s.putAdvisory(id, big, root.with("If-Match", "*")), 200, "")
	zipped := tag("gzip")
	if !strings.HasSuffix(zipped, `-gzip"`) {
		t.Errorf("the tag of the gzip form is %s", zipped)
	}
	s.want(s.putAdvisory(id, strings.Replace(big, "2026-01-02", "2026-01-03", 1), root.with("If-Match", zipped)), 200, "")
}

func TestAdvisoryRequests(t *testing.T) {
	s := newSite(t)
	root := s.operator("root")
	const id = "x_ORI-2026-0001"
	good := advisoryRecord(id, "2026-01-01T00:00:00Z", "0")
	future := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	member := header{"Authorization": "Bearer " + s.token}
	for what, test := range map[string]struct {
		id, record string
		header     header
		status     int
		code       api.Code
	}{
		"no operator":              {id, good, member, 403, api.NotOwner},
		"no operator, no record":   {id, "x", member, 403, api.NotOwner},
		"nobody":                   {id, good, header{"Authorization": ""}, 401, api.Unauthenticated},
		"id of another database":   {"CVE-2026-0001", strings.Replace(good, id, "CVE-2026-0001", 1), root, 400, api.InvalidRequest},
		"too few digits":           {"x_ORI-2026-001", good, root, 400, api.InvalidRequest},
		"another id in the record": {"x_ORI-2026-0002", good, root, 422, api.ValidationFailed},
		"in the future":            {id, strings.Replace(good, "2026-01-01T00:00:00Z", future, 1), root, 422, api.ValidationFailed},
		"empty":                    {id, "{}", root, 422, api.ValidationFailed},
		"a list":                   {id, "[" + good + "]", root, 400, api.InvalidRequest},
		"two of one name":          {id, strings.Replace(good, `"id"`, `"modified":"2026-01-01T00:00:00Z","id"`, 1), root, 400, api.InvalidRequest},
		"two of one name below":    {id, strings.Replace(good, `"ecosystem"`, `"name":"@acme/url","ecosystem"`, 1), root, 400, api.InvalidRequest},
		"no body":                  {id, "", root, 400, api.InvalidRequest},
		"text":                     {id, good, header{"Authorization": root["Authorization"], "Content-Type": "text/plain"}, 415, api.UnsupportedMediaType},
		"too large":                {id, `{"x":"` + strings.Repeat("x", api.MaxJSON) + `"}`, root, 413, api.BodyTooLarge},
	} {
		a := s.putAdvisory(test.id, test.record, test.header)
		if a.StatusCode != test.status || a.code() != test.code {
			t.Errorf("%s: %d %s, want %d %s", what, a.StatusCode, a.body, test.status, test.code)
		}
	}
	a := s.putAdvisory(id, strings.NewReplacer("@acme/http", "http", `"0"`, `"v1"`, "modified", "modifed").Replace(good), root)
	var places []string
	for _, fault := range s.want(a, 422, api.ValidationFailed).problem().Errors {
		places = append(places, fault.Code+" "+fault.Pointer)
	}
	if want := "[schema  schema  value /affected/0/package/name value /affected/0/ranges/0/events/0/introduced]"; fmt.Sprint(places) != want {
		t.Errorf("faults %v, want %s", places, want)
	}
}

func TestListOfAdvisories(t *testing.T) {
	s := newSite(t)
	root := s.operator("root")
	for n := range 3 {
		id := fmt.Sprintf("x_ORI-2026-000%d", n)
		s.want(s.putAdvisory(id, advisoryRecord(id, "2026-01-01T00:00:00Z", fmt.Sprintf("%d.0.0", n)), root), 201, "")
	}
	ids := func(path string) (all string) {
		t.Helper()
		for next := &path; next != nil; {
			a := s.want(s.get(strings.TrimPrefix(*next, s.base)), 200, "")
			var page api.Advisories
			a.json(t, &page)
			for _, record := range page.Advisories {
				var advisory struct{ ID string }
				if err := json.Unmarshal(record, &advisory); err != nil {
					t.Fatal(err)
				}
				all += advisory.ID[len(advisory.ID)-1:]
			}
			if (page.Next == nil) != (a.Header.Get("Link") == "") || len(all) > 9 {
				t.Fatalf("next is %v, Link %q", page.Next, a.Header.Get("Link"))
			}
			next = page.Next
		}
		return all
	}
	for query, want := range map[string]string{
		"": "012", "?limit=1": "012", "?limit=2&package=@acme/http": "012", "?package=%40acme%2Fhttp&version=1.5.0": "01",
		"?package=@acme/url": "", "?since=2020-01-01T00:00:00Z": "012", "?since=2999-01-01T00:00:00Z": "", "?limit=1&package=@acme/http&version=1.0.0": "01",
	} {
		if got := ids("/v1/advisories" + query); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	empty := s.get("/v1/advisories?package=@acme/url")
	if string(empty.body) != `{"advisories":[],"next":null}`+"\n" {
		t.Errorf("an empty list is %s", empty.body)
	}
	list := s.get("/v1/advisories")
	one := s.get("/v1/advisories/x_ORI-2026-0001")
	if !bytes.Contains(list.body, bytes.TrimSpace(one.body)) {
		t.Errorf("the list does not hold the record as it is kept: %s", list.body)
	}
	s.want(s.putAdvisory("x_ORI-2026-0003", advisoryRecord("x_ORI-2026-0003", "2026-01-01T00:00:00Z", "0"), root), 201, "")
	if s.get("/v1/advisories").Header.Get("ETag") == list.Header.Get("ETag") {
		t.Error("the list has the ETag of before")
	}
	for query, code := range map[string]api.Code{
		"version=1.0.0": api.InvalidRequest, "package=acme/http": api.InvalidName, "package=@acme/http&version=1": api.InvalidVersion,
		"since=yesterday": api.InvalidRequest, "limit=0": api.InvalidRequest, "limit=101": api.InvalidRequest, "cursor=%3F": api.InvalidRequest,
		"package=": api.InvalidName, "package=@a/b&package=@a/b": api.InvalidRequest, "cursor=eyJiZWhpbmQiOiJ4In0": api.InvalidRequest,
	} {
		s.want(s.get("/v1/advisories?"+query), 400, code)
	}
}
