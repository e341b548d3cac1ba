package api

import (
	"net/url"
	"strings"

	"github.com/ori-lang/registry/ident"
)

// Paths of the protocol, in the form of net/http's ServeMux patterns. Scope
// and name stand in them without "@". The server registers them, URLs fills
// them in: nothing else spells an address.
const (
	PathDiscovery = "/v1/{$}"
	PathPackage   = "/v1/packages/{scope}/{name}"
	PathVersions  = PathPackage + "/versions"
	PathPublish   = PathPackage + "/publish"
	PathMetadata  = PathPackage + "/{version}/metadata"
	PathDownload  = PathPackage + "/{version}/download"
	PathProof     = PathPackage + "/{version}/proof"
	PathReadme    = PathPackage + "/{version}/readme"
	PathYank      = PathPackage + "/{version}/yank"
	PathUnyank    = PathPackage + "/{version}/unyank"
	PathDeprecate = PathPackage + "/{version}/deprecate"
	PathRemove    = PathPackage + "/{version}/remove"
	PathStatus    = PathPackage + "/status"

	PathResolve         = "/v1/resolve"
	PathTransfer        = PathPackage + "/transfer"
	PathTransferAccept  = PathTransfer + "/accept"
	PathTransferDecline = PathTransfer + "/decline"
	PathTransferCancel  = PathTransfer + "/cancel"
	PathSearch          = "/v1/search"

	PathMe     = "/v1/me"
	PathTokens = "/v1/tokens"
	PathToken  = "/v1/tokens/{id}"
	PathScope  = "/v1/scopes/{scope}"
	PathInbox  = "/v1/me/inbox"
	PathUsers  = "/v1/users"

	PathMember        = PathScope + "/members/{login}"
	PathMemberAccept  = PathMember + "/accept"
	PathMemberDecline = PathMember + "/decline"

	PathAdvisories = "/v1/advisories"
	PathAdvisory   = "/v1/advisories/{advisory}"

	PathChanges     = "/v1/changes"
	PathFeed        = "/v1/feed.atom"
	PathPackageFeed = PathPackage + "/feed.atom"

	PathCheckpoint = "/log/checkpoint"
	PathTile       = "/log/tile/{tile...}"

	PathOpenAPI  = "/openapi.yaml"
	PathDocs     = "/docs"
	PathProblems = "/problems/{$}"
	PathProblem  = "/problems/{code}"
	PathLive     = "/livez"
	PathReady    = "/readyz"
)

// ArchiveType is the media type of an archive.
const ArchiveType = "application/gzip"

// URLs builds the address of everything in one registry.
type URLs struct {
	base string // without a final slash
}

// NewURLs takes the registry's base URL: http or https, with a host, perhaps
// with a path, without query, fragment or user.
func NewURLs(base string) (URLs, error) {
	u, err := url.Parse(base)
	switch { // base is never quoted: it may hold a secret
	case err != nil:
		return URLs{}, Errorf(InvalidRequest, "the registry URL cannot be read; write https://host or https://host/path")
	case u.User != nil:
		return URLs{}, Errorf(InvalidRequest, "the registry URL holds a user name or password; tokens travel in a header only")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return URLs{}, Errorf(InvalidRequest, "the registry URL has a query or a fragment; write https://host or https://host/path")
	case u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return URLs{}, Errorf(InvalidRequest, "the registry URL does not start with http:// or https:// and a host")
	}
	return URLs{strings.TrimRight(u.String(), "/")}, nil
}

// Base is the registry's URL without a final slash.
func (u URLs) Base() string { return u.base }

// Log is the log's URL; its checkpoint and tiles stand below it.
func (u URLs) Log() string { return u.base + "/log" }

// LogOrigin is the name that a log at this address gets: its URL without the scheme.
func (u URLs) LogOrigin() string {
	_, rest, _ := strings.Cut(u.Log(), "://")
	return rest
}

// Discovery is the address of GET /v1/.
func (u URLs) Discovery() string { return u.base + "/v1/" }

// Package is the address of a package.
func (u URLs) Package(p ident.Package) string { return u.fill(PathPackage, p, ident.Version{}) }

// Versions is the address of a package's list of versions.
func (u URLs) Versions(p ident.Package) string { return u.fill(PathVersions, p, ident.Version{}) }

// Publish is the address that archives of p are posted to.
func (u URLs) Publish(p ident.Package) string { return u.fill(PathPublish, p, ident.Version{}) }

// Metadata is the address of a version's metadata.
func (u URLs) Metadata(r ident.Ref) string { return u.fill(PathMetadata, r.Package, r.Version) }

// Download is the address of a version's archive.
func (u URLs) Download(r ident.Ref) string { return u.fill(PathDownload, r.Package, r.Version) }

// Proof is the address of a version's tlog-proof.
func (u URLs) Proof(r ident.Ref) string { return u.fill(PathProof, r.Package, r.Version) }

// Readme is the address of a version's README.
func (u URLs) Readme(r ident.Ref) string { return u.fill(PathReadme, r.Package, r.Version) }

