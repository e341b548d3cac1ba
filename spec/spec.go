// Package spec embeds the public text of the Ori registry protocol.
//
// openapi.yaml is the HTTP protocol and its single source of truth; the
// Markdown pages beside it are the formats that travel over it (archive.md,
// manifest.md, log.md) and requirement.md, which maps each line of the original
// requirement to the tests that hold it. The package holds no logic.
package spec

import "embed"

// OpenAPI is openapi.yaml as it is served at /openapi.yaml.
//
//go:embed openapi.yaml
var OpenAPI []byte

// Pages holds the Markdown pages by file name, such as "archive.md".
//
//go:embed *.md
var Pages embed.FS
