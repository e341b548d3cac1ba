// Package e2e drives both real programs as their users do. The scripts in
// testdata/script are one theme each; what they send goes through a proxy that
// holds every exchange against spec/openapi.yaml.
//
// A script starts with both programs in its PATH, a home of its own, a copy of
// examples/ and an empty working folder. Beside testscript's own commands it has:
//
//	registry start [NAME] [ORIREG_…=VALUE…] [FLAG…]
//	    serves the folder NAME ("registry" when left out) behind a proxy whose
//	    address is the base URL, stays over restarts, and is put into NAME_URL in
//	    capitals; stdout is what the server said when it was ready
//	registry stop|kill [NAME]
//	    ends it with SIGTERM (and exit code 0) or SIGKILL; stderr are its messages
//	registry breaks NAME BYTES
//	    has the proxy break every connection after so many bytes of a reply's
//	    body; 0 has it hold again
//	proxy
//	    starts a proxy, puts its address into PROXY_URL, and makes SSL_CERT_FILE
//	    trust https://example.com; whatever is asked for through it is the registry
//	database save|restore [NAME]
//	    keeps the state of its database, and puts that back, while no server runs
//	user LOGIN [FLAG…] [NAME]
//	    makes an account beside the server and puts its token into TOKEN_LOGIN
//	exits CODE PROGRAM [ARGUMENT…]
//	    is exec for a program that must end with this exit code
//	capture VARIABLE PATTERN
//	    puts what a pattern's group matches in stdout into a variable
//	json [VARIABLE=VALUE…]
//	    checks that stdout is one JSON value, whose members have these values;
//	    a member of a member is written with dots, an index like a member
//	await PATTERN
//	    waits until a file exists whose path matches
//	flip PATTERN [OFFSET]
//	    changes one byte of the file (in its middle when no offset is given)
//	noise FILE SIZE
//	    makes a file of bytes that do not compress
package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/ori-lang/registry/internal/repotest/pgtest"
	"github.com/ori-lang/registry/internal/repotest/sample"
)

// patience is how long anything may take that takes a moment.
const patience = 30 * time.Second

func TestScripts(t *testing.T) {
	p := params(t, nil)
	p.Dir = "testdata/script"
	testscript.Run(t, p)
}

// TestScriptsOnPostgres runs again, with every command of ori-registry on a
// PostgreSQL, the scripts that do not look for a database in the data folder.
func TestScriptsOnPostgres(t *testing.T) {
	p := params(t, pgtest.URL)
	for _, name := range []string{"accounts", "beside", "dryrun", "fetch", "first", "lock", "offline", "private", "publish", "restart", "sizes", "stop", "tokens", "verify"} {
		p.Files = append(p.Files, filepath.Join("testdata/script", name+".txtar"))
	}
	testscript.Run(t, p)
}

// params are those of all scripts. database gives each registry a database of its
// own; nil leaves them to their default.
func params(t *testing.T, database func(testing.TB) string) testscript.Params {
	bin := binaries(t)
	return testscript.Params{
		WorkdirRoot:        t.TempDir(), // testscript leaves its own behind when -run picks some scripts
		RequireUniqueNames: true,
		Deadline:           time.Now().Add(4 * time.Minute),
		Setup: func(env *testscript.Env) error {
			return setup(env, bin, database)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"registry": positive(registryCommand),
			"database": positive(databaseCommand),
			"user":     positive(userCommand),
			"proxy":    positive(proxyCommand),
			"exits":    positive(exitsCommand),
			"capture":  positive(captureCommand),
			"json":     positive(jsonCommand),
			"await":    positive(awaitCommand),
			"flip":     positive(flipCommand),
			"noise":    positive(noiseCommand),
		},
	}
}

// setup makes the machine that a script runs on.
func setup(env *testscript.Env, bin string, database func(testing.TB) string) error {
	env.Setenv("PATH", bin+string(os.PathListSeparator)+env.Getenv("PATH"))
	env.Setenv("HOME", filepath.Join(env.WorkDir, "home"))
	env.Setenv("XDG_STATE_HOME", filepath.Join(env.WorkDir, "state"))
	env.Setenv("ORI_CACHE", filepath.Join(env.WorkDir, "cache"))
	all := &registries{
		program: filepath.Join(bin, "ori-registry"),
		work:    env.WorkDir,
		tb:      env.T().(testing.TB),
		byName:  map[string]*registry{},
		newDB:   database,
	}
	if database != nil { // for the commands that a script calls by itself
		env.Setenv(databaseVariable, all.named(defaultName).database)
	}
	env.Values[registriesKey{}] = all
	env.Defer(all.close)
	return copyExamples(filepath.Join(env.WorkDir, "examples"))
}

// copyExamples copies examples/ without the lock files that somebody's
// publishing there has left: they speak of another registry.
func copyExamples(folder string) error {
	if err := os.CopyFS(folder, os.DirFS("../examples")); err != nil {
		return err
	}
	locks, err := filepath.Glob(filepath.Join(folder, "*", "oripk.lock"))
	for _, lock := range locks {
		err = errors.Join(err, os.Remove(lock))
	}
	return err
}

