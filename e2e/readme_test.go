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

// readmeAddress is where the README's registry listens.
const readmeAddress = "127.0.0.1:8080"

// TestTour does what the README's tour says, line by line, beside a real make
// run in a copy of the repository, and compares what the README shows of the
// output. Only the port is another one.
func TestTour(t *testing.T) {
	steps := tour(t)
	if len(steps) < 3 {
		t.Fatalf("the tour has only %d steps", len(steps))
	}
	folder := checkout(t)
	address := freeAddress(t)
	makeRun(t, folder, address)
	output := runTour(t, folder, address, steps)
	for i, step := range steps {
		if i >= len(output) {
			t.Fatalf("the tour ended before:\n%s", step.commands)
		}
		if missing := missingLine(step.shown, output[i], address); missing != "" {
			t.Errorf("after\n%s\nthe README shows the line\n%s\nand the output is\n%s", step.commands, missing, output[i])
		}
	}
}

// step is a block of commands and what the README shows of their output.
type step struct{ commands, shown string }

// tour reads the fenced blocks of the section "Tour…": those marked sh are
// commands, an unmarked one after them is their output.
func tour(t *testing.T) (steps []step) {
	t.Helper()
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## Tour")
	section, _, _ = strings.Cut(section, "\n## ")
	for i, part := range strings.Split(section, "\n```") {
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
			t.Errorf("the tour has a block that is neither commands nor output: ```%s\n%s", language, content)
		}
	}
	return steps
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

// makeRun starts make run, without building again, and waits until it says what
// to try next. When the test ends it gets a Ctrl-C, and nothing may listen then.
func makeRun(t *testing.T, folder, address string) {
	t.Helper()
	command := exec.Command("make", "--old-file=build", "run", "LISTEN="+address, "DATA=./data")
	command.Dir, command.Env = folder, machine(t)
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	output, err := command.StdoutPipe()
	if err == nil {
		command.Stderr = command.Stdout
		err = command.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	ready, ended := make(chan bool, 1), make(chan string, 1)
	go func() {
		ended <- listenTo(output, ready)
		_ = command.Wait() // make calls an interruption a failure
	}()
	t.Cleanup(func() { interrupt(t, command.Process.Pid, ended, address) })
	select {
	case <-ready:
	case said := <-ended:
		ended <- said
		t.Fatal("make run ended by itself")
	case <-time.After(2 * patience):
		t.Fatal("make run is not ready")
	}
}

// listenTo reads to the end of all processes that write to output, and tells
// when the registry is ready.
func listenTo(output io.Reader, ready chan<- bool) (said string) {
	for lines := bufio.NewScanner(output); lines.Scan(); {
		said += lines.Text() + "\n"
		if strings.HasPrefix(lines.Text(), "In another terminal") {
			ready <- true
		}
	}
	return said
}

// interrupt presses Ctrl-C in the terminal of make run.
func interrupt(t *testing.T, group int, ended <-chan string, address string) {
	if err := syscall.Kill(-group, syscall.SIGINT); err != nil {
		t.Logf("interrupting make run: %v", err)
	}
	select {
	case said := <-ended:
		if t.Failed() {
			t.Logf("make run said:\n%s", said)
		}
	case <-time.After(2 * patience):
		t.Errorf("make run goes on after Ctrl-C (%v)", syscall.Kill(-group, syscall.SIGKILL))
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

// runTour runs the steps in one shell, which ends at the first command that
// fails, and gives the output of each.
func runTour(t *testing.T, folder, address string, steps []step) []string {
	t.Helper()
	const border = "--- the next step of the tour ---"
	script := "set -euo pipefail\n"
	for _, step := range steps {
		script += strings.ReplaceAll(step.commands, readmeAddress, address) + "\necho '" + border + "'\n"
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	command := exec.CommandContext(ctx, "bash", "-c", script)
	command.Dir, command.Env = folder, machine(t)
	var messages strings.Builder
	command.Stderr = &messages
	output, err := command.Output()
	if err != nil {
		t.Errorf("the tour ends with %v:\n%s%s", err, output, messages.String())
	}
	parts := strings.Split(string(output), border+"\n")
	return parts[:len(parts)-1]
}

// missingLine gives the first line that is shown and was not printed; "": all
// were, in this order, and next to one another unless "…" stands between them.
func missingLine(shown, output, address string) string {
	rest := strings.Split(normal(output), "\n")
	gap := true
	for line := range strings.Lines(normal(strings.ReplaceAll(shown, readmeAddress, address))) {
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
	return ""
}

// varying is what differs from run to run, or from compiler to compiler.
var varying = regexp.MustCompile(`sha256:[0-9a-f]{64}|\d+ bytes|\d{4}-\d\d-\d\d|\+[0-9a-f]{8}\+[A-Za-z0-9+/=]+`)

func normal(text string) string { return varying.ReplaceAllString(text, "~") }

func TestMissingLine(t *testing.T) {
	const output = "first\nsize 12 bytes\nthird\nfourth\n"
	for shown, want := range map[string]string{
		"":                              "",
		"first\n":                       "",
		"third\nfourth\n":               "",
		"size 99 bytes\n…\nfourth\n":    "",
		"first\nthird\n":                "third",
		"fourth\nfirst\n":               "first",
		"firs\n":                        "firs",
		"first\n…\nfifth\n":             "fifth",
		"third\nfourth\n\n":             "",
		"at " + readmeAddress + "\n":    "at 127.0.0.1:1",
		"first\n  …\nthird\n…\nthird\n": "third",
	} {
		if got := missingLine(shown, output, "127.0.0.1:1"); got != want {
			t.Errorf("of %q it misses %q, want %q", shown, got, want)
		}
	}
}
