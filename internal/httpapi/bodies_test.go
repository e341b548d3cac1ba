package httpapi_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/internal/repotest/sample"
	"github.com/ori-lang/registry/internal/repotest/spectest"
	"github.com/ori-lang/registry/spec"
)

// TestEveryJSONBodyIsBounded: whatever takes JSON refuses too much of it, what
// is another type, what is none, and what does not arrive. An operator calls who
// owns the package, so that the body is what is looked at.
func TestEveryJSONBodyIsBounded(t *testing.T) {
	s := newSite(t)
	s.token = strings.TrimPrefix(s.operator("olive")["Authorization"], "Bearer ")
	s.claim("acme")
	s.want(s.publish("acme/http", part{"archive", sample.Package{Ref: "@acme/http@1.0.0"}.Archive(t)}), 201, "")
	impatient := s.impatient()
	for _, call := range takingJSON(t) {
		t.Run(call, func(t *testing.T) {
			method, path, _ := strings.Cut(call, " ")
			isJSON := header{"Content-Type": "application/json"}
			long := `{"x":"` + strings.Repeat("x", mostOf(path)) + `"}`
			s.want(s.do(method, path, strings.NewReader(long), isJSON), 413, api.BodyTooLarge)
			s.want(s.do(method, path, io.MultiReader(strings.NewReader(long)), isJSON), 413, api.BodyTooLarge) // of no declared length
			s.want(s.do(method, path, strings.NewReader("{}"), header{"Content-Type": "text/plain"}), 415, api.UnsupportedMediaType)
			s.want(s.do(method, path, strings.NewReader("{"), isJSON), 400, api.InvalidRequest)
			s.want2(s.unfinished(impatient, method, path), 408, api.RequestTimeout)
		})
	}
}

// mostOf gives how many bytes of JSON the address takes.
func mostOf(path string) int {
	if path == api.PathResolve {
		return api.MaxResolveJSON
	}
	return api.MaxJSON
}

// takingJSON lists the method and address of every operation whose body has the limit of JSON.
func takingJSON(t *testing.T) (calls []string) {
	t.Helper()
	doc, err := spectest.Parse(spec.OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	for path, item := range doc.Paths.Map() {
		for method, operation := range item.Operations() {
			if spectest.Codes(operation)[api.BodyTooLarge] {
				calls = append(calls, method+" "+filled(path))
			}
		}
	}
	if len(calls) == 0 {
		t.Error("the spec has no operation that takes JSON")
	}
	return calls
}

// unfinished sends less of a body than it announces.
func (s *site) unfinished(web *httptest.Server, method, path string) answer {
	s.t.Helper()
	conn, err := net.Dial("tcp", web.Listener.Addr().String())
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close()
	_, err = fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{", method, path, s.token)
	if err != nil {
		s.t.Fatal(err)
	}
	reply, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	defer reply.Body.Close()
	body, err := io.ReadAll(reply.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer{reply, body}
}
