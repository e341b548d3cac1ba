package httpapi_test

import (
	"encoding/xml"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/internal/repotest/sample"
)

// element is any element of XML.
type element struct {
	XMLName  xml.Name
	Attr     []xml.Attr `xml:",any,attr"`
	Text     string     `xml:",chardata"`
	Children []element  `xml:",any"`
}

const atom = "http://www.w3.org/2005/Atom"

func (e element) all(name string) (found []element) {
	for _, child := range e.Children {
		if child.XMLName == (xml.Name{Space: atom, Local: name}) {
			found = append(found, child)
		}
	}
	return found
}

func (e element) attr(name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// one gives the text of an element that must be there once.
func (e element) one(t *testing.T, name string) string {
	t.Helper()
	found := e.all(name)
	if len(found) != 1 || strings.TrimSpace(found[0].Text) == "" {
		t.Fatalf("<%s> has %d elements <%s>", e.XMLName.Local, len(found), name)
	}
	return found[0].Text
}

// readFeed holds a reply to what RFC 4287 requires of a feed (4.1.1) and of its
// entries (4.1.2), and gives the title and summary of each entry.
func readFeed(t *testing.T, a answer) (entries []string, feed element) {
	t.Helper()
	decoder := xml.NewDecoder(strings.NewReader(string(a.body)))
	if err := decoder.Decode(&feed); err != nil {
		t.Fatalf("%v in %s", err, a.body)
	}
	if feed.XMLName != (xml.Name{Space: atom, Local: "feed"}) || a.Header.Get("Content-Type") != "application/atom+xml; charset=utf-8" {
		t.Errorf("a feed of %v, %v", feed.XMLName, a.Header)
	}
	ids := map[string]bool{}
	newest := readConstruct(t, feed, ids)
	for _, author := range feed.all("author") {
		author.one(t, "name")
	}
	for _, entry := range feed.all("entry") {
		if updated := readConstruct(t, entry, ids); updated.After(newest) {
			t.Errorf("an entry was updated at %v, the feed at %v", updated, newest)
		}
		if published := readTime(t, entry.one(t, "published")); published.After(newest) {
			t.Errorf("published at %v", published)
		}
		for _, author := range entry.all("author") {
			author.one(t, "name")
		}
		entries = append(entries, entry.one(t, "title")+": "+entry.one(t, "summary"))
	}
	return entries, feed
}

// readConstruct checks what feed and entry have alike: an id of their own, a
// title, a time, and one alternate link.
func readConstruct(t *testing.T, e element, ids map[string]bool) (updated time.Time) {
	t.Helper()
	id := e.one(t, "id")
	if u, err := url.Parse(id); err != nil || !u.IsAbs() || ids[id] {
		t.Errorf("the id %q is no IRI, or there twice (%v)", id, err)
	}
	ids[id] = true
	e.one(t, "title")
	links := map[string]int{}
	for _, link := range e.all("link") {
		links[link.attr("rel")]++
		if u, err := url.Parse(link.attr("href")); err != nil || !u.IsAbs() {
			t.Errorf("a link to %q", link.attr("href"))
		}
	}
	if links["alternate"] != 1 || links["self"] > 1 || len(e.all("author")) != 1 {
		t.Errorf("<%s> has the links %v and %d authors", e.XMLName.Local, links, len(e.all("author")))
	}
	return readTime(t, e.one(t, "updated"))
}

func readTime(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, s)
	if err != nil || !strings.HasSuffix(s, "Z") {
		t.Errorf("the time %q: %v", s, err)
	}
	return at
}

func TestFeeds(t *testing.T) {
	s := newSite(t)
	empty := s.want(s.get("/v1/feed.atom"), 200, "")
	if entries, _ := readFeed(t, empty); len(entries) > 0 {
		t.Errorf("an empty registry has the entries %q", entries)
	}
	s.claim("acme")
	for _, ref := range []string{"@acme/http@1.1.0", "@acme/http@1.0.0", "@acme/url@1.0.0"} {
		data := sample.Package{Ref: ref}.Archive(t)
		name, _, _ := strings.Cut(strings.TrimPrefix(ref, "@"), "@")
		s.want(s.publish(name, part{"archive", data}), 201, "")
	}
	a := s.want(s.get("/v1/feed.atom"), 200, "")
	entries, feed := readFeed(t, a)
	if got := titles(entries); got != "@acme/url 1.0.0, @acme/http 1.0.0, @acme/http 1.1.0" {
		t.Errorf("the registry's entries are %s", got)
	}
	if feed.one(t, "id") != s.base+"/v1/feed.atom" || feed.all("entry")[1].one(t, "id") != s.base+"/@acme/http/1.0.0" || a.Header.Get("ETag") == empty.Header.Get("ETag") {
		t.Errorf("%s", a.body)
	}

	s.life("acme/http/1.0.0", "yank", `{"reason":"security","message":"use <b>1.1.0</b> & tell"}`)
	s.life("acme/http/1.1.0", "deprecate", `{"message":"old","replacement":"@acme/web"}`)
	of := s.want(s.get("/v1/packages/acme/http/feed.atom"), 200, "")
	entries, _ = readFeed(t, of)
	want := []string{
		"@acme/http 1.0.0 (yanked): A package of the tests. — Yanked (security): use <b>1.1.0</b> & tell",
		"@acme/http 1.1.0 (deprecated): A package of the tests. — Deprecated, use @acme/web instead: old",
	}
	if fmt.Sprintf("%q", entries) != fmt.Sprintf("%q", want) {
		t.Errorf("the package's entries are %q, want %q", entries, want)
	}
	if all, _ := readFeed(t, s.get("/v1/feed.atom")); titles(all) != "@acme/url 1.0.0, @acme/http 1.0.0 (yanked), @acme/http 1.1.0 (deprecated)" {
		t.Errorf("the registry's entries are %s", titles(all))
	}
	s.life("acme/http/1.0.0", "remove", `{"reason":"malware"}`)
	s.life("acme/http/1.1.0", "yank", `{}`)
	entries, _ = readFeed(t, s.get("/v1/packages/acme/http/feed.atom"))
	if entries[0] != "@acme/http 1.0.0 (removed): Removed by the operators (malware)" || !strings.Contains(entries[1], " — Yanked — ") {
		t.Errorf("the package's entries are %q", entries)
	}
	s.want(s.get("/v1/packages/acme/none/feed.atom"), 404, api.PackageNotFound)
	s.want(s.get("/v1/packages/acme/No/feed.atom"), 400, api.InvalidName)
	s.want(s.do("GET", "/v1/packages/@acme/http/feed.atom", nil, nil), 308, "")
}

// life calls what changes the life of a version, as an operator who owns nothing
// or as alice, who owns all.
func (s *site) life(version, what, body string) {
	s.t.Helper()
	h := header{"Content-Type": isJSON}
	if what == "remove" {
		h = s.operator("olive").with("Content-Type", isJSON)
	}
	s.want(s.do("POST", "/v1/packages/"+version+"/"+what, strings.NewReader(body), h), 200, "")
}

func titles(entries []string) string {
	var all []string
	for _, entry := range entries {
		title, _, _ := strings.Cut(entry, ": ")
		all = append(all, title)
	}
	return strings.Join(all, ", ")
}
