// Package osv holds security advisories in the Open Source Vulnerability
// format, as the registry takes them: what a record may look like, the one
// form in which it is kept, and which versions it affects.
//
// A record is right when the official schema has nothing against it (schema.json;
// what differs here stands in schema.go, with its reason) and it keeps the
// registry's own rules:
//
//   - Its id is the one that it is filed under, of the form x_ORI-2026-0001:
//     x_ is the prefix of databases that are not registered, until this one is.
//   - Times are in UTC, written with Z. modified is not in the future; published
//     and withdrawn are not after it.
//   - affected names at least one package. Each is of the ecosystem Ori, has a
//     name of the form @scope/name, and says of some versions that they are
//     affected: in versions, or in ranges of the type SEMVER.
//   - Versions are exact and of the form that packages have; introduced may be
//     "0", limit may be "*". Ranges of the type GIT are kept and mean nothing
//     here; those of the type ECOSYSTEM are refused, because the order of
//     this ecosystem is that of SemVer.
//
// Members that a rule does not name are kept as they are, wherever the schema
// lets them stand.
package osv

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"time"

	"github.com/ori-lang/registry/ident"
)

// Ecosystem is the name of this ecosystem in a record.
const Ecosystem = "Ori"

// idPattern has one spelling for each number of a year.
var idPattern = regexp.MustCompile(`^x_ORI-[0-9]{4}-(?:[0-9]{4}|[1-9][0-9]{4,8})$`)

// IsID reports whether s can be the id of an advisory of this registry.
func IsID(s string) bool { return idPattern.MatchString(s) }

// Record is an advisory that is right.
type Record struct {
	ID        string
	Modified  time.Time
	Withdrawn bool                       // it affects nothing any more
	Affected  map[ident.Package]Versions // by the packages that it names
	Text      []byte                     // the whole of it, in the form that Canonical gives
}

// Fault is something that is wrong with a record.
type Fault struct {
	Pointer string // RFC 6901; "": the record as a whole
	Code    string
	Detail  string
}

// The codes of faults.
const (
	CodeSchema = "schema" // the official schema refuses it
	CodeValue  = "value"  // a rule of this registry does
)

// Canonical gives the one text of a JSON value: members sorted by the bytes of
// their names, no white space, numbers as they were written, and a newline at the
// end. In strings are escaped: the quote and the backslash by a backslash; the
// characters below U+0020 as \b, \f, \n, \r and \t, others as \u and four lower-case
// hexadecimal digits; U+2028 and U+2029 in that form too. Nothing else is.
func Canonical(value any) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, fmt.Errorf("writing an advisory: %w", err)
	}
	return text.Bytes(), nil
}

// decode reads JSON and keeps the digits of its numbers.
func decode(text []byte) (value any, err error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	err = decoder.Decode(&value)
	return value, err
}

// maxAhead is how far modified may be ahead of the registry's clock: clocks err.
const maxAhead = 5 * time.Minute

// Read reads a record that is to be filed under id, and lists what is wrong
// with it; without faults the record is right. The text is one JSON value; an
// error says that it is none.
func (s *Schema) Read(sent []byte, id string, now time.Time) (*Record, []Fault, error) {
	value, err := decode(sent)
	if err != nil {
		return nil, nil, fmt.Errorf("reading an advisory: %w", err)
	}
	refused := s.faults(value)
	c := &checker{faults: refused, refused: refused}
	r := c.record(value, id)
	if r.Modified.After(now.Add(maxAhead)) {
		c.fault("/modified", "the time lies in the future: it is %s now", now.UTC().Format(time.RFC3339))
	}
	if len(c.faults) > 0 {
		return nil, c.faults, nil
	}
	r.Text, err = Canonical(value)
	return r, nil, err
}

// Parse reads the text of a record that was right when it was filed.
func Parse(filed []byte) (*Record, error) {
	value, err := decode(filed)
	if err != nil {
		return nil, fmt.Errorf("reading an advisory: %w", err)
	}
	var c checker
	id, _ := text(value, "id")
	r := c.record(value, id)
	if len(c.faults) > 0 {
		return nil, fmt.Errorf("reading an advisory: %s: %s", c.faults[0].Pointer, c.faults[0].Detail)
	}
	r.Text = filed
	return r, nil
}
