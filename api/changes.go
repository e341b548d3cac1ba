package api

import "github.com/ori-lang/registry/ident"

// Changes is the reply of GET /v1/changes: entries of the log, in its order.
type Changes struct {
	Changes []Change `json:"changes"`
	Next    string   `json:"next"` // the address of what comes after these, now or later
}

// Change is what an entry of the log says has changed. Of package, scope and
// advisory at most one is there; none in an entry about the log itself.
type Change struct {
	Seq      int64          `json:"seq"` // the entry's index in the log
	Kind     string         `json:"kind"`
	Package  *ident.Package `json:"package"`
	Version  *ident.Version `json:"version"` // of the package; null: the package as a whole
	Scope    *string        `json:"scope"`
	Advisory *string        `json:"advisory"`
	At       Time           `json:"at"`
}

// The bounds of GET /v1/changes.
const (
	MaxChanges     = 1000 // in one reply
	MaxChangesWait = 25   // seconds
)
