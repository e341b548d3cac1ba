package client

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/internal/repotest/lying"
	"github.com/ori-lang/registry/translog"
)

const httpRef = "@acme/http@1.4.0"

func TestFetchFile(t *testing.T) {
	f, u := newFake(t), newUser(t)
	f.publish(httpRef)
	path := filepath.Join(t.TempDir(), "x.oripk")

	fetched, err := u.client(f.server.URL).FetchFile(t.Context(), mustRef(t, httpRef), path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fetched.Verdict.Names(), "checksum, entry, signature, inclusion, consistency, archive"; got != want {
		t.Errorf("checks: %s, want %s", got, want)
	}
	if data, _ := os.ReadFile(path); !bytes.Equal(data, f.archives[httpRef]) {
		t.Error("the file has other bytes than the archive")
	}
	if len(u.notices) != 1 || !strings.Contains(u.notices[0], f.signer.VerifierKey()) {
		t.Errorf("notices of the first use: %q", u.notices)
	}

	again, err := u.client(f.server.URL).FetchFile(t.Context(), mustRef(t, httpRef), path, nil)
	if err != nil || !again.AlreadyThere {
		t.Errorf("the same again: %+v, %v", again, err)
	}
	if len(u.notices) != 1 {
		t.Errorf("the key was pinned again: %q", u.notices)
	}
}

func TestFetchFileLeavesOthersAlone(t *testing.T) {
	f, u := newFake(t), newUser(t)
	f.publish(httpRef)
	dir := t.TempDir()
	path := filepath.Join(dir, "x.oripk")
	writeFile(t, path, "mine")

	_, err := u.client(f.server.URL).FetchFile(t.Context(), mustRef(t, httpRef), path, nil)
	if _, ok := errors.AsType[*FileExistsError](err); !ok {
		t.Errorf("error: %v, want a *FileExistsError", err)
	}
	if data, _ := os.ReadFile(path); string(data) != "mine" {
		t.Errorf("the file was changed: %q", data)
	}
	wantFiles(t, dir, "x.oripk")
}

func TestFetchNotFound(t *testing.T) {
	f, u := newFake(t), newUser(t)
	_, err := u.client(f.server.URL).FetchFile(t.Context(), mustRef(t, httpRef), filepath.Join(t.TempDir(), "x"), nil)
	if !errors.Is(err, api.VersionNotFound) {
		t.Errorf("error: %v, want version_not_found", err)
	}
}

// TestLies lets the registry lie in every way about a package that it has, and
// looks for the right failure and for files that should not be there.
func TestLies(t *testing.T) {
	other := "@acme/json@1.0.0"
	says := func(data func(f *fake) []byte) func(*fake) http.HandlerFunc {
		return func(f *fake) http.HandlerFunc {
			return func(w http.ResponseWriter, _ *http.Request) { w.Write(data(f)) }
		}
	}
	cases := []struct {
		name string
		at   string // end of the path
		lie  func(*fake) http.HandlerFunc
		want error
	}{
		{"another archive", "/1.4.0/download", says(func(f *fake) []byte { return f.archives[other] }), ChecksumMismatch},
		{"no archive at all", "/1.4.0/download", says(func(*fake) []byte { return []byte("<html>") }), ChecksumMismatch},
		{"nothing", "/1.4.0/download", says(func(*fake) []byte { return nil }), ChecksumMismatch},
		{"one byte more", "/1.4.0/download", says(func(f *fake) []byte { return append(bytes.Clone(f.archives[httpRef]), 0) }), ChecksumMismatch},
		{"one bit changed", "/1.4.0/download", says(func(f *fake) []byte { return flipped(f.archives[httpRef], 40) }), ChecksumMismatch},
		{"an endless archive", "/1.4.0/download", func(*fake) http.HandlerFunc { return endless }, errAnyReply},
		{"the proof of another package", "/1.4.0/proof", says(func(f *fake) []byte { return f.proof(other, f.size()) }), NotInLog},
		{"a proof of another tree", "/1.4.0/proof", says(func(f *fake) []byte {
			return swapCheckpoint(f.proof(httpRef, f.size()), f.checkpoint(f.size()-1))
		}), NotInLog},
		{"no proof", "/1.4.0/proof", says(func(*fake) []byte { return []byte("yes, it is in there") }), NotInLog},
		{"an empty proof", "/1.4.0/proof", says(func(*fake) []byte { return nil }), NotInLog},
		{"proof not found", "/1.4.0/proof", func(*fake) http.HandlerFunc {
			return func(w http.ResponseWriter, _ *http.Request) { writeProblem(w, api.Errorf(api.NotFound, "")) }
		}, NotInLog},
		{"a changed entry", "/1.4.0/proof", says(func(f *fake) []byte { return forgedEntry(f.proof(httpRef, f.size())) }), NotInLog},
		{"an endless proof", "/1.4.0/proof", func(*fake) http.HandlerFunc { return endless }, LogUnreachable},
		{"a failing log", "/1.4.0/proof", func(*fake) http.HandlerFunc {
			return func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "x", 500) }
		}, LogUnreachable},
		{"a key of another origin", "/v1/", says(func(f *fake) []byte {
			return []byte(`{"api_version":"1","log":{"origin":"other.example/log","public_key":"` + f.signer.VerifierKey() + `"}}`)
		}), Policy},
		{"no key", "/v1/", says(func(*fake) []byte { return []byte(`{"api_version":"1","log":{"origin":"x","public_key":"y"}}`) }), Policy},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f, u := newFake(t), newUser(t)
			f.publish(httpRef)
			f.publish(other)
			f.instead[c.at] = c.lie(f)
			dir := t.TempDir()
			_, err := u.client(f.server.URL).FetchFile(t.Context(), mustRef(t, httpRef), filepath.Join(dir, "x.oripk"), nil)
			wantError(t, err, c.want)
			wantFiles(t, dir)
		})
	}
}

