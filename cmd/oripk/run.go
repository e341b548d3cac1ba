package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ori-lang/registry/client"
	"github.com/ori-lang/registry/client/keyring"
	"github.com/ori-lang/registry/ident"
)

// run executes one command line (without the program's name) and gives the
// exit code. It reads nothing of the process but what it is handed.
func run(ctx context.Context, args []string, getenv func(string) string, stdin io.Reader, stdout, stderr io.Writer) int {
	a := &app{
		getenv: getenv, stdin: stdin, stdout: &output{Writer: stdout}, stderr: stderr,
		canAsk: isTerminal(stdin) && isTerminal(stderr), now: time.Now, keyring: keyring.System(getenv),
	}
	return a.execute(ctx, args)
}

func (a *app) execute(ctx context.Context, args []string) int {
	a.ctx = ctx
	root := a.rootCommand()
	root.SetArgs(args)
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	err := root.ExecuteContext(ctx)
	if _, known := errors.AsType[*usageError](err); err != nil && !a.started && !known {
		err = misunderstood(root, err)
	}
	if lost := a.stdout.lost(); lost != nil && (err == nil || errors.Is(err, a.stdout.err)) {
		err = lost
	}
	if err == nil {
		return exitOK
	}
	if _, told := errors.AsType[*findingsError](err); told {
		return exitMismatch
	}
	a.json = a.json || !a.started && wantsJSON(args)
	return a.fail(err)
}

// misunderstood is for what cobra says of a command line, in its own words.
func misunderstood(root *cobra.Command, err error) error {
	var name string
	if n, _ := fmt.Sscanf(err.Error(), "unknown command %q", &name); n == 1 {
		return unknownCommand(root, name)
	}
	return &usageError{What: err.Error(), Try: "oripk --help, or oripk COMMAND --help"}
}

// app is one run of the program.
type app struct {
	ctx     context.Context // of the run, for what it waits for outside of a command's own work
	getenv  func(string) string
	stdin   io.Reader
	stdout  *output
	stderr  io.Writer
	canAsk  bool // there is somebody at a terminal
	now     func() time.Time
	retries int            // client.Options.Retries
	keyring client.Keyring // nil: none

	manifest []byte // of the project, as its author wrote it; for errors about its lines
	edited   bool   // manifest is what a change that failed would have made of it

	registry    string
	json, quiet bool
	started     bool // the command line was understood
}

const longHelp = `oripk publishes packages to an Ori registry, fetches them, and verifies them
against the registry's transparency log.

Environment:
  ORI_REGISTRY_URL           the registry, where --registry is not given
  ORI_REGISTRY_TOKEN         the token for that registry, and for no other
  ORI_REGISTRY_{NAME}_URL    the registry NAME of a configuration or a project, in
                             capitals, with _ for -
  ORI_REGISTRY_{NAME}_TOKEN  the token for that registry
  ORI_CACHE                  where packages are kept, an absolute path (else ~/.ori/cache)
  XDG_CONFIG_HOME            where config.toml and kept tokens are (oripk/)
  XDG_STATE_HOME             where pinned keys and the newest trees seen are kept (oripk/)
  NO_COLOR                   no colours; HTTPS_PROXY, HTTP_PROXY, NO_PROXY as usual

Exit codes:
  0  done
  1  failed; also: the project's own files, or an archive, are not right, two
     dependencies disagree, a file is in the way, [publish] registry names
     another registry, the local state is damaged or cannot be written, the
     output could not be written, interrupted
  2  the command line is wrong, no registry is given, or a question would have
     to be asked without a terminal and without --yes
  3  what was checked is not what the log or the lock file says:
     CHECKSUM MISMATCH, NOT IN LOG, LOG FORK, POLICY, STALE; or audit has findings
  4  no token, or one that may not do this; or only the project's oripk.toml
     says where a registry is, and that address would get the token for its name
  5  the registry says: not found, or gone
  6  the registry answered that this conflicts with what it has
  7  the registry or its log could not be reached, or there is no Ori registry
     at the address`

func (a *app) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "oripk",
		Short:         "Packages of the Ori language: publish, fetch, verify",
		Long:          longHelp,
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			a.started = true
			if a.registry == "" && cmd.Flags().Changed("registry") {
				return &usageError{What: "--registry is empty", Try: "--registry URL or NAME, or leave it out for the default one"}
			}
			return nil
		},
		Version:                    programVersion(),
		SuggestionsMinimumDistance: 2,
		CompletionOptions:          cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.SetVersionTemplate(versionLine(newVersionResult()))
	root.Flags().Bool("version", false, "show the version of this program")
	flags := root.PersistentFlags()
	flags.StringVar(&a.registry, "registry", "", "the `URL` of a registry, or its NAME (else ORI_REGISTRY_URL, else the default of config.toml)")
	flags.BoolVar(&a.json, "json", false, "print the result, or the error, as JSON")
	flags.BoolVarP(&a.quiet, "quiet", "q", false, "no progress and no steps, only results and errors")
	root.SetHelpCommand(helpCommand())
	root.SetFlagErrorFunc(flagError)
	a.addCommands(root)
	root.AddCommand(a.docsCommand(), a.manCommand())
	a.completeArguments(root)
	return root
}

