package apidocs

import (
	"fmt"
	"html/template"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/ori-lang/registry/api"
)

// view is what the template shows.
type view struct {
	Style                   template.CSS
	Title, Version, Summary string
	About                   template.HTML
	Sections                []section
	Groups                  []group
	Replies                 []reply
	Headers                 []header
	Schemas                 []schema
}

// group holds the operations of a tag.
type group struct {
	Name        string
	Description template.HTML
	Operations  []operation
}

type operation struct {
	ID, Method, Path, Summary string
	Description               template.HTML
	Access                    string // when it needs a token
	Parameters                []parameter
	Body                      *body
	Replies                   []reply
}

type parameter struct {
	member
	In      string
	Example string
}

type body struct {
	Required    bool
	Description template.HTML
	Media       []media
}

// media is one form of a body.
type media struct {
	Type     string
	Schema   *schema // nil: any bytes
	Examples []example
}

type example struct{ Name, Text string }

type reply struct {
	Status      string
	Name        string // of the component; "": it is of this operation alone
	Description template.HTML
	Headers     []header
	Media       []media
	Codes       []api.CodeInfo // that come with the status
}

type header struct {
	Name        string
	Component   string // "": it is of this reply alone
	Type        []word
	Limits      []word
	Optional    bool
	Description template.HTML
	Example     string
}

// Words gives the name of a component as words: "NotModified" is "not modified".
func (r reply) Words() string {
	var b strings.Builder
	for _, c := range r.Name {
		if unicode.IsUpper(c) && b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(unicode.ToLower(c))
	}
	return b.String()
}

func newView(doc node) (v *view, err error) {
	info := doc.get("info")
	v = &view{
		Style: template.CSS(styleCSS), Title: info.get("title").text(), Version: info.get("version").text(), Summary: info.get("summary").text(),
	}
	if v.About, v.Sections, err = info.proseWithSections(); err != nil {
		return nil, err
	}
	for _, add := range []func(node) error{v.addGroups, v.addReplies, v.addHeaders, v.addSchemas} {
		if err := add(doc); err != nil {
			return nil, err
		}
	}
	return v, nil
}

func (v *view) addReplies(doc node) error {
	for _, c := range doc.get("components", "responses").pairs() {
		r, err := newReply("", c.value)
		if err != nil {
			return fmt.Errorf("reply %s: %w", c.key, err)
		}
		r.Name = c.key
		v.Replies = append(v.Replies, r)
	}
	return nil
}

// addHeaders adds the headers that are components, by the name that they have in
// the replies; one that none of these has is not shown.
func (v *view) addHeaders(doc node) error {
	names := map[string]string{}
	for _, r := range v.allReplies() {
		for _, h := range r.Headers {
			names[h.Component] = h.Name
		}
	}
	for _, c := range doc.get("components", "headers").pairs() {
		h, err := newHeader(names[c.key], c.value)
		if err != nil {
			return fmt.Errorf("header %s: %w", c.key, err)
		}
		if h.Component = c.key; h.Name != "" {
			v.Headers = append(v.Headers, h)
		}
	}
	return nil
}

func (v *view) allReplies() []reply {
	all := slices.Clone(v.Replies)
	for _, g := range v.Groups {
		for _, op := range g.Operations {
			all = append(all, op.Replies...)
		}
	}
	return all
}

func (v *view) addSchemas(doc node) error {
	for _, c := range doc.get("components", "schemas").pairs() {
		s, err := newSchema(c.key, c.value)
		if err != nil {
			return fmt.Errorf("schema %s: %w", c.key, err)
		}
		v.Schemas = append(v.Schemas, s)
	}
	return nil
}

// addGroups puts every operation under its tag, in the order of the paths.
func (v *view) addGroups(doc node) error {
	place := map[string]int{}
	for i, tag := range doc.get("tags").list() {
		description, err := tag.prose()
		if err != nil {
			return err
		}
		place[tag.get("name").text()] = i
		v.Groups = append(v.Groups, group{Name: tag.get("name").text(), Description: description})
	}
	for _, path := range doc.get("paths").pairs() {
		for _, method := range path.value.pairs() {
			if method.key == "parameters" {
				continue
			}
			op, err := newOperation(path.key, path.value, method.key, method.value)
			if err != nil {
				return fmt.Errorf("%s %s: %w", method.key, path.key, err)
			}
			tag, ok := place[strings.Join(method.value.get("tags").texts(), " ")]
			if !ok {
				return fmt.Errorf("%s %s: it has no tag that is declared", method.key, path.key)
			}
			v.Groups[tag].Operations = append(v.Groups[tag].Operations, op)
		}
	}
	return nil
}

