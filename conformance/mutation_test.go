package conformance_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/ori-lang/registry/conformance"
)

// reply is a reply on its way through the proxy.
type reply struct {
	*http.Response
	body []byte
}

// mutation is one way in which a registry can be wrong.
type mutation struct {
	name   string
	group  string // that must notice
	where  string // part of the method and path that it is about
	status int    // of the replies that it is about; 0: all
	change func(*reply)
}

func setStatus(code int) func(*reply) { return func(r *reply) { r.StatusCode = code } }

func dropHeader(name string) func(*reply) { return func(r *reply) { r.Header.Del(name) } }

func setHeader(name, value string) func(*reply) { return func(r *reply) { r.Header.Set(name, value) } }

func replace(old, with string) func(*reply) {
	return func(r *reply) { r.body = bytes.ReplaceAll(r.body, []byte(old), []byte(with)) }
}

// object changes a JSON object.
func object(change func(map[string]any)) func(*reply) {
	return func(r *reply) {
		var members map[string]any
		if json.Unmarshal(r.body, &members) == nil {
			change(members)
			r.body, _ = json.Marshal(members)
		}
	}
}

func dropMember(name string) func(*reply) {
	return object(func(m map[string]any) { delete(m, name) })
}

func setMember(name string, value any) func(*reply) {
	return object(func(m map[string]any) {
		if _, there := m[name]; there {
			m[name] = value
		}
	})
}

// eachVersion changes the versions of a list.
func eachVersion(change func(map[string]any)) func(*reply) {
	return object(func(m map[string]any) {
		list, _ := m["versions"].([]any)
		for _, v := range list {
			change(v.(map[string]any))
		}
	})
}

func flip(at func(body []byte) int) func(*reply) {
	return func(r *reply) {
		if i := at(r.body); i >= 0 && i < len(r.body) {
			r.body[i] ^= 1
		}
	}
}

