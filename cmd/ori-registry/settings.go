package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ori-lang/registry/internal/server"
)

// storageFlags are the settings that matter to a command that works on the
// data folder; the others are still read from the environment and the file.
func storageFlags() []string { return []string{"config", "data", "database", "key-dir"} }

// addFlags declares settings as flags of a command, all of them or those named.
func addFlags(cmd *cobra.Command, only ...string) {
	for _, setting := range append(server.Settings(), server.ConfigFile()) {
		if len(only) == 0 || slices.Contains(only, setting.Flag) {
			cmd.Flags().String(setting.Flag, setting.Default, fmt.Sprintf("%s (%s)", setting.Usage, setting.Env))
		}
	}
}

// config puts the settings together and prints what is odd about them.
func (p *program) config(cmd *cobra.Command) (server.Config, error) {
	given := map[string]string{}
	cmd.Flags().Visit(func(flag *pflag.Flag) { given[flag.Name] = flag.Value.String() })
	cfg, warnings, err := server.Load(given, p.environ)
	for _, warning := range warnings {
		fmt.Fprintf(p.stderr, "ori-registry: warning: %s\n", warning)
	}
	if err != nil {
		return server.Config{}, usageError{err}
	}
	return cfg, nil
}
