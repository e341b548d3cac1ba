package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/internal/registry"
)

// routed is the handler with one made-up route, GET or POST /v1/test, and no
// registry behind it.
func routed(t *testing.T, method string, class cache, handle handler) (*service, *bytes.Buffer) {
	t.Helper()
	urls, err := api.NewURLs("http://registry.test")
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	s := &service{
		urls: urls, zip: newCompressor(), gate: newGate(Options{}), newID: func() string { return "request-1" },
		log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	s.parts = newParts(s, []Route{{Method: method, Pattern: "/v1/test", Kind: Open, cache: class, handle: handle}}, unknownAddress)
	return s, &log
}

func get(s http.Handler, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "/v1/test?secret=in-the-query", nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func TestFailuresAreProblems(t *testing.T) {
	for name, test := range map[string]struct {
		fail   func() error
		code   api.Code
		header string // that must be there: "Name: value"
	}{
		"problem":         {func() error { return api.Errorf(api.VersionExists, "it is there") }, api.VersionExists, ""},
		"bare code":       {func() error { return api.PackageNotFound }, api.PackageNotFound, ""},
		"anything else":   {func() error { return errors.New("disk /dev/sda is on fire") }, api.Internal, ""},
		"panic":           {func() error { panic("disk /dev/sda is on fire") }, api.Internal, ""},
		"given up":        {func() error { return context.DeadlineExceeded }, api.Unavailable, "Retry-After: 2"},
		"read-only":       {func() error { return api.ReadOnly }, api.ReadOnly, "Retry-After: 60"},
		"no token":        {func() error { return api.Unauthenticated }, api.Unauthenticated, `Www-Authenticate: Bearer realm="ori", error="invalid_token"`},
		"old token":       {func() error { return api.TokenExpired }, api.TokenExpired, `Www-Authenticate: Bearer realm="ori", error="invalid_token"`},
		"small token":     {func() error { return api.InsufficientScope }, api.InsufficientScope, `Www-Authenticate: Bearer realm="ori", error="insufficient_scope"`},
		"foreign package": {func() error { return api.NotOwner }, api.NotOwner, `Www-Authenticate: Bearer realm="ori", error="insufficient_scope"`},
		"slow body":       {func() error { return api.RequestTimeout }, api.RequestTimeout, "Connection: close"},
	} {
		t.Run(name, func(t *testing.T) {
			s, log := routed(t, "GET", mutable, func(*service, *call, *http.Request) error { return test.fail() })
			w := get(s)
			var problem api.Problem
			if err := json.Unmarshal(w.Body.Bytes(), &problem); err != nil {
				t.Fatal(err)
			}
			info := test.code.Info()
			if w.Code != info.Status || problem.Code != test.code || problem.Status != info.Status || problem.Title != info.Title ||
				problem.RequestID != "request-1" || problem.Type != "http://registry.test/problems/"+string(test.code) {
				t.Errorf("status %d, %+v", w.Code, problem)
			}
			for key, want := range map[string]string{
				"Content-Type": "application/problem+json", "Cache-Control": "no-store",
				"X-Request-Id": "request-1", "X-Content-Type-Options": "nosniff",
			} {
				if got := w.Header().Get(key); got != want {
					t.Errorf("%s is %q, want %q", key, got, want)
				}
			}
			if key, want, ok := strings.Cut(test.header, ": "); ok && w.Header().Get(key) != want {
				t.Errorf("%s is %q, want %q", key, w.Header().Get(key), want)
			}
			if strings.Contains(w.Body.String(), "/dev") {
				t.Errorf("the reply shows what is inside: %s", w.Body)
			}
			if info.Status == 500 && !strings.Contains(log.String(), "/dev/sda") {
				t.Errorf("the log does not say why: %s", log)
			}
			if strings.Contains(log.String(), "in-the-query") || !strings.Contains(log.String(), "route=/v1/test") {
				t.Errorf("the log line is not as it should be: %s", log)
			}
		})
	}
}

// A registry without the page of the protocol has nothing there, and one whose
// page cannot be made says only that it failed.
func TestDocsThatAreNotThere(t *testing.T) {
	for code, build := range map[api.Code]func() (Page, error){
		api.NotFound: nil,
		api.Internal: func() (Page, error) { return Page{}, errors.New("line 7: no type") },
	} {
		s, log := routed(t, "GET", mutable, (*service).docsPage)
		s.docs = s.keepPage(build)
		var problem api.Problem
		if err := json.Unmarshal(get(s).Body.Bytes(), &problem); err != nil || problem.Code != code {
			t.Errorf("%+v, %v, want %s", problem, err, code)
		}
		if build != nil && !strings.Contains(log.String(), "line 7") {
			t.Errorf("the log does not say why: %s", log)
		}
	}
}

// A reply that broke off must not look complete.
func TestBrokenReplyIsCutShort(t *testing.T) {
	s, _ := routed(t, "GET", mutable, func(_ *service, c *call, _ *http.Request) error {
		c.WriteHeader(http.StatusOK)
		_, _ = io.WriteString(c, "half of ")
		return errors.New("the disk failed")
	})
	server := httptest.NewServer(s)
	defer server.Close()
	reply, err := http.Get(server.URL + "/v1/test")
	if err != nil {
		return
	}
	defer reply.Body.Close()
	if body, err := io.ReadAll(reply.Body); err == nil {
		t.Errorf("the client takes %q for the whole reply", body)
	}
}

func TestConditionalAndCompressed(t *testing.T) {
	text := strings.Repeat("the quick brown fox ", 100)
	s, _ := routed(t, "GET", lasting, func(s *service, c *call, r *http.Request) error {
		return s.send(c, r, newDocument("text/markdown; charset=utf-8", []byte(text)))
	})
	plain := get(s)
	zipped := get(s, "Accept-Encoding", "gzip")
	tag, zipTag := plain.Header().Get("ETag"), zipped.Header().Get("ETag")
	if tag == "" || tag == zipTag || !strings.HasPrefix(tag, `"`) || plain.Body.String() != text {
		t.Errorf("tags %s and %s, %d bytes", tag, zipTag, plain.Body.Len())
	}
	if zipped.Header().Get("Content-Encoding") != "gzip" || zipped.Body.Len() >= len(text)/2 {
		t.Errorf("not compressed: %v", zipped.Header())
	}
	for name, test := range map[string]struct {
		header []string
		status int
		tag    string
	}{
		"same form":               {[]string{"If-None-Match", tag}, 304, tag},
		"weak":                    {[]string{"If-None-Match", "W/" + tag}, 304, tag},
		"any":                     {[]string{"If-None-Match", "*"}, 304, tag},
		"list":                    {[]string{"If-None-Match", `"x", ` + tag}, 304, tag},
		"gzip form":               {[]string{"If-None-Match", zipTag, "Accept-Encoding", "gzip"}, 304, zipTag},
		"plain, but wants gzip":   {[]string{"If-None-Match", tag, "Accept-Encoding", "gzip"}, 200, zipTag},
		"gzip, but wants plain":   {[]string{"If-None-Match", zipTag}, 200, tag},
		"other":                   {[]string{"If-None-Match", `"x"`}, 200, tag},
		"Accept is not looked at": {[]string{"Accept", "image/png"}, 200, tag},
	} {
		w := get(s, test.header...)
		if w.Code != test.status || w.Header().Get("ETag") != test.tag {
			t.Errorf("%s: %d with %s, want %d with %s", name, w.Code, w.Header().Get("ETag"), test.status, test.tag)
		}
		if w.Header().Get("Cache-Control") != string(lasting) || w.Header().Get("Vary") != "Accept-Encoding" {
			t.Errorf("%s: %v", name, w.Header())
		}
		if w.Code == 304 && (w.Body.Len() > 0 || w.Header().Get("Content-Type") != "" || w.Header().Get("Content-Encoding") != "") {
			t.Errorf("%s: a 304 with a body or its headers: %v", name, w.Header())
		}
	}
}

func TestBoundaryOfCompression(t *testing.T) {
	for size, want := range map[int]string{minZip - 1: "", minZip: "gzip"} {
		s, _ := routed(t, "GET", mutable, func(s *service, c *call, r *http.Request) error {
			return s.send(c, r, newDocument("application/json", bytes.Repeat([]byte("1"), size)))
		})
		w := get(s, "Accept-Encoding", "gzip")
		if got := w.Header().Get("Content-Encoding"); got != want || w.Header().Get("Vary") != "Accept-Encoding" {
			t.Errorf("%d bytes: Content-Encoding %q, want %q; Vary %q", size, got, want, w.Header().Get("Vary"))
		}
	}
}

// recordingConn notes what the connection was given to send by itself.
type recordingConn struct {
	net.Conn
	files *int
}

func (c recordingConn) ReadFrom(src io.Reader) (int64, error) {
	if limited, ok := src.(*io.LimitedReader); ok {
		if _, ok := limited.R.(*os.File); ok {
			*c.files++
		}
	}
	return io.Copy(struct{ io.Writer }{c.Conn}, src)
}

type recordingListener struct {
	net.Listener
	files *int
}

func (l recordingListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	return recordingConn{conn, l.files}, err
}

// The connection must be given the file itself, else the kernel cannot send it.
func TestFilesReachTheConnection(t *testing.T) {
	path := filepath.Join(t.TempDir(), "archive")
	content := bytes.Repeat([]byte("0123456789abcdef"), 50000) // 800 kB: four strides
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	s, _ := routed(t, "GET", lasting, func(_ *service, c *call, r *http.Request) error {
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		defer file.Close()
		a := &registry.Archive{Checksum: ident.ChecksumOf(content), Size: int64(len(content)), Content: file}
		return sendArchive(c, r, "a-b-1.0.0.oripk", a)
	})
	files := 0
	server := httptest.NewUnstartedServer(s)
	server.Listener = recordingListener{server.Listener, &files}
	server.Start()
	defer server.Close()
	for _, test := range []struct {
		spec   string
		status int
		want   []byte
	}{
		{"", 200, content},
		{"bytes=100-", 206, content[100:]},
		{"bytes=-300000", 206, content[len(content)-300000:]},
	} {
		r, _ := http.NewRequest("GET", server.URL+"/v1/test", nil)
		if test.spec != "" {
			r.Header.Set("Range", test.spec)
		}
		before := files
		reply, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(reply.Body)
		reply.Body.Close()
		if err != nil || reply.StatusCode != test.status || !bytes.Equal(got, test.want) {
			t.Errorf("Range %q: %d, %d bytes, %v", test.spec, reply.StatusCode, len(got), err)
		}
		if files == before {
			t.Errorf("Range %q: the file was copied through the program", test.spec)
		}
	}
}

// pipeListener hands out the server's ends of in-memory connections, whose
// deadlines follow the clock of the test.
type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}
func (l *pipeListener) Close() error   { close(l.closed); return nil }
func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{} }

