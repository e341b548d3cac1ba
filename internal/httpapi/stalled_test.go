package httpapi_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ori-lang/registry/api"
)

// A client that announces more of a body than it sends must not hold its
// connection for ever, whatever the handler did with the deadlines.
func TestStalledBodiesLoseTheirConnection(t *testing.T) {
	s, _ := settled(t)
	web := httptest.NewUnstartedServer(s.handler)
	web.Config.ReadTimeout = time.Second
	web.Start()
	defer web.Close()
	const sent = api.MaxArchive + 70<<10 // a little more than an upload may have
	tooLong := fmt.Sprintf("%x\r\n%s", 2*sent, strings.Repeat("x", sent))
	for name, request := range map[string]string{
		"download": "GET /v1/packages/acme/http/1.0.0/download HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n",
		"upload over the limit": "POST /v1/packages/acme/http/publish HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + s.token +
			"\r\nContent-Type: multipart/form-data; boundary=b\r\nTransfer-Encoding: chunked\r\n\r\n" + tooLong,
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("tcp", web.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
			go func() { _, _ = io.WriteString(conn, request) }()
			replies := bufio.NewReader(conn)
			reply, err := http.ReadResponse(replies, nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, reply.Body); err != nil {
				t.Fatal(err)
			}
			reply.Body.Close()
			if _, err := replies.ReadByte(); errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("after its reply (%d) the connection is still open", reply.StatusCode)
			}
		})
	}
}

// A reply that does not need the body goes out before it, and one that does
// says that it did not come.
func TestRepliesDoNotWaitForBodies(t *testing.T) {
	s, _ := settled(t)
	web := httptest.NewUnstartedServer(s.handler)
	web.Config.ReadTimeout = time.Minute
	web.Start()
	t.Cleanup(web.Close)
	impatient := s.impatient()
	token := "Authorization: Bearer " + s.token + "\r\nContent-Type: application/json\r\n"
	for name, test := range map[string]struct {
		to           *httptest.Server
		line, header string
		status       int
	}{
		"no token":       {web, "POST /v1/tokens", "", 401},
		"nowhere":        {web, "POST /v1/nothing", "", 404},
		"wrong method":   {web, "POST /v1/", "", 405},
		"bad path":       {web, "GET //", "", 404},
		"reading":        {web, "GET /v1/", "", 200},
		"health":         {web, "GET /livez", "", 200},
		"wrong type":     {web, "POST /v1/tokens", "Authorization: Bearer " + s.token + "\r\nContent-Type: text/plain\r\n", 415},
		"token not made": {impatient, "POST /v1/tokens", token, 408},
		"scope not made": {impatient, "PUT /v1/scopes/corp", token, 408},
		"not published":  {impatient, "POST /v1/packages/acme/http/publish", strings.Replace(token, "application/json", "multipart/form-data; boundary=b", 1), 408},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn, err := net.Dial("tcp", test.to.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
			if _, err := fmt.Fprintf(conn, "%s HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n%s\r\n{", test.line, test.header); err != nil {
				t.Fatal(err)
			}
			replies := bufio.NewReader(conn)
			reply, err := http.ReadResponse(replies, nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, reply.Body); err != nil {
				t.Fatal(err)
			}
			reply.Body.Close()
			if reply.StatusCode != test.status || !reply.Close {
				t.Errorf("status %d, want %d; the connection ends: %v", reply.StatusCode, test.status, reply.Close)
			}
			if _, err := replies.ReadByte(); errors.Is(err, os.ErrDeadlineExceeded) {
				t.Error("the connection is still open")
			}
		})
	}
}

// impatient serves the site with hardly any time for a body to arrive.
func (s *site) impatient() *httptest.Server {
	web := httptest.NewUnstartedServer(hurried{s.handler})
	web.Config.ReadTimeout = 200 * time.Millisecond
	web.Start()
	s.t.Cleanup(web.Close)
	return web
}

// hurried leaves a body less time than the handler means to.
type hurried struct{ http.Handler }

func (h hurried) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.Handler.ServeHTTP(hurriedWriter{w}, r)
}

type hurriedWriter struct{ http.ResponseWriter }

func (w hurriedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w hurriedWriter) SetReadDeadline(deadline time.Time) error {
	if soon := time.Now().Add(200 * time.Millisecond); deadline.After(soon) {
		deadline = soon
	}
	return http.NewResponseController(w.ResponseWriter).SetReadDeadline(deadline)
}