var mutations = []mutation{
	{"no request id", "every-reply", "", 0, dropHeader("X-Request-Id")},
	{"no nosniff", "every-reply", "", 0, dropHeader("X-Content-Type-Options")},
	{"missing member of discovery", "registry", "GET /v1/", 200, dropMember("limits")},
	{"another size of archives", "registry", "GET /v1/", 200, replace("10485760", "20971520")},
	{"unexplained codes", "registry", "GET /problems/", 200, replace("version_exists", "…")},
	{"problems as plain JSON", "every-reply", "", 404, setHeader("Content-Type", "application/json")},
	{"another code", "errors", "", 404, replace("package_not_found", "not_found")},
	{"a code of its own", "errors", "", 404, replace("not_found", "gone_fishing")},
	{"404 as 400", "errors", "", 404, setStatus(400)},
	{"unknown addresses exist", "errors", "GET /v1/nothing", 404, setStatus(200)},
	{"no Allow", "errors", "", 405, dropHeader("Allow")},
	{"kept errors", "every-reply", "", 404, setHeader("Cache-Control", "public, max-age=60")},
	{"HEAD without an ETag", "errors", "HEAD /", 200, dropHeader("ETag")},
	{"301 for 308", "errors", "", 308, setStatus(301)},
	{"names are not checked", "errors", "", 400, replace("invalid_name", "invalid_request")},
	{"request id of another request", "every-reply", "", 404, setMember("request_id", "other")},
	{"no challenge", "every-reply", "", 401, dropHeader("WWW-Authenticate")},
	{"bad tokens are anonymous", "tokens", "GET /v1/packages/", 401, setStatus(404)},
	{"tokens are not listed", "tokens", "GET /v1/tokens", 200, setMember("tokens", []any{})},
	{"scopes are not asked", "tokens", "PUT /v1/scopes/", 403, setStatus(201)},
	{"one fault of many", "tokens", "POST /v1/tokens", 422, object(func(m map[string]any) {
		if faults, ok := m["errors"].([]any); ok {
			m["errors"] = faults[:1]
		}
	})},
	{"kept personal replies", "tokens", "GET /v1/me", 200, setHeader("Cache-Control", "public, max-age=0, must-revalidate")},
	{"duplicate keys are taken", "bodies", "POST /v1/tokens", 400, setStatus(201)},
	{"a longer body is taken", "bodies", "POST /v1/tokens", 413, setStatus(422)},
	{"scopes are taken away", "scopes", "PUT /v1/scopes/", 409, setStatus(200)},
	{"claims are always new", "scopes", "PUT /v1/scopes/", 200, setStatus(201)},
	{"publish answers 200", "publish", "/publish", 201, setStatus(200)},
	{"created again", "publish", "/publish", 200, setMember("created", true)},
	{"no Location", "publish", "/publish", 201, dropHeader("Location")},
	{"versions are replaced", "publish", "/publish", 409, setStatus(200)},
	{"no existing_checksum", "publish", "/publish", 409, dropMember("existing_checksum")},
	{"a receipt of other bytes", "publish", "/publish", 201, setMember("checksum", "sha256:"+strings.Repeat("0", 64))},
	{"a receipt without proof", "publish", "/publish", 201, replace("tlog-proof@v1", "tlog-proof@v0")},
	{"bad archives are taken", "archives", "/publish", 422, setStatus(201)},
	{"faults without codes", "archives", "/publish", 422, replace("not_canonical", "something")},
	{"missing member of versions", "reading", "/versions", 200, dropMember("ownership_changed_at")},
	{"missing member of a version", "reading", "/versions", 200, eachVersion(func(v map[string]any) { delete(v, "yanked") })},
	{"lists that are null", "reading", "/metadata", 200, setMember("dependencies", nil)},
	{"lowest version first", "reading", "/versions", 200, object(func(m map[string]any) {
		if list := m["versions"].([]any); len(list) == 2 {
			list[0], list[1] = list[1], list[0]
		}
	})},
	{"another checksum", "reading", "/metadata", 200, setMember("checksum", "sha256:"+strings.Repeat("0", 64))},
	{"another size", "reading", "/metadata", 200, setMember("size", 1)},
	{"weak tags", "reading", "/versions", 200, func(r *reply) { r.Header.Set("ETag", "W/"+r.Header.Get("ETag")) }},
	{"never 304", "reading", "", 304, setStatus(200)},
	{"kept mutable replies", "reading", "/versions", 200, setHeader("Cache-Control", "public, max-age=60")},
	{"another README", "reading", "/readme", 200, replace("base", "face")},
	{"one tag for both forms", "reading", "/metadata", 200, func(r *reply) {
		r.Header.Set("ETag", strings.Replace(r.Header.Get("ETag"), "-gzip", "", 1))
	}},
	{"a flipped bit in an archive", "download", "/download", 200, flip(func(b []byte) int { return len(b) / 2 })},
	{"a whole archive for a range", "download", "/download", 206, setStatus(200)},
	{"a range off by one", "download", "/download", 206, func(r *reply) {
		if len(r.body) > 1 {
			r.body = r.body[1:]
		}
	}},
	{"another digest", "download", "/download", 200, setHeader("Repr-Digest", "sha-256=:AAAA:")},
	{"another file name", "download", "/download", 200, setHeader("Content-Disposition", "attachment")},
	{"416 without the size", "download", "/download", 416, dropHeader("Content-Range")},
	{"a forged signature", "log", "/log/checkpoint", 200, flip(func(b []byte) int { return len(b) - 6 })},
	{"a larger tree than signed", "log", "/log/checkpoint", 200, func(r *reply) {
		lines := strings.SplitN(string(r.body), "\n", 3)
		size, _ := strconv.Atoi(lines[1])
		r.body = []byte(lines[0] + "\n" + strconv.Itoa(size+1) + "\n" + lines[2])
	}},
	{"a proof of another entry", "log", "/proof", 200, replace("\nindex ", "\nindex 1")},
	{"a changed entry", "log", "/log/tile/entries/", 200, replace("seq 1\n", "seq 7\n")},
	{"a short tile", "log", "/log/tile/0/", 200, func(r *reply) { r.body = r.body[:len(r.body)-32] }},
	{"another spelling of a tile", "log", "/log/tile/", 404, setStatus(200)},
	{"yanks are kept quiet", "life", "/versions", 200, eachVersion(func(v map[string]any) { v["yanked"] = nil })},
	{"yanks without their reason", "life", "/yank", 200, object(func(m map[string]any) {
		if yanked, ok := m["yanked"].(map[string]any); ok {
			yanked["reason"] = nil
		}
	})},
	{"yanked is still latest", "life", "/versions", 200, setMember("latest", "1.1.0")},
	{"strangers may yank", "life", "/yank", 403, setStatus(200)},
	{"deprecation without a message", "life", "/deprecate", 422, setStatus(200)},
	{"quarantine gives out archives", "operator", "/download", 403, setStatus(200)},
	{"removed is just not there", "operator", "/download", 410, setStatus(404)},
	{"legal reasons are not told", "operator", "/download", 451, replace(`"legal"`, `"version_gone"`)},
	{"a graph without its root", "resolve", "/resolve", 200, object(func(m map[string]any) {
		if list, _ := m["packages"].([]any); len(list) > 0 {
			m["packages"] = list[1:]
		}
	})},
	{"a graph without conflicts", "resolve", "/resolve", 200, setMember("conflicts", []any{})},
	{"a graph without proofs", "resolve", "/resolve", 200, replace("tlog-proof@v1", "tlog-proof@v0")},
	{"invitations are memberships", "members", "PUT /v1/scopes/", 202, setMember("status", "accepted")},
	{"the last owner may leave", "members", "DELETE /v1/scopes/", 409, setStatus(204)},
	{"an inbox that is always empty", "members", "/v1/me/inbox", 200, setMember("invitations", []any{})},
	{"one party is enough", "transfer", "/transfer", 202, setMember("status", "accepted")},
	{"anybody may accept", "transfer", "/transfer/accept", 403, setStatus(200)},
	{"a transfer that nobody sees", "transfer", "/versions", 200, setMember("ownership_changed_at", nil)},
	{"accounts for everybody", "users", "/v1/users", 403, setStatus(201)},
	{"a search that finds nothing", "search", "/v1/search", 200, setMember("results", []any{})},
	{"a search without exact names", "search", "/v1/search", 200, replace(`"exact":true`, `"exact":false`)},
	{"a search without pages", "search", "/v1/search", 200, dropHeader("Link")},
	{"operators in a search", "search", "/v1/search", 400, setStatus(200)},
	{"advisories that no version names", "advisories", "/versions", 200, eachVersion(func(v map[string]any) { v["advisories"] = []any{} })},
	{"advisories that are overwritten", "advisories", "/v1/advisories/", 412, setStatus(200)},
	{"another advisory than logged", "advisories", "GET /v1/advisories/x", 200, replace("One.", "Won.")},
	{"a gap in the changes", "changes", "/v1/changes", 200, object(func(m map[string]any) {
		if list, _ := m["changes"].([]any); len(list) > 1 {
			m["changes"] = append(list[:1:1], list[2:]...)
		}
	})},
	{"more changes than the log has", "changes", "/v1/changes", 200, object(func(m map[string]any) {
		if list, _ := m["changes"].([]any); len(list) > 0 {
			m["changes"] = append(list, list...)
		}
	})},
	{"changes of another kind", "changes", "/v1/changes", 200, replace(`"kind":"publish"`, `"kind":"yank"`)},
	{"a feed of another kind", "changes", "feed.atom", 200, setHeader("Content-Type", "text/xml")},
	{"removed numbers are free", "operator", "/publish", 409, setStatus(201)},
}

