package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/fatih/color"
	"github.com/spf13/cobra"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/archive"
	"github.com/ori-lang/registry/client"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/translog"
)

type verifyFlags struct {
	proof, logKey, project string
	offline                bool
}

func (a *app) verifyCommand() *cobra.Command {
	var flags verifyFlags
	verify := &cobra.Command{
		Use:   "verify [FILE|@SCOPE/NAME@VERSION]",
		Short: "Prove with the log that an archive is what was published",
		Long: "Prove with the registry's log that an archive is what was published: its\n" +
			"checksum, its entry, the log's signature, the entry's place in the signed tree,\n" +
			"that this tree continues the newest one seen, and the archive's own form.\n\n" +
			"Without an argument it proves that again, with fresh proofs, of everything that a\n" +
			"project depends on, as the cache has it.\n\n" +
			"With --offline, --proof and a known key no connection is made.",
		Example: "  oripk verify @acme/http@1.4.0\n  oripk verify acme-http-1.4.0.oripk\n  oripk verify",
		Args:    atMost("FILE|@SCOPE/NAME@VERSION"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return a.verifyProject(cmd.Context(), flags)
			}
			return a.verify(cmd.Context(), args[0], flags)
		},
	}
	projectFlag(verify, &flags.project)
	verify.Flags().StringVar(&flags.proof, "proof", "", "read the proof from `FILE` instead of asking the registry")
	verify.Flags().StringVar(&flags.logKey, "log-key", "", "trust this verifier `KEY` of the log, instead of the pinned one")
	verify.Flags().BoolVar(&flags.offline, "offline", false, "make no connection; needs --proof")
	return verify
}

func (a *app) verify(ctx context.Context, subject string, flags verifyFlags) error {
	if err := flags.check(subject); err != nil {
		return err
	}
	c, err := a.clientFor(scopeOf(subject, flags), flags.project, client.Options{LogKey: flags.logKey, Offline: flags.offline})
	if err != nil {
		return err
	}
	verdict, err := a.judge(ctx, c, subject, flags.proof)
	if !a.json {
		a.printChecks(verdict)
	}
	if err != nil {
		return err
	}
	return a.result(newVerdictJSON(verdict), func(w io.Writer) {
		fmt.Fprintf(w, "%s %s is what the log %s has as entry %d, published %s\n",
			verdict.Ref.Package, verdict.Ref.Version, verdict.Origin, verdict.Index, verdict.Published.Format("2006-01-02"))
	})
}

// scopeOf gives the scope of what is to be verified; "" when it cannot be told,
// or need not, because nobody is asked.
func scopeOf(subject string, flags verifyFlags) string {
	if strings.HasPrefix(subject, "@") {
		scope, _, _ := strings.Cut(subject[1:], "/")
		return scope
	}
	if flags.offline {
		return ""
	}
	f, err := os.Open(subject)
	if err != nil {
		return ""
	}
	defer f.Close()
	report, err := archive.Check(f)
	if err != nil || report.Manifest == nil {
		return ""
	}
	return report.Manifest.Package.Scope()
}

func (f verifyFlags) check(subject string) error {
	remote := strings.HasPrefix(subject, "@")
	switch {
	case f.offline && (remote || f.proof == ""):
		return &usageError{What: "--offline verifies a file with the proof from another", Try: "oripk verify FILE --offline --proof FILE"}
	case remote && f.proof != "":
		return &usageError{What: "--proof goes with a file", Try: "oripk verify FILE --proof FILE"}
	}
	if f.logKey == "" {
		return nil
	}
	if _, err := translog.NewVerifier(f.logKey); err != nil {
		return &usageError{What: err.Error(), Try: "--log-key KEY, as GET /v1/ of the registry shows it"}
	}
	return nil
}

func (a *app) judge(ctx context.Context, c *client.Client, subject, proofFile string) (*client.Verdict, error) {
	if strings.HasPrefix(subject, "@") {
		ref, err := parseRef(subject)
		if err != nil {
			return &client.Verdict{}, err
		}
		verdict, err := c.VerifyRemote(ctx, ref)
		return verdict, listed(err, ref.Package)
	}
	var proof []byte
	if proofFile != "" {
		var err error
		if proof, err = readProof(proofFile); err != nil {
			return &client.Verdict{}, err
		}
	}
	f, err := os.Open(subject)
	if err != nil {
		return &client.Verdict{}, fmt.Errorf("opening the archive: %w", err)
	}
	defer f.Close()
	return c.Verify(ctx, f, proof)
}

// readProof reads a proof, and no more of a longer file than shows that it is
// none.
func readProof(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening the proof: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, translog.MaxProof+1))
	if err != nil {
		return nil, fmt.Errorf("reading the proof: %w", err)
	}
	return text, nil
}

// printChecks shows what was proved, one line each.
func (a *app) printChecks(v *client.Verdict) {
	for _, check := range v.Checks {
		mark := a.paint(a.stdout, color.FgGreen, "✓")
		if check.Skipped {
			mark = a.paint(a.stdout, color.FgYellow, "–")
		}
		fmt.Fprintf(a.stdout, "%s %-12s %s\n", mark, check.Name, client.Printable(check.Detail))
	}
}

// verdictJSON is the JSON of verify.
type verdictJSON struct {
	Package  ident.Package  `json:"package"`
	Version  ident.Version  `json:"version"`
	Checksum ident.Checksum `json:"checksum"`
	Size     int64          `json:"size"`
	Verified bool           `json:"verified"`
	Checks   []checkJSON    `json:"checks"`
	Log      logJSON        `json:"log"`
}

type checkJSON struct {
	Name   string `json:"name"`
	Status string `json:"status"` // "ok" or "skipped"
	Detail string `json:"detail"`
}

type logJSON struct {
	Origin      string   `json:"origin"`
	Index       int64    `json:"index"`
	TreeSize    int64    `json:"tree_size"`
	PublishedAt api.Time `json:"published_at"`
}

func newVerdictJSON(v *client.Verdict) verdictJSON {
	out := verdictJSON{
		Package: v.Ref.Package, Version: v.Ref.Version, Checksum: v.Checksum, Size: v.Size, Verified: true,
		Checks: []checkJSON{}, Log: logJSON{v.Origin, v.Index, v.TreeSize, v.Published},
	}
	for _, check := range v.Checks {
		status := "ok"
		if check.Skipped {
			status = "skipped"
		}
		out.Checks = append(out.Checks, checkJSON{check.Name, status, check.Detail})
	}
	return out
}
