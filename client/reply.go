package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"reflect"
	"strconv"
	"time"

	"github.com/ori-lang/registry/api"
)

// Sizes of replies, in bytes; what is longer is refused.
const (
	maxProblem  = 256 << 10
	maxReply    = 1 << 20
	maxVersions = 32 << 20 // grows with the package
)

// getBytes reads a document of at most limit bytes, of those that are counted
// with what never changes: of a version, or of the log.
func (c *Client) getBytes(ctx context.Context, url, accept string, limit int64) (data []byte, err error) {
	r := request{method: http.MethodGet, url: url, accept: accept, immutable: true}
	err = c.do(ctx, r, func(resp *http.Response) error {
		data, err = readAll(resp.Body, url, limit)
		return err
	})
	return data, err
}

func decode(resp *http.Response, url string, limit int64, into any) error {
	data, err := readAll(resp.Body, url, limit)
	if err != nil {
		return err
	}
	return understand(data, url, into, func() error { return nil })
}

// understand reads a document into into, and has check say whether it is the one
// that was asked for.
func understand(data []byte, url string, into any, check func() error) error {
	reflect.ValueOf(into).Elem().SetZero()
	if isCrowded(data) {
		return &ReplyError{URL: url, Reason: "the answer holds more than any that the protocol has"}
	}
	if err := json.Unmarshal(data, into); err != nil {
		return &ReplyError{
			URL: url, Reason: "the answer is not the JSON of the protocol: " + Printable(err.Error()),
			Hint: "is this the address of an Ori registry?", foreign: true,
		}
	}
	return check()
}

// isCrowded reports whether a document has more objects, or more values, than can
// be meant: an object that takes two bytes in a text takes hundreds in memory.
func isCrowded(data []byte) bool {
	const maxObjects, maxValues = 200_000, 2_000_000
	objects, values := 0, 0
	for i, inText := 0, false; i < len(data); i++ {
		switch c := data[i]; {
		case inText && c == '\\':
			i++
		case c == '"':
			inText = !inText
		case inText:
		case c == '{':
			objects++
			values++
		case c == '[', c == ',':
			values++
		}
	}
	return objects > maxObjects || values > maxValues
}

func readAll(body io.Reader, url string, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(body, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, &ReplyError{URL: url, Reason: fmt.Sprintf("the answer is longer than %d bytes", limit)}
	}
	return data, nil
}

// statusCode begins the code of an answer that is no problem document.
const statusCode = "http_"

// problemOf makes an error of a reply of status 4xx or 5xx. A reply that is no
// problem document becomes one with the code "http_<status>".
func problemOf(resp *http.Response, now time.Time) error {
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxProblem))
	if err != nil {
		return err
	}
	problem := &api.Problem{}
	media, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if media != "application/problem+json" || json.Unmarshal(data, problem) != nil || problem.Code == "" {
		problem = &api.Problem{
			Code:   api.Code(statusCode + strconv.Itoa(resp.StatusCode)),
			Title:  "HTTP " + resp.Status,
			Detail: "what answers at " + originOf(resp.Request.URL) + " is no Ori registry, or stands in front of one",
		}
	}
	problem.Status = resp.StatusCode
	if after := retryAfter(resp.Header.Get("Retry-After"), now); after > 0 {
		problem.RetryAfter = after
	}
	cleanProblem(problem)
	return problem
}

// retryAfter reads the header's two forms; 0 when there is none to go by. The
// seconds are cut to a day: more would overflow when it is counted with.
func retryAfter(header string, now time.Time) int {
	const day = 24 * 60 * 60
	seconds, err := strconv.Atoi(header) // the nearest number when it is out of range
	if errors.Is(err, strconv.ErrSyntax) {
		at, err := http.ParseTime(header)
		if err != nil {
			return 0
		}
		seconds = int(at.Sub(now).Seconds())
	}
	return max(0, min(seconds, day))
}

// cleanProblem makes every text of p fit to be shown.
func cleanProblem(p *api.Problem) {
	const maxFaults = 1000
	for _, s := range []*string{&p.Type, (*string)(&p.Code), &p.Title, &p.Detail, &p.RequestID, &p.Hint, &p.RequiredScope} {
		*s = Printable(*s)
	}
	p.RetryAfter = max(0, min(p.RetryAfter, 24*60*60))
	p.Errors = p.Errors[:min(len(p.Errors), maxFaults)]
	for i := range p.Errors {
		f := &p.Errors[i]
		for _, s := range []*string{&f.Path, &f.Pointer, &f.Code, &f.Detail} {
			*s = Printable(*s)
		}
	}
}
