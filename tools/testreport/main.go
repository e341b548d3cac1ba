// Command testreport reads the events of "go test -json" from standard input
// and prints what a reader needs: one line a package as go test itself closes
// it, the whole output of every test that failed, and a last line that counts.
//
// It exits with 1 when a test failed, when a package did not compile or did not
// finish, when a test was skipped, and when nothing ran at all: a suite that was
// skipped has shown nothing, so it does not count as passed.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
)

func main() {
	report := newReport(os.Stdout)
	if err := report.readAll(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "testreport: reading the events of go test:", err)
		os.Exit(1)
	}
	if !report.close() {
		os.Exit(1)
	}
}

// event is one line of "go test -json" (see "go doc test2json").
type event struct {
	Action  string
	Package string
	Test    string // empty: the package as a whole
	Output  string
}

// id names a test; the zero Test stands for the package as a whole.
type id struct{ Package, Test string }

func (i id) String() string { return strings.TrimSpace(i.Package + " " + i.Test) }

// report gathers the events. Output is held back until it is known whether its
// test failed, and dropped when it did not.
type report struct {
	out      io.Writer
	held     map[id]*strings.Builder
	running  map[string]bool // packages without an outcome
	packages int
	passed   int
	failed   []id
	skipped  []id
}

func newReport(out io.Writer) *report {
	return &report{out: out, held: map[id]*strings.Builder{}, running: map[string]bool{}}
}

// readAll takes every line of src; a line that is no event is printed as it is.
func (r *report) readAll(src io.Reader) error {
	lines := bufio.NewReader(src)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			r.readLine(line)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (r *report) readLine(line string) {
	var e event
	if json.Unmarshal([]byte(line), &e) != nil || e.Action == "" {
		fmt.Fprint(r.out, line)
		return
	}
	r.take(e)
}

func (r *report) take(e event) {
	at := id{e.Package, e.Test}
	switch e.Action {
	case "start":
		r.running[e.Package] = true
	case "output":
		r.output(at, e.Output)
	case "build-output":
		fmt.Fprint(r.out, e.Output)
	case "pass", "skip", "fail":
		r.outcome(at, e.Action)
	}
}

// output prints the line with which go test closes a package, and holds back the rest.
func (r *report) output(at id, text string) {
	if at.Test == "" && isClosing(text) {
		fmt.Fprint(r.out, text)
		return
	}
	if strings.HasPrefix(text, "=== ") {
		return
	}
	if r.held[at] == nil {
		r.held[at] = &strings.Builder{}
	}
	r.held[at].WriteString(text)
}

func isClosing(line string) bool {
	return strings.HasPrefix(line, "ok  \t") || strings.HasPrefix(line, "FAIL\t") || strings.HasPrefix(line, "?   \t")
}

func (r *report) outcome(at id, action string) {
	if at.Test == "" {
		r.packageOutcome(at.Package, action)
		return
	}
	switch action {
	case "pass":
		r.passed++
	case "skip":
		r.skipped = append(r.skipped, at)
	case "fail":
		r.failed = append(r.failed, at)
		r.print(at)
	}
	delete(r.held, at)
}

// packageOutcome closes a package. Go test reports one without test files as
// skipped; that is no skipped test. Tests that a crash cut short have no outcome
// of their own, so a failed package prints whatever is still held.
func (r *report) packageOutcome(pkg, action string) {
	delete(r.running, pkg)
	if action == "pass" {
		r.packages++
	}
	if action == "fail" {
		r.failed = append(r.failed, id{Package: pkg})
	}
	for _, at := range r.heldOf(pkg) {
		if action == "fail" {
			r.print(at)
		}
		delete(r.held, at)
	}
}

func (r *report) heldOf(pkg string) []id {
	ids := slices.DeleteFunc(slices.Collect(maps.Keys(r.held)), func(i id) bool { return i.Package != pkg })
	slices.SortFunc(ids, func(a, b id) int { return strings.Compare(a.Test, b.Test) })
	return ids
}

func (r *report) print(at id) {
	if text := r.held[at]; text != nil {
		fmt.Fprint(r.out, text)
	}
}

// close prints the last line and tells whether the run counts as passed.
func (r *report) close() bool {
	for _, pkg := range slices.Sorted(maps.Keys(r.running)) {
		r.failed = append(r.failed, id{Package: pkg, Test: "(did not finish)"})
	}
	r.list("failed", r.failed)
	r.list("skipped, which counts as failed", r.skipped)
	ok := len(r.failed)+len(r.skipped) == 0 && r.passed > 0
	verdict := "FAILED"
	if ok {
		verdict = "PASSED"
	}
	fmt.Fprintf(r.out, "%s: %d tests passed in %d packages, %d failures, %d skipped\n",
		verdict, r.passed, r.packages, len(r.failed), len(r.skipped))
	return ok
}

func (r *report) list(what string, ids []id) {
	for _, at := range ids {
		fmt.Fprintf(r.out, "%s: %s\n", what, at)
	}
}
