package main

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/fatih/color"

	"github.com/ori-lang/registry/archive"
	"github.com/ori-lang/registry/client"
	"github.com/ori-lang/registry/manifest"
)

// place is a line of the user's own manifest that an error is about.
type place struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
	Label  string `json:"label"` // what this line has to do with it
}

func newPlace(at manifest.Position, label string) place {
	return place{archive.ManifestName, at.Line, at.Column, client.Printable(label)}
}

// printPlaces shows the lines with their labels below, as a compiler does:
//
//	 --> oripk.toml:12:1
//	   |
//	12 | @acme/url = "0.9.2"
//	   | ^^^^^^^^^ requires 0.9.2
func (a *app) printPlaces(w io.Writer, places []place) {
	lines := strings.Split(string(a.manifest), "\n")
	for _, p := range places {
		if p.Line < 1 || p.Line > len(lines) {
			continue
		}
		text := client.PrintableLine(strings.TrimRight(lines[p.Line-1], "\r"))
		number := fmt.Sprint(p.Line)
		gutter := strings.Repeat(" ", len(number))
		bar := a.paint(w, color.FgBlue, "|")
		fmt.Fprintf(w, " %s%s %s:%d:%d\n", gutter, a.paint(w, color.FgBlue, "-->"), p.File, p.Line, p.Column)
		fmt.Fprintf(w, " %s %s\n", gutter, bar)
		fmt.Fprintf(w, " %s %s %s\n", a.paint(w, color.FgBlue, number), bar, text)
		marks := strings.Repeat("^", keyWidth(text, p.Column)) + " " + p.Label
		fmt.Fprintf(w, " %s %s %s%s\n", gutter, bar, strings.Repeat(" ", p.Column-1), a.paint(w, color.FgRed, marks))
	}
}

// keyWidth is the length of the key, or the table's name, that begins at a column.
func keyWidth(line string, column int) int {
	rest := []rune(line)
	if column < 1 || column > len(rest) {
		return 1
	}
	key := string(rest[column-1:])
	if end := strings.IndexAny(key, "=]"); end >= 0 {
		key = key[:end]
	}
	return max(1, utf8.RuneCountInString(strings.TrimRight(key, " \t")))
}
