package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"

	"golang.org/x/term"
)

func isTerminal(stream any) bool {
	if wrapped, ok := stream.(*output); ok {
		stream = wrapped.Writer
	}
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// interruptible waits for what cannot be cancelled, such as somebody at a
// terminal; the program ends soon after an interruption.
func interruptible(ctx context.Context, read func() (string, error)) (string, error) {
	type answer struct {
		line string
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		line, err := read()
		answers <- answer{line, err}
	}()
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case a := <-answers:
		return a.line, a.err
	}
}

// readLine reads a line of standard input, whose end may be missing.
func (a *app) readLine() (string, error) {
	const longest = 8 << 10
	line, err := bufio.NewReader(io.LimitReader(a.stdin, longest)).ReadString('\n')
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return line, err
}

// readHidden reads a line of the terminal without its echo, which an
// interruption must not leave switched off.
func (a *app) readHidden(ctx context.Context) (string, error) {
	terminal := int(a.stdin.(*os.File).Fd())
	before, err := term.GetState(terminal)
	if err != nil {
		return "", err
	}
	defer term.Restore(terminal, before)
	return interruptible(ctx, func() (string, error) {
		line, err := term.ReadPassword(terminal)
		if errors.Is(err, io.EOF) {
			err = nil
		}
		return string(line), err
	})
}
