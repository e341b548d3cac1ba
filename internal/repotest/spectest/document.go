package spectest

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/spec"
)

// load reads the embedded spec once in a process; the result never changes.
var load = sync.OnceValues(func() (*document, error) { return newDocument(spec.OpenAPI) })

// document is the spec made ready for checking: paths to match, schemas compiled.
type document struct {
	paths     []*path
	notFound  *reply // to an address without an operation
	notMethod *reply // to a method without one
	tooMany   *reply // to either, where calls count
}

// path is an address of the spec and its operations by method.
type path struct {
	segments   []string // "{name}" stands for any
	rest       bool     // the last segment stands for all that follow
	operations map[string]*operation
}

// operation is one method of one address.
type operation struct {
	id         string
	parameters []parameter
	needsToken bool
	body       *openapi3.RequestBody
	media      mediaTypes // of the request
	replies    map[int]*reply
}

func (o *operation) statuses() []int { return slices.Sorted(maps.Keys(o.replies)) }

// newDocument reads, validates and compiles an OpenAPI text.
func newDocument(text []byte) (*document, error) {
	doc, err := Parse(text)
	if err != nil {
		return nil, err
	}
	c, err := newCompiler(doc)
	if err != nil {
		return nil, err
	}
	d := &document{}
	if d.notFound, err = c.unrouted(doc, "NotFound", api.NotFound); err != nil {
		return nil, err
	}
	if d.notMethod, err = c.unrouted(doc, "MethodNotAllowed", api.MethodNotAllowed); err != nil {
		return nil, err
	}
	if d.tooMany, err = c.unrouted(doc, "TooManyRequests", api.RateLimited); err != nil {
		return nil, err
	}
	for _, template := range doc.Paths.InMatchingOrder() {
		p, err := c.path(doc, template)
		if err != nil {
			return nil, fmt.Errorf("reading %s of the spec: %w", template, err)
		}
		d.paths = append(d.paths, p)
	}
	return d, nil
}

// Parse reads an OpenAPI text and validates it, its examples included.
func Parse(text []byte) (*openapi3.T, error) {
	loader := openapi3.NewLoader()
	doc, err := loader.LoadFromData(text)
	if err != nil {
		return nil, fmt.Errorf("reading the spec: %w", err)
	}
	if err := doc.Validate(loader.Context); err != nil {
		return nil, fmt.Errorf("validating the spec: %w", err)
	}
	return doc, nil
}

func (c *compiler) unrouted(doc *openapi3.T, name string, code api.Code) (*reply, error) {
	ref := doc.Components.Responses[name]
	if ref == nil {
		return nil, fmt.Errorf("the spec has no components.responses.%s", name)
	}
	return c.reply(ref.Value, map[api.Code]bool{code: true})
}

func (c *compiler) path(doc *openapi3.T, template string) (*path, error) {
	item := doc.Paths.Value(template)
	p := &path{segments: strings.Split(template[1:], "/"), operations: map[string]*operation{}}
	for method, op := range item.Operations() {
		o, err := c.operation(doc, item, op)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", method, err)
		}
		p.rest = p.rest || slices.ContainsFunc(o.parameters, func(p parameter) bool { return p.rest })
		p.operations[method] = o
	}
	return p, nil
}

func (c *compiler) operation(doc *openapi3.T, item *openapi3.PathItem, op *openapi3.Operation) (o *operation, err error) {
	o = &operation{id: op.OperationID, replies: map[int]*reply{}, needsToken: needsToken(doc, op)}
	if o.parameters, err = c.parameters(slices.Concat(item.Parameters, op.Parameters)); err != nil {
		return nil, err
	}
	if op.RequestBody != nil {
		o.body = op.RequestBody.Value
		if o.media, err = c.mediaTypes(o.body.Content, asRequest); err != nil {
			return nil, err
		}
	}
	codes := Codes(op)
	for text, ref := range op.Responses.Map() {
		status, err := strconv.Atoi(text)
		if err != nil {
			return nil, fmt.Errorf("the reply %q is no status", text)
		}
		if o.replies[status], err = c.reply(ref.Value, codes); err != nil {
			return nil, fmt.Errorf("reply %d: %w", status, err)
		}
	}
	return o, nil
}

// Codes gives the x-codes of an operation: every code that it can answer.
func Codes(op *openapi3.Operation) map[api.Code]bool {
	codes := map[api.Code]bool{}
	list, _ := op.Extensions["x-codes"].([]any)
	for _, code := range list {
		codes[api.Code(fmt.Sprint(code))] = true
	}
	return codes
}

// needsToken reports whether no alternative of the operation's security is open.
func needsToken(doc *openapi3.T, op *openapi3.Operation) bool {
	security := doc.Security
	if op.Security != nil {
		security = *op.Security
	}
	open := func(s openapi3.SecurityRequirement) bool { return len(s) == 0 }
	return len(security) > 0 && !slices.ContainsFunc(security, open)
}

// find gives the operation of a request and its path parameters, and whether
// the spec has the address at all.
func (d *document) find(method string, u *url.URL) (o *operation, values map[string]string, known bool) {
	segments, clean := split(u)
	if !clean {
		return nil, nil, false
	}
	if method == http.MethodHead {
		method = http.MethodGet
	}
	for _, p := range d.paths {
		if values, ok := p.match(segments); ok {
			return p.operations[method], values, true
		}
	}
	return nil, nil, false
}

// reply gives what the spec says of the exchange's status; nil: nothing.
func (d *document) reply(x *exchange) *reply {
	switch {
	case x.operation != nil:
		return x.operation.replies[x.status]
	case x.status == http.StatusTooManyRequests && IsCounted(x.request.URL.Path):
		return d.tooMany
	case x.known && x.status == http.StatusMethodNotAllowed:
		return d.notMethod
	case !x.known && x.status == http.StatusNotFound:
		return d.notFound
	}
	return nil
}

// split gives the unescaped segments of a path, unless two readers could
// understand it differently.
func split(u *url.URL) (segments []string, clean bool) {
	if !strings.HasPrefix(u.Path, "/") {
		return nil, false
	}
	for segment := range strings.SplitSeq(u.EscapedPath()[1:], "/") {
		text, err := url.PathUnescape(segment)
		if err != nil || text == "." || text == ".." || strings.ContainsAny(text, "/\\") {
			return nil, false
		}
		segments = append(segments, text)
	}
	return segments, !slices.Contains(segments[:len(segments)-1], "")
}

// match compares segment by segment; a parameter is never empty.
func (p *path) match(segments []string) (values map[string]string, ok bool) {
	last := len(p.segments) - 1
	if len(segments) < len(p.segments) || len(segments) > len(p.segments) && !p.rest {
		return nil, false
	}
	values = map[string]string{}
	for i, want := range p.segments {
		have := segments[i]
		if i == last && p.rest {
			have = strings.Join(segments[i:], "/")
		}
		name, isParameter := strings.CutPrefix(want, "{")
		switch {
		case !isParameter && want != have, isParameter && have == "":
			return nil, false
		case isParameter:
			values[strings.TrimSuffix(name, "}")] = have
		}
	}
	return values, true
}
