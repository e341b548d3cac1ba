package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/archive"
	"github.com/ori-lang/registry/client"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/manifest"
)

func (a *app) packCommand() *cobra.Command {
	var project, output string
	var list bool
	pack := &cobra.Command{
		Use:   "pack",
		Short: "Make the .oripk archive of a package",
		Long: "Make the .oripk archive of a package, the same bytes from the same files.\n" +
			"A missing or stale oripk.lock is made first; with dependencies that takes the registry.\n\n" +
			"--list shows which files would be in it, writes nothing and makes no connection.",
		Example: "  oripk pack\n  oripk pack --list\n  oripk pack -o - | tar tz",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if list {
				return a.listPacked(project)
			}
			return a.pack(cmd.Context(), project, output)
		},
	}
	projectFlag(pack, &project)
	pack.Flags().StringVarP(&output, "output", "o", "", "write to `FILE`, - for standard output (default scope-name-1.2.3.oripk)")
	pack.Flags().BoolVar(&list, "list", false, "show what would be packed, and write nothing")
	exclusive(pack, "list", "output")
	return pack
}

func (a *app) pack(ctx context.Context, dir, output string) error {
	p, err := a.openPackage(dir)
	if err != nil {
		return err
	}
	defer p.Close()
	if err := a.lock(ctx, p); err != nil {
		return err
	}
	a.noteScripts(p)
	if output == "-" {
		return a.packTo(p)
	}
	output = cmp.Or(output, api.ArchiveFile(p.Ref()))
	if err := checkReplaced(output); err != nil {
		return err
	}
	packed, err := newPacked(p)
	if err != nil {
		return err
	}
	defer packed.remove()
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := packed.keep(output); err != nil {
		return err
	}
	return a.result(packedJSON(packed.report, output), func(w io.Writer) {
		fmt.Fprintln(w, output)
		printPacked(w, packed.report)
	})
}

// packTo writes the archive to standard output, when it is known to be right.
func (a *app) packTo(p *client.Project) error {
	if a.json {
		return &usageError{What: "standard output cannot hold the archive and the JSON", Try: "-o FILE"}
	}
	packed, err := newPacked(p)
	if err != nil {
		return err
	}
	defer packed.remove()
	_, err = io.Copy(a.stdout, io.NewSectionReader(packed.file, 0, packed.report.Size))
	return err
}

// packed is an archive in a temporary file.
type packed struct {
	file   *os.File
	report *archive.Report
}

// newPacked packs into a temporary file, far from the project: a pattern of
// [publish] include must not meet it.
func newPacked(p *client.Project) (*packed, error) {
	f, err := os.CreateTemp("", "oripk-*.part")
	if err != nil {
		return nil, fmt.Errorf("making a temporary file: %w", err)
	}
	done := &packed{file: f}
	if done.report, err = p.Pack(f); err != nil {
		done.remove()
		return nil, err
	}
	return done, nil
}

func (p *packed) remove() {
	p.file.Close()
	os.Remove(p.file.Name())
}

// checkReplaced refuses to put an archive in the place of anything else.
func checkReplaced(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("writing the archive: %w", err)
	}
	if !info.Mode().IsRegular() {
		return &client.FileExistsError{Path: path, Why: "is no regular file"}
	}
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("writing the archive: %w", err)
	}
	defer f.Close()
	report, err := archive.Check(f)
	if err != nil {
		return fmt.Errorf("writing the archive: %w", err)
	}
	if !report.OK() {
		return &client.FileExistsError{Path: path, Why: "is no archive"}
	}
	return nil
}

// noteScripts says that archives carry no [scripts].
func (a *app) noteScripts(p *client.Project) {
	if len(p.Manifest.Scripts) > 0 {
		a.step("note: [scripts] of %s stays here: no archive carries it", archive.ManifestName)
	}
}

// keep puts the archive at path, whole or not at all. An older one is replaced:
// it is made of the user's own files and can be made again.
func (p *packed) keep(path string) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".oripk-*.part")
	if err != nil {
		return fmt.Errorf("writing the archive: %w", err)
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if _, err := io.Copy(f, io.NewSectionReader(p.file, 0, p.report.Size)); err != nil {
		return fmt.Errorf("writing the archive: %w", err)
	}
	if err := f.Chmod(0o644); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return fmt.Errorf("writing the archive: %w", err)
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("writing the archive: %w", err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return fmt.Errorf("writing the archive: %w", err)
	}
	return nil
}

// packedResult is the JSON of pack.
type packedResult struct {
	Package      ident.Package  `json:"package"`
	Version      ident.Version  `json:"version"`
	File         string         `json:"file"`
	Checksum     ident.Checksum `json:"checksum"`
	Size         int64          `json:"size"`
	UnpackedSize int64          `json:"unpacked_size"`
	Files        []packedFile   `json:"files"`
	Warnings     []api.Warning  `json:"warnings"`
}

type packedFile struct {
	Path     string         `json:"path"`
	Size     int64          `json:"size"`
	Checksum ident.Checksum `json:"checksum"`
}

func packedJSON(r *archive.Report, file string) *packedResult {
	out := &packedResult{
		Package: r.Manifest.Package, Version: r.Manifest.Version, File: file, Checksum: r.Checksum,
		Size: r.Size, UnpackedSize: r.UnpackedSize, Files: []packedFile{}, Warnings: []api.Warning{},
	}
	for _, f := range r.Files {
		out.Files = append(out.Files, packedFile(f))
	}
	for _, f := range r.Warnings {
		out.Warnings = append(out.Warnings, api.Warning{Code: f.Code, Detail: f.Detail, Pointer: f.Pointer})
	}
	return out
}

// printPacked shows what is in the archive.
func printPacked(w io.Writer, r *archive.Report) {
	const shown = 20
	row(w, "package", r.Manifest.Package.String()+" "+r.Manifest.Version.String())
	row(w, "archive", fmt.Sprintf("%s, %s, %s unpacked", bytesOf(r.Size), counted(len(r.Files), "file"), bytesOf(r.UnpackedSize)))
	row(w, "checksum", r.Checksum.String())
	for _, f := range r.Files[:min(len(r.Files), shown)] {
		row(w, "file", fmt.Sprintf("%s (%s)", f.Path, bytesOf(f.Size)))
	}
	if more := len(r.Files) - shown; more > 0 {
		row(w, "", fmt.Sprintf("and %d more", more))
	}
	printWarnings(w, r.Warnings)
}

func printWarnings(w io.Writer, warnings []manifest.Fault) {
	for _, f := range warnings {
		row(w, "warning", archive.ManifestName+":"+f.String())
	}
}
