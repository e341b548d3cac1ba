package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode"

	"github.com/fatih/color"
	"github.com/rivo/uniseg"
	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/ori-lang/registry/client"
)

// output remembers that something written to it was lost.
type output struct {
	io.Writer
	err error
}

func (o *output) Write(p []byte) (int, error) {
	n, err := o.Writer.Write(p)
	if o.err == nil {
		o.err = err
	}
	return n, err
}

// lost is the error of the first write that failed.
func (o *output) lost() error {
	if o.err == nil {
		return nil
	}
	return &lostError{o.err}
}

// lostError says that a command did its work, and its output did not arrive.
type lostError struct{ err error }

func (e *lostError) Error() string { return "the output could not be written: " + e.err.Error() }

// step tells what is being done; --quiet leaves it out.
func (a *app) step(format string, args ...any) {
	if !a.quiet {
		fmt.Fprintf(a.stderr, format+"\n", args...)
	}
}

// result prints the outcome: value as JSON, or else what human prints.
func (a *app) result(value any, human func(w io.Writer)) error {
	if a.json {
		return a.printJSON(value)
	}
	human(a.stdout)
	return nil
}

// refuseJSON is for commands that print a text of some other form.
func (a *app) refuseJSON(what string, cmd *cobra.Command) error {
	if !a.json {
		return nil
	}
	return &usageError{What: what + " cannot be printed as JSON", Try: cmd.CommandPath() + ", without --json"}
}

func (a *app) printJSON(value any) error {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(withLists(value)); err != nil {
		return fmt.Errorf("printing JSON: %w", err)
	}
	_, err := a.stdout.Write(escapeInvisible(b.Bytes()))
	return err
}

// escapeInvisible writes what a terminal might obey as JSON escapes. Such
// characters stand only inside the strings of a JSON text; encoding/json has
// escaped those below U+0020.
func escapeInvisible(text []byte) []byte {
	var out bytes.Buffer
	for _, r := range string(text) {
		if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) && r <= 0xffff {
			fmt.Fprintf(&out, `\u%04x`, r)
			continue
		}
		if r > 0xffff && unicode.Is(unicode.Cf, r) {
			fmt.Fprintf(&out, `\u%04x\u%04x`, 0xd800+(r-0x10000)>>10, 0xdc00+(r-0x10000)&0x3ff)
			continue
		}
		out.WriteRune(r)
	}
	return out.Bytes()
}

// paint colours text for a terminal, unless NO_COLOR is set.
func (a *app) paint(w io.Writer, c color.Attribute, text string) string {
	if !isTerminal(w) || a.getenv("NO_COLOR") != "" || a.getenv("TERM") == "dumb" {
		return text
	}
	painter := color.New(c)
	painter.EnableColor()
	return painter.Sprint(text)
}

// progress shows a bar on a terminal. done must be called at the end.
func (a *app) progress(what string) (tell client.Progress, done func()) {
	if a.quiet || !isTerminal(a.stderr) {
		return nil, func() {}
	}
	var bar *progressbar.ProgressBar
	tell = func(moved, total int64) {
		if bar == nil {
			bar = progressbar.NewOptions64(total,
				progressbar.OptionSetWriter(a.stderr), progressbar.OptionSetDescription(what),
				progressbar.OptionShowBytes(true), progressbar.OptionThrottle(100*time.Millisecond),
				progressbar.OptionClearOnFinish())
		}
		// A bar that cannot be drawn is no reason to stop.
		_ = bar.Set64(moved)
	}
	return tell, func() {
		if bar != nil {
			_ = bar.Clear()
		}
	}
}

// syncProgress shows one bar for all packages, with their number and bytes.
func (a *app) syncProgress() (tell func(client.SyncProgress), done func()) {
	if a.quiet || !isTerminal(a.stderr) {
		return nil, func() {}
	}
	bar := progressbar.NewOptions64(-1,
		progressbar.OptionSetWriter(a.stderr), progressbar.OptionShowBytes(true),
		progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
	tell = func(p client.SyncProgress) {
		bar.ChangeMax64(max(p.BytesTotal, 1))
		bar.Describe(fmt.Sprintf("fetching %d/%d packages", p.Packages, p.PackagesTotal))
		// A bar that cannot be drawn is no reason to stop.
		_ = bar.Set64(min(p.Bytes, max(p.BytesTotal, 1)-1))
	}
	return tell, func() { _ = bar.Clear() }
}

// bytesOf prints a size for people, in units of 1,000.
func bytesOf(n int64) string {
	const unit = 1000
	switch {
	case n < unit:
		return fmt.Sprintf("%d B", n)
	case n < unit*unit:
		return fmt.Sprintf("%.1f kB", float64(n)/unit)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/unit/unit)
}

// counted prints "1 file", "2 files".
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// row prints one line of a list of properties, nothing when there is no value.
func row(w io.Writer, name, value string) {
	if value = client.Printable(value); value != "" {
		fmt.Fprintf(w, "  %-12s %s\n", name, value)
	}
}

// table prints rows in columns that line up, cut to the width of a terminal.
func table(w io.Writer, rows [][]string) {
	var widths []int
	for _, cells := range rows {
		for i, cell := range cells {
			cells[i] = client.Printable(cell)
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], uniseg.StringWidth(cells[i]))
		}
	}
	limit := widthOf(w)
	for _, cells := range rows {
		var line strings.Builder
		for i, cell := range cells {
			line.WriteString(cell)
			if i < len(cells)-1 {
				line.WriteString(strings.Repeat(" ", 2+widths[i]-uniseg.StringWidth(cell)))
			}
		}
		fmt.Fprintln(w, cut(strings.TrimRight(line.String(), " "), limit))
	}
}

// widthOf gives the columns of a terminal, 0 for anything else.
func widthOf(w io.Writer) int {
	if wrapped, ok := w.(*output); ok {
		w = wrapped.Writer
	}
	f, ok := w.(*os.File)
	if !ok {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return width
}

// cut shortens text to as many columns, and says so by a dot; 0: not at all.
func cut(text string, columns int) string {
	if columns <= 0 || uniseg.StringWidth(text) <= columns {
		return text
	}
	var b strings.Builder
	for used, state := 0, -1; text != ""; {
		cluster, rest, width, next := uniseg.FirstGraphemeClusterInString(text, state)
		if used+width > columns-1 {
			break
		}
		b.WriteString(cluster)
		used, text, state = used+width, rest, next
	}
	return strings.TrimRight(b.String(), " ") + "…"
}
