// Package apidocs makes the page that shows the protocol to people, of the same
// spec/openapi.yaml that programs read.
//
// The page is one document that needs nothing else: no script, no font, no image,
// and its style sheet is in it. It reads in a browser of any width, light or dark,
// and from a file. Its links lead to its own parts and to addresses beside it
// ("problems/…", "openapi.yaml"), so it works below any base URL.
//
// Only what spec/openapi.yaml uses of OpenAPI 3.1 is understood. A reference that
// leads nowhere and a value whose type cannot be told are errors, so that what is
// missing is noticed.
package apidocs

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
)

//go:embed page.html
var pageHTML string

//go:embed style.css
var styleCSS string

// Page is the page and the Content-Security-Policy that it is to be sent with.
type Page struct {
	HTML   []byte
	Policy string
}

// Render makes the page of an OpenAPI text.
func Render(openAPI []byte) (Page, error) {
	doc, err := parse(openAPI)
	if err != nil {
		return Page{}, fmt.Errorf("reading the spec: %w", err)
	}
	view, err := newView(doc)
	if err != nil {
		return Page{}, fmt.Errorf("reading the spec: %w", err)
	}
	tmpl, err := template.New("page").Parse(pageHTML)
	if err != nil {
		return Page{}, fmt.Errorf("reading the template: %w", err)
	}
	var page bytes.Buffer
	if err := tmpl.Execute(&page, view); err != nil {
		return Page{}, fmt.Errorf("making the page: %w", err)
	}
	return Page{page.Bytes(), policy()}, nil
}

// policy lets the page's own style sheet through, by its hash, and nothing else.
func policy() string {
	sum := sha256.Sum256([]byte(styleCSS))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
}