// addCommands adds all commands, in the groups in which the help shows them.
func (a *app) addCommands(root *cobra.Command) {
	for _, g := range []struct {
		title    string
		commands []*cobra.Command
	}{
		{"A project and what it depends on:", []*cobra.Command{
			a.newCommand(), a.installCommand(), a.upgradeCommand(), a.removeCommand(), a.syncCommand(), a.checkCommand(),
			a.depsCommand(), a.whyCommand(), a.licensesCommand(), a.auditCommand(),
		}},
		{"Packages of the registry:", []*cobra.Command{
			a.searchCommand(), a.infoCommand(), a.diffCommand(), a.fetchCommand(), a.verifyCommand(),
		}},
		{"Publishing:", []*cobra.Command{
			a.packCommand(), a.publishCommand(), a.yankCommand(), a.unyankCommand(), a.deprecateCommand(),
		}},
		{"Who may publish:", []*cobra.Command{
			a.scopeCommand(), a.transferCommand(), a.acceptCommand(), a.declineCommand(), a.cancelCommand(), a.inboxCommand(),
		}},
		{"This machine and you:", []*cobra.Command{
			a.loginCommand(), a.logoutCommand(), a.whoamiCommand(), a.tokenCommand(), a.cacheCommand(), a.completionCommand(), a.versionCommand(),
		}},
	} {
		root.AddGroup(&cobra.Group{ID: g.title, Title: g.title})
		for _, c := range g.commands {
			c.GroupID = g.title
		}
		root.AddCommand(g.commands...)
	}
}

// helpCommand is cobra's, but a command that is not there is an error.
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Show the help of a command",
		RunE: func(cmd *cobra.Command, args []string) error {
			topic, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return &usageError{What: fmt.Sprintf("there is no command %q", strings.Join(args, " ")), Try: "oripk --help"}
			}
			topic.InitDefaultHelpFlag()
			return topic.Help()
		},
	}
}

// wantsJSON looks for --json in a command line that could not be understood.
func wantsJSON(args []string) bool {
	for _, arg := range args {
		switch arg {
		case "--json", "--json=true":
			return true
		case "--":
			return false
		}
	}
	return false
}

// stateDir is where this machine remembers the logs that it has seen.
func stateDir(getenv func(string) string) (string, error) {
	if dir := getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "oripk"), nil
	}
	if dir := getenv("LOCALAPPDATA"); runtime.GOOS == "windows" && filepath.IsAbs(dir) {
		return filepath.Join(dir, "oripk", "state"), nil
	}
	if dir := getenv("HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, ".local", "state", "oripk"), nil
	}
	return "", &usageError{
		What: "there is no folder to remember the log's key in: neither XDG_STATE_HOME nor HOME is set to an absolute path",
		Try:  "set XDG_STATE_HOME to a folder that stays",
	}
}

// cacheDir is where packages are kept for all projects; "" when nothing says where.
func cacheDir(getenv func(string) string) (string, error) {
	if dir := getenv("ORI_CACHE"); filepath.IsAbs(dir) {
		return dir, nil
	} else if dir != "" {
		return "", &usageError{
			What: fmt.Sprintf("ORI_CACHE is %q, which is no absolute path", client.Printable(dir)),
			Why:  "it would be another folder wherever oripk is called", Try: "ORI_CACHE=/…, or unset it for ~/.ori/cache",
		}
	}
	for _, home := range []string{"HOME", "USERPROFILE"} {
		if dir := getenv(home); filepath.IsAbs(dir) {
			return filepath.Join(dir, ".ori", "cache"), nil
		}
	}
	return "", nil
}

// programVersion is the version that the build recorded.
func programVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}

// parseRef reads "@scope/name@1.2.3" from the command line.
func parseRef(arg string) (ident.Ref, error) {
	if !strings.Contains(arg, "@") {
		return ident.Ref{}, &usageError{
			What: fmt.Sprintf("%q is not the name of a package: write @scope/name or @scope/name@1.2.3", arg), Try: "@scope/name@1.2.3",
		}
	}
	if isPackage(arg) {
		return ident.Ref{}, &usageError{
			What: arg + " names no version", Why: "this is about one version, never about all of a package",
			Try: fmt.Sprintf("%s@VERSION; oripk info %s --versions lists them", arg, arg),
		}
	}
	ref, err := ident.ParseRef(arg)
	if err != nil {
		return ref, &usageError{What: err.Error(), Try: "@scope/name@1.2.3"}
	}
	return ref, nil
}
