package apidocs

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/internal/repotest/spectest"
	"github.com/ori-lang/registry/spec"
)

// shown is the page as a strict reader sees it: the page is written so that it
// is well-formed XML too, which finds every element that is not closed in its place.
type shown struct {
	text     map[string]*strings.Builder // by id: all text within the element
	links    map[string][]string         // by id: where the links within the element lead to
	elements map[string]int
	headings []int
	style    string
	faults   []string
}

// rendered is the page of the spec, made once.
var rendered = sync.OnceValues(func() (Page, error) { return Render(spec.OpenAPI) })

func read(t *testing.T) *shown {
	t.Helper()
	page, err := rendered()
	if err != nil {
		t.Fatal(err)
	}
	s := &shown{text: map[string]*strings.Builder{"": {}}, links: map[string][]string{}, elements: map[string]int{}}
	decoder := xml.NewDecoder(bytes.NewReader(page.HTML))
	for open := []xml.StartElement{}; ; {
		token, err := decoder.Token()
		switch token := token.(type) {
		case xml.StartElement:
			open = append(open, token.Copy())
			s.begin(open)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			s.add(open, string(token))
		}
		if err == io.EOF {
			return s
		}
		if err != nil {
			t.Fatalf("the page is not well-formed: %v", err)
		}
	}
}

func (s *shown) begin(open []xml.StartElement) {
	element := open[len(open)-1]
	name := element.Name.Local
	s.elements[name]++
	if len(name) == 2 && name[0] == 'h' && name[1] >= '1' && name[1] <= '6' {
		s.headings = append(s.headings, int(name[1]-'0'))
	}
	for _, attribute := range element.Attr {
		switch key, value := attribute.Name.Local, attribute.Value; {
		case key == "id":
			if _, twice := s.text[value]; twice {
				s.faults = append(s.faults, "two elements have the id "+value)
			}
			s.text[value] = &strings.Builder{}
		case key == "href":
			for _, id := range ids(open) {
				s.links[id] = append(s.links[id], value)
			}
		case key == "src" || key == "style" || key == "action" || strings.HasPrefix(key, "on"):
			s.faults = append(s.faults, "a "+name+" has the attribute "+key)
		}
	}
}

func (s *shown) add(open []xml.StartElement, text string) {
	for _, id := range ids(open) {
		s.text[id].WriteString(text)
	}
	if len(open) > 0 && open[len(open)-1].Name.Local == "style" {
		s.style += text
	}
}

// ids gives those of an element and of all that it stands in; "" is the page.
func ids(open []xml.StartElement) []string {
	list := []string{""}
	for _, element := range open {
		for _, attribute := range element.Attr {
			if attribute.Name.Local == "id" {
				list = append(list, attribute.Value)
			}
		}
	}
	return list
}

// has fails the test unless the element with the id shows each of the texts.
func (s *shown) has(t *testing.T, id string, texts ...string) {
	t.Helper()
	all, ok := s.text[id]
	if !ok {
		t.Fatalf("nothing has the id %s", id)
	}
	for _, text := range texts {
		if !strings.Contains(all.String(), text) {
			t.Errorf("%s does not show %q", id, text)
		}
	}
}

func parseSpec(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := spectest.Parse(spec.OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// TestEverythingIsShown holds the page to what another reader of OpenAPI finds
// in the spec.
func TestEverythingIsShown(t *testing.T) {
	page, doc := read(t), parseSpec(t)
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			id := op.OperationID
			page.has(t, id, method, path, op.Summary)
			page.has(t, "tag-"+op.Tags[0], op.Summary)
			for _, p := range append(item.Parameters, op.Parameters...) {
				page.has(t, id, p.Value.Name, p.Value.In)
			}
			if op.RequestBody != nil {
				page.hasContent(t, id, op.RequestBody.Value.Content)
			}
			page.hasReplies(t, id, op)
		}
	}
	for name, r := range doc.Components.Responses {
		page.hasReply(t, "reply-"+name, r.Value)
	}
	for name, s := range doc.Components.Schemas {
		page.hasSchema(t, "schema-"+name, s.Value)
	}
	for _, info := range api.Codes {
		page.has(t, "schema-Code", strconv.Quote(string(info.Code)))
	}
}

