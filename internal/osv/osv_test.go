package osv

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ori-lang/registry/ident"
)

const id = "x_ORI-2026-0001"

func now() time.Time { return time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC) }

func schema(t testing.TB) *Schema {
	t.Helper()
	s, err := NewSchema()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// good is a right record; change edits it as text, in pairs of old and new.
func good(t testing.TB, change ...string) string {
	t.Helper()
	text := `{"schema_version":"1.7.5","id":"x_ORI-2026-0001","published":"2026-11-24T09:00:00Z","modified":"2026-11-24T09:30:00.5Z",
		"summary":"Request smuggling","aliases":["CVE-2026-12345"],
		"severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"}],
		"affected":[{"package":{"ecosystem":"Ori","name":"@acme/http"},"versions":["0.9.0"],
			"ranges":[{"type":"SEMVER","events":[{"introduced":"1.0.0"},{"fixed":"1.4.1"}]}]}],
		"references":[{"type":"FIX","url":"https://code.acme.example/http/commit/1"}],
		"database_specific":{"score":1.50,"big":123456789012345678901234567890}}`
	for i := 0; i < len(change); i += 2 {
		if !strings.Contains(text, change[i]) {
			t.Fatalf("%s is not in the record", change[i])
		}
		text = strings.Replace(text, change[i], change[i+1], 1)
	}
	return text
}

func TestID(t *testing.T) {
	for s, want := range map[string]bool{
		"x_ORI-2026-0001": true, "x_ORI-2026-9999": true, "x_ORI-2026-10000": true, "x_ORI-0000-0000": true, "x_ORI-2026-123456789": true,
		"": false, "x_ORI-2026-001": false, "x_ORI-2026-00001": false, "x_ORI-26-0001": false, "x_ori-2026-0001": false, "ORI-2026-0001": false,
		"x_ORI-2026-0001\n": false, " x_ORI-2026-0001": false, "x_ORI-2026-1234567890": false, "x_ORI-2026-٠٠٠١": false, "CVE-2026-0001": false,
	} {
		if IsID(s) != want {
			t.Errorf("IsID(%q) is %v", s, !want)
		}
	}
}

// The schema is what its authors wrote, to the byte: whoever takes a newer one
// changes this line and the NOTICE.
func TestSchemaIsTheOfficialOne(t *testing.T) {
	const want = "cdb8292f72945cfdf06d3e044280d7c0867105a3a1ae6d4547c983eba20810a2" // v1.9.0
	if sum := sha256.Sum256(official); hex.EncodeToString(sum[:]) != want {
		t.Errorf("schema.json has the SHA-256 %x", sum)
	}
}

// What is changed in it is one pattern, and that only by a name more.
func TestOneEcosystemIsAdmitted(t *testing.T) {
	before, err := decode(official)
	if err != nil {
		t.Fatal(err)
	}
	after, err := decode(official)
	if err != nil {
		t.Fatal(err)
	}
	if err := admitEcosystem(after); err != nil {
		t.Fatal(err)
	}
	list := object(object(after, "$defs"), "ecosystemWithSuffix")
	list["pattern"] = strings.Replace(list["pattern"].(string), "Ori|", "", 1)
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("something else was changed (-before +after):\n%s", diff)
	}
	if admitEcosystem(map[string]any{}) == nil {
		t.Error("a schema without the list was accepted")
	}
	s := schema(t)
	for ecosystem, faults := range map[string]int{"Ori": 0, "Ori:2026": 0, "PyPI": 0, "Ora": 1, "XOri": 1, "": 1} {
		value, err := decode([]byte(good(t, `"Ori"`, `"`+ecosystem+`"`)))
		if err != nil {
			t.Fatal(err)
		}
		if got := s.faults(value); len(got) != faults {
			t.Errorf("%q: the schema says %v", ecosystem, got)
		}
	}
}

