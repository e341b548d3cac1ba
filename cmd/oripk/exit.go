package main

import (
	"fmt"

	"github.com/fatih/color"
)

// Exit codes; longHelp says what they mean.
const (
	exitOK       = 0
	exitFailed   = 1
	exitUsage    = 2
	exitMismatch = 3
	exitAuth     = 4
	exitNotFound = 5
	exitConflict = 6
	exitNetwork  = 7
)

// usageError is a command line, or a setting, that cannot be carried out.
type usageError struct {
	What string
	Why  string // "": that is plain
	Try  string
}

func (e *usageError) Error() string { return e.What }

// explanation is an error in the words of this program.
type explanation struct {
	Code      string   `json:"code"`
	Message   string   `json:"message"` // what
	Details   []string `json:"details"` // why
	Places    []place  `json:"places"`  // in oripk.toml
	Hint      string   `json:"hint"`    // what next
	ExitCode  int      `json:"exit_code"`
	Faults    []fault  `json:"faults"` // every single one, where there can be several
	RequestID string   `json:"request_id,omitempty"`

	local bool // whichever line of oripk.toml was at work, it would have failed
}

// fail shows err and gives its exit code.
func (a *app) fail(err error) int {
	e := explain(err)
	if a.edited && len(e.Places) > 0 {
		e.Details = append(e.Details, "the lines are as they would have become; oripk.toml was left as it is")
	}
	fmt.Fprintf(a.stderr, "%s %s\n", a.paint(a.stderr, color.FgRed, "error:"), e.Message)
	a.printPlaces(a.stderr, e.Places)
	for _, line := range e.Details {
		fmt.Fprintf(a.stderr, "  why: %s\n", line)
	}
	if e.Hint != "" {
		fmt.Fprintf(a.stderr, "  try: %s\n", e.Hint)
	}
	if a.json {
		a.printJSON(map[string]explanation{"error": e})
	}
	return e.ExitCode
}
