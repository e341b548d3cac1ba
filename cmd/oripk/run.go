package main

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/ori-lang/registry/client"
	"github.com/ori-lang/registry/ident"
)

// run executes one command line (without the program's name) and gives the
// exit code. It reads nothing of the process but what it is handed.
func run(ctx context.Context, args []string, getenv func(string) string, stdin io.Reader, stdout, stderr io.Writer) int {
	a := &app{
		getenv: getenv, stdin: stdin, stdout: stdout, stderr: stderr,
		canAsk: isTerminal(stdin) && isTerminal(stderr),
	}
	return a.execute(ctx, args)
}

func (a *app) execute(ctx context.Context, args []string) int {
	root := a.rootCommand()
	root.SetArgs(args)
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	if !a.started {
		err = &usageError{What: err.Error(), Try: "oripk --help, or oripk COMMAND --help"}
		a.json = a.json || wantsJSON(args)
	}
	return a.fail(err)
}

// app is one run of the program.
type app struct {
	getenv         func(string) string
	stdin          io.Reader
	stdout, stderr io.Writer
	canAsk         bool // there is somebody at a terminal
	retries        int  // client.Options.Retries

	registry    string
	json, quiet bool
	started     bool // the command line was understood
}

const longHelp = `oripk publishes packages to an Ori registry, fetches them, and verifies them
against the registry's transparency log.

Environment:
  ORI_REGISTRY_URL    the registry, where --registry is not given
  ORI_REGISTRY_TOKEN  the token; it is sent to the origin of that registry only
  XDG_STATE_HOME      where pinned keys and the newest trees seen are kept (oripk/)
  NO_COLOR            no colours; HTTPS_PROXY, HTTP_PROXY, NO_PROXY as usual

Exit codes:
  0  done
  1  failed; also: the project's own files, or an archive, are not right, two
     dependencies disagree, a damaged local state, interrupted
  2  the command line is wrong, no registry is given, or a question would have
     to be asked without a terminal and without --yes
  3  what was checked is not what the log or the lock file says:
     CHECKSUM MISMATCH, NOT IN LOG, LOG FORK, POLICY, STALE
  4  no token, or one that may not do this
  5  not found, or gone
  6  the registry answered that this conflicts with what it has
  7  the registry or its log could not be reached`

func (a *app) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "oripk",
		Short:         "Packages of the Ori language: publish, fetch, verify",
		Long:          longHelp,
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRun: func(*cobra.Command, []string) {
			a.started = true
		},
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	flags := root.PersistentFlags()
	flags.StringVar(&a.registry, "registry", "", "`URL` of the registry (else ORI_REGISTRY_URL)")
	flags.BoolVar(&a.json, "json", false, "print the result, or the error, as JSON")
	flags.BoolVarP(&a.quiet, "quiet", "q", false, "no progress and no steps, only results and errors")
	root.AddCommand(
		a.scopeCommand(), a.packCommand(), a.publishCommand(), a.fetchCommand(),
		a.verifyCommand(), a.infoCommand(), a.whoamiCommand(), a.versionCommand(),
	)
	return root
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

// client makes the client of the run's registry; o holds what is particular to
// the command.
func (a *app) client(o client.Options) (*client.Client, error) {
	o.URL = a.registryURL()
	if o.URL == "" && !o.Offline {
		return nil, &usageError{
			What: "no registry is given",
			Try:  "--registry URL, or set ORI_REGISTRY_URL",
		}
	}
	o.Token = a.getenv("ORI_REGISTRY_TOKEN")
	if strings.ContainsFunc(o.Token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, &usageError{What: "ORI_REGISTRY_TOKEN holds a character that no token has", Try: "set it again, without spaces and line breaks"}
	}
	var err error
	if o.StateDir, err = stateDir(a.getenv); err != nil {
		return nil, err
	}
	o.Retries = a.retries
	o.UserAgent = "oripk/" + programVersion()
	o.Notice = func(message string) { fmt.Fprintln(a.stderr, "note: "+client.Printable(message)) }
	c, err := client.New(o)
	if err != nil {
		return nil, &usageError{What: err.Error(), Try: "--registry https://…, as the registry's operators give it"}
	}
	a.warnClear(o)
	return c, nil
}

func (a *app) registryURL() string {
	if a.registry != "" {
		return a.registry
	}
	return a.getenv("ORI_REGISTRY_URL")
}

// warnClear warns of a token that others on the way can read.
func (a *app) warnClear(o client.Options) {
	u, err := url.Parse(o.URL)
	if err != nil || o.Token == "" || o.Offline || u.Scheme != "http" {
		return
	}
	switch u.Hostname() {
	case "localhost", "127.0.0.1", "::1":
		return
	}
	a.step("warning: %s is not https: others on the way can read the token", client.Printable(o.URL))
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
		What: "there is no folder to remember the log's key in: neither XDG_STATE_HOME nor HOME is set",
		Try:  "set XDG_STATE_HOME to a folder that stays",
	}
}

// programVersion is the version that the build recorded.
func programVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}

func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// parseRef reads "@scope/name@1.2.3" from the command line.
func parseRef(arg string) (ident.Ref, error) {
	ref, err := ident.ParseRef(arg)
	if err != nil {
		return ref, &usageError{What: err.Error(), Try: "@scope/name@1.2.3"}
	}
	return ref, nil
}
