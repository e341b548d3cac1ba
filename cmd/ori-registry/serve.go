package main

import (
	"fmt"
	"io"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/ori-lang/registry/internal/server"
)

func (p *program) serve() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the registry until Ctrl-C",
		Long: `Run the registry in the foreground until Ctrl-C or SIGTERM; a second signal
ends it at once. Each flag is also an environment variable, named in brackets,
and a line in the config file: the flag without dashes in front, with _ for -.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := p.config(cmd)
			if err != nil {
				return err
			}
			s, err := server.Open(cmd.Context(), cfg, newLogger(p.stderr, cfg))
			if err != nil {
				return err
			}
			p.welcome(s, cfg)
			return s.Run(cmd.Context())
		},
	}
	addFlags(cmd)
	return cmd
}

func newLogger(w io.Writer, cfg server.Config) *slog.Logger {
	options := &slog.HandlerOptions{Level: cfg.LogLevel}
	if cfg.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// welcome says where everything is and what to do next.
func (p *program) welcome(s *server.Server, cfg server.Config) {
	state := "The registry is running."
	if reason := s.ReadOnly(); reason != "" {
		state = "The registry is READ-ONLY: " + reason + "."
	}
	fmt.Fprintf(p.stdout, `%s

  URL         %s
  listens on  %s
  data        %s
  log origin  %s
  log key     %s
  access      %s

Make an account, and its first token:  ori-registry user add %s LOGIN
The protocol:                          %s/openapi.yaml
Stop:                                  Ctrl-C
`, state, s.URL(), s.Addr(), cfg.Data, s.LogOrigin(), s.LogKey(), cfg.Access, storageOf(cfg), s.URL())
}