func TestRead(t *testing.T) {
	r, faults, err := schema(t).Read([]byte(good(t)), id, now())
	if err != nil || len(faults) > 0 {
		t.Fatal(faults, err)
	}
	p, _ := ident.NewPackage("acme", "http")
	if r.ID != id || r.Withdrawn || !r.Modified.Equal(time.Date(2026, 11, 24, 9, 30, 0, 5e8, time.UTC)) {
		t.Errorf("%+v", r)
	}
	want := Versions{Listed: []ident.Version{v("0.9.0")}, Spans: []Span{{From: v("1.0.0"), Before: v("1.4.1")}}}
	if diff := cmp.Diff(map[ident.Package]Versions{p: want}, r.Affected, cmp.AllowUnexported(ident.Package{}, ident.Version{})); diff != "" {
		t.Error(diff)
	}
	again, err := Parse(r.Text)
	if err != nil || cmp.Diff(r, again, cmp.AllowUnexported(ident.Package{}, ident.Version{})) != "" {
		t.Errorf("parsed again: %+v, %v", again, err)
	}
}

func TestWithdrawn(t *testing.T) {
	r, faults, err := schema(t).Read([]byte(good(t, `"published"`, `"withdrawn":"2026-11-24T09:30:00Z","published"`)), id, now())
	if err != nil || len(faults) > 0 || !r.Withdrawn {
		t.Error(r, faults, err)
	}
}

