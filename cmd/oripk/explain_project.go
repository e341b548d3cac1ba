package main

import (
	"errors"

	"github.com/ori-lang/registry/archive"
	"github.com/ori-lang/registry/client"
)

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

// explainLock is for a lock file that is not right, where it is not to be made.
func explainLock(err error) (explanation, error) {
	if errors.Is(err, client.ErrEdited) {
		return explanation{
			Code: "edited", Message: client.ErrEdited.Error(), Details: []string{"what they wrote was left as it is"},
			Hint: "run the command again", ExitCode: exitFailed,
		}, client.ErrEdited
	}
	stale, ok := errors.AsType[*client.LockError](err)
	if !ok {
		return explanation{}, nil
	}
	e := explanation{
		Code: "lock_stale", Message: stale.Error(), ExitCode: exitFailed,
		Hint: "make it with: oripk sync; look at what that changes, and commit " + archive.LockName,
	}
	for _, c := range stale.Changes {
		e.Details = append(e.Details, c.String())
	}
	return e, stale
}

// explainCache is for the cache and for what is not in it.
func explainCache(err error) (explanation, error) {
	if errors.Is(err, client.ErrOffline) {
		return explanation{
			Code: "offline", Message: "this cannot be done offline", Details: []string{client.Printable(err.Error())},
			Hint: "run it once with a connection; what it fetches stays in the cache", ExitCode: exitNetwork,
		}, err
	}
	if errors.Is(err, client.ErrNoCache) {
		return explanation{
			Code: "no_cache", Message: client.ErrNoCache.Error(), Details: []string{"neither ORI_CACHE nor HOME is set to an absolute path"},
			Hint: "set ORI_CACHE to a folder", ExitCode: exitUsage, local: true,
		}, client.ErrNoCache
	}
	if damaged, ok := errors.AsType[*damagedError](err); ok {
		return explanation{
			Code: "local_state_damaged", Message: damaged.Error(), Details: damaged.Damaged,
			Hint: "oripk sync fetches again what a project needs", ExitCode: exitFailed,
		}, damaged
	}
	cache, ok := errors.AsType[*client.CacheError](err)
	if !ok {
		return explanation{}, nil
	}
	return explanation{Code: "cache", Message: client.Printable(cache.Error()), Hint: cache.Hint, ExitCode: exitFailed, local: true}, cache
}
