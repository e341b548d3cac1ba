package lying

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ori-lang/registry/archive"
	"github.com/ori-lang/registry/internal/repotest/sample"
)

// TestLiesAreNotTheTruth asks for each subject behind each lie: the answer is
// another one than the registry's, about the subject of the lie alone.
func TestLiesAreNotTheTruth(t *testing.T) {
	paths := map[Subject]string{
		Discovery: "/v1/", Archive: "/v1/packages/a/b/1.0.0/download", Proof: "/v1/packages/a/b/1.0.0/proof",
		Log: "/log/checkpoint", Document: "/v1/packages/a/b",
	}
	honest := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case SubjectOf(r) == Document:
			io.WriteString(w, `{"a":"some text","b":[1,{"c":"more"}]}`)
		case strings.HasPrefix(r.URL.Path, "/log/"):
			io.WriteString(w, "log.example/log\n1\n"+strings.Repeat("A", 43)+"=\n\n— log.example/log "+strings.Repeat("x", 40)+"\n")
		default:
			io.WriteString(w, "c2sp.org/tlog-proof@v1\nextra "+strings.Repeat("e", 60)+"\nindex 1\nhash\n\n"+strings.Repeat(r.URL.Path, 3)+"\n")
		}
	})
	plain := ask(honest, paths)
	for _, lie := range Lies(World{Elsewhere: "http://127.0.0.1:1", Other: sample.Ref(t, "@a/other@1.0.0")}) {
		if lie.Slow || strings.Contains(lie.Name, "without end") || strings.Contains(lie.Name, "bomb") {
			continue // they go on until their client has gone
		}
		told := ask(lie.Before(honest), paths)
		for subject := range paths {
			if subject != lie.About && told[subject] != plain[subject] {
				t.Errorf("%s/%s is told of %s as well", lie.About, lie.Name, subject)
			}
			if subject == lie.About && told[subject] == plain[subject] && !strings.HasPrefix(lie.Name, "tiles") {
				t.Errorf("%s/%s is the truth", lie.About, lie.Name)
			}
		}
	}
}

// ask gives status, headers and body of each path.
func ask(handler http.Handler, paths map[Subject]string) map[Subject]string {
	answers := map[Subject]string{}
	for subject, path := range paths {
		server := httptest.NewServer(handler)
		client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		resp, err := client.Get(server.URL + path)
		if err != nil {
			answers[subject] = err.Error()
		} else {
			body, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			resp.Header.Del("Date")
			answers[subject] = strings.Join([]string{resp.Status, headers(resp.Header), string(body), errText(err)}, "\n")
		}
		server.Close()
	}
	return answers
}

func headers(h http.Header) string {
	var b bytes.Buffer
	_ = h.Write(&b)
	return b.String()
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// TestBomb: it is small, and as large as it says when it is unpacked.
func TestBomb(t *testing.T) {
	packed := Bomb()
	if len(packed) > archive.MaxCompressed {
		t.Errorf("it has %d bytes: it is refused before it is unpacked", len(packed))
	}
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	const some = 1 << 30
	if n, err := io.CopyN(io.Discard, r, some); err != nil {
		t.Errorf("it ends after %d bytes: %v", n, err)
	}
}
