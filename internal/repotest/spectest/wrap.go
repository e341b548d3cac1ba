package spectest

import (
	"io"
	"net/http"
	"sync"
)

// Middleware checks every exchange of next. The response stays as streaming as
// it was, and http.ResponseController reaches the connection through it.
func (v *Validator) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x := v.open(r)
		rec := &recorder{ResponseWriter: w, doc: v.doc, exchange: x}
		defer func() {
			if rec.begun() { // else it panicked before it answered, and net/http cuts the connection
				v.settle(x)
			}
		}()
		next.ServeHTTP(rec, x.request)
		rec.end()
	})
}

// recorder is the http.ResponseWriter that sees the reply.
type recorder struct {
	http.ResponseWriter
	doc      *document
	exchange *exchange
	broken   bool // the client went away
}

func (r *recorder) begun() bool { return r.exchange.status != 0 }

func (r *recorder) WriteHeader(status int) {
	if !r.begun() && status >= 200 {
		r.exchange.begin(r.doc, status, r.Header())
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(p []byte) (int, error) {
	if !r.begun() {
		r.exchange.begin(r.doc, http.StatusOK, r.Header())
	}
	n, err := r.ResponseWriter.Write(p)
	r.exchange.body.add(p[:n])
	r.broken = r.broken || err != nil
	return n, err
}

// Flush sends what is buffered.
func (r *recorder) Flush() { _ = http.NewResponseController(r.ResponseWriter).Flush() }

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// end notes that the handler came back: all of the reply is out.
func (r *recorder) end() {
	if !r.begun() {
		r.exchange.begin(r.doc, http.StatusOK, r.Header())
	}
	r.exchange.body.whole = !r.broken
}

// Transport checks every exchange that goes through next. The reply is judged
// when its body was read to the end, or is closed.
func (v *Validator) Transport(next http.RoundTripper) http.RoundTripper {
	return transport{v, next}
}

type transport struct {
	validator *Validator
	next      http.RoundTripper
}

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	x := t.validator.open(r)
	res, err := t.next.RoundTrip(x.request)
	if err != nil {
		return nil, err
	}
	x.begin(t.validator.doc, res.StatusCode, res.Header)
	if res.Body == http.NoBody { // few callers read or close that
		x.body.whole = true
		t.validator.settle(x)
		return res, nil
	}
	settle := sync.OnceFunc(func() { t.validator.settle(x) })
	res.Body = &replyBody{x.body.watch(res.Body), x.body, settle}
	return res, nil
}

// replyBody settles the exchange when the body ends.
type replyBody struct {
	io.ReadCloser
	capture *capture
	settle  func()
}

func (b *replyBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		b.settle()
	}
	return n, err
}

// Close reads what a JSON decoder left behind the value, so that the body can
// be judged; other bodies are closed where they are.
func (b *replyBody) Close() error {
	if b.capture.keep && !b.capture.whole {
		_, _ = io.Copy(io.Discard, io.LimitReader(b.ReadCloser, keep))
	}
	b.settle()
	return b.ReadCloser.Close()
}
