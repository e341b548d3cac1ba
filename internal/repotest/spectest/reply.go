package spectest

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/ori-lang/registry/api"
)

// reply is what the spec says of one status of one operation.
type reply struct {
	headers map[string]header // by canonical name
	content mediaTypes
	codes   map[api.Code]bool // that the operation can answer
}

type header struct {
	*openapi3.Header
	schema *jsonschema.Schema
}

func (c *compiler) reply(response *openapi3.Response, codes map[api.Code]bool) (r *reply, err error) {
	r = &reply{headers: map[string]header{}, codes: codes}
	if r.content, err = c.mediaTypes(response.Content, asReply); err != nil {
		return nil, err
	}
	for name, ref := range response.Headers {
		h := header{Header: ref.Value}
		if h.schema, err = c.compile(h.Schema, asReply); err != nil {
			return nil, fmt.Errorf("header %s: %w", name, err)
		}
		r.headers[http.CanonicalHeaderKey(name)] = h
	}
	return r, nil
}

// media gives the media type of the reply; nil: it is none that is listed.
func (r *reply) media(contentType string) *mediaType {
	if r == nil {
		return nil
	}
	return r.content.find(contentType)
}

// check lists what is wrong with the reply.
func (r *reply) check(x *exchange) []string {
	faults := r.checkHeaders(x.header)
	faults = append(faults, checkRate(x)...)
	return append(faults, r.checkBody(x)...)
}

// RateHeaders say how the caller stands.
func RateHeaders() []string {
	return []string{"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"}
}

// IsCounted reports whether calls of a path count for the rate limits.
func IsCounted(path string) bool {
	return path == "/v1" || path == "/log" || strings.HasPrefix(path, "/v1/") || strings.HasPrefix(path, "/log/")
}

// checkRate holds a reply to what the spec says in words: where calls are
// counted each reply says how the caller stands, elsewhere only a 429 does.
func checkRate(x *exchange) (faults []string) {
	counted := IsCounted(x.request.URL.Path)
	for _, name := range RateHeaders() {
		switch has := x.header.Get(name) != ""; {
		case counted && !has:
			faults = append(faults, fmt.Sprintf("the header %s is missing: the call counts", name))
		case !counted && has && x.status != http.StatusTooManyRequests:
			faults = append(faults, fmt.Sprintf("the header %s is there: the call does not count", name))
		}
	}
	return faults
}

func (r *reply) checkHeaders(got http.Header) (faults []string) {
	for _, name := range slices.Sorted(maps.Keys(r.headers)) {
		want, value := r.headers[name], strings.Join(got[name], ", ")
		switch _, ok := got[name]; {
		case !ok && want.Required:
			faults = append(faults, fmt.Sprintf("the header %s is missing", name))
		case ok:
			if err := want.schema.Validate(typed(value, want.Header.Schema)); err != nil {
				faults = append(faults, fmt.Sprintf("the header %s is %q: %s", name, value, explain(err)))
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if _, ok := r.headers[name]; !ok && !isOfHTTP(name) {
			faults = append(faults, fmt.Sprintf("the header %s is not listed", name))
		}
	}
	return faults
}

// isOfHTTP reports whether a header belongs to HTTP itself: OpenAPI does not
// list Content-Type, and net/http sets the others.
func isOfHTTP(name string) bool {
	switch name {
	case "Content-Type", "Content-Length", "Date", "Connection", "Transfer-Encoding", "Keep-Alive":
		return true
	}
	return false
}

func (r *reply) checkBody(x *exchange) []string {
	contentType := x.header.Get("Content-Type")
	media := r.media(contentType)
	switch {
	case len(r.content) == 0 && x.body.size > 0:
		return []string{"it has a body"}
	case len(r.content) == 0:
		return nil
	case media == nil:
		return []string{fmt.Sprintf("its media type is %q", contentType)}
	case media.schema == nil || isBodiless(x) || !x.body.complete():
		return nil
	}
	data, err := plain(x)
	if err != nil {
		return []string{fmt.Sprintf("its body cannot be read: %v", err)}
	}
	value, err := readBody(contentType, data)
	if err == nil {
		err = media.schema.Validate(value)
	}
	if err != nil {
		return []string{fmt.Sprintf("its body: %s\n  %.2000s", explain(err), data)}
	}
	if media.name == "application/problem+json" {
		return r.checkProblem(x, value.(map[string]any))
	}
	return nil
}

// plain gives the body without its Content-Encoding.
func plain(x *exchange) ([]byte, error) {
	if x.header.Get("Content-Encoding") != "gzip" {
		return x.body.data.Bytes(), nil
	}
	unzipped, err := gzip.NewReader(bytes.NewReader(x.body.data.Bytes()))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(unzipped, keep))
}

// checkProblem holds a problem to the table of codes and to its own reply.
func (r *reply) checkProblem(x *exchange, problem map[string]any) (faults []string) {
	code := api.Code(fmt.Sprint(problem["code"]))
	if !r.codes[code] {
		faults = append(faults, fmt.Sprintf("the code %s is not among its x-codes", code))
	}
	for _, member := range []struct {
		name      string
		got, want any
	}{
		{"the HTTP status", x.status, code.Info().Status},
		{"status", problem["status"], x.status},
		{"title", problem["title"], code.Info().Title},
		{"request_id", problem["request_id"], x.header.Get("X-Request-Id")},
	} {
		if fmt.Sprint(member.got) != fmt.Sprint(member.want) {
			faults = append(faults, fmt.Sprintf("%s of %s is %v, not %v", member.name, code, member.got, member.want))
		}
	}
	if !strings.HasSuffix(fmt.Sprint(problem["type"]), "/problems/"+string(code)) {
		faults = append(faults, fmt.Sprintf("type is %v, which is not the page of %s", problem["type"], code))
	}
	return faults
}