// These stand for errors of a type in a table.
var (
	errAnyReply   = errors.New("a *ReplyError")
	errNetwork    = errors.New("a *NetworkError")
	errNoRegistry = errors.New("a *NoRegistryError")
)

func wantError(t *testing.T, err, want error) {
	t.Helper()
	_, reply := errors.AsType[*ReplyError](err)
	_, network := errors.AsType[*NetworkError](err)
	_, none := errors.AsType[*NoRegistryError](err)
	if want == errAnyReply && reply || want == errNetwork && network || want == errNoRegistry && none {
		return
	}
	if !errors.Is(err, want) {
		t.Errorf("error: %v, want %v", err, want)
	}
}

func wantFiles(t *testing.T, dir string, want ...string) {
	t.Helper()
	var got []string
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("files in the folder: %q, want %q", got, want)
	}
}

func endless(w http.ResponseWriter, r *http.Request) {
	block := make([]byte, 64<<10)
	for r.Context().Err() == nil {
		if _, err := w.Write(block); err != nil {
			return
		}
	}
}

func flipped(data []byte, at int) []byte {
	out := bytes.Clone(data)
	out[at] ^= 1
	return out
}

func swapCheckpoint(proof, checkpoint []byte) []byte {
	head, _, _ := bytes.Cut(proof, []byte("\n\n"))
	return append(append(head, "\n\n"...), checkpoint...)
}

// forgedEntry changes the size in the entry of a proof.
func forgedEntry(proof []byte) []byte {
	lines := strings.SplitN(string(proof), "\n", 3)
	entry, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(lines[1], "extra "))
	changed := bytes.Replace(entry, []byte("size "), []byte("size 1"), 1)
	lines[1] = "extra " + base64.StdEncoding.EncodeToString(changed)
	return []byte(strings.Join(lines, "\n"))
}

// TestLogOfAnotherName has a log that says an archive was published under a
// name, or in a version, that its manifest does not have. That the cache has its
// bytes under their own name changes nothing.
func TestLogOfAnotherName(t *testing.T) {
	const own = "@evil/bank@1.0.0"
	for _, name := range []string{"@acme/bank@1.0.0", "@evil/bank@1.0.1"} {
		f, u := newFake(t), newUser(t)
		data := packageBytes(t, own, "")
		f.publishBytes(own, data)
		f.publishBytes(name, data)
		_, err := u.client(f.server.URL).VerifyRemote(t.Context(), mustRef(t, name))
		wantError(t, err, NotInLog)

		obtain := func(ref string) error {
			_, err := u.client(f.server.URL).Obtain(t.Context(), mustRef(t, ref), nil)
			return err
		}
		wantError(t, obtain(name), NotInLog)
		if err := obtain(own); err != nil {
			t.Fatal(err)
		}
		wantError(t, obtain(name), NotInLog)
	}
}

