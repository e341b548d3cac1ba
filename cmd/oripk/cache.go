package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ori-lang/registry/client"
	"github.com/ori-lang/registry/ident"
)

func (a *app) cacheCommand() *cobra.Command {
	return group(&cobra.Command{
		Use:   "cache",
		Short: "Look after the packages that are kept on this machine",
		Long: "Look after the packages that are kept on this machine for all projects, in\n" +
			"~/.ori/cache or where ORI_CACHE says. All of it can be fetched again.",
	}, "oripk cache list", a.cacheListCommand(), a.cacheVerifyCommand(), a.cacheCleanCommand())
}

// cachedJSON is an element of the JSON of cache list and cache clean.
type cachedJSON struct {
	Package  *ident.Package `json:"package"` // null when its manifest cannot be read
	Version  *ident.Version `json:"version"`
	Checksum ident.Checksum `json:"checksum"`
	Size     int64          `json:"size"` // of the archive and its files, in bytes
	Since    time.Time      `json:"since"`
}

func newCachedJSON(all []client.Cached) []cachedJSON {
	out := []cachedJSON{}
	for _, c := range all {
		one := cachedJSON{Checksum: c.Checksum, Size: c.Size, Since: c.Since.UTC().Truncate(time.Second)}
		if !c.Ref.Package.IsZero() {
			one.Package, one.Version = &c.Ref.Package, &c.Ref.Version
		}
		out = append(out, one)
	}
	return out
}

func sizeOf(all []client.Cached) (sum int64) {
	for _, c := range all {
		sum += c.Size
	}
	return sum
}

func (a *app) cacheListCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "Show what is kept",
		Args:  exactly(),
		RunE: func(*cobra.Command, []string) error {
			cache, err := a.cache()
			if err != nil {
				return err
			}
			all, err := cache.List()
			if err != nil {
				return err
			}
			return a.result(map[string][]cachedJSON{"packages": newCachedJSON(all)}, func(w io.Writer) { printCached(w, all) })
		},
	}
}

func printCached(w io.Writer, all []client.Cached) {
	var rows [][]string
	for _, c := range all {
		rows = append(rows, []string{c.Ref.String(), bytesOf(c.Size), c.Since.Format(time.DateOnly), c.Checksum.String()})
	}
	table(w, rows)
	fmt.Fprintf(w, "%s, %s\n", counted(len(all), "package"), bytesOf(sizeOf(all)))
}

func (a *app) cacheVerifyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "verify",
		Short: "Hold everything that is kept against its checksums",
		Long:  "Hold everything that is kept against its checksums. What is damaged is removed, to\nbe fetched again when it is needed, and the exit code is 1.",
		Args:  exactly(),
		RunE: func(*cobra.Command, []string) error {
			cache, err := a.cache()
			if err != nil {
				return err
			}
			whole, damaged, err := cache.Verify()
			if err != nil {
				return err
			}
			if len(damaged) > 0 {
				return &damagedError{damaged}
			}
			return a.result(map[string]int{"verified": whole}, func(w io.Writer) {
				fmt.Fprintf(w, "in order: %s\n", counted(whole, "package"))
			})
		},
	}
}

// damagedError names what was wrong in the cache and is gone from it.
type damagedError struct{ Damaged []string }

func (e *damagedError) Error() string {
	if len(e.Damaged) == 1 {
		return "1 package in the cache was damaged; it was removed"
	}
	return fmt.Sprintf("%d packages in the cache were damaged; they were removed", len(e.Damaged))
}

func (a *app) cacheCleanCommand() *cobra.Command {
	var older string
	clean := &cobra.Command{
		Use:     "clean",
		Short:   "Remove what is kept",
		Long:    "Remove what is kept, all of it or what came some time ago. Projects that use it\nfetch it again with oripk sync.",
		Example: "  oripk cache clean\n  oripk cache clean --older 30d",
		Args:    exactly(),
		RunE:    func(*cobra.Command, []string) error { return a.cleanCache(older) },
	}
	clean.Flags().StringVar(&older, "older", "", "only what came longer ago than `TIME`, such as 30d or 12h")
	return clean
}

func (a *app) cleanCache(older string) error {
	age, err := parseAge(older)
	if err != nil {
		return err
	}
	cache, err := a.cache()
	if err != nil {
		return err
	}
	removed, err := cache.Clean(time.Now(), age)
	if err != nil {
		return err
	}
	return a.result(map[string][]cachedJSON{"removed": newCachedJSON(removed)}, func(w io.Writer) {
		fmt.Fprintf(w, "removed %s, %s\n", counted(len(removed), "package"), bytesOf(sizeOf(removed)))
	})
}

// parseAge reads a duration that may be given in days.
func parseAge(text string) (time.Duration, error) {
	wrong := &usageError{What: fmt.Sprintf("%q is not a time such as 30d or 12h", text), Try: "--older 30d"}
	if text == "" {
		return 0, nil
	}
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 16)
		if err != nil {
			return 0, wrong
		}
		return time.Duration(n) * 24 * time.Hour, nil
	}
	age, err := time.ParseDuration(text)
	if err != nil || age < 0 {
		return 0, wrong
	}
	return age, nil
}

func (a *app) cache() (*client.Cache, error) {
	dir, err := cacheDir(a.getenv)
	if err == nil && dir == "" {
		err = client.ErrNoCache
	}
	if err != nil {
		return nil, err
	}
	return client.NewCache(dir), nil
}
