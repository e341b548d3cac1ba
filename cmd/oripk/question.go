package main

import (
	"context"
	"fmt"
	"strings"
)

// confirm asks a question; anything but yes is an error, which says that it is
// not done.
func (a *app) confirm(ctx context.Context, question, done string) error {
	fmt.Fprintf(a.stderr, "%s [y/N] ", question)
	answer, err := interruptible(ctx, a.readLine)
	if err != nil {
		fmt.Fprintln(a.stderr)
		return err
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return nil
	}
	return declined{done}
}

// declined is the answer no.
type declined struct{ done string }

func (d declined) Error() string { return "not " + d.done + ": the answer was not yes" }
