package apidocs

import (
	"bytes"
	"fmt"
	"html/template"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
)

// section is a heading of the introduction.
type section struct{ ID, Title string }

// markdown is CommonMark; raw HTML in it is left out.
func markdown() goldmark.Markdown {
	return goldmark.New(goldmark.WithRendererOptions(html.WithXHTML()))
}

// prose makes HTML of the description that a place in the spec has.
func (n node) prose() (template.HTML, error) {
	page, _, err := n.proseWithSections()
	return page, err
}

// proseWithSections is prose that also gives its headings, each with an id.
func (n node) proseWithSections() (template.HTML, []section, error) {
	md, raw := n.spec.markdown, []byte(n.get("description").text())
	doc := md.Parser().Parse(text.NewReader(raw))
	sections := nameHeadings(doc, raw)
	var b bytes.Buffer
	if err := md.Renderer().Render(&b, raw, doc); err != nil {
		return "", nil, fmt.Errorf("line %d: making HTML of the description: %w", n.Line, err)
	}
	return template.HTML(b.String()), sections, nil
}

func nameHeadings(doc ast.Node, source []byte) (sections []section) {
	for n := doc.FirstChild(); n != nil; n = n.NextSibling() {
		if heading, ok := n.(*ast.Heading); ok {
			title := string(heading.Lines().Value(source))
			id := "about-" + strings.ReplaceAll(strings.ToLower(title), " ", "-")
			heading.SetAttributeString("id", []byte(id))
			sections = append(sections, section{id, title})
		}
	}
	return sections
}
