package httpapi_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/internal/repotest/sample"
	"github.com/ori-lang/registry/internal/repotest/spectest"
	"github.com/ori-lang/registry/internal/server"
)

// stuck is how long one upload may take, also on a machine that does much else.
const stuck = time.Minute

// FuzzPublish sends uploads as they may come: under any Content-Type, in pieces
// of any size, broken off. The registry never fails, its answer is one that the
// spec has, and what it did not publish has left no file.
func FuzzPublish(f *testing.F) {
	door := openDoor(f)
	seedUploads(f, door)
	f.Fuzz(func(t *testing.T, contentType string, body []byte, piece uint16, end byte, dryRun bool) {
		late := time.AfterFunc(stuck, func() { panic("an upload hangs") })
		defer late.Stop()
		reply := door.publish(t, contentType, &pieces{bytes.NewReader(body), int(piece), ends()[int(end)%len(ends())]}, dryRun)
		if reply.Code >= 500 {
			t.Errorf("%d %s", reply.Code, reply.Body)
		}
		if left := door.left(t); len(left) > 0 {
			t.Errorf("after %d there is %v", reply.Code, left)
		}
	})
}

// ends are the ways in which the body of an upload comes to its end.
func ends() []error { return []error{io.EOF, io.ErrUnexpectedEOF, os.ErrDeadlineExceeded} }

// seedUploads adds the uploads of the other tests that are not very long, and
// archives that are too large for memory: those are files on their way in.
func seedUploads(f *testing.F, door *door) {
	small, large := sample.Package{Ref: "@acme/http@1.0.0"}.Archive(f), sample.Package{Ref: "@acme/http@1.0.1", Noise: 65 << 10}.Archive(f)
	for _, data := range [][]byte{small, large} {
		body, contentType := multipartOf(part{"archive", data})
		if reply := door.publish(f, contentType, body, false); reply.Code != http.StatusCreated {
			f.Fatalf("%d %s", reply.Code, reply.Body)
		}
	}
	const plain = "multipart/form-data; boundary=b"
	tricks := multipartTricks(small)
	for _, name := range slices.Sorted(maps.Keys(tricks)) {
		if body := tricks[name].body; len(body) < 64<<10 {
			f.Add(plain, []byte(body), uint16(0), byte(0), false)
		}
	}
	good, contentType := multipartOf(part{"checksum", []byte(ident.ChecksumOf(large).String())}, part{"archive", large})
	for end := range ends() {
		f.Add(contentType, good.Bytes(), uint16(1000), byte(end), false)
	}
	f.Add(contentType, good.Bytes()[:good.Len()/2], uint16(0), byte(1), false)
	f.Add(contentType, bytes.Replace(good.Bytes(), []byte("sha256:"), []byte("sha256:0"), 1), uint16(0), byte(0), true)
	f.Add(contentType, append(bytes.Clone(good.Bytes()), "surplus"...), uint16(7), byte(0), true)
	for _, ref := range []string{"@acme/http@1.0.2", "@acme/other@1.0.0"} {
		body, contentType := multipartOf(part{"archive", sample.Package{Ref: ref}.Archive(f)})
		f.Add(contentType, body.Bytes(), uint16(1), byte(0), true)
	}
	for _, contentType := range []string{"", "multipart/form-data", "multipart/mixed; boundary=b", `multipart/form-data; boundary="b c"`, plain + "; boundary=c"} {
		f.Add(contentType, []byte(tricks["good"].body), uint16(0), byte(0), true)
	}
}

// pieces is a body that comes in pieces of at most this size (0: of any) and ends with err.
type pieces struct {
	*bytes.Reader
	size int
	err  error
}

func (p *pieces) Read(b []byte) (int, error) {
	if p.size > 0 {
		b = b[:min(len(b), p.size)]
	}
	n, err := p.Reader.Read(b)
	if err == io.EOF {
		err = p.err
	}
	return n, err
}

// WriteTo hides that of the Reader, which knows no pieces.
func (p *pieces) WriteTo(w io.Writer) (int64, error) {
	return io.Copy(w, struct{ io.Reader }{p})
}

// door is a registry that owns @acme, and is called past any connection.
type door struct {
	handler http.Handler
	data    string
	token   string
}

func openDoor(f *testing.F) *door {
	f.Helper()
	data := f.TempDir()
	srv, err := server.Open(context.Background(), server.Config{Data: data, Listen: "127.0.0.1:0", RateAuthenticated: server.MaxRate}, slog.New(slog.DiscardHandler))
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = srv.Close() })
	token, err := srv.AddUser(context.Background(), "alice", false)
	if err != nil {
		f.Fatal(err)
	}
	d := &door{handler: srv.Handler(), data: data, token: token}
	if reply := d.call(f, httptest.NewRequest("PUT", "/v1/scopes/acme", nil)); reply.Code != http.StatusCreated {
		f.Fatalf("%d %s", reply.Code, reply.Body)
	}
	return d
}

func (d *door) call(t testing.TB, r *http.Request) *httptest.ResponseRecorder {
	r.Header.Set("Authorization", "Bearer "+d.token)
	w := httptest.NewRecorder()
	spectest.New(t).Middleware(d.handler).ServeHTTP(w, r)
	return w
}

func (d *door) publish(t testing.TB, contentType string, body io.Reader, dryRun bool) *httptest.ResponseRecorder {
	path := "/v1/packages/acme/http/publish"
	if dryRun {
		path += "?dry_run=true"
	}
	r := httptest.NewRequest("POST", path, io.MultiReader(body)) // of no declared length
	r.Header.Set("Content-Type", contentType)
	return d.call(t, r)
}

// left lists what is in incoming/ but the markers, which outlive a publish.
func (d *door) left(t testing.TB) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(d.data, "incoming"))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".mark") {
			names = append(names, entry.Name())
		}
	}
	return names
}
