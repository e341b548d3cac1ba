package api

import "encoding/json"

// Advisories is the reply of GET /v1/advisories: records in the OSV format,
// each as the registry keeps it.
type Advisories struct {
	Advisories []json.RawMessage `json:"advisories"`
	Next       *string           `json:"next"` // the next page
}