// TestFaultyArchiveInLog has a registry and a log that agree on an archive which
// would do harm: it is not unpacked, and nothing of it stays.
func TestFaultyArchiveInLog(t *testing.T) {
	good := packageBytes(t, httpRef, "")
	for name, bad := range map[string][]byte{
		"something behind it": append(bytes.Clone(good), "junk"...),
		"no archive":          []byte("<html>"),
		"a bomb":              lying.Bomb(),
		"a way out":           tarball(t, &tar.Header{Name: "../../../outside", Mode: 0o644}),
		"a path from the top": tarball(t, &tar.Header{Name: "/tmp/outside", Mode: 0o644}),
		"a link":              tarball(t, &tar.Header{Name: "src/link", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"}),
		"a device":            tarball(t, &tar.Header{Name: "src/device", Typeflag: tar.TypeBlock}),
	} {
		t.Run(name, func(t *testing.T) {
			f, u := newFake(t), newUser(t)
			f.forge = func(e *translog.Entry) {
				e.Archive, e.Size, e.Manifest = ident.ChecksumOf(bad), int64(len(bad)), ident.ChecksumOf(nil)
			}
			f.publishBytes(httpRef, bad)
			dir := t.TempDir()
			_, err := u.client(f.server.URL).FetchFile(t.Context(), mustRef(t, httpRef), filepath.Join(dir, "x"), nil)
			if _, ok := errors.AsType[*ArchiveError](err); !ok {
				t.Errorf("fetch: %v, want an *ArchiveError", err)
			}
			wantFiles(t, dir)

			_, err = u.client(f.server.URL).Obtain(t.Context(), mustRef(t, httpRef), nil)
			if _, ok := errors.AsType[*ArchiveError](err); !ok {
				t.Errorf("into the cache: %v, want an *ArchiveError", err)
			}
			for _, folder := range []string{"archives", "packages"} {
				if left, _ := os.ReadDir(filepath.Join(u.options.CacheDir, folder)); len(left) > 0 {
					t.Errorf("the cache has %v in %s", left, folder)
				}
			}
		})
	}
}

// tarball is a compressed tar of a manifest and one entry more.
func tarball(t *testing.T, header *tar.Header) []byte {
	t.Helper()
	var b bytes.Buffer
	zip := gzip.NewWriter(&b)
	w := tar.NewWriter(zip)
	text := "[project]\nname = \"@acme/http\"\nversion = \"1.4.0\"\nori = \"0.4.0\"\n"
	manifest := &tar.Header{Name: "oripk.toml", Mode: 0o644, Size: int64(len(text))}
	if err := w.WriteHeader(manifest); err != nil {
		t.Fatal(err)
	}
	io.WriteString(w, text)
	if err := errors.Join(w.WriteHeader(header), w.Close(), zip.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestVerifyFile(t *testing.T) {
	f, u := newFake(t), newUser(t)
	f.publish(httpRef)
	data, proof := f.archives[httpRef], f.proof(httpRef, f.size())
	cases := []struct {
		name  string
		data  []byte
		proof []byte
		want  error
	}{
		{"proof of the registry", data, nil, nil},
		{"proof from a file", data, proof, nil},
		{"changed, proof of the registry", flipped(data, len(data)-6), nil, ChecksumMismatch},
		{"changed, proof from a file", flipped(data, len(data)-6), proof, ChecksumMismatch},
		{"not published", packageBytes(t, "@acme/secret@1.0.0", ""), nil, NotInLog},
		{"another package", packageBytes(t, "@acme/secret@1.0.0", ""), proof, NotInLog},
		{"no proof", data, []byte("x"), ErrNoProof},
		{"a proof of a version to come", data, []byte("c2sp.org/tlog-proof@v9\nindex 0\n"), NotInLog},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			verdict, err := u.client(f.server.URL).Verify(t.Context(), bytes.NewReader(c.data), c.proof)
			wantError(t, err, c.want)
			if err == nil && verdict.Ref.String() != httpRef {
				t.Errorf("verdict about %s", verdict.Ref)
			}
		})
	}
	_, err := u.client(f.server.URL).Verify(t.Context(), strings.NewReader("junk"), nil)
	if _, ok := errors.AsType[*ArchiveError](err); !ok {
		t.Errorf("junk: %v, want an *ArchiveError", err)
	}
	if _, err := u.client(f.server.URL).Verify(t.Context(), bytes.NewReader(make([]byte, 11<<20)), nil); err == nil {
		t.Error("11 MiB were taken for an archive")
	}
}

func TestVerifyOffline(t *testing.T) {
	f, u := newFake(t), newUser(t)
	f.publish(httpRef)
	data, proof := f.archives[httpRef], f.proof(httpRef, f.size())
	offline := func(o *Options) { o.Offline = true }
	given := func(o *Options) { o.LogKey = f.signer.VerifierKey() }

	_, err := u.client(f.server.URL, offline).Verify(t.Context(), bytes.NewReader(data), proof)
	if _, ok := errors.AsType[*NoKeyError](err); !ok {
		t.Errorf("without a key: %v, want a *NoKeyError", err)
	}
	if _, err := u.client("", offline, given).Verify(t.Context(), bytes.NewReader(data), proof); err != nil {
		t.Errorf("with a key: %v", err)
	}
	if _, err := u.client("", offline, given).Verify(t.Context(), bytes.NewReader(data), nil); !errors.Is(err, ErrOffline) {
		t.Errorf("without a proof: %v, want ErrOffline", err)
	}
	if len(f.asked()) > 0 {
		t.Errorf("the registry got %d requests", len(f.asked()))
	}
	wantFiles(t, u.options.StateDir)

	if _, err := u.client(f.server.URL).VerifyRemote(t.Context(), mustRef(t, httpRef)); err != nil {
		t.Fatal(err)
	}
	verdict, err := u.client(f.server.URL, offline).Verify(t.Context(), bytes.NewReader(data), proof)
	if err != nil || strings.Contains(verdict.Checks[4].Detail, "offline") {
		t.Errorf("with a pinned key: %v, %+v", err, verdict.Checks)
	}
}

func TestInterruption(t *testing.T) {
	f, u := newFake(t), newUser(t)
	f.publish(httpRef)
	ctx, cancel := context.WithCancel(t.Context())
	f.instead["/download"] = func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "begin")
		w.(http.Flusher).Flush()
		cancel()
		<-r.Context().Done()
	}
	dir := t.TempDir()
	_, err := u.client(f.server.URL).FetchFile(ctx, mustRef(t, httpRef), filepath.Join(dir, "x"), nil)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error: %v, want context.Canceled", err)
	}
	wantFiles(t, dir)
}
