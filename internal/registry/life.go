package registry

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/internal/sequencer"
	"github.com/ori-lang/registry/internal/store"
	"github.com/ori-lang/registry/translog"
)

// maxMessage bounds what a person says about a version, in characters.
const maxMessage = 500

// Yank marks a version as one that nobody should begin to use. It stays
// where it is for those who use it already. The same again changes nothing.
func (r *Registry) Yank(ctx context.Context, a Actor, ref ident.Ref, y api.Yank) (*api.Version, error) {
	var faults []api.Fault
	if y.Reason != nil {
		faults = append(faults, checkReason(*y.Reason, api.YankReasons()...)...)
	}
	faults = append(faults, checkMessage(y.Message)...)
	if len(faults) > 0 {
		return nil, invalid("the version cannot be yanked so", faults)
	}
	reason, message := textOf(y.Reason), textOf(y.Message)
	return r.changeLife(ctx, a, ref, func(l *store.Life) (*translog.Entry, func(time.Time)) {
		if old := l.Yanked; old != nil && old.Reason == reason && old.Message == message {
			return nil, nil
		}
		entry := &translog.Entry{Kind: translog.KindYank, Reason: reason, Message: hashOf(message)}
		return entry, func(at time.Time) { l.Yanked = &store.Yanked{At: at, Reason: reason, Message: message} }
	})
}

// Unyank takes a yank back; a version that is not yanked stays so.
func (r *Registry) Unyank(ctx context.Context, a Actor, ref ident.Ref) (*api.Version, error) {
	return r.changeLife(ctx, a, ref, func(l *store.Life) (*translog.Entry, func(time.Time)) {
		if l.Yanked == nil {
			return nil, nil
		}
		return &translog.Entry{Kind: translog.KindUnyank}, func(time.Time) { l.Yanked = nil }
	})
}

// Deprecate says of a version what its users should know, and what to use
// instead; a message that is nil takes that back.
func (r *Registry) Deprecate(ctx context.Context, a Actor, ref ident.Ref, d api.Deprecation) (*api.Version, error) {
	if faults := checkDeprecation(ref, d); len(faults) > 0 {
		return nil, invalid("the version cannot be deprecated so", faults)
	}
	if d.Message == nil {
		return r.undeprecate(ctx, a, ref)
	}
	message, replacement := textOf(d.Message), textOf(d.Replacement)
	return r.changeLife(ctx, a, ref, func(l *store.Life) (*translog.Entry, func(time.Time)) {
		if old := l.Deprecated; old != nil && old.Message == message && old.Replacement == replacement {
			return nil, nil
		}
		entry := &translog.Entry{Kind: translog.KindDeprecate, Message: hashOf(message), Replacement: replacement}
		return entry, func(at time.Time) {
			l.Deprecated = &store.Deprecated{At: at, Message: message, Replacement: replacement}
		}
	})
}

func (r *Registry) undeprecate(ctx context.Context, a Actor, ref ident.Ref) (*api.Version, error) {
	return r.changeLife(ctx, a, ref, func(l *store.Life) (*translog.Entry, func(time.Time)) {
		if l.Deprecated == nil {
			return nil, nil
		}
		return &translog.Entry{Kind: translog.KindUndeprecate}, func(time.Time) { l.Deprecated = nil }
	})
}

// lifeChange plans what an event does to a version: the entry that records it
// and what applies it at the entry's time; no entry when nothing would change.
type lifeChange func(*store.Life) (entry *translog.Entry, apply func(at time.Time))

// changeLife records an event in the life of a version that the actor may
// manage, and gives the version after it.
func (r *Registry) changeLife(ctx context.Context, a Actor, ref ident.Ref, plan lifeChange) (*api.Version, error) {
	if err := r.Require(a, api.Publish); err != nil {
		return nil, err
	}
	err := r.submit(ctx, func(ctx context.Context, tx *sequencer.Tx) error {
		v, err := r.managed(ctx, &tx.Reader, a, ref)
		if err != nil {
			return err
		}
		return r.recordLife(ctx, tx, a, v, plan)
	})
	if err != nil {
		return nil, err
	}
	metadata, err := r.Metadata(ctx, ref)
	if err != nil {
		return nil, err
	}
	return &metadata.Version, nil
}

