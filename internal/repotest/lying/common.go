package lying

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/ori-lang/registry/api"
)

// commonLies can be told about everything.
func commonLies(world World) []Lie {
	lies := []Lie{
		{Name: "nothing at all", tell: says(200, "application/json", "")},
		{Name: "a body without end", tell: withoutEnd},
		{Name: "a body that drips", Slow: true, tell: drip},
		{Name: "silence", Slow: true, tell: func(_ http.ResponseWriter, r *http.Request, _ http.Handler) { <-r.Context().Done() }},
		{Name: "a body that is cut", tell: cut},
		{Name: "a length that is too small", tell: shortened},
		{Name: "a web page", tell: says(200, "text/html", "<!doctype html><title>Sign in</title><p>\x1b[31mPlease sign in.")},
		{Name: "a web page of an error", tell: says(500, "text/html", "<h1>\x1b[31mOops</h1>")},
		{Name: "a problem that succeeds", tell: says(200, "application/problem+json", `{"code":"not_found","status":404,"title":"Not found"}`)},
		{Name: "no content", tell: says(204, "", "")},
		{Name: "not modified", tell: says(304, "", "")},
		{Name: "a part", tell: part},
		{Name: "text that is called gzip", tell: encoded("gzip", strings.NewReader("this is not gzip"))},
		{Name: "a bomb of gzip", tell: func(w http.ResponseWriter, r *http.Request, h http.Handler) {
			encoded("gzip", bomb(nil, make([]byte, 1<<20), 10_000))(w, r, h)
		}},
		{Name: "a later time without end", tell: later(503, "1000000000")},
		{Name: "a later time before this one", tell: later(429, "-5")},
		{Name: "a later time in words", tell: later(429, "tomorrow\x1b[31m")},
		{Name: "a count that never has room", tell: noRoom},
		{Name: "escapes in a problem", tell: escapes},
		{Name: "headers without end", tell: manyHeaders},
		{Name: "hints without end", tell: manyHints},
		{Name: "no HTTP", tell: raw("SSH-2.0-registry\r\n")},
		{Name: "a length below nothing", tell: raw("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello")},
		{Name: "two lengths", tell: raw("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 7\r\n\r\nhello")},
		{Name: "a chunk beyond numbers", tell: raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffffff\r\nhello")},
	}
	for name, target := range map[string]string{
		"a redirect in a circle":          "",
		"a redirect to another host":      world.Elsewhere + "/somewhere",
		"a redirect to a host in clear":   "http://registry.invalid/",
		"a redirect to a file":            "file:///etc/passwd",
		"a redirect to nowhere":           "http://[::1",
		"a redirect to a password":        strings.Replace(world.Elsewhere, "://", "://user:secret@", 1),
		"a redirect with escapes in it":   "https://\x1b[31mregistry.invalid/",
		"a redirect into the other paths": "/../../../etc/passwd",
	} {
		lies = append(lies, Lie{Name: name, tell: redirect(target)})
	}
	return lies
}

func says(status int, media, text string) func(http.ResponseWriter, *http.Request, http.Handler) {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", media)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
	}
}

func raw(text string) func(http.ResponseWriter, *http.Request, http.Handler) {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		connection, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		defer connection.Close()
		_, _ = io.WriteString(connection, text)
	}
}

func withoutEnd(w http.ResponseWriter, r *http.Request, _ http.Handler) {
	block := []byte(strings.Repeat(" ", 64<<10))
	for r.Context().Err() == nil {
		if _, err := w.Write(block); err != nil {
			return
		}
	}
}

// drip sends a byte now and then.
func drip(w http.ResponseWriter, r *http.Request, _ http.Handler) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-r.Context().Done():
			return
		case <-tick.C:
			_, _ = w.Write([]byte(" "))
			_ = http.NewResponseController(w).Flush()
		}
	}
}

// cut breaks the connection in the middle of the truth.
func cut(w http.ResponseWriter, r *http.Request, honest http.Handler) {
	answer := truth(r, honest)
	w.Header().Set("Content-Length", strconv.Itoa(len(answer.body)+1))
	w.WriteHeader(answer.status)
	_, _ = w.Write(answer.body[:len(answer.body)/2])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// shortened is half of the truth, with a length that fits it.
func shortened(w http.ResponseWriter, r *http.Request, honest http.Handler) {
	answer := truth(r, honest)
	answer.body = answer.body[:len(answer.body)/2]
	answer.send(w)
}

func part(w http.ResponseWriter, r *http.Request, honest http.Handler) {
	answer := truth(r, honest)
	answer.status = http.StatusPartialContent
	answer.header.Set("Content-Range", fmt.Sprintf("bytes 0-%d/%d", len(answer.body)-1, len(answer.body)))
	answer.send(w)
}

func encoded(as string, body io.Reader) func(http.ResponseWriter, *http.Request, http.Handler) {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", as)
		_, _ = io.Copy(w, body)
	}
}

func later(status int, after string) func(http.ResponseWriter, *http.Request, http.Handler) {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header()["Retry-After"] = []string{after}
		w.WriteHeader(status)
	}
}

// noRoom tells the truth, and that no call has room for ten years.
func noRoom(w http.ResponseWriter, r *http.Request, honest http.Handler) {
	answer := truth(r, honest)
	answer.header.Set("X-RateLimit-Remaining", "0")
	answer.header.Set("X-RateLimit-Reset", strconv.FormatInt(time.Now().AddDate(10, 0, 0).Unix(), 10))
	answer.send(w)
}

// Escape is what lies put into texts: it would clear a terminal, call it another
// name, and turn around what follows.
const Escape = "\x1b[2J\x1b]0;owned\x07\u009b31m\u202e"

func escapes(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
	p := &api.Problem{
		Code: api.Code("not_owner" + Escape), Title: Escape + "Forbidden", Status: 403, Detail: "You may not." + Escape + "\r\nerror: none",
		Hint: Escape, RequestID: Escape, RequiredScope: Escape,
		Errors: []api.Fault{{Path: Escape, Pointer: Escape, Code: Escape, Detail: Escape}},
	}
	sendJSON(w, "application/problem+json", 403, p)
}

func manyHeaders(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
	for i := range 1000 {
		w.Header().Set(fmt.Sprintf("X-Filler-%d", i), strings.Repeat("x", 1000))
	}
	w.WriteHeader(http.StatusOK)
}

func manyHints(w http.ResponseWriter, r *http.Request, honest http.Handler) {
	w.Header().Set("Link", "</x>; rel=preload")
	for range 10_000 {
		w.WriteHeader(http.StatusEarlyHints)
		if r.Context().Err() != nil {
			return
		}
	}
	truth(r, honest).send(w)
}

// redirect leads to target; "" is the address that was asked for.
func redirect(target string) func(http.ResponseWriter, *http.Request, http.Handler) {
	return func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		to := target
		if to == "" {
			to = r.URL.RequestURI()
		}
		w.Header()["Location"] = []string{to}
		w.WriteHeader(http.StatusTemporaryRedirect)
	}
}
