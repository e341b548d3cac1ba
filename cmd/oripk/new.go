package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ori-lang/registry/archive"
	"github.com/ori-lang/registry/client"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/manifest"
)

func (a *app) newCommand() *cobra.Command {
	var dir, description string
	create := &cobra.Command{
		Use:   "new @scope/name",
		Short: "Begin a package",
		Long: "Begin a package: a folder with oripk.toml, a first source file with its test, and\n" +
			"a README. The folder is called like the package unless --dir says otherwise.",
		Example: "  oripk new @acme/http\n  oripk new @acme/http --dir . --description 'A small HTTP client.'",
		Args:    exactly("@scope/name"),
		RunE:    func(_ *cobra.Command, args []string) error { return a.create(args[0], dir, description) },
	}
	create.Flags().StringVar(&dir, "dir", "", "make it in `DIR`, which may be there (default: name)")
	create.Flags().StringVar(&description, "description", "", "what the package is, in one `SENTENCE`")
	return create
}

func (a *app) create(arg, dir, description string) error {
	name, err := ident.ParsePackage(arg)
	if err != nil {
		return &usageError{What: err.Error(), Try: "oripk new @scope/name"}
	}
	for _, word := range []string{name.Scope(), name.Name()} {
		if ident.Reserved(word) {
			return &usageError{What: fmt.Sprintf("%q is reserved: no registry takes it as a scope or name", word), Try: "another name"}
		}
	}
	if _, report := manifest.Parse([]byte(manifestText(name, description))); !report.OK() {
		return &usageError{What: "--description: " + report.Faults[0].Detail, Try: "one sentence of plain text"}
	}
	if dir == "" {
		dir = name.Name()
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("making the package's folder: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("making the package's folder: %w", err)
	}
	defer root.Close()
	if _, err := root.Lstat(archive.ManifestName); err == nil {
		return &client.FileExistsError{Path: filepath.Join(dir, archive.ManifestName), Why: "is a package already", Hint: "--dir DIR for another folder"}
	}
	made, err := writeNew(root, newFiles(name, description))
	if err != nil {
		return fmt.Errorf("making the package: %w", err)
	}
	created := createdJSON{Package: name, Dir: dir, Files: made}
	return a.result(created, func(w io.Writer) {
		fmt.Fprintf(w, "made %s in %s: %s\n", name, client.Printable(dir), strings.Join(made, ", "))
	})
}

// createdJSON is the JSON of new.
type createdJSON struct {
	Package ident.Package `json:"package"`
	Dir     string        `json:"dir"`
	Files   []string      `json:"files"` // that were made
}

type newFile struct{ path, text string }

func newFiles(name ident.Package, description string) []newFile {
	return []newFile{
		{archive.ManifestName, manifestText(name, description)},
		{"src/lib.ori", libText},
		{"README.md", strings.TrimSpace(fmt.Sprintf("# %s\n\n%s", name, description)) + "\n"},
		{".gitignore", ".ori/\n*.oripk\n"},
	}
}

func manifestText(name ident.Package, description string) string {
	described := "# description = \"what it is, in one sentence: publishing needs it\""
	if description != "" {
		described = fmt.Sprintf("description = %q", description)
	}
	return fmt.Sprintf(`[project]
name = %q
version = "0.1.0"
%s
# license = "MIT"
ori = "1.0.0"

[project.entry]
lib = "src/lib.ori"

[dependencies]
`, name, described)
}

const libText = `use std.testing { assert_eq };

// Every function has a test that names it.
pub @greet (name: str) -> str = ` + "`Hello, {name}!`" + `;

@test_greet tests @greet () -> void = assert_eq(actual: greet(name: "Ori"), expected: "Hello, Ori!");
`

// writeNew writes the files that are not there yet, the manifest first: a
// folder with one is not begun twice.
func writeNew(root *os.Root, files []newFile) (made []string, err error) {
	for _, f := range files {
		if err := root.MkdirAll(filepath.Dir(f.path), 0o755); err != nil {
			return made, err
		}
		file, err := root.OpenFile(f.path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return made, err
		}
		_, err = file.WriteString(f.text)
		if err = errors.Join(err, file.Close()); err != nil {
			return made, err
		}
		made = append(made, f.path)
	}
	return made, nil
}