// minMutations is how many ways to be wrong are tried at least.
const minMutations = 25

// A registry that is wrong in one way is found out, in each of the ways.
func TestEveryMutationIsCaught(t *testing.T) {
	if len(mutations) < minMutations {
		t.Errorf("there are %d mutations, want %d", len(mutations), minMutations)
	}
	o := site(t, "")
	for _, m := range mutations {
		t.Run(m.name, func(t *testing.T) {
			var hits atomic.Int64
			o := o
			o.Groups, o.Transport = []string{m.group}, through(t, m, &hits)
			if m.group == "every-reply" {
				o.Groups = []string{"errors", "tokens"} // that make replies of each kind
			}
			report := run(t, o)
			if hits.Load() == 0 {
				t.Fatalf("no reply was changed: the mutation is about nothing")
			}
			if noticed := failing(report); !slices.Contains(noticed, m.group) {
				t.Errorf("the group %s does not notice it; these do: %q", m.group, noticed)
			}
		})
	}
}

// failing lists the groups in which something does not hold.
func failing(report *conformance.Report) (groups []string) {
	for _, group := range report.Groups {
		if slices.ContainsFunc(group.Assertions, func(a conformance.Assertion) bool { return len(a.Failures) > 0 }) {
			groups = append(groups, group.Name)
		}
	}
	return groups
}

// A proxy that changes nothing is no reason to fail: what is caught above is
// caught for what is changed.
func TestAProxyAloneIsNoMutation(t *testing.T) {
	o := site(t, "")
	o.Transport = through(t, mutation{change: func(*reply) {}}, new(atomic.Int64))
	if report := run(t, o); !report.OK() {
		var text bytes.Buffer
		_ = report.WriteText(&text, false)
		t.Error(&text)
	}
}

// through is a way to the registry by a proxy that changes some replies.
func through(t *testing.T, m mutation, hits *atomic.Int64) http.RoundTripper {
	t.Helper()
	proxy := &httputil.ReverseProxy{
		Rewrite:        func(*httputil.ProxyRequest) {},
		ModifyResponse: func(r *http.Response) error { return m.apply(r, hits) },
	}
	web := httptest.NewServer(proxy)
	address, err := url.Parse(web.URL)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{Proxy: http.ProxyURL(address), DisableCompression: true}
	t.Cleanup(func() { transport.CloseIdleConnections(); web.Close() })
	return transport
}

func (m mutation) apply(r *http.Response, hits *atomic.Int64) error {
	what := r.Request.Method + " " + r.Request.URL.Path
	if !strings.Contains(what, m.where) || m.status != 0 && m.status != r.StatusCode {
		return nil
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	hits.Add(1)
	changed := &reply{r, body}
	m.change(changed)
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(changed.body)), int64(len(changed.body))
	if r.Request.Method != http.MethodHead {
		r.Header.Set("Content-Length", strconv.Itoa(len(changed.body)))
	}
	return nil
}
