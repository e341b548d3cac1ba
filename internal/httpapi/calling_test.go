package httpapi_test

import (
	"fmt"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/internal/httpapi"
)

func (s *site) newToken(body string) api.CreatedToken {
	s.t.Helper()
	var token api.CreatedToken
	s.want(s.do("POST", "/v1/tokens", strings.NewReader(body), header{"Content-Type": "application/json"}), 201, "").json(s.t, &token)
	return token
}

func TestTokenScopes(t *testing.T) {
	s := newSite(t)
	tokens := map[api.TokenScope]string{
		api.Read:    s.newToken(`{"name":"r","scopes":["read"]}`).Secret,
		api.Publish: s.newToken(`{"name":"p","scopes":["publish"]}`).Secret,
		api.Admin:   s.newToken(`{"name":"a","scopes":["admin"]}`).Secret,
	}
	order := map[api.TokenScope]int{"": 0, api.Read: 1, api.Publish: 2, api.Admin: 3}
	for _, route := range httpapi.Routes() {
		path := filled(route.Pattern)
		for scope, token := range tokens {
			a := s.do(route.Method, path, nil, header{"Authorization": "Bearer " + token})
			if short := order[scope] < order[route.Scope]; (a.code() == api.InsufficientScope) != short {
				t.Errorf("%s %s with scope %s: %d %s", route.Method, path, scope, a.StatusCode, a.code())
			}
			if a.code() == api.InsufficientScope && (a.problem().RequiredScope != string(route.Scope) ||
				a.Header.Get("WWW-Authenticate") != `Bearer realm="ori", error="insufficient_scope"`) {
				t.Errorf("%s %s: %s %v", route.Method, path, a.body, a.Header)
			}
		}
		a := s.do(route.Method, path, nil, header{"Authorization": ""})
		if (a.code() == api.Unauthenticated) != (route.Scope != "") {
			t.Errorf("%s %s without a token: %d %s", route.Method, path, a.StatusCode, a.code())
		}
	}
}

func TestBadTokens(t *testing.T) {
	s := newSite(t)
	gone := s.newToken(`{"name":"gone","scopes":["admin"]}`)
	s.want(s.do("DELETE", "/v1/tokens/"+gone.ID, nil, nil), 204, "")
	s.want(s.do("DELETE", "/v1/tokens/"+gone.ID, nil, nil), 204, "")
	wrongSum := s.token[:len(s.token)-1] + "!"
	for _, value := range []string{
		"Bearer " + gone.Secret, "Bearer " + wrongSum, "Bearer x", "Bearer", "Bearer ", s.token, "Basic YTpi", "bearer\t" + s.token,
		"Bearer " + s.token + " " + s.token, "Bearer " + s.token + ",", "Bearer " + strings.Repeat("a", 9000), "Bearer ' OR 1=1 --",
	} {
		for _, path := range []string{"/v1/", "/v1/me", "/v1/packages/acme/http/versions", "/log/checkpoint", "/openapi.yaml"} {
			a := s.want(s.do("GET", path, nil, header{"Authorization": value}), 401, api.TokenInvalid)
			if a.Header.Get("WWW-Authenticate") != `Bearer realm="ori", error="invalid_token"` {
				t.Errorf("%v", a.Header)
			}
			if strings.Contains(string(a.body), "ori_") && !strings.Contains(string(a.body), `\"ori_\"`) {
				t.Errorf("the reply quotes the token: %s", a.body)
			}
		}
	}
	s.want(s.do("GET", "/livez", nil, header{"Authorization": "Bearer x"}), 200, "")
	s.want(s.do("GET", "/v1/me", nil, header{"Authorization": "bearer  " + s.token}), 200, "")
	twice := s.raw("GET /v1/me HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer " + s.token + "\r\nAuthorization: Bearer " + s.token + "\r\n\r\n")
	s.want2(twice, 401, api.TokenInvalid)
	s.want(s.do("GET", "/v1/me?access_token="+s.token, nil, header{"Authorization": ""}), 401, api.Unauthenticated)
	for _, secret := range []string{s.token, gone.Secret, wrongSum} {
		if strings.Contains(s.log.String(), secret) {
			t.Error("a token stands in the log")
		}
	}
}

