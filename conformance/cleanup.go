package conformance

import (
	"context"
	"slices"
	"strings"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/ident"
)

// undoing takes back one thing that the run makes.
type undoing struct {
	what string
	by   func(*check)
}

// later notes what is taken back at the end of the run, and how. It is noted before
// the call that makes it, whose reply may never come, or when a reply tells of it,
// before any assertion looks; what is not there then is none the worse.
func (s *session) later(what string, by func(*check)) {
	if !slices.ContainsFunc(s.undo, func(u undoing) bool { return u.what == what }) {
		s.undo = append(s.undo, undoing{what, by})
	}
}

// cleanUp takes back what can be taken back, also when the run was cut off, and
// lists in the report what cannot. Each call has its own time; a registry that let
// one pass is asked no more.
func (s *session) cleanUp() {
	s.ctx = context.WithoutCancel(s.ctx)
	silent := false
	for _, u := range slices.Backward(s.undo) {
		c := &check{s: s}
		if silent {
			c.failf("the registry no longer answers")
		} else {
			c.try(u.by)
		}
		silent = silent || c.timedOut
		if len(c.failures) > 0 {
			s.report.Left = append(s.report.Left, u.what+": "+strings.Join(c.failures, "; "))
		}
	}
}

// versionLater leaves of a version as little as the protocol allows.
func (s *session) versionLater(ref ident.Ref) {
	s.later("the version "+ref.String(), func(c *check) {
		if s.options.OperatorToken != "" {
			c.ok(c.send("POST", s.urls.Remove(ref), s.options.OperatorToken, api.Removal{Reason: "legal"}), 200, 404, 409) // 409: for another reason already
			return
		}
		yank := api.Yank{Reason: ptr("other"), Message: ptr("Published by the conformance suite.")}
		a := c.post(s.urls.Yank(ref), yank)
		if a.status == 403 && s.options.OtherToken != "" { // it changed hands
			a = c.asOther("POST", s.urls.Yank(ref), yank)
		}
		c.ok(a, 200, 404, 409)
	})
}

// published gives a reply to an upload, whose version is taken back if it tells of one.
func (c *check) published(a *answer) *answer {
	var receipt api.Receipt
	if a.decode(&receipt) == nil && !receipt.DryRun && !receipt.Package.IsZero() {
		c.s.versionLater(ident.Ref{Package: receipt.Package, Version: receipt.Version.Version})
	}
	return a
}

// tokenMade gives a reply to a wish for a token of the first account, which is
// revoked if the reply tells of one.
func (c *check) tokenMade(a *answer) *answer {
	var made api.CreatedToken
	if a.decode(&made) == nil && made.ID != "" {
		c.s.later("the token "+made.ID, func(c *check) { c.ok(c.del(c.s.urls.Token(made.ID)), 204, 404) })
	}
	return a
}

// accountMade gives a reply to a wish for an account. What is made stays; its token is
// revoked by itself.
func (c *check) accountMade(a *answer) *answer {
	var made api.CreatedUser
	if a.decode(&made) == nil && made.Token.ID != "" {
		c.s.later("the token "+made.Token.ID+" of "+made.User.Login, func(c *check) {
			c.ok(c.send("DELETE", c.s.urls.Token(made.Token.ID), made.Token.Secret, nil), 204)
		})
	}
	return a
}
