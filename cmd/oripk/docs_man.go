package main

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// manual is the page of a command in section 1, as groff and mandoc read it.
func manual(cmd *cobra.Command) []byte {
	var b bytes.Buffer
	name := strings.ReplaceAll(cmd.CommandPath(), " ", "-")
	fmt.Fprintf(&b, ".TH %s 1 \"\" \"oripk\" \"Packages of the Ori language\"\n", escapeRoff(strings.ToUpper(name)))
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n", escapeRoff(name), escapeRoff(cmd.Short))
	fmt.Fprintf(&b, ".SH SYNOPSIS\n.nf\n%s\n.fi\n", escapeRoff(synopsis(cmd)))
	b.WriteString(".SH DESCRIPTION\n")
	for _, p := range textOfCommand(cmd) {
		if p.verbatim {
			fmt.Fprintf(&b, ".PP\n.nf\n%s\n.fi\n", escapeRoff(p.text))
			continue
		}
		fmt.Fprintf(&b, ".PP\n%s\n", escapeRoff(p.text))
	}
	roffList(&b, "COMMANDS", commandsOf(cmd))
	roffList(&b, "OPTIONS", optionsOf(cmd.NonInheritedFlags()))
	roffList(&b, "OPTIONS OF EVERY COMMAND", optionsOf(cmd.InheritedFlags()))
	if cmd.Example != "" {
		fmt.Fprintf(&b, ".SH EXAMPLES\n.nf\n%s\n.fi\n", escapeRoff(cmd.Example))
	}
	if cmd.HasParent() {
		fmt.Fprintf(&b, ".SH SEE ALSO\n.BR %s (1)\n", escapeRoff(strings.ReplaceAll(cmd.Parent().CommandPath(), " ", "-")))
	}
	return b.Bytes()
}

func synopsis(cmd *cobra.Command) string {
	if cmd.HasSubCommands() {
		return cmd.CommandPath() + " COMMAND"
	}
	return cmd.UseLine()
}

// commandsOf are the commands that a command holds.
func commandsOf(cmd *cobra.Command) (all []option) {
	for _, c := range cmd.Commands() {
		if !c.Hidden && c.Name() != "help" {
			all = append(all, option{c.CommandPath(), c.Short})
		}
	}
	return all
}

func roffList(b *bytes.Buffer, title string, options []option) {
	if len(options) == 0 {
		return
	}
	fmt.Fprintf(b, ".SH %s\n", title)
	for _, o := range options {
		fmt.Fprintf(b, ".TP\n.B %s\n%s\n", escapeRoff(o.typed), escapeRoff(o.does))
	}
}

// escapeRoff keeps text what it is: no requests, no escapes, and hyphens that
// can be copied.
func escapeRoff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`, "…", "...").Replace(text)
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}
