package main

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// markdown is docs/cli.md.
func markdown(root *cobra.Command) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# The commands of %s\n\n", root.Name())
	b.WriteString("`make docs` makes this page of the commands' own help; change it there. What is settled where, and how to\n" +
		"use it from scripts, stands in [client.md](client.md).\n\n")
	for _, group := range root.Groups() {
		fmt.Fprintf(&b, "%s\n\n", group.Title)
		for _, c := range root.Commands() {
			if c.GroupID == group.ID && !c.Hidden {
				fmt.Fprintf(&b, "- [%s](#%s): %s\n", c.Name(), anchor(c), escapeMarkdown(c.Short))
			}
		}
		b.WriteString("\n")
	}
	for _, c := range documented(root) {
		writeSection(&b, c)
	}
	return append(bytes.TrimRight(b.Bytes(), "\n"), '\n')
}

// anchor is how a page is linked to a heading.
func anchor(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }

func writeSection(b *bytes.Buffer, cmd *cobra.Command) {
	fmt.Fprintf(b, "## %s\n\n", cmd.CommandPath())
	if cmd.Runnable() && !cmd.HasSubCommands() {
		fmt.Fprintf(b, "```\n%s\n```\n\n", cmd.UseLine())
	}
	for _, p := range textOfCommand(cmd) {
		if p.verbatim {
			fmt.Fprintf(b, "```\n%s\n```\n\n", p.text)
			continue
		}
		fmt.Fprintf(b, "%s\n\n", escapeMarkdown(p.text))
	}
	if cmd.Example != "" {
		fmt.Fprintf(b, "```sh\n%s\n```\n\n", strings.ReplaceAll(strings.TrimPrefix(cmd.Example, "  "), "\n  ", "\n"))
	}
	if cmd.HasParent() {
		writeOptions(b, "", optionsOf(cmd.NonInheritedFlags()))
		return
	}
	writeOptions(b, "Every command takes:\n\n", optionsOf(cmd.PersistentFlags()))
}

func writeOptions(b *bytes.Buffer, title string, options []option) {
	if len(options) == 0 {
		return
	}
	b.WriteString(title)
	for _, o := range options {
		fmt.Fprintf(b, "- `%s`: %s\n", o.typed, escapeMarkdown(o.does))
	}
	b.WriteString("\n")
}

// escapeMarkdown keeps text what it is.
func escapeMarkdown(text string) string {
	return strings.NewReplacer("\\", "\\\\", "`", "\\`", "*", "\\*", "<", "\\<", "[", "\\[").Replace(text)
}
