package registry_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/internal/registry"
	"github.com/ori-lang/registry/internal/repotest/sample"
	"github.com/ori-lang/registry/translog"
)

// record is an advisory that was changed at the fixture's time. affected is
// JSON: the elements of that member.
func (f *fixture) record(id, affected string) string {
	return fmt.Sprintf(`{"id":%q, "modified":%q, "affected":[%s]}`, id, f.clock().Format(time.RFC3339Nano), affected)
}

// affects is an element of affected: a package and the events of a range.
func affects(name, events string) string {
	return fmt.Sprintf(`{"package":{"ecosystem":"Ori","name":%q},"ranges":[{"type":"SEMVER","events":[%s]}]}`, name, events)
}

// file files the record, in place of what is there when replace is set.
func (f *fixture) file(a registry.Actor, record string, replace bool) (text []byte, created bool, err error) {
	f.t.Helper()
	id := record[strings.Index(record, "x_ORI"):][:len("x_ORI-2026-0001")]
	up := registry.AdvisoryUpdate{ID: id, Record: []byte(record)}
	if replace {
		up.Replaces = func([]byte) bool { return true }
	}
	return f.PutAdvisory(f.t.Context(), a, up)
}

func (f *fixture) mustFile(a registry.Actor, record string, replace bool) {
	f.t.Helper()
	_, _, err := f.file(a, record, replace)
	must(f.t, err)
}

// advised gives the advisories of each version, the highest first.
func (f *fixture) advised(name string) string {
	f.t.Helper()
	versions, err := f.Versions(f.t.Context(), pkg(name), time.Time{})
	must(f.t, err)
	var all []string
	for _, v := range versions.Versions {
		metadata, err := f.Metadata(f.t.Context(), ident.Ref{Package: pkg(name), Version: v.Version})
		must(f.t, err)
		if fmt.Sprint(metadata.Advisories) != fmt.Sprint(v.Advisories) || v.Advisories == nil {
			f.t.Errorf("%s: the list says %v, the metadata %v", v.Version, v.Advisories, metadata.Advisories)
		}
		all = append(all, v.Version.String()+fmt.Sprint(v.Advisories))
	}
	return strings.ReplaceAll(strings.Join(all, " "), "x_ORI-2026-000", "")
}

func TestVersionsNameTheirAdvisories(t *testing.T) { eachDatabase(t, testVersionsNameTheirAdvisories) }

