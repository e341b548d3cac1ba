package main

import (
	"context"
	"fmt"
	"io"

	"github.com/fatih/color"

	"github.com/ori-lang/registry/client"
)

// verifyProject verifies everything that a project depends on, with fresh proofs.
func (a *app) verifyProject(ctx context.Context, flags verifyFlags) error {
	if flags.proof != "" || flags.logKey != "" || flags.offline {
		return &usageError{
			What: "--proof, --log-key and --offline are about one archive, and none is named",
			Try:  "oripk verify FILE, or oripk verify alone for all that a project depends on",
		}
	}
	p, graph, err := a.graph(ctx, flags.project)
	if err != nil {
		return err
	}
	defer p.Close()
	verdicts := []verdictJSON{}
	for _, kept := range graph.Packages {
		verdict, err := kept.Source.VerifyKept(ctx, &kept.Kept)
		if err != nil {
			return fmt.Errorf("verifying %s: %w", kept.Ref, err)
		}
		if !a.json {
			a.printVerdict(a.stdout, verdict)
		}
		verdicts = append(verdicts, newVerdictJSON(verdict))
	}
	return a.result(map[string][]verdictJSON{"packages": verdicts}, func(w io.Writer) {
		fmt.Fprintf(w, "%s %s, each as the log has it\n", a.paint(w, color.FgGreen, "in order:"), counted(len(verdicts), "package"))
	})
}

func (a *app) printVerdict(w io.Writer, v *client.Verdict) {
	fmt.Fprintf(w, "%s %s is entry %d of %s\n", a.paint(w, color.FgGreen, "✓"), v.Ref, v.Index, v.Origin)
}