// connect gives the client's end of a connection to a server for s.
func connect(s http.Handler) (client net.Conn, stop func()) {
	listener := &pipeListener{make(chan net.Conn), make(chan struct{})}
	server := &http.Server{Handler: s, ReadTimeout: 30 * time.Second, WriteTimeout: 30 * time.Second}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(listener) }()
	client, end := net.Pipe()
	listener.conns <- end
	return client, func() {
		client.Close()
		server.Close()
		<-done
	}
}

// upload sends pieces of a chunked body with a pause before each, and gives the
// status of the reply and the time that passed until it came.
func upload(t *testing.T, s http.Handler, pieces int, pause time.Duration) (status int, took time.Duration) {
	t.Helper()
	client, stop := connect(s)
	defer stop()
	began, gone := time.Now(), make(chan struct{})
	go func() {
		_, _ = io.WriteString(client, "POST /v1/test HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
		for range pieces {
			select {
			case <-time.After(pause):
			case <-gone:
				return
			}
			if _, err := io.WriteString(client, "1\r\nx\r\n"); err != nil {
				return
			}
		}
		_, _ = io.WriteString(client, "0\r\n\r\n")
	}()
	head := make([]byte, len("HTTP/1.1 200"))
	if _, err := io.ReadFull(client, head); err == nil {
		for _, digit := range head[len(head)-3:] {
			status = status*10 + int(digit-'0')
		}
	}
	took = time.Since(began)
	close(gone)
	return status, took
}

func TestUploadsAreTimed(t *testing.T) {
	const work = 45 * time.Second // on what arrived: longer than a read may take
	for name, test := range map[string]struct {
		pieces int
		pause  time.Duration
		status int
		within time.Duration
	}{
		"at once":          {3, 0, 200, 0},
		"slow and steady":  {20, 20 * time.Second, 200, 400 * time.Second},
		"stands still":     {1, time.Hour, 408, idleTimeout},
		"drips for ever":   {1000, 20 * time.Second, 408, uploadTimeout},
		"just not too old": {29, 20 * time.Second, 200, 580 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, _ := routed(t, "POST", never, func(_ *service, c *call, r *http.Request) error {
					body := newArrival(c, r)
					if _, err := io.Copy(io.Discard, body); err != nil {
						return bodyFault(body.err, archiveTooLarge())
					}
					body.end()
					select {
					case <-r.Context().Done(): // the server thinks that the client left
						return r.Context().Err()
					case <-time.After(work):
					}
					return sendOnce(c, http.StatusOK, "text/plain", nil)
				})
				status, took := upload(t, s, test.pieces, test.pause)
				if status == http.StatusOK {
					took -= work
				}
				if status != test.status || took > test.within+2*time.Second {
					t.Errorf("%d after %v, want %d within %v", status, took, test.status, test.within)
				}
			})
		})
	}
}

