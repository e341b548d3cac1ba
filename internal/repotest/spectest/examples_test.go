package spectest

import (
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/ori-lang/registry/spec"
)

// TestExamplesAreExact holds each example of a reply to its schema with every
// object closed, and each other example to its schema as it stands.
func TestExamplesAreExact(t *testing.T) {
	doc, err := Parse(spec.OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	e := examples{t, must(newCompiler(doc))(t)}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			name := method + " " + path
			for _, ref := range append(item.Parameters, op.Parameters...) {
				e.check(name+", "+ref.Value.Name, ref.Value.Schema, asRequest, ref.Value.Example)
			}
			if op.RequestBody != nil {
				e.content(name+", request", op.RequestBody.Value.Content, asRequest)
			}
			for status, ref := range op.Responses.Map() {
				e.content(name+", "+status, ref.Value.Content, asReply)
				for header, ref := range ref.Value.Headers {
					e.check(name+", "+status+", "+header, ref.Value.Schema, asReply, ref.Value.Example)
				}
			}
		}
	}
	e.content("405", doc.Components.Responses["MethodNotAllowed"].Value.Content, asReply)
}

func must[T any](value T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

type examples struct {
	t        *testing.T
	compiler *compiler
}

func (e examples) content(name string, content openapi3.Content, f form) {
	for _, media := range content {
		if media.Example != nil {
			e.check(name, media.Schema, f, media.Example)
		}
		for key, example := range media.Examples {
			e.check(name+", "+key, media.Schema, f, example.Value.Value)
		}
	}
}

func (e examples) check(name string, ref *openapi3.SchemaRef, f form, value any) {
	e.t.Helper()
	schema, err := e.compiler.compile(ref, f)
	if err == nil {
		err = schema.Validate(value)
	}
	if err != nil {
		e.t.Errorf("example of %s: %v", name, err)
	}
}
