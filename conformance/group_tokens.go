package conformance

import (
	"strings"
	"time"

	"github.com/ori-lang/registry/api"
)

// newToken makes a token and sees to it that it is revoked.
func (c *check) newToken(wish api.NewToken) (created api.CreatedToken) {
	c.read(c.ok(c.tokenMade(c.post(c.s.urls.Tokens(), wish)), 201), &created)
	return created
}

func wish(scope api.TokenScope, packages ...string) api.NewToken {
	return api.NewToken{Name: "conformance suite", Scopes: []api.TokenScope{scope}, Packages: packages}
}

func tokensGroup(s *session) {
	badTokens(s)
	s.hold("who calls", "The caller and their tokens.", func(c *check) {
		var me api.Me
		c.read(c.ok(c.send("GET", s.urls.Me(), s.options.Token, nil), 200), &me)
		if me.User.Login == "" || me.User.ID == "" {
			c.failf("the user is %+v", me.User)
		}
	})
	s.hold("personal replies are not kept", "Personal replies and every error are `no-store`.", func(c *check) {
		for _, url := range []string{s.urls.Me(), s.urls.Tokens()} {
			c.header(c.ok(c.send("GET", url, s.options.Token, nil), 200), "Cache-Control", "no-store")
		}
	})
	s.hold("made once, shown once", "It is shown once, when it is made; the registry keeps only its SHA-256.", func(c *check) {
		created := c.newToken(wish(api.Read))
		if api.CheckSecret(created.Secret) != nil {
			c.failf("the secret is not of the form of one")
		}
		a := c.ok(c.send("GET", s.urls.Tokens(), s.options.Token, nil), 200)
		var list api.Tokens
		c.read(a, &list)
		if strings.Contains(string(a.body), created.Secret) || !strings.Contains(string(a.body), created.ID) {
			c.failf("%s shows the secret, or not the token", a.what)
		}
	})
	s.hold("scopes nest", "Token scopes nest: `admin` ⊃ `publish` ⊃ `read`.", func(c *check) {
		read, publish := c.newToken(wish(api.Read)).Secret, c.newToken(wish(api.Publish)).Secret
		claim := s.urls.Scope(s.scope("none"))
		c.ok(c.send("GET", s.urls.Me(), read, nil), 200)
		c.equal("required_scope", c.problem(c.send("PUT", claim, read, nil), api.InsufficientScope).RequiredScope, "publish")
		c.equal("required_scope", c.problem(c.tokenMade(c.send("POST", s.urls.Tokens(), publish, wish(api.Read))), api.InsufficientScope).RequiredScope, "admin")
		c.problem(c.send("GET", s.urls.Tokens(), publish, nil), api.InsufficientScope)
	})
	s.hold("never more than its maker", "A token that is good and not enough is 403, never 404.", func(c *check) {
		limited := c.newToken(wish(api.Admin, "@"+s.scope("a")+"/*")).Secret
		c.problem(c.tokenMade(c.send("POST", s.urls.Tokens(), limited, wish(api.Read))), api.TokenPackageMismatch)
		c.problem(c.tokenMade(c.send("POST", s.urls.Tokens(), limited, wish(api.Read, "@"+s.scope("b")+"/*"))), api.TokenPackageMismatch)
		c.problem(c.send("PUT", s.urls.Scope(s.scope("b")), limited, nil), api.TokenPackageMismatch)
	})
	s.hold("revoked", "A token that is sent must be good, even where none is needed: a bad one is 401, never silently anonymous.", func(c *check) {
		created := c.newToken(wish(api.Read))
		c.ok(c.del(s.urls.Token(created.ID)), 204)
		c.ok(c.del(s.urls.Token(created.ID)), 204)
		c.problem(c.send("GET", s.urls.Me(), created.Secret, nil), api.TokenInvalid)
		c.problem(c.send("GET", s.urls.Discovery(), created.Secret, nil), api.TokenInvalid)
	})
	s.hold("ends itself", "Listing tokens needs admin; any token may revoke itself.", func(c *check) {
		created := c.newToken(wish(api.Read))
		c.ok(c.send("DELETE", s.urls.Token(created.ID), created.Secret, nil), 204)
		c.problem(c.send("GET", s.urls.Me(), created.Secret, nil), api.TokenInvalid)
	})
	s.hold("life of a token", "At most 366 days from now; absent or null: 90 days.", func(c *check) {
		created := c.newToken(wish(api.Read))
		if life := created.ExpiresAt.Sub(created.CreatedAt.Time).Round(time.Hour); life != 90*24*time.Hour {
			c.failf("a token lives for %v", life)
		}
		for _, at := range []time.Time{time.Now().Add(400 * 24 * time.Hour), time.Now().Add(-time.Hour)} {
			bad, expires := wish(api.Read), api.NewTime(at)
			bad.ExpiresAt = &expires
			c.problem(c.tokenMade(c.post(s.urls.Tokens(), bad)), api.ValidationFailed)
		}
	})
	s.hold("all faults of a token", "A 422 lists all faults at once in `errors`.", func(c *check) {
		p := c.problem(c.tokenMade(c.post(s.urls.Tokens(), api.NewToken{Name: "", Scopes: []api.TokenScope{"all"}, Packages: []string{"*"}})), api.ValidationFailed)
		for _, pointer := range []string{"/name", "/scopes/0", "/packages/0"} {
			if !hasPointer(p, pointer) {
				c.failf("no fault at %s in %+v", pointer, p.Errors)
			}
		}
	})
}