func testVersionsNameTheirAdvisories(t *testing.T, f *fixture) {
	ada, root := f.owner("ada", "acme"), f.operator("root")
	for _, version := range []string{"1.0.0", "1.4.1", "2.0.0-rc.1"} {
		f.mustPublish(ada, sample.Package{Ref: "@acme/http@" + version})
	}
	f.mustPublish(ada, sample.Package{Ref: "@acme/url@1.0.0"})
	const one, two = "x_ORI-2026-0001", "x_ORI-2026-0002"
	f.mustFile(root, f.record(one, affects("@acme/http", `{"introduced":"0"},{"fixed":"1.4.1"}`)), false)
	f.mustFile(root, f.record(two, affects("@acme/http", `{"introduced":"1.4.0"}`)+","+affects("@acme/other", `{"introduced":"0"}`)), false)
	check := func(what, want string) {
		t.Helper()
		if got := f.advised("@acme/http"); got != want {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
	check("filed", "2.0.0-rc.1[2] 1.4.1[2] 1.0.0[1]")
	if got := f.advised("@acme/url"); got != "1.0.0[]" {
		t.Errorf("a package that no advisory names: %s", got)
	}

	receipt := f.mustPublish(ada, sample.Package{Ref: "@acme/http@1.4.2"})
	if fmt.Sprint(receipt.Advisories) != "["+two+"]" {
		t.Errorf("the receipt of a version that is affected says %v", receipt.Advisories)
	}
	staged := f.stage(sample.Package{Ref: "@acme/http@0.1.0"}.Archive(t))
	rehearsed, err := f.Publish(t.Context(), ada, pkg("@acme/http"), registry.Upload{Archive: staged, DryRun: true})
	must(t, err)
	if fmt.Sprint(rehearsed.Advisories) != "["+one+"]" {
		t.Errorf("a dry run says %v", rehearsed.Advisories)
	}

	f.pass(time.Minute)
	f.mustFile(root, f.record(one, affects("@acme/http", `{"introduced":"0"}`)), true)
	check("one was widened", "2.0.0-rc.1[1 2] 1.4.2[1 2] 1.4.1[1 2] 1.0.0[1]")
	resolved, err := f.Resolve(t.Context(), api.Resolve{Dependencies: []api.Root{
		{Package: "@acme/http", Version: "1.0.0"}, {Package: "@acme/http", Version: "1.4.1"}, {Package: "@acme/url", Version: "1.0.0"},
	}})
	must(t, err)
	var inGraph []string
	for _, v := range resolved.Packages {
		inGraph = append(inGraph, v.Package.Name()+fmt.Sprint(v.Advisories))
	}
	if got := strings.ReplaceAll(fmt.Sprint(inGraph), "x_ORI-2026-000", ""); got != "[http[1] http[1 2] url[]]" {
		t.Errorf("the graph says %s", got)
	}
	f.pass(time.Minute)
	withdrawn := strings.Replace(f.record(two, affects("@acme/http", `{"introduced":"1.4.0"}`)), `"affected"`, `"withdrawn":"2026-11-23T18:07:00Z","affected"`, 1)
	f.mustFile(root, withdrawn, true)
	check("two was withdrawn", "2.0.0-rc.1[1] 1.4.2[1] 1.4.1[1] 1.0.0[1]")
	f.pass(time.Minute)
	f.mustFile(root, f.record(one, affects("@acme/url", `{"introduced":"0"}`)), true)
	check("one names another package", "2.0.0-rc.1[] 1.4.2[] 1.4.1[] 1.0.0[]")
	page, err := f.Package(t.Context(), pkg("@acme/url"))
	must(t, err)
	if fmt.Sprint(page.Newest.Advisories) != "["+one+"]" {
		t.Errorf("the package page says %v", page.Newest.Advisories)
	}
	if faults := f.fsck(); len(faults) > 0 {
		t.Errorf("fsck: %s", faults)
	}
}

func TestFilingAnAdvisory(t *testing.T) { eachDatabase(t, testFilingAnAdvisory) }

func testFilingAnAdvisory(t *testing.T, f *fixture) {
	root := f.operator("root")
	all := affects("@acme/http", `{"introduced":"0"}`)
	first := f.record("x_ORI-2026-0001", all)
	newer := strings.Replace(first, "18:06:31Z", "18:06:31.000001Z", 1)
	older := strings.Replace(newer, `"affected"`, `"summary":"x","affected"`, 1)
	for _, step := range []struct {
		what    string
		record  string
		replace bool
		code    api.Code
		entries int64
		created bool
	}{
		{"replaced before it is there", first, true, api.PreconditionFailed, 0, false},
		{"filed", first, false, "", 1, true},
		{"filed again", first, false, "", 0, false},
		{"replaced by itself", first, true, "", 0, false},
		{"written otherwise", strings.ReplaceAll(first, `, "`, ",\n\t\""), false, "", 0, false},
		{"another content without a condition", newer, false, api.PreconditionFailed, 0, false},
		{"replaced", newer, true, "", 1, false},
		{"replaced again", newer, true, "", 0, false},
		{"with another content of the same time", older, true, api.ValidationFailed, 0, false},
		{"set back", first, true, api.ValidationFailed, 0, false},
		{"another one", f.record("x_ORI-2026-0002", all), false, "", 1, true},
	} {
		before := f.logSize()
		text, created, err := f.file(root, step.record, step.replace)
		wantCode(t, step.what, err, step.code)
		if grown := f.logSize() - before; grown != step.entries || created != step.created {
			t.Errorf("%s: created %v, %d entries; want %v, %d", step.what, created, grown, step.created, step.entries)
		}
		if err != nil {
			continue
		}
		kept, err := f.Advisory(t.Context(), step.record[strings.Index(step.record, "x_ORI"):][:len("x_ORI-2026-0001")])
		if err != nil || !bytes.Equal(kept, text) || kept[len(kept)-1] != '\n' {
			t.Errorf("%s: kept is %s, the answer was %s (%v)", step.what, kept, text, err)
		}
	}
	_, err := f.Advisory(t.Context(), "x_ORI-2026-0003")
	wantCode(t, "one that is not there", err, api.AdvisoryNotFound)
	if faults := f.fsck(); len(faults) > 0 {
		t.Errorf("fsck: %s", faults)
	}
}

// What Replaces is given is the record that is there, and its no is final.
func TestReplacingSeesWhatIsThere(t *testing.T) {
	f := newFixture(t)
	root := f.operator("root")
	record := f.record("x_ORI-2026-0001", affects("@acme/http", `{"introduced":"0"}`))
	there, _, err := f.file(root, record, false)
	must(t, err)
	for _, yes := range []bool{false, true} {
		_, _, err := f.PutAdvisory(t.Context(), root, registry.AdvisoryUpdate{
			ID: "x_ORI-2026-0001", Record: []byte(strings.Replace(record, "18:06:31", "18:07:31", 1)),
			Replaces: func(text []byte) bool { return yes && bytes.Equal(text, there) },
		})
		wantCode(t, fmt.Sprint(yes), err, map[bool]api.Code{false: api.PreconditionFailed}[yes])
	}
}

// The entry of an advisory is about the bytes that are served.
func TestAdvisoriesAreLogged(t *testing.T) { eachDatabase(t, testAdvisoriesAreLogged) }

func testAdvisoriesAreLogged(t *testing.T, f *fixture) {
	root := f.operator("root")
	f.mustFile(root, f.record("x_ORI-2026-0001", affects("@acme/http", `{"introduced":"0"}`)), false)
	f.pass(time.Minute)
	f.mustFile(root, f.record("x_ORI-2026-0001", affects("@acme/http", `{"introduced":"1.0.0"}`)), true)
	text, err := f.Advisory(t.Context(), "x_ORI-2026-0001")
	must(t, err)
	proof, err := f.log.Proof(t.Context(), 2)
	must(t, err)
	verifier, err := translog.NewVerifier(f.log.VerifierKey())
	must(t, err)
	proved, err := verifier.VerifyProof(proof)
	must(t, err)
	e := proved.Entry
	if e.Kind != translog.KindAdvisory || e.Advisory != "x_ORI-2026-0001" || e.Record != ident.ChecksumOf(text) ||
		e.Actor != root.AccountID() || e.Seq != 2 || e.Prev != 1 || !e.Time.Equal(f.clock()) {
		t.Errorf("the log says %+v", e)
	}
}

func TestWhoFilesAdvisories(t *testing.T) { eachDatabase(t, testWhoFilesAdvisories) }

func testWhoFilesAdvisories(t *testing.T, f *fixture) {
	root, ada := f.operator("root"), f.owner("ada", "acme")
	record := f.record("x_ORI-2026-0001", affects("@acme/http", `{"introduced":"0"}`))
	for what, test := range map[string]struct {
		actor registry.Actor
		code  api.Code
	}{
		"nobody":                           {registry.Actor{}, api.Unauthenticated},
		"owner of the scope":               {ada, api.NotOwner},
		"operator with a token to publish": {f.token(root, api.Publish), api.InsufficientScope},
		"operator":                         {root, ""},
	} {
		wantCode(t, what+", asked before", f.MayFileAdvisory(test.actor, "x_ORI-2026-0001"), test.code)
		_, _, err := f.file(test.actor, record, false)
		wantCode(t, what, err, test.code)
	}
	f.pass(time.Minute)
	one, other := affects("@acme/http", `{"introduced":"1.0.0"}`), affects("@acme/url", `{"introduced":"0"}`)
	narrow := f.token(root, api.Admin, "@acme/http")
	for _, step := range []struct {
		what, affected string
		actor          registry.Actor
		code           api.Code
	}{
		{"another package, a token for one", other, narrow, api.TokenPackageMismatch},
		{"also another package, a token for one", one + "," + other, narrow, api.TokenPackageMismatch},
		{"that package, a token for it", one, narrow, ""},
		{"also another package", one + "," + other, root, ""},
		{"takes another package out, a token for one", one, narrow, api.TokenPackageMismatch},
	} {
		_, _, err := f.file(step.actor, f.record("x_ORI-2026-0001", step.affected), true)
		wantCode(t, step.what, err, step.code)
		f.pass(time.Minute)
	}
	for _, id := range []string{"", "x_ORI-2026-1", "CVE-2026-0001", "x_ORI-2026-0001 "} {
		wantCode(t, id, f.MayFileAdvisory(root, id), api.InvalidRequest)
		_, _, err := f.PutAdvisory(t.Context(), root, registry.AdvisoryUpdate{ID: id, Record: []byte("{}")})
		wantCode(t, id, err, api.InvalidRequest)
	}
	token := f.token(root, api.Admin)
	me, err := f.Me(t.Context(), token)
	must(t, err)
	must(t, f.RevokeToken(t.Context(), root, me.Token.ID))
	_, _, err = f.file(token, strings.Replace(record, "0001", "0009", 1), false)
	wantCode(t, "a token that was revoked meanwhile", err, api.TokenInvalid)
}

func TestAdvisoriesThatAreRefused(t *testing.T) {
	f := newFixture(t)
	root := f.operator("root")
	good := f.record("x_ORI-2026-0001", affects("@acme/http", `{"introduced":"0"}`))
	for what, test := range map[string]struct {
		record string
		code   api.Code
		faults string // their pointers
	}{
		"two faults":         {strings.NewReplacer("@acme/http", "http", `"0"`, `"1"`).Replace(good), api.ValidationFailed, "/affected/0/package/name /affected/0/ranges/0/events/0/introduced"},
		"in the future":      {strings.Replace(good, "18:06", "18:16", 1), api.ValidationFailed, "/modified"},
		"too large as it is": {strings.Replace(good, `"affected"`, `"details":"`+strings.Repeat("x", 64<<10)+`","affected"`, 1), api.BodyTooLarge, ""},
		"too large as kept":  {strings.Replace(good, `"affected"`, `"details":"`+strings.Repeat("\u2028", 16<<10)+`","affected"`, 1), api.BodyTooLarge, ""},
		"no JSON":            {"x_ORI-2026-0001", api.InvalidRequest, ""},
	} {
		before := f.logSize()
		_, _, err := f.file(root, test.record, false)
		wantCode(t, what, err, test.code)
		var problem *api.Problem
		var pointers []string
		if errors.As(err, &problem) {
			for _, fault := range problem.Errors {
				pointers = append(pointers, fault.Pointer)
			}
		}
		if got := strings.Join(pointers, " "); got != test.faults || f.logSize() != before {
			t.Errorf("%s: faults at %s, want %s", what, got, test.faults)
		}
	}
}

// Of many that file one advisory at once, one makes it; of many that replace
// what they all have read, one does.
func TestOperatorsRace(t *testing.T) { eachDatabase(t, testOperatorsRace) }

func testOperatorsRace(t *testing.T, f *fixture) {
	root := f.operator("root")
	var there []byte
	for round, replaces := range []func([]byte) bool{nil, func(text []byte) bool { return bytes.Equal(text, there) }} {
		var made, refused int
		var mu sync.Mutex
		var all sync.WaitGroup
		f.pass(time.Minute)
		for i := range 8 {
			record := f.record("x_ORI-2026-0001", affects("@acme/http", fmt.Sprintf(`{"introduced":"%d.%d.0"}`, round, i)))
			all.Go(func() {
				_, _, err := f.PutAdvisory(t.Context(), root, registry.AdvisoryUpdate{ID: "x_ORI-2026-0001", Record: []byte(record), Replaces: replaces})
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					made++
				case errors.Is(err, api.PreconditionFailed):
					refused++
				default:
					t.Error(err)
				}
			})
		}
		all.Wait()
		if made != 1 || refused != 7 {
			t.Errorf("round %d: %d made it, %d were refused", round, made, refused)
		}
		text, err := f.Advisory(t.Context(), "x_ORI-2026-0001")
		must(t, err)
		there = text
	}
	if faults := f.fsck(); len(faults) > 0 {
		t.Errorf("fsck: %s", faults)
	}
}

func TestListingAdvisories(t *testing.T) { eachDatabase(t, testListingAdvisories) }

func testListingAdvisories(t *testing.T, f *fixture) {
	root := f.operator("root")
	start := f.clock()
	for n := range 7 {
		name := []string{"@acme/http", "@acme/url"}[n%2]
		record := f.record(fmt.Sprintf("x_ORI-2026-000%d", n), affects(name, fmt.Sprintf(`{"introduced":"0"},{"fixed":"%d.0.0"}`, n)))
		f.mustFile(root, record, false)
		f.pass(time.Minute)
	}
	withdrawn := strings.Replace(f.record("x_ORI-2026-0004", affects("@acme/http", `{"introduced":"0"}`)), `"affected"`, `"withdrawn":"2026-11-23T18:07:00Z","affected"`, 1)
	f.mustFile(root, withdrawn, true) // it moves to the end
	for n := 8; n < 10; n++ {
		f.mustFile(root, f.record(fmt.Sprintf("x_ORI-2026-000%d", n), affects("@acme/http", fmt.Sprintf(`{"introduced":"0"},{"fixed":"%d.0.0"}`, n))), false)
	}
	http, version := pkg("@acme/http"), ref("@acme/http@1.9.0").Version
	for what, test := range map[string]struct {
		query registry.AdvisoryQuery
		want  string
	}{
		"all":                       {registry.AdvisoryQuery{}, "012356489"},
		"of a package":              {registry.AdvisoryQuery{Package: http}, "026489"},
		"of a version":              {registry.AdvisoryQuery{Package: http, Version: version}, "2689"},
		"of a version, none":        {registry.AdvisoryQuery{Package: http, Version: ref("@acme/http@9.0.0").Version}, ""},
		"of a package, none":        {registry.AdvisoryQuery{Package: pkg("@acme/none")}, ""},
		"since a change, inclusive": {registry.AdvisoryQuery{Since: start.Add(3 * time.Minute)}, "356489"},
		"since later":               {registry.AdvisoryQuery{Since: start.Add(time.Hour)}, ""},
		"all at once":               {registry.AdvisoryQuery{Package: http, Version: version, Since: start.Add(3 * time.Minute)}, "689"},
	} {
		for limit := 1; limit <= 10; limit++ {
			query, got := test.query, ""
			query.Limit = limit
			for pages := 0; pages == 0 || query.Cursor != ""; pages++ {
				records, cursor, err := f.Advisories(t.Context(), query)
				must(t, err)
				if len(records) > limit || len(records) == 0 && cursor != "" || pages > 10 {
					t.Fatalf("%s: a page of %d, %d records, then %q", what, limit, len(records), cursor)
				}
				for _, record := range records {
					got += string(record)[strings.Index(string(record), "x_ORI")+len("x_ORI-2026-000"):][:1]
				}
				query.Cursor = cursor
			}
			if got != test.want {
				t.Errorf("%s, %d a page: %s, want %s", what, limit, got, test.want)
			}
		}
	}
	_, _, err := f.Advisories(t.Context(), registry.AdvisoryQuery{Version: version, Limit: 1})
	wantCode(t, "a version of nothing", err, api.InvalidRequest)
	_, _, err = f.Advisories(t.Context(), registry.AdvisoryQuery{Cursor: "?", Limit: 1})
	wantCode(t, "a cursor that is none", err, api.InvalidRequest)
}
