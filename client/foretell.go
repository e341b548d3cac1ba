package client

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/archive"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/manifest"
	"github.com/ori-lang/registry/translog"
)

// Resolution asks for the whole graph of these versions in one request. It is
// the registry's word: see Registries.Resolve for what is true.
func (c *Client) Resolution(ctx context.Context, roots []ident.Ref, proofs bool) (*api.Resolution, error) {
	const maxResolution = 64 << 20 // 5,000 packages have 16 MiB of records and 10 MiB of proofs
	ask := api.Resolve{Proofs: proofs}
	for _, ref := range roots {
		ask.Dependencies = append(ask.Dependencies, api.Root{Package: ref.Package.String(), Version: ref.Version.String()})
	}
	body, err := json.Marshal(ask)
	if err != nil {
		return nil, fmt.Errorf("asking for a graph: %w", err)
	}
	r := request{
		method: http.MethodPost, url: c.urls.Resolve(), accept: "application/json", contentType: "application/json",
		body: func() io.Reader { return bytes.NewReader(body) }, size: int64(len(body)), long: true, again: true,
	}
	reply := new(api.Resolution)
	err = c.do(ctx, r, func(resp *http.Response) error { return decode(resp, r.url, maxResolution, reply) })
	if err == nil && len(reply.Packages) > api.MaxResolvePackages {
		err = &ReplyError{URL: r.url, Reason: fmt.Sprintf("the answer has more than %d packages", api.MaxResolvePackages)}
	}
	return reply, err
}

// foretold is what a registry says of a package of a graph.
type foretold struct {
	url      string // that said it
	version  *api.ResolvedVersion
	proof    []byte
	followed bool
}

// foretell asks for the graphs of what is not at hand, each registry once a
// level (or once a thousand packages), and starts to bring everything that they
// are said to consist of.
func (s *supply) foretell(level []*node) error {
	absent := map[*Client][]ident.Ref{}
	for _, n := range level {
		if !s.atHand(n) {
			absent[n.Source] = append(absent[n.Source], n.Ref)
		}
	}
	for source, roots := range absent {
		if err := s.foretellFrom(source, roots); err != nil {
			return err
		}
	}
	return nil
}

func (s *supply) foretellFrom(source *Client, roots []ident.Ref) error {
	for some := range slices.Chunk(roots, api.MaxResolveRoots) {
		reply, err := source.Resolution(s.ctx, some, true)
		if tellsNoGraphs(err) {
			s.alone[source] = true
			return nil
		}
		if err != nil {
			return err
		}
		s.follow(source, some, reply)
	}
	return nil
}

// atHand reports whether nobody need be asked about a package.
func (s *supply) atHand(n *node) bool {
	s.mu.Lock()
	_, arriving := s.arrivals[origin{n.Source, n.Ref}]
	s.mu.Unlock()
	if arriving || s.alone[n.Source] || n.Source.options.Offline {
		return true
	}
	v, err := n.Source.Log(s.ctx)
	return err == nil && n.Source.cache != nil && n.Source.cache.proof(v, n.Ref) != nil
}

// tellsNoGraphs reports whether the answer is that of a registry that does not
// know the question, or of one to whom the graph is too large: then each
// package is asked for by itself.
func tellsNoGraphs(err error) bool {
	problem, ok := errors.AsType[*api.Problem](err)
	if !ok {
		return false
	}
	switch problem.Status {
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented, http.StatusUnprocessableEntity:
		return true
	}
	return false
}

// follow goes from the roots through what the reply says of dependencies, and
// starts to bring what would come from this registry in a true graph as well.
func (s *supply) follow(source *Client, roots []ident.Ref, reply *api.Resolution) {
	told := make(map[ident.Ref]*foretold, len(reply.Packages))
	for i := range reply.Packages {
		v := &reply.Packages[i]
		if f := newForetold(source.urls.Resolve(), v); f != nil {
			told[ident.Ref{Package: v.Package, Version: v.Version.Version}] = f
		}
	}
	for queue := roots; len(queue) > 0; queue = queue[1:] {
		f := told[queue[0]]
		if f == nil || f.followed {
			continue
		}
		f.followed = true
		s.start(origin{source, queue[0]}, f)
		for _, d := range f.version.Dependencies {
			if d.Kind != string(manifest.Dev) && s.comesFrom(source, queue[0], d) {
				queue = append(queue, ident.Ref{Package: d.Package, Version: d.Version})
			}
		}
	}
}

func (s *supply) comesFrom(source *Client, by ident.Ref, d api.Dependency) bool {
	if d.Registry != nil {
		return false
	}
	from, err := s.registries.SourceFor(Requirer{by, source}, d.Package, "")
	return err == nil && from == source
}

// newForetold gives nil for what cannot be true.
func newForetold(url string, v *api.ResolvedVersion) *foretold {
	if v.Package.IsZero() || v.Version.Version.IsZero() || v.Size > archive.MaxCompressed {
		return nil
	}
	f := &foretold{url: url, version: v}
	if v.Proof != nil && len(*v.Proof) <= translog.MaxProof {
		f.proof = []byte(*v.Proof)
	}
	return f
}

// agrees refuses a package whose registry says other things of it than its own
// archive does. Nothing that was said is used; but who is wrong here may be
// wrong elsewhere, and its other readers should know.
func (f *foretold) agrees(kept *Kept) error {
	differs := func(what string) error {
		return &ReplyError{
			URL:    f.url,
			Reason: fmt.Sprintf("the registry says other %s of %s than its archive, which the log vouches for", what, kept.Ref),
			Hint:   "tell the registry's operators",
		}
	}
	if f.version.Checksum != kept.Checksum {
		return differs("checksums")
	}
	var said, packed []need
	for _, d := range f.version.Dependencies {
		if d.Kind != string(manifest.Dev) {
			said = append(said, newNeed(d.Kind, d.Target, d.Package, d.Version))
		}
	}
	for _, d := range kept.Manifest.Dependencies {
		if d.Kind != manifest.Dev {
			packed = append(packed, newNeed(string(d.Kind), &d.Target, d.Package, d.Version))
		}
	}
	if !slices.Equal(sortedNeeds(said), sortedNeeds(packed)) {
		return differs("dependencies")
	}
	return nil
}

// need is a dependency as both sides tell it.
type need struct{ kind, target, ref string }

func newNeed(kind string, target *string, p ident.Package, v ident.Version) need {
	n := need{kind: kind, ref: ident.Ref{Package: p, Version: v}.String()}
	if target != nil {
		n.target = *target
	}
	return n
}

func sortedNeeds(all []need) []need {
	slices.SortFunc(all, func(a, b need) int {
		return cmp.Or(cmp.Compare(a.ref, b.ref), cmp.Compare(a.kind, b.kind), cmp.Compare(a.target, b.target))
	})
	return all
}
