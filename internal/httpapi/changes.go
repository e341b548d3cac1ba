package httpapi

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/ori-lang/registry/api"
)

// replyTime is how long sending a reply may take once its call has waited.
const replyTime = 30 * time.Second

func (s *service) changes(c *call, r *http.Request) error {
	after, err := queryNumber(r, "after", -1, 0, 1<<53)
	if err != nil {
		return err
	}
	limit, err := queryLimit(r, api.MaxChanges, api.MaxChanges)
	if err != nil {
		return err
	}
	wait, err := queryNumber(r, "wait", 0, 0, api.MaxChangesWait)
	if err != nil {
		return err
	}
	patience := time.Duration(wait) * time.Second
	c.allow(patience)
	changes, err := s.reg.Changes(r.Context(), after, limit, patience)
	if err != nil {
		return err
	}
	if len(changes) > 0 {
		after = changes[len(changes)-1].Seq
	}
	return s.json(c, r, http.StatusOK, api.Changes{Changes: changes, Next: s.goingOn(r, after)})
}

// goingOn gives the address of the changes behind the index, asked for as before.
func (s *service) goingOn(r *http.Request, after int64) string {
	query, _ := url.ParseQuery(r.URL.RawQuery) // was read before
	query.Set("after", strconv.FormatInt(after, 10))
	return s.urls.Changes() + "?" + query.Encode()
}

// allow gives a call that waits the time to do so: the server's own deadline for
// the reply is for calls that do not.
func (c *call) allow(patience time.Duration) {
	if patience > 0 {
		_ = http.NewResponseController(c.ResponseWriter).SetWriteDeadline(time.Now().Add(patience + replyTime)) // a test's recorder has no connection
	}
}