// A long reply may take its time as long as it flows, whatever it is made of.
func TestLongRepliesAreTimed(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789abcdef"), 100000) // 1.6 MB: seven strides
	path := filepath.Join(t.TempDir(), "archive")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	for kind, handle := range map[string]handler{
		"file": func(_ *service, c *call, r *http.Request) error {
			file, err := os.Open(path)
			if err != nil {
				return err
			}
			defer file.Close()
			return sendArchive(c, r, "x", &registry.Archive{Size: int64(len(content)), Content: file})
		},
		"text": func(_ *service, c *call, _ *http.Request) error {
			return sendOnce(c, http.StatusOK, "text/plain", content)
		},
	} {
		for name, test := range map[string]struct {
			pause time.Duration // before every 128 kB
			whole bool
		}{
			"at once":         {0, true},
			"slow and steady": {9 * time.Second, true}, // two minutes in all
			"stands still":    {time.Hour, false},
		} {
			t.Run(kind+" "+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s, _ := routed(t, "GET", lasting, handle)
					client, stop := connect(s)
					defer stop()
					if got := readSlowly(client, len(content), test.pause); (got >= len(content)) != test.whole {
						t.Errorf("%d of %d bytes came, whole %t", got, len(content), test.whole)
					}
				})
			})
		}
	}
}

