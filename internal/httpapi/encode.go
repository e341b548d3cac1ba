package httpapi

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// cache is the Cache-Control of a route's successful replies.
type cache string

// The classes of caching of the protocol.
const (
	mutable  cache = "public, max-age=0, must-revalidate"
	lasting  cache = "public, max-age=31536000, s-maxage=300, immutable" // until it is removed
	forever  cache = "public, max-age=31536000, immutable"
	provable cache = "public, max-age=300, must-revalidate" // stays valid, its bytes may change
	newest   cache = "no-cache"
	never    cache = "no-store"
)

// cacheAs says who may keep the reply, and for how long. What a private registry
// shows, no cache may keep for others than the caller.
func (c *call) cacheAs(class cache) {
	if c.private {
		class = cache(strings.Replace(string(class), "public", "private", 1))
	}
	c.Header().Set("Cache-Control", string(class))
}

// vary adds a header of the request to those that the reply depends on.
func (c *call) vary(on string) {
	if others := c.Header().Get("Vary"); others != "" {
		on = others + ", " + on
	}
	c.Header().Set("Vary", on)
}

// document is a text that is sent whole: its bytes, what they are and their
// entity tag.
type document struct {
	mediaType string
	data      []byte
	tag       string        // without quotes
	policy    string        // of a page: what a browser may load for it
	zipped    func() []byte // the gzip form, made once; nil: it is made for each reply
}

func newDocument(mediaType string, data []byte) *document {
	sum := sha256.Sum256(data)
	return &document{mediaType: mediaType, data: data, tag: hex.EncodeToString(sum[:16])}
}

// keep makes the document's gzip form be kept, for one that stays the same.
func (s *service) keep(d *document) *document {
	d.zipped = sync.OnceValue(func() []byte { return s.zip.compress(d.data) })
	return d
}

// form gives the entity tag of the document as it is, or of its gzip form.
func (d *document) form(zipped bool) string {
	if zipped {
		return `"` + d.tag + `-gzip"`
	}
	return `"` + d.tag + `"`
}

// minZip is the size from which a gzip form is worth its while.
const minZip = 1 << 10

// zips reports whether the document has a gzip form.
func (d *document) zips() bool {
	return len(d.data) >= minZip && d.mediaType != "application/octet-stream"
}

// json sends v with a status.
func (s *service) json(c *call, r *http.Request, status int, v any) error {
	var body bytes.Buffer
	if err := encodeJSON(&body, v); err != nil {
		return fmt.Errorf("encoding reply: %w", err)
	}
	switch {
	case status == http.StatusOK && c.route.cache != never:
		return s.send(c, r, newDocument("application/json", body.Bytes()))
	case status == http.StatusOK && c.route.Scope == "":
		return s.sendOpenly(c, r, body.Bytes())
	}
	return sendOnce(c, status, "application/json", body.Bytes())
}

// sendOpenly sends JSON that nobody keeps and that is no secret of the caller's.
func (s *service) sendOpenly(c *call, r *http.Request, data []byte) error {
	c.vary("Accept-Encoding")
	if len(data) >= minZip && takesGzip(r) {
		c.Header().Set("Content-Encoding", "gzip")
		data = s.zip.compress(data)
	}
	return sendOnce(c, http.StatusOK, "application/json", data)
}

// sendOnce sends a reply that nobody keeps: personal, or about this moment. What is
// personal is not compressed: a secret beside chosen text could be guessed by its size.
func sendOnce(c *call, status int, mediaType string, data []byte) error {
	header := c.Header()
	header.Set("Cache-Control", string(never))
	header.Set("Content-Type", mediaType)
	header.Set("Content-Length", strconv.Itoa(len(data)))
	c.WriteHeader(status)
	_, err := c.Write(data)
	return err
}

// send sends a document in the form that the client takes, or 304 when it has
// that form already.
func (s *service) send(c *call, r *http.Request, d *document) error {
	header := c.Header()
	c.cacheAs(c.route.cache)
	if d.mediaType != "application/octet-stream" {
		c.vary("Accept-Encoding")
	}
	if d.policy != "" {
		header.Set("Content-Security-Policy", d.policy)
	}
	zipped := d.zips() && takesGzip(r)
	data, tag := d.data, d.form(zipped)
	header.Set("ETag", tag)
	if noneMatch(r, tag) {
		c.WriteHeader(http.StatusNotModified)
		return nil
	}
	switch {
	case zipped && d.zipped != nil:
		data = d.zipped()
	case zipped:
		data = s.zip.compress(d.data)
	}
	if zipped {
		header.Set("Content-Encoding", "gzip")
	}
	header.Set("Content-Type", d.mediaType)
	header.Set("Content-Length", strconv.Itoa(len(data)))
	c.WriteHeader(http.StatusOK)
	_, err := c.Write(data)
	return err
}

// takesGzip reads Accept-Encoding: an explicit gzip decides, else "*".
func takesGzip(r *http.Request) bool {
	star := false
	for coding := range strings.SplitSeq(strings.Join(r.Header["Accept-Encoding"], ","), ",") {
		name, params, _ := strings.Cut(strings.TrimSpace(coding), ";")
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "gzip", "x-gzip":
			return wanted(params)
		case "*":
			star = wanted(params)
		}
	}
	return star
}

// wanted reads the weight behind a coding; 0 says that it is not wanted.
func wanted(params string) bool {
	_, weight, ok := strings.Cut(strings.ToLower(strings.ReplaceAll(params, " ", "")), "q=")
	if !ok {
		return true
	}
	q, err := strconv.ParseFloat(weight, 64)
	return err == nil && q > 0
}

// noneMatch reports whether If-None-Match names the tag, compared weakly: the
// client has what it asks for.
func noneMatch(r *http.Request, tag string) bool {
	return names(r.Header["If-None-Match"], func(named string, _ bool) bool { return named == tag })
}

// ifMatch gives what If-Match asks of the document that is there, compared
// strongly, in any of its forms; nil when the request has no such header.
func ifMatch(r *http.Request) func(*document) bool {
	tags := r.Header["If-Match"]
	if len(tags) == 0 {
		return nil
	}
	return func(d *document) bool {
		return names(tags, func(named string, weak bool) bool {
			return !weak && (named == d.form(false) || named == d.form(true))
		})
	}
}

// names reports whether a header with a list of entity tags is "*", or has one
// that satisfies is. What follows something that is no tag is not looked at.
func names(header []string, is func(tag string, weak bool) bool) bool {
	list := strings.Join(header, ",")
	if strings.TrimSpace(list) == "*" {
		return true
	}
	for list = strings.TrimLeft(list, " \t,"); list != ""; list = strings.TrimLeft(list, " \t,") {
		opaque, weak := strings.CutPrefix(list, "W/")
		if !strings.HasPrefix(opaque, `"`) {
			return false
		}
		end := strings.IndexByte(opaque[1:], '"')
		if end < 0 {
			return false
		}
		if is(opaque[:end+2], weak) {
			return true
		}
		list = opaque[end+2:]
	}
	return false
}

// compressor keeps the large buffers of gzip for the next reply.
type compressor struct{ writers sync.Pool }

func newCompressor() *compressor {
	return &compressor{sync.Pool{New: func() any { return gzip.NewWriter(nil) }}}
}

func (z *compressor) compress(data []byte) []byte {
	w := z.writers.Get().(*gzip.Writer)
	defer z.writers.Put(w)
	var out bytes.Buffer
	w.Reset(&out)
	_, _ = w.Write(data) // writing to memory does not fail
	_ = w.Close()
	return out.Bytes()
}
