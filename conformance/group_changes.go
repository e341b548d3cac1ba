package conformance

import (
	"context"
	"encoding/xml"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/ori-lang/registry/api"
)

func (c *check) changes(query string) (reply api.Changes) {
	c.read(c.ok(c.get(c.s.urls.Changes()+query), 200), &reply)
	return reply
}

// meanwhile acts while a call waits for its reply, and gives that. The call is cut
// off when the assertion ends before.
func (c *check) meanwhile(call request, act func()) (a *answer) {
	ctx, cancel := context.WithCancel(c.s.ctx)
	var err error
	var waiting sync.WaitGroup
	waiting.Go(func() { a, err = c.s.exchange(ctx, call) })
	defer waiting.Wait()
	defer cancel()
	act()
	waiting.Wait()
	c.must(err)
	return a
}

func changesGroup(s *session) {
	s.hold("entry by entry", "There is one record for each entry of the log, in its order and without gaps; `seq` is the entry's index.", func(c *check) {
		r := c.common()
		after := max(0, r.receipt.LogIndex-3)
		reply := c.changes(fmt.Sprintf("?after=%d&limit=3", after))
		entries := c.entries(after+1, c.logSize())
		if n := len(reply.Changes); n == 0 || n > min(3, len(entries)) {
			c.fatalf("there are %d changes, of %d entries and at most 3", n, len(entries))
		}
		for i, change := range reply.Changes {
			e := entries[i]
			if change.Seq != after+1+int64(i) || change.Kind != string(e.Kind) || !change.At.Equal(e.Time) {
				c.failf("the record %d is %+v, the entry is %+v", i, change, e)
			}
			if (change.Package != nil) != (e.Package.Name() != "") || change.Package != nil && *change.Package != e.Package {
				c.failf("the record %d is about %v, the entry about %s", i, change.Package, e.Package)
			}
		}
	})
	s.hold("from the start", "The index of the last entry that the caller knows; absent, from the first entry on.", func(c *check) {
		reply := c.changes("?limit=1")
		if len(reply.Changes) != 1 || reply.Changes[0].Seq != 0 || reply.Changes[0].Kind != "open" {
			c.failf("the first change is %+v", reply.Changes)
		}
	})
	s.hold("followed", "`next` is always there: the feed has no end.", func(c *check) {
		first := c.changes("?limit=1")
		var second api.Changes
		c.read(c.ok(c.get(first.Next), 200), &second)
		if len(second.Changes) == 0 || second.Changes[0].Seq != 1 {
			c.failf("what follows is %+v", second.Changes)
		}
	})
	s.hold("waiting", "with `wait` the next call is answered when something happens", func(c *check) {
		r := c.common()
		size := c.logSize()
		began := time.Now()
		told := c.meanwhile(request{method: "GET", url: fmt.Sprintf("%s?after=%d&wait=20", s.urls.Changes(), size-1), token: s.reader()}, func() {
			c.ok(c.post(s.urls.Yank(r.ref), nil), 200)
			c.ok(c.post(s.urls.Unyank(r.ref), nil), 200)
		})
		var reply api.Changes
		c.read(c.ok(told, 200), &reply)
		if len(reply.Changes) == 0 || time.Since(began) > 15*time.Second {
			c.failf("after %v the reply is %+v", time.Since(began), reply)
		}
	})
	s.hold("waiting in vain", "and with no changes when nothing did.", func(c *check) {
		const wait = time.Second
		began := time.Now()
		reply := c.changes(fmt.Sprintf("?after=%d&wait=%d", c.logSize()+1_000_000, wait/time.Second)) // whoever else writes now
		if len(reply.Changes) != 0 || time.Since(began) < wait {
			c.failf("after %v the reply is %+v", time.Since(began), reply)
		}
	})
	s.hold("bad places", "How many records the reply has at most.", func(c *check) {
		for _, query := range []string{"?after=-1", "?after=x", "?limit=0", "?limit=1001", "?wait=26", "?wait=soon"} {
			c.problem(c.get(s.urls.Changes()+query), api.InvalidRequest)
		}
	})
	s.hold("feeds", "What happens here, for mirrors and for readers of feeds.", func(c *check) {
		r := c.common()
		for _, url := range []string{s.urls.Feed(), s.urls.PackageFeed(r.ref.Package)} {
			a := c.ok(c.get(url), 200)
			var feed struct {
				XMLName xml.Name
				ID      string `xml:"id"`
				Updated string `xml:"updated"`
				Entries []struct {
					ID string `xml:"id"`
				} `xml:"entry"`
			}
			c.must(xml.Unmarshal(a.body, &feed))
			if feed.XMLName.Space != "http://www.w3.org/2005/Atom" || feed.ID == "" || feed.Updated == "" || len(feed.Entries) == 0 || !strings.HasPrefix(a.header.Get("Content-Type"), "application/atom+xml") {
				c.failf("%s is no feed: %+v", a.what, feed)
			}
		}
	})
}
