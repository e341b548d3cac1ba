package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/archive"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/translog"
)

const (
	testToken   = "ori_secret"
	testAccount = "u_0000000000" // the actor of all entries
)

// fake is a registry with a real log, kept in memory. Its lies are in instead:
// handlers that answer in the place of the true ones, by the path's end.
type fake struct {
	t        *testing.T
	server   *httptest.Server
	signer   *translog.Signer
	entries  [][]byte
	hashes   []tlog.Hash // stored hashes of the tree
	archives map[string][]byte
	index    map[string]int64
	shown    int64                 // size of the tree that is shown; 0: all of it
	forge    func(*translog.Entry) // changes what the log will say of a publish; nil: it is the truth
	instead  map[string]http.HandlerFunc
	mu       sync.Mutex
	requests []*http.Request
}

func newFake(t *testing.T) *fake { return newFakeOf(t, "log.example/log", 1) }

// newFakeOf gives a registry whose log has this origin and a key of its own
// for every seed.
func newFakeOf(t *testing.T, origin string, seed byte) *fake {
	t.Helper()
	skey, _, err := translog.NewKey(bytes.NewReader(bytes.Repeat([]byte{seed}, 32)), origin)
	if err != nil {
		t.Fatal(err)
	}
	f := &fake{t: t, archives: map[string][]byte{}, index: map[string]int64{}, instead: map[string]http.HandlerFunc{}}
	if f.signer, err = translog.NewSigner(skey); err != nil {
		t.Fatal(err)
	}
	f.server = httptest.NewServer(http.HandlerFunc(f.serve))
	t.Cleanup(f.server.Close)
	f.append(&translog.Entry{Kind: translog.KindOpen, Key: f.signer.VerifierKey(), Seq: 1, Prev: -1})
	return f
}

func (f *fake) append(e *translog.Entry) {
	f.t.Helper()
	e.Time = time.Date(2026, 11, 23, 18, 6, 31, 0, time.UTC)
	text, err := e.Bytes()
	if err != nil {
		f.t.Fatal(err)
	}
	f.appendBytes(text)
}

func (f *fake) appendBytes(text []byte) {
	f.t.Helper()
	hashes, err := tlog.StoredHashes(int64(len(f.entries)), text, f.reader())
	if err != nil {
		f.t.Fatal(err)
	}
	f.entries = append(f.entries, text)
	f.hashes = append(f.hashes, hashes...)
}

// grow adds n entries that nobody asks for; their content depends on salt.
func (f *fake) grow(n int, salt string) {
	for i := range n {
		f.append(&translog.Entry{
			Kind: translog.KindScopeClaim, Scope: fmt.Sprintf("%s%d", salt, i), Actor: "u_0000000000", Seq: 1, Prev: -1,
		})
	}
}

func (f *fake) reader() tlog.HashReader {
	return tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, x := range indexes {
			out[i] = f.hashes[x]
		}
		return out, nil
	})
}

// publish puts a package with these dependencies ("@a/b 1.0.0") into the registry.
func (f *fake) publish(ref string, dependencies ...string) {
	f.t.Helper()
	f.publishBytes(ref, packageBytes(f.t, ref, "", dependencies...))
}

func (f *fake) publishBytes(name string, data []byte) {
	f.t.Helper()
	ref := mustRef(f.t, name)
	report, err := archive.Check(bytes.NewReader(data))
	if err != nil {
		f.t.Fatal(err)
	}
	f.index[name] = int64(len(f.entries))
	f.archives[name] = data
	e := &translog.Entry{
		Kind: translog.KindPublish, Package: ref.Package, Version: ref.Version,
		Archive: report.Checksum, Size: report.Size, Manifest: report.ManifestChecksum,
		Actor: "u_0000000000", Seq: 1, Prev: -1,
	}
	if f.forge != nil {
		f.forge(e)
	}
	f.append(e)
}

func (f *fake) size() int64 {
	if f.shown > 0 {
		return f.shown
	}
	return int64(len(f.entries))
}

func (f *fake) tree(size int64) tlog.Tree {
	f.t.Helper()
	root, err := tlog.TreeHash(size, f.reader())
	if err != nil {
		f.t.Fatal(err)
	}
	return tlog.Tree{N: size, Hash: root}
}

func (f *fake) checkpoint(size int64) []byte {
	f.t.Helper()
	note, err := f.signer.Checkpoint(f.tree(size))
	if err != nil {
		f.t.Fatal(err)
	}
	return note
}

func (f *fake) proof(ref string, size int64) []byte {
	f.t.Helper()
	index := f.index[ref]
	path, err := tlog.ProveRecord(size, index, f.reader())
	if err != nil {
		f.t.Fatal(err)
	}
	return translog.FormatProof(index, f.entries[index], path, f.checkpoint(size))
}

// asked gives the requests so far.
func (f *fake) asked() []*http.Request {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.requests)
}

func (f *fake) serve(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.requests = append(f.requests, r)
	f.mu.Unlock()
	for end, handler := range f.instead {
		if strings.HasSuffix(r.URL.Path, end) {
			handler(w, r)
			return
		}
	}
	path := strings.Split(strings.TrimPrefix(r.URL.Path, "/"), "/")
	switch {
	case r.URL.Path == "/v1/":
		writeJSON(w, 200, api.Discovery{
			APIVersion: api.ProtocolVersion,
			Log:        api.LogInfo{Origin: f.signer.Origin(), PublicKey: f.signer.VerifierKey()},
		})
	case r.URL.Path == "/v1/me":
		writeJSON(w, 200, api.Me{User: api.User{ID: testAccount, Login: "ada"}})
	case r.URL.Path == "/log/checkpoint":
		w.Write(f.checkpoint(f.size()))
	case strings.HasPrefix(r.URL.Path, "/log/tile/"):
		f.serveTile(w, strings.TrimPrefix(r.URL.Path, "/log/"))
	case len(path) == 6 && path[1] == "packages":
		f.serveVersion(w, "@"+path[2]+"/"+path[3]+"@"+path[4], path[5])
	case len(path) == 5 && path[4] == "publish":
		f.servePublish(w, r)
	default:
		writeProblem(w, api.Errorf(api.NotFound, "nothing at %s", r.URL.Path))
	}
}

