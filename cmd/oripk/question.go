package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"
)

// confirm asks a question; anything but yes is an error, which says that it is
// not done.
func (a *app) confirm(ctx context.Context, question, done string) error {
	fmt.Fprintf(a.stderr, "%s [y/N] ", question)
	answers := make(chan string, 1)
	go func() { // reading a terminal cannot be cancelled; the program ends soon after
		line, _ := bufio.NewReader(io.LimitReader(a.stdin, 1024)).ReadString('\n')
		answers <- strings.ToLower(strings.TrimSpace(line))
	}()
	select {
	case <-ctx.Done():
		fmt.Fprintln(a.stderr)
		return ctx.Err()
	case answer := <-answers:
		if answer == "y" || answer == "yes" {
			return nil
		}
		return declined{done}
	}
}

// declined is the answer no.
type declined struct{ done string }

func (d declined) Error() string { return "not " + d.done + ": the answer was not yes" }
