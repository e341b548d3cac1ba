package main

import (
	"encoding/json"
	"testing"

	"github.com/ori-lang/registry/api"
)

// TestNoListIsNull: whatever a registry leaves out.
func TestNoListIsNull(t *testing.T) {
	type inner struct {
		List []string `json:"list"`
	}
	cases := map[string]any{
		`{"versions":[{"list":[]}],"features":{"a":[]},"raw":null,"at":null,"nothing":null,"list":[]}`: struct {
			Versions []inner             `json:"versions"`
			Features map[string][]string `json:"features"`
			Raw      json.RawMessage     `json:"raw"`
			At       *api.Time           `json:"at"`
			Nothing  *inner              `json:"nothing"`
			inner
		}{Versions: []inner{{}}, Features: map[string][]string{"a": nil}},
		`{"list":[]}`:           &inner{},
		`{"error":{"list":[]}}`: map[string]inner{"error": {}},
	}
	for want, value := range cases {
		got, err := json.Marshal(withLists(value))
		if err != nil || string(got) != want {
			t.Errorf("%s, %v; want %s", got, err, want)
		}
	}
}