// managed gives a version that the actor may change: it is there, the actor's
// token is good, its account has the right, and the version was not removed.
func (r *Registry) managed(ctx context.Context, db *store.Reader, a Actor, ref ident.Ref) (*store.Version, error) {
	v, err := findVersion(ctx, db, ref)
	if err != nil {
		return nil, err
	}
	if err := r.checkManager(ctx, db, a, ref.Package); err != nil {
		return nil, err
	}
	if v.Removed != nil {
		return nil, versionRemoved(ref)
	}
	return v, nil
}

func versionRemoved(ref ident.Ref) *api.Problem {
	return api.Errorf(api.VersionRemoved, "the operators removed %s; nothing about it changes any more", ref)
}

// recordLife carries out what is planned for a version, if anything is.
func (r *Registry) recordLife(ctx context.Context, tx *sequencer.Tx, a Actor, v *store.Version, plan lifeChange) error {
	entry, apply := plan(&v.Life)
	if entry == nil {
		return nil
	}
	entry.Package, entry.Version, entry.Actor = v.Package, v.Version, a.account.ID
	if _, _, err := tx.Append(ctx, entry); err != nil {
		return err
	}
	apply(entry.Time)
	if err := tx.SetLife(ctx, ident.Ref{Package: v.Package, Version: v.Version}, v.Life); err != nil {
		return err
	}
	return r.reindex(ctx, tx.Tx, v.Package)
}

// hashOf is how the log speaks of a message: it holds no free text.
func hashOf(message string) *ident.Checksum {
	if message == "" {
		return nil
	}
	sum := ident.ChecksumOf([]byte(message))
	return &sum
}

func invalid(detail string, faults []api.Fault) *api.Problem {
	problem := api.Errorf(api.ValidationFailed, "%s", detail)
	problem.Errors = faults
	return problem
}

// invalidValue is invalid for one value of the body, which stands at the pointer.
func invalidValue(pointer, format string, args ...any) *api.Problem {
	faults := valueFault(pointer, format, args...)
	return invalid(faults[0].Detail, faults)
}

func valueFault(pointer, format string, args ...any) []api.Fault {
	return []api.Fault{{Pointer: pointer, Code: "value", Detail: fmt.Sprintf(format, args...)}}
}

func checkReason(reason string, known ...string) []api.Fault {
	if slices.Contains(known, reason) {
		return nil
	}
	return valueFault("/reason", "the reason is none of %s", strings.Join(known, ", "))
}

// checkMessage checks what may be absent or empty.
func checkMessage(message *string) []api.Fault {
	switch s := textOf(message); {
	case utf8.RuneCountInString(s) > maxMessage:
		return valueFault("/message", "the message has more than %d characters", maxMessage)
	case strings.ContainsFunc(s, isHidden):
		return valueFault("/message", "the message has control or bidirectional characters")
	}
	return nil
}

func checkDeprecation(ref ident.Ref, d api.Deprecation) (faults []api.Fault) {
	switch {
	case d.Message == nil && d.Replacement != nil:
		return valueFault("/replacement", "a deprecation that is taken back has no replacement")
	case d.Message != nil && strings.TrimSpace(*d.Message) == "":
		faults = valueFault("/message", "the message is empty")
	default:
		faults = checkMessage(d.Message)
	}
	if d.Replacement != nil {
		faults = append(faults, checkReplacement(ref, *d.Replacement)...)
	}
	return faults
}

// checkReplacement takes a package or a version, other than the version itself;
// it need not be here.
func checkReplacement(ref ident.Ref, text string) []api.Fault {
	_, err := ident.ParsePackage(text)
	if strings.LastIndexByte(text, '@') > 0 {
		_, err = ident.ParseRef(text)
	}
	switch {
	case err != nil:
		return valueFault("/replacement", "%v; a replacement is @scope/name or @scope/name@1.2.3", err)
	case text == ref.String():
		return valueFault("/replacement", "a version cannot replace itself")
	}
	return nil
}
