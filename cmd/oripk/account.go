package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/client"
)

func (a *app) whoamiCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "whoami",
		Short: "Show whose the token is and what it may do",
		Args:  exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.client(client.Options{})
			if err != nil {
				return err
			}
			me, err := c.Me(cmd.Context())
			if err != nil {
				return err
			}
			out := whoamiResult{c.URL(), c.TokenFrom(), me}
			return a.result(out, func(w io.Writer) { printMe(w, out) })
		},
	}
}

// whoamiResult is the JSON of whoami.
type whoamiResult struct {
	Registry  string `json:"registry"`
	TokenFrom string `json:"token_from"`
	*api.Me
}

func printMe(w io.Writer, me whoamiResult) {
	fmt.Fprintln(w, client.Printable(me.User.Login))
	row(w, "registry", me.Registry)
	if me.User.Operator {
		row(w, "operator", "yes")
	}
	printToken(w, me.Token)
	row(w, "token from", me.TokenFrom)
	for _, s := range me.Scopes {
		row(w, "scope", fmt.Sprintf("@%s (%s)", strings.TrimPrefix(s.Scope, "@"), s.Role))
	}
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Show the version of this program",
		Long:  "Show the version of this program.\n\nWith --json: version, protocol, go and commit, null when the build has recorded none.",
		Args:  exactly(),
		RunE: func(*cobra.Command, []string) error {
			out := newVersionResult()
			return a.result(out, func(w io.Writer) {
				io.WriteString(w, versionLine(out))
			})
		},
	}
}

// versionResult is the JSON of version.
type versionResult struct {
	Version  string  `json:"version"`
	Protocol string  `json:"protocol"`
	Go       string  `json:"go"`
	Commit   *string `json:"commit"`
}

func versionLine(v versionResult) string {
	return fmt.Sprintf("oripk %s, protocol %s\n", v.Version, v.Protocol)
}

func newVersionResult() versionResult {
	out := versionResult{Version: programVersion(), Protocol: api.ProtocolVersion, Go: runtime.Version()}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return out
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			out.Commit = &s.Value
		}
	}
	return out
}
