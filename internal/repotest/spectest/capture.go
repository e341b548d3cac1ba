package spectest

import (
	"bytes"
	"io"
)

// capture keeps what passes of a body, up to a limit.
type capture struct {
	keep  bool // whether anybody wants the bytes
	data  bytes.Buffer
	size  int64 // passed so far, kept or not
	whole bool  // the body came to its end
}

func (c *capture) add(p []byte) {
	c.size += int64(len(p))
	if room := keep - c.data.Len(); c.keep && room > 0 {
		c.data.Write(p[:min(room, len(p))])
	}
}

// complete reports whether data is all of the body.
func (c *capture) complete() bool {
	return c.whole && int64(c.data.Len()) == c.size
}

// watch gives body again, and c sees what is read of it.
func (c *capture) watch(body io.ReadCloser) io.ReadCloser { return &watched{body, c} }

type watched struct {
	io.ReadCloser
	capture *capture
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.ReadCloser.Read(p)
	w.capture.add(p[:n])
	if err == io.EOF {
		w.capture.whole = true
	}
	return n, err
}
