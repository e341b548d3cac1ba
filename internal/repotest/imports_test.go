package repotest

import (
	"slices"
	"strings"
	"testing"
)

// leaves are the public packages that hold no connection and no state; they
// are listed in the order in which they may know each other.
var leaves = []string{"ident", "manifest", "api", "archive", "translog", "spec"}

// rule says what the packages of a folder may import, and why not more. What
// stands below a folder follows its rule. Tests may import what they like.
type rule struct {
	folder string
	ours   []string // folders of this module; what stands below them is included
	theirs []string // packages of other modules, by prefix
	never  []string // packages of the standard library, by prefix
	why    string
}

// loggers are never imported by public packages.
var loggers = []string{"log"}

var rules = []rule{
	{
		"ident", nil, nil,
		[]string{"log", "net", "os"},
		"Everything stands on the grammar of names; it must build anywhere and pull in nothing.",
	},
	{
		"manifest",
		[]string{"ident"},
		[]string{"github.com/pelletier/go-toml/v2", "github.com/github/go-spdx/v2"},
		[]string{"log", "net/http", "os"},
		"Compiler and editors read manifests with it: text in, report out, and the list of SPDX licences is data.",
	},
	{
		"api",
		[]string{"ident"},
		nil,
		[]string{"log", "net/http", "os"},
		"The wire form belongs to server, client and conformance suite alike, so it knows none of them.",
	},
	{
		"archive",
		[]string{"manifest", "ident"},
		nil,
		[]string{"log", "net"},
		"One checker runs in client and server; a network or a clock in it would make them differ.",
	},
	{
		"translog",
		[]string{"ident"},
		[]string{"golang.org/x/mod/sumdb", "filippo.io/torchwood"},
		[]string{"log", "net/http", "os"},
		"Verifiers use it offline; where entries are stored is not its business.",
	},
	{
		"spec", nil, nil,
		[]string{"log", "net", "os"},
		"It only embeds the protocol's text.",
	},
	{
		"client", leaves,
		[]string{"golang.org/x/mod/sumdb", "golang.org/x/sync", "github.com/pelletier/go-toml/v2", "github.com/rogpeppe/go-internal/diff", "golang.org/x/sys"},
		loggers,
		"Other people's tools embed the SDK: it brings no server code and no command line, and prints nothing.",
	},
	{
		"client/keyring",
		[]string{"client"},
		[]string{"github.com/zalando/go-keyring"},
		loggers,
		"How systems keep secrets is in one place; whoever embeds the SDK without it pulls in none of that.",
	},
	{
		"conformance", leaves,
		[]string{"github.com/getkin/kin-openapi", "golang.org/x/mod/sumdb"},
		loggers,
		"It judges registries that others wrote and must not use client: a fault of the SDK would hide one of the server.",
	},
	{
		"registrytest", append([]string{"internal/server"}, leaves...), nil, nil,
		"A real registry in-process for other people's tests: the one public package that may see the inside.",
	},
	{
		"internal/search",
		[]string{"ident"},
		[]string{"golang.org/x/text/unicode/norm"},
		[]string{"net", "log", "database"},
		"What a search means is the same for every database and protocol; it is text in, terms and ranks out.",
	},
	{
		"internal/registry", append([]string{"internal/store", "internal/sequencer", "internal/search", "internal/osv"}, leaves...),
		[]string{"golang.org/x/mod/sumdb", "golang.org/x/sync"},
		[]string{"net/http", "database/sql"},
		"The rules of the registry are read and tested without a protocol or a database around them; what keeps archives is a port of its own.",
	},
	{
		"internal/osv",
		[]string{"ident"},
		[]string{"github.com/santhosh-tekuri/jsonschema/v6"},
		[]string{"log", "net", "os"},
		"A format of others with what this registry asks of it: text in, record or faults out.",
	},
	{
		"internal/store", append([]string{"internal/durable"}, leaves...),
		[]string{"github.com/pressly/goose/v3", "modernc.org/sqlite", "github.com/jackc/pgx/v5"},
		[]string{"net/http"},
		"SQL and its drivers are in one place; it knows no rule of the registry.",
	},
	{
		"internal/blob",
		[]string{"ident", "internal/durable", "internal/store"},
		[]string{"github.com/minio/minio-go/v7"},
		[]string{"net/http"},
		"Bytes by their checksum; the SDK of object storage is in one place.",
	},
	{
		"internal/sequencer", append([]string{"internal/store", "internal/durable", "internal/blob"}, leaves...),
		[]string{"golang.org/x/mod/sumdb", "filippo.io/torchwood", "golang.org/x/sync"},
		[]string{"net/http"},
		"It orders changes and signs the log, whatever the changes are about.",
	},
	{
		"internal/ratelimit",
		[]string{"api"},
		[]string{"github.com/redis/go-redis/v9"},
		nil,
		"The limits are counted the same for every protocol; Redis is in one place.",
	},
	{
		"internal/httpapi", append([]string{"internal/registry", "internal/ratelimit"}, leaves...),
		[]string{"golang.org/x/mod/sumdb"},
		[]string{"database/sql"},
		"It decodes, calls the registry and encodes. With the store at hand it would start to decide.",
	},
	{
		"internal/apidocs",
		[]string{"api"},
		[]string{"github.com/yuin/goldmark", "go.yaml.in/yaml/v4"},
		[]string{"net/http", "os"},
		"It makes a page of a text; who sends it, and when, is not its business.",
	},
	{
		"internal/web", append([]string{"internal/registry"}, leaves...),
		[]string{"github.com/yuin/goldmark", "github.com/microcosm-cc/bluemonday", "github.com/alecthomas/chroma/v2"},
		[]string{"database/sql"},
		"Pages go through the registry like the API, and neither of the two leans on the other.",
	},
	{
		"internal/server", append([]string{"internal"}, leaves...),
		[]string{"github.com/pelletier/go-toml/v2", "github.com/prometheus/client_golang", "golang.org/x/crypto/acme", "golang.org/x/sync"},
		nil,
		"The one place that knows all parts and puts them together.",
	},
	{
		"internal/durable", nil,
		[]string{"golang.org/x/sys"},
		[]string{"net", "log"},
		"Files that survive a crash, for whoever needs them.",
	},
	{
		"internal/repotest", append([]string{"internal/httpapi"}, leaves...),
		[]string{"github.com/getkin/kin-openapi", "github.com/santhosh-tekuri/jsonschema/v6", "golang.org/x/mod/sumdb"},
		nil,
		"It compares what others say; spectest is used by their tests and must not import them.",
	},
	{
		"cmd/ori-registry", append([]string{"internal/server", "conformance"}, leaves...),
		[]string{"github.com/spf13", "github.com/fatih/color", "golang.org/x/term"},
		[]string{"database/sql"},
		"A command reads flags and prints; what it does is the server's, so that tests can do it too.",
	},
	{
		"cmd/oripk", append([]string{"client"}, leaves...),
		[]string{"github.com/spf13", "github.com/fatih/color", "github.com/schollz/progressbar/v3", "github.com/rivo/uniseg", "golang.org/x/term"},
		loggers,
		"A command reads flags and prints; what it does is the SDK's, so that other tools can do it too.",
	},
	{
		"e2e", append([]string{"cmd", "internal/repotest"}, leaves...),
		[]string{"github.com/rogpeppe/go-internal"},
		nil,
		"It drives the real binaries from outside.",
	},
}

