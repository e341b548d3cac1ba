package registrytest

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/archive"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/manifest"
)

// Publish packs the files, by their paths, and publishes the package under the
// name and version in their oripk.toml; a scope that nobody has is claimed
// first. Where oripk.lock is not among the files it is made of what the registry
// has.
func (r *Registry) Publish(token string, files map[string]string) *api.Receipt {
	r.t.Helper()
	m, report := manifest.Parse([]byte(files[archive.ManifestName]))
	if !report.OK() {
		r.t.Fatalf("registrytest: %v", report.Err(archive.ManifestName))
	}
	all := maps.Clone(files)
	if _, ok := all[archive.LockName]; !ok {
		all[archive.LockName] = string(r.lock(token, m).Bytes())
	}
	r.claim(token, r.urls.Scope(m.Package.Scope()))
	body, contentType := r.form(r.pack(all))
	receipt := new(api.Receipt)
	r.call(token, http.MethodPost, r.urls.Publish(m.Package), contentType, body, receipt)
	return receipt
}

// claim claims a scope, by its address, that nobody has.
func (r *Registry) claim(token, scope string) {
	r.t.Helper()
	if r.send(token, http.MethodGet, scope, "", nil).Code == http.StatusNotFound {
		r.call(token, http.MethodPut, scope, "", nil, nil)
	}
}

// pack gives the archive of these files.
func (r *Registry) pack(files map[string]string) []byte {
	r.t.Helper()
	dir := r.t.TempDir()
	for path, text := range files {
		path = filepath.Join(dir, filepath.FromSlash(path))
		err := os.MkdirAll(filepath.Dir(path), 0o700)
		if err == nil {
			err = os.WriteFile(path, []byte(text), 0o600)
		}
		if err != nil {
			r.t.Fatalf("registrytest: writing the package: %v", err)
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		r.t.Fatalf("registrytest: %v", err)
	}
	defer root.Close()
	var packed bytes.Buffer
	report, err := archive.Pack(root, &packed)
	if err == nil {
		err = report.Err()
	}
	if err != nil {
		r.t.Fatalf("registrytest: packing: %v", err)
	}
	return packed.Bytes()
}

// lock gives the lock file of a package whose dependencies are in the registry.
func (r *Registry) lock(token string, m *manifest.Manifest) *manifest.Lock {
	r.t.Helper()
	lock := &manifest.Lock{Checksums: map[ident.Ref]ident.Checksum{}}
	var ask api.Resolve
	for _, d := range m.Locked() {
		ask.Dependencies = append(ask.Dependencies, api.Root{Package: d.Package.String(), Version: d.Version.String()})
	}
	if len(ask.Dependencies) == 0 {
		return lock
	}
	body, err := json.Marshal(ask)
	if err != nil {
		r.t.Fatalf("registrytest: %v", err)
	}
	var graph api.Resolution
	r.call(token, http.MethodPost, r.urls.Resolve(), "application/json", bytes.NewReader(body), &graph)
	for _, missing := range graph.Missing {
		r.t.Fatalf("registrytest: %s requires %s %s, which the registry does not have", m.Package, missing.Package, missing.Version)
	}
	for _, p := range graph.Packages {
		lock.Checksums[ident.Ref{Package: p.Package, Version: p.Version.Version}] = p.Checksum
	}
	return lock
}

func (r *Registry) form(packed []byte) (body io.Reader, contentType string) {
	r.t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	part, err := w.CreateFormFile("archive", "package.oripk")
	if err == nil {
		_, err = part.Write(packed)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		r.t.Fatalf("registrytest: %v", err)
	}
	return &b, w.FormDataContentType()
}

// call makes a call that must succeed and reads the answer into into, if that is
// not nil.
func (r *Registry) call(token, method, url, contentType string, body io.Reader, into any) {
	r.t.Helper()
	reply := r.send(token, method, url, contentType, body)
	if reply.Code >= 300 {
		r.t.Fatalf("registrytest: %s %s: the registry answers %d: %s", method, url, reply.Code, reply.Body)
	}
	if into == nil {
		return
	}
	if err := json.Unmarshal(reply.Body.Bytes(), into); err != nil {
		r.t.Fatalf("registrytest: %s %s: %v", method, url, err)
	}
}

// send makes a call, past the Front.
func (r *Registry) send(token, method, url, contentType string, body io.Reader) *httptest.ResponseRecorder {
	request := httptest.NewRequestWithContext(r.t.Context(), method, url, body)
	request.Header.Set("Authorization", "Bearer "+token)
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	reply := httptest.NewRecorder()
	r.registry.ServeHTTP(reply, request)
	return reply
}
