package httpapi

import (
	"bytes"
	"fmt"
	"net/http"
	"sync"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/translog"
)

func (s *service) checkpoint(c *call, r *http.Request) error {
	note, err := s.reg.Checkpoint(r.Context())
	if err != nil {
		return err
	}
	return s.send(c, r, newDocument("text/plain; charset=utf-8", note))
}

func (s *service) tile(c *call, r *http.Request) error {
	tile, err := translog.ParseTilePath("tile/" + r.PathValue("tile"))
	if err != nil {
		return api.Errorf(api.NotFound, "there is no tile of this name").
			WithHint("Tiles are /log/tile/<level>/<number> and /log/tile/entries/<number>, with .p/<width> when they are partial.")
	}
	data, err := s.reg.Tile(r.Context(), tile)
	if err != nil {
		return err
	}
	return s.send(c, r, newDocument("application/octet-stream", data))
}

func (s *service) openAPI(c *call, r *http.Request) error {
	return s.send(c, r, s.spec)
}

// A page runs nothing and loads nothing.
const (
	pageType   = "text/html; charset=utf-8"
	pagePolicy = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"
)

// Page is an HTML page and the Content-Security-Policy that lets it have what it needs.
type Page struct {
	HTML   []byte
	Policy string
}

// newPage is newDocument for a page.
func newPage(p Page) *document {
	d := newDocument(pageType, p.HTML)
	d.policy = p.Policy
	return d
}

// keepPage gives the page that build makes, which it does once.
func (s *service) keepPage(build func() (Page, error)) func() (*document, error) {
	if build == nil {
		return func() (*document, error) { return nil, unknownAddress(nil) }
	}
	return sync.OnceValues(func() (*document, error) {
		page, err := build()
		if err != nil {
			return nil, fmt.Errorf("making the page of the protocol: %w", err)
		}
		return s.keep(newPage(page)), nil
	})
}

// docsPage shows the protocol to a person.
func (s *service) docsPage(c *call, r *http.Request) error {
	page, err := s.docs()
	if err != nil {
		return err
	}
	return s.send(c, r, page)
}

// problemPage explains a code to a person.
func (s *service) problemPage(c *call, r *http.Request) error {
	code := api.Code(r.PathValue("code"))
	if code.Info().Code != code {
		return api.Errorf(api.NotFound, "there is no problem code of this name")
	}
	return s.sendPage(c, r, "page", code.Info())
}

// problemIndex lists all codes.
func (s *service) problemIndex(c *call, r *http.Request) error {
	return s.sendPage(c, r, "index", api.Codes)
}

func (s *service) sendPage(c *call, r *http.Request, name string, data any) error {
	var page bytes.Buffer
	if err := s.pages.ExecuteTemplate(&page, name, data); err != nil {
		return fmt.Errorf("making the %s of codes: %w", name, err)
	}
	return s.send(c, r, newPage(Page{page.Bytes(), pagePolicy}))
}

const problemHTML = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.Title}} ({{.Code}})</title>
</head>
<body>
<h1>{{.Title}}</h1>
<p>Code <code>{{.Code}}</code>, HTTP status {{.Status}}.</p>
<p>{{.Meaning}}</p>
<p><a href="./">All codes</a>. <a href="../docs">The whole protocol</a>.</p>
</body>
</html>
`

const indexHTML = `{{define "index"}}<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Codes of failures</title>
</head>
<body>
<h1>Codes of failures</h1>
<dl>
{{- range .}}
<dt><a href="{{.Code}}"><code>{{.Code}}</code></a>, HTTP status {{.Status}}</dt>
<dd>{{.Title}}.</dd>
{{- end}}
</dl>
<p><a href="../docs">The whole protocol</a>.</p>
</body>
</html>
{{end}}`

// live says that the process answers, and nothing else.
func (s *service) live(c *call, _ *http.Request) error {
	return sendOnce(c, http.StatusOK, "text/plain; charset=utf-8", []byte("ok\n"))
}

// readiness says whether calls should be sent here.
func (s *service) readiness(c *call, r *http.Request) error {
	if err := s.ready(r.Context()); err != nil {
		return err
	}
	return sendOnce(c, http.StatusOK, "text/plain; charset=utf-8", []byte("ok\n"))
}