// TestWhoMayImportWhom holds each import of each package to the rule of its
// folder. A new folder needs a rule first.
func TestWhoMayImportWhom(t *testing.T) {
	for _, file := range sourceFiles(t) {
		if file.isTest {
			continue
		}
		rule, ok := ruleOf(file.folder)
		if !ok {
			t.Errorf("the folder %s has no rule", file.folder)
			continue
		}
		for _, spec := range file.Imports {
			path := strings.Trim(spec.Path.Value, `"`)
			if !rule.allows(file.folder, path) {
				t.Errorf("%s imports %s. %s", file.folder, path, rule.why)
			}
		}
	}
}

// ruleOf gives the rule of the nearest folder.
func ruleOf(folder string) (found rule, ok bool) {
	for _, rule := range rules {
		if isIn(folder, rule.folder) && len(rule.folder) > len(found.folder) {
			found, ok = rule, true
		}
	}
	return found, ok
}

func (r rule) allows(folder, path string) bool {
	within := func(parent string) bool { return isIn(path, parent) }
	ours, isOurs := strings.CutPrefix(path, module+"/")
	first, _, _ := strings.Cut(path, "/")
	switch {
	case isOurs:
		return isIn(ours, r.folder) || slices.ContainsFunc(r.ours, func(parent string) bool { return isIn(ours, parent) })
	case strings.Contains(first, "."):
		return slices.ContainsFunc(r.theirs, within)
	default:
		return !slices.ContainsFunc(r.never, within)
	}
}

// isIn reports whether path is parent or stands below it.
func isIn(path, parent string) bool { return path == parent || strings.HasPrefix(path, parent+"/") }

// TestRulesBite gives the rules imports that they must refuse.
func TestRulesBite(t *testing.T) {
	for _, test := range []struct{ folder, path string }{
		{"ident", module + "/api"},
		{"api", "net/http"},
		{"manifest", "github.com/BurntSushi/toml"},
		{"archive", module + "/internal/durable"},
		{"client", module + "/internal/registry"},
		{"client", "log/slog"},
		{"conformance", module + "/client"},
		{"internal/registry", "database/sql"},
		{"internal/registry", module + "/internal/blob"},
		{"internal/registry", "modernc.org/sqlite"},
		{"internal/httpapi", module + "/internal/store"},
		{"internal/web", module + "/internal/httpapi"},
		{"cmd/oripk", module + "/internal/server"},
		{"cmd/ori-registry", module + "/client"},
	} {
		rule, ok := ruleOf(test.folder)
		if !ok || rule.allows(test.folder, test.path) {
			t.Errorf("%s may import %s", test.folder, test.path)
		}
	}
}

// TestNothingRegistersItself: what a program does is to be read in its main and
// in the composition, so there is no init, and drivers alone are imported for
// their effect.
func TestNothingRegistersItself(t *testing.T) {
	for _, file := range sourceFiles(t) {
		for _, name := range functions(file) {
			if name == "init" {
				t.Errorf("%s has an init function", file.folder)
			}
		}
		for _, spec := range file.Imports {
			path := strings.Trim(spec.Path.Value, `"`)
			blank := spec.Name != nil && spec.Name.Name == "_"
			if blank && path != "embed" && file.folder != "internal/store" {
				t.Errorf("%s imports %s for its effect", file.folder, path)
			}
		}
	}
}