func (s *shown) hasReplies(t *testing.T, id string, op *openapi3.Operation) {
	t.Helper()
	for status, r := range op.Responses.Map() {
		s.has(t, id, status)
		for name := range r.Value.Headers {
			s.has(t, id, name)
		}
		if name, shared := strings.CutPrefix(r.Ref, "#/components/responses/"); shared {
			s.leadsTo(t, id, "#reply-"+name)
		} else {
			s.hasReply(t, id, r.Value)
		}
	}
	for code := range spectest.Codes(op) {
		s.leadsTo(t, id, "problems/"+string(code))
	}
}

func (s *shown) hasReply(t *testing.T, id string, r *openapi3.Response) {
	t.Helper()
	for name, h := range r.Headers {
		if component, shared := strings.CutPrefix(h.Ref, "#/components/headers/"); shared {
			s.leadsTo(t, id, "#header-"+component)
			s.has(t, "header-"+component, name)
		} else {
			s.has(t, id, name)
		}
	}
	s.hasContent(t, id, r.Content)
}

func (s *shown) hasContent(t *testing.T, id string, content openapi3.Content) {
	t.Helper()
	for mediaType, media := range content {
		s.has(t, id, mediaType)
		if media.Schema == nil {
			continue
		}
		if name, shared := strings.CutPrefix(media.Schema.Ref, "#/components/schemas/"); shared {
			s.leadsTo(t, id, "#schema-"+name)
		} else {
			s.hasSchema(t, id, media.Schema.Value)
		}
		for name := range media.Examples {
			s.has(t, id, name)
		}
	}
}

// hasSchema looks for the members; those of a part that is a component of its
// own are shown there.
func (s *shown) hasSchema(t *testing.T, id string, schema *openapi3.Schema) {
	t.Helper()
	for name, property := range schema.Properties {
		s.has(t, id, name)
		if component, shared := strings.CutPrefix(property.Ref, "#/components/schemas/"); shared {
			s.leadsTo(t, id, "#schema-"+component)
		}
	}
	for _, part := range schema.AllOf {
		if component, shared := strings.CutPrefix(part.Ref, "#/components/schemas/"); shared {
			s.leadsTo(t, id, "#schema-"+component)
		} else if part.Value.If == nil {
			s.hasSchema(t, id, part.Value)
		}
	}
}

func (s *shown) leadsTo(t *testing.T, id, href string) {
	t.Helper()
	for _, link := range s.links[id] {
		if link == href {
			return
		}
	}
	t.Errorf("%s has no link to %s", id, href)
}

// TestThePageNeedsNothingElse: no link leaves the registry, no part of the page
// comes from anywhere, and what leads to a place in it finds it.
func TestThePageNeedsNothingElse(t *testing.T) {
	page := read(t)
	for _, fault := range page.faults {
		t.Error(fault)
	}
	for _, link := range page.links[""] {
		id, inside := strings.CutPrefix(link, "#")
		code, problem := strings.CutPrefix(link, "problems/")
		_, there := page.text[id]
		known := api.Code(code).Info().Code == api.Code(code)
		switch {
		case inside && there, problem && (code == "" || known), link == "openapi.yaml":
		default:
			t.Errorf("a link leads to %s", link)
		}
	}
	for _, element := range []string{"script", "link", "img", "iframe", "object", "embed", "form", "base", "video", "audio", "svg", "font"} {
		if page.elements[element] > 0 {
			t.Errorf("the page has %d elements %s", page.elements[element], element)
		}
	}
	for _, word := range []string{"url(", "@import", "src"} {
		if strings.Contains(page.style, word) {
			t.Errorf("the style sheet has %s", word)
		}
	}
}