func newOperation(path string, item node, method string, n node) (op operation, err error) {
	op = operation{
		ID: n.get("operationId").text(), Method: strings.ToUpper(method), Path: path, Summary: n.get("summary").text(), Access: access(n),
	}
	if op.Description, err = n.prose(); err != nil {
		return op, err
	}
	for _, p := range append(item.get("parameters").list(), n.get("parameters").list()...) {
		parameter, err := newParameter(p)
		if err != nil {
			return op, err
		}
		op.Parameters = append(op.Parameters, parameter)
	}
	if request := n.get("requestBody"); request.is() {
		if op.Body, err = newBody(request); err != nil {
			return op, err
		}
	}
	for _, response := range n.get("responses").pairs() {
		r, err := newReply(response.key, response.value)
		if err != nil {
			return op, fmt.Errorf("reply %s: %w", response.key, err)
		}
		r.Codes = codesOf(n, response.key)
		op.Replies = append(op.Replies, r)
	}
	return op, nil
}

// access says when an operation needs a token.
func access(n node) string {
	security := n.get("security")
	private := false
	for _, code := range n.get("x-codes").texts() {
		private = private || code == string(api.Unauthenticated)
	}
	switch {
	case security.is() && len(security.list()) == 0:
		return "Open to everybody; a token is not looked at."
	case security.is():
		return "Needs a token."
	case private:
		return "Open to everybody; on a private registry it needs a token with the scope read."
	}
	return "Open to everybody, on a private registry too."
}

// codesOf gives those of the operation's codes that come with a status.
func codesOf(n node, status string) (codes []api.CodeInfo) {
	for _, code := range n.get("x-codes").texts() {
		if info := api.Code(code).Info(); strconv.Itoa(info.Status) == status {
			codes = append(codes, info)
		}
	}
	return codes
}

func newParameter(n node) (p parameter, err error) {
	n, _, err = n.target()
	if err != nil {
		return p, err
	}
	p = parameter{In: n.get("in").text(), Example: n.get("example").text()}
	if p.member, err = newMember(n.get("name").text(), n.get("schema")); err != nil {
		return p, err
	}
	p.Optional = n.get("required").text() != "true"
	p.Description, err = n.prose()
	return p, err
}

func newBody(n node) (b *body, err error) {
	b = &body{Required: n.get("required").text() == "true"}
	if b.Description, err = n.prose(); err != nil {
		return nil, err
	}
	b.Media, err = newMedia(n.get("content"))
	return b, err
}

func newReply(status string, n node) (r reply, err error) {
	r.Status = status
	n, r.Name, err = n.target()
	if err != nil {
		return r, err
	}
	for _, h := range n.get("headers").pairs() {
		one, err := headerOf(h)
		if err != nil {
			return r, err
		}
		r.Headers = append(r.Headers, one)
	}
	if r.Name != "" {
		return r, nil // the rest stands in the place of the component
	}
	if r.Description, err = n.prose(); err != nil {
		return r, err
	}
	r.Media, err = newMedia(n.get("content"))
	return r, err
}

// headerOf is a header of a reply; of a component the name is enough.
func headerOf(h pair) (header, error) {
	n, component, err := h.value.target()
	switch {
	case err != nil:
		return header{}, err
	case component == "":
		return newHeader(h.key, n)
	}
	return header{Name: h.key, Component: component, Optional: n.get("required").text() != "true"}, nil
}

func newHeader(name string, n node) (h header, err error) {
	h = header{
		Name: name, Limits: limitsOf(n.get("schema")), Optional: n.get("required").text() != "true", Example: n.get("example").text(),
	}
	if h.Type, err = typeOf(n.get("schema")); err != nil {
		return h, err
	}
	h.Description, err = n.prose()
	return h, err
}

func newMedia(content node) (list []media, err error) {
	for _, c := range content.pairs() {
		m := media{Type: c.key}
		if n := c.value.get("schema"); n.is() {
			s, err := bodySchema(n)
			if err != nil {
				return nil, err
			}
			m.Schema = &s
		}
		if one := c.value.get("example"); one.is() {
			m.Examples = append(m.Examples, newExample("", c.key, one))
		}
		for _, one := range c.value.get("examples").pairs() {
			m.Examples = append(m.Examples, newExample(one.key, c.key, one.value.get("value")))
		}
		list = append(list, m)
	}
	return list, nil
}

// bodySchema is a component by its name alone, which is shown in its own place.
func bodySchema(n node) (schema, error) {
	_, name, err := n.target()
	switch {
	case err != nil:
		return schema{}, err
	case name == "":
		return newSchema("", n)
	}
	return schema{Type: []word{{Schema: name}}}, nil
}

// newExample gives a text as it is, the parts of a form line by line, and
// anything else as JSON.
func newExample(name, mediaType string, n node) example {
	switch {
	case n.text() != "":
		return example{name, strings.TrimSuffix(n.text(), "\n")}
	case strings.HasPrefix(mediaType, "multipart/"):
		var parts []string
		for _, part := range n.pairs() {
			parts = append(parts, part.key+": "+part.value.text())
		}
		return example{name, strings.Join(parts, "\n")}
	}
	return example{name, n.json()}
}
