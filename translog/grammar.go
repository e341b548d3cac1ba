package translog

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/ori-lang/registry/ident"
)

// presence says whether a line's value may be "-", which stands for none.
type presence int

const (
	required presence = iota // never "-"
	optional                 // "-" when there is none
	never                    // always "-"
)

// field is a key with the way its value is printed and read. There is one
// accepted text for each value.
type field struct {
	key  string
	text func(e *Entry) string          // "" when e has no such value
	read func(e *Entry, s string) error // refuses all that text would not print
}

// line is a field as it stands in entries of one kind.
type line struct {
	field
	presence presence
}

// kindRule gives the lines of a kind, after the header and in order.
type kindRule struct {
	kind  Kind
	lines []line
}

// kindTable is the grammar: for each kind its subject, its own lines, and the
// four that end every entry. Bytes and ParseEntry both go by it, and a test
// compares it with the table in spec/log.md.
var kindTable = []kindRule{
	entryKind(KindPublish, versionSubject, need(archiveField), need(sizeField), need(manifestField)),
	entryKind(KindYank, versionSubject, may(yankReasonField), may(messageField)),
	entryKind(KindUnyank, versionSubject),
	entryKind(KindDeprecate, versionSubject, may(messageField), may(replacementField)),
	entryKind(KindUndeprecate, versionSubject),
	entryKind(KindRemove, versionSubject, need(removeReasonField), may(messageField)),
	entryKind(KindTransfer, packageSubject, need(fromField), need(toField)),
	entryKind(KindStatus, packageSubject, need(statusField)),
	entryKind(KindScopeClaim, scopeSubject),
	entryKind(KindMemberAdd, scopeSubject, need(memberField), need(roleField)),
	entryKind(KindMemberRemove, scopeSubject, need(memberField), need(roleField)),
	entryKind(KindAdvisory, advisorySubject, need(recordField)),
	logKind(KindOpen, need(keyField)),
	logKind(KindKey, need(keyField)),
	logKind(KindClose, need(successorField)),
}

var (
	packageSubject  = []line{need(packageField)}
	versionSubject  = []line{need(packageField), need(versionField)}
	scopeSubject    = []line{need(scopeField)}
	advisorySubject = []line{need(advisoryField)}
)

func need(f field) line { return line{f, required} }
func may(f field) line  { return line{f, optional} }

// entryKind makes the rule of a kind that an account causes.
func entryKind(k Kind, subject []line, own ...line) kindRule {
	return kindRule{k, join(subject, own, need(actorField))}
}

// logKind makes the rule of a kind about the log itself, where no account acts.
func logKind(k Kind, own line) kindRule {
	return kindRule{k, join([]line{need(logField)}, []line{own}, line{actorField, never})}
}

func join(subject, own []line, actor line) []line {
	lines := append([]line{}, subject...)
	lines = append(lines, own...)
	return append(lines, actor, need(timeField), need(seqField), may(prevField))
}

// allFields holds a field for each key, to find those that an entry has and
// its kind has not.
var allFields = []field{
	packageField, versionField, scopeField, advisoryField, archiveField, sizeField, manifestField,
	yankReasonField, messageField, replacementField, fromField, toField, statusField, memberField,
	roleField, recordField, keyField, successorField, actorField, timeField, seqField, prevField,
}

func ruleOf(k Kind) (kindRule, bool) {
	for _, r := range kindTable {
		if r.kind == k {
			return r, true
		}
	}
	return kindRule{}, false
}

// Kinds gives all kinds, in the order of the specification.
func Kinds() []Kind {
	kinds := make([]Kind, len(kindTable))
	for i, r := range kindTable {
		kinds[i] = r.kind
	}
	return kinds
}

// surplus gives the key of a value that e has and its kind has not, or "".
func (r kindRule) surplus(e *Entry) string {
	for _, f := range allFields {
		if f.text(e) != "" && !r.has(f.key) {
			return f.key
		}
	}
	return ""
}

