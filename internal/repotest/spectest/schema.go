package spectest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"mime"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// form says how strictly a schema is taken.
type form string

const (
	asRequest form = "request.json" // as it stands: unknown members are ignored
	asReply   form = "reply.json"   // every object is closed: what is not named may not be there
)

const (
	components = "#/components/schemas/"
	openForm   = ".open" // ends the name of a component that is a part of another (allOf)
)

// compiler turns the schemas of a spec into validators. The JSON Schema library
// does that itself, once for each schema: the OpenAPI library would compile a
// schema anew for each value.
type compiler struct {
	schemas *jsonschema.Compiler
	count   int // of schemas that stand in no component
}

// newCompiler makes the components known in both forms.
func newCompiler(doc *openapi3.T) (*compiler, error) {
	c := &compiler{schemas: jsonschema.NewCompiler()}
	c.schemas.DefaultDraft(jsonschema.Draft2020)
	c.schemas.AssertFormat()
	plain, closed := map[string]any{}, map[string]any{}
	for name, ref := range doc.Components.Schemas {
		schema, err := generic(ref)
		if err != nil {
			return nil, fmt.Errorf("reading schema %s: %w", name, err)
		}
		plain[name] = schema
		closed[name], closed[name+openForm] = shut(schema, true), shut(schema, false)
	}
	for name, schemas := range map[form]map[string]any{asRequest: plain, asReply: closed} {
		root := map[string]any{"components": map[string]any{"schemas": schemas}}
		if err := c.schemas.AddResource(address(string(name)), root); err != nil {
			return nil, fmt.Errorf("adding schemas: %w", err)
		}
	}
	return c, nil
}

func address(name string) string { return "https://spec.invalid/" + name }

// generic gives a schema as plain JSON values.
func generic(ref *openapi3.SchemaRef) (any, error) {
	text, err := json.Marshal(ref)
	if err != nil {
		return nil, err
	}
	return jsonschema.UnmarshalJSON(bytes.NewReader(text))
}

// compile makes a validator of any schema of the spec; nil gives nil.
func (c *compiler) compile(ref *openapi3.SchemaRef, f form) (*jsonschema.Schema, error) {
	if ref == nil {
		return nil, nil
	}
	schema, err := generic(ref)
	if err != nil {
		return nil, err
	}
	if f == asReply {
		schema = shut(schema, true)
	}
	c.count++
	url := address(fmt.Sprintf("inline/%d", c.count))
	if err := c.schemas.AddResource(url, absolute(schema, address(string(f)))); err != nil {
		return nil, err
	}
	return c.schemas.Compile(url)
}

// absolute makes references to components ones to the document that has them.
func absolute(node any, document string) any {
	switch node := node.(type) {
	case map[string]any:
		out := map[string]any{}
		for key, value := range node {
			out[key] = absolute(value, document)
			if ref, ok := value.(string); ok && key == "$ref" && strings.HasPrefix(ref, components) {
				out[key] = document + ref
			}
		}
		return out
	case []any:
		out := make([]any, len(node))
		for i, value := range node {
			out[i] = absolute(value, document)
		}
		return out
	}
	return node
}

// shut closes the objects of a schema. Parts of an allOf stay open, because
// each of them sees the members of the others; the whole is closed instead.
func shut(node any, closed bool) any {
	schema, ok := node.(map[string]any)
	if !ok {
		return node
	}
	out := maps.Clone(schema)
	for key, value := range schema {
		switch key {
		case "$ref":
			if ref := value.(string); !closed {
				out[key] = ref + openForm
			}
		case "properties":
			out[key] = shutMembers(value.(map[string]any))
		case "items", "additionalProperties":
			out[key] = shut(value, true)
		case "anyOf", "oneOf":
			out[key] = shutList(value.([]any), closed)
		case "allOf":
			out[key] = shutList(value.([]any), false)
		}
	}
	_, hasMembers := schema["properties"]
	_, isComposed := schema["allOf"]
	_, isMap := schema["additionalProperties"]
	if closed && !isMap && (hasMembers || isComposed) {
		out["unevaluatedProperties"] = false
	}
	return out
}

func shutMembers(members map[string]any) map[string]any {
	out := map[string]any{}
	for name, member := range members {
		out[name] = shut(member, true)
	}
	return out
}

func shutList(list []any, closed bool) []any {
	out := make([]any, len(list))
	for i, schema := range list {
		out[i] = shut(schema, closed)
	}
	return out
}

// mediaType is one of the forms that a body may have.
type mediaType struct {
	name   string
	params map[string]string
	schema *jsonschema.Schema // nil: any bytes
}

type mediaTypes []*mediaType

func (c *compiler) mediaTypes(content openapi3.Content, f form) (list mediaTypes, err error) {
	for text, media := range content {
		m := &mediaType{}
		if m.name, m.params, err = mime.ParseMediaType(text); err != nil {
			return nil, fmt.Errorf("media type %q: %w", text, err)
		}
		if m.schema, err = c.compile(media.Schema, f); err != nil {
			return nil, fmt.Errorf("schema of %s: %w", text, err)
		}
		list = append(list, m)
	}
	return list, nil
}

// find gives the media type that a Content-Type names: the same one with the
// same parameters, but for the boundary of a multipart body.
func (list mediaTypes) find(contentType string) *mediaType {
	name, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return nil
	}
	delete(params, "boundary")
	for _, m := range list {
		if m.name == name && maps.EqualFunc(m.params, params, strings.EqualFold) {
			return m
		}
	}
	return nil
}

// explain lists the innermost faults that a schema found. When a part of an
// allOf fails, its members count as unknown as well: those are left out then.
func explain(err error) string {
	invalid, ok := errors.AsType[*jsonschema.ValidationError](err)
	if !ok {
		return err.Error()
	}
	var faults, unknown []string
	collect(*invalid.DetailedOutput(), func(unit jsonschema.OutputUnit) {
		place := cmp.Or(unit.InstanceLocation, "/")
		if _, ok := unit.Error.Kind.(*kind.FalseSchema); ok {
			unknown = append(unknown, place+" is not in the spec")
		} else {
			faults = append(faults, place+": "+unit.Error.String())
		}
	})
	if len(faults) == 0 {
		faults = unknown
	}
	slices.Sort(faults)
	return strings.Join(slices.Compact(faults), "; ")
}

// collect calls f with each unit that has no more to tell below it.
func collect(unit jsonschema.OutputUnit, f func(jsonschema.OutputUnit)) {
	if len(unit.Errors) == 0 && unit.Error != nil {
		f(unit)
	}
	for _, below := range unit.Errors {
		collect(below, f)
	}
}