// The policy lets through exactly the style sheet that stands in the page.
func TestPolicy(t *testing.T) {
	page, err := rendered()
	if err != nil {
		t.Fatal(err)
	}
	start, end := bytes.Index(page.HTML, []byte("<style>")), bytes.Index(page.HTML, []byte("</style>"))
	sum := sha256.Sum256(page.HTML[start+len("<style>") : end])
	if want := "style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "';"; !strings.Contains(page.Policy, want) {
		t.Errorf("the policy is %s, want %s", page.Policy, want)
	}
	if !strings.HasPrefix(page.Policy, "default-src 'none';") || strings.Contains(page.Policy, "unsafe") {
		t.Errorf("the policy is %s", page.Policy)
	}
}

// A heading is at most one level below the one before it.
func TestHeadingsNest(t *testing.T) {
	level := 0
	for i, next := range read(t).headings {
		if next > level+1 || next == 1 && i > 0 {
			t.Fatalf("heading %d is of level %d after one of level %d", i, next, level)
		}
		level = next
	}
}

// Examples are shown as JSON with the values of the spec.
func TestExamplesAreTheSpecs(t *testing.T) {
	doc, err := parse(spec.OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	want := parseSpec(t)
	for _, path := range doc.get("paths").pairs() {
		for _, method := range path.value.pairs() {
			for _, response := range method.value.get("responses").pairs() {
				shown := response.value.get("content", "application/json", "example")
				if !shown.is() {
					continue
				}
				op := want.Paths.Value(path.key).GetOperation(strings.ToUpper(method.key))
				example := op.Responses.Value(response.key).Value.Content.Get("application/json").Example
				if diff := cmp.Diff(plain(t, example), plain(t, json.RawMessage(shown.json()))); diff != "" {
					t.Errorf("%s %s, %s (-spec +shown):\n%s", method.key, path.key, response.key, diff)
				}
			}
		}
	}
}

// plain gives a value as encoding/json reads it.
func plain(t *testing.T, value any) (out any) {
	t.Helper()
	text, err := json.Marshal(value)
	if err = errors.Join(err, json.Unmarshal(text, &out)); err != nil {
		t.Fatal(err)
	}
	return out
}

// What would be left out, or lead nowhere, is an error.
func TestRenderRefuses(t *testing.T) {
	whole := func(operation string) string {
		return "info: {title: T}\ntags: [{name: a}]\npaths:\n  /x:\n    get:\n      tags: [a]\n" + operation
	}
	for name, test := range map[string]struct{ text, fault string }{
		"good":                     {whole("      responses: {'200': {description: d}}\n"), ""},
		"no YAML":                  {"a: [", "reading the spec: "},
		"a list":                   {"- a\n", "no YAML object"},
		"empty":                    {"", "no YAML object"},
		"reply that is not there":  {whole("      responses: {'200': {$ref: '#/components/responses/None'}}\n"), "leads nowhere"},
		"schema that is not there": {whole("      parameters: [{name: p, in: query, schema: {$ref: '#/components/schemas/None'}}]\n"), "leads nowhere"},
		"another document":         {whole("      responses: {'200': {$ref: 'other.yaml#/info'}}\n"), "leads nowhere"},
		"no type":                  {whole("      parameters: [{name: p, in: query, schema: {}}]\n"), "no type"},
		"no tag":                   {strings.Replace(whole(""), "[a]", "[b]", 1), "no tag"},
	} {
		_, err := Render([]byte(test.text))
		if test.fault == "" && err != nil || test.fault != "" && (err == nil || !strings.Contains(err.Error(), test.fault)) {
			t.Errorf("%s: %v, want %q", name, err, test.fault)
		}
	}
}

// What the spec says is text, whatever it looks like.
func TestTextIsNoMarkup(t *testing.T) {
	page, err := Render([]byte("info: {title: '<b>T</b>', description: \"<script>alert(1)</script> [x](javascript:alert(1))\"}\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, markup := range []string{"<b>", "<script", "javascript:"} {
		if bytes.Contains(page.HTML, []byte(markup)) {
			t.Errorf("the page has %s", markup)
		}
	}
}