// want2 is want for an answer without its request.
func (s *site) want2(a answer, status int, code api.Code) {
	s.t.Helper()
	if a.StatusCode != status || a.code() != code {
		s.t.Errorf("%d %s, want %d %s\n%s", a.StatusCode, a.code(), status, code, a.body)
	}
}

func TestTokens(t *testing.T) {
	s := newSite(t)
	soon := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	made := s.newToken(`{"name":"ci","scopes":["publish","read"],"packages":["@acme/*"],"expires_at":"` + soon + `"}`)
	if !strings.HasPrefix(made.Secret, "ori_") || made.ExpiresAt.Format(time.RFC3339) != soon || made.Packages[0] != "@acme/*" {
		t.Errorf("%+v", made)
	}
	var list api.Tokens
	s.want(s.do("GET", "/v1/tokens", nil, nil), 200, "").json(t, &list)
	if len(list.Tokens) != 2 {
		t.Errorf("%+v", list)
	}
	narrow := header{"Authorization": "Bearer " + made.Secret}
	s.want(s.do("PUT", "/v1/scopes/other", nil, narrow), 403, api.TokenPackageMismatch)
	s.want(s.do("PUT", "/v1/scopes/acme", nil, narrow), 201, "")
	s.want(s.do("DELETE", "/v1/tokens/"+list.Tokens[0].ID, nil, narrow), 403, api.InsufficientScope)
	s.want(s.do("DELETE", "/v1/tokens/"+list.Tokens[0].ID, nil, header{"Authorization": "Bearer " + s.user("bob")}), 404, api.NotFound)
	s.want(s.do("DELETE", "/v1/tokens/"+made.ID, nil, narrow), 204, "") // itself
	s.want(s.do("GET", "/v1/me", nil, narrow), 401, api.TokenInvalid)
	s.want(s.do("DELETE", "/v1/tokens/t_none", nil, nil), 404, api.NotFound)
	for body, pointer := range map[string]string{
		`{"name":"","scopes":["read"]}`:                                             "/name",
		`{"name":"x","scopes":[]}`:                                                  "/scopes",
		`{"name":"x","scopes":["root"]}`:                                            "/scopes/0",
		`{"name":"x","scopes":["read"],"packages":["acme"]}`:                        "/packages/0",
		`{"name":"x","scopes":["read"],"expires_at":"2020-01-01T00:00:00Z"}`:        "/expires_at",
		`{"name":"x","scopes":["read"],"expires_at":"2999-01-01T00:00:00.000001Z"}`: "/expires_at",
	} {
		a := s.want(s.do("POST", "/v1/tokens", strings.NewReader(body), header{"Content-Type": "application/json"}), 422, api.ValidationFailed)
		if faults := a.problem().Errors; len(faults) != 1 || faults[0].Pointer != pointer {
			t.Errorf("%s: %+v", body, faults)
		}
	}
}

func TestScopes(t *testing.T) {
	s := newSite(t)
	bob := header{"Authorization": "Bearer " + s.user("bob")}
	a := s.want(s.do("PUT", "/v1/scopes/acme-tools", nil, nil), 201, "")
	if a.Header.Get("Location") != s.base+"/v1/scopes/acme-tools" {
		t.Errorf("Location %q", a.Header.Get("Location"))
	}
	s.want(s.do("PUT", "/v1/scopes/acme-tools", nil, nil), 200, "")
	s.want(s.do("PUT", "/v1/scopes/acme-tools", strings.NewReader(`{"later":1}`), header{"Content-Type": "application/json"}), 200, "")
	s.want(s.do("PUT", "/v1/scopes/acme-tools", nil, bob), 409, api.ScopeTaken)
	s.want(s.do("PUT", "/v1/scopes/acmetools", nil, bob), 409, api.NameTooSimilar)
	s.want(s.do("PUT", "/v1/scopes/std-x", nil, bob), 403, api.NameReserved)
	s.want(s.do("PUT", "/v1/scopes/Nope", nil, bob), 400, api.InvalidName)
	var scope api.Scope
	s.want(s.get("/v1/scopes/acme-tools"), 200, "").json(t, &scope)
	if len(scope.Members) != 1 || scope.Members[0] != (api.Member{Login: "alice", Role: api.Owner}) {
		t.Errorf("%+v", scope)
	}
}

