package repotest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	root   = "../.." // of the repository
	module = "github.com/ori-lang/registry"
)

// sourceFile is a Go file of the module.
type sourceFile struct {
	folder string // of the repository, with slashes
	isTest bool
	*ast.File
}

// sourceFiles parses every Go file of the module; modules inside it, hidden
// folders and test data do not belong to it.
func sourceFiles(t *testing.T) (files []sourceFile) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && path != root && isForeign(path, entry.Name()) {
			return fs.SkipDir
		}
		if entry.IsDir() || !strings.HasSuffix(path, ".go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		folder, err := filepath.Rel(root, filepath.Dir(path))
		files = append(files, sourceFile{filepath.ToSlash(folder), strings.HasSuffix(path, "_test.go"), file})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func isForeign(path, name string) bool {
	_, err := os.Stat(filepath.Join(path, "go.mod"))
	return err == nil || name == "testdata" || strings.HasPrefix(name, ".")
}
