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
	web := httptest.NewUnstartedServer(s.srv.Handler())
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
