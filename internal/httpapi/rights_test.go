package httpapi_test

import (
	"strings"
	"testing"
	"time"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/internal/httpapi"
	"github.com/ori-lang/registry/internal/repotest/sample"
)

// The columns of the table of rights: who calls. "read", "publish" and "admin"
// are tokens of the owner of the scope @acme, "member", "other" and "former"
// the admin tokens of a member of it, of the owner of another scope, and of one
// who owned it once.
var callers = []string{"anonymous", "read", "publish", "admin", "member", "owner", "other", "former", "operator", "expired"}

// refusals are the answers of a cell; "+" is every other answer: the caller has
// the right, whatever becomes of the call.
var refusals = map[string]api.Code{
	"u": api.Unauthenticated, "s": api.InsufficientScope, "o": api.NotOwner, "x": api.TokenExpired,
}

// right is a row: a route, a call of it, and the answer to each caller.
type right struct {
	path, body string // "" for the route's own address filled in, and for no body
	cells      string // in the order of callers
}

// rights has a row for each route, by its method and pattern.
var rights = map[string]right{
	"GET " + api.PathDiscovery: {cells: "+ + + + + + + + + x"},
	"GET " + api.PathPackage:   {cells: "+ + + + + + + + + x"},
	"GET " + api.PathVersions:  {cells: "+ + + + + + + + + x"},
	"GET " + api.PathMetadata:  {cells: "+ + + + + + + + + x"},
	"GET " + api.PathDownload:  {cells: "+ + + + + + + + + x"},
	"GET " + api.PathReadme:    {cells: "+ + + + + + + + + x"},
	"GET " + api.PathProof:     {cells: "+ + + + + + + + + x"},

	"POST " + api.PathPublish:   {cells: "u s + + + + o o o x"},
	"POST " + api.PathYank:      {cells: "u s + + + + o o o x"},
	"POST " + api.PathUnyank:    {cells: "u s + + + + o o o x"},
	"POST " + api.PathDeprecate: {body: `{"message":null}`, cells: "u s + + + + o o o x"},
	"POST " + api.PathRemove:    {path: "/v1/packages/acme/http/9.9.9/remove", body: `{"reason":"legal"}`, cells: "u s s o o o o o + x"},
	"PUT " + api.PathStatus:     {body: `{"status":"active"}`, cells: "u s s o o o o o + x"},

	"POST " + api.PathResolve: {body: `{"dependencies":[]}`, cells: "+ + + + + + + + + x"},
	"GET " + api.PathSearch:   {cells: "+ + + + + + + + + x"},

	"POST " + api.PathTransfer:        {body: `{"to":"otto"}`, cells: "u s s + o + o o o x"},
	"GET " + api.PathTransfer:         {path: "/v1/packages/acme/kept/transfer", cells: "u + + + o + + o o x"}, // otto is its other party
	"POST " + api.PathTransferAccept:  {path: "/v1/packages/acme/given/transfer/accept", cells: "u s s o o o + o o x"},
	"POST " + api.PathTransferDecline: {path: "/v1/packages/acme/kept/transfer/decline", cells: "u s s o o o + o o x"},
	"POST " + api.PathTransferCancel:  {cells: "u s s + o + o o o x"},

	"GET " + api.PathInbox:          {cells: "u + + + + + + + + x"},
	"POST " + api.PathUsers:         {body: `{"login":""}`, cells: "u s s o o o o o + x"},
	"PUT " + api.PathMember:         {path: "/v1/scopes/acme/members/mia", body: `{"role":"member"}`, cells: "u s s + o + o o o x"},
	"DELETE " + api.PathMember:      {path: "/v1/scopes/acme/members/fred", cells: "u s s + o + o + o x"}, // fred may leave: he has left
	"POST " + api.PathMemberAccept:  {path: "/v1/scopes/acme/members/otto/accept", cells: "u s s o o o + o o x"},
	"POST " + api.PathMemberDecline: {path: "/v1/scopes/acme/members/otto/decline", cells: "u s s o o o + o o x"},
	"GET " + api.PathAdvisories:     {cells: "+ + + + + + + + + x"},
	"GET " + api.PathAdvisory:       {path: "/v1/advisories/x_ORI-2026-0001", cells: "+ + + + + + + + + x"},
	"PUT " + api.PathAdvisory:       {path: "/v1/advisories/x_ORI-2026-0001", body: `{}`, cells: "u s s o o o o o + x"},
	"GET " + api.PathChanges:        {cells: "+ + + + + + + + + x"},
	"GET " + api.PathFeed:           {cells: "+ + + + + + + + + x"},
	"GET " + api.PathPackageFeed:    {cells: "+ + + + + + + + + x"},

	"GET " + api.PathMe:       {cells: "u + + + + + + + + x"},
	"GET " + api.PathTokens:   {cells: "u s s + + + + + + x"},
	"POST " + api.PathTokens:  {body: `{"name":"x","scopes":["read"]}`, cells: "u s s + + + + + + x"},
	"DELETE " + api.PathToken: {cells: "u + + + + + + + + x"},
	"GET " + api.PathScope:    {cells: "+ + + + + + + + + x"},
	"PUT " + api.PathScope:    {cells: "u s + + + + + + + x"}, // of a scope that is taken: 409, which is no matter of rights

	"GET " + api.PathCheckpoint: {cells: "+ + + + + + + + + x"},
	"GET " + api.PathTile:       {path: "/log/tile/0/000.p/1", cells: "+ + + + + + + + + x"},

	"GET " + api.PathOpenAPI:  {cells: "+ + + + + + + + + x"},
	"GET " + api.PathDocs:     {cells: "+ + + + + + + + + x"},
	"GET " + api.PathProblems: {cells: "+ + + + + + + + + x"},
	"GET " + api.PathProblem:  {cells: "+ + + + + + + + + x"},
	"GET " + api.PathLive:     {cells: "+ + + + + + + + + +"},
	"GET " + api.PathReady:    {cells: "+ + + + + + + + + +"},
}

