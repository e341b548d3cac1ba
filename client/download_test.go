package client

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/internal/repotest/sample"
)

// breaking answers like honest, and breaks each connection after so many bytes
// of the body.
func breaking(honest http.Handler, after int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		honest.ServeHTTP(&breakingWriter{w, after}, r)
	}
}

type breakingWriter struct {
	http.ResponseWriter
	left int
}

func (w *breakingWriter) Write(p []byte) (int, error) {
	n, _ := w.ResponseWriter.Write(p[:min(len(p), w.left)])
	w.left -= n
	if n < len(p) {
		w.ResponseWriter.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	return n, nil
}

// large puts a package of some 200 KB that do not compress into the registry.
func large(t *testing.T, f *fake) []byte {
	t.Helper()
	f.publishBytes(httpRef, sample.Package{Ref: httpRef, Noise: 200_000}.Archive(t))
	return f.archives[httpRef]
}

// archiveOf answers as the registry does, ranges and all.
func archiveOf(data []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", api.ArchiveType)
		w.Header().Set("ETag", fmt.Sprintf(`"%x"`, sha256.Sum256(data)))
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
	}
}

// TestResume has a line that breaks at every 10th kilobyte: the download goes on
// where it was, and is tried again for as long as something comes.
func TestResume(t *testing.T) {
	f, u := newFake(t), newUser(t)
	data := large(t, f)
	f.instead["/download"] = breaking(archiveOf(data), 10_000)
	path := filepath.Join(t.TempDir(), "x")
	var told []int64
	_, err := u.client(f.server.URL).FetchFile(t.Context(), mustRef(t, httpRef), path, func(done, _ int64) { told = append(told, done) })
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(path); !bytes.Equal(got, data) {
		t.Error("the file has other bytes than the archive")
	}
	if !slices.IsSorted(told) || told[len(told)-1] != int64(len(data)) {
		t.Errorf("progress goes back, or ends before the end: %d", told)
	}
	var sent int64
	for _, r := range f.asked() {
		if strings.HasSuffix(r.URL.Path, "/download") {
			var from int64
			fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from)
			if from != sent {
				t.Errorf("asked was for what begins at %d, and %d bytes were there", from, sent)
			}
			sent += 10_000
		}
	}
	if want := len(data) / 10_000; len(u.waits) != want {
		t.Errorf("%d waits between attempts, want %d", len(u.waits), want)
	}
}

// TestNoResume: what cannot be gone on with is fetched from its start, and the
// attempts end.
func TestNoResume(t *testing.T) {
	f, u := newFake(t), newUser(t)
	data := large(t, f)
	length := strconv.Itoa(len(data))
	plain := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", length)
		w.Write(data)
	})
	weak := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", length)
		w.Header().Set("ETag", `W/"x"`)
		w.Write(data)
	})
	endOpen := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("ETag", `"x"`)
		w.Write(data)
	})
	for name, honest := range map[string]http.Handler{"no ETag": plain, "a weak ETag": weak, "no length": endOpen} {
		u.waits = nil
		dir := t.TempDir()
		f.instead["/download"] = breaking(honest, 10_000)
		_, err := u.client(f.server.URL).FetchFile(t.Context(), mustRef(t, httpRef), filepath.Join(dir, "x"), nil)
		failure, ok := errors.AsType[*NetworkError](err)
		if !ok || failure.Tries != 4 {
			t.Errorf("%s: %+v, want a *NetworkError after four tries", name, err)
		}
		wantFiles(t, dir)
	}
	for _, r := range f.asked() {
		if got := r.Header.Get("Range"); got != "" {
			t.Errorf("a range was asked for: %s", got)
		}
	}
}

