package registry

import (
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/ori-lang/registry/api"
)

// encodeCursor makes the opaque text that leads to the next page of a list: at
// says where that begins.
func encodeCursor(at any) (string, error) {
	text, err := json.Marshal(at)
	if err != nil {
		return "", fmt.Errorf("making a cursor: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(text), nil
}

// maxCursor bounds the cursors that are read, in characters.
const maxCursor = 1 << 10

// decodeCursor reads what encodeCursor made into at; what it did not make is
// invalid_request or another place of the same list, never more than that. The
// empty cursor leaves at as it is.
func decodeCursor(cursor string, at any) error {
	if cursor == "" {
		return nil
	}
	invalid := api.Errorf(api.InvalidRequest, "the cursor is none that this registry gave").
		WithHint("begin again without one")
	if len(cursor) > maxCursor {
		return invalid
	}
	text, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || json.Unmarshal(text, at) != nil {
		return invalid
	}
	return nil
}
