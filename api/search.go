package api

import "github.com/ori-lang/registry/ident"

// Sort is the order of search results.
type Sort string

// The orders of search results.
const (
	ByRelevance Sort = "relevance"
	ByUpdate    Sort = "updated" // the newest first
	ByName      Sort = "name"
)

// Results is the reply of GET /v1/search.
type Results struct {
	Query         string   `json:"query"`
	Total         int      `json:"total"`           // packages that were found
	TotalIsCapped bool     `json:"total_is_capped"` // there are more, which are not counted
	Results       []Result `json:"results"`
	Next          *string  `json:"next"`
}

// Result is a package that was found. What it says is from the manifest of the
// latest version, else of the newest pre-release.
type Result struct {
	Package     ident.Package  `json:"package"`
	Description string         `json:"description"`
	Latest      *ident.Version `json:"latest"`     // null: there are pre-releases only
	UpdatedAt   Time           `json:"updated_at"` // when a version was published last
	Keywords    []string       `json:"keywords"`
	License     *string        `json:"license"`
	Dependents  int64          `json:"dependents"` // packages of this registry that depend on it
	Deprecated  *Deprecated    `json:"deprecated"`
	Exact       bool           `json:"exact"` // the query is its name
}
