package main

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/client"
	"github.com/ori-lang/registry/ident"
)

func explainTrust(err error) (explanation, error) {
	trust, ok := errors.AsType[*client.TrustError](err)
	if !ok {
		return explanation{}, nil
	}
	e := explanation{Message: string(trust.Failure), Details: []string{client.Printable(trust.Detail)}, Hint: trust.Hint}
	e.Code = strings.ToLower(strings.ReplaceAll(string(trust.Failure), " ", "_"))
	for _, path := range trust.Evidence {
		e.Details = append(e.Details, "evidence is kept in "+path)
	}
	switch trust.Failure {
	case client.LogUnreachable:
		e.ExitCode = exitNetwork
	case client.LocalStateDamaged:
		e.ExitCode = exitFailed
	default:
		e.ExitCode = exitMismatch
	}
	return e, trust
}

const hintToken = "oripk login, with --registry where it is not the default; or set ORI_REGISTRY_TOKEN, and for a registry by name ORI_REGISTRY_{NAME}_TOKEN; " +
	"the registry's operators make tokens with: ori-registry token create"

func explainToken(err error) (explanation, error) {
	if !errors.Is(err, client.ErrNoToken) {
		return explanation{}, nil
	}
	return explanation{Code: "unauthenticated", Message: "this needs a token", Hint: hintToken, ExitCode: exitAuth}, client.ErrNoToken
}

// explainProblem is for what the registry says; the client has cleaned its texts.
func explainProblem(err error) (explanation, error) {
	problem, ok := errors.AsType[*api.Problem](err)
	if !ok {
		return explanation{}, nil
	}
	e := explanation{
		Code: string(problem.Code), Message: titleOf(problem), Hint: problem.Hint,
		ExitCode: exitOfStatus(problem.Status), RequestID: problem.RequestID,
	}
	if problem.Detail != "" {
		e.Details = append(e.Details, problem.Detail)
	}
	for _, f := range problem.Errors {
		if f.Detail != problem.Detail {
			e.Details = append(e.Details, faultLine(f))
		}
		e.Faults = append(e.Faults, fault{File: f.Path, Pointer: f.Pointer, Code: f.Code, Detail: f.Detail})
	}
	if e.Hint == "" {
		e.Hint = hintFor(problem)
	}
	if problem.Status >= 500 && problem.RequestID != "" {
		e.Details = append(e.Details, "request "+problem.RequestID)
	}
	return e, problem
}

// hintFor says what to do where the registry does not.
func hintFor(p *api.Problem) string {
	switch {
	case p.Status == http.StatusUnauthorized:
		return hintToken
	case p.RequiredScope != "":
		return fmt.Sprintf("a token that may %s, which another such token can make: oripk token create NAME --scope %[1]s", p.RequiredScope)
	case p.RetryAfter > 0:
		return fmt.Sprintf("again in %d s", p.RetryAfter)
	case strings.HasPrefix(p.Title, "HTTP "):
		return "check the address; where it is right, ask those who run the registry, or try again later"
	}
	switch p.Code {
	case api.PackageNotFound:
		return "check the name; oripk search finds packages by a word of it"
	case api.VersionNotFound:
		return "oripk info @scope/name --versions lists those that are there"
	case api.UserNotFound:
		return "check the login, which is what oripk whoami shows to its holder"
	case api.NameReserved:
		return "choose another name"
	}
	return ""
}

// hinted gives err with another hint, in the words of this program, if it is a
// problem of this code.
func hinted(err error, code api.Code, hint string) error {
	if problem, ok := errors.AsType[*api.Problem](err); ok && problem.Code == code {
		problem.Hint = hint
	}
	return err
}

// listed gives err with the command that lists the versions of p, if it is about
// one that is not there.
func listed(err error, p ident.Package) error {
	return hinted(err, api.VersionNotFound, fmt.Sprintf("oripk info %s --versions lists those that are there", p))
}

func titleOf(p *api.Problem) string {
	title := p.Title
	if title == "" {
		title = p.Code.Info().Title
	}
	if strings.HasPrefix(title, "HTTP ") {
		return title
	}
	first, size := utf8.DecodeRuneInString(title)
	return string(unicode.ToLower(first)) + title[size:]
}

func faultLine(f api.Fault) string {
	line := fmt.Sprintf("%s (%s)", f.Detail, f.Code)
	for _, place := range []string{f.Pointer, f.Path} {
		if place != "" {
			line = place + ": " + line
		}
	}
	return line
}

func exitOfStatus(status int) int {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return exitAuth
	case http.StatusNotFound, http.StatusGone:
		return exitNotFound
	case http.StatusConflict:
		return exitConflict
	}
	return exitFailed
}

func explainNetwork(err error) (explanation, error) {
	network, ok := errors.AsType[*client.NetworkError](err)
	if ok {
		e := explanation{
			Code: "network", Message: client.Printable("no answer from " + network.Host),
			Details: []string{client.Printable(network.Err.Error())}, ExitCode: exitNetwork,
			Hint: "check the address, the connection, and HTTPS_PROXY, HTTP_PROXY, NO_PROXY; what was not answered can be tried again safely",
		}
		if network.Tries > 1 {
			e.Details = append(e.Details, fmt.Sprintf("it was tried %d times", network.Tries))
		}
		return e, network
	}
	reply, ok := errors.AsType[*client.ReplyError](err)
	if !ok {
		return explanation{}, nil
	}
	return explanation{
		Code: "bad_reply", Message: "the registry's answer is not usable",
		Details: []string{client.Printable(reply.Error())}, Hint: reply.Hint, ExitCode: exitFailed,
	}, reply
}

// explainNoRegistry is for an address where something else answers.
func explainNoRegistry(err error) (explanation, error) {
	none, ok := errors.AsType[*client.NoRegistryError](err)
	if !ok {
		return explanation{}, nil
	}
	e := explanation{
		Code: "no_registry", Message: client.Printable(none.Error()), Details: []string{client.Printable(none.Reason)},
		Hint: "--registry URL with the address that the registry's operators give", ExitCode: exitNetwork,
	}
	if base, ok := strings.CutSuffix(none.URL, "/v1"); ok {
		e.Hint = "the address without /v1: --registry " + base
	}
	return e, none
}
