package api

import "errors"

// Code names a kind of failure; clients match on it. It is an error, so that
//
//	errors.Is(err, api.VersionExists)
//
// holds on both sides of the wire.
type Code string

// Error gives the code itself.
func (c Code) Error() string { return string(c) }

// The closed list of codes.
const (
	InvalidRequest       Code = "invalid_request"
	InvalidName          Code = "invalid_name"
	InvalidVersion       Code = "invalid_version"
	Unauthenticated      Code = "unauthenticated"
	TokenInvalid         Code = "token_invalid"
	TokenExpired         Code = "token_expired"
	InsufficientScope    Code = "insufficient_scope"
	NotOwner             Code = "not_owner"
	ScopeNotClaimed      Code = "scope_not_claimed"
	TokenPackageMismatch Code = "token_package_mismatch"
	NameReserved         Code = "name_reserved"
	PackageArchived      Code = "package_archived"
	PackageQuarantined   Code = "package_quarantined"
	NotFound             Code = "not_found"
	PackageNotFound      Code = "package_not_found"
	VersionNotFound      Code = "version_not_found"
	UserNotFound         Code = "user_not_found"
	TransferNotFound     Code = "transfer_not_found"
	AdvisoryNotFound     Code = "advisory_not_found"
	MethodNotAllowed     Code = "method_not_allowed"
	NotAcceptable        Code = "not_acceptable"
	RequestTimeout       Code = "request_timeout"
	VersionExists        Code = "version_exists"
	VersionRemoved       Code = "version_removed"
	NameTooSimilar       Code = "name_too_similar"
	ScopeTaken           Code = "scope_taken"
	TransferPending      Code = "transfer_pending"
	LastOwner            Code = "last_owner"
	VersionGone          Code = "version_gone"
	TransferExpired      Code = "transfer_expired"
	PreconditionFailed   Code = "precondition_failed"
	ArchiveTooLarge      Code = "archive_too_large"
	BodyTooLarge         Code = "body_too_large"
	UnsupportedMediaType Code = "unsupported_media_type"
	RangeNotSatisfiable  Code = "range_not_satisfiable"
	ArchiveInvalid       Code = "archive_invalid"
	ManifestInvalid      Code = "manifest_invalid"
	ManifestMismatch     Code = "manifest_mismatch"
	ChecksumMismatch     Code = "checksum_mismatch"
	DependencyNotFound   Code = "dependency_not_found"
	ValidationFailed     Code = "validation_failed"
	RateLimited          Code = "rate_limited"
	Legal                Code = "legal"
	Internal             Code = "internal"
	Unavailable          Code = "unavailable"
	ReadOnly             Code = "read_only"
)

// CodeInfo is what the protocol says of one code.
type CodeInfo struct {
	Code    Code
	Status  int    // the HTTP status that it travels with
	Title   string // the problem's title, a few words
	Meaning string // when it is sent and what to do about it, for /problems/{code}
}

