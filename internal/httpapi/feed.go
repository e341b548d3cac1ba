package httpapi

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/internal/registry"
)

func (s *service) feed(c *call, r *http.Request) error {
	news, err := s.reg.Feed(r.Context())
	if err != nil {
		return err
	}
	_, host, _ := strings.Cut(s.urls.Base(), "://")
	return s.sendFeed(c, r, atomFeed{
		ID: s.urls.Feed(), Title: "Newest versions at " + host, Author: atomAuthor{host},
		Links: []atomLink{{"self", s.urls.Feed()}, {"alternate", s.urls.Base() + "/"}},
	}, news)
}

func (s *service) packageFeed(c *call, r *http.Request) error {
	p, err := pathPackage(r)
	if err != nil {
		return err
	}
	news, err := s.reg.PackageFeed(r.Context(), p)
	if err != nil {
		return err
	}
	_, host, _ := strings.Cut(s.urls.Base(), "://")
	return s.sendFeed(c, r, atomFeed{
		ID: s.urls.PackageFeed(p), Title: "Versions of " + p.String(), Author: atomAuthor{host},
		Links: []atomLink{{"self", s.urls.PackageFeed(p)}, {"alternate", s.urls.WebPackage(p)}},
	}, news)
}

const feedType = "application/atom+xml; charset=utf-8"

// The elements of RFC 4287 that a feed has here: what it requires, and a summary.
type (
	atomFeed struct {
		XMLName xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
		ID      string      `xml:"id"`
		Title   string      `xml:"title"`
		Updated string      `xml:"updated"`
		Author  atomAuthor  `xml:"author"`
		Links   []atomLink  `xml:"link"`
		Entries []atomEntry `xml:"entry"`
	}
	atomAuthor struct {
		Name string `xml:"name"`
	}
	atomLink struct {
		Rel  string `xml:"rel,attr"`
		Href string `xml:"href,attr"`
	}
	atomEntry struct {
		ID        string     `xml:"id"`
		Title     string     `xml:"title"`
		Updated   string     `xml:"updated"`
		Published string     `xml:"published"`
		Author    atomAuthor `xml:"author"`
		Link      atomLink   `xml:"link"`
		Summary   string     `xml:"summary"`
	}
)

func (s *service) sendFeed(c *call, r *http.Request, feed atomFeed, news *registry.Feed) error {
	feed.Updated = atomTime(news.Updated)
	for _, n := range news.News {
		feed.Entries = append(feed.Entries, newAtomEntry(n))
	}
	text, err := xml.MarshalIndent(feed, "", "  ")
	if err != nil {
		return fmt.Errorf("writing a feed: %w", err)
	}
	return s.send(c, r, newDocument(feedType, append([]byte(xml.Header), append(text, '\n')...)))
}

// newAtomEntry names a version by its page: that address is its own for ever.
func newAtomEntry(n registry.News) atomEntry {
	ref := ident.Ref{Package: n.Package, Version: n.Version.Version}
	title, summary := entryText(n.Metadata)
	return atomEntry{
		ID: n.URLs.Web, Title: ref.Package.String() + " " + ref.Version.String() + title,
		Updated: atomTime(n.Updated), Published: atomTime(n.PublishedAt.Time),
		Author: atomAuthor{n.PublishedBy}, Link: atomLink{"alternate", n.URLs.Web}, Summary: visible(summary),
	}
}

// entryText gives the end of an entry's title and its summary: what the package
// is, and what became of the version. Of one that was removed only that is told.
func entryText(m *api.Metadata) (title, summary string) {
	if m.Removed != nil {
		return " (removed)", note("Removed by the operators", &m.Removed.Reason, m.Removed.Message)
	}
	notes := []string{m.Description}
	if m.Yanked != nil {
		title += " (yanked)"
		notes = append(notes, note("Yanked", m.Yanked.Reason, m.Yanked.Message))
	}
	if m.Deprecated != nil {
		title += " (deprecated)"
		what := "Deprecated"
		if m.Deprecated.Replacement != nil {
			what += ", use " + *m.Deprecated.Replacement + " instead"
		}
		notes = append(notes, note(what, nil, &m.Deprecated.Message))
	}
	return title, strings.Join(notes, " — ")
}

func note(what string, reason, message *string) string {
	if reason != nil {
		what += " (" + *reason + ")"
	}
	if message != nil {
		what += ": " + *message
	}
	return what
}

// visible puts a space in the place of each control character: XML cannot hold
// most of them, in whatever spelling.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
}

func atomTime(t time.Time) string { return t.UTC().Format(time.RFC3339) }