func (r kindRule) has(key string) bool {
	for _, l := range r.lines {
		if l.key == key {
			return true
		}
	}
	return false
}

// parse reads the lines after the header into e.
func (r kindRule) parse(e *Entry, texts []string) error {
	for i, l := range r.lines {
		if i == len(texts) {
			return &EntryError{Line: i + 2, Detail: fmt.Sprintf("the line %q of kind %s is missing", l.key, r.kind)}
		}
		if err := l.parse(e, texts[i]); err != nil {
			return &EntryError{Line: i + 2, Detail: err.Error()}
		}
	}
	if n := len(r.lines); len(texts) > n {
		return &EntryError{Line: n + 2, Detail: fmt.Sprintf("an entry of kind %s ends before this line", r.kind)}
	}
	return nil
}

// format gives the line without its newline. A value that is missing and may
// not be is printed as "-" too, which parse refuses.
func (l line) format(e *Entry) string {
	if l.key == logField.key {
		return l.key
	}
	if s := l.text(e); s != "" {
		return l.key + " " + s
	}
	return l.key + " -"
}

// parse is the inverse of format.
func (l line) parse(e *Entry, text string) error {
	if l.key == logField.key {
		return l.read(e, text)
	}
	value, ok := strings.CutPrefix(text, l.key+" ")
	if !ok {
		return fmt.Errorf("it should be %q and a value, it is %s", l.key, excerpt(text))
	}
	switch {
	case l.presence == never && value != "-":
		return fmt.Errorf(`%s is always "-" here`, l.key)
	case l.presence == required && value == "-":
		return fmt.Errorf("%s has no value", l.key)
	case value == "-":
		l.clear(e)
		return nil
	}
	if err := l.read(e, value); err != nil {
		return fmt.Errorf("%s: %w", l.key, err)
	}
	return nil
}

// clear sets the one value whose absence is not Go's zero value.
func (l line) clear(e *Entry) {
	if l.key == prevField.key {
		e.Prev = NoPrev
	}
}

var (
	packageField = field{
		"package",
		func(e *Entry) string { return e.Package.String() },
		func(e *Entry, s string) (err error) { e.Package, err = ident.ParsePackage(s); return err },
	}
	versionField = field{
		"version",
		func(e *Entry) string { return e.Version.String() },
		func(e *Entry, s string) (err error) { e.Version, err = ident.ParseVersion(s); return err },
	}
	scopeField = field{
		"scope",
		func(e *Entry) string { return prefixed("@", e.Scope) },
		func(e *Entry, s string) (err error) { e.Scope, err = parseScope(s); return err },
	}
	// logField is the only line without a value: there is one log.
	logField = field{
		"log",
		func(*Entry) string { return "" },
		func(_ *Entry, s string) error {
			if s != "log" {
				return fmt.Errorf(`it should be "log", it is %s`, excerpt(s))
			}
			return nil
		},
	}
	advisoryField     = wordField("advisory", func(e *Entry) *string { return &e.Advisory }, checkAdvisory)
	archiveField      = checksumField("archive", func(e *Entry) *ident.Checksum { return &e.Archive })
	manifestField     = checksumField("manifest", func(e *Entry) *ident.Checksum { return &e.Manifest })
	recordField       = checksumField("record", func(e *Entry) *ident.Checksum { return &e.Record })
	sizeField         = numberField("size", 1, 0, func(e *Entry) *int64 { return &e.Size })
	yankReasonField   = wordField("reason", func(e *Entry) *string { return &e.Reason }, oneOf("broken", "security", "accidental", "legal", "other"))
	removeReasonField = wordField("reason", func(e *Entry) *string { return &e.Reason }, oneOf("malware", "legal"))
	messageField      = field{"message", messageText, readMessage}
	replacementField  = wordField("replacement", func(e *Entry) *string { return &e.Replacement }, checkReplacement)
	fromField         = wordField("from", func(e *Entry) *string { return &e.From }, CheckAccount)
	toField           = wordField("to", func(e *Entry) *string { return &e.To }, CheckAccount)
	statusField       = wordField("status", func(e *Entry) *string { return &e.Status }, oneOf("active", "archived", "quarantined"))
	memberField       = wordField("member", func(e *Entry) *string { return &e.Member }, CheckAccount)
	roleField         = wordField("role", func(e *Entry) *string { return &e.Role }, oneOf("owner", "member"))
	keyField          = wordField("key", func(e *Entry) *string { return &e.Key }, checkVerifierKey)
	successorField    = wordField("successor", func(e *Entry) *string { return &e.Successor }, CheckOrigin)
	actorField        = wordField("actor", func(e *Entry) *string { return &e.Actor }, CheckAccount)
	timeField         = field{"time", timeText, readTime}
	seqField          = numberField("seq", 1, 0, func(e *Entry) *int64 { return &e.Seq })
	prevField         = numberField("prev", 0, NoPrev, func(e *Entry) *int64 { return &e.Prev })
)

