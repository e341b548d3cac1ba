package conformance_test

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ori-lang/registry/conformance"
	"github.com/ori-lang/registry/internal/repotest/pgtest"
	"github.com/ori-lang/registry/internal/server"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// site is a registry of this repository, and the options of a run against it.
func site(t *testing.T, database string) conformance.Options {
	t.Helper()
	return limitedSite(t, database, server.MaxRate, server.MaxRate)
}

// limitedSite is a site with these limits of calls.
func limitedSite(t *testing.T, database string, anonymous, authenticated server.Rate) conformance.Options {
	t.Helper()
	cfg := server.Config{
		Data: t.TempDir(), Listen: "127.0.0.1:0", Database: database, ShutdownTimeout: server.Duration(10 * time.Second),
		RateAnonymous: anonymous, RateAuthenticated: authenticated,
	}
	srv, err := server.Open(t.Context(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- srv.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	token := func(login string, operator bool) string {
		secret, err := srv.AddUser(t.Context(), login, operator)
		if err != nil {
			t.Fatal(err)
		}
		return secret
	}
	return conformance.Options{
		URL: srv.URL(), Token: token("ada", false), OtherToken: token("eve", false), OperatorToken: token("root", true),
	}
}

func run(t *testing.T, o conformance.Options) *conformance.Report {
	t.Helper()
	report, err := conformance.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// minAssertions is how many assertions the suite has at least.
const minAssertions = 120

// The registry of this repository conforms, on both databases.
func TestOurRegistryConforms(t *testing.T) {
	for name, database := range map[string]func(*testing.T) string{
		"sqlite":   func(*testing.T) string { return "" },
		"postgres": func(t *testing.T) string { return pgtest.URL(t) },
	} {
		t.Run(name, func(t *testing.T) {
			report := run(t, site(t, database(t)))
			var text bytes.Buffer
			if err := report.WriteText(&text, false); err != nil {
				t.Fatal(err)
			}
			passed, failed, notRun := report.Count()
			for _, group := range report.Groups {
				if group.Name == "limits" {
					t.Error("the group of the limits runs without being named")
				}
			}
			if failed > 0 || notRun > 0 || passed < minAssertions {
				t.Errorf("%d hold, %d do not, %d were not run:\n%s", passed, failed, notRun, &text)
			}
		})
	}
}

// Each assertion names a sentence that stands in spec/, word for word.
func TestSentencesStandInTheSpec(t *testing.T) {
	var all strings.Builder
	files, err := filepath.Glob("../spec/*.*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all.WriteString(folded(strings.ReplaceAll(string(text), "\n# ", " ")) + " ")
	}
	spec := all.String()
	names := map[string]bool{}
	limits := limitedSite(t, "", 40, 80)
	limits.Groups = []string{"limits"}
	groups := append(run(t, site(t, "")).Groups, run(t, limits).Groups[:1]...)
	for _, group := range groups {
		for _, a := range group.Assertions {
			if name := group.Name + "/" + a.Name; names[name] {
				t.Errorf("there are two assertions %s", name)
			} else {
				names[name] = true
			}
			if !strings.Contains(spec, folded(a.Sentence)) {
				t.Errorf("%s/%s: spec/ does not say: %s", group.Name, a.Name, a.Sentence)
			}
		}
	}
}

// folded makes every stretch of white space one blank.
func folded(s string) string { return strings.Join(strings.Fields(s), " ") }

// The limits are held when they are named.
func TestLimitsAreHeldWhenNamed(t *testing.T) {
	o := limitedSite(t, "", 40, 80)
	o.Groups = []string{"limits"}
	report := run(t, o)
	if passed, failed, _ := report.Count(); failed > 0 || passed < 4 {
		var text bytes.Buffer
		_ = report.WriteText(&text, false)
		t.Error(&text)
	}
}

// A registry with other numbers conforms; what they keep the suite from holding was not run.
func TestOtherLimits(t *testing.T) {
	for name, test := range map[string]struct {
		anonymous, authenticated server.Rate
		notRun                   int
	}{
		"the protocol's own": {100, 1000, 0},
		"many for nobody":    {5000, 3000, 2},
		"few for accounts":   {60, 50, 1},
	} {
		t.Run(name, func(t *testing.T) {
			o := limitedSite(t, "", test.anonymous, test.authenticated)
			o.Groups = []string{"limits"}
			report := run(t, o)
			if _, failed, notRun := report.Count(); failed > 0 || notRun != test.notRun {
				t.Errorf("%d do not hold, %d were not run, want %d:\n%s", failed, notRun, test.notRun, textOf(report))
			}
		})
	}
}

// What a token is missing for is not run, and is not counted as passed.
func TestMissingTokens(t *testing.T) {
	o := site(t, "")
	o.Token, o.OtherToken, o.OperatorToken = "", "", ""
	report := run(t, o)
	passed, failed, notRun := report.Count()
	if failed > 0 || notRun < 5 {
		t.Errorf("%d hold, %d do not, %d were not run", passed, failed, notRun)
	}
	for _, group := range report.Groups {
		if (group.NotRun == "") == (len(group.Assertions) == 0) {
			t.Errorf("%s: %q with %d assertions", group.Name, group.NotRun, len(group.Assertions))
		}
	}
}

func TestOptions(t *testing.T) {
	o := site(t, "")
	o.Groups = []string{"registry"}
	report := run(t, o)
	if len(report.Groups) != 2 || report.Groups[0].Name != "registry" {
		t.Errorf("the groups are %+v", report.Groups)
	}
	for what, bad := range map[string]conformance.Options{
		"no group":    {URL: o.URL, Groups: []string{"regstry"}},
		"no URL":      {},
		"no registry": {URL: o.URL + "/elsewhere"},
		"nobody":      {URL: "http://127.0.0.1:1"},
	} {
		if _, err := conformance.Run(t.Context(), bad); err == nil {
			t.Errorf("%s: no error", what)
		}
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if _, err := conformance.Run(stopped, o); err == nil {
		t.Error("a run that was cut off gives no error")
	}
}

func TestReports(t *testing.T) {
	report := conformance.Report{URL: "https://pkg.test", Server: "1", Groups: []conformance.GroupResult{
		{Name: "one", About: "this", Assertions: []conformance.Assertion{{Name: "good", Sentence: "S1."}, {Name: "bad", Sentence: "S2.", Failures: []string{"<it> fails", "twice"}}, {Name: "odd", Sentence: "S3.", NotRun: "it cannot be"}}},
		{Name: "two", About: "that", NotRun: "it needs --token"},
	}}
	if report.OK() {
		t.Error("a report with a failure is OK")
	}
	var text, data, junit bytes.Buffer
	for _, err := range []error{report.WriteText(&text, true), report.WriteJSON(&data), report.WriteJUnit(&junit)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, part := range []string{"ok   good", "FAIL bad", "the protocol says: S2.", "<it> fails", "two: NOT RUN: it needs --token", "1 assertions hold, 1 do not, 2 were not run", "NOT RUN odd: it cannot be"} {
		if !strings.Contains(text.String(), part) {
			t.Errorf("the text lacks %q:\n%s", part, &text)
		}
	}
	var back conformance.Report
	if err := json.Unmarshal(data.Bytes(), &back); err != nil || len(back.Groups) != 2 || back.Groups[0].Assertions[1].Failures[0] != "<it> fails" {
		t.Errorf("the JSON is read back as %+v, %v", back, err)
	}
	var suites struct {
		Suites []struct {
			Tests    int `xml:"tests,attr"`
			Failures int `xml:"failures,attr"`
			Skipped  int `xml:"skipped,attr"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(junit.Bytes(), &suites); err != nil || len(suites.Suites) != 2 || suites.Suites[0].Failures != 1 || suites.Suites[0].Skipped != 1 || suites.Suites[1].Skipped != 1 {
		t.Errorf("the JUnit report is read back as %+v, %v:\n%s", suites, err, &junit)
	}
}