// Every fault of a record is found, with its place, and all of them at once.
func TestFaults(t *testing.T) {
	const (
		version = `"versions":["0.9.0"]`
		events  = `[{"introduced":"1.0.0"},{"fixed":"1.4.1"}]`
		name    = `"name":"@acme/http"`
	)
	s := schema(t)
	for what, test := range map[string]struct {
		change []string
		want   string // code and pointer of each fault
	}{
		"nothing":                     {nil, ""},
		"another id":                  {[]string{"0001", "0002"}, "value /id"},
		"id of another database":      {[]string{"x_ORI-2026-0001", "CVE-2026-0001"}, "value /id"},
		"id of no database":           {[]string{"x_ORI", "ORI"}, "schema /id"},
		"no id":                       {[]string{`"id":"x_ORI-2026-0001",`, ``}, "schema "},
		"id of another type":          {[]string{`"x_ORI-2026-0001"`, `7`}, "schema /id"},
		"no modified":                 {[]string{`"modified":"2026-11-24T09:30:00.5Z",`, ``}, "schema "},
		"modified in another zone":    {[]string{"09:30:00.5Z", "09:30:00+00:00"}, "schema /modified"},
		"modified with a tail":        {[]string{"09:30:00.5Z", "09:30:00Z or so"}, "schema /modified"},
		"modified on 31 February":     {[]string{"2026-11-24T09:30", "2026-02-31T09:30"}, "schema /modified"},
		"modified with a small z":     {[]string{"09:30:00.5Z", "09:30:00.5z"}, "schema /modified"},
		"a little ahead":              {[]string{"09:30:00.5Z", "10:05:00Z"}, ""},
		"modified in the future":      {[]string{"09:30:00.5Z", "10:05:01Z"}, "value /modified"},
		"published later":             {[]string{"09:00:00Z", "09:30:01Z"}, "value /published"},
		"withdrawn later":             {[]string{`"published"`, `"withdrawn":"2026-11-24T09:31:00Z","published"`}, "value /withdrawn"},
		"unknown member":              {[]string{`"published"`, `"extra":1,"published"`}, "schema "},
		"unknown member further in":   {[]string{`"ecosystem"`, `"extra":{"a":[1]},"ecosystem"`}, ""},
		"another spelling further in": {[]string{name, name + `,"NAME":"@other/one"`}, ""},
		"severity of no kind":         {[]string{"CVSS_V3", "GUESS"}, "schema /severity/0/type"},
		"score of no kind":            {[]string{"/AV:N", "/AV:Q"}, "schema /severity/0/score"},
		"relative URL":                {[]string{"https://code.acme.example", ""}, "schema /references/0/url"},
		"no affected":                 {[]string{`"affected":[{`, `"references":[],"database_specific":{"affected":[{`, `]}],`, `]}]},`}, "value /affected"},
		"affected is null":            {[]string{`"affected":[{"package":{"ecosystem":"Ori","name":"@acme/http"},"versions":["0.9.0"],`, `"affected":null,"database_specific":{"x":[{`, `]}],`, `]}]},`}, "value /affected"},
		"affected is a string":        {[]string{`"affected":[{"package":{"ecosystem":"Ori","name":"@acme/http"},"versions":["0.9.0"],`, `"affected":"all","database_specific":{"x":[{`, `]}],`, `]}]},`}, "schema /affected"},
		"no package":                  {[]string{`"package":{"ecosystem":"Ori","name":"@acme/http"},`, ``}, "value /affected/0/package"},
		"package without a name":      {[]string{"," + name, ``}, "schema /affected/0/package"},
		"another ecosystem":           {[]string{`"Ori"`, `"PyPI"`}, "value /affected/0/package/ecosystem"},
		"a release of the ecosystem":  {[]string{`"Ori"`, `"Ori:2026"`}, "value /affected/0/package/ecosystem"},
		"unknown ecosystem":           {[]string{`"Ori"`, `"ori"`}, "schema /affected/0/package/ecosystem"},
		"name without a scope":        {[]string{"@acme/http", "http"}, "value /affected/0/package/name"},
		"name in capitals":            {[]string{"@acme/http", "@acme/HTTP"}, "value /affected/0/package/name"},
		"listed version is none":      {[]string{"0.9.0", "0.9"}, "value /affected/0/versions/0"},
		"listed version with a v":     {[]string{"0.9.0", "v0.9.0"}, "value /affected/0/versions/0"},
		"listed version is a number":  {[]string{`"0.9.0"`, `9`}, "schema /affected/0/versions/0"},
		"introduced is no version":    {[]string{"1.0.0", "1"}, "value /affected/0/ranges/0/events/0/introduced"},
		"introduced is 0":             {[]string{"1.0.0", "0"}, ""},
		"fixed is 0":                  {[]string{"1.4.1", "0"}, "value /affected/0/ranges/0/events/1/fixed"},
		"fixed is *":                  {[]string{"1.4.1", "*"}, "value /affected/0/ranges/0/events/1/fixed"},
		"fixed with build metadata":   {[]string{"1.4.1", "1.4.1+b"}, "value /affected/0/ranges/0/events/1/fixed"},
		"last affected":               {[]string{"fixed", "last_affected"}, ""},
		"last affected is none":       {[]string{"fixed", "last_affected", "1.4.1", "x"}, "value /affected/0/ranges/0/events/1/last_affected"},
		"limit is *":                  {[]string{"fixed", "limit", "1.4.1", "*"}, ""},
		"limit is 0":                  {[]string{"fixed", "limit", "1.4.1", "0"}, "value /affected/0/ranges/0/events/1/limit"},
		"fixed and last affected":     {[]string{`{"fixed"`, `{"last_affected":"1.3.0"},{"fixed"`}, "schema /affected/0/ranges/0"},
		"two types in one event":      {[]string{`"introduced":"1.0.0"`, `"introduced":"1.0.0","fixed":"1.1.0"`}, "schema /affected/0/ranges/0/events/0"},
		"no type in an event":         {[]string{`{"fixed":"1.4.1"}`, `{}`}, "schema /affected/0/ranges/0/events/1"},
		"nothing introduced":          {[]string{`{"introduced":"1.0.0"},`, ``}, "schema /affected/0/ranges/0/events"},
		"no events":                   {[]string{events, `[]`}, "schema /affected/0/ranges/0/events, schema /affected/0/ranges/0/events"},
		"order of the ecosystem":      {[]string{"SEMVER", "ECOSYSTEM"}, "value /affected/0/ranges/0/type"},
		"commits":                     {[]string{`"SEMVER"`, `"GIT","repo":"https://x.example"`, "1.0.0", "0", "1.4.1", "0123456789012345678901234567890123456789"}, ""},
		"commits without versions":    {[]string{version + ",", "", `"SEMVER"`, `"GIT","repo":"https://x.example"`, "1.0.0", "0", "1.4.1", "0123456789012345678901234567890123456789"}, "value /affected/0"},
		"no versions at all":          {[]string{version, `"versions":[]`, `[{"type":"SEMVER","events":` + events + `}]`, `[]`}, "value /affected/0"},
		"many": {
			[]string{`"published"`, `"extra":1,"published"`, "0001", "0002", "FIX", "FEX", "0.9.0", "0.9"},
			"schema , schema /references/0/type, value /affected/0/versions/0, value /id",
		},
	} {
		r, faults, err := s.Read([]byte(good(t, test.change...)), id, now())
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
		var got []string
		for _, f := range faults {
			got = append(got, f.Code+" "+f.Pointer)
			if f.Detail == "" || len(f.Detail) > 500 {
				t.Errorf("%s: the detail at %s is %q", what, f.Pointer, f.Detail)
			}
		}
		slices.Sort(got)
		if strings.Join(got, ", ") != test.want || (r == nil) != (len(faults) > 0) {
			t.Errorf("%s: %q, want %q\n%v", what, strings.Join(got, ", "), test.want, faults)
		}
	}
}

