package httpapi

import (
	"io"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/ori-lang/registry/internal/registry"
)

// call is one request on its way and the reply to it. It is the
// http.ResponseWriter of the handlers and keeps what the access log says.
type call struct {
	http.ResponseWriter
	id      string
	began   time.Time
	private bool           // the registry is: what it shows is for the caller alone
	route   *Route         // nil until one is found
	actor   registry.Actor // who calls; zero: nobody in particular

	identity error // why the token that was sent is not taken
	charge   charge

	unread   bool // the request has a body that was not read to its end
	status   int  // sent to the client; 0: nothing yet
	bytes    int64
	err      error // why the call failed
	cutShort bool  // the reply broke off: the connection must not look complete
}

// pattern is the route's, and never the raw path: that could hold anything.
func (c *call) pattern() string {
	if c.route == nil {
		return "-"
	}
	return c.route.Pattern
}

// WriteHeader notes the status and sends it.
func (c *call) WriteHeader(status int) {
	if c.status == 0 {
		c.status = status
		c.leaveBody()
		if status == http.StatusNotModified {
			c.recount()
		}
	}
	c.ResponseWriter.WriteHeader(status)
}

// leaveBody ends the connection with this reply when the request's body was not
// read: net/http would wait for that body first, and the client for the reply.
func (c *call) leaveBody() {
	if c.unread {
		c.Header().Set("Connection", "close")
	}
}

// linger bounds the time for which net/http takes in the rest of a body when
// the reply is out, so that the client gets to read it.
func (c *call) linger() {
	if c.unread {
		_ = http.NewResponseController(c.ResponseWriter).SetReadDeadline(time.Now().Add(lingerTimeout)) // a test's recorder has no connection
	}
}

// Unwrap lets http.ResponseController reach the connection.
func (c *call) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// A long reply is sent in strides, each with a deadline of its own: a slow reader
// may take its time, one that stands still may not.
const (
	stride     = 256 << 10        // sent under one write deadline
	strideTime = 30 * time.Second // to send it: 9 kB/s at least
)

func (c *call) beginStride() {
	_ = http.NewResponseController(c.ResponseWriter).SetWriteDeadline(time.Now().Add(strideTime)) // a test's recorder has no connection
}

// Write sends what may be long in strides. What is not has the time that every reply has.
func (c *call) Write(p []byte) (sent int, err error) {
	if c.status == 0 {
		c.WriteHeader(http.StatusOK)
	}
	if len(p) <= stride {
		return c.writeOn(p)
	}
	for piece := range slices.Chunk(p, stride) {
		c.beginStride()
		n, err := c.writeOn(piece)
		sent += n
		if err != nil {
			return sent, err
		}
	}
	return sent, nil
}

func (c *call) writeOn(p []byte) (int, error) {
	n, err := c.ResponseWriter.Write(p)
	c.bytes += int64(n)
	return n, err
}

// ReadFrom hands a file to the connection as it is, stride by stride, so that the
// kernel sends it (sendfile) without a copy through this process.
func (c *call) ReadFrom(src io.Reader) (sent int64, err error) {
	if c.status == 0 {
		c.WriteHeader(http.StatusOK)
	}
	file, ok := src.(*io.LimitedReader)
	if ok {
		_, ok = file.R.(*os.File)
	}
	if !ok {
		return c.copyFrom(src)
	}
	for file.N > 0 && err == nil {
		c.beginStride()
		piece := &io.LimitedReader{R: file.R, N: min(stride, file.N)}
		var n int64
		n, err = c.copyFrom(piece)
		sent, file.N = sent+n, file.N-n
		if n == 0 {
			break
		}
	}
	return sent, err
}

func (c *call) copyFrom(src io.Reader) (n int64, err error) {
	if to, ok := c.ResponseWriter.(io.ReaderFrom); ok {
		n, err = to.ReadFrom(src)
	} else {
		n, err = io.Copy(struct{ io.Writer }{c.ResponseWriter}, src)
	}
	c.bytes += n
	return n, err
}
