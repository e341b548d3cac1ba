package client

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ori-lang/registry/api"
)

// request is one call, made afresh for each attempt.
type request struct {
	method      string
	url         string
	accept      string
	contentType string
	body        func() io.Reader // nil: none
	size        int64            // of the body
	upload      bool             // the body is an archive: the time-out is for standing still
	long        bool             // the reply may be long: likewise
	immutable   bool             // it is about what never changes, which is counted apart
	elsewhere   bool             // one redirect to another origin is followed, without the token
	again       bool             // a write that made twice is the same as made once
	patience    time.Duration    // that the registry was asked to take before it answers

	prepare func(http.Header) // adds what is particular to an attempt; nil: nothing
	moved   func() int64      // bytes that all attempts so far have brought; nil: an attempt brings all or nothing
}

// newTransport makes the usual one. An http.Client is not above it: that would
// look at redirects, which are for send to judge, because it knows where the
// token may go; and at cookies and passwords in addresses.
func newTransport() http.RoundTripper {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:    30 * time.Second,
		ExpectContinueTimeout:  5 * time.Second,
		IdleConnTimeout:        90 * time.Second,
		MaxIdleConnsPerHost:    workers,
		MaxResponseHeaderBytes: 64 << 10,
		ForceAttemptHTTP2:      true,
	}
}

// do makes the call, again where that is safe and may help, and hands a reply
// of status 2xx, or 304 where that was asked for, to use. Its reads fail with a
// *NetworkError.
func (c *Client) do(ctx context.Context, r request, use func(*http.Response) error) error {
	if c.options.Offline {
		return ErrOffline
	}
	failed := 0 // attempts since the last one that brought something
	for tries := 1; ; tries++ {
		before := r.progress()
		err := c.once(ctx, r, use)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if r.progress()-before >= enough {
			failed = 0
		}
		wait, again := c.backoff(r, err, failed)
		if !again {
			return c.diagnose(ctx, r, counted(err, tries))
		}
		if err := c.await(ctx, wait, c.reason(r, err)); err != nil {
			return err
		}
		failed++
	}
}

// enough is what an attempt must bring so that it does not count as failed: a
// registry cannot have a client come back for every single byte.
const enough = 4 << 10

func (r request) progress() int64 {
	if r.moved == nil {
		return 0
	}
	return r.moved()
}

// reason says why the next attempt waits.
func (c *Client) reason(r request, err error) string {
	problem, ok := errors.AsType[*api.Problem](err)
	switch {
	case ok && problem.Status == http.StatusTooManyRequests:
		return c.allowance(c.limits.of(r))
	case ok:
		return "the registry is not available"
	}
	return "the registry does not answer"
}

func (c *Client) once(parent context.Context, r request, use func(*http.Response) error) error {
	budget := c.limits.of(r)
	leave, err := budget.enter(parent, c.options.Now, func(d time.Duration) error {
		return c.await(parent, d, c.allowance(budget))
	})
	if err != nil {
		return err
	}
	ctx, dog := watch(parent, c.options.Timeout+r.patience)
	defer dog.stop()
	resp, err := c.send(ctx, r, dog)
	leave()
	if err != nil {
		return networkError(ctx, r.url, err)
	}
	defer resp.Body.Close()
	resp.Body = &replyBody{ReadCloser: resp.Body, ctx: ctx, url: r.url}
	if r.long {
		resp.Body = &pacedBody{ReadCloser: resp.Body, pace: pace{dog: dog}}
	}
	switch {
	case resp.StatusCode >= 400:
		return problemOf(resp, c.options.Now())
	case resp.StatusCode == http.StatusNotModified && resp.Request.Header.Get("If-None-Match") != "":
	case resp.StatusCode/100 != 2:
		return unexpected(r.url, resp)
	}
	return use(resp)
}

func unexpected(url string, resp *http.Response) error {
	return &ReplyError{URL: url, Reason: "the answer has the unexpected status " + Printable(resp.Status)}
}

// send makes the request and follows redirects: within the origin, and for a
// download once to another one.
func (c *Client) send(ctx context.Context, r request, dog *watchdog) (*http.Response, error) {
	const maxRedirects = 5
	target := r.url
	left := false
	for range maxRedirects {
		req, err := c.newRequest(ctx, r, target, dog)
		if err != nil {
			return nil, err
		}
		resp, err := c.options.Transport.RoundTrip(req)
		if err != nil {
			return nil, err
		}
		if sameOrigin(req.URL, c.base) {
			c.limits.of(r).hear(resp.Header, c.options.Now())
		}
		if !isRedirect(resp) {
			return resp, nil
		}
		resp.Body.Close()
		next, err := c.redirect(r, req, resp, left)
		if err != nil {
			return nil, err
		}
		left = left || !sameOrigin(req.URL, next)
		target = next.String()
	}
	return nil, &ReplyError{URL: r.url, Reason: "the registry redirects without end"}
}

