package api

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/ori-lang/registry/ident"
)

// Problem is a failure as it travels: problem details of RFC 9457
// (application/problem+json). It is an error and matches its Code with errors.Is.
type Problem struct {
	Type      string  `json:"type"` // <base>/problems/<code>
	Code      Code    `json:"code"`
	Title     string  `json:"title"`
	Status    int     `json:"status"`
	Detail    string  `json:"detail"`
	RequestID string  `json:"request_id"`
	Hint      string  `json:"hint,omitempty"`   // what to do next
	Errors    []Fault `json:"errors,omitempty"` // every single fault, where there can be several

	ExistingChecksum *ident.Checksum `json:"existing_checksum,omitempty"` // version_exists: what is there
	ExpectedChecksum *ident.Checksum `json:"expected_checksum,omitempty"` // checksum_mismatch: what the client said
	ActualChecksum   *ident.Checksum `json:"actual_checksum,omitempty"`   // checksum_mismatch: what arrived
	RequiredScope    string          `json:"required_scope,omitempty"`    // insufficient_scope
	RetryAfter       int             `json:"retry_after,omitempty"`       // rate_limited, unavailable: seconds
}

// Fault is one of the faults behind a 422.
type Fault struct {
	Path    string `json:"path,omitempty"`    // the file in the archive
	Pointer string `json:"pointer,omitempty"` // RFC 6901: the place in the manifest, or in Path
	Code    string `json:"code"`              // of a closed list: spec/archive.md, spec/manifest.md
	Detail  string `json:"detail"`
}

// Errorf makes a Problem of a code and a detail that says what is wrong with
// this very request.
func Errorf(code Code, format string, args ...any) *Problem {
	return &Problem{Code: code, Detail: fmt.Sprintf(format, args...)}
}

// WithHint adds what the reader should do next and returns p.
func (p *Problem) WithHint(format string, args ...any) *Problem {
	p.Hint = fmt.Sprintf(format, args...)
	return p
}

// Complete fills in what follows from the code and the request, for sending;
// p itself is left alone.
func (p *Problem) Complete(urls URLs, requestID string) *Problem {
	info := p.Code.Info()
	full := *p
	full.Type = urls.Problem(info.Code)
	full.Code, full.Title, full.Status = info.Code, info.Title, info.Status
	full.RequestID = requestID
	return &full
}

// Error gives the detail behind the title, and each fault on its own line.
func (p *Problem) Error() string {
	var b strings.Builder
	title := p.Title
	if title == "" {
		title = p.Code.Info().Title
	}
	first, size := utf8.DecodeRuneInString(title)
	b.WriteString(strings.ToLower(string(first)) + title[size:])
	if p.Detail != "" {
		b.WriteString(": " + p.Detail)
	}
	for _, f := range p.Errors {
		b.WriteString("\n  ")
		for _, place := range []string{f.Path, f.Pointer} {
			if place != "" {
				b.WriteString(place + ": ")
			}
		}
		fmt.Fprintf(&b, "%s (%s)", f.Detail, f.Code)
	}
	return b.String()
}

// Is reports whether target is the code of p.
func (p *Problem) Is(target error) bool {
	code, ok := target.(Code)
	return ok && code == p.Code
}

// Time is an instant on the wire: RFC 3339 in UTC with "Z", to the microsecond.
type Time struct{ time.Time }

// NewTime cuts t to the precision that is stored and sent.
func NewTime(t time.Time) Time { return Time{t.UTC().Truncate(time.Microsecond)} }

// MarshalText gives RFC 3339 in UTC.
func (t Time) MarshalText() ([]byte, error) {
	return NewTime(t.Time).AppendFormat(nil, time.RFC3339Nano), nil
}

// MarshalJSON gives the text as a JSON string.
func (t Time) MarshalJSON() ([]byte, error) {
	return NewTime(t.Time).AppendFormat(nil, `"`+time.RFC3339Nano+`"`), nil
}
