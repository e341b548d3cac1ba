// Package api is the wire form of the Ori registry protocol: the JSON of every
// request and reply, the codes of every failure, and every URL. Server, client
// and conformance suite share it; spec/openapi.yaml is its public text.
//
// Members that the protocol documents are always present in a reply: null when
// there is nothing to say, and lists are never null. Readers take an absent
// member as null and ignore members that they do not know.
package api

import "github.com/ori-lang/registry/ident"

// Version of the protocol that this package speaks.
const ProtocolVersion = "1"

// Sizes that the protocol limits, in bytes.
const (
	MaxArchive = 10 << 20 // a compressed archive
	MaxJSON    = 64 << 10 // a JSON body
)

// Discovery is the reply of GET /v1/.
type Discovery struct {
	APIVersion    string  `json:"api_version"`
	ServerVersion string  `json:"server_version"`
	Access        Access  `json:"access"`
	Limits        Limits  `json:"limits"`
	Log           LogInfo `json:"log"`
	Links         Links   `json:"links"`
}

// Access says who may read a registry.
type Access string

// The kinds of access.
const (
	Public  Access = "public"  // everybody
	Private Access = "private" // whoever has a token: every read needs one
)

// Limits are the sizes that this registry accepts, in bytes and counts.
type Limits struct {
	ArchiveBytes  int64 `json:"archive_bytes"`
	UnpackedBytes int64 `json:"unpacked_bytes"`
	FileBytes     int64 `json:"file_bytes"`
	Files         int   `json:"files"`
	Dependencies  int   `json:"dependencies"`
	JSONBytes     int64 `json:"json_bytes"`
}

// LogInfo says where the transparency log is and whose signature it carries.
type LogInfo struct {
	Origin    string `json:"origin"`     // first line of every checkpoint
	PublicKey string `json:"public_key"` // verifier key in the form of C2SP signed-note
	URL       string `json:"url"`        // prefix of /checkpoint and /tile/…
}

// Links of a registry for people and tools.
type Links struct {
	OpenAPI  string `json:"openapi"`
	Docs     string `json:"docs"`     // the same for people
	Problems string `json:"problems"` // prefix: a code follows
}

// Versions is the reply of GET …/versions: the whole package in one document,
// the version of highest precedence first.
type Versions struct {
	Package            ident.Package  `json:"package"`
	Latest             *ident.Version `json:"latest"`            // highest stable one that is neither yanked nor removed
	LatestPrerelease   *ident.Version `json:"latest_prerelease"` // the same among pre-releases
	Status             Status         `json:"status"`
	OwnershipChangedAt *Time          `json:"ownership_changed_at"` // of the last transfer
	Versions           []Version      `json:"versions"`
}

// Status of a package.
type Status string

// The statuses that a package can have.
const (
	Active      Status = "active"
	Archived    Status = "archived"    // no new versions
	Quarantined Status = "quarantined" // no downloads
)

// Version is what a resolver needs to know of one version.
type Version struct {
	Version      ident.Version       `json:"version"`
	Checksum     ident.Checksum      `json:"checksum"` // of the archive
	Size         int64               `json:"size"`     // of the archive, in bytes
	PublishedAt  Time                `json:"published_at"`
	Ori          string              `json:"ori"` // the compiler version that it needs
	Dependencies []Dependency        `json:"dependencies"`
	Features     map[string][]string `json:"features"`
	Yanked       *Yanked             `json:"yanked"`
	Deprecated   *Deprecated         `json:"deprecated"`
	Removed      *Removed            `json:"removed"`
	Advisories   []string            `json:"advisories"`
	LogIndex     int64               `json:"log_index"` // of its publish entry
}

// Yanked says when and why a version was yanked.
type Yanked struct {
	At      Time    `json:"at"`
	Reason  *string `json:"reason"`  // "broken", "security", "accidental", "legal", "other"
	Message *string `json:"message"` // null: none was given
}

// Deprecated says since when a version is deprecated and what to use instead.
type Deprecated struct {
	At          Time    `json:"at"`
	Message     string  `json:"message"`
	Replacement *string `json:"replacement"` // "@a/b" or "@a/b@1.2.3"
}

// Removed says when and why the operators removed a version.
type Removed struct {
	At      Time    `json:"at"`
	Reason  string  `json:"reason"`  // "malware" or "legal"
	Message *string `json:"message"` // null: none was given
}

// Dependency of a version, as its manifest states it.
type Dependency struct {
	Package         ident.Package `json:"package"`
	Version         ident.Version `json:"version"`
	Features        []string      `json:"features"`
	DefaultFeatures bool          `json:"default_features"`
	Kind            string        `json:"kind"`     // "normal", "dev" or "target"
	Target          *string       `json:"target"`   // the cfg(…) expression when kind is "target"
	Registry        *string       `json:"registry"` // URL of the registry it lives in; null: this one
}

// Metadata is the reply of GET …/metadata. All of it but the registry's own
// record (times, account, log) is read from the manifest inside the archive.
type Metadata struct {
	Version
	Package          ident.Package  `json:"package"`
	Description      string         `json:"description"`
	License          *string        `json:"license"` // SPDX expression
	Authors          []string       `json:"authors"`
	Repository       *string        `json:"repository"`
	Keywords         []string       `json:"keywords"`
	Categories       []string       `json:"categories"`
	Funding          *string        `json:"funding"`
	Edition          *string        `json:"edition"`
	Entry            Entry          `json:"entry"`
	PublishedBy      string         `json:"published_by"` // login
	UnpackedSize     int64          `json:"unpacked_size"`
	FileCount        int            `json:"file_count"`
	Readme           bool           `json:"readme"`
	ManifestChecksum ident.Checksum `json:"manifest_checksum"` // of the oripk.toml in the archive
	Log              VersionLog     `json:"log"`
	URLs             VersionURLs    `json:"urls"`
}

