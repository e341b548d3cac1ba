package conformance

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"mime/multipart"
	"slices"
	"strings"
	"time"

	"github.com/ori-lang/registry/ident"
)

// draft is an archive in the making. What is left as it is makes a canonical one.
type draft struct {
	name, version string // "@scope/name", "1.2.3"
	manifest      string // lines that follow [project]'s own
	lock          string // lines of [checksums]
	files         map[string]string
	order         []string                     // of the entries; nil: the canonical one
	entry         func(*tar.Header)            // changes each header
	without       string                       // an entry that is left out
	tar           func([]byte) []byte          // changes the tar
	archive       func([]byte) []byte          // changes the archive
	gzip          func(*gzip.Writer)           // sets up the compressor
	sums          func(string) string          // changes CHECKSUM
	raw           func(m string) (text string) // changes the manifest
}

// pack makes the archive with nothing but the standard library, as spec/archive.md says.
func (d draft) pack() []byte {
	content := d.content()
	names := d.order
	if names == nil {
		names = canonicalOrder(content)
	}
	var plain bytes.Buffer
	w := tar.NewWriter(&plain)
	for _, name := range names {
		header := &tar.Header{
			Typeflag: tar.TypeReg, Name: name, Size: int64(len(content[name])), Mode: 0o644,
			ModTime: time.Unix(315532800, 0), Format: tar.FormatUSTAR,
		}
		if d.entry != nil {
			d.entry(header)
		}
		_ = w.WriteHeader(header) // into memory
		_, _ = w.Write([]byte(content[name]))
	}
	_ = w.Close()
	return applied(d.archive, compressed(applied(d.tar, plain.Bytes()), d.gzip))
}

func applied(change func([]byte) []byte, data []byte) []byte {
	if change == nil {
		return data
	}
	return change(data)
}

func compressed(data []byte, setUp func(*gzip.Writer)) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if setUp != nil {
		setUp(w)
	}
	_, _ = w.Write(data)
	_ = w.Close()
	return out.Bytes()
}

func (d draft) content() map[string]string {
	m := fmt.Sprintf("[project]\nname = %q\nversion = %q\ndescription = \"Published by the conformance suite.\"\nori = \"0.4.0\"\n%s", d.name, d.version, d.manifest)
	if d.raw != nil {
		m = d.raw(m)
	}
	content := map[string]string{
		"oripk.toml": m, "oripk.lock": "[checksums]\n" + d.lock, "src/lib.ori": "pub @one () -> int = 1;\n",
	}
	for name, text := range d.files {
		content[name] = text
	}
	content["CHECKSUM"] = sumsOf(content)
	if d.sums != nil {
		content["CHECKSUM"] = d.sums(content["CHECKSUM"])
	}
	delete(content, d.without)
	return content
}

func canonicalOrder(content map[string]string) []string {
	first := []string{"oripk.toml", "oripk.lock", "CHECKSUM"}
	var names, rest []string
	for name := range content {
		if !slices.Contains(first, name) {
			rest = append(rest, name)
		}
	}
	for _, name := range first {
		if _, ok := content[name]; ok {
			names = append(names, name)
		}
	}
	slices.Sort(rest)
	return append(names, rest...)
}

func sumsOf(content map[string]string) string {
	var lines strings.Builder
	for _, name := range canonicalOrder(content) {
		fmt.Fprintf(&lines, "%x  %s\n", sha256.Sum256([]byte(content[name])), name)
	}
	return lines.String()
}

// upload is a multipart body.
type upload struct {
	archive  []byte
	checksum string // "": no such part
	last     bool   // the archive follows the checksum
}

func (u upload) request(url, token string) request {
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	writeChecksum := func() {
		if u.checksum != "" {
			_ = w.WriteField("checksum", u.checksum)
		}
	}
	if u.last {
		writeChecksum()
	}
	part, _ := w.CreateFormFile("archive", "package.oripk")
	_, _ = part.Write(u.archive)
	if !u.last {
		writeChecksum()
	}
	_ = w.Close()
	return request{method: "POST", url: url, token: token, body: body.Bytes(), headers: []string{"Content-Type", w.FormDataContentType()}}
}

// upload sends an archive with the first token.
func (c *check) upload(url string, archive []byte) *answer {
	return c.uploadAs(c.s.options.Token, url, upload{archive: archive})
}

func (c *check) uploadAs(token, url string, u upload) *answer {
	return c.published(c.call(u.request(url, token)))
}

func mustPackage(name string) ident.Package {
	p, err := ident.ParsePackage(name)
	if err != nil {
		panic(err)
	}
	return p
}

func mustRef(text string) ident.Ref {
	r, err := ident.ParseRef(text)
	if err != nil {
		panic(err)
	}
	return r
}
