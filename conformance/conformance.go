// Package conformance holds a registry that claims the Ori registry protocol
// against the protocol's text, over HTTP alone.
//
// An assertion names the sentence of spec/ that it holds, word for word, and
// calls the registry until it has seen the sentence hold or fail. Assertions
// stand in groups; a group that needs a token which was not given is reported
// as not run and never counts as passed. The group of the rate limits runs only
// when it is named, and last, for it uses up what the address may call.
//
// A run works in scopes of its own, whose names it draws at random, and takes
// back what the protocol lets it take back: tokens are revoked, transfers and
// invitations cancelled, versions yanked, or removed when there is an operator
// token. Scopes, accounts and the log's entries stay: nothing takes those back. What
// could not be taken back stands in the report.
//
// It knows the wire (package api) and the formats, and not the SDK: a fault of
// that must not hide one of the registry.
package conformance

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/ori-lang/registry/api"
)

// Options of a run. Only URL is needed; what the other tokens are missing for
// is not run.
type Options struct {
	URL           string            // of the registry
	Token         string            // of an account, with the scope admin and for all packages
	OtherToken    string            // of another account, the same
	OperatorToken string            // of an operator, with the scope admin
	Groups        []string          // by name; empty: all but those that run only when named
	Transport     http.RoundTripper // nil: http.DefaultTransport
	Timeout       time.Duration     // of one call; 0: 30 seconds
}

// Group is a set of assertions about one part of the protocol.
type Group struct {
	Name  string
	About string
	Needs []string // of "token", "other-token", "operator-token"
	Named bool     // it runs only when it is named
	run   func(*session)
}

// Groups lists the groups in the order in which they run.
func Groups() []Group {
	const token, other, operator = "token", "other-token", "operator-token"
	return []Group{
		{"registry", "what the registry says of itself", nil, false, registryGroup},
		{"errors", "problem details, addresses and methods", nil, false, errorsGroup},
		{"tokens", "who calls, and what a token may do", []string{token}, false, tokensGroup},
		{"bodies", "JSON bodies", []string{token}, false, bodiesGroup},
		{"scopes", "claiming scopes", []string{token, other}, false, scopesGroup},
		{"publish", "publishing", []string{token}, false, publishGroup},
		{"archives", "what is no canonical archive", []string{token}, false, archivesGroup},
		{"reading", "versions, metadata, README, caching", []string{token}, false, readingGroup},
		{"download", "archives and ranges of them", []string{token}, false, downloadGroup},
		{"log", "checkpoint, tiles, proofs", []string{token}, false, logGroup},
		{"life", "yank, unyank, deprecate", []string{token, other}, false, lifeGroup},
		{"operator", "removal and statuses", []string{token, operator}, false, operatorGroup},
		{"resolve", "whole graphs", []string{token}, false, resolveGroup},
		{"members", "invitations and members", []string{token, other}, false, membersGroup},
		{"transfer", "packages that change hands", []string{token, other}, false, transferGroup},
		{"users", "accounts that operators make", []string{token, operator}, false, usersGroup},
		{"search", "finding packages", []string{token}, false, searchGroup},
		{"advisories", "advisories in OSV form", []string{token, operator}, false, advisoriesGroup},
		{"changes", "the feed of changes, and Atom", []string{token}, false, changesGroup},
		{"limits", "the limits of calls, which it uses up for a minute", []string{token}, true, limitsGroup},
	}
}

// Run holds the registry against the chosen groups. The error is one of the
// options, or of a registry that does not answer at all; what does not conform
// is in the report. A context that ends cuts the run off.
func Run(ctx context.Context, o Options) (*Report, error) {
	groups, err := choose(o.Groups)
	if err != nil {
		return nil, err
	}
	s, err := open(ctx, o)
	if err != nil {
		return nil, err
	}
	defer s.cleanUp()
	for _, group := range groups {
		s.runGroup(group)
	}
	s.report.Groups = append(s.report.Groups, s.every.result())
	return s.report, ctx.Err()
}

func choose(names []string) ([]Group, error) {
	var chosen []Group
	for _, group := range Groups() {
		if slices.Contains(names, group.Name) || len(names) == 0 && !group.Named {
			chosen = append(chosen, group)
		}
	}
	for _, name := range names {
		if !slices.ContainsFunc(Groups(), func(g Group) bool { return g.Name == name }) {
			return nil, fmt.Errorf("there is no group %q; the groups are %s", name, strings.Join(groupNames(), ", "))
		}
	}
	return chosen, nil
}

func groupNames() (names []string) {
	for _, group := range Groups() {
		names = append(names, group.Name)
	}
	return names
}

// session is one run.
type session struct {
	ctx       context.Context
	options   Options
	urls      api.URLs
	client    *http.Client
	discovery api.Discovery
	run       string // random letters in the names of this run
	report    *Report
	group     *GroupResult // that runs
	every     *everyReply
	undo      []undoing // what cleanUp does, last first

	released *release // what several groups read; published when it is first needed
}

func open(ctx context.Context, o Options) (*session, error) {
	urls, err := api.NewURLs(o.URL)
	if err != nil {
		return nil, err
	}
	if o.Timeout == 0 {
		o.Timeout = 30 * time.Second
	}
	s := &session{
		ctx: ctx, options: o, urls: urls, run: strings.ToLower(rand.Text()[:10]), every: newEveryReply(),
		client: &http.Client{
			Transport: o.Transport, Timeout: o.Timeout,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	answer, err := s.exchange(ctx, request{method: "GET", url: urls.Discovery()})
	if err != nil {
		return nil, fmt.Errorf("the registry does not answer: %w", err)
	}
	if answer.status != http.StatusOK || answer.decode(&s.discovery) != nil {
		return nil, fmt.Errorf("%s answers %d and nothing that a registry says: check the URL", urls.Discovery(), answer.status)
	}
	s.report = &Report{URL: urls.Base(), Server: s.discovery.ServerVersion, Started: time.Now().UTC()}
	return s, nil
}

// runGroup runs a group, or says what it lacks.
func (s *session) runGroup(g Group) {
	s.group = &GroupResult{Name: g.Name, About: g.About}
	if lacking := s.lacking(g); len(lacking) > 0 {
		s.group.NotRun = "it needs --" + strings.Join(lacking, " and --")
	} else {
		g.run(s)
	}
	s.report.Groups = append(s.report.Groups, *s.group)
}

func (s *session) lacking(g Group) (names []string) {
	given := map[string]string{"token": s.options.Token, "other-token": s.options.OtherToken, "operator-token": s.options.OperatorToken}
	for _, name := range g.Needs {
		if given[name] == "" {
			names = append(names, name)
		}
	}
	return names
}

// scope gives the name of a scope that only this run uses.
func (s *session) scope(suffix string) string { return "conf-" + s.run + "-" + suffix }

var errStop = errors.New("the assertion ends here")
