package conformance

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"time"
)

// Report is what a run has seen.
type Report struct {
	URL     string        `json:"url"`
	Server  string        `json:"server"` // what it says of its version
	Started time.Time     `json:"started"`
	Groups  []GroupResult `json:"groups"`
	Left    []string      `json:"left,omitempty"` // what the run made and could not take back, and why
}

// GroupResult is a group that ran, or did not.
type GroupResult struct {
	Name       string      `json:"name"`
	About      string      `json:"about"`
	NotRun     string      `json:"not_run,omitempty"` // why; then there are no assertions
	Assertions []Assertion `json:"assertions"`
}

// Assertion is one sentence of the protocol, held against the registry.
type Assertion struct {
	Name     string   `json:"name"`
	Sentence string   `json:"sentence"`           // of spec/, word for word
	NotRun   string   `json:"not_run,omitempty"`  // why it cannot be held against this registry
	Failures []string `json:"failures,omitempty"` // none: it holds, if it was run
}

// Count gives the number of assertions that hold and that do not, and of groups
// and single assertions that did not run.
func (r *Report) Count() (passed, failed, notRun int) {
	for _, group := range r.Groups {
		if group.NotRun != "" {
			notRun++
		}
		for _, a := range group.Assertions {
			switch {
			case len(a.Failures) > 0:
				failed++
			case a.NotRun != "":
				notRun++
			default:
				passed++
			}
		}
	}
	return passed, failed, notRun
}

// OK reports whether all that ran holds.
func (r *Report) OK() bool {
	_, failed, _ := r.Count()
	return failed == 0
}

// WriteText writes the report for a person; verbose also lists what holds.
func (r *Report) WriteText(w io.Writer, verbose bool) error {
	p := &printer{w: w}
	p.linef("Conformance of %s (server %s)", r.URL, r.Server)
	for _, group := range r.Groups {
		p.group(group, verbose)
	}
	for i, left := range r.Left {
		if i == 0 {
			p.linef("\nLEFT BEHIND, to be taken back by hand:")
		}
		p.linef("  %s", left)
	}
	passed, failed, notRun := r.Count()
	p.linef("\n%d assertions hold, %d do not, %d were not run", passed, failed, notRun)
	return p.err
}

// printer keeps the first error of writing.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) linef(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
}

func (p *printer) group(g GroupResult, verbose bool) {
	if g.NotRun != "" {
		p.linef("\n%s: NOT RUN: %s", g.Name, g.NotRun)
		return
	}
	held := 0
	for _, a := range g.Assertions {
		if len(a.Failures) == 0 && a.NotRun == "" {
			held++
		}
	}
	p.linef("\n%s: %d of %d hold (%s)", g.Name, held, len(g.Assertions), g.About)
	for _, a := range g.Assertions {
		switch {
		case len(a.Failures) > 0:
			p.linef("  FAIL %s", a.Name)
			p.linef("       the protocol says: %s", a.Sentence)
			for _, failure := range a.Failures {
				p.linef("       %s", failure)
			}
		case a.NotRun != "":
			p.linef("  NOT RUN %s: %s", a.Name, a.NotRun)
		case verbose:
			p.linef("  ok   %s", a.Name)
		}
	}
}

// WriteJSON writes the report for programs.
func (r *Report) WriteJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(r)
}

// The parts of JUnit's XML that continuous integration reads.
type (
	junitSuites struct {
		XMLName xml.Name     `xml:"testsuites"`
		Suites  []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		Failure *junitFailure `xml:"failure,omitempty"`
		Skipped *junitSkipped `xml:"skipped,omitempty"`
	}
	junitFailure struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
	junitSkipped struct {
		Message string `xml:"message,attr"`
	}
)

// WriteJUnit writes the report as JUnit's XML. What did not run is a skipped case.
func (r *Report) WriteJUnit(w io.Writer) error {
	var all junitSuites
	for _, group := range r.Groups {
		all.Suites = append(all.Suites, group.junit())
	}
	text, err := xml.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s%s\n", xml.Header, text)
	return err
}

func (g GroupResult) junit() junitSuite {
	suite := junitSuite{Name: g.Name, Tests: len(g.Assertions)}
	if g.NotRun != "" {
		suite.Tests, suite.Skipped = 1, 1
		suite.Cases = []junitCase{{Class: g.Name, Name: g.About, Skipped: &junitSkipped{g.NotRun}}}
	}
	for _, a := range g.Assertions {
		test := junitCase{Class: g.Name, Name: a.Name}
		if a.NotRun != "" {
			suite.Skipped++
			test.Skipped = &junitSkipped{a.NotRun}
		}
		if len(a.Failures) > 0 {
			suite.Failures++
			test.Failure = &junitFailure{Message: a.Sentence}
			for _, failure := range a.Failures {
				test.Failure.Text += failure + "\n"
			}
		}
		suite.Cases = append(suite.Cases, test)
	}
	return suite
}
