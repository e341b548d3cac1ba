package client

import (
	"context"
	"fmt"
	"io"
	"time"
)

// chunk is what a transfer must move within one time-out: enough that a
// registry cannot hold a client for days with a byte now and then, little
// enough for the slowest line.
const chunk = 16 << 10

// watchdog cancels a request that takes too long.
type watchdog struct {
	timer  *time.Timer
	limit  time.Duration
	cancel context.CancelCauseFunc
}

// watch gives a context that ends after limit, unless the watchdog is fed.
func watch(parent context.Context, limit time.Duration) (context.Context, *watchdog) {
	ctx, cancel := context.WithCancelCause(parent)
	late := fmt.Errorf("it took longer than %s", limit)
	return ctx, &watchdog{time.AfterFunc(limit, func() { cancel(late) }), limit, cancel}
}

func (w *watchdog) feed(d time.Duration) { w.timer.Reset(d) }

func (w *watchdog) stop() {
	w.timer.Stop()
	w.cancel(nil)
}

// pace feeds the watchdog for every chunk that has moved.
type pace struct {
	dog   *watchdog
	moved int64
}

func (p *pace) add(n int) {
	before := p.moved / chunk
	p.moved += int64(n)
	if p.moved/chunk > before {
		p.dog.feed(p.dog.limit)
	}
}

// replyBody turns the errors of reading a reply into *NetworkError.
type replyBody struct {
	io.ReadCloser
	ctx context.Context
	url string
}

func (b *replyBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		err = networkError(b.ctx, b.url, err)
	}
	return n, err
}

// pacedBody is a long reply.
type pacedBody struct {
	io.ReadCloser
	pace pace
}

func (b *pacedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.pace.add(n)
	return n, err
}

// pacedUpload is a long request. When its end is read, much of it may still be
// in the buffers of this machine, and the registry has its work before it.
type pacedUpload struct {
	io.Reader
	pace pace
}

func (u *pacedUpload) Read(p []byte) (int, error) {
	n, err := u.Reader.Read(p)
	u.pace.add(n)
	if err == io.EOF {
		u.pace.dog.feed(4 * u.pace.dog.limit)
	}
	return n, err
}
