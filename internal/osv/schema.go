package osv

import (
	"bytes"
	_ "embed" // the official schema
	"errors"
	"fmt"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

//go:embed schema.json
var official []byte

// Schema is the schema that records are held against.
type Schema struct{ compiled *jsonschema.Schema }

const schemaURL = "https://osv.invalid/schema.json" // never fetched

// NewSchema makes the official schema ready for use. One thing in it is changed
// (admitEcosystem), and its formats, of times and of URLs, are asserted:
// its patterns alone let a time pass that only begins like one.
func NewSchema() (*Schema, error) {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(official))
	if err != nil {
		return nil, fmt.Errorf("reading the schema of advisories: %w", err)
	}
	if err := admitEcosystem(document); err != nil {
		return nil, fmt.Errorf("reading the schema of advisories: %w", err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource(schemaURL, document); err != nil {
		return nil, fmt.Errorf("reading the schema of advisories: %w", err)
	}
	compiled, err := compiler.Compile(schemaURL)
	if err != nil {
		return nil, fmt.Errorf("compiling the schema of advisories: %w", err)
	}
	return &Schema{compiled}, nil
}

// admitEcosystem adds Ori to the ecosystems that the schema knows: they are a
// closed list in it, to which an ecosystem comes by its registration. Until
// then no record about an Ori package passes the schema as it is.
func admitEcosystem(document any) error {
	definition := object(object(document, "$defs"), "ecosystemWithSuffix")
	pattern, _ := definition["pattern"].(string)
	list, ok := strings.CutPrefix(pattern, "^(")
	if !ok {
		return errors.New("the list of ecosystems is not where it was")
	}
	definition["pattern"] = "^(" + Ecosystem + "|" + list
	return nil
}

// maxFaults is how many faults are told at most: an array of a thousand
// mistakes would drown the first.
const maxFaults = 100

// faults lists what the schema has against a value.
func (s *Schema) faults(value any) (faults []Fault) {
	invalid, ok := errors.AsType[*jsonschema.ValidationError](s.compiled.Validate(value))
	if !ok {
		return nil
	}
	innermost(invalid, func(err *jsonschema.ValidationError, detail string) {
		if len(faults) < maxFaults {
			faults = append(faults, Fault{pointer(err.InstanceLocation), CodeSchema, short(detail)})
		}
	})
	return faults
}

// innermost calls f with each error that has no more to tell below it. What
// stands below a choice says for each alternative why it is not the one: that
// is left out, and the choice explained.
func innermost(err *jsonschema.ValidationError, f func(*jsonschema.ValidationError, string)) {
	switch err.ErrorKind.(type) {
	case *kind.OneOf:
		f(err, "it is an object with exactly one of introduced, fixed, last_affected and limit")
		return
	case *kind.Contains:
		f(err, "no event among them is introduced")
		return
	case *kind.Not:
		f(err, "fixed and last_affected exclude each other in one range")
		return
	}
	if len(err.Causes) == 0 {
		f(err, err.BasicOutput().Error.String())
	}
	for _, cause := range err.Causes {
		innermost(cause, f)
	}
}

// pointer writes a place in the form of RFC 6901.
func pointer(place []string) string {
	var p strings.Builder
	for _, name := range place {
		p.WriteString("/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name))
	}
	return p.String()
}

// short cuts what may quote the whole of a long value.
func short(detail string) string {
	const most = 400
	if len(detail) <= most {
		return detail
	}
	return strings.ToValidUTF8(detail[:most], "") + "…"
}
