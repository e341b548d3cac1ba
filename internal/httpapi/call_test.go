package httpapi

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// A body that nobody read ends the connection with the reply: net/http would
// take it in first, and the client would wait for that long.
func TestAnUnreadBodyEndsTheConnection(t *testing.T) {
	for name, test := range map[string]struct {
		body   string
		handle handler
		want   string
	}{
		"unread": {`{"a":1}`, func(_ *service, c *call, _ *http.Request) error {
			return sendOnce(c, http.StatusOK, "text/plain", nil)
		}, "close"},
		"refused unread": {`{"a":1}`, func(*service, *call, *http.Request) error { return unknownAddress(nil) }, "close"},
		"read": {`{"a":1}`, func(_ *service, c *call, r *http.Request) error {
			if err := decode(c, r, &struct{}{}, false); err != nil {
				return err
			}
			return sendOnce(c, http.StatusOK, "text/plain", nil)
		}, ""},
		"none": {"", func(_ *service, c *call, _ *http.Request) error {
			return sendOnce(c, http.StatusOK, "text/plain", nil)
		}, ""},
	} {
		s, _ := routed(t, http.MethodPost, never, test.handle)
		r := httptest.NewRequest(http.MethodPost, "/v1/test", io.NopCloser(strings.NewReader(test.body)))
		r.ContentLength = int64(len(test.body))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		if s.ServeHTTP(w, r); w.Header().Get("Connection") != test.want {
			t.Errorf("%s: status %d with Connection %q, want %q", name, w.Code, w.Header().Get("Connection"), test.want)
		}
	}
}
