// Package lying makes a registry lie. A Lie stands in front of an honest handler
// and answers one kind of question otherwise; everything else stays true. A
// client must survive each of them: it does not hang, does not grow, writes
// nothing that it has not verified, and says what was wrong.
package lying

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"

	"github.com/ori-lang/registry/ident"
)

// Subject is what a request asks for.
type Subject string

// The subjects.
const (
	Discovery Subject = "discovery" // GET /v1/
	Archive   Subject = "archive"   // GET …/download
	Proof     Subject = "proof"     // GET …/proof
	Log       Subject = "log"       // checkpoint and tiles
	Document  Subject = "document"  // the JSON of all other calls
)

// Subjects are all of them.
func Subjects() []Subject { return []Subject{Discovery, Archive, Proof, Log, Document} }

// SubjectOf says what a request asks for.
func SubjectOf(r *http.Request) Subject {
	path := r.URL.Path
	switch {
	case path == "/v1/":
		return Discovery
	case strings.HasPrefix(path, "/log/"):
		return Log
	case strings.HasSuffix(path, "/download"):
		return Archive
	case strings.HasSuffix(path, "/proof"):
		return Proof
	}
	return Document
}

// Lie is one way to answer otherwise.
type Lie struct {
	Name   string
	About  Subject
	Slow   bool // a client notices it by its time-out only
	Common bool // it is told of every subject
	tell   func(w http.ResponseWriter, r *http.Request, honest http.Handler)
}

// Before puts the lie in front of an honest registry.
func (l Lie) Before(honest http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if SubjectOf(r) == l.About {
			if l.Slow { // a server learns that its client has gone when it has read what that sent
				_, _ = io.Copy(io.Discard, r.Body)
			}
			l.tell(w, r, honest)
		} else {
			honest.ServeHTTP(w, r)
		}
	})
}

// World is what lies are made of beside the truth.
type World struct {
	Elsewhere string    // URL of another origin, to which redirects lead
	Other     ident.Ref // a version that the registry has, and that nobody asks for
}

// Lies are all lies there are.
func Lies(world World) []Lie {
	var all []Lie
	for _, about := range Subjects() {
		for _, lie := range commonLies(world) {
			lie.About, lie.Common = about, true
			all = append(all, lie)
		}
	}
	return slices.Concat(all, archiveLies(world), proofLies(world), logLies(), documentLies())
}

// reply is an answer before it is sent.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// truth gives the honest answer, in a form that can be changed.
func truth(r *http.Request, honest http.Handler) reply {
	recorder := httptest.NewRecorder()
	plain := r.Clone(r.Context())
	plain.Header.Del("Accept-Encoding")
	honest.ServeHTTP(recorder, plain)
	return reply{recorder.Code, recorder.Header(), recorder.Body.Bytes()}
}

// send sends an answer with a length that fits.
func (a reply) send(w http.ResponseWriter) {
	for name, values := range a.header {
		if name != "Content-Length" {
			w.Header()[name] = values
		}
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body)
}

// changed is the truth with another body.
func changed(name string, about Subject, change func(body []byte) []byte) Lie {
	return Lie{Name: name, About: about, tell: func(w http.ResponseWriter, r *http.Request, honest http.Handler) {
		answer := truth(r, honest)
		if answer.status/100 == 2 {
			answer.body = change(answer.body)
		}
		answer.send(w)
	}}
}

// respelt changes one letter of base64 into another.
func respelt(text []byte, at int) []byte {
	out := slices.Clone(text)
	if at < 0 || at >= len(out) {
		return out
	}
	if out[at] = 'A'; text[at] == 'A' {
		out[at] = 'B'
	}
	return out
}

// flipped changes one bit.
func flipped(data []byte, at int) []byte {
	out := slices.Clone(data)
	if at < len(out) {
		out[at] ^= 1
	}
	return out
}