// Every route answers every kind of caller as the table says; a route without
// a row fails.
func TestRights(t *testing.T) {
	s, _ := settled(t)
	tokens := s.callers()
	missing := map[string]right{}
	for name, row := range rights {
		missing[name] = row
	}
	for _, route := range httpapi.Routes() {
		name := route.Method + " " + route.Pattern
		row, ok := rights[name]
		if !ok {
			t.Errorf("%s has no row in the table of rights: say for each of %s whether it may", name, strings.Join(callers, ", "))
			continue
		}
		delete(missing, name)
		s.tryRow(t, route, row, tokens)
	}
	for name := range missing {
		t.Errorf("%s has a row and is no route", name)
	}
}

func (s *site) tryRow(t *testing.T, route httpapi.Route, row right, tokens map[string]string) {
	t.Helper()
	path := row.path
	if path == "" {
		path = fillings.Replace(route.Pattern)
	}
	cells := strings.Fields(row.cells)
	if len(cells) != len(callers) {
		t.Errorf("%s has %d cells, there are %d callers", route.Pattern, len(cells), len(callers))
		return
	}
	for i, caller := range callers {
		h := header{"Authorization": ""}
		if token := tokens[caller]; token != "" {
			h["Authorization"] = "Bearer " + token
		}
		if row.body != "" {
			h["Content-Type"] = "application/json"
		}
		a := s.do(route.Method, path, strings.NewReader(row.body), h)
		want, refused := refusals[cells[i]]
		if refused && (a.StatusCode != want.Info().Status || a.code() != want) || !refused && (a.StatusCode == 401 || a.StatusCode == 403) {
			t.Errorf("%s %s by %s: %d %s, want %s %s", route.Method, path, caller, a.StatusCode, a.code(), cells[i], want)
		}
	}
}

// callers makes the accounts and tokens of the columns. alice is the owner.
func (s *site) callers() map[string]string {
	s.t.Helper()
	limited := func(scope string) string { return s.newToken(`{"name":"x","scopes":["` + scope + `"]}`).Secret }
	soon := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	expired := s.newToken(`{"name":"x","scopes":["admin"],"expires_at":"` + soon + `"}`)
	s.spoil(`UPDATE token SET expires_at = 1 WHERE id = '` + expired.ID + `'`)
	tokens := map[string]string{
		"read": limited("read"), "publish": limited("publish"), "admin": limited("admin"), "owner": s.token, "expired": expired.Secret,
		"member": s.user("mia"), "other": s.user("otto"), "former": s.user("fred"),
	}
	tokens["operator"] = strings.TrimPrefix(s.operator("olive")["Authorization"], "Bearer ")
	s.want(s.do("PUT", "/v1/scopes/elsewhere", nil, header{"Authorization": "Bearer " + tokens["other"]}), 201, "")
	for _, name := range []string{"given", "kept"} {
		s.publish("acme/"+name, part{"archive", sample.Package{Ref: "@acme/" + name + "@1.0.0"}.Archive(s.t)})
		s.want(s.do("POST", "/v1/packages/acme/"+name+"/transfer", strings.NewReader(`{"to":"otto"}`), header{"Content-Type": "application/json"}), 202, "")
	}
	s.join("mia", "member", tokens["member"])
	s.join("fred", "owner", tokens["former"])
	s.want(s.do("DELETE", "/v1/scopes/acme/members/fred", nil, nil), 204, "")
	return tokens
}

// join makes an account a member of @acme, by both parties.
func (s *site) join(login, role, token string) {
	s.t.Helper()
	h := header{"Content-Type": "application/json"}
	s.want(s.do("PUT", "/v1/scopes/acme/members/"+login, strings.NewReader(`{"role":"`+role+`"}`), h), 202, "")
	s.want(s.do("POST", "/v1/scopes/acme/members/"+login+"/accept", nil, header{"Authorization": "Bearer " + token}), 200, "")
}
