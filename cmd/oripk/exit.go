package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/fatih/color"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/archive"
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
type usageError struct {
	What string
	Why  string // "": that is plain
	Try  string
}

func (e *usageError) Error() string { return e.What }

// explanation is an error in the words of this program.
type explanation struct {
	Code      string   `json:"code"`
	Message   string   `json:"message"` // what
	Details   []string `json:"details"` // why
	Places    []place  `json:"places"`  // in oripk.toml
	Hint      string   `json:"hint"`    // what next
	ExitCode  int      `json:"exit_code"`
	Faults    []fault  `json:"faults"` // every single one, where there can be several
	RequestID string   `json:"request_id,omitempty"`

	local bool // whichever line of oripk.toml was at work, it would have failed
}

// fail shows err and gives its exit code.
func (a *app) fail(err error) int {
	e := explain(err)
	if a.edited && len(e.Places) > 0 {
		e.Details = append(e.Details, "the lines are as they would have become; oripk.toml was left as it is")
	}
	fmt.Fprintf(a.stderr, "%s %s\n", a.paint(a.stderr, color.FgRed, "error:"), e.Message)
	a.printPlaces(a.stderr, e.Places)
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
		explainUsage, explainSettings, explainInterruption, explainTrust, explainToken, explainMissing, explainProblem,
		explainNoRegistry, explainNetwork, explainFaults, explainGraph, explainEdit, explainLock, explainCache, explainRest, explainLocal, explainPath,
	} {
		e, cause := kind(err)
		if cause == nil {
			continue
		}
		if fetch, ok := errors.AsType[*client.FetchError](err); ok && !e.local {
			e.about(fetch)
		}
		around := strings.TrimSuffix(strings.TrimSuffix(err.Error(), cause.Error()), ": ")
		if cause != err && !e.local && around != "" && around != err.Error() {
			e.Details = append([]string{"while " + client.Printable(around)}, e.Details...)
		}
		return e.complete()
	}
	return explanation{Code: "failed", Message: client.Printable(err.Error()), ExitCode: exitFailed}.complete()
}

// about adds the line of oripk.toml that wants what could not be fetched, and
// names the package in the hint.
func (e *explanation) about(fetch *client.FetchError) {
	if at := fetch.By.Root.Position; len(e.Places) == 0 && at.Line > 0 {
		e.Places = []place{newPlace(at, way(fetch.By, fetch.Ref))}
	}
	if e.Code == string(api.VersionNotFound) {
		e.Hint = fmt.Sprintf("oripk info %s --versions lists those that are there", fetch.Ref.Package)
	}
}

// complete has lists where JSON would say null.
func (e explanation) complete() explanation {
	if e.Details == nil {
		e.Details = []string{}
	}
	if e.Faults == nil {
		e.Faults = []fault{}
	}
	if e.Places == nil {
		e.Places = []place{}
	}
	return e
}

