package httpapi_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ori-lang/registry/api"
)

func (s *site) changes(address string) (words string, next string) {
	s.t.Helper()
	var reply api.Changes
	a := s.want(s.get(strings.TrimPrefix(address, s.base)), 200, "")
	a.json(s.t, &reply)
	if a.Header.Get("Cache-Control") != "no-store" || reply.Changes == nil {
		s.t.Errorf("%s: %v %s", address, a.Header, a.body)
	}
	for _, c := range reply.Changes {
		words += fmt.Sprintf("%d:%s ", c.Seq, c.Kind)
	}
	return words, reply.Next
}

func TestChanges(t *testing.T) {
	s, _ := settled(t)
	for query, want := range map[string]string{
		"": "0:open 1:scope-claim 2:publish ", "?limit=1": "0:open ", "?after=0": "1:scope-claim 2:publish ", "?after=1&limit=1000": "2:publish ",
		"?after=2": "", "?after=2&wait=0": "", "?after=1&wait=25": "2:publish ", "?after=9007199254740992": "",
	} {
		if got, _ := s.changes("/v1/changes" + query); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	var all string
	next := "/v1/changes?limit=2&x=y"
	for range 3 {
		var words string
		words, next = s.changes(next)
		all += words
	}
	if all != "0:open 1:scope-claim 2:publish " || next != s.base+"/v1/changes?after=2&limit=2&x=y" {
		t.Errorf("followed: %s, and then %s", all, next)
	}
	for _, query := range []string{
		"after=-1", "after=x", "after=", "after=01", "after=9007199254740993", "after=1&after=1", "after=1.0", "limit=0", "limit=1001", "wait=26", "wait=-1", "wait=1s",
	} {
		s.want(s.get("/v1/changes?"+query), 400, api.InvalidRequest)
	}
}

// Who waits is told of a change as it happens.
func TestChangesComeAtOnce(t *testing.T) {
	s, _ := settled(t)
	told := make(chan string)
	go func() {
		words, next := s.changes("/v1/changes?after=2&wait=25")
		told <- words + next
	}()
	began := time.Now()
	s.claim("corp")
	if got := <-told; got != "3:scope-claim "+s.base+"/v1/changes?after=3&wait=25" || time.Since(began) > 20*time.Second {
		t.Errorf("after %v: %s", time.Since(began), got)
	}
}