// TestLiesAboutTheRest has a first reply that breaks, and later ones that are
// not its rest. One whole download afterwards brings the archive, or the failure.
func TestLiesAboutTheRest(t *testing.T) {
	cases := []struct {
		name string
		rest func(w http.ResponseWriter, data []byte)
	}{
		{"other bytes", func(w http.ResponseWriter, data []byte) {
			rest(w, fmt.Sprintf("bytes 10000-%d/%d", len(data)-1, len(data)), make([]byte, len(data)-10_000))
		}},
		{"another place", func(w http.ResponseWriter, data []byte) {
			rest(w, fmt.Sprintf("bytes 0-%d/%d", len(data)-1, len(data)), data)
		}},
		{"a part of the rest", func(w http.ResponseWriter, data []byte) {
			rest(w, fmt.Sprintf("bytes 10000-10099/%d", len(data)), data[10_000:10_100])
		}},
		{"of another size", func(w http.ResponseWriter, data []byte) {
			rest(w, fmt.Sprintf("bytes 10000-%d/%d", len(data), len(data)+1), append(data[10_000:], 0))
		}},
		{"more than it says", func(w http.ResponseWriter, data []byte) {
			rest(w, fmt.Sprintf("bytes 10000-%d/%d", len(data)-1, len(data)), append(data[10_000:], 0))
		}},
		{"no place", func(w http.ResponseWriter, data []byte) { rest(w, "", data[10_000:]) }},
		{"a place beyond numbers", func(w http.ResponseWriter, data []byte) {
			rest(w, "bytes 10000-"+strings.Repeat("9", 40)+"/"+strings.Repeat("9", 41), data[10_000:])
		}},
		{"no rest", func(w http.ResponseWriter, _ []byte) {
			writeProblem(w, api.Errorf(api.RangeNotSatisfiable, "begins behind the end"))
		}},
		{"everything again", func(w http.ResponseWriter, data []byte) { w.Write(data) }},
	}
	for _, c := range cases {
		for _, end := range []string{"honest", "wrong"} {
			t.Run(c.name+", "+end, func(t *testing.T) {
				f, u := newFake(t), newUser(t)
				data := large(t, f)
				calls := 0
				f.instead["/download"] = func(w http.ResponseWriter, r *http.Request) {
					calls++
					switch {
					case calls == 1:
						breaking(archiveOf(data), 10_000)(w, r)
					case r.Header.Get("Range") != "":
						c.rest(w, bytes.Clone(data))
					case end == "honest":
						w.Write(data)
					default:
						w.Write(flipped(data, 12_345))
					}
				}
				dir := t.TempDir()
				_, err := u.client(f.server.URL).FetchFile(t.Context(), mustRef(t, httpRef), filepath.Join(dir, "x"), nil)
				if end == "honest" || c.name == "everything again" {
					if err != nil {
						t.Fatal(err)
					}
					return
				}
				wantError(t, err, ChecksumMismatch)
				wantFiles(t, dir)
				if calls > 3 {
					t.Errorf("%d downloads, want three at most", calls)
				}
			})
		}
	}
}

func rest(w http.ResponseWriter, span string, body []byte) {
	w.Header().Set("Content-Range", span)
	w.WriteHeader(http.StatusPartialContent)
	w.Write(body)
}

// TestUnaskedPart: a part that nobody has asked for is no archive.
func TestUnaskedPart(t *testing.T) {
	f, u := newFake(t), newUser(t)
	data := large(t, f)
	f.instead["/download"] = func(w http.ResponseWriter, _ *http.Request) {
		rest(w, fmt.Sprintf("bytes 0-%d/%d", len(data)-1, len(data)), data)
	}
	wantError(t, remote(t, u.client(f.server.URL)), errAnyReply)
}

// TestAttemptsEnd: a registry that breaks off again and again is followed for
// as long as the archive grows by more than crumbs.
func TestAttemptsEnd(t *testing.T) {
	for name, drop := range map[string]struct{ after, rests, calls int }{
		"crumbs":                      {1_000, 1, 4},
		"from the start every time":   {9_000, 0, 4},
		"from the start now and then": {9_000, 2, 5},
	} {
		f, u := newFake(t), newUser(t)
		data := large(t, f)
		calls := 0
		f.instead["/download"] = func(w http.ResponseWriter, r *http.Request) {
			if calls++; drop.rests == 0 || calls%drop.rests == 1 {
				r.Header.Del("Range")
			}
			breaking(archiveOf(data), drop.after)(w, r)
		}
		failure, ok := errors.AsType[*NetworkError](remote(t, u.client(f.server.URL)))
		if !ok || failure.Tries != drop.calls || calls != drop.calls {
			t.Errorf("%s: %+v after %d calls, want a *NetworkError after %d", name, failure, calls, drop.calls)
		}
	}
}

// TestLeftParts: what a killed program left is cleared away once nobody can be
// at it, in the folder of the next download, and nothing else is.
func TestLeftParts(t *testing.T) {
	f, u := newFake(t), newUser(t)
	f.publish(httpRef)
	dir := filepath.Join(t.TempDir(), "a[b]")
	old := u.options.Now().Add(-25 * time.Hour)
	for name, at := range map[string]time.Time{
		".oripk-1.part": old, ".oripk-2.part": u.options.Now().Add(-23 * time.Hour), "mine.part": old,
	} {
		writeFile(t, filepath.Join(dir, name), "begin")
		if err := os.Chtimes(filepath.Join(dir, name), at, at); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, ".oripk-3.part"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := u.client(f.server.URL).FetchFile(t.Context(), mustRef(t, httpRef), filepath.Join(dir, "x"), nil); err != nil {
		t.Fatal(err)
	}
	wantFiles(t, dir, ".oripk-2.part", ".oripk-3.part", "mine.part", "x")
}
