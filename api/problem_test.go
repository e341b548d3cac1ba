package api_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/ident"
)

// members decodes a JSON object.
func members(t *testing.T, value any) map[string]any {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	var object map[string]any
	if err := json.Unmarshal(text, &object); err != nil {
		t.Fatal(err)
	}
	return object
}

func TestProblemJSON(t *testing.T) {
	sum, other := ident.ChecksumOf(nil), ident.ChecksumOf([]byte("other"))
	base := map[string]any{
		"type": "https://pkg.test/problems/archive_invalid", "code": "archive_invalid", "title": "Archive invalid",
		"status": 422.0, "detail": "2 faults", "request_id": "r-1",
	}
	cases := map[string]struct {
		problem api.Problem
		more    map[string]any
	}{
		"least": {},
		"hint":  {api.Problem{Hint: "use oripk pack"}, map[string]any{"hint": "use oripk pack"}},
		"errors": {
			api.Problem{Errors: []api.Fault{
				{Path: "oripk.toml", Pointer: "/name", Code: "name", Detail: "is not one"},
				{Code: "gzip", Detail: "is not one"},
			}},
			map[string]any{"errors": []any{
				map[string]any{"path": "oripk.toml", "pointer": "/name", "code": "name", "detail": "is not one"},
				map[string]any{"code": "gzip", "detail": "is not one"},
			}},
		},
		"checksums": {
			api.Problem{ExistingChecksum: &sum, ExpectedChecksum: &sum, ActualChecksum: &other},
			map[string]any{"existing_checksum": sum.String(), "expected_checksum": sum.String(), "actual_checksum": other.String()},
		},
		"scope": {api.Problem{RequiredScope: "publish"}, map[string]any{"required_scope": "publish"}},
		"retry": {api.Problem{RetryAfter: 7}, map[string]any{"retry_after": 7.0}},
	}
	for name, c := range cases {
		c.problem.Code, c.problem.Detail = api.ArchiveInvalid, "2 faults"
		want := make(map[string]any)
		for _, part := range []map[string]any{base, c.more} {
			for member, value := range part {
				want[member] = value
			}
		}
		got := members(t, c.problem.Complete(urls(t, "https://pkg.test"), "r-1"))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestProblemIs(t *testing.T) {
	err := fmt.Errorf("publishing: %w", fmt.Errorf("checking: %w", api.Errorf(api.NotOwner, "of @ori")))
	if !errors.Is(err, api.NotOwner) {
		t.Errorf("%v is not %s", err, api.NotOwner)
	}
	for _, info := range api.Codes {
		if info.Code != api.NotOwner && errors.Is(err, info.Code) {
			t.Errorf("%v is %s", err, info.Code)
		}
	}
	var over api.Problem
	text, _ := json.Marshal(api.Errorf(api.NotOwner, "of @ori").Complete(api.URLs{}, ""))
	if err := json.Unmarshal(text, &over); err != nil || !errors.Is(&over, api.NotOwner) {
		t.Errorf("%s is not %s when it has travelled: %v", text, api.NotOwner, err)
	}
}

func TestCompleteLeavesTheOriginal(t *testing.T) {
	p := api.Errorf(api.VersionExists, "it is there").WithHint("take another number")
	before := *p
	full := p.Complete(urls(t, "https://pkg.test"), "r-1")
	if diff := cmp.Diff(before, *p); diff != "" {
		t.Errorf("the original changed:\n%s", diff)
	}
	want := before
	want.Type, want.Title, want.Status, want.RequestID = "https://pkg.test/problems/version_exists", "Version exists", 409, "r-1"
	if diff := cmp.Diff(want, *full); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A code that is not in the list cannot be explained to anybody.
func TestCompleteUnknownCode(t *testing.T) {
	full := api.Errorf("made_up", "what").Complete(urls(t, "https://pkg.test"), "r-1")
	if full.Code != api.Internal || full.Status != 500 || full.Type != "https://pkg.test/problems/internal" {
		t.Errorf("sent as %+v", full)
	}
}

func TestProblemError(t *testing.T) {
	cases := []struct {
		problem api.Problem
		want    string
	}{
		{api.Problem{Code: api.NotFound}, "not found"},
		{api.Problem{Code: api.NotFound, Detail: "no @ori/http here"}, "not found: no @ori/http here"},
		{api.Problem{Code: "made_up"}, "internal error"},
		{api.Problem{Code: "made_up", Title: "Too late", Detail: "at night"}, "too late: at night"},
		{api.Problem{Code: "made_up", Title: "Überfüllt"}, "überfüllt"},
		{
			api.Problem{Code: api.ArchiveInvalid, Detail: "3 faults", Errors: []api.Fault{
				{Path: "src/a.ori", Code: "mode", Detail: "is 0755"},
				{Path: "oripk.toml", Pointer: "/name", Code: "name", Detail: "is empty"},
				{Code: "gzip", Detail: "has a comment"},
			}},
			"archive invalid: 3 faults\n  src/a.ori: is 0755 (mode)\n  oripk.toml: /name: is empty (name)\n  has a comment (gzip)",
		},
	}
	for _, c := range cases {
		if got := c.problem.Error(); got != c.want {
			t.Errorf("reads %q, want %q", got, c.want)
		}
	}
	if got := api.NotOwner.Error(); got != "not_owner" {
		t.Errorf("a code alone reads %q", got)
	}
}

func TestTime(t *testing.T) {
	east := time.FixedZone("east", 2*60*60)
	cases := []struct {
		at   time.Time
		want string
	}{
		{time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), "2026-01-02T03:04:05Z"},
		{time.Date(2026, 1, 2, 3, 4, 5, 678_901_000, time.UTC), "2026-01-02T03:04:05.678901Z"},
		{time.Date(2026, 1, 2, 3, 4, 5, 678_901_999, time.UTC), "2026-01-02T03:04:05.678901Z"},
		{time.Date(2026, 1, 1, 0, 30, 0, 0, east), "2025-12-31T22:30:00Z"},
	}
	for _, c := range cases {
		for _, instant := range []api.Time{api.NewTime(c.at), {Time: c.at}} {
			inJSON, err := json.Marshal(instant)
			if err != nil || string(inJSON) != `"`+c.want+`"` {
				t.Errorf("in JSON %v is %s, %v, want %s", c.at, inJSON, err, c.want)
			}
			if text, err := instant.MarshalText(); err != nil || string(text) != c.want {
				t.Errorf("in text %v is %s, %v, want %s", c.at, text, err, c.want)
			}
			var back api.Time
			if err := json.Unmarshal(inJSON, &back); err != nil || !back.Equal(api.NewTime(c.at).Time) {
				t.Errorf("%s came back as %v, %v", inJSON, back, err)
			}
		}
	}
}