// Entry names the source files that a package starts at.
type Entry struct {
	Lib  *string `json:"lib"`
	Main *string `json:"main"`
}

// VersionLog is the place of a version's publish entry in the log.
type VersionLog struct {
	Index    int64  `json:"index"`
	Leaf     string `json:"leaf"` // base64 of the entry's RFC 6962 leaf hash
	ProofURL string `json:"proof_url"`
}

// VersionURLs are the addresses of one version.
type VersionURLs struct {
	Download string `json:"download"`
	Web      string `json:"web"`
	Proof    string `json:"proof"`
}

// Receipt is the reply of a publish.
type Receipt struct {
	Metadata
	Log      ReceiptLog `json:"log"` // takes the place of Metadata.Log
	Created  bool       `json:"created"`
	DryRun   bool       `json:"dry_run"`
	Warnings []Warning  `json:"warnings"`
}

// ReceiptLog is the place in the log with the proof itself; in a dry run the
// index is -1 and the proof empty.
type ReceiptLog struct {
	VersionLog
	Proof string `json:"proof"` // C2SP tlog-proof, as GET …/proof gives it
}

// Warning is something about a published manifest that its author should know.
type Warning struct {
	Code    string `json:"code"`
	Detail  string `json:"detail"`
	Pointer string `json:"pointer"`
}

// Package is the reply of GET /v1/packages/{scope}/{name}.
type Package struct {
	Package            ident.Package  `json:"package"`
	Status             Status         `json:"status"`
	OwnershipChangedAt *Time          `json:"ownership_changed_at"`
	Owners             []Member       `json:"owners"` // who may publish it
	Latest             *ident.Version `json:"latest"`
	LatestPrerelease   *ident.Version `json:"latest_prerelease"`
	Newest             *Metadata      `json:"newest"` // latest, else the highest version that is not removed
}

// Member of a scope.
type Member struct {
	Login string `json:"login"`
	Role  Role   `json:"role"`
}

// Role of a member in a scope.
type Role string

// The roles of members of a scope.
const (
	Owner        Role = "owner"  // may do everything in the scope
	MemberOfTeam Role = "member" // may publish, yank, unyank and deprecate
)

// Scope is the reply of PUT and GET /v1/scopes/{scope}.
type Scope struct {
	Scope     string   `json:"scope"`
	ClaimedAt Time     `json:"claimed_at"`
	Members   []Member `json:"members"`
	LogIndex  int64    `json:"log_index"` // of its scope-claim entry
}

// TokenScope is what a token may do; the scopes nest: admin ⊃ publish ⊃ read.
type TokenScope string

// The scopes of tokens.
const (
	Read    TokenScope = "read"
	Publish TokenScope = "publish"
	Admin   TokenScope = "admin"
)

// Token as it is listed; the secret is not in it.
type Token struct {
	ID         string       `json:"id"`
	Name       string       `json:"name"`
	Scopes     []TokenScope `json:"scopes"`
	Packages   []string     `json:"packages"` // patterns "@acme/*", "@acme/http"; empty: all
	Prefix     string       `json:"prefix"`   // the first characters of the secret, to recognise it
	CreatedAt  Time         `json:"created_at"`
	ExpiresAt  Time         `json:"expires_at"`
	LastUsedAt *Time        `json:"last_used_at"` // to the hour
}

// Tokens is the reply of GET /v1/tokens.
type Tokens struct {
	Tokens []Token `json:"tokens"`
}

// NewToken is the body of POST /v1/tokens.
type NewToken struct {
	Name      string       `json:"name"`
	Scopes    []TokenScope `json:"scopes"`
	Packages  []string     `json:"packages"`
	ExpiresAt *Time        `json:"expires_at"` // null: in 90 days
}

// CreatedToken is the reply of POST /v1/tokens; it shows the secret this once.
type CreatedToken struct {
	Token
	Secret string `json:"token"`
}

// Me is the reply of GET /v1/me.
type Me struct {
	User   User        `json:"user"`
	Token  Token       `json:"token"`
	Scopes []ScopeRole `json:"scopes"`
	Limits RateLimits  `json:"limits"`
}

// User is an account as its holder sees it.
type User struct {
	ID        string `json:"id"` // opaque: what the log calls "actor"
	Login     string `json:"login"`
	Operator  bool   `json:"operator"`
	CreatedAt Time   `json:"created_at"`
}

// ScopeRole is a scope and the account's role in it.
type ScopeRole struct {
	Scope string `json:"scope"`
	Role  Role   `json:"role"`
}

// RateLimits are the calls of an account in any 60 seconds, over all of its
// tokens. What caches may keep (archives, READMEs, proofs, the log) counts apart.
type RateLimits struct {
	Limit     int   `json:"limit"`
	Remaining int   `json:"remaining"`
	Reset     int64 `json:"reset"` // Unix seconds at which the oldest counted call leaves
}
