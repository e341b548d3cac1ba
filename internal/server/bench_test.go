package server_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"mime/multipart"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/internal/repotest/sample"
	"github.com/ori-lang/registry/internal/server"
)

// childVariable makes the test program a server for the benchmarks of reading,
// so that it has a processor of its own. Its value is the data folder of a
// registry, or "yardstick" for the plain server that it is measured beside.
const childVariable = "ORI_BENCH_SERVER"

func TestMain(m *testing.M) {
	switch data := os.Getenv(childVariable); data {
	case "":
		os.Exit(m.Run())
	case "yardstick":
		serveYardstick()
	default:
		serveRegistry(data)
	}
}

func serveRegistry(data string) {
	srv, err := server.Open(context.Background(), benchConfig(data), quiet())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(srv.Addr())
	_ = srv.Run(context.Background()) // ends with the process
}

// serveYardstick is the least that a server can do: it writes bytes of the
// same size and type from memory.
func serveYardstick() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	bodies := map[string][]byte{}
	for _, arg := range strings.Fields(os.Getenv("ORI_BENCH_SIZES")) {
		var n int
		_, _ = fmt.Sscan(arg, &n)
		bodies["/"+arg] = sample.Noise(arg, n)
	}
	fmt.Println(listener.Addr())
	_ = http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("Content-Length", fmt.Sprint(len(bodies[r.URL.Path])))
		_, _ = w.Write(bodies[r.URL.Path])
	}))
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func benchConfig(data string) server.Config {
	return server.Config{
		Data: data, Listen: "127.0.0.1:0", ShutdownTimeout: server.Duration(10 * time.Second),
		RateAnonymous: server.MaxRate, RateAuthenticated: server.MaxRate,
	}
}

// running is a registry in this process, with an account that owns @bench.
type running struct {
	*server.Server
	token string
	stop  func()
}

func start(b *testing.B, data string) *running {
	b.Helper()
	srv, err := server.Open(b.Context(), benchConfig(data), quiet())
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(b.Context()))
	done := make(chan error, 1)
	go func() { done <- srv.Run(ctx) }()
	stop := sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			b.Error(err)
		}
	})
	b.Cleanup(stop)
	token, err := srv.AddUser(b.Context(), "bench", false)
	if err != nil {
		b.Fatal(err)
	}
	r := &running{srv, token, stop}
	r.call(b, http.MethodPut, srv.URL()+"/v1/scopes/bench", nil, "", http.StatusCreated)
	return r
}

func (r *running) call(b *testing.B, method, url string, body []byte, contentType string, want int) {
	b.Helper()
	request, err := http.NewRequest(method, url, bytes.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+r.token)
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	reply, err := http.DefaultClient.Do(request)
	if err != nil {
		b.Error(err)
		return
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(reply.Body)
	if err != nil || reply.StatusCode != want {
		b.Errorf("%s %s: %s %s (%v)", method, url, reply.Status, text, err)
	}
}

// upload is a publish that is ready to be sent.
type upload struct {
	url, contentType string
	body             []byte
}

func (r *running) upload(b *testing.B, p sample.Package) upload {
	b.Helper()
	urls, err := api.NewURLs(r.URL())
	if err != nil {
		b.Fatal(err)
	}
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	field, err := form.CreateFormFile("archive", "archive.oripk")
	if err == nil {
		_, err = field.Write(p.Archive(b))
	}
	if err != nil {
		b.Fatal(err)
	}
	form.Close()
	return upload{urls.Publish(sample.Ref(b, p.Ref).Package), form.FormDataContentType(), body.Bytes()}
}

func (r *running) publish(b *testing.B, u upload) {
	b.Helper()
	r.call(b, http.MethodPost, u.url, u.body, u.contentType, http.StatusCreated)
}

// packageSize makes an archive of about 10 KB.
const packageSize = 9 << 10

// BenchmarkPublish publishes packages of 10 KB over HTTP, each durable, logged,
// signed and anchored when it is answered, and beside it, in the same run, lets
// as many writers make files of 10 KB durable.
func BenchmarkPublish(b *testing.B) {
	for _, connections := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("connections=%d", connections), func(b *testing.B) {
			http.DefaultTransport.(*http.Transport).MaxIdleConnsPerHost = connections
			registry := start(b, b.TempDir())
			uploads := make([]upload, b.N)
			for i := range uploads {
				uploads[i] = registry.upload(b, sample.Package{Ref: fmt.Sprintf("@bench/p%d@1.%d.0", i%100, i/100), Noise: packageSize})
			}
			before := registry.GroupSizes()
			b.ResetTimer()
			spread(connections, b.N, func(i int) { registry.publish(b, uploads[i]) })
			b.StopTimer()
			published := b.Elapsed()
			after := registry.GroupSizes()
			b.ReportMetric(float64(b.N)/published.Seconds(), "publishes/s")
			b.ReportMetric(float64(after.Changes-before.Changes)/float64(after.Groups-before.Groups), "changes/group")
			b.ReportMetric(float64(after.Largest), "largest-group")

			folder := b.TempDir()
			content := sample.Noise("yardstick", packageSize)
			b.StartTimer()
			spread(connections, b.N, func(i int) { writeDurably(b, folder, i, content) })
			b.StopTimer()
			written := b.Elapsed() - published
			b.ReportMetric(float64(b.N)/written.Seconds(), "files/s")
			b.ReportMetric(written.Seconds()/published.Seconds(), "ratio")
			b.ReportMetric(0, "ns/op") // the sum of both would say nothing
		})
	}
}

