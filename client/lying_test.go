//go:build linux

package client

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	"github.com/ori-lang/registry/archive"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/internal/repotest/lying"
	"github.com/ori-lang/registry/internal/repotest/sample"
	"github.com/ori-lang/registry/registrytest"
	"github.com/ori-lang/registry/translog"
)

const otherRef = "@acme/other@1.0.0"

// TestLyingRegistry tells every lie to everything that asks about its subject.
// Whatever comes of it: it ends, nothing is written that an honest registry would
// not have given, no other origin gets the token, and what is said is fit for a
// terminal.
func TestLyingRegistry(t *testing.T) {
	h := newHonest(t)
	untold := lieErrors()
	for _, lie := range lying.Lies(lying.World{Elsewhere: h.elsewhere.URL, Other: sample.Ref(t, otherRef)}) {
		delete(untold, string(lie.About)+"/"+lie.Name)
		for _, name := range askAbout(lie) {
			t.Run(string(lie.About)+"/"+lie.Name+"/"+name, func(t *testing.T) {
				t.Parallel()
				h.hold(t, lie, name)
			})
		}
	}
	for name := range untold {
		t.Errorf("there is no lie %q", name)
	}
}

// honest is a registry that tells the truth, behind all lies.
type honest struct {
	registry  *registrytest.Registry
	token     string
	handler   http.Handler
	elsewhere *httptest.Server
	state     string                  // of a machine that has seen an earlier tree
	files     map[ident.Checksum]bool // all that a client may write, beside proofs

	mu     sync.Mutex
	stolen []string // what other origins got
	writes int
}

func newHonest(t *testing.T) *honest {
	h := &honest{state: t.TempDir(), files: map[ident.Checksum]bool{}}
	h.registry = registrytest.New(t, registrytest.Options{Front: func(r http.Handler) http.Handler {
		h.handler = r
		return r
	}})
	h.token = h.registry.User("ada")
	h.elsewhere = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.stolen = append(h.stolen, strings.Join(r.Header["Authorization"], ""))
		w.Write(lying.Bomb())
	}))
	t.Cleanup(h.elsewhere.Close)
	h.publish("@acme/base@1.0.0")
	h.publish(httpRef, "@acme/base 1.0.0")
	truth := h.machine(t, h.registry.URL)
	truth.options.StateDir = h.state
	truth.do(t.Context(), t, "fetch")
	h.publish(otherRef) // so that the tree has grown since
	for name := range operations() {
		if err := truth.do(t.Context(), t, name); err != nil {
			t.Fatalf("%s with an honest registry: %v", name, err)
		}
	}
	for path, text := range truth.written(t) {
		if !strings.Contains(path, "/replies/") {
			h.files[ident.ChecksumOf(text)] = true
		}
	}
	return h
}

func (h *honest) publish(ref string, dependencies ...string) {
	name, version, _ := strings.Cut(ref[1:], "@")
	text := fmt.Sprintf("[project]\nname = %q\nversion = %q\ndescription = \"A test.\"\nori = \"0.4.0\"\n\n[dependencies]\n", "@"+name, version)
	for _, d := range dependencies {
		p, v, _ := strings.Cut(d, " ")
		text += fmt.Sprintf("%q = %q\n", p, v)
	}
	h.registry.Publish(h.token, map[string]string{"oripk.toml": text, "src/lib.ori": "// " + ref + "\n"})
}

// machine is a fresh one that has seen the earlier tree.
type machine struct {
	options Options
	dir     string // of everything that is written, the state excepted
	nth     int
}

