package conformance

import (
	"fmt"
	"strings"
	"sync"

	"github.com/ori-lang/registry/api"
)

// everyReply holds what must be true of all replies of a run.
type everyReply struct {
	mu       sync.Mutex // replies may come at once
	replies  int
	failures map[string][]string
}

// everyRule is something that holds for each reply, whatever was asked.
type everyRule struct {
	name, sentence string
	broken         func(call request, a *answer) string // what is wrong, "" when nothing is
}

func newEveryReply() *everyReply { return &everyReply{failures: map[string][]string{}} }

// maxExamples is how many replies that break a rule are named.
const maxExamples = 3

func (e *everyReply) look(call request, a *answer) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.replies++
	for _, rule := range everyRules {
		if detail := rule.broken(call, a); detail != "" && len(e.failures[rule.name]) < maxExamples {
			e.failures[rule.name] = append(e.failures[rule.name], a.what+": "+detail)
		}
	}
}

func (e *everyReply) result() GroupResult {
	g := GroupResult{Name: "every-reply", About: fmt.Sprintf("what held for each of the %d replies of this run", e.replies)}
	for _, rule := range everyRules {
		g.Assertions = append(g.Assertions, Assertion{Name: rule.name, Sentence: rule.sentence, Failures: e.failures[rule.name]})
	}
	return g
}

var everyRules = []everyRule{
	{
		"request id", "Every reply carries `X-Request-Id` and `X-Content-Type-Options: nosniff`.",
		func(_ request, a *answer) string {
			if a.header.Get("X-Request-Id") == "" {
				return "there is no X-Request-Id"
			}
			return ""
		},
	},
	{
		"nosniff", "Every reply carries `X-Request-Id` and `X-Content-Type-Options: nosniff`.",
		func(_ request, a *answer) string {
			if got := a.header.Get("X-Content-Type-Options"); got != "nosniff" {
				return fmt.Sprintf("X-Content-Type-Options is %q", got)
			}
			return ""
		},
	},
	{
		"failures are problems", "Every failure is problem details of RFC 9457, `application/problem+json`.",
		func(call request, a *answer) string {
			if a.status >= 400 && !strings.HasPrefix(a.header.Get("Content-Type"), "application/problem+json") {
				return fmt.Sprintf("%d with the Content-Type %q", a.status, a.header.Get("Content-Type"))
			}
			return ""
		},
	},
	{"problems are whole", "`code` is from a closed list: match on it, not on the title.", brokenProblem},
	{
		"errors are not kept", "Personal replies and every error are `no-store`.",
		func(_ request, a *answer) string {
			if a.status >= 400 && a.header.Get("Cache-Control") != "no-store" {
				return fmt.Sprintf("%d with Cache-Control %q", a.status, a.header.Get("Cache-Control"))
			}
			return ""
		},
	},
	{
		"challenge", "A token that is sent must be good, even where none is needed: a bad one is 401, never silently anonymous.",
		func(_ request, a *answer) string {
			if a.status == 401 && !strings.HasPrefix(a.header.Get("WWW-Authenticate"), "Bearer ") {
				return fmt.Sprintf("401 with WWW-Authenticate %q", a.header.Get("WWW-Authenticate"))
			}
			return ""
		},
	},
	{
		"no failure of the registry", "No request, whatever it holds, is answered 500.",
		func(_ request, a *answer) string {
			if a.status == 500 {
				return a.summary()
			}
			return ""
		},
	},
	{
		"retry", "Every 429 and 503 says in `Retry-After` how many seconds to wait.",
		func(_ request, a *answer) string {
			if (a.status == 429 || a.status == 503) && a.header.Get("Retry-After") == "" {
				return fmt.Sprintf("%d without Retry-After", a.status)
			}
			return ""
		},
	},
}

// brokenProblem holds the members of a problem against the table of codes.
func brokenProblem(call request, a *answer) string {
	if a.status < 400 || call.method == "HEAD" {
		return ""
	}
	var p api.Problem
	if err := a.decode(&p); err != nil {
		return "the problem cannot be read"
	}
	info := p.Code.Info()
	switch {
	case info.Code != p.Code:
		return fmt.Sprintf("the code %q is none of the protocol", p.Code)
	case p.Status != a.status || info.Status != a.status:
		return fmt.Sprintf("the code %s travels with %d, the problem says %d", p.Code, a.status, p.Status)
	case p.RequestID != a.header.Get("X-Request-Id"):
		return fmt.Sprintf("request_id is %q and the header says %q", p.RequestID, a.header.Get("X-Request-Id"))
	case p.Title == "" || p.Detail == "" || !strings.HasSuffix(p.Type, "/problems/"+string(p.Code)):
		return fmt.Sprintf("title %q, detail %q or type %q is not what it should be", p.Title, p.Detail, p.Type)
	}
	return ""
}
