package httpapi_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/ori-lang/registry/internal/repotest/sample"
	"github.com/ori-lang/registry/internal/repotest/spectest"
	"github.com/ori-lang/registry/spec"
)

// TestExamplesOfTheSpecRun sends each operation of the spec as its examples show
// it, to a registry in which what they speak of is there: it succeeds.
func TestExamplesOfTheSpecRun(t *testing.T) {
	doc, err := spectest.Parse(spec.OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	readers := newShowcase(t) // what only reads can share one registry
	for path, item := range doc.Paths.Map() {
		for method, operation := range item.Operations() {
			t.Run(operation.OperationID, func(t *testing.T) {
				show := readers
				if method != http.MethodGet {
					show = newShowcase(t)
				}
				a := show.run(method, path, append(item.Parameters, operation.Parameters...), operation)
				if a.StatusCode >= 300 {
					t.Errorf("%s %s: %d, want success: what the example speaks of is brought about in newShowcase\n%s", method, a.Request.URL, a.StatusCode, a.body)
				}
			})
		}
	}
}

// showcase is the registry of the spec's examples.
type showcase struct {
	*site
	archive []byte // of @acme/http@1.4.0
}

// newShowcase brings about what the examples speak of. An operator owns it all,
// so that every call is allowed.
func newShowcase(t *testing.T) *showcase {
	t.Helper()
	s := newSite(t)
	s.token = strings.TrimPrefix(s.operator("mira")["Authorization"], "Bearer ")
	s.claim("acme")
	s.want(s.publish("acme/url", part{"archive", sample.Package{Ref: "@acme/url@0.9.2"}.Archive(t)}), 201, "")
	show := &showcase{s, sample.Package{Ref: "@acme/http@1.4.0", Files: map[string]string{"README.md": "# http\n"}}.Archive(t)}
	s.want(s.publish("acme/http", part{"archive", show.archive}), 201, "")
	made := s.newToken(`{"name":"old","scopes":["read"]}`)
	s.spoil(fmt.Sprintf(`UPDATE token SET id = 't_b7m03fpa' WHERE id = '%s'`, made.ID))
	return show
}

// run makes the call that the examples of an operation's parameters and body are.
func (show *showcase) run(method, path string, parameters openapi3.Parameters, operation *openapi3.Operation) answer {
	show.t.Helper()
	query, h := url.Values{}, header{}
	for _, p := range parameters {
		example := fmt.Sprint(p.Value.Example)
		switch {
		case p.Value.In == openapi3.ParameterInPath:
			path = strings.ReplaceAll(path, "{"+p.Value.Name+"}", example)
		case p.Value.In == openapi3.ParameterInQuery:
			query.Set(p.Value.Name, example)
		case method == http.MethodGet: // of a write it is a condition that need not hold
			h[p.Value.Name] = example
		}
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	body, contentType := show.body(operation)
	h["Content-Type"] = contentType
	return show.do(method, path, body, h)
}

// body gives the example of an operation's body: what stands for bytes in it
// becomes bytes, and a time that it wants in the future is one.
func (show *showcase) body(operation *openapi3.Operation) (body io.Reader, contentType string) {
	show.t.Helper()
	if operation.RequestBody == nil {
		return nil, ""
	}
	for contentType, media := range operation.RequestBody.Value.Content {
		example, ok := media.Example.(map[string]any)
		switch {
		case contentType == "multipart/form-data":
			return multipartOf(part{"archive", show.archive})
		case !ok: // it may be absent
			return nil, ""
		}
		if _, ok := example["expires_at"]; ok {
			example["expires_at"] = time.Now().AddDate(0, 1, 0).UTC().Format(time.RFC3339)
		}
		text, err := json.Marshal(example)
		if err != nil {
			show.t.Fatal(err)
		}
		return bytes.NewReader(text), contentType
	}
	return nil, ""
}
