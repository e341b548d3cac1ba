package httpapi

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/internal/registry"
)

// Route is one line of the route table.
type Route struct {
	Method  string         // GET stands for HEAD too
	Pattern string         // of net/http's ServeMux, from package api
	Scope   api.TokenScope // that the token needs; "": a read, which is public unless the registry is private
	Kind    Kind
	cache   cache // of its successful replies
	handle  handler
}

// Kind says what a call is to the registry's defences.
type Kind string

// The kinds of routes.
const (
	Ordinary  Kind = "ordinary"
	Immutable Kind = "immutable" // cacheable for long: archives, readmes, proofs, the log
	Open      Kind = "open"      // ordinary, and open on a private registry too: what a caller needs before it has a token
	Health    Kind = "health"    // for whoever watches the server: no token is looked at
)

type handler func(s *service, c *call, r *http.Request) error

// Routes is the route table: all of it and the only one.
func Routes() []Route {
	const get, post, put, del = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete
	return []Route{
		{get, api.PathDiscovery, "", Open, mutable, (*service).discovery},
		{get, api.PathPackage, "", Ordinary, mutable, (*service).packagePage},
		{get, api.PathVersions, "", Ordinary, mutable, (*service).versions},
		{get, api.PathMetadata, "", Ordinary, mutable, (*service).metadata},
		{get, api.PathDownload, "", Immutable, lasting, (*service).download},
		{get, api.PathReadme, "", Immutable, lasting, (*service).readme},
		{get, api.PathProof, "", Immutable, provable, (*service).proof},
		{post, api.PathPublish, api.Publish, Ordinary, never, (*service).publish},
		{post, api.PathYank, api.Publish, Ordinary, never, (*service).yank},
		{post, api.PathUnyank, api.Publish, Ordinary, never, (*service).unyank},
		{post, api.PathDeprecate, api.Publish, Ordinary, never, (*service).deprecate},
		{post, api.PathRemove, api.Admin, Ordinary, never, (*service).remove},
		{put, api.PathStatus, api.Admin, Ordinary, never, (*service).setStatus},
		{post, api.PathResolve, "", Ordinary, never, (*service).resolve},

		{post, api.PathTransfer, api.Admin, Ordinary, never, (*service).offerTransfer},
		{get, api.PathTransfer, api.Read, Ordinary, never, (*service).transfer},
		{post, api.PathTransferAccept, api.Admin, Ordinary, never, transferStep((*registry.Registry).AcceptTransfer)},
		{post, api.PathTransferDecline, api.Admin, Ordinary, never, transferStep((*registry.Registry).DeclineTransfer)},
		{post, api.PathTransferCancel, api.Admin, Ordinary, never, transferStep((*registry.Registry).CancelTransfer)},

		{get, api.PathSearch, "", Ordinary, mutable, (*service).search},

		{get, api.PathMe, api.Read, Ordinary, never, (*service).me},
		{get, api.PathTokens, api.Admin, Ordinary, never, (*service).tokens},
		{post, api.PathTokens, api.Admin, Ordinary, never, (*service).createToken},
		{del, api.PathToken, api.Read, Ordinary, never, (*service).revokeToken}, // any token may end itself
		{get, api.PathScope, "", Ordinary, mutable, (*service).scope},
		{put, api.PathScope, api.Publish, Ordinary, never, (*service).claimScope},
		{put, api.PathMember, api.Admin, Ordinary, never, (*service).setMember},
		{del, api.PathMember, api.Admin, Ordinary, never, (*service).removeMember},
		{post, api.PathMemberAccept, api.Admin, Ordinary, never, invitationStep((*registry.Registry).AcceptInvitation)},
		{post, api.PathMemberDecline, api.Admin, Ordinary, never, invitationStep((*registry.Registry).DeclineInvitation)},
		{get, api.PathInbox, api.Read, Ordinary, never, (*service).inbox},
		{post, api.PathUsers, api.Admin, Ordinary, never, (*service).createUser},

		{get, api.PathAdvisories, "", Ordinary, mutable, (*service).advisories},
		{get, api.PathAdvisory, "", Ordinary, mutable, (*service).advisory},
		{put, api.PathAdvisory, api.Admin, Ordinary, never, (*service).putAdvisory},

		{get, api.PathChanges, "", Ordinary, never, (*service).changes},
		{get, api.PathFeed, "", Ordinary, mutable, (*service).feed},
		{get, api.PathPackageFeed, "", Ordinary, mutable, (*service).packageFeed},

		{get, api.PathCheckpoint, "", Immutable, newest, (*service).checkpoint},
		{get, api.PathTile, "", Immutable, forever, (*service).tile},

		{get, api.PathOpenAPI, "", Ordinary, mutable, (*service).openAPI},
		{get, api.PathDocs, "", Ordinary, mutable, (*service).docsPage},
		{get, api.PathProblems, "", Open, mutable, (*service).problemIndex},
		{get, api.PathProblem, "", Open, mutable, (*service).problemPage},
		{get, api.PathLive, "", Health, never, (*service).live},
		{get, api.PathReady, "", Health, never, (*service).readiness},
	}
}

