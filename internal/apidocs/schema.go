package apidocs

import (
	"fmt"
	"html/template"
)

// word is a part of a type in words: text, code, or the name of a schema.
type word struct {
	Text, Code, Schema string
}

// schema is a component, or the body of one operation.
type schema struct {
	Name        string
	Description template.HTML
	Type        []word // what it is, but for an object
	Limits      []word
	Parts       []word // the schemas whose members are its own too
	Members     []member
}

// member of an object.
type member struct {
	Name        string
	Type        []word
	Limits      []word
	Optional    bool
	Description template.HTML
}

func newSchema(name string, n node) (s schema, err error) {
	s.Name = name
	if s.Description, err = n.prose(); err != nil {
		return s, err
	}
	if err := s.add(n); err != nil {
		return s, err
	}
	if len(s.Members) == 0 && len(s.Parts) == 0 {
		if s.Type, err = typeOf(n); err != nil {
			return s, err
		}
		s.Limits = limitsOf(n)
	}
	return s, nil
}

// add adds the members of an object, or of all its parts.
func (s *schema) add(n node) error {
	required := map[string]bool{}
	for _, name := range n.get("required").texts() {
		required[name] = true
	}
	for _, property := range n.get("properties").pairs() {
		m, err := newMember(property.key, property.value)
		if err != nil {
			return err
		}
		m.Optional = !required[property.key]
		s.Members = append(s.Members, m)
	}
	for _, part := range n.get("allOf").list() {
		_, name, err := part.target()
		if err != nil {
			return err
		}
		if name != "" {
			s.Parts = append(s.Parts, word{Schema: name})
		} else if err := s.add(part); err != nil {
			return err
		}
	}
	return nil
}

func newMember(name string, n node) (m member, err error) {
	m = member{Name: name, Limits: limitsOf(n)}
	if m.Type, err = typeOf(n); err != nil {
		return m, err
	}
	m.Description, err = n.prose()
	return m, err
}

// typeOf says in a few words what a value is.
func typeOf(n node) ([]word, error) {
	_, name, err := n.target()
	switch {
	case err != nil:
		return nil, err
	case name != "":
		return []word{{Schema: name}}, nil
	case n.get("const").is():
		return []word{{Code: n.get("const").json()}}, nil
	case n.get("enum").is():
		return oneOf(n.get("enum").list()), nil
	case n.get("anyOf").is():
		return alternatives(n.get("anyOf").list())
	}
	var words []word
	for i, kind := range n.get("type").texts() {
		one, err := kindOf(kind, n)
		if err != nil {
			return nil, err
		}
		words = append(words, joint(i, " or ")...)
		words = append(words, one...)
	}
	if words == nil {
		return nil, fmt.Errorf("line %d: the schema has no type that the page could tell", n.Line)
	}
	return words, nil
}

// joint is the text between two of a list.
func joint(i int, between string) []word {
	if i == 0 {
		return nil
	}
	return []word{{Text: between}}
}

func oneOf(values []node) (words []word) {
	for i, value := range values {
		words = append(words, joint(i, " or ")...)
		words = append(words, word{Code: value.json()})
	}
	return words
}

func alternatives(schemas []node) (words []word, err error) {
	for i, one := range schemas {
		inner, err := typeOf(one)
		if err != nil {
			return nil, err
		}
		words = append(words, joint(i, " or ")...)
		words = append(words, inner...)
	}
	return words, nil
}

func kindOf(kind string, n node) ([]word, error) {
	of := func(text string, inner node) ([]word, error) {
		if open := inner.text(); !inner.is() || open == "true" || open == "false" {
			return []word{{Text: kind}}, nil
		}
		words, err := typeOf(inner)
		return append([]word{{Text: text}}, words...), err
	}
	switch kind {
	case "array":
		return of("list of ", n.get("items"))
	case "object":
		return of("object, each member a ", n.get("additionalProperties"))
	case "string":
		if format := n.get("format").text(); format != "" {
			kind += " (" + format + ")"
		}
	}
	return []word{{Text: kind}}, nil
}

// limitsOf says what else holds for a value.
func limitsOf(n node) (words []word) {
	for _, limit := range []struct{ key, before, after string }{
		{"minimum", "at least ", ""},
		{"maximum", "at most ", ""},
		{"minLength", "at least ", " characters"},
		{"maxLength", "at most ", " characters"},
		{"minItems", "at least ", " elements"},
		{"maxItems", "at most ", " elements"},
		{"default", "default ", ""},
		{"pattern", "matches ", ""},
	} {
		if value := n.get(limit.key); value.is() {
			words = append(words, joint(len(words), "; ")...)
			words = append(words, word{Text: limit.before}, word{Code: value.text()}, word{Text: limit.after})
		}
	}
	return words
}
