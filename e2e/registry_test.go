package e2e

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/ori-lang/registry/internal/repotest/spectest"
)

// defaultName is the registry that a script means when it names none.
const defaultName = "registry"

type registriesKey struct{}

// registries are those of one script.
type registries struct {
	program string
	work    string
	tb      testing.TB
	byName  map[string]*registry
	newDB   func(testing.TB) string // nil: every registry has the one in its data folder
}

// registry is a data folder, the address that it is known by, and the server
// that runs on it, if one does.
type registry struct {
	front    *front
	server   *server
	database string // its URL; "": the default
	restore  func() error
}

// named gives the registry of this name, and makes one that is new.
func (all *registries) named(name string) *registry {
	if all.byName[name] == nil {
		r := &registry{front: newFront(all.tb)}
		if all.newDB != nil {
			r.database = all.newDB(all.tb)
		}
		all.byName[name] = r
	}
	return all.byName[name]
}

func registryCommand(ts *testscript.TestScript, args []string) error {
	if len(args) == 0 {
		return errors.New("usage: registry start|stop|kill|breaks [NAME]")
	}
	name, rest := defaultName, args[1:]
	if len(rest) > 0 && !strings.HasPrefix(rest[0], "-") && !strings.Contains(rest[0], "=") {
		name, rest = rest[0], rest[1:]
	}
	all := ts.Value(registriesKey{}).(*registries)
	switch {
	case args[0] == "start":
		return all.start(ts, name, rest)
	case len(rest) == 1 && args[0] == "breaks":
		after, err := strconv.ParseInt(rest[0], 10, 64)
		all.named(name).front.breaks.Store(after)
		return err
	case len(rest) == 0 && args[0] == "stop":
		return all.end(ts, name, (*server).stop)
	case len(rest) == 0 && args[0] == "kill":
		return all.end(ts, name, (*server).kill)
	}
	return fmt.Errorf("registry %s is not understood", strings.Join(args, " "))
}

func (all *registries) start(ts *testscript.TestScript, name string, settings []string) error {
	r := all.named(name)
	if r.server != nil {
		return fmt.Errorf("the registry %s runs already", name)
	}
	env := []string{"HOME=" + ts.Getenv("HOME"), "TMPDIR=" + ts.Getenv("TMPDIR"), "ORIREG_RATE_ANONYMOUS=10000"} // all of a script's calls come from one address
	if r.database != "" {
		env = append(env, databaseVariable+"="+r.database)
	}
	flags := []string{"serve", "--data", filepath.Join(all.work, name), "--listen", "127.0.0.1:0", "--base-url", r.front.url()}
	for _, setting := range settings {
		if strings.HasPrefix(setting, "ORIREG_") {
			env = append(env, setting)
		} else {
			flags = append(flags, setting)
		}
	}
	command := exec.Command(all.program, flags...)
	command.Env, command.Dir = env, all.work
	s, err := startServer(command)
	if err != nil {
		return err
	}
	r.server = s
	r.front.to(s.address)
	ts.Setenv(variable(name)+"_URL", r.front.url())
	_, err = io.WriteString(ts.Stdout(), s.welcome)
	return err
}

func (all *registries) end(ts *testscript.TestScript, name string, how func(*server) error) error {
	r := all.byName[name]
	if r == nil || r.server == nil {
		return fmt.Errorf("no registry %s runs", name)
	}
	s := r.server
	r.server = nil
	err := how(s)
	r.front.to("")
	_, _ = io.WriteString(ts.Stderr(), s.messages.String())
	return err
}

// close ends everything that the script has left running.
func (all *registries) close() {
	for _, r := range all.byName {
		if r.server != nil {
			_ = r.server.kill()
		}
		r.front.close()
	}
}

// server is a process of ori-registry serve.
type server struct {
	command  *exec.Cmd
	welcome  string // what it printed when it was ready
	address  string // where it listens
	messages buffer // its standard error
	ended    chan struct{}
	err      error // how it ended; to be read when ended is closed
}

