package api_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/ident"
)

func urls(t *testing.T, base string) api.URLs {
	t.Helper()
	u, err := api.NewURLs(base)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func reference(t *testing.T, text string) ident.Ref {
	t.Helper()
	ref, err := ident.ParseRef(text)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

// addresses gives all that URLs builds, each with the path it must have.
func addresses(t *testing.T, u api.URLs) map[string]string {
	ref := reference(t, "@ori-lang/http2@1.0.0-rc.1")
	const pkg = "/v1/packages/ori-lang/http2"
	return map[string]string{
		u.Discovery():                      "/v1/",
		u.Package(ref.Package):             pkg,
		u.Versions(ref.Package):            pkg + "/versions",
		u.Publish(ref.Package):             pkg + "/publish",
		api.DryRun(u.Publish(ref.Package)): pkg + "/publish?dry_run=true",
		u.Metadata(ref):                    pkg + "/1.0.0-rc.1/metadata",
		u.Download(ref):                    pkg + "/1.0.0-rc.1/download",
		u.Proof(ref):                       pkg + "/1.0.0-rc.1/proof",
		u.Readme(ref):                      pkg + "/1.0.0-rc.1/readme",
		u.Yank(ref):                        pkg + "/1.0.0-rc.1/yank",
		u.Unyank(ref):                      pkg + "/1.0.0-rc.1/unyank",
		u.Deprecate(ref):                   pkg + "/1.0.0-rc.1/deprecate",
		u.Remove(ref):                      pkg + "/1.0.0-rc.1/remove",
		u.Status(ref.Package):              pkg + "/status",
		u.Transfer(ref.Package):            pkg + "/transfer",
		u.TransferAccept(ref.Package):      pkg + "/transfer/accept",
		u.TransferDecline(ref.Package):     pkg + "/transfer/decline",
		u.TransferCancel(ref.Package):      pkg + "/transfer/cancel",
		u.Web(ref):                         "/@ori-lang/http2/1.0.0-rc.1",
		u.Resolve():                        "/v1/resolve",
		u.Search("json&x #1"):              "/v1/search?q=json%26x+%231",
		u.Me():                             "/v1/me",
		u.Tokens():                         "/v1/tokens",
		u.Token("t-1"):                     "/v1/tokens/t-1",
		u.Token("../a b?c#d"):              "/v1/tokens/..%2Fa%20b%3Fc%23d",
		u.Scope("ori-lang"):                "/v1/scopes/ori-lang",
		u.Scope("a/b"):                     "/v1/scopes/a%2Fb",
		u.Member("ori-lang", "ada"):        "/v1/scopes/ori-lang/members/ada",
		u.Member("ori-lang", "a/b"):        "/v1/scopes/ori-lang/members/a%2Fb",
		u.MemberAccept("ori-lang", "ada"):  "/v1/scopes/ori-lang/members/ada/accept",
		u.MemberDecline("ori-lang", "ada"): "/v1/scopes/ori-lang/members/ada/decline",
		u.Inbox():                          "/v1/me/inbox",
		u.Users():                          "/v1/users",
		u.Advisories():                     "/v1/advisories",
		u.Advisory("x_ORI-2026-0001"):      "/v1/advisories/x_ORI-2026-0001",
		u.Advisory("a/b"):                  "/v1/advisories/a%2Fb",
		u.Changes():                        "/v1/changes",
		u.Feed():                           "/v1/feed.atom",
		u.PackageFeed(ref.Package):         pkg + "/feed.atom",
		u.WebPackage(ref.Package):          "/@ori-lang/http2",
		u.Log():                            "/log",
		u.Checkpoint():                     "/log/checkpoint",
		u.OpenAPI():                        "/openapi.yaml",
		u.Docs():                           "/docs",
		u.Problem(api.NotFound):            "/problems/not_found",
	}
}

func TestURLs(t *testing.T) {
	bases := map[string]string{
		"https://pkg.test":             "https://pkg.test",
		"https://pkg.test/":            "https://pkg.test",
		"http://127.0.0.1:8080":        "http://127.0.0.1:8080",
		"http://[::1]:8080/":           "http://[::1]:8080",
		"https://pkg.test/ori/pkgs//":  "https://pkg.test/ori/pkgs",
		"https://pkg.test/a%20folder/": "https://pkg.test/a%20folder",
		"HTTPS://pkg.test":             "https://pkg.test",
	}
	for base, want := range bases {
		u := urls(t, base)
		if u.Base() != want {
			t.Errorf("the base of %q is %q, want %q", base, u.Base(), want)
		}
		for address, path := range addresses(t, u) {
			if address != want+path {
				t.Errorf("over %q an address is %q, want %q", base, address, want+path)
			}
		}
	}
}

func TestRefusedBases(t *testing.T) {
	cases := map[string][]string{
		"does not start with": {
			"", "pkg.test", "//pkg.test", "/v1", "localhost:8080", "ftp://pkg.test", "file:///srv", "https:", "https://", "https:///path",
			"https:pkg.test", "https://:8080", "javascript:alert(1)",
		},
		"user name or password": {"https://secret@pkg.test", "https://me:secret@pkg.test/", "ftp://me:secret@pkg.test", "https://@pkg.test"},
		"query or a fragment":   {"https://pkg.test?", "https://pkg.test/?token=secret", "https://pkg.test/#secret", "https://pkg.test/?#"},
		"cannot be read":        {"https://me:secret@pkg.test:port", "https://me:sec/ret@pkg.test", "https://pkg .test", "https://pkg.test/\n", "https://[::1", "https://pkg.test/%zz"},
	}
	for reason, bases := range cases {
		for _, base := range bases {
			_, err := api.NewURLs(base)
			if !errors.Is(err, api.InvalidRequest) || !strings.Contains(err.Error(), reason) {
				t.Errorf("%q: %v, want that it %s", base, err, reason)
			} else if strings.Contains(err.Error(), "sec") {
				t.Errorf("%q: the error quotes a secret: %v", base, err)
			}
		}
	}
}

func TestLogOrigin(t *testing.T) {
	cases := map[string]string{
		"https://pkg.test":          "pkg.test/log",
		"http://127.0.0.1:8080/":    "127.0.0.1:8080/log",
		"https://pkg.test/ori/pkgs": "pkg.test/ori/pkgs/log",
	}
	for base, want := range cases {
		u := urls(t, base)
		if u.LogOrigin() != want {
			t.Errorf("the origin at %q is %q, want %q", base, u.LogOrigin(), want)
		}
		if !strings.HasSuffix(u.Log(), "://"+want) {
			t.Errorf("the log at %q is at %q", base, u.Log())
		}
	}
}

// A server that registers the patterns is reached at every address.
func TestPatternsFitTheURLs(t *testing.T) {
	mux := http.NewServeMux()
	for _, pattern := range []string{
		api.PathDiscovery, api.PathPackage, api.PathVersions, api.PathPublish, api.PathMetadata, api.PathDownload, api.PathProof,
		api.PathReadme, api.PathYank, api.PathUnyank, api.PathDeprecate, api.PathRemove, api.PathStatus, api.PathResolve, api.PathSearch, api.PathMe, api.PathTokens, api.PathToken, api.PathScope, api.PathCheckpoint, api.PathTile,
		api.PathTransfer, api.PathTransferAccept, api.PathTransferDecline, api.PathTransferCancel,
		api.PathMember, api.PathMemberAccept, api.PathMemberDecline, api.PathInbox, api.PathUsers,
		api.PathAdvisories, api.PathAdvisory, api.PathChanges, api.PathFeed, api.PathPackageFeed,
		api.PathOpenAPI, api.PathDocs, api.PathProblem, api.PathLive, api.PathReady,
	} {
		mux.HandleFunc(pattern, func(http.ResponseWriter, *http.Request) {})
	}
	u := urls(t, "https://pkg.test")
	for address := range addresses(t, u) {
		if address == u.Log() || strings.Contains(address, "/@") { // a prefix; a page for people
			continue
		}
		if _, pattern := mux.Handler(httptest.NewRequest(http.MethodGet, address, nil)); pattern == "" {
			t.Errorf("no pattern fits %s", address)
		}
	}
}

func TestArchiveFile(t *testing.T) {
	if got := api.ArchiveFile(reference(t, "@ori/http@1.2.3")); got != "ori-http-1.2.3.oripk" {
		t.Errorf("the archive is offered as %q", got)
	}
}