// parts holds a mux for each first segment of a path ("v1", "log", …).
type parts struct {
	muxes   map[string]*http.ServeMux
	nothing http.Handler // for all other addresses
}

// newParts leads to the routes, and all other calls to one failure.
func newParts(s *service, routes []Route, otherwise func(*call) error) parts {
	p := parts{map[string]*http.ServeMux{}, s.refusal(otherwise)}
	allow := map[string][]string{}
	for i := range routes {
		route := &routes[i]
		p.mux(firstSegment(route.Pattern)).Handle(route.Method+" "+route.Pattern, s.entry(route))
		allow[route.Pattern] = append(allow[route.Pattern], route.methods()...)
	}
	for pattern, methods := range allow {
		mux := p.mux(firstSegment(pattern))
		mux.Handle(pattern, s.refusal(func(c *call) error {
			c.Header().Set("Allow", strings.Join(methods, ", "))
			return api.Errorf(api.MethodNotAllowed, "this address takes %s", strings.Join(methods, ", "))
		}))
		// Without a handler of its own ServeMux would redirect /v1 to /v1/.
		if stem := strings.LastIndexByte(pattern, '/'); strings.HasSuffix(pattern, "{$}") || strings.HasSuffix(pattern, "...}") {
			mux.Handle(pattern[:stem], p.nothing)
		}
	}
	return p
}

func (p parts) mux(segment string) *http.ServeMux {
	if p.muxes[segment] == nil {
		p.muxes[segment] = http.NewServeMux()
		p.muxes[segment].Handle("/", p.nothing)
	}
	return p.muxes[segment]
}

// of gives the handler of an address.
func (p parts) of(u *url.URL) http.Handler {
	if mux, ok := p.muxes[firstSegment(u.Path)]; ok && checkPath(u) == nil {
		return mux
	}
	return p.nothing
}

func firstSegment(path string) string {
	segment, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return segment
}

func (route *Route) methods() []string {
	if route.Method == http.MethodGet {
		return []string{http.MethodGet, http.MethodHead}
	}
	return []string{route.Method}
}

// entry notes the route in the call and serves it.
func (s *service) entry(route *Route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := w.(*call)
		c.route = route
		c.err = s.serve(c, r)
	})
}

// refusal answers every call with the same failure; it counts like others.
func (s *service) refusal(failure func(*call) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := w.(*call)
		if c.err = s.admit(c, r); c.err == nil {
			c.err = failure(c)
		}
	})
}

func unknownAddress(*call) error {
	return api.Errorf(api.NotFound, "there is nothing at this address").
		WithHint("/openapi.yaml lists every address.")
}