// startServer starts a server and waits until it is ready.
func startServer(command *exec.Cmd) (*server, error) {
	s := &server{command: command, ended: make(chan struct{})}
	command.Stderr = &s.messages
	output, err := command.StdoutPipe()
	if err == nil {
		err = command.Start()
	}
	if err != nil {
		return nil, err
	}
	ready := make(chan string, 1)
	go func() {
		defer close(s.ended)
		lines := bufio.NewReader(output)
		ready <- readWelcome(lines)
		_, _ = io.Copy(io.Discard, lines)
		s.err = command.Wait()
	}()
	select {
	case s.welcome = <-ready:
	case <-time.After(patience):
	}
	_, address, _ := strings.Cut(s.welcome, "listens on")
	if fields := strings.Fields(address); len(fields) > 0 {
		s.address = fields[0]
		return s, nil
	}
	return nil, fmt.Errorf("the server did not start (%v): %s", s.kill(), s.messages.String())
}

// readWelcome reads to the last line of what a server prints when it is ready.
func readWelcome(lines *bufio.Reader) string {
	var welcome strings.Builder
	for {
		line, err := lines.ReadString('\n')
		welcome.WriteString(line)
		if err != nil || strings.HasPrefix(line, "Stop:") {
			return welcome.String()
		}
	}
}

// stop ends the server as an operator does.
func (s *server) stop() error {
	if err := s.command.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("the server had ended before: %w", err)
	}
	select {
	case <-s.ended:
	case <-time.After(patience):
		return errors.Join(errors.New("the server did not stop"), s.kill())
	}
	if s.err != nil {
		return fmt.Errorf("the server ended with %w: %s", s.err, s.messages.String())
	}
	return nil
}

// kill ends the server as a power cut does.
func (s *server) kill() error {
	_ = s.command.Process.Kill()
	<-s.ended
	return nil
}

// front is the proxy in front of a server. While no server runs, it cuts every
// connection.
type front struct {
	proxy  *httptest.Server
	target atomic.Pointer[url.URL]
	breaks atomic.Int64                      // bytes of a reply after which the connection breaks; 0: it holds
	watch  atomic.Pointer[func(served bool)] // is told of every request, when it comes and when it is served
}

func newFront(tb testing.TB) *front {
	f := &front{}
	proxy := &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(f.target.Load()); r.Out.Host = r.In.Host },
		FlushInterval: -1,
		Transport:     &http.Transport{DisableCompression: true, ExpectContinueTimeout: patience},
		ErrorHandler:  func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
		ErrorLog:      log.New(io.Discard, "", 0),
	}
	validated := spectest.New(tb).Middleware(proxy)
	f.proxy = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f.target.Load() == nil {
			panic(http.ErrAbortHandler)
		}
		if after := f.breaks.Load(); after > 0 {
			w = &breakingWriter{w, after}
		}
		if watch := f.watch.Load(); watch != nil {
			(*watch)(false)
			defer (*watch)(true)
		}
		validated.ServeHTTP(w, r)
	}))
	return f
}

// breakingWriter breaks the connection when so many bytes are sent.
type breakingWriter struct {
	http.ResponseWriter
	left int64
}

func (w *breakingWriter) Write(p []byte) (int, error) {
	n, err := w.ResponseWriter.Write(p[:min(int64(len(p)), w.left)])
	w.left -= int64(n)
	if err == nil && n < len(p) {
		_ = http.NewResponseController(w.ResponseWriter).Flush()
		panic(http.ErrAbortHandler)
	}
	return n, err
}

func (w *breakingWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (f *front) url() string { return f.proxy.URL }

// to sends what comes from now on to this address; "": nowhere.
func (f *front) to(address string) {
	if address == "" {
		f.target.Store(nil)
		return
	}
	f.target.Store(&url.URL{Scheme: "http", Host: address})
}

func (f *front) close() {
	f.proxy.CloseClientConnections()
	f.proxy.Close()
}

// buffer keeps what a process writes while others read it.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