// Codes lists every code in the order of its status.
var Codes = []CodeInfo{
	{InvalidRequest, 400, "Invalid request", "The request cannot be read: a malformed body, an unknown value of a query parameter, a duplicate JSON key, a missing part. The detail names the place. Correct the request; sending it again unchanged gives the same answer."},
	{InvalidName, 400, "Invalid name", "A scope, package name or login in the request is not well formed. Names have lower-case letters a–z, digits and single hyphens between them; a scope has at most 39 characters, a name at most 64."},
	{InvalidVersion, 400, "Invalid version", "A version in the request is not well formed. Versions are exact: major.minor.patch, with an optional pre-release suffix such as 1.0.0-beta.1 and without build metadata."},
	{Unauthenticated, 401, "Authentication required", "This call needs a token and the request carried none. Send it as Authorization: Bearer <token>; the client reads it from ORI_REGISTRY_TOKEN."},
	{TokenInvalid, 401, "Token not valid", "The token is malformed, unknown or revoked. A token that is sent must be good, even where none is needed. Make a new one and remove the old one from your configuration."},
	{TokenExpired, 401, "Token expired", "The token was good once and its time is over. Make a new one with another token of the account, or ask the operators: they make one with ori-registry token create."},
	{InsufficientScope, 403, "Token scope too small", "The token is good but may not do this. The scopes nest: admin may all that publish may, publish all that read may. Use a token with the scope that the detail names."},
	{NotOwner, 403, "Not an owner", "The account is no member of the scope with the needed role, the package was transferred or offered to somebody else, or the call is for the operators of the registry. Ask an owner of the scope, or the operators."},
	{ScopeNotClaimed, 403, "Scope not claimed", "Nobody holds this scope yet. Claim it first with PUT /v1/scopes/{scope} (oripk scope claim); then publish."},
	{TokenPackageMismatch, 403, "Token is for other packages", "The token is restricted to a list of package patterns and this package matches none of them."},
	{NameReserved, 403, "Name reserved", "This scope or package name is reserved: a word of the language (test, internal, std…) or a device name of an operating system. Choose another."},
	{PackageArchived, 403, "Package archived", "The package is archived: its versions stay available and new ones are not accepted."},
	{PackageQuarantined, 403, "Package quarantined", "The package is under investigation: its versions are listed and cannot be downloaded for the time being."},
	{NotFound, 404, "Not found", "There is nothing at this address. The routes of the API are listed in /openapi.yaml."},
	{PackageNotFound, 404, "Package not found", "There is no package of this name here. Check the spelling of scope and name."},
	{VersionNotFound, 404, "Version not found", "The package is here and this version of it is not. GET /v1/packages/{scope}/{name}/versions lists those that are."},
	{UserNotFound, 404, "User not found", "There is no account with this login."},
	{TransferNotFound, 404, "Transfer not found", "No transfer of this package is pending: none was made, or it was accepted, declined or cancelled, or its giver lost the right to give the package away."},
	{AdvisoryNotFound, 404, "Advisory not found", "There is no advisory with this id."},
	{MethodNotAllowed, 405, "Method not allowed", "The address exists and does not take this method. The Allow header lists those that it takes."},
	{NotAcceptable, 406, "Not acceptable", "The representation that the Accept header asks for does not exist here."},
	{RequestTimeout, 408, "Request took too long", "The body did not arrive in time. Send it again, over a faster connection if you can."},
	{VersionExists, 409, "Version exists", "This version was published before with other bytes. A version never changes: give the package a new version number. existing_checksum is the checksum of what is there."},
	{VersionRemoved, 409, "Version removed", "This version was removed by the operators. Its number is never used again, whatever the bytes."},
	{NameTooSimilar, 409, "Name too similar", "Another scope, or another package of the scope, has the same name but for hyphens. Names that are so easily mixed up are not given to new packages."},
	{ScopeTaken, 409, "Scope taken", "The scope belongs to somebody else. Scopes are given first come, first served."},
	{TransferPending, 409, "Transfer pending", "Another transfer of this package waits for an answer. It must be accepted, declined or cancelled first."},
	{LastOwner, 409, "Last owner", "A scope keeps at least one owner. Make somebody else an owner first."},
	{VersionGone, 410, "Version gone", "The operators removed this version. Its record stays, its archive is gone for good."},
	{TransferExpired, 410, "Transfer expired", "The transfer was not accepted within 14 days. Ask for a new one."},
	{PreconditionFailed, 412, "Precondition failed", "What the request wants to replace has changed since it was read. Read it again."},
	{ArchiveTooLarge, 413, "Archive too large", "An archive has at most 10,485,760 bytes (10 MiB). See what oripk pack puts into it; [publish] exclude leaves files out."},
	{BodyTooLarge, 413, "Body too large", "The request's body is over the limit of this call."},
	{UnsupportedMediaType, 415, "Unsupported media type", "The body has another media type than this call takes. The detail names the right one."},
	{RangeNotSatisfiable, 416, "Range not satisfiable", "The Range header asks for bytes behind the end of the archive."},
	{ArchiveInvalid, 422, "Archive invalid", "The archive is not in the canonical form, which spec/archive.md of github.com/ori-lang/registry describes. errors lists every fault that was found, each with its code and the path of the file. oripk pack makes a right one."},
	{ManifestInvalid, 422, "Manifest invalid", "The archive's oripk.toml is refused. errors lists every fault with the place in the manifest."},
	{ManifestMismatch, 422, "Manifest does not match", "The archive's oripk.toml names another package than the address it was sent to."},
	{ChecksumMismatch, 422, "Checksum mismatch", "The bytes that arrived have another SHA-256 than the checksum part says. Send them again; if it happens again, something between you and the registry changes them."},
	{DependencyNotFound, 422, "Dependency not found", "A dependency names a package or version that is not in this registry. errors lists them. Publish the dependency first, or name the registry it lives in."},
	{ValidationFailed, 422, "Validation failed", "The request can be read and a value in it is not allowed. errors names each with its place."},
	{RateLimited, 429, "Too many requests", "More requests than the limit in the last 60 seconds. Wait for the time in Retry-After. A token raises the limit."},
	{Legal, 451, "Unavailable for legal reasons", "The operators had to remove this version for legal reasons."},
	{Internal, 500, "Internal error", "The registry failed; nothing was changed by a call that answers this, unless it says so. Try again; if it goes on, give the operators the request_id."},
	{Unavailable, 503, "Unavailable", "The registry cannot answer just now: it is starting, stopping or overloaded, or its disk or database takes or gives nothing. Try again after Retry-After."},
	{ReadOnly, 503, "Read-only", "The registry accepts no changes for the time being; reading works."},
}

// Info gives what the protocol says of c; a code that is not in the list is
// taken for Internal.
func (c Code) Info() CodeInfo {
	for _, info := range Codes {
		if info.Code == c {
			return info
		}
	}
	return Internal.Info()
}

// CodeOf gives the code of err: that of the Problem it wraps, else Internal.
func CodeOf(err error) Code {
	if problem, ok := errors.AsType[*Problem](err); ok {
		return problem.Code
	}
	if code, ok := errors.AsType[Code](err); ok {
		return code
	}
	return Internal
}