// positive is a command that cannot be negated and whose error fails the script.
func positive(run func(ts *testscript.TestScript, args []string) error) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, negated bool, args []string) {
		if negated {
			ts.Fatalf("! does not go with this command")
		}
		ts.Check(run(ts, args))
	}
}

func userCommand(ts *testscript.TestScript, args []string) error {
	if len(args) == 0 {
		return errors.New("usage: user LOGIN [FLAG…] [NAME]")
	}
	name, command := defaultName, []string{"user", "add", "--json"}
	for _, arg := range args[1:] {
		if strings.HasPrefix(arg, "-") {
			command = append(command, arg)
		} else {
			name = arg
		}
	}
	command = append(command, "--data", ts.MkAbs(name))
	if url := ts.Value(registriesKey{}).(*registries).named(name).database; url != "" {
		command = append(command, "--database", url)
	}
	if err := ts.Exec("ori-registry", append(command, args[0])...); err != nil {
		return err
	}
	var made struct{ Login, Token string }
	if err := json.Unmarshal([]byte(ts.ReadFile("stdout")), &made); err != nil || made.Login != args[0] {
		return fmt.Errorf("the answer is about %q: %w", made.Login, err)
	}
	ts.Setenv("TOKEN_"+variable(made.Login), made.Token)
	return nil
}

// variable spells a name as part of a variable's.
func variable(name string) string { return strings.ToUpper(strings.ReplaceAll(name, "-", "_")) }

func exitsCommand(ts *testscript.TestScript, args []string) error {
	if len(args) < 2 {
		return errors.New("usage: exits CODE PROGRAM [ARGUMENT…]")
	}
	want, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	got := 0
	err = ts.Exec(args[1], args[2:]...)
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		got, err = exit.ExitCode(), nil
	}
	if err == nil && got != want {
		err = fmt.Errorf("%s ended with exit code %d, not %d", args[1], got, want)
	}
	return err
}

func captureCommand(ts *testscript.TestScript, args []string) error {
	if len(args) != 2 {
		return errors.New("usage: capture VARIABLE PATTERN")
	}
	pattern, err := regexp.Compile("(?m)" + args[1])
	if err != nil {
		return err
	}
	match := pattern.FindStringSubmatch(ts.ReadFile("stdout"))
	if len(match) != 2 {
		return fmt.Errorf("the one group of %q is not in stdout", args[1])
	}
	ts.Setenv(args[0], match[1])
	return nil
}

func jsonCommand(ts *testscript.TestScript, args []string) error {
	var whole any
	if err := json.Unmarshal([]byte(ts.ReadFile("stdout")), &whole); err != nil {
		return fmt.Errorf("stdout is not one JSON value: %w", err)
	}
	for _, arg := range args {
		path, want, ok := strings.Cut(arg, "=")
		if !ok {
			return fmt.Errorf("%q is not MEMBER=VALUE", arg)
		}
		got, err := member(whole, path)
		if err != nil {
			return err
		}
		if text := fmt.Sprint(got); text != want {
			return fmt.Errorf("%s is %s, not %s", path, text, want)
		}
	}
	return nil
}

// member goes down a path such as "log.index" or "checks.0.name"; the last
// step may be "len", how many elements a list has.
func member(value any, path string) (any, error) {
	for step := range strings.SplitSeq(path, ".") {
		ok := false
		switch holder := value.(type) {
		case map[string]any:
			value, ok = holder[step]
		case []any:
			if step == "len" {
				value, ok = len(holder), true
			} else if i, err := strconv.Atoi(step); err == nil && i < len(holder) {
				value, ok = holder[i], true
			}
		}
		if !ok {
			return nil, fmt.Errorf("there is no %q of %s", step, path)
		}
	}
	return value, nil
}

func awaitCommand(ts *testscript.TestScript, args []string) error {
	if len(args) != 1 {
		return errors.New("usage: await PATTERN")
	}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for late := time.After(patience); ; {
		if found, err := filepath.Glob(ts.MkAbs(args[0])); err != nil || len(found) > 0 {
			return err
		}
		select {
		case <-tick.C:
		case <-late:
			return fmt.Errorf("no file matches %s after %v", args[0], patience)
		}
	}
}

func flipCommand(ts *testscript.TestScript, args []string) error {
	if len(args) < 1 || len(args) > 2 {
		return errors.New("usage: flip PATTERN [OFFSET]")
	}
	found, err := filepath.Glob(ts.MkAbs(args[0]))
	if err != nil || len(found) != 1 {
		return fmt.Errorf("%d files match %s, not one (%v)", len(found), args[0], err)
	}
	content, err := os.ReadFile(found[0])
	if err != nil {
		return err
	}
	offset := len(content) / 2
	if len(args) == 2 {
		if offset, err = strconv.Atoi(args[1]); err != nil || offset >= len(content) {
			return fmt.Errorf("%s has no byte %s", args[0], args[1])
		}
	}
	content[offset] ^= 1
	return os.WriteFile(found[0], content, 0o600)
}

func noiseCommand(ts *testscript.TestScript, args []string) error {
	if len(args) != 2 {
		return errors.New("usage: noise FILE SIZE")
	}
	size, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	return os.WriteFile(ts.MkAbs(args[0]), sample.Noise(args[0], size), 0o600)
}
