package e2e

import (
	"bufio"
	"context"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestREADME does what the README's tour says, line by line, beside a real make
// run in a copy of the repository, and compares what the README shows of the
// output. Only the port is another one.
func TestREADME(t *testing.T) {
	text := readPage(t, "../README.md")
	_, section, _ := strings.Cut(text, "\n## Tour")
	section, _, _ = strings.Cut(section, "\n## ")
	place := newPlace(t, "127.0.0.1:8080")
	place.serve(t, "In another terminal", "make", "--old-file=build", "run", "LISTEN="+place.address, "DATA=./data")
	place.check(t, stepsOf(t, section))
}

// TestTour does the same with the tour of fifteen minutes, which starts its
// registry by itself, in a terminal of its own.
func TestTour(t *testing.T) {
	steps := stepsOf(t, readPage(t, "../docs/tour.md"))
	place := newPlace(t, "127.0.0.1:8081")
	server := place.here(steps[0].commands)
	said := place.serve(t, "Stop:", "bash", "-c", "exec "+server)
	place.compare(t, steps[0], said)
	place.check(t, steps[1:])
}

func readPage(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// step is a block of commands and what the page shows of their output.
type step struct{ commands, shown string }

// stepsOf reads the fenced blocks of a page: those marked sh are commands, an
// unmarked one after them is their output.
func stepsOf(t *testing.T, page string) (steps []step) {
	t.Helper()
	for i, part := range strings.Split(page, "\n```") {
		if i%2 == 0 {
			continue // between two blocks
		}
		language, content, _ := strings.Cut(part, "\n")
		switch {
		case language == "sh":
			steps = append(steps, step{commands: content})
		case language == "" && len(steps) > 0:
			steps[len(steps)-1].shown = content
		default:
			t.Errorf("the page has a block that is neither commands nor output: ```%s\n%s", language, content)
		}
	}
	if len(steps) < 3 {
		t.Fatalf("the page has only %d steps", len(steps))
	}
	return steps
}

// place is a copy of the repository, on a machine of somebody who has just
// logged in.
type place struct {
	folder  string
	written string // the address of the registry, as the page has it
	address string // and as it is
}

func newPlace(t *testing.T, written string) *place {
	t.Helper()
	return &place{folder: checkout(t), written: written, address: freeAddress(t)}
}

// here gives a text of the page as it would be written about this place.
func (p *place) here(text string) string {
	return strings.NewReplacer(p.written, p.address, writtenFolder, p.folder).Replace(text)
}

// writtenFolder is where the pages have the copy of the repository.
const writtenFolder = "/home/you/ori"

// check runs the steps and compares their output with what is shown of it.
func (p *place) check(t *testing.T, steps []step) {
	t.Helper()
	output := p.run(t, steps)
	for i, step := range steps {
		if i >= len(output) {
			t.Fatalf("the tour ended before:\n%s", step.commands)
		}
		p.compare(t, step, output[i])
	}
}

func (p *place) compare(t *testing.T, s step, output string) {
	t.Helper()
	if s.shown == "" {
		return
	}
	if line := difference(p.here(s.shown), output); line != "" {
		t.Errorf("after\n%s\nwhat the page shows differs from the output in the line\n%s\nThe output is\n%s", s.commands, line, output)
	}
}

// checkout makes a folder with what make run needs, built already.
func checkout(t *testing.T) (folder string) {
	t.Helper()
	folder = t.TempDir()
	text, err := os.ReadFile("../Makefile")
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, "Makefile"), text, 0o600)
	}
	if err == nil {
		err = copyExamples(filepath.Join(folder, "examples"))
	}
	if err == nil {
		err = os.CopyFS(filepath.Join(folder, "scripts"), os.DirFS("../scripts"))
	}
	if err == nil {
		err = os.CopyFS(filepath.Join(folder, "bin"), os.DirFS(binaries(t)))
	}
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

