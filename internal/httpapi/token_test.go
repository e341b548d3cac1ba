package httpapi_test

import (
	"bytes"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/internal/repotest/sample"
)

// A token that is revoked while its upload is on its way publishes nothing.
func TestRevokedWhileUploading(t *testing.T) {
	s := newSite(t)
	s.claim("acme")
	token := s.newToken(`{"name":"ci","scopes":["publish"]}`)
	body, contentType := multipartOf(part{"archive", sample.Package{Ref: "@acme/http@1.0.0"}.Archive(t)})
	content := body.Bytes()
	read, write := io.Pipe()
	request, err := http.NewRequestWithContext(t.Context(), "POST", s.url+"/v1/packages/acme/http/publish", read)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token.Secret)
	request.Header.Set("Content-Type", contentType)
	request.Header.Set("Expect", "100-continue") // the first byte is asked for when the rights are known
	client := &http.Client{Transport: &http.Transport{ExpectContinueTimeout: time.Minute}}
	defer client.CloseIdleConnections()
	answered := make(chan *http.Response, 1)
	go func() {
		defer close(answered)
		if reply, err := client.Do(request); err == nil {
			answered <- reply
		}
	}()
	_, err = io.Copy(write, bytes.NewReader(content[:len(content)/2]))
	if err != nil {
		t.Fatal(err)
	}
	s.want(s.do("DELETE", "/v1/tokens/"+token.ID, nil, nil), 204, "")
	_, err = io.Copy(write, bytes.NewReader(content[len(content)/2:]))
	write.CloseWithError(err)
	reply, ok := <-answered
	if !ok {
		t.Fatal("there was no reply")
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(reply.Body)
	if err != nil {
		t.Fatal(err)
	}
	s.want(answer{reply, text}, 401, api.TokenInvalid)
	s.want(s.get("/v1/packages/acme/http"), 404, api.PackageNotFound)
	s.noTraces()
}
