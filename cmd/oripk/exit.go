package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/fatih/color"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/client"
)

// Exit codes; longHelp says what they mean.
const (
	exitOK       = 0
	exitFailed   = 1
	exitUsage    = 2
	exitMismatch = 3
	exitAuth     = 4
	exitNotFound = 5
	exitConflict = 6
	exitNetwork  = 7
)

// usageError is a command line, or a setting, that cannot be carried out.
type usageError struct{ What, Try string }

func (e *usageError) Error() string { return e.What }

// explanation is an error in the words of this program.
type explanation struct {
	Code      string   `json:"code"`
	Message   string   `json:"message"` // what
	Details   []string `json:"details"` // why
	Hint      string   `json:"hint"`    // what next
	ExitCode  int      `json:"exit_code"`
	RequestID string   `json:"request_id,omitempty"`
}

// fail shows err and gives its exit code.
func (a *app) fail(err error) int {
	e := explain(err)
	fmt.Fprintf(a.stderr, "%s %s\n", a.paint(a.stderr, color.FgRed, "error:"), e.Message)
	for _, line := range e.Details {
		fmt.Fprintf(a.stderr, "  why: %s\n", line)
	}
	if e.Hint != "" {
		fmt.Fprintf(a.stderr, "  try: %s\n", e.Hint)
	}
	if a.json {
		a.printJSON(map[string]explanation{"error": e})
	}
	return e.ExitCode
}

// explain is the one table from errors to codes, words and exit codes.
func explain(err error) explanation {
	for _, kind := range []func(error) (explanation, error){
		explainUsage, explainInterruption, explainTrust, explainToken, explainProblem,
		explainNetwork, explainFaults, explainGraph, explainRest,
	} {
		e, cause := kind(err)
		if cause == nil {
			continue
		}
		around := strings.TrimSuffix(strings.TrimSuffix(err.Error(), cause.Error()), ": ")
		if cause != err && around != "" && around != err.Error() {
			e.Details = append([]string{"while " + client.Printable(around)}, e.Details...)
		}
		if e.Details == nil {
			e.Details = []string{}
		}
		return e
	}
	return explanation{Code: "failed", Message: client.Printable(err.Error()), Details: []string{}, ExitCode: exitFailed}
}

func explainUsage(err error) (explanation, error) {
	usage, ok := errors.AsType[*usageError](err)
	if ok {
		return explanation{Code: "usage", Message: client.Printable(usage.What), Hint: usage.Try, ExitCode: exitUsage}, usage
	}
	noKey, ok := errors.AsType[*client.NoKeyError](err)
	if !ok {
		return explanation{}, nil
	}
	return explanation{
		Code: "no_log_key", Message: client.Printable(noKey.Error()), ExitCode: exitUsage,
		Hint: "--log-key KEY, as GET /v1/ of the registry shows it; or verify once without --offline, which pins it",
	}, noKey
}

func explainInterruption(err error) (explanation, error) {
	if !errors.Is(err, context.Canceled) {
		return explanation{}, nil
	}
	return explanation{Code: "interrupted", Message: "interrupted; nothing unfinished was left behind", ExitCode: exitFailed}, err
}

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

const hintToken = "set ORI_REGISTRY_TOKEN; the registry's operators make tokens with: ori-registry user add"

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
		e.Details = append(e.Details, faultLine(f))
	}
	switch {
	case e.Hint == "" && problem.Status == http.StatusUnauthorized:
		e.Hint = hintToken
	case e.Hint == "" && problem.RetryAfter > 0:
		e.Hint = fmt.Sprintf("again in %d seconds", problem.RetryAfter)
	case problem.Status >= 500 && problem.RequestID != "":
		e.Details = append(e.Details, "request "+problem.RequestID)
	}
	return e, problem
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
		return explanation{
			Code: "network", Message: client.Printable("no answer from " + network.Host),
			Details: []string{client.Printable(network.Err.Error())}, ExitCode: exitNetwork,
			Hint: "check the address, the connection, and HTTPS_PROXY, HTTP_PROXY, NO_PROXY; what was not answered can be tried again safely",
		}, network
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

// explainFaults is for files of the user, all faults at once.
func explainFaults(err error) (explanation, error) {
	e := explanation{ExitCode: exitFailed}
	var cause error
	if archive, ok := errors.AsType[*client.ArchiveError](err); ok {
		e.Code, e.Message, e.Details = "archive_invalid", archive.Name+" is not right", archive.Lines()
		e.Hint, cause = "spec/archive.md lists what an archive may hold", archive
	}
	if manifest, ok := errors.AsType[*client.ManifestError](err); ok {
		e.Code, e.Message, e.Details = "manifest_invalid", manifest.File+" is not right", append(manifest.Lines(), e.Details...)
		e.Hint, cause = "correct the places above", manifest
	}
	if cause == nil {
		return e, nil
	}
	return e, err
}

func explainGraph(err error) (explanation, error) {
	if conflict, ok := errors.AsType[*client.ConflictError](err); ok {
		return explanation{
			Code: "dependency_conflict", Message: client.Printable(conflict.Error()), ExitCode: exitFailed,
			Hint: "a graph has one version of each package: choose versions of the two requirers that agree",
		}, conflict
	}
	if cycle, ok := errors.AsType[*client.CycleError](err); ok {
		return explanation{
			Code: "dependency_cycle", Message: cycle.Error(), ExitCode: exitFailed,
			Hint: "move what both sides need into a package of its own",
		}, cycle
	}
	if source, ok := errors.AsType[*client.SourceError](err); ok {
		return explanation{
			Code: "unknown_registry", Message: source.Error(), ExitCode: exitFailed,
			Hint: "if you trust that registry, name it in a [registries.NAME] of your own oripk.toml",
		}, source
	}
	return explanation{}, nil
}

func explainRest(err error) (explanation, error) {
	if exists, ok := errors.AsType[*client.FileExistsError](err); ok {
		return explanation{
			Code: "file_exists", Message: exists.Error(), ExitCode: exitFailed,
			Hint: "-o FILE for another name, or move the file away",
		}, exists
	}
	if project, ok := errors.AsType[*client.NoProjectError](err); ok {
		return explanation{
			Code: "no_project", Message: project.Error(), ExitCode: exitFailed,
			Hint: "go to the folder of a package, or name it with -C DIR",
		}, project
	}
	return explanation{}, nil
}