func TestNotJSON(t *testing.T) {
	for _, text := range []string{"", "{", "nothing"} {
		if _, _, err := schema(t).Read([]byte(text), id, now()); err == nil {
			t.Errorf("%q was read", text)
		}
		if _, err := Parse([]byte(text)); err == nil {
			t.Errorf("%q was parsed", text)
		}
	}
	for _, text := range []string{"null", "7", `"x"`, "[]", "{}"} {
		if _, faults, err := schema(t).Read([]byte(text), id, now()); err != nil || len(faults) == 0 {
			t.Errorf("%s: %v, %v", text, faults, err)
		}
		if _, err := Parse([]byte(text)); err == nil {
			t.Errorf("%q was parsed", text)
		}
	}
}

// However much is wrong, the list stays short enough to read.
func TestFaultsAreBounded(t *testing.T) {
	for _, old := range []string{`"0.9.0"`, `{"type":"FIX","url":"https://code.acme.example/http/commit/1"}`} {
		many := good(t, old, strings.Repeat(`"bad",`, 999)+`"bad"`)
		_, faults, err := schema(t).Read([]byte(many), id, now())
		if err != nil || len(faults) != maxFaults {
			t.Errorf("%d faults, %v", len(faults), err)
		}
	}
}

// One record has one text, however it was written.
func TestCanonical(t *testing.T) {
	value, err := decode([]byte(` { "b" : [ 1.50, 1e3, 123456789012345678901234567890, -0 ], "a" : "\u0041\u2028<&>\u0007é", "é":null, "B":{} } `))
	if err != nil {
		t.Fatal(err)
	}
	text, err := Canonical(value)
	const want = `{"B":{},"a":"A\u2028<&>\u0007é","b":[1.50,1e3,123456789012345678901234567890,-0],"é":null}` + "\n"
	if err != nil || string(text) != want {
		t.Errorf("%s, want %s (%v)", text, want, err)
	}
}

// What is escaped, and how, is the same for ever: the log has the hashes of records.
func TestCanonicalEscapes(t *testing.T) {
	for char := range rune(0x3000) {
		want := string(char)
		switch {
		case strings.ContainsRune("\"\\", char):
			want = `\` + want
		case strings.ContainsRune("\b\f\n\r\t", char):
			want = `\` + map[rune]string{'\b': "b", '\f': "f", '\n': "n", '\r': "r", '\t': "t"}[char]
		case char < ' ', char == '\u2028', char == '\u2029':
			want = fmt.Sprintf(`\u%04x`, char)
		}
		if text, err := Canonical(string(char)); err != nil || string(text) != `"`+want+"\"\n" {
			t.Errorf("%U: %s, want %s (%v)", char, text, want, err)
		}
	}
}

func v(s string) ident.Version {
	version, err := ident.ParseVersion(s)
	if err != nil {
		panic(err)
	}
	return version
}

// FuzzRead: nothing that is read makes the reader fail, and what is right stays
// right when it is read again.
func FuzzRead(f *testing.F) {
	f.Add([]byte(good(f)))
	f.Add([]byte(good(f, "fixed", "last_affected")))
	f.Add([]byte(good(f, "fixed", "limit", "1.4.1", "*", "1.0.0", "0")))
	f.Add([]byte(`{"id":"x_ORI-2026-0001","modified":"2026-11-24T09:30:00Z","affected":[{"package":[]},7,{"ranges":{}}]}`))
	s := schema(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		r, faults, err := s.Read(text, id, now())
		if err != nil || len(faults) > 0 {
			return
		}
		again, faults, err := s.Read(r.Text, id, now())
		if err != nil || len(faults) > 0 || string(again.Text) != string(r.Text) {
			t.Fatalf("read again: %v, %v\n%s\n%s", faults, err, r.Text, again.Text)
		}
		parsed, err := Parse(r.Text)
		if err != nil {
			t.Fatal(err)
		}
		for p, set := range parsed.Affected {
			for _, version := range set.Listed {
				if !set.Has(version) {
					t.Fatalf("%s lists %s and does not have it", p, version)
				}
			}
		}
	})
}