func wordField(key string, at func(*Entry) *string, check func(string) error) field {
	return field{
		key,
		func(e *Entry) string { return *at(e) },
		func(e *Entry, s string) error { *at(e) = s; return check(s) },
	}
}

func checksumField(key string, at func(*Entry) *ident.Checksum) field {
	return field{
		key,
		func(e *Entry) string { return checksumText(*at(e)) },
		func(e *Entry, s string) (err error) { *at(e), err = parseChecksum(s); return err },
	}
}

// numberField makes a field of whole numbers from low to MaxNumber; none is
// the number that stands for no value.
func numberField(key string, low, none int64, at func(*Entry) *int64) field {
	return field{
		key,
		func(e *Entry) string {
			if *at(e) == none {
				return ""
			}
			return strconv.FormatInt(*at(e), 10)
		},
		func(e *Entry, s string) (err error) { *at(e), err = parseNumber(s, low); return err },
	}
}

func messageText(e *Entry) string {
	if e.Message == nil {
		return ""
	}
	return e.Message.String()
}

func readMessage(e *Entry, s string) error {
	c, err := parseChecksum(s)
	e.Message = &c
	return err
}

// timeText prints fractions of a second too, so that readTime refuses them.
func timeText(e *Entry) string {
	if e.Time.IsZero() {
		return ""
	}
	return e.Time.UTC().Format(time.RFC3339Nano)
}

func readTime(e *Entry, s string) (err error) {
	const layout = "2006-01-02T15:04:05Z"
	e.Time, err = time.Parse(layout, s)
	if err != nil || e.Time.Format(layout) != s || e.Time.Unix() < 0 {
		return fmt.Errorf("%s is not a time such as 2026-11-23T18:06:31Z, from 1970 on", excerpt(s))
	}
	return nil
}

func checksumText(c ident.Checksum) string {
	if c.IsZero() {
		return ""
	}
	return c.String()
}

func parseChecksum(s string) (ident.Checksum, error) {
	c, err := ident.ParseChecksum(s)
	if err == nil && c.IsZero() {
		err = errors.New("the checksum is all zeros, which no content has")
	}
	return c, err
}

func parseScope(s string) (string, error) {
	scope, ok := strings.CutPrefix(s, "@")
	if !ok {
		return "", fmt.Errorf("%s does not start with @", excerpt(s))
	}
	return scope, ident.CheckScope(scope)
}

// parseNumber reads a decimal number without sign or leading zeros.
func parseNumber(s string, low int64) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || strconv.FormatInt(n, 10) != s || n < low || n > MaxNumber {
		return 0, fmt.Errorf("%s is not a whole number from %d to %d in its shortest form", excerpt(s), low, int64(MaxNumber))
	}
	return n, nil
}

func prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}