// Yank is the address that a version is yanked at.
func (u URLs) Yank(r ident.Ref) string { return u.fill(PathYank, r.Package, r.Version) }

// Unyank is the address that a yank is taken back at.
func (u URLs) Unyank(r ident.Ref) string { return u.fill(PathUnyank, r.Package, r.Version) }

// Deprecate is the address that a version is deprecated at, and that this is taken back at.
func (u URLs) Deprecate(r ident.Ref) string { return u.fill(PathDeprecate, r.Package, r.Version) }

// Remove is the address that the operators remove a version at.
func (u URLs) Remove(r ident.Ref) string { return u.fill(PathRemove, r.Package, r.Version) }

// Status is the address of a package's status.
func (u URLs) Status(p ident.Package) string { return u.fill(PathStatus, p, ident.Version{}) }

// Transfer is the address of a package's newest transfer.
func (u URLs) Transfer(p ident.Package) string { return u.fill(PathTransfer, p, ident.Version{}) }

// TransferAccept is the address at which the receiver of a transfer accepts it.
func (u URLs) TransferAccept(p ident.Package) string { return u.Transfer(p) + "/accept" }

// TransferDecline is the address at which the receiver of a transfer declines it.
func (u URLs) TransferDecline(p ident.Package) string { return u.Transfer(p) + "/decline" }

// TransferCancel is the address at which the giver of a transfer takes it back.
func (u URLs) TransferCancel(p ident.Package) string { return u.Transfer(p) + "/cancel" }

// Web is the page of a version for people.
func (u URLs) Web(r ident.Ref) string {
	return u.base + "/" + r.Package.String() + "/" + r.Version.String()
}

// Resolve is the address that whole graphs are asked of.
func (u URLs) Resolve() string { return u.base + PathResolve }

// Search is the address of the first page that a query finds.
func (u URLs) Search(query string) string {
	return u.base + PathSearch + "?q=" + url.QueryEscape(query)
}

// WebPackage is the page of a package for people.
func (u URLs) WebPackage(p ident.Package) string { return u.base + "/" + p.String() }

// Me is the address of the token's own record.
func (u URLs) Me() string { return u.base + PathMe }

// Tokens is the address of the account's tokens.
func (u URLs) Tokens() string { return u.base + PathTokens }

// Token is the address of one token.
func (u URLs) Token(id string) string { return u.base + PathTokens + "/" + url.PathEscape(id) }

// Scope is the address of a scope.
func (u URLs) Scope(scope string) string { return u.base + "/v1/scopes/" + url.PathEscape(scope) }

// Member is the address of an account's membership in a scope.
func (u URLs) Member(scope, login string) string {
	return u.Scope(scope) + "/members/" + url.PathEscape(login)
}

// MemberAccept is the address at which an invited account becomes a member.
func (u URLs) MemberAccept(scope, login string) string { return u.Member(scope, login) + "/accept" }

// MemberDecline is the address at which an invited account declines.
func (u URLs) MemberDecline(scope, login string) string { return u.Member(scope, login) + "/decline" }

// Inbox is the address of the offers that wait for the caller.
func (u URLs) Inbox() string { return u.base + PathInbox }

// Users is the address at which operators make accounts.
func (u URLs) Users() string { return u.base + PathUsers }

// Advisories is the address of the list of advisories.
func (u URLs) Advisories() string { return u.base + PathAdvisories }

// Advisory is the address of one advisory.
func (u URLs) Advisory(id string) string { return u.base + PathAdvisories + "/" + url.PathEscape(id) }

// Changes is the address of the feed of changes.
func (u URLs) Changes() string { return u.base + PathChanges }

// Feed is the address of the Atom feed of the newest versions.
func (u URLs) Feed() string { return u.base + PathFeed }

// PackageFeed is the address of the Atom feed of a package.
func (u URLs) PackageFeed(p ident.Package) string { return u.fill(PathPackageFeed, p, ident.Version{}) }

// Checkpoint is the address of the log's newest checkpoint.
func (u URLs) Checkpoint() string { return u.base + PathCheckpoint }

// OpenAPI is the address of the protocol's text.
func (u URLs) OpenAPI() string { return u.base + PathOpenAPI }

// Docs is the protocol's page for people.
func (u URLs) Docs() string { return u.base + PathDocs }

// Problem is the page that explains a code, and the "type" of its problems.
func (u URLs) Problem(c Code) string { return u.base + "/problems/" + string(c) }

func (u URLs) fill(pattern string, p ident.Package, v ident.Version) string {
	return u.base + strings.NewReplacer(
		"{scope}", p.Scope(), "{name}", p.Name(), "{version}", v.String(),
	).Replace(pattern)
}

// ArchiveFile is the file name that an archive is offered under.
func ArchiveFile(r ident.Ref) string {
	return r.Package.Scope() + "-" + r.Package.Name() + "-" + r.Version.String() + ".oripk"
}

// DryRun adds the query that makes a publish a dry run.
func DryRun(publishURL string) string { return publishURL + "?dry_run=true" }