// spread does n things, so many at a time.
func spread(workers, n int, do func(int)) {
	var next atomic.Int64
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				do(int(i))
			}
		})
	}
	all.Wait()
}

// writeDurably is the yardstick: write, fsync, rename, fsync the folder.
func writeDurably(b *testing.B, folder string, i int, content []byte) {
	temporary, final := filepath.Join(folder, fmt.Sprintf("%d.new", i)), filepath.Join(folder, fmt.Sprint(i))
	file, err := os.Create(temporary)
	if err != nil {
		b.Error(err)
		return
	}
	_, err = file.Write(content)
	for _, step := range []func() error{
		func() error { return err }, file.Sync, file.Close,
		func() error { return os.Rename(temporary, final) },
		func() error { return syncFolder(folder) },
	} {
		if err := step(); err != nil {
			b.Error(err)
		}
	}
}

func syncFolder(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}

// BenchmarkRead reads a package's versions and a 100 KB archive from a
// registry that has one processor, and beside it bytes of the same sizes from
// a plain server that has them in memory.
func BenchmarkRead(b *testing.B) {
	data := b.TempDir()
	fill(b, data)
	address := child(b, data)
	for _, read := range []struct{ name, path string }{
		{"versions", "/v1/packages/bench/many/versions"},
		{"download", "/v1/packages/bench/large/1.0.0/download"},
	} {
		b.Run(read.name, func(b *testing.B) {
			size := fetch(b, address, read.path, 1, 1)
			plain := child(b, "yardstick", fmt.Sprintf("ORI_BENCH_SIZES=%d", size))
			b.ResetTimer()
			fetch(b, address, read.path, 8, b.N)
			b.StopTimer()
			registry := b.Elapsed()
			b.StartTimer()
			fetch(b, plain, fmt.Sprintf("/%d", size), 8, b.N)
			b.StopTimer()
			yardstick := b.Elapsed() - registry
			b.ReportMetric(float64(size), "bytes")
			b.ReportMetric(float64(b.N)/registry.Seconds(), "requests/s")
			b.ReportMetric(float64(b.N)/yardstick.Seconds(), "yardstick/s")
			b.ReportMetric(yardstick.Seconds()/registry.Seconds(), "ratio")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// fill publishes ten versions of a small package and a large one.
func fill(b *testing.B, data string) {
	b.Helper()
	srv := start(b, data)
	defer srv.stop()
	for i := range 10 {
		srv.publish(b, srv.upload(b, sample.Package{Ref: fmt.Sprintf("@bench/many@1.%d.0", i)}))
	}
	srv.publish(b, srv.upload(b, sample.Package{Ref: "@bench/large@1.0.0", Noise: 99 << 10}))
}

// child starts this program as a server with one processor and gives its address.
func child(b *testing.B, what string, env ...string) string {
	b.Helper()
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), append(env, childVariable+"="+what, "GOMAXPROCS=1")...)
	command.Stderr = os.Stderr
	output, err := command.StdoutPipe()
	if err == nil {
		err = command.Start()
	}
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = command.Process.Kill(); _ = command.Wait() })
	address, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return strings.TrimSpace(address)
}

// fetch sends n requests over some connections, one after the other on each,
// and gives the size of the bodies. It reads with as little effort as it can.
func fetch(b *testing.B, address, path string, connections, n int) int64 {
	b.Helper()
	request := []byte("GET " + path + " HTTP/1.1\r\nHost: bench\r\n\r\n")
	var size atomic.Int64
	var all sync.WaitGroup
	for i := range connections {
		share := n / connections
		if i == 0 {
			share += n % connections
		}
		all.Go(func() {
			got, err := fetchOver(address, request, share)
			if err != nil {
				b.Error(err)
			}
			size.Store(max(size.Load(), got))
		})
	}
	all.Wait()
	return size.Load()
}

func fetchOver(address string, request []byte, n int) (size int64, err error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	reader := bufio.NewReaderSize(conn, 64<<10)
	for range n {
		if _, err := conn.Write(request); err != nil {
			return 0, err
		}
		if size, err = skipReply(reader); err != nil {
			return 0, err
		}
	}
	return size, nil
}

func skipReply(reader *bufio.Reader) (size int64, err error) {
	status, err := reader.ReadString('\n')
	if err != nil || !strings.HasPrefix(status, "HTTP/1.1 200") {
		return 0, fmt.Errorf("answered %q (%w)", status, err)
	}
	for {
		line, err := reader.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		if value, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			_, _ = fmt.Sscan(string(value), &size)
		}
		if len(line) == 2 {
			_, err = reader.Discard(int(size))
			return size, err
		}
	}
}
