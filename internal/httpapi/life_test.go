package httpapi_test

import (
	"strings"
	"testing"

	"github.com/ori-lang/registry/api"
)

// operator makes an operator and gives the header of a call in its name.
func (s *site) operator(login string) header {
	s.t.Helper()
	token, err := s.srv.AddUser(s.t.Context(), login, true)
	if err != nil {
		s.t.Fatal(err)
	}
	return header{"Authorization": "Bearer " + token}
}

func (h header) with(name, value string) header {
	more := header{name: value}
	for name, value := range h {
		more[name] = value
	}
	return more
}

// Every answer about the life of a version, one call after the other.
func TestLife(t *testing.T) {
	s, _ := settled(t)
	const v = "/v1/packages/acme/http/1.0.0"
	operator, eve := s.operator("olive"), header{"Authorization": "Bearer " + s.user("eve")}
	jsonType := header{"Content-Type": "application/json"}
	for _, step := range []struct {
		what, method, path, body string
		header                   header
		status                   int
		code                     api.Code
		says                     string // part of the reply
	}{
		{"yank without a body", "POST", v + "/yank", "", nil, 200, "", `"reason":null,"message":null}`},
		{"yank with an empty object", "POST", v + "/yank", "{}", nil, 200, "", `"reason":null,"message":null}`},
		{"yank with nulls", "POST", v + "/yank", `{"reason":null,"message":null}`, nil, 200, "", `"reason":null,"message":null}`},
		{"yank", "POST", v + "/yank", `{"reason":"broken","message":"<é>"}`, nil, 200, "", `"reason":"broken","message":"<é>"}`},
		{"yank with two faults", "POST", v + "/yank", `{"reason":"x","message":"\u0007"}`, nil, 422, api.ValidationFailed, `"pointer":"/message"`},
		{"yank of no form", "POST", v + "/yank", `{"reason":7}`, nil, 400, api.InvalidRequest, "reason"},
		{"yank at an @", "POST", "/v1/packages/@acme/http/1.0.0/yank", `{"reason":"broken","message":"<é>"}`, nil, 200, "", `"yanked":{`},
		{"yank of nothing", "POST", "/v1/packages/acme/http/9.0.0/yank", "", nil, 404, api.VersionNotFound, ""},
		{"yank of no version", "POST", "/v1/packages/acme/http/latest/yank", "", nil, 400, api.InvalidVersion, ""},
		{"yank by a stranger", "POST", v + "/yank", "", eve, 403, api.NotOwner, ""},
		{"yank by nobody", "POST", v + "/yank", "", header{"Authorization": ""}, 401, api.Unauthenticated, ""},
		{"unyank", "POST", v + "/unyank", "", nil, 200, "", `"yanked":null`},
		{"unyank of no version", "POST", "/v1/packages/acme/http/1/unyank", "", nil, 400, api.InvalidVersion, ""},
		{"unyank with a body of another type", "POST", v + "/unyank", "x", header{"Content-Type": "text/plain"}, 415, api.UnsupportedMediaType, ""},
		{"deprecate", "POST", v + "/deprecate", `{"message":"old","replacement":"@acme/web"}`, nil, 200, "", `"message":"old","replacement":"@acme/web"}`},
		{"deprecate without a message", "POST", v + "/deprecate", `{"replacement":"@acme/web"}`, nil, 422, api.ValidationFailed, `"pointer":"/message"`},
		{"deprecate without a body", "POST", v + "/deprecate", "", nil, 400, api.InvalidRequest, ""},
		{"deprecate with a number", "POST", v + "/deprecate", `{"message":1}`, nil, 400, api.InvalidRequest, "message"},
		{"deprecate with everything wrong", "POST", v + "/deprecate", `{"message":"","replacement":"acme"}`, nil, 422, api.ValidationFailed, `"pointer":"/replacement"`},
		{"deprecate of nothing", "POST", "/v1/packages/acme/http/9.0.0/deprecate", `{"message":"old"}`, nil, 404, api.VersionNotFound, ""},
		{"undeprecate", "POST", v + "/deprecate", `{"message":null}`, nil, 200, "", `"deprecated":null`},
		{"remove by the owner", "POST", v + "/remove", `{"reason":"legal"}`, nil, 403, api.NotOwner, ""},
		{"remove of nothing", "POST", "/v1/packages/acme/http/9.0.0/remove", `{"reason":"legal"}`, operator, 404, api.VersionNotFound, ""},
		{"remove without a reason", "POST", v + "/remove", `{}`, operator, 422, api.ValidationFailed, `"pointer":"/reason"`},
		{"archive", "PUT", "/v1/packages/acme/http/status", `{"status":"archived"}`, operator, 200, "", `"status":"archived"`},
		{"publish into the archived", "POST", "/v1/packages/acme/http/publish", "", header{"Content-Type": "text/plain"}, 403, api.PackageArchived, ""},
		{"quarantine", "PUT", "/v1/packages/acme/http/status", `{"status":"quarantined"}`, operator, 200, "", `"status":"quarantined"`},
		{"download from quarantine", "GET", v + "/download", "", nil, 403, api.PackageQuarantined, ""},
		{"README from quarantine", "GET", v + "/readme", "", nil, 403, api.PackageQuarantined, ""},
		{"list from quarantine", "GET", "/v1/packages/acme/http/versions", "", nil, 200, "", `"1.0.0"`},
		{"publish into quarantine", "POST", "/v1/packages/acme/http/publish", "", header{"Content-Type": "text/plain"}, 403, api.PackageQuarantined, ""},
		{"no status", "PUT", "/v1/packages/acme/http/status", `{"status":"gone"}`, operator, 422, api.ValidationFailed, `"pointer":"/status"`},
		{"status by the owner", "PUT", "/v1/packages/acme/http/status", `{"status":"active"}`, nil, 403, api.NotOwner, ""},
		{"status of nothing", "PUT", "/v1/packages/acme/none/status", `{"status":"active"}`, operator, 404, api.PackageNotFound, ""},
		{"active", "PUT", "/v1/packages/acme/http/status", `{"status":"active"}`, operator, 200, "", `"status":"active"`},
		{"remove", "POST", v + "/remove", `{"reason":"malware","message":"steals"}`, operator, 200, "", `"reason":"malware","message":"steals"}`},
		{"download of the removed", "GET", v + "/download", "", nil, 410, api.VersionGone, ""},
		{"README of the removed", "GET", v + "/readme", "", nil, 410, api.VersionGone, ""},
		{"proof of the removed", "GET", v + "/proof", "", nil, 200, "", "index "},
		{"metadata of the removed", "GET", v + "/metadata", "", nil, 200, "", `"removed":{`},
		{"yank of the removed", "POST", v + "/yank", "", nil, 409, api.VersionRemoved, ""},
		{"unyank of the removed", "POST", v + "/unyank", "", nil, 409, api.VersionRemoved, ""},
		{"deprecate of the removed", "POST", v + "/deprecate", `{"message":"x"}`, nil, 409, api.VersionRemoved, ""},
		{"remove for another reason", "POST", v + "/remove", `{"reason":"legal"}`, operator, 200, "", `"reason":"legal","message":null}`},
		{"download of the forbidden", "GET", v + "/download", "", nil, 451, api.Legal, ""},
		{"README of the forbidden", "GET", v + "/readme", "", nil, 451, api.Legal, ""},
	} {
		h := step.header
		if h == nil {
			h = header{}
		}
		if _, typed := h["Content-Type"]; step.body != "" && !typed {
			h = h.with("Content-Type", jsonType["Content-Type"])
		}
		a := s.want(s.do(step.method, step.path, strings.NewReader(step.body), h), step.status, step.code)
		if !strings.Contains(string(a.body), step.says) {
			t.Errorf("%s: no %s in\n%s", step.what, step.says, a.body)
		}
	}
}

// A change shows at once: every reply that speaks of the version has another
// entity tag after it.
func TestLifeChangesTheTag(t *testing.T) {
	s, _ := settled(t)
	for _, path := range []string{"/v1/packages/acme/http", "/v1/packages/acme/http/versions", "/v1/packages/acme/http/1.0.0/metadata"} {
		tag := s.get(path).Header.Get("ETag")
		for _, change := range []string{"yank", "unyank"} {
			s.want(s.do("POST", "/v1/packages/acme/http/1.0.0/"+change, nil, nil), 200, "")
			a := s.do("GET", path, nil, header{"If-None-Match": tag, "Authorization": ""})
			if want := map[string]int{"yank": 200, "unyank": 304}[change]; a.StatusCode != want {
				t.Errorf("%s after %s: %d, want %d", path, change, a.StatusCode, want)
			}
		}
	}
}