// freeAddress gives an address that was free a moment ago.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// serve starts a registry in a terminal of its own, and gives what it says up to
// the line that begins with last. When the test ends it gets a Ctrl-C, and nothing
// may listen then.
func (p *place) serve(t *testing.T, last, program string, args ...string) (said string) {
	t.Helper()
	command := exec.Command(program, args...)
	command.Dir, command.Env = p.folder, machine(t)
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	output, err := command.StdoutPipe()
	if err == nil {
		command.Stderr = command.Stdout
		err = command.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	ready, ended := make(chan string, 1), make(chan string, 1)
	go func() {
		ended <- listenTo(output, last, ready)
		_ = command.Wait() // make calls an interruption a failure
	}()
	t.Cleanup(func() { interrupt(t, command.Process.Pid, ended, p.address) })
	select {
	case said = <-ready:
	case said = <-ended:
		ended <- said
		t.Fatal("the registry ended by itself")
	case <-time.After(2 * patience):
		t.Fatal("the registry is not ready")
	}
	return said
}

// listenTo reads to the end of all processes that write to output, and tells
// what they have said when the line comes that begins with last.
func listenTo(output io.Reader, last string, ready chan<- string) (said string) {
	for lines := bufio.NewScanner(output); lines.Scan(); {
		said += lines.Text() + "\n"
		if strings.HasPrefix(lines.Text(), last) {
			ready <- said
		}
	}
	return said
}

// interrupt presses Ctrl-C in the terminal of a registry.
func interrupt(t *testing.T, group int, ended <-chan string, address string) {
	if err := syscall.Kill(-group, syscall.SIGINT); err != nil {
		t.Logf("interrupting the registry: %v", err)
	}
	select {
	case said := <-ended:
		if t.Failed() {
			t.Logf("the registry said:\n%s", said)
		}
	case <-time.After(2 * patience):
		t.Errorf("the registry goes on after Ctrl-C (%v)", syscall.Kill(-group, syscall.SIGKILL))
	}
	if connection, err := net.Dial("tcp", address); err == nil {
		connection.Close()
		t.Errorf("after Ctrl-C something still listens on %s", address)
	}
}

// machine is the environment of somebody who has just logged in.
func machine(t *testing.T) []string {
	home := t.TempDir()
	return []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "TMPDIR=" + home, "LANG=C.UTF-8"}
}

// run runs the steps in one shell, which ends at the first command that fails,
// and gives what each has put on the terminal.
func (p *place) run(t *testing.T, steps []step) []string {
	t.Helper()
	const border = "--- the next step of the tour ---"
	script := "set -euo pipefail\nexec 2>&1\n"
	for _, step := range steps {
		script += p.here(step.commands) + "\necho '" + border + "'\n"
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	command := exec.CommandContext(ctx, "bash", "-c", script)
	command.Dir, command.Env = p.folder, machine(t)
	output, err := command.Output()
	if err != nil {
		t.Errorf("the tour ends with %v:\n%s", err, output)
	}
	parts := strings.Split(string(output), border+"\n")
	return parts[:len(parts)-1]
}

// difference gives the first line that is shown and was not printed, or that was
// printed and is not shown, although no "…" stands in its place; "": there is none.
func difference(shown, output string) string {
	rest := strings.Split(strings.TrimSuffix(normal(output), "\n"), "\n")
	gap := false
	for line := range strings.Lines(normal(shown)) {
		line = strings.TrimSuffix(line, "\n")
		if strings.TrimSpace(line) == "…" {
			gap = true
			continue
		}
		for gap && len(rest) > 0 && rest[0] != line {
			rest = rest[1:]
		}
		if len(rest) == 0 || rest[0] != line {
			return line
		}
		rest, gap = rest[1:], false
	}
	if len(rest) > 0 && !gap {
		return rest[0]
	}
	return ""
}

// varying is what differs from run to run, or from compiler to compiler.
var varying = regexp.MustCompile(`sha256:[0-9a-f]{64}|\+[0-9a-f]{8}\+[A-Za-z0-9+/=]+|[A-Za-z0-9+/]{43}=|` + // hashes, keys
	`\b(ori|t)_[A-Za-z0-9]+|\d{4}-\d\d-\d\d|\d\d:\d\d:\d\d|\d+ bytes|[\d.]+ k?B\b`)

func normal(text string) string { return varying.ReplaceAllString(text, "~") }

func TestDifference(t *testing.T) {
	const output = "first\nsize 12 bytes\nthird\nfourth\n"
	for shown, want := range map[string]string{
		"first\nsize 99 bytes\nthird\nfourth": "",
		"…\nfourth\n":                         "",
		"first\n  …\n":                        "",
		"…\nthird\nfourth\n":                  "",
		"first\nthird\n…\n":                   "third",
		"…\nfourth\nfirst\n":                  "first",
		"firs\n…\n":                           "firs",
		"first\n…\nfifth\n":                   "fifth",
		"third\n…\n":                          "third",
		"first\nsize 9 bytes\nthird\n":        "fourth",
		"first\n  …\nthird\n…\nthird\n":       "third",
	} {
		if got := difference(shown, output); got != want {
			t.Errorf("%q differs in %q, want %q", shown, got, want)
		}
	}
}
