// Package spectest holds every HTTP exchange of a test against
// spec/openapi.yaml, so that spec, server and client cannot drift apart.
//
// A Validator stands in front of a handler (Middleware) or behind a client
// (Transport) and fails its test when
//
//   - a reply has a status, a header, a media type, a member or a code that the
//     spec does not give to that operation, or lacks one that it requires;
//   - a request that the spec does not allow gets any answer but a 4xx (or 503);
//   - an address without an operation gets any answer but the problem 404, and a
//     method without one any but the problem 405 with Allow;
//   - a reply under /v1 or /log does not say how the caller's rate limit stands, or
//     another one does. There a 429 may also be the answer to what is not there.
//
// HEAD is held to what the spec says of GET. A reply may not have members that
// the spec does not name, although readers ignore such members: the validator
// closes every schema. Bodies without a schema (archives, tiles) pass through
// unread; of others at most 16 MiB are kept, and a longer one, or one that was
// not read to its end, is held to its headers alone.
//
// What has been seen is recorded as pairs of operation and status; Coverage gathers
// them for all tests of a package, which fail when the spec lists one that none has seen.
package spectest

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
)

// keep is how much of a body is kept for checking, in bytes.
const keep = 16 << 20

// Exchange is a pair of the spec that a test has seen.
type Exchange struct {
	Operation string // the operationId
	Status    int
}

// Validator checks exchanges for one test. It may be used by several goroutines.
type Validator struct {
	t   testing.TB
	doc *document

	mu   sync.Mutex
	over bool // the test has ended: nothing can be reported any more
	seen map[Exchange]bool
}

// New makes a Validator that reports to t. Call it before the server under
// test is started, so that it outlives the server.
func New(t testing.TB) *Validator {
	t.Helper()
	doc, err := load()
	if err != nil {
		t.Fatal(err)
	}
	v := &Validator{t: t, doc: doc, seen: map[Exchange]bool{}}
	t.Cleanup(func() {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.over = true
	})
	return v
}

// Seen lists what was exchanged so far, sorted.
func (v *Validator) Seen() []Exchange {
	v.mu.Lock()
	defer v.mu.Unlock()
	var list []Exchange
	for e := range v.seen {
		list = append(list, e)
	}
	slices.SortFunc(list, compareExchanges)
	return list
}

// settle judges a finished exchange and reports what is wrong with it.
func (v *Validator) settle(x *exchange) {
	faults := x.judge(v.doc)
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.over {
		return
	}
	if x.operation != nil && x.request.Method != http.MethodHead { // whose body nobody has judged
		v.seen[Exchange{x.operation.id, x.status}] = true
	}
	if len(faults) > 0 {
		v.t.Errorf("%s, answered %d, is not what spec/openapi.yaml says:\n  %s", x.name(), x.status, strings.Join(faults, "\n  "))
	}
}

// exchange is one request and the reply to it, as far as they are known.
type exchange struct {
	request   *http.Request // its Body is watched
	operation *operation    // nil: the spec has none
	known     bool          // the spec has the address, if not the method
	path      map[string]string
	sent      *capture // the request's body

	status int
	header http.Header // as it was when the status was sent
	body   *capture
}

// open looks the request up and puts a watch on its body.
func (v *Validator) open(r *http.Request) *exchange {
	x := &exchange{request: r.WithContext(r.Context()), sent: &capture{keep: true}, body: &capture{}}
	x.operation, x.path, x.known = v.doc.find(r.Method, r.URL)
	if r.Body == nil || r.Body == http.NoBody {
		x.sent.whole = true
		return x
	}
	x.request.Body = x.sent.watch(r.Body)
	if again := r.GetBody; again != nil {
		x.request.GetBody = func() (body io.ReadCloser, err error) {
			if body, err = again(); err != nil {
				return nil, err
			}
			*x.sent = capture{keep: true}
			return x.sent.watch(body), nil
		}
	}
	return x
}

// begin notes the head of the reply. Its body is kept only when it has a schema.
func (x *exchange) begin(doc *document, status int, header http.Header) {
	x.status, x.header = status, header.Clone()
	media := doc.reply(x).media(header.Get("Content-Type"))
	x.body.keep = media != nil && media.schema != nil
}

// name tells the exchange from others in a report.
func (x *exchange) name() string {
	operation := "no operation"
	if x.operation != nil {
		operation = x.operation.id
	}
	return fmt.Sprintf("%s %s (%s)", x.request.Method, x.request.URL.RequestURI(), operation)
}

// judge lists everything that the spec has against the exchange.
func (x *exchange) judge(doc *document) []string {
	reply := doc.reply(x)
	if reply == nil {
		return []string{x.surprise()}
	}
	faults := reply.check(x)
	if x.operation == nil || x.status >= 400 && x.status < 500 || x.status == http.StatusServiceUnavailable {
		return faults
	}
	for _, fault := range x.operation.checkRequest(x) {
		faults = append(faults, "the request should have been refused: "+fault)
	}
	return faults
}

// surprise says why the status is not among those that may come.
func (x *exchange) surprise() string {
	switch {
	case x.operation != nil:
		return fmt.Sprintf("status %d is not listed, only %v", x.status, x.operation.statuses())
	case x.known:
		return fmt.Sprintf("the address does not take %s: the answer is 405", x.request.Method)
	default:
		return "there is nothing at the address: the answer is 404"
	}
}
