//go:build linux

package client_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"path/filepath"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/archive"
	"github.com/ori-lang/registry/client"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/manifest"
	"github.com/ori-lang/registry/registrytest"
)

// A version is fetched into a file, which appears when everything is verified.
func ExampleClient_FetchFile() {
	b := &bench{}
	defer b.close()
	registry, _ := library(b)
	dir := b.TempDir()

	c, err := client.New(client.Options{URL: registry.URL, LogKey: registry.LogKey, StateDir: dir})
	if err != nil {
		log.Panic(err)
	}
	ref, err := ident.ParseRef("@acme/math@1.4.0")
	if err != nil {
		log.Panic(err)
	}
	fetched, err := c.FetchFile(context.Background(), ref, filepath.Join(dir, "math.oripk"), nil)
	if err != nil {
		log.Panic(err)
	}
	fmt.Println(filepath.Base(fetched.Path), "is", fetched.Verdict.Ref)
	fmt.Println("verified:", fetched.Verdict.Names())
	// Output:
	// math.oripk is @acme/math@1.4.0
	// verified: checksum, entry, signature, inclusion, consistency, archive
}

// Each of the ways in which trust can fail is an error of its own.
func ExampleTrustError() {
	b := &bench{}
	defer b.close()
	registry := registrytest.New(b, registrytest.Options{Front: func(honest http.Handler) http.Handler {
		front := http.NewServeMux()
		front.Handle("/", honest)
		front.HandleFunc("/v1/packages/{scope}/{name}/{version}/download", func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "something else")
		})
		return front
	}})
	registry.Publish(registry.User("ada"), map[string]string{"oripk.toml": baseManifest, "src/lib.ori": "pub @one () -> int = 1;\n"})

	c, err := client.New(client.Options{URL: registry.URL, LogKey: registry.LogKey, StateDir: b.TempDir()})
	if err != nil {
		log.Panic(err)
	}
	ref, err := ident.ParseRef("@acme/math@1.4.0")
	if err != nil {
		log.Panic(err)
	}
	_, err = c.VerifyRemote(context.Background(), ref)
	fmt.Println("other bytes than those in the log:", errors.Is(err, client.ChecksumMismatch))

	var trust *client.TrustError
	if errors.As(err, &trust) {
		fmt.Println(trust.Failure)
	}
	ref.Version, _ = ident.ParseVersion("1.5.0")
	_, err = c.Metadata(context.Background(), ref)
	fmt.Println("the registry says no:", errors.Is(err, api.VersionNotFound))
	// Output:
	// other bytes than those in the log: true
	// CHECKSUM MISMATCH
	// the registry says no: true
}

// A package is packed out of a folder and published; the registry's receipt is
// verified against its log.
func ExampleClient_Publish() {
	b := &bench{}
	defer b.close()
	registry, token := library(b)
	dir := b.TempDir()
	for name, text := range map[string]string{
		"oripk.toml":  "[project]\nname = \"@acme/color\"\nversion = \"0.1.0\"\ndescription = \"Names of colours.\"\nori = \"0.4.0\"\n",
		"oripk.lock":  "[checksums]\n",
		"src/lib.ori": "pub @red () -> str = \"#f00\";\n",
	} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
			log.Panic(err)
		}
	}

	root, err := os.OpenRoot(dir)
	if err != nil {
		log.Panic(err)
	}
	defer root.Close()
	var packed bytes.Buffer
	report, err := archive.Pack(root, &packed)
	if err != nil || !report.OK() {
		log.Panic(err, report)
	}
	c, err := client.New(client.Options{URL: registry.URL, LogKey: registry.LogKey, Token: token, StateDir: b.TempDir()})
	if err != nil {
		log.Panic(err)
	}
	receipt, err := c.Publish(context.Background(), bytes.NewReader(packed.Bytes()), report, client.PublishOptions{})
	if err != nil {
		log.Panic(err)
	}
	fmt.Println(receipt.Package, receipt.Version.Version, "published by", receipt.PublishedBy)
	fmt.Println("the very bytes that were sent:", receipt.Checksum == report.Checksum)
	// Output:
	// @acme/color 0.1.0 published by ada
	// the very bytes that were sent: true
}

// A search gives what the registry says, which nothing proves. Its texts are
// other people's: a terminal must not get them as they are.
func ExampleClient_Search() {
	b := &bench{}
	defer b.close()
	registry, _ := library(b)

	c, err := client.New(client.Options{URL: registry.URL, StateDir: b.TempDir()})
	if err != nil {
		log.Panic(err)
	}
	found, err := c.Search(context.Background(), client.SearchQuery{Query: "char"})
	if err != nil {
		log.Panic(err)
	}
	for _, r := range found.Results {
		fmt.Println(r.Package, r.Latest, client.Printable(r.Description))
	}
	// Output:
	// @acme/chart 2.0.1 Charts out of characters.
}

// All that a project needs is fetched into a cache and verified; what comes back
// is one version of each package, and the lock file.
func ExampleRegistries_Resolve() {
	b := &bench{}
	defer b.close()
	registry, _ := library(b)
	project, report := manifest.Parse([]byte(`[project]
name = "@acme/report"
version = "1.0.0"
ori = "0.4.0"

[dependencies]
@acme/chart = "2.0.1"
`))
	if !report.OK() {
		log.Panic(report.Err("oripk.toml"))
	}

	registries := client.NewRegistries(client.Options{
		URL: registry.URL, LogKey: registry.LogKey, StateDir: b.TempDir(), CacheDir: b.TempDir(),
	})
	graph, err := registries.Resolve(context.Background(), project, client.ResolveOptions{})
	if err != nil {
		log.Panic(err)
	}
	for _, p := range graph.Packages {
		fmt.Println(p.Ref, "required by", p.RequiredBy[0].By())
	}
	fmt.Println(len(graph.Locked().Checksums), "checksums in oripk.lock")
	// Output:
	// @acme/chart@2.0.1 required by oripk.toml:7:1
	// @acme/math@1.4.0 required by @acme/chart@2.0.1
	// 2 checksums in oripk.lock
}