func explainUsage(err error) (explanation, error) {
	usage, ok := errors.AsType[*usageError](err)
	if ok {
		e := explanation{Code: "usage", Message: client.Printable(usage.What), Hint: usage.Try, ExitCode: exitUsage}
		if usage.Why != "" {
			e.Details = []string{client.Printable(usage.Why)}
		}
		return e, usage
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
	unanswered, sent := errors.AsType[*client.UnansweredError](err)
	if !errors.Is(err, context.Canceled) && !sent {
		return explanation{}, nil
	}
	e := explanation{Code: "interrupted", Message: "interrupted; nothing unfinished was left behind", ExitCode: exitFailed}
	if sent {
		e.Message, e.Hint = wordsOf(unanswered)
	}
	if network, lost := errors.AsType[*client.NetworkError](err); lost {
		e.Code, e.ExitCode = "network", exitNetwork
		e.Details = []string{client.Printable(network.Error())}
	}
	return e, err
}

// wordsOf says what may have been done, and how to find out.
func wordsOf(e *client.UnansweredError) (message, hint string) {
	switch {
	case !e.Ref.Package.IsZero():
		return fmt.Sprintf("interrupted; %s was sent, and may be published", e.Ref), "publish it again, which tells: identical bytes are no news to the registry"
	case e.Again:
		return "interrupted; what was sent may have been done", "do it again, which makes sure: what is done already is no news to the registry"
	}
	return "no answer came; what was sent may have been done", "oripk token list shows whether it was"
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

const hintToken = "oripk login; or set ORI_REGISTRY_TOKEN, and for a registry by name ORI_REGISTRY_{NAME}_TOKEN; " +
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
		return fmt.Sprintf("again in %d seconds", p.RetryAfter)
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

// explainMissing is for several dependencies that are not there.
func explainMissing(err error) (explanation, error) {
	missing, ok := errors.AsType[*client.MissingError](err)
	if !ok {
		return explanation{}, nil
	}
	e := explanation{
		Code: string(api.DependencyNotFound), Message: fmt.Sprintf("%d dependencies are not in the registry", len(missing.Errs)),
		Hint: "correct their names and versions in oripk.toml, or name the registry that has them", ExitCode: exitNotFound,
	}
	for _, one := range missing.Errs {
		e.Details = append(e.Details, client.Printable(one.Error()))
		if fetch, ok := errors.AsType[*client.FetchError](one); ok && fetch.By.Root.Position.Line > 0 {
			e.Places = append(e.Places, newPlace(fetch.By.Root.Position, way(fetch.By, fetch.Ref)))
		}
	}
	return e, missing
}

// explainFaults is for files of the user, all faults at once.
func explainFaults(err error) (explanation, error) {
	e := explanation{ExitCode: exitFailed}
	var cause error
	if packed, ok := errors.AsType[*client.ArchiveError](err); ok {
		e.Code, e.Message, e.Details = "archive_invalid", packed.Name+" is not right", packed.Lines()
		e.Hint, cause = "correct the places above and pack it again", packed
		if !packed.Own {
			e.Hint = "take another version, or another file: only its author can put this right"
		}
		e.Faults = archiveFaults(packed.Report)
	}
	if manifest, ok := errors.AsType[*client.ManifestError](err); ok {
		e.Code, e.Message, e.Details = "manifest_invalid", manifest.File+" is not right", append(manifest.Lines(), e.Details...)
		e.Hint, cause = "correct the places above", manifest
		if manifest.File == archive.LockName {
			e.Hint = "remove the file, and it is made again"
		}
		e.Faults = append(manifestFaults(manifest.File, manifest.Faults), e.Faults...)
	}
	if cause == nil {
		return e, nil
	}
	return e, err
}

func explainRest(err error) (explanation, error) {
	if exists, ok := errors.AsType[*client.FileExistsError](err); ok {
		return explanation{
			Code: "file_exists", Message: exists.Error(), ExitCode: exitFailed,
			Hint: cmp.Or(exists.Hint, "-o FILE for another name, or move the file away"),
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

// explainLocal is for what this machine does not let be done.
func explainLocal(err error) (explanation, error) {
	if state, ok := errors.AsType[*client.StateError](err); ok {
		return explanation{
			Code: "local_state", Message: fmt.Sprintf("what this machine remembers of logs cannot be %s; nothing is damaged", state.What),
			Details: []string{client.Printable(state.Error())}, Hint: state.Hint, ExitCode: exitFailed, local: true,
		}, state
	}
	if lost, ok := errors.AsType[*lostError](err); ok {
		return explanation{
			Code: "output_lost", Message: lost.Error(), Details: []string{"the command itself was carried out"},
			Hint: "make room where the output goes, and run it again", ExitCode: exitFailed,
		}, lost
	}
	if elsewhere, ok := errors.AsType[*elsewhereError](err); ok {
		return explanation{
			Code: "other_registry", Message: client.Printable(elsewhere.Error()), ExitCode: exitFailed,
			Details: []string{client.Printable("[publish] registry in oripk.toml names it: " + elsewhere.URL)},
			Hint:    client.Printable("--registry " + elsewhere.URL + ", or take [publish] registry out of oripk.toml"),
		}, elsewhere
	}
	if errors.Is(err, client.ErrNoProof) {
		return explanation{
			Code: "no_proof", Message: client.ErrNoProof.Error(), Details: []string{"nothing is said of the archive"},
			Hint: "--proof FILE with what GET …/proof of the registry gives, or leave --proof out", ExitCode: exitFailed,
		}, client.ErrNoProof
	}
	return explanation{}, nil
}
