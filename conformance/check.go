package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ori-lang/registry/api"
)

// check is one assertion on its way: it collects what does not hold.
type check struct {
	s        *session
	failures []string
	notRun   string // why
	timedOut bool   // a call had no reply in its time
}

// hold runs one assertion: name tells it from the others of its group, sentence
// is the text of spec/ that it holds.
func (s *session) hold(name, sentence string, assert func(*check)) {
	c := &check{s: s}
	if s.ctx.Err() != nil {
		c.failf("the run was cut off before")
	} else {
		c.try(assert)
	}
	s.group.Assertions = append(s.group.Assertions, Assertion{Name: name, Sentence: sentence, NotRun: c.notRun, Failures: c.failures})
}

// try runs an assertion to its end. That may be one which nobody foresaw: a reply
// of a wrong registry, or what an assertion before could not make, breaks it off.
func (c *check) try(assert func(*check)) {
	defer func() {
		if p := recover(); p != nil && p != errStop {
			c.failf("the assertion broke off, at what it took for granted: %v", p)
		}
	}()
	assert(c)
}

// failf notes what does not hold and goes on.
func (c *check) failf(format string, args ...any) {
	c.failures = append(c.failures, fmt.Sprintf(format, args...))
}

// fatalf notes what does not hold and ends the assertion.
func (c *check) fatalf(format string, args ...any) {
	c.failf(format, args...)
	panic(errStop)
}

// skipf ends the assertion, which cannot be held against this registry.
func (c *check) skipf(format string, args ...any) {
	c.notRun = fmt.Sprintf(format, args...)
	panic(errStop)
}

// must ends the assertion when err is one.
func (c *check) must(err error) {
	if err != nil {
		c.fatalf("%v", err)
	}
}

// equal compares one value of a reply.
func (c *check) equal(what string, got, want any) {
	if got != want {
		c.failf("%s is %v, want %v", what, got, want)
	}
}

// call makes a call; a registry that gives no reply ends the assertion.
func (c *check) call(r request) *answer {
	a, err := c.s.exchange(c.s.ctx, r)
	if err != nil {
		c.timedOut = errors.Is(err, context.DeadlineExceeded)
		c.fatalf("%v", err)
	}
	return a
}

// get reads an address as an anonymous caller, or on a private registry with the token.
func (c *check) get(url string, headers ...string) *answer {
	return c.call(request{method: "GET", url: url, token: c.s.reader(), headers: headers})
}

// put, post and del send v as JSON, nothing when it is nil, with the first token.
func (c *check) put(url string, v any) *answer  { return c.send("PUT", url, c.s.options.Token, v) }
func (c *check) post(url string, v any) *answer { return c.send("POST", url, c.s.options.Token, v) }
func (c *check) del(url string) *answer         { return c.send("DELETE", url, c.s.options.Token, nil) }

func (c *check) send(method, url, token string, v any) *answer {
	r := request{method: method, url: url, token: token}
	if v != nil {
		text, err := json.Marshal(v)
		c.must(err)
		r.body, r.headers = text, []string{"Content-Type", "application/json"}
	}
	return c.call(r)
}

// ok ends the assertion unless the reply has one of the statuses.
func (c *check) ok(a *answer, statuses ...int) *answer {
	if !slices.Contains(statuses, a.status) {
		c.fatalf("%s answers %s, want %s", a.what, a.summary(), strings.Trim(strings.Join(strings.Fields(fmt.Sprint(statuses)), " or "), "[]"))
	}
	return a
}

// problem expects a failure with this code and its status.
func (c *check) problem(a *answer, code api.Code) api.Problem {
	var p api.Problem
	if a.status != code.Info().Status || a.decode(&p) != nil || p.Code != code {
		c.fatalf("%s answers %s, want %d %s", a.what, a.summary(), code.Info().Status, code)
	}
	return p
}

// read decodes a reply and holds its members: all that the protocol documents are there.
func (c *check) read(a *answer, v any) {
	if err := a.decode(v); err != nil {
		c.fatalf("%s: the body cannot be read: %v", a.what, err)
	}
	for _, fault := range missingMembers(a.body, v) {
		c.failf("%s: %s", a.what, fault)
	}
}

// header expects a header of exactly this value.
func (c *check) header(a *answer, name, want string) {
	if got := a.header.Get(name); got != want {
		c.failf("%s: %s is %q, want %q", a.what, name, got, want)
	}
}