func (c *Client) newRequest(ctx context.Context, r request, target string, dog *watchdog) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, r.method, target, nil)
	if err != nil {
		return nil, fmt.Errorf("making a request: %w", err)
	}
	if r.body != nil {
		req.Body = io.NopCloser(r.body())
		req.ContentLength = r.size
		req.Header.Set("Content-Type", r.contentType)
	}
	if r.upload {
		req.Body = io.NopCloser(&pacedUpload{Reader: req.Body, pace: pace{dog: dog}})
		req.Header.Set("Expect", "100-continue") // a refusal comes before the body
	}
	req.Header.Set("User-Agent", c.options.UserAgent)
	req.Header.Set("Accept", r.accept+", application/problem+json")
	if c.options.Token != "" && sameOrigin(req.URL, c.base) {
		req.Header.Set("Authorization", "Bearer "+c.options.Token)
	}
	if r.prepare != nil {
		r.prepare(req.Header)
	}
	return req, nil
}

func isRedirect(resp *http.Response) bool {
	switch resp.StatusCode {
	case 301, 302, 303, 307, 308:
		return resp.Header.Get("Location") != ""
	}
	return false
}

// redirect decides whether the reply's Location is followed.
func (c *Client) redirect(r request, req *http.Request, resp *http.Response, left bool) (*url.URL, error) {
	next, err := resp.Location()
	if err != nil {
		return nil, &ReplyError{URL: r.url, Reason: "the registry redirects to something that is no address"}
	}
	refused := func(reason string) error {
		return &ReplyError{
			URL:    r.url,
			Reason: fmt.Sprintf("the registry redirects to %s, %s", Printable(next.Scheme+"://"+next.Host), reason),
			Hint:   "if you trust that address, give it with --registry",
		}
	}
	switch {
	case req.Method != http.MethodGet:
		return nil, refused("and only reads follow a redirect")
	case sameOrigin(req.URL, next):
		return next, nil
	case !r.elsewhere || left:
		return nil, refused("which is another origin")
	case isLoopback(next) && !isLoopback(c.base):
		return nil, refused("which is your own machine")
	case next.Scheme != "https" && (next.Scheme != "http" || !isLoopback(next)):
		return nil, refused("which is not https")
	}
	return next, nil
}

func sameOrigin(a, b *url.URL) bool { return originOf(a) == originOf(b) }

// originOf gives "scheme://host:port" in its one spelling.
func originOf(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[strings.ToLower(u.Scheme)]
	}
	return strings.ToLower(u.Scheme + "://" + net.JoinHostPort(u.Hostname(), port))
}

// isLoopback reports whether u is of this machine itself.
func isLoopback(u *url.URL) bool {
	ip := net.ParseIP(u.Hostname())
	return strings.EqualFold(u.Hostname(), "localhost") || ip != nil && ip.IsLoopback()
}

// backoff says whether another attempt is made, and after what time.
func (c *Client) backoff(r request, err error, attempt int) (time.Duration, bool) {
	const firstWait, maxRetryAfter = 500 * time.Millisecond, time.Minute
	if attempt >= c.options.Retries {
		return 0, false
	}
	full := firstWait << min(attempt, 6)
	wait := full/2 + time.Duration(c.options.Jitter()*float64(full/2))
	repeatable := r.method == http.MethodGet || r.again
	if problem, ok := errors.AsType[*api.Problem](err); ok {
		asked := min(time.Duration(problem.RetryAfter)*time.Second, maxRetryAfter)
		undone := problem.Status == http.StatusTooManyRequests
		return max(wait, asked), (repeatable || undone) && isTemporary(problem)
	}
	failure, ok := errors.AsType[*NetworkError](err)
	if !ok {
		return 0, false
	}
	return wait, neverSent(failure) || repeatable && !isLasting(failure)
}

// isTemporary reports whether the answer may soon be another one. A registry
// that is read-only stays so until its operators have repaired it.
func isTemporary(p *api.Problem) bool {
	switch p.Status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return p.Code != api.ReadOnly
	}
	return false
}

// neverSent reports whether not even a connection was made.
func neverSent(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "dial" && !isLasting(err)
}

// isLasting reports whether the same would happen again: an unknown name, an
// address that cannot be, a certificate that is refused, no TLS at all.
func isLasting(err error) bool {
	if dns, ok := errors.AsType[*net.DNSError](err); ok && dns.IsNotFound {
		return true
	}
	_, badAddress := errors.AsType[*net.AddrError](err)
	_, badCertificate := errors.AsType[*tls.CertificateVerificationError](err)
	_, noTLS := errors.AsType[tls.RecordHeaderError](err)
	return badAddress || badCertificate || noTLS
}

// counted notes in a *NetworkError how often it was tried.
func counted(err error, tries int) error {
	if failure, ok := errors.AsType[*NetworkError](err); ok {
		failure.Tries = tries
	}
	return err
}

// errCut is the end of a connection in the middle.
var errCut = errors.New("the connection ended before the answer was whole")

// networkError makes a *NetworkError of a failure of net/http; errors of this
// package pass.
func networkError(ctx context.Context, target string, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	if reply, ok := errors.AsType[*ReplyError](err); ok {
		return reply
	}
	if failure, ok := errors.AsType[*NetworkError](err); ok {
		return failure
	}
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err
	}
	if _, noTLS := errors.AsType[tls.RecordHeaderError](err); noTLS {
		err = fmt.Errorf("what answers there does not speak HTTPS: %w", err)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = errCut
	}
	host := target
	if u, parseErr := url.Parse(target); parseErr == nil {
		host = u.Scheme + "://" + u.Host
	}
	return &NetworkError{Host: host, Err: err}
}
