package conformance

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
)

// missingMembers compares a JSON body with the wire type that it was read into:
// every documented member is there, and only what may be null is.
func missingMembers(body []byte, v any) []string {
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return []string{"it is no JSON"}
	}
	return membersOf("", value, reflect.TypeOf(v).Elem())
}

// membersOf lists what value, which stands at the place, lacks to be a t.
func membersOf(place string, value any, t reflect.Type) (faults []string) {
	if t.Kind() == reflect.Pointer {
		if value == nil {
			return nil
		}
		t = t.Elem()
	}
	switch {
	case value == nil:
		return []string{place + " is null"}
	case reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()), t.Kind() == reflect.Interface:
		return nil
	}
	switch t.Kind() {
	case reflect.Struct:
		return structMembers(place, value, t)
	case reflect.Slice:
		for i, element := range elements(value) {
			faults = append(faults, membersOf(fmt.Sprintf("%s/%d", place, i), element, t.Elem())...)
		}
	}
	return faults
}

func elements(value any) []any {
	list, _ := value.([]any)
	return list
}

func structMembers(place string, value any, t reflect.Type) (faults []string) {
	object, ok := value.(map[string]any)
	if !ok {
		return []string{place + " is no object"}
	}
	for field := range t.Fields() {
		if field.Anonymous {
			faults = append(faults, structMembers(place, value, field.Type)...)
			continue
		}
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		member, there := object[name]
		switch {
		case there:
			faults = append(faults, membersOf(place+"/"+name, member, field.Type)...)
		case !strings.Contains(options, "omitempty"):
			faults = append(faults, fmt.Sprintf("the member %s/%s is missing", place, name))
		}
	}
	return faults
}
