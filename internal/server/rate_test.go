package server

import (
	"net/http/httptest"
	"testing"
)

// A Config that says nothing of rates has the protocol's.
func TestDefaultRates(t *testing.T) {
	s := open(t, Config{})
	secret, err := s.AddUser(t.Context(), "alice", false)
	if err != nil {
		t.Fatal(err)
	}
	for authorization, want := range map[string]string{"": "100", "Bearer " + secret: "1000"} {
		r := httptest.NewRequest("GET", "/v1/", nil)
		if authorization != "" {
			r.Header.Set("Authorization", authorization)
		}
		w := httptest.NewRecorder()
		if s.Handler().ServeHTTP(w, r); w.Header().Get("X-RateLimit-Limit") != want {
			t.Errorf("limit %q, want %s", w.Header().Get("X-RateLimit-Limit"), want)
		}
	}
}
