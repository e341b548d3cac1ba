package translog

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ori-lang/registry/ident"
)

// Kind says what an entry records. The list is closed: an entry of another
// kind is ErrUnsupported.
type Kind string

// The kinds. Which lines each has is the table in grammar.go.
const (
	KindPublish      Kind = "publish"
	KindYank         Kind = "yank"
	KindUnyank       Kind = "unyank"
	KindDeprecate    Kind = "deprecate"
	KindUndeprecate  Kind = "undeprecate"
	KindRemove       Kind = "remove"
	KindTransfer     Kind = "transfer"
	KindStatus       Kind = "status"
	KindScopeClaim   Kind = "scope-claim"
	KindMemberAdd    Kind = "member-add"
	KindMemberRemove Kind = "member-remove"
	KindAdvisory     Kind = "advisory"
	KindOpen         Kind = "open"
	KindKey          Kind = "key"
	KindClose        Kind = "close"
)

// NoPrev is the Prev of a subject's first event.
const NoPrev = -1

// Entry is one record of the log. Only the fields of its kind are set, the
// others have their zero value (Prev: NoPrev when there is none).
type Entry struct {
	Kind Kind

	Package  ident.Package
	Version  ident.Version
	Scope    string // without "@"
	Advisory string // id of an advisory

	Archive     ident.Checksum  // of the compressed archive
	Size        int64           // of the compressed archive, in bytes, ≥ 1
	Manifest    ident.Checksum  // of the manifest's bytes in the archive
	Reason      string          // yank: "" is "-"
	Message     *ident.Checksum // of the message's UTF-8 bytes; nil is "-"
	Replacement string          // "@a/b" or "@a/b@1.2.3"; "" is "-"
	From, To    string          // account ids
	Status      string          // "active", "archived" or "quarantined"
	Member      string          // account id
	Role        string          // "owner" or "member"
	Record      ident.Checksum  // of the advisory's bytes
	Key         string          // verifier key
	Successor   string          // origin of the log that goes on

	Actor string    // account id; "" is "-", for open, key and close only
	Time  time.Time // whole seconds
	Seq   int64     // number of this event among its subject's, from 1
	Prev  int64     // index of the subject's event before; NoPrev for none
}

// EntryError says what is wrong with the text of an entry, or with an Entry
// that has no text. It is ErrMalformed, and ErrUnsupported when a newer
// program may read the entry.
type EntryError struct {
	Line        int // 1-based; 0: the entry as a whole
	Detail      string
	Unsupported bool
}

func (e *EntryError) Error() string {
	if e.Line == 0 {
		return "log entry: " + e.Detail
	}
	return fmt.Sprintf("log entry, line %d: %s", e.Line, e.Detail)
}

// Is reports the kinds of failure that e belongs to.
func (e *EntryError) Is(target error) bool {
	return target == ErrMalformed || target == ErrUnsupported && e.Unsupported
}

// Subject names the thing whose events Seq counts: "@a/b" (also for events of
// one version), "scope @a", "advisory X" or "log"; "" for an unknown kind.
func (e *Entry) Subject() string {
	rule, ok := ruleOf(e.Kind)
	if !ok {
		return ""
	}
	return strings.TrimPrefix(rule.lines[0].format(e), "package ")
}

// Bytes gives the one text of e, which ParseEntry reads back to an equal
// Entry, or an *EntryError when a field is missing, malformed, or not one of
// its kind's.
func (e *Entry) Bytes() ([]byte, error) {
	rule, ok := ruleOf(e.Kind)
	if !ok {
		return nil, unknownKind(string(e.Kind))
	}
	if name := rule.surplus(e); name != "" {
		return nil, &EntryError{Detail: fmt.Sprintf("%s has no line %q, which is set", e.Kind, name)}
	}
	text := fmt.Appendf(nil, "%s%s\n", entryHeader, e.Kind)
	for i, l := range rule.lines {
		if err := l.parse(new(Entry), l.format(e)); err != nil {
			return nil, &EntryError{Line: i + 2, Detail: err.Error()}
		}
		text = append(append(text, l.format(e)...), '\n')
	}
	if err := e.checkSequence(); err != nil {
		return nil, err
	}
	if len(text) > MaxEntry {
		return nil, tooLong(len(text))
	}
	return text, nil
}

// ParseEntry reads the exact text of an entry: there is no other spelling of
// the same Entry. The error is an *EntryError.
func ParseEntry(text []byte) (*Entry, error) {
	if len(text) > MaxEntry {
		return nil, tooLong(len(text))
	}
	body, ok := strings.CutSuffix(string(text), "\n")
	if !ok {
		return nil, &EntryError{Detail: "it does not end with a newline"}
	}
	lines := strings.Split(body, "\n")
	rule, err := parseHeader(lines[0])
	if err != nil {
		return nil, err
	}
	e := &Entry{Kind: rule.kind}
	if err := rule.parse(e, lines[1:]); err != nil {
		return nil, err
	}
	if err := e.checkSequence(); err != nil {
		return nil, err
	}
	return e, nil
}

const (
	entryFamily = "ori-log/"
	entryHeader = entryFamily + "v1 "
)

func parseHeader(text string) (kindRule, error) {
	format, kind, ok := strings.Cut(text, " ")
	version, family := strings.CutPrefix(format, entryFamily)
	if !ok || !family {
		return kindRule{}, &EntryError{Line: 1, Detail: `it does not start with "ori-log/v1 " and a kind`}
	}
	if format+" " != entryHeader {
		later := strings.HasPrefix(version, "v") && isMadeOf(version[1:], digits)
		detail := fmt.Sprintf("its format is %s, only ori-log/v1 is known here; a newer program may read it", excerpt(format))
		return kindRule{}, &EntryError{Line: 1, Detail: detail, Unsupported: later}
	}
	rule, ok := ruleOf(Kind(kind))
	if !ok {
		return kindRule{}, unknownKind(kind)
	}
	return rule, nil
}

// checkSequence holds the rule that only a subject's first event has none before.
func (e *Entry) checkSequence() error {
	if (e.Seq == 1) == (e.Prev == NoPrev) {
		return nil
	}
	return &EntryError{Detail: `prev is "-" in a subject's first event (seq 1) and in no other`}
}

// unknownKind tells a kind that may come to be from what never is one.
func unknownKind(kind string) error {
	if !isMadeOf(kind, lowerAlphanumeric+"-") {
		return &EntryError{Line: 1, Detail: fmt.Sprintf("%s is no kind", excerpt(kind))}
	}
	detail := fmt.Sprintf("the kind %s is not known here; a newer program may read it", excerpt(kind))
	return &EntryError{Line: 1, Detail: detail, Unsupported: true}
}

func tooLong(n int) error {
	return &EntryError{Detail: fmt.Sprintf("it has %d bytes, at most %d are allowed", n, MaxEntry)}
}

// excerpt quotes what was read, shortened, safe to print on a terminal.
func excerpt(s string) string {
	const shown = 80
	if len(s) > shown {
		s = s[:shown] + "…"
	}
	return fmt.Sprintf("%q", s)
}

// checkPlace holds what an entry and its index must agree on.
func checkPlace(index int64, e *Entry) error {
	switch {
	case index < 0 || index > MaxNumber:
		return errors.New("there is no such index")
	case (index == 0) != (e.Kind == KindOpen):
		return errors.New(`the entry of index 0, and no other, is of kind "open"`)
	case e.Prev >= index:
		return fmt.Errorf("prev is %d, which is not before it", e.Prev)
	}
	return nil
}
