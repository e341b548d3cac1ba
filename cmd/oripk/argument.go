package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ori-lang/registry/ident"
)

// exactly is the rule of a command with these arguments, which it names.
func exactly(arguments ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if missing := len(arguments) - len(args); missing > 0 {
			needs := fmt.Sprintf("%s needs the argument %s", cmd.CommandPath(), strings.Join(arguments[len(args):], " "))
			return &usageError{What: needs, Try: cmd.CommandPath() + " --help"}
		}
		return atMost(arguments...)(cmd, args)
	}
}

// atMost is the rule of a command whose arguments may be left out.
func atMost(arguments ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) <= len(arguments) {
			return nil
		}
		wrong := &usageError{Try: cmd.CommandPath() + " --help"}
		switch len(arguments) {
		case 0:
			wrong.What = fmt.Sprintf("%s takes no argument, and was given %q", cmd.CommandPath(), args[0])
		case 1:
			wrong.What = fmt.Sprintf("%s takes one argument, %s, and was given %d", cmd.CommandPath(), arguments[0], len(args))
		default:
			wrong.What = fmt.Sprintf("%s takes %d arguments, %s, and was given %d", cmd.CommandPath(), len(arguments), strings.Join(arguments, " "), len(args))
		}
		return wrong
	}
}

// group is a command that only holds others; example is one of them.
func group(parent *cobra.Command, example string, children ...*cobra.Command) *cobra.Command {
	parent.AddCommand(children...)
	parent.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		return unknownCommand(cmd, args[0])
	}
	parent.RunE = func(cmd *cobra.Command, _ []string) error {
		return &usageError{What: cmd.CommandPath() + " needs a command", Try: example}
	}
	parent.SuggestionsMinimumDistance = 2
	return parent
}

// unknownCommand says that cmd has no such command, and which may be meant.
func unknownCommand(cmd *cobra.Command, name string) error {
	unknown := &usageError{What: fmt.Sprintf("unknown command %q for %q", name, cmd.CommandPath()), Try: cmd.CommandPath() + " --help"}
	if near := cmd.SuggestionsFor(name); len(near) > 0 {
		unknown.Try = cmd.CommandPath() + " " + strings.Join(near, ", or "+cmd.CommandPath()+" ")
	}
	return unknown
}

// parseScope reads a scope from the command line, with or without its "@".
func parseScope(cmd *cobra.Command, arg string) (string, error) {
	scope := strings.TrimPrefix(arg, "@")
	err := ident.CheckScope(scope)
	if err == nil {
		return scope, nil
	}
	wrong := &usageError{What: err.Error(), Try: cmd.CommandPath() + " @scope"}
	if before, _, named := strings.Cut(scope, "/"); named && ident.CheckScope(before) == nil {
		wrong = &usageError{
			What: fmt.Sprintf("%q is a package, and this is about a scope", arg), Why: "a scope is what stands before the / in a package's name",
			Try: cmd.CommandPath() + " @" + before,
		}
	}
	return "", wrong
}

// parsePackage reads "@scope/name" from the command line.
func parsePackage(cmd *cobra.Command, arg string) (ident.Package, error) {
	p, err := ident.ParsePackage(arg)
	if err == nil {
		return p, nil
	}
	wrong := &usageError{What: err.Error(), Try: cmd.CommandPath() + " @scope/name"}
	if !strings.Contains(arg, "@") {
		wrong.What = fmt.Sprintf("%q is not the name of a package: write @scope/name", arg)
	}
	if ref, err := ident.ParseRef(arg); err == nil {
		wrong.What, wrong.Why = fmt.Sprintf("%q names a version", arg), cmd.Name()+" is about a whole package"
		wrong.Try = fmt.Sprintf("%s %s", cmd.CommandPath(), ref.Package)
	}
	return p, wrong
}

// parseLogin reads the name of an account from the command line.
func parseLogin(arg string) (string, error) {
	err := ident.CheckLogin(arg)
	if err == nil {
		return arg, nil
	}
	wrong := &usageError{What: err.Error(), Try: "a login as oripk whoami shows it to its holder"}
	if bare := strings.TrimPrefix(arg, "@"); ident.CheckLogin(bare) == nil {
		wrong.Why, wrong.Try = "a login has no @; a scope has", bare
	}
	return "", wrong
}

// choice is a flag with one of a few values.
type choice struct {
	flag, value string
	known       []string
}

// chosen gives cmd a flag with one of the known values; fallback is its value
// when it is not set.
func chosen(cmd *cobra.Command, flag, fallback, usage string, known ...string) *choice {
	c := &choice{flag: "--" + flag, value: fallback, known: known}
	cmd.Flags().Var(c, flag, usage)
	// That the flag is there was done in the line above.
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(known, cobra.ShellCompDirectiveNoFileComp))
	return c
}

func (c *choice) String() string { return c.value }

// Type is what the help shows for the value.
func (c *choice) Type() string { return strings.Join(c.known, "|") }

// Set takes one of the known values.
func (c *choice) Set(value string) error {
	if slices.Contains(c.known, value) {
		c.value = value
		return nil
	}
	return &usageError{
		What: fmt.Sprintf("%s cannot be %q", c.flag, value), Why: "it is one of " + strings.Join(c.known, ", "),
		Try: c.flag + " " + cmp.Or(ident.Nearest(value, c.known...), strings.Join(c.known, "|")),
	}
}

// exclusive has two flags refuse each other.
func exclusive(cmd *cobra.Command, one, other string) {
	cmd.MarkFlagsMutuallyExclusive(one, other) // for completion; its message comes too late to be one of usage
	cmd.PreRunE = func(cmd *cobra.Command, _ []string) error {
		if !cmd.Flags().Changed(one) || !cmd.Flags().Changed(other) {
			return nil
		}
		return &usageError{What: fmt.Sprintf("--%s and --%s do not go together", one, other), Try: cmd.CommandPath() + " --help"}
	}
}

// flagError says what is wrong with a flag, and which may be meant.
func flagError(cmd *cobra.Command, err error) error {
	if usage, ok := errors.AsType[*usageError](err); ok {
		return usage // in the flag's own words
	}
	wrong := &usageError{What: err.Error(), Try: cmd.CommandPath() + " --help"}
	if invalid, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		flag := invalid.GetFlag()
		wrong.What = fmt.Sprintf("--%s cannot be %q", flag.Name, invalid.GetValue())
		wrong.Why = map[string]string{"int": "it is a number", "bool": "it is true or false"}[flag.Value.Type()]
		return wrong
	}
	unknown, ok := errors.AsType[*pflag.NotExistError](err)
	if !ok {
		return wrong
	}
	var flags []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { flags = append(flags, f.Name) })
	if near := ident.Nearest(unknown.GetSpecifiedName(), flags...); near != "" {
		wrong.Try = cmd.CommandPath() + " --" + near
	}
	return wrong
}