// The spec names application/json; a charset that says what JSON is anyway is
// let pass, as many programs send it.
func TestCharsetOfJSON(t *testing.T) {
	s := newSite(t)
	s.claim("acme")
	for contentType, status := range map[string]int{
		"application/json; charset=utf-8": 200, "application/json;charset=UTF-8": 200, "application/json; charset=latin1": 415,
	} {
		r := httptest.NewRequest("PUT", "/v1/scopes/acme", strings.NewReader("{}"))
		r.Header.Set("Content-Type", contentType)
		r.Header.Set("Authorization", "Bearer "+s.token)
		w := httptest.NewRecorder()
		s.srv.Handler().ServeHTTP(w, r)
		if w.Code != status {
			t.Errorf("%s: %d %s, want %d", contentType, w.Code, w.Body, status)
		}
	}
}

func TestJSONBodies(t *testing.T) {
	s := newSite(t)
	big := `{"name":"x","scopes":["read"],"x":"` + strings.Repeat("a", api.MaxJSON) + `"}`
	exact := `{"name":"x","scopes":["read"],"x":""}`
	exact = strings.Replace(exact, `""`, `"`+strings.Repeat("a", api.MaxJSON-len(exact))+`"`, 1)
	const isJSON = "application/json"
	for name, test := range map[string]struct {
		body        io.Reader
		contentType string
		status      int
		code        api.Code
	}{
		"exactly the limit":      {strings.NewReader(exact), isJSON, 201, ""},
		"over, declared":         {strings.NewReader(big), isJSON, 413, api.BodyTooLarge},
		"over, chunked":          {io.MultiReader(strings.NewReader(big)), isJSON, 413, api.BodyTooLarge},
		"chunked":                {io.MultiReader(strings.NewReader(`{"name":"x","scopes":["read"]}`)), isJSON, 201, ""},
		"no content type":        {strings.NewReader(`{"name":"x"}`), "", 415, api.UnsupportedMediaType},
		"chunked without type":   {io.MultiReader(strings.NewReader(`{"name":"x"}`)), "", 415, api.UnsupportedMediaType},
		"a form":                 {strings.NewReader(`{"name":"x"}`), "application/x-www-form-urlencoded", 415, api.UnsupportedMediaType},
		"text":                   {strings.NewReader(`{"name":"x"}`), "text/plain", 415, api.UnsupportedMediaType},
		"other charset":          {strings.NewReader(`{"name":"x"}`), "application/json; charset=utf-16", 415, api.UnsupportedMediaType},
		"malformed content type": {strings.NewReader(`{"name":"x"}`), "application/json; ;", 415, api.UnsupportedMediaType},
		"absent":                 {nil, "", 400, api.InvalidRequest},
		"empty":                  {strings.NewReader(""), isJSON, 400, api.InvalidRequest},
		"twice":                  {strings.NewReader(`{"name":"x","name":"y","scopes":["read"]}`), isJSON, 400, api.InvalidRequest},
		"trailing":               {strings.NewReader(`{"name":"x","scopes":["read"]}{}`), isJSON, 400, api.InvalidRequest},
		"deep":                   {strings.NewReader(strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40)), isJSON, 400, api.InvalidRequest},
	} {
		a := s.do("POST", "/v1/tokens", test.body, header{"Content-Type": test.contentType})
		if a.StatusCode != test.status || a.code() != test.code {
			t.Errorf("%s: %d %s, want %d %s", name, a.StatusCode, a.code(), test.status, test.code)
		}
	}
	s.want(s.do("POST", "/v1/tokens", strings.NewReader("{}"), header{"Content-Type": isJSON, "Content-Encoding": "gzip"}), 415, api.UnsupportedMediaType)
	s.want(s.do("PUT", "/v1/scopes/acme", strings.NewReader("[]"), header{"Content-Type": isJSON}), 400, api.InvalidRequest)
	s.want(s.do("PUT", "/v1/scopes/acme", strings.NewReader("x"), nil), 415, api.UnsupportedMediaType)
	s.want(s.do("PUT", "/v1/scopes/acme", strings.NewReader(big), header{"Content-Type": isJSON}), 413, api.BodyTooLarge)
	short := s.raw(fmt.Sprintf("POST /v1/tokens HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", s.token))
	s.want2(short, 400, api.InvalidRequest)
}
