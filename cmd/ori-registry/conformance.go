package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ori-lang/registry/conformance"
)

// The variables that the tokens are taken from where no flag gives them: what
// stands on a command line is seen by everybody on the machine.
var tokenVariables = map[string]string{
	"token": "ORI_CONFORMANCE_TOKEN", "other-token": "ORI_CONFORMANCE_OTHER_TOKEN", "operator-token": "ORI_CONFORMANCE_OPERATOR_TOKEN",
}

func (p *program) conformance() *cobra.Command {
	var o conformance.Options
	var format string
	var verbose, list bool
	cmd := &cobra.Command{
		Use:   "conformance",
		Short: "Hold a registry, of whoever wrote it, against the protocol",
		Long: `Hold the registry at a URL against the protocol, over HTTP alone. Each assertion
names the sentence of the protocol that it holds. What a token is missing for is
reported as not run. It exits with 1 when something does not hold.

It works in scopes of its own, which stay when it is done; use a registry for tests.

The tokens can stand in the environment instead: ORI_CONFORMANCE_TOKEN,
ORI_CONFORMANCE_OTHER_TOKEN and ORI_CONFORMANCE_OPERATOR_TOKEN.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if list {
				return p.listGroups()
			}
			if err := checkConformance(o, format); err != nil {
				return err
			}
			for name, value := range map[string]*string{"token": &o.Token, "other-token": &o.OtherToken, "operator-token": &o.OperatorToken} {
				if *value == "" {
					*value = variable(p.environ, tokenVariables[name])
				}
			}
			report, err := conformance.Run(cmd.Context(), o)
			if err != nil {
				return err
			}
			return p.showConformance(report, format, verbose)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.URL, "url", "", "base URL of the registry")
	flags.StringVar(&o.Token, "token", "", "token of an account, with the scope admin and for all packages")
	flags.StringVar(&o.OtherToken, "other-token", "", "token of another account, the same")
	flags.StringVar(&o.OperatorToken, "operator-token", "", "token of an operator, with the scope admin")
	flags.StringSliceVar(&o.Groups, "group", nil, "run these groups only, with commas between them (see --list)")
	flags.DurationVar(&o.Timeout, "timeout", 30*time.Second, "for one call")
	flags.StringVar(&format, "format", "text", "of the report: text, json or junit")
	flags.BoolVarP(&verbose, "verbose", "v", false, "list what holds, too")
	flags.BoolVar(&list, "list", false, "list the groups and end")
	return cmd
}

var formats = []string{"text", "json", "junit"}

func checkConformance(o conformance.Options, format string) error {
	switch {
	case o.URL == "":
		return usageError{errors.New("name the registry with --url, such as --url http://127.0.0.1:8080")}
	case !slices.Contains(formats, format):
		return usageError{fmt.Errorf("the format (--format) is %q; %s are those that there are", format, strings.Join(formats, ", "))}
	case o.Timeout <= 0:
		return usageError{errors.New("the timeout (--timeout) is not longer than 0; write a duration such as 30s")}
	}
	return nil
}

// variable gives the value of a variable, "" when there is none.
func variable(environ []string, name string) string {
	for _, line := range environ {
		if value, ok := strings.CutPrefix(line, name+"="); ok {
			return value
		}
	}
	return ""
}

func (p *program) listGroups() error {
	for _, group := range conformance.Groups() {
		needs := ""
		if len(group.Needs) > 0 {
			needs = "; needs --" + strings.Join(group.Needs, ", --")
		}
		if group.Named {
			needs += "; runs only when it is named"
		}
		if _, err := fmt.Fprintf(p.stdout, "%-12s %s%s\n", group.Name, group.About, needs); err != nil {
			return err
		}
	}
	return nil
}

func (p *program) showConformance(report *conformance.Report, format string, verbose bool) error {
	write := map[string]func(io.Writer) error{
		"text":  func(w io.Writer) error { return report.WriteText(w, verbose) },
		"json":  report.WriteJSON,
		"junit": report.WriteJUnit,
	}
	if err := write[format](p.stdout); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	if _, failed, _ := report.Count(); failed > 0 {
		return fmt.Errorf("the registry does not conform: %d assertions do not hold", failed)
	}
	return nil
}
