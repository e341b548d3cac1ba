package repotest

import (
	"go/ast"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ori-lang/registry/spec"
)

const requirementFile = "requirement.md"

// rowsOfSeed is how many lines of the original requirement say something.
const rowsOfSeed = 76

// TestRequirementNamesRealTests holds the last column of every table of
// spec/requirement.md to the tree: "not yet", or tests, scripts and folders of
// tests that exist.
func TestRequirementNamesRealTests(t *testing.T) {
	text, err := spec.Pages.ReadFile(requirementFile)
	if err != nil {
		t.Fatal(err)
	}
	tests := testsByFolder(t)
	rows := 0
	for number, line := range strings.Split(string(text), "\n") {
		cells, ok := tableRow(line)
		if !ok {
			continue
		}
		rows++
		for _, name := range strings.Split(cells[len(cells)-1], ", ") {
			if fault := tests.fault(strings.Trim(name, " `")); fault != "" {
				t.Errorf("%s:%d: %q %s", requirementFile, number+1, cells[0], fault)
			}
		}
	}
	if rows != rowsOfSeed {
		t.Errorf("%s has %d rows, the requirement %d lines", requirementFile, rows, rowsOfSeed)
	}
}

// tableRow gives the cells of a row, unless it is the head of a table.
func tableRow(line string) (cells []string, ok bool) {
	if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| ---") || strings.HasPrefix(line, "| Line ") {
		return nil, false
	}
	for cell := range strings.SplitSeq(strings.Trim(line, "| "), " | ") {
		cells = append(cells, strings.TrimSpace(cell))
	}
	return cells, true
}

// testNames are the test functions of each folder.
type testNames map[string]map[string]bool

func testsByFolder(t *testing.T) testNames {
	names := testNames{}
	for _, file := range sourceFiles(t) {
		if !file.isTest {
			continue
		}
		for _, name := range functions(file) {
			if names[file.folder] == nil {
				names[file.folder] = map[string]bool{}
			}
			names[file.folder][name] = true
		}
	}
	return names
}

// fault says why name is no test of the tree; "" when it is one.
func (names testNames) fault(name string) string {
	folder, function, isFunction := strings.Cut(name, ".")
	switch {
	case name == "not yet":
		return ""
	case name == "":
		return "names no test"
	case strings.HasSuffix(name, ".txtar"):
		if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(name))); err != nil {
			return "names the script " + name + ", which is not there"
		}
	case names[folder] == nil:
		return "names " + name + ", but " + folder + " has no tests"
	case isFunction && !names[folder][function]:
		return "names " + name + ", which is not there"
	}
	return ""
}

// functions lists the functions of a file that have no receiver.
func functions(file sourceFile) (names []string) {
	for _, declaration := range file.Decls {
		if f, ok := declaration.(*ast.FuncDecl); ok && f.Recv == nil {
			names = append(names, f.Name.Name)
		}
	}
	return names
}