// readSlowly asks for something of a length and reads it, with a pause before every 128 kB.
func readSlowly(client net.Conn, length int, pause time.Duration) (got int) {
	_, _ = io.WriteString(client, "GET /v1/test HTTP/1.1\r\nHost: x\r\n\r\n")
	for buf := make([]byte, 128<<10); got < length; {
		<-time.After(pause)
		n, err := io.ReadFull(client, buf[:min(len(buf), length-got)])
		got += n
		if err != nil {
			break
		}
	}
	return got
}

// A call that waits, and whose header took its time, outlives the deadlines of
// the others.
func TestWaitingCallsAreGivenTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := routed(t, "GET", never, func(_ *service, c *call, r *http.Request) error {
			const patience = 50 * time.Second
			c.allow(patience)
			select {
			case <-r.Context().Done():
				return r.Context().Err()
			case <-time.After(patience):
			}
			return sendOnce(c, http.StatusOK, "text/plain", nil)
		})
		client, stop := connect(s)
		defer stop()
		_, _ = io.WriteString(client, "GET /v1/test HTTP/1.1\r\n")
		<-time.After(9 * time.Second)
		_, _ = io.WriteString(client, "Host: x\r\n\r\n")
		head := make([]byte, len("HTTP/1.1 200"))
		if _, err := io.ReadFull(client, head); err != nil || string(head) != "HTTP/1.1 200" {
			t.Errorf("the reply begins with %q (%v)", head, err)
		}
	})
}
