package spectest

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// parameter of an operation.
type parameter struct {
	*openapi3.Parameter
	rest   bool // a path parameter that holds slashes
	schema *jsonschema.Schema
}

func (c *compiler) parameters(refs openapi3.Parameters) (list []parameter, err error) {
	for _, ref := range refs {
		p := parameter{Parameter: ref.Value}
		p.rest, _ = p.Extensions["x-multi-segment"].(bool)
		if p.schema, err = c.compile(p.Schema, asRequest); err != nil {
			return nil, fmt.Errorf("parameter %s: %w", p.Name, err)
		}
		list = append(list, p)
	}
	return list, nil
}

// checkRequest lists why the spec does not allow the request. A body that was
// not read to its end is not judged.
func (o *operation) checkRequest(x *exchange) (faults []string) {
	if o.needsToken && x.request.Header.Get("Authorization") == "" {
		faults = append(faults, "it has no token")
	}
	for _, p := range o.parameters {
		if fault := p.check(x); fault != "" {
			faults = append(faults, fault)
		}
	}
	if fault := o.checkBody(x); fault != "" {
		faults = append(faults, fault)
	}
	return faults
}

// check gives the fault of one parameter, or "".
func (p parameter) check(x *exchange) string {
	values := p.values(x)
	switch {
	case len(values) == 0 && p.Required:
		return fmt.Sprintf("the %s parameter %s is missing", p.In, p.Name)
	case len(values) == 0:
		return ""
	case len(values) > 1 && p.In == openapi3.ParameterInQuery:
		return fmt.Sprintf("the query parameter %s is given %d times", p.Name, len(values))
	}
	if err := p.schema.Validate(typed(values[0], p.Parameter.Schema)); err != nil {
		return fmt.Sprintf("the %s parameter %s is %q: %s", p.In, p.Name, values[0], explain(err))
	}
	return ""
}

func (p parameter) values(x *exchange) []string {
	switch p.In {
	case openapi3.ParameterInQuery:
		return x.request.URL.Query()[p.Name]
	case openapi3.ParameterInHeader:
		return x.request.Header.Values(p.Name)
	}
	if value, ok := x.path[p.Name]; ok {
		return []string{value}
	}
	return nil
}

// typed reads a text as what the schema wants; one that is no such thing stays
// text, which the schema then refuses.
func typed(text string, ref *openapi3.SchemaRef) any {
	switch types := ref.Value.Type; {
	case types.Is(openapi3.TypeBoolean) && (text == "true" || text == "false"):
		return text == "true"
	case types.Is(openapi3.TypeInteger):
		if n, err := strconv.Atoi(text); err == nil {
			return n
		}
	}
	return text
}

func (o *operation) checkBody(x *exchange) string {
	switch {
	case o.body == nil || !x.sent.complete():
		return ""
	case x.sent.size == 0 && o.body.Required:
		return "it has no body"
	case x.sent.size == 0:
		return ""
	}
	contentType := x.request.Header.Get("Content-Type")
	media := o.media.find(essential(contentType))
	if media == nil {
		return fmt.Sprintf("its media type is %q", contentType)
	}
	value, err := readBody(contentType, x.sent.data.Bytes())
	if err == nil {
		err = media.schema.Validate(value)
	}
	if err != nil {
		return "its body: " + explain(err)
	}
	return ""
}

// essential drops the parameters of a request's media type that say nothing:
// those that nobody knows (RFC 2046) and the charset that JSON has anyway (RFC 8259).
func essential(contentType string) string {
	name, params, err := mime.ParseMediaType(contentType)
	charset := params["charset"]
	if err != nil || name == "application/json" && charset != "" && !strings.EqualFold(charset, "utf-8") {
		return contentType
	}
	return name
}

// readBody gives a body as the JSON value that its schema speaks of: text is a
// string, the parts of a form are the members of an object.
func readBody(contentType string, data []byte) (any, error) {
	name, params, err := mime.ParseMediaType(contentType)
	switch {
	case err != nil:
		return nil, err
	case name == "multipart/form-data":
		return readForm(multipart.NewReader(bytes.NewReader(data), params["boundary"]))
	case name == "application/json" || strings.HasSuffix(name, "+json"):
		return jsonschema.UnmarshalJSON(bytes.NewReader(data))
	}
	return string(data), nil
}

// readForm reads the parts; white space around a text does not count, and of an
// archive it only matters that it is there.
func readForm(form *multipart.Reader) (any, error) {
	parts := map[string]any{}
	for {
		part, err := form.NextRawPart()
		if err == io.EOF {
			return parts, nil
		}
		if err != nil {
			return nil, err
		}
		name := part.FormName()
		if _, twice := parts[name]; twice {
			return nil, fmt.Errorf("there are two parts %q", name)
		}
		text, err := io.ReadAll(io.LimitReader(part, 1<<10))
		if err != nil {
			return nil, err
		}
		parts[name] = strings.TrimSpace(string(text))
	}
}

// isBodiless reports whether a reply has no body, whatever its headers say.
func isBodiless(x *exchange) bool {
	return x.request.Method == http.MethodHead || x.status == http.StatusNoContent || x.status == http.StatusNotModified
}