func hasPointer(p api.Problem, pointer string) bool {
	for _, fault := range p.Errors {
		if fault.Pointer == pointer {
			return true
		}
	}
	return false
}

func badTokens(s *session) {
	s.hold("no token", "Reading needs no token on a public registry.", func(c *check) {
		c.problem(c.send("GET", s.urls.Me(), "", nil), api.Unauthenticated)
		c.problem(c.send("PUT", s.urls.Scope(s.scope("none")), "", nil), api.Unauthenticated)
	})
	s.hold("bad tokens", "A token that is sent must be good, even where none is needed: a bad one is 401, never silently anonymous.", func(c *check) {
		good := s.options.Token
		swapped := good[:len(good)-1] + map[bool]string{true: "B", false: "A"}[strings.HasSuffix(good, "A")]
		for _, bad := range []string{"x", "ori_", good + "x", good[:len(good)-1], swapped, strings.ToUpper(good)} {
			c.problem(c.send("GET", s.urls.Me(), bad, nil), api.TokenInvalid)
		}
		c.problem(c.send("GET", s.urls.Versions(mustPackage("@conf/none")), swapped, nil), api.TokenInvalid)
	})
	s.hold("other schemes", "`Authorization: Bearer <token>`.", func(c *check) {
		for _, value := range []string{"Basic dXNlcjpwYXNz", "Bearer", s.options.Token, "Bearer  "} {
			c.problem(c.call(request{method: "GET", url: s.urls.Me(), headers: []string{"Authorization", value}}), api.TokenInvalid)
		}
	})
	s.hold("not in an address", "Tokens never stand in an address.", func(c *check) {
		c.problem(c.send("GET", s.urls.Me()+"?access_token=x&token=x", "", nil), api.Unauthenticated)
	})
}

func bodiesGroup(s *session) {
	send := func(c *check, body string, headers ...string) *answer {
		if headers == nil {
			headers = []string{"Content-Type", "application/json"}
		}
		return c.tokenMade(c.call(request{method: "POST", url: s.urls.Tokens(), token: s.options.Token, body: []byte(body), headers: headers}))
	}
	const sentence = "no duplicate keys, no bytes behind the value, valid UTF-8 and at most 32 levels."
	s.hold("malformed", sentence, func(c *check) {
		for _, body := range []string{"", "{", "[]", `"x"`, "null", "{}{}", "{} x", `{"name":1}`, "\xff", `{"name":"` + "\xff" + `"}`, "nul", "{'name':'x'}", "{\"name\":\"x\",}"} {
			c.problem(send(c, body), api.InvalidRequest)
		}
	})
	s.hold("duplicate keys", sentence, func(c *check) {
		c.problem(send(c, `{"name":"a","scopes":["read"],"name":"b"}`), api.InvalidRequest)
		c.problem(send(c, `{"name":"a","scopes":["read"],"n\u0061me":"b"}`), api.InvalidRequest)
	})
	s.hold("depth", sentence, func(c *check) {
		c.problem(send(c, `{"x":`+strings.Repeat("[", 40)+strings.Repeat("]", 40)+`}`), api.InvalidRequest)
	})
	s.hold("size", "A JSON body has at most 64 KiB", func(c *check) {
		c.problem(send(c, `{"name":"`+strings.Repeat("a", 70000)+`"}`), api.BodyTooLarge)
	})
	s.hold("media type", "The body has another media type than this call takes.", func(c *check) {
		for _, mediaType := range []string{"text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1"} {
			c.problem(send(c, `{"name":"a","scopes":["read"]}`, "Content-Type", mediaType), api.UnsupportedMediaType)
		}
		c.problem(send(c, `{"name":"a","scopes":["read"]}`, "Content-Type", "application/json", "Content-Encoding", "gzip"), api.UnsupportedMediaType)
	})
	s.hold("unknown members", "Members that a reader does not know are ignored, and `Name` is another member than `name`.", func(c *check) {
		a := c.ok(send(c, `{"name":"conformance suite","scopes":["read"],"colour":{"deep":[1,2]},"Name":"other"}`), 201)
		var created api.CreatedToken
		c.read(a, &created)
		c.equal("name", created.Name, "conformance suite")
	})
}