func (f *fake) serveTile(w http.ResponseWriter, path string) {
	tile, err := translog.ParseTilePath(path)
	if err != nil {
		writeProblem(w, api.Errorf(api.NotFound, "%v", err))
		return
	}
	if tile.L == -1 {
		var bundle []byte
		for _, entry := range f.entries[tile.N<<8:][:tile.W] {
			bundle, _ = translog.AppendBundleEntry(bundle, entry)
		}
		w.Write(bundle)
		return
	}
	data, err := tlog.ReadTileData(tile, f.reader())
	if err != nil {
		f.t.Error(err)
	}
	w.Write(data)
}

func (f *fake) serveVersion(w http.ResponseWriter, ref, what string) {
	data, ok := f.archives[ref]
	switch {
	case !ok:
		writeProblem(w, api.Errorf(api.VersionNotFound, "no %s here", ref))
	case what == "download":
		w.Write(data)
	case what == "proof":
		w.Write(f.proof(ref, f.size()))
	}
}

// servePublish takes an archive as the protocol says, without checking rights.
func (f *fake) servePublish(w http.ResponseWriter, r *http.Request) {
	reader, err := r.MultipartReader()
	if err != nil {
		f.t.Error(err)
		return
	}
	parts := map[string][]byte{}
	for part, err := reader.NextPart(); err == nil; part, err = reader.NextPart() {
		parts[part.FormName()], _ = io.ReadAll(part)
	}
	sum := ident.ChecksumOf(parts["archive"])
	if string(parts["checksum"]) != sum.String() {
		f.t.Errorf("the checksum part is %q, the archive has %s", parts["checksum"], sum)
	}
	report, _ := archive.Check(bytes.NewReader(parts["archive"]))
	ref := refOf(report)
	receipt := api.Receipt{Created: true, DryRun: r.URL.Query().Get("dry_run") == "true"}
	receipt.Package, receipt.Version.Version, receipt.Checksum = ref.Package, ref.Version, sum
	if !receipt.DryRun {
		f.publishBytes(ref.String(), parts["archive"])
		receipt.Log.Proof = string(f.proof(ref.String(), f.size()))
	}
	writeJSON(w, 201, receipt)
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(value)
}

func writeProblem(w http.ResponseWriter, p *api.Problem) {
	urls, _ := api.NewURLs("http://registry.example")
	w.Header().Set("Content-Type", "application/problem+json")
	full := p.Complete(urls, "r_1")
	w.WriteHeader(full.Status)
	json.NewEncoder(w).Encode(full)
}

// packageBytes packs a small package; note makes archives of one name differ.
func packageBytes(t *testing.T, name, note string, dependencies ...string) []byte {
	t.Helper()
	dir := writeProject(t, name, note, dependencies...)
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	lock := "[checksums]\n"
	for _, d := range dependencies {
		p, v, _ := strings.Cut(d, " ")
		lock += fmt.Sprintf("%q = %q\n", p+":"+v, ident.ChecksumOf([]byte(d)))
	}
	if err := root.WriteFile("oripk.lock", []byte(lock), 0o644); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	report, err := archive.Pack(root, &b)
	if err != nil || !report.OK() {
		t.Fatal(err, report)
	}
	return b.Bytes()
}

// writeProject writes a project's folder; extra lines of the manifest follow
// its dependencies.
func writeProject(t *testing.T, name, extra string, dependencies ...string) string {
	t.Helper()
	ref := mustRef(t, name)
	dir := t.TempDir()
	text := fmt.Sprintf("[project]\nname = %q\nversion = %q\ndescription = \"A test.\"\nori = \"1.0.0\"\n\n[dependencies]\n", ref.Package, ref.Version)
	for _, d := range dependencies {
		p, v, _ := strings.Cut(d, " ")
		text += fmt.Sprintf("%q = %q\n", p, v)
	}
	writeFile(t, filepath.Join(dir, "oripk.toml"), text+extra)
	writeFile(t, filepath.Join(dir, "src", "lib.ori"), "// "+name+"\n")
	return dir
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func mustRef(t *testing.T, s string) ident.Ref {
	t.Helper()
	ref, err := ident.ParseRef(s)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

// user is a machine: a state folder, and what it was told and waited for.
type user struct {
	t       *testing.T
	options Options
	notices []string
	waits   []time.Duration
}

func newUser(t *testing.T) *user {
	u := &user{t: t}
	u.options = Options{
		StateDir: t.TempDir(),
		CacheDir: t.TempDir(),
		Token:    testToken,
		Timeout:  5 * time.Second,
		Now:      func() time.Time { return time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC) },
		Jitter:   func() float64 { return 1 },
		Notice:   func(message string) { u.notices = append(u.notices, message) },
		Sleep: func(_ context.Context, d time.Duration) error {
			u.waits = append(u.waits, d)
			return nil
		},
	}
	return u
}

// client gives a fresh client: as another run of a program on the same machine.
func (u *user) client(url string, change ...func(*Options)) *Client {
	u.t.Helper()
	o := u.options
	o.URL = url
	for _, f := range change {
		f(&o)
	}
	c, err := New(o)
	if err != nil {
		u.t.Fatal(err)
	}
	return c
}
