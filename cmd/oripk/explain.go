package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/client"
)

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
			Details: []string{"nor is there one in a folder above it"},
			Hint:    "go to the folder of a package, or name it with -C DIR",
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
