package apidocs

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/yuin/goldmark"
	"go.yaml.in/yaml/v4"
)

// node is a place in the spec. Members keep the order in which they are written.
type node struct {
	*yaml.Node
	spec *source
}

// source is the whole spec, for what leads from one place to another, and what
// reads the Markdown in it.
type source struct {
	root     *yaml.Node
	markdown goldmark.Markdown
}

func parse(text []byte) (node, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return node{}, err
	}
	if doc.Kind != yaml.DocumentNode || len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode {
		return node{}, errors.New("it is no YAML object")
	}
	root := doc.Content[0]
	return node{root, &source{root, markdown()}}, nil
}

// is reports whether there is anything at the place.
func (n node) is() bool { return n.Node != nil }

// pair is a member of an object.
type pair struct {
	key   string
	value node
}

// pairs gives the members of an object; nothing else has any.
func (n node) pairs() (list []pair) {
	if !n.is() || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		list = append(list, pair{n.Content[i].Value, node{n.Content[i+1], n.spec}})
	}
	return list
}

// get goes down members; what is not there is a node that holds nothing.
func (n node) get(path ...string) node {
	for _, key := range path {
		next := node{spec: n.spec}
		for _, member := range n.pairs() {
			if member.key == key {
				next = member.value
			}
		}
		n = next
	}
	return n
}

// list gives the elements of a list.
func (n node) list() (list []node) {
	if !n.is() || n.Kind != yaml.SequenceNode {
		return nil
	}
	for _, element := range n.Content {
		list = append(list, node{element, n.spec})
	}
	return list
}

// text gives a value that is written as one; "" for anything else.
func (n node) text() string {
	if !n.is() || n.Kind != yaml.ScalarNode {
		return ""
	}
	return n.Value
}

// texts gives a list of them, or a single one as a list.
func (n node) texts() (list []string) {
	if text := n.text(); text != "" {
		return []string{text}
	}
	for _, element := range n.list() {
		list = append(list, element.text())
	}
	return list
}

// target follows a reference: it gives what it leads to and the last part of
// its path, the name of a component. Without one, n itself and "".
func (n node) target() (node, string, error) {
	ref := n.get("$ref").text()
	if ref == "" {
		return n, "", nil
	}
	path, ok := strings.CutPrefix(ref, "#/")
	steps := strings.Split(path, "/")
	found := node{n.spec.root, n.spec}.get(steps...)
	if !ok || !found.is() {
		return node{}, "", fmt.Errorf("line %d: the reference %s leads nowhere", n.Line, ref)
	}
	return found, steps[len(steps)-1], nil
}

// json gives the value as JSON, with its members in their order.
func (n node) json() string {
	var b strings.Builder
	n.writeJSON(&b, "")
	return b.String()
}

func (n node) writeJSON(b *strings.Builder, indent string) {
	open, end, elements := "{", "}", n.pairs()
	if n.Kind == yaml.SequenceNode {
		open, end = "[", "]"
		for _, element := range n.list() {
			elements = append(elements, pair{"", element})
		}
	}
	switch {
	case n.Kind == yaml.ScalarNode:
		b.WriteString(scalarJSON(n))
		return
	case len(elements) == 0:
		b.WriteString(open + end)
		return
	}
	b.WriteString(open)
	for i, element := range elements {
		b.WriteString([]string{"", ","}[min(i, 1)] + "\n" + indent + "  ")
		if n.Kind == yaml.MappingNode {
			b.WriteString(quoted(element.key) + ": ")
		}
		element.value.writeJSON(b, indent+"  ")
	}
	b.WriteString("\n" + indent + end)
}

func scalarJSON(n node) string {
	switch n.Tag {
	case "!!int", "!!float", "!!bool":
		return n.Value
	case "!!null":
		return "null"
	}
	return quoted(n.Value)
}

func quoted(s string) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(s) // a string always can be
	return strings.TrimSuffix(b.String(), "\n")
}
