package api

import "github.com/ori-lang/registry/ident"

// OfferStatus says how an offer stands that its receiver must accept: a package
// to a new owner, a role in a scope.
type OfferStatus string

// The statuses of an offer. One that is not pending changes no more.
const (
	Pending   OfferStatus = "pending"
	Accepted  OfferStatus = "accepted"
	Declined  OfferStatus = "declined"  // by its receiver
	Cancelled OfferStatus = "cancelled" // taken back, or whoever made it may make it no more
	Expired   OfferStatus = "expired"   // nobody answered in 14 days
)

// Transfer is an offer of a package to a new owner, and what became of it.
type Transfer struct {
	ID        string        `json:"id"`
	Package   ident.Package `json:"package"`
	From      string        `json:"from"` // login
	To        string        `json:"to"`   // login
	Status    OfferStatus   `json:"status"`
	CreatedAt Time          `json:"created_at"`
	ExpiresAt Time          `json:"expires_at"`
}

// NewTransfer is the body of POST …/transfer.
type NewTransfer struct {
	To string `json:"to"` // login
}

// Invitation is an offer of a role in a scope, and what became of it: accepted
// says that the account is a member in this role.
type Invitation struct {
	Scope     string      `json:"scope"`
	Login     string      `json:"login"`
	Role      Role        `json:"role"`
	Status    OfferStatus `json:"status"`
	InvitedBy *string     `json:"invited_by"` // login; null like the times for whoever claimed the scope
	CreatedAt *Time       `json:"created_at"`
	ExpiresAt *Time       `json:"expires_at"`
}

// NewMember is the body of PUT …/members/{login}.
type NewMember struct {
	Role Role `json:"role"`
}

// Inbox is the reply of GET /v1/me/inbox: what waits for the caller's answer.
type Inbox struct {
	Transfers   []Transfer   `json:"transfers"`
	Invitations []Invitation `json:"invitations"`
}
