package client

import (
	"path/filepath"
	"testing"

	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/translog"
)

// TestForgedEntries has a log that signs what is not so: every fact of an entry
// is compared with the archive, whether that was fetched or sent.
func TestForgedEntries(t *testing.T) {
	for name, forge := range map[string]func(*translog.Entry){
		"another archive":  func(e *translog.Entry) { e.Archive = ident.ChecksumOf([]byte("other")) },
		"another size":     func(e *translog.Entry) { e.Size++ },
		"another manifest": func(e *translog.Entry) { e.Manifest = ident.ChecksumOf([]byte("other")) },
	} {
		t.Run(name, func(t *testing.T) {
			f, u := newFake(t), newUser(t)
			f.forge = forge
			_, err := send(t, u.client(f.server.URL), httpRef, PublishOptions{})
			wantError(t, err, ChecksumMismatch)

			dir := t.TempDir()
			_, err = u.client(f.server.URL).FetchFile(t.Context(), mustRef(t, httpRef), filepath.Join(dir, "x"), nil)
			wantError(t, err, ChecksumMismatch)
			wantFiles(t, dir)
		})
	}
}
