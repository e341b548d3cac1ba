package conformance

import (
	"time"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/translog"
)

// asOther makes a call with the second token.
func (c *check) asOther(method, url string, body any) *answer {
	return c.send(method, url, c.s.options.OtherToken, body)
}

// login gives the login of the account that a token is of.
func (c *check) login(token string) string {
	var me api.Me
	c.read(c.ok(c.send("GET", c.s.urls.Me(), token, nil), 200), &me)
	return me.User.Login
}

func membersGroup(s *session) {
	var scope, member string
	s.hold("invite", "Who is no member is invited, and becomes one by accepting", func(c *check) {
		scope, member = c.claimed("members"), c.login(s.options.OtherToken)
		s.later("the member "+member+" of @"+scope, func(c *check) { c.ok(c.del(s.urls.Member(scope, member)), 204, 404) })
		var invitation api.Invitation
		c.read(c.ok(c.put(s.urls.Member(scope, member), api.NewMember{Role: "member"}), 202), &invitation)
		c.equal("status", invitation.Status, api.Pending)
		if invitation.ExpiresAt == nil || invitation.CreatedAt == nil || invitation.ExpiresAt.Sub(invitation.CreatedAt.Time) != 14*24*time.Hour {
			c.failf("the invitation is %+v", invitation)
		}
	})
	s.hold("invite again", "The same again is answered 200 and changes nothing", func(c *check) {
		c.ok(c.put(s.urls.Member(scope, member), api.NewMember{Role: "member"}), 200)
	})
	s.hold("inbox", "Offers that wait for the caller's answer", func(c *check) {
		var inbox api.Inbox
		c.read(c.ok(c.asOther("GET", s.urls.Inbox(), nil), 200), &inbox)
		for _, invitation := range inbox.Invitations {
			if invitation.Scope == scope {
				return
			}
		}
		c.failf("the invitation is not among %+v", inbox.Invitations)
	})
	s.hold("an invitation is no right", "Who is no member is invited, and becomes one by accepting", func(c *check) {
		archive := draft{name: "@" + scope + "/by-member", version: "1.0.0"}.pack()
		c.problem(c.uploadAs(s.options.OtherToken, s.urls.Publish(mustPackage("@"+scope+"/by-member")), upload{archive: archive}), api.NotOwner)
	})
	s.hold("accept", "Who is no member is invited, and becomes one by accepting", func(c *check) {
		c.problem(c.post(s.urls.MemberAccept(scope, member), nil), api.NotOwner)
		c.ok(c.asOther("POST", s.urls.MemberAccept(scope, member), nil), 200)
		archive := draft{name: "@" + scope + "/by-member", version: "1.0.0"}.pack()
		c.ok(c.uploadAs(s.options.OtherToken, s.urls.Publish(mustPackage("@"+scope+"/by-member")), upload{archive: archive}), 201)
	})
	s.hold("members are listed", "One scope and its members", func(c *check) {
		var list api.Scope
		c.read(c.ok(c.get(s.urls.Scope(scope)), 200), &list)
		c.equal("number of members", len(list.Members), 2)
	})
	s.hold("members do not manage", "Needs a token with scope `admin` that is good for all packages of the scope, and the role `owner`", func(c *check) {
		c.problem(c.asOther("PUT", s.urls.Member(scope, c.login(s.options.Token)), api.NewMember{Role: "member"}), api.NotOwner)
		c.problem(c.put(s.urls.Member(scope, "nobody-"+s.run), api.NewMember{Role: "member"}), api.UserNotFound)
		c.problem(c.put(s.urls.Member(scope, member), map[string]string{"role": "king"}), api.ValidationFailed)
	})
	s.hold("last owner", "The last owner cannot leave: 409 `last_owner`.", func(c *check) {
		c.problem(c.del(s.urls.Member(scope, c.login(s.options.Token))), api.LastOwner)
	})
	s.hold("leave", "Where there is nothing to end, nothing changes.", func(c *check) {
		c.ok(c.asOther("DELETE", s.urls.Member(scope, member), nil), 204)
		c.ok(c.del(s.urls.Member(scope, member)), 204)
		archive := draft{name: "@" + scope + "/by-member", version: "2.0.0"}.pack()
		c.problem(c.uploadAs(s.options.OtherToken, s.urls.Publish(mustPackage("@"+scope+"/by-member")), upload{archive: archive}), api.NotOwner)
	})
}