func (h *honest) machine(t *testing.T, url string) *machine {
	t.Helper()
	h.mu.Lock()
	h.writes++
	m := &machine{dir: t.TempDir(), nth: h.writes}
	h.mu.Unlock()
	m.options = Options{
		URL: url, Token: h.token, LogKey: h.registry.LogKey, Retries: -1, Timeout: 20 * time.Second,
		StateDir: t.TempDir(), CacheDir: filepath.Join(m.dir, "cache"),
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	}
	for _, name := range []string{"fetched", "project"} {
		if err := os.Mkdir(filepath.Join(m.dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	writeFile(t, filepath.Join(m.dir, "project", "src", "lib.ori"), "// app\n")
	writeFile(t, filepath.Join(m.dir, "project", archive.ManifestName),
		"[project]\nname = \"@me/app\"\nversion = \"0.1.0\"\ndescription = \"A test.\"\nori = \"0.4.0\"\n\n[dependencies]\n\"@acme/http\" = \"1.4.0\"\n")
	return m
}

// operations are what a client does, each with a machine of its own.
func operations() map[string]func(ctx context.Context, t *testing.T, m *machine, c *Client) error {
	return map[string]func(context.Context, *testing.T, *machine, *Client) error{
		"fetch": func(ctx context.Context, t *testing.T, m *machine, c *Client) error {
			_, err := c.FetchFile(ctx, mustRef(t, httpRef), filepath.Join(m.dir, "fetched", "x.oripk"), nil)
			return err
		},
		"first fetch": func(ctx context.Context, t *testing.T, m *machine, c *Client) error {
			first := *m
			first.options.LogKey = ""
			return first.do(ctx, t, "fetch")
		},
		"sync": func(ctx context.Context, t *testing.T, m *machine, _ *Client) error {
			p := openProject(t, filepath.Join(m.dir, "project"))
			_, err := p.Sync(ctx, NewRegistries(m.options), SyncOptions{})
			return err
		},
		"package": func(ctx context.Context, t *testing.T, _ *machine, c *Client) error {
			_, err := c.Package(ctx, mustRef(t, httpRef).Package)
			return err
		},
		"versions": func(ctx context.Context, t *testing.T, _ *machine, c *Client) error {
			_, err := c.Versions(ctx, mustRef(t, httpRef).Package)
			return err
		},
		"search": func(ctx context.Context, _ *testing.T, _ *machine, c *Client) error {
			_, err := c.Search(ctx, SearchQuery{Query: "http"})
			return err
		},
		"advisories": func(ctx context.Context, _ *testing.T, _ *machine, c *Client) error {
			for _, err := range c.Advisories(ctx, AdvisoryQuery{}) {
				if err != nil {
					return err
				}
			}
			return nil
		},
		"whoami": func(ctx context.Context, _ *testing.T, _ *machine, c *Client) error {
			_, err := c.Me(ctx)
			return err
		},
		"claim": func(ctx context.Context, _ *testing.T, m *machine, c *Client) error {
			_, _, err := c.ClaimScope(ctx, fmt.Sprintf("scope-%d", m.nth))
			return err
		},
		"publish": func(ctx context.Context, t *testing.T, m *machine, c *Client) error {
			data := sample.Package{Ref: fmt.Sprintf("@acme/new-%d@1.0.0", m.nth)}.Archive(t)
			report, err := archive.Check(bytes.NewReader(data))
			if err != nil {
				return err
			}
			_, err = c.Publish(ctx, bytes.NewReader(data), report, PublishOptions{})
			return err
		},
	}
}

// askAbout names the operations that ask about the subject of a lie. All documents
// are read in one place, so what is told of every subject meets some of them.
func askAbout(lie lying.Lie) []string {
	switch {
	case lie.About == lying.Discovery:
		return []string{"first fetch"}
	case lie.About == lying.Archive, lie.About == lying.Proof:
		return []string{"fetch", "sync"}
	case lie.About == lying.Log:
		return []string{"fetch", "claim"}
	case lie.Common:
		return []string{"sync", "package", "publish"}
	}
	return []string{"sync", "package", "versions", "search", "advisories", "whoami", "claim", "publish"}
}

func (m *machine) do(ctx context.Context, t *testing.T, name string) error {
	c, err := New(m.options)
	if err != nil {
		t.Fatal(err)
	}
	return operations()[name](ctx, t, m, c)
}

// written gives all files that a machine has written.
func (m *machine) written(t *testing.T) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	err := filepath.WalkDir(m.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		all[strings.TrimPrefix(path, m.dir)] = bytes.ReplaceAll(text, []byte(m.options.URL), nil)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// hold holds one operation against one lie.
func (h *honest) hold(t *testing.T, lie lying.Lie, name string) {
	server := httptest.NewServer(lie.Before(h.handler))
	defer server.Close()
	defer server.CloseClientConnections()
	m := h.machine(t, server.URL)
	if err := os.CopyFS(m.options.StateDir, os.DirFS(h.state)); err != nil {
		t.Fatal(err)
	}
	if lie.Slow {
		m.options.Timeout = 300 * time.Millisecond
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	err := m.do(ctx, t, name)
	if ctx.Err() != nil {
		t.Error("it does not end")
	}
	h.checkText(t, err)
	h.checkFiles(t, m)
	if want, ok := lieErrors()[string(lie.About)+"/"+lie.Name]; ok && strings.HasSuffix(name, "fetch") {
		wantError(t, err, want)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if slices.ContainsFunc(h.stolen, func(got string) bool { return strings.Contains(got, h.token) }) {
		t.Error("another origin got the token")
	}
}

// checkText looks for what a terminal would obey. The token is in no message.
func (h *honest) checkText(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	text := err.Error()
	if strings.ContainsFunc(text, func(r rune) bool { return r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) }) {
		t.Errorf("the message is not fit for a terminal: %q", text)
	}
	if strings.Contains(text, h.token) || len(text) > 10_000 {
		t.Errorf("the message has the token, or %d bytes: %.100q", len(text), text)
	}
}

// checkFiles holds every file to what an honest registry would have given.
func (h *honest) checkFiles(t *testing.T, m *machine) {
	t.Helper()
	v, err := translog.NewVerifier(h.registry.LogKey)
	if err != nil {
		t.Fatal(err)
	}
	for path, text := range m.written(t) {
		_, proofErr := v.VerifyProof(text)
		switch {
		case strings.Contains(path, "/replies/"): // the registry's word, and kept as no more
		case strings.Contains(path, "/proofs/") && proofErr == nil:
		case !h.files[ident.ChecksumOf(text)]:
			t.Errorf("%s was written: %.1000q", path, text)
		}
	}
}

// lieErrors are what a fetch must say of a lie.
func lieErrors() map[string]error {
	wants := map[string]error{
		"archive/a redirect to another host":          ChecksumMismatch, // which is followed, without the token
		"archive/a bomb of gzip":                      ChecksumMismatch,
		"archive/a body without end":                  errAnyReply,
		"archive/an archive that unpacks without end": ChecksumMismatch,
		"proof/the proof of another version":          NotInLog,
		"proof/a proof that another key signed":       Policy,
		"proof/another signature":                     Policy,
		"log/a checkpoint that another key signed":    nil, // which a newer proof does not need
		"log/tiles of zeros":                          LogUnreachable,
		"discovery/a web page":                        errNoRegistry,
		"discovery/nothing at all":                    errNoRegistry,
		"discovery/a body that is cut":                errNetwork,
		"discovery/silence":                           errNetwork,
	}
	for _, name := range []string{"one bit of an archive", "one byte more", "one byte less", "another archive", "nothing at all", "a length that is too small"} {
		wants["archive/"+name] = ChecksumMismatch
	}
	for _, name := range []string{"a redirect to a host in clear", "a redirect to a file", "a redirect to nowhere", "a redirect in a circle", "a part", "not modified"} {
		wants["archive/"+name] = errAnyReply
	}
	for _, name := range []string{"silence", "a body that drips", "a body that is cut", "no HTTP", "two lengths"} {
		wants["archive/"+name] = errNetwork
	}
	for _, name := range []string{"a proof of another place", "another entry", "another way to the root", "a proof of a kind to come", "a proof with escapes"} {
		wants["proof/"+name] = NotInLog
	}
	for _, name := range []string{"silence", "a body without end", "a bomb of gzip", "a redirect to another host", "headers without end"} {
		wants["proof/"+name], wants["log/"+name] = LogUnreachable, LogUnreachable
	}
	return wants
}
