package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/ori-lang/registry/api"
)

// Changes asks what has changed behind the entry with the index after of the
// log; -1: from the first one on. Where nothing has, the registry waits so long
// for something to happen, at most 25 seconds. There is a record for every entry;
// at most 1,000 come at once, and a call with the last one's Seq goes on.
func (c *Client) Changes(ctx context.Context, after int64, wait time.Duration) ([]api.Change, error) {
	const most = api.MaxChangesWait * time.Second
	wait = min(max(wait, 0), most).Truncate(time.Second)
	query := url.Values{"wait": {orNone(int(wait / time.Second))}, "after": {""}}
	if after >= 0 {
		query.Set("after", strconv.FormatInt(after, 10))
	}
	r := request{method: http.MethodGet, url: asking(c.urls.Changes(), query), accept: "application/json", patience: wait}
	var page api.Changes
	err := c.do(ctx, r, func(resp *http.Response) error {
		if err := decode(resp, r.url, maxReply, &page); err != nil {
			return err
		}
		return checkChanges(r.url, page.Changes, max(after, -1))
	})
	if err != nil {
		return nil, err
	}
	return page.Changes, nil
}

// checkChanges refuses a list with a gap: whoever follows it would miss something.
func checkChanges(address string, changes []api.Change, after int64) error {
	if changes == nil {
		return &ReplyError{URL: address, Reason: "the answer lists no changes", foreign: true}
	}
	if len(changes) > api.MaxChanges {
		return &ReplyError{URL: address, Reason: "the answer lists more changes than one may"}
	}
	for _, change := range changes {
		if after++; change.Seq != after {
			return &ReplyError{
				URL:    address,
				Reason: "the answer has entry " + strconv.FormatInt(change.Seq, 10) + " of the log where number " + strconv.FormatInt(after, 10) + " follows",
			}
		}
	}
	return nil
}