func transferGroup(s *session) {
	var r release
	var to string
	offer := func(c *check) *answer { return c.post(s.urls.Transfer(r.ref.Package), api.NewTransfer{To: to}) }
	s.hold("offer", "The receiver becomes the one owner by accepting; until then nothing changes.", func(c *check) {
		r = c.publish(draft{name: "@" + c.claimed("transfer") + "/gift", version: "1.0.0"})
		to = c.login(s.options.OtherToken)
		s.later("the transfer of "+r.ref.Package.String(), func(c *check) {
			c.ok(c.post(s.urls.TransferCancel(r.ref.Package), nil), 200, 403, 404) // 403: it was accepted
		})
		var transfer api.Transfer
		c.logged(r.ref, "", func() { c.read(c.ok(offer(c), 202), &transfer) })
		c.equal("status", transfer.Status, api.Pending)
		c.equal("to", transfer.To, to)
		if transfer.ExpiresAt.Sub(transfer.CreatedAt.Time) != 14*24*time.Hour {
			c.failf("the transfer is %+v", transfer)
		}
	})
	s.hold("offer again", "There is one at a time: the same again is answered 200 and changes nothing", func(c *check) { c.ok(offer(c), 200) })
	s.hold("to nobody and to oneself", "Needs a token with scope `admin` that is good for the package, and the right to give the package away", func(c *check) {
		url := s.urls.Transfer(r.ref.Package)
		c.problem(c.post(url, api.NewTransfer{To: "nobody-" + s.run}), api.UserNotFound)
		c.problem(c.post(url, api.NewTransfer{To: c.login(s.options.Token)}), api.ValidationFailed)
		c.problem(c.asOther("POST", url, api.NewTransfer{To: to}), api.NotOwner)
		c.problem(c.send("POST", url, c.newToken(wish(api.Publish)).Secret, api.NewTransfer{To: to}), api.InsufficientScope)
	})
	s.hold("both parties see it", "For its two parties, with any token", func(c *check) {
		for _, token := range []string{s.options.Token, s.options.OtherToken} {
			var transfer api.Transfer
			c.read(c.ok(c.send("GET", s.urls.Transfer(r.ref.Package), token, nil), 200), &transfer)
			c.equal("package", transfer.Package, r.ref.Package)
		}
	})
	s.hold("decline and cancel", "A transfer that was declined or cancelled, or whose giver lost the right: 404 `transfer_not_found`.", func(c *check) {
		c.ok(c.asOther("POST", s.urls.TransferDecline(r.ref.Package), nil), 200)
		c.problem(c.asOther("POST", s.urls.TransferAccept(r.ref.Package), nil), api.TransferNotFound)
		c.ok(offer(c), 202)
		c.problem(c.asOther("POST", s.urls.TransferCancel(r.ref.Package), nil), api.NotOwner)
		c.ok(c.post(s.urls.TransferCancel(r.ref.Package), nil), 200)
		c.problem(c.asOther("POST", s.urls.TransferAccept(r.ref.Package), nil), api.TransferNotFound)
	})
	s.hold("accept", "the package belongs to the receiver alone, tokens of others that are for this package and nothing else end, `ownership_changed_at` is set, and the log gets an entry.", func(c *check) {
		old := c.newToken(wish(api.Publish, r.ref.Package.String())).Secret
		c.ok(offer(c), 202)
		c.problem(c.post(s.urls.TransferAccept(r.ref.Package), nil), api.NotOwner)
		c.logged(r.ref, translog.KindTransfer, func() { c.ok(c.asOther("POST", s.urls.TransferAccept(r.ref.Package), nil), 200) })
		c.logged(r.ref, "", func() { c.ok(c.asOther("POST", s.urls.TransferAccept(r.ref.Package), nil), 200) })
		c.problem(c.send("GET", s.urls.Me(), old, nil), api.TokenInvalid)
		if _, list := c.says(r.ref); list.OwnershipChangedAt == nil {
			c.failf("ownership_changed_at is null")
		}
	})
	s.hold("the giver is out", "Members of the scope can no longer publish it; its name stays.", func(c *check) {
		archive := draft{name: r.ref.Package.String(), version: "2.0.0"}.pack()
		c.problem(c.upload(s.urls.Publish(r.ref.Package), archive), api.NotOwner)
		c.problem(c.post(s.urls.Yank(r.ref), nil), api.NotOwner)
		c.ok(c.uploadAs(s.options.OtherToken, s.urls.Publish(r.ref.Package), upload{archive: archive}), 201)
		c.ok(c.asOther("POST", s.urls.Yank(r.ref), nil), 200)
		c.ok(c.asOther("POST", s.urls.Yank(mustRef(r.ref.Package.String()+"@2.0.0")), nil), 200)
	})
}

func usersGroup(s *session) {
	s.hold("make an account", "The account gets a first token with scope `admin`, for all packages and 90 days; its secret is in this reply and nowhere else.", func(c *check) {
		login := "conf-" + s.run
		c.problem(c.accountMade(c.post(s.urls.Users(), api.NewUser{Login: login})), api.NotOwner)
		var created api.CreatedUser
		c.read(c.ok(c.accountMade(c.send("POST", s.urls.Users(), s.options.OperatorToken, api.NewUser{Login: login})), 201), &created)
		c.equal("login", created.User.Login, login)
		c.equal("login of the token", c.login(created.Token.Secret), login)
		c.problem(c.accountMade(c.send("POST", s.urls.Users(), s.options.OperatorToken, api.NewUser{Login: login})), api.ValidationFailed)
	})
}
