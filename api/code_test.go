package api_test

import (
	"cmp"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"testing"

	"github.com/ori-lang/registry/api"
)

// declared gives the codes that code.go declares, in its order.
func declared(t *testing.T) []api.Code {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "code.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var codes []api.Code
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if kind, ok := spec.Type.(*ast.Ident); ok && kind.Name == "Code" {
			codes = append(codes, literals(t, spec.Values)...)
		}
		return false
	})
	return codes
}

func literals(t *testing.T, values []ast.Expr) []api.Code {
	t.Helper()
	var codes []api.Code
	for _, value := range values {
		text, err := strconv.Unquote(value.(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		codes = append(codes, api.Code(text))
	}
	return codes
}

func TestEveryCodeHasARow(t *testing.T) {
	var rows []api.Code
	for _, info := range api.Codes {
		rows = append(rows, info.Code)
	}
	codes := declared(t)
	if len(codes) == 0 {
		t.Fatal("code.go declares no codes")
	}
	if !slices.Equal(codes, rows) {
		t.Errorf("the constants are\n%q\nand the rows of Codes\n%q", codes, rows)
	}
	slices.Sort(rows)
	if unique := slices.Compact(slices.Clone(rows)); len(unique) != len(rows) {
		t.Errorf("a code stands twice in %q", rows)
	}
}

func TestRowsOfCodes(t *testing.T) {
	if !slices.IsSortedFunc(api.Codes, func(a, b api.CodeInfo) int { return cmp.Compare(a.Status, b.Status) }) {
		t.Error("Codes is not in the order of the statuses")
	}
	form := regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`)
	titles := make(map[string]api.Code)
	for _, info := range api.Codes {
		if !form.MatchString(string(info.Code)) {
			t.Errorf("%q is not in snake_case", info.Code)
		}
		if info.Status < 400 || info.Status > 599 || http.StatusText(info.Status) == "" {
			t.Errorf("%s travels with %d, which is no status of a failure", info.Code, info.Status)
		}
		if info.Title == "" || info.Meaning == "" {
			t.Errorf("%s has no title or no meaning", info.Code)
		}
		if other, ok := titles[info.Title]; ok {
			t.Errorf("%s and %s have the same title", info.Code, other)
		}
		titles[info.Title] = info.Code
		if info.Code.Info() != info {
			t.Errorf("Info of %s is %v", info.Code, info.Code.Info())
		}
	}
}

func TestInfoOfUnknownCode(t *testing.T) {
	if info := api.Code("made_up").Info(); info.Code != api.Internal || info.Status != 500 {
		t.Errorf("an unknown code is taken for %s, %d", info.Code, info.Status)
	}
}

func TestCodeOf(t *testing.T) {
	problem := api.Errorf(api.VersionExists, "…")
	cases := []struct {
		err  error
		want api.Code
	}{
		{problem, api.VersionExists},
		{fmt.Errorf("publishing: %w", problem), api.VersionExists},
		{errors.Join(io.EOF, fmt.Errorf("publishing: %w", problem)), api.VersionExists},
		{api.NotOwner, api.NotOwner},
		{fmt.Errorf("publishing: %w", api.NotOwner), api.NotOwner},
		{io.EOF, api.Internal},
		{errors.New("version_exists"), api.Internal},
		{nil, api.Internal},
	}
	for _, c := range cases {
		if got := api.CodeOf(c.err); got != c.want {
			t.Errorf("CodeOf(%v) is %s, want %s", c.err, got, c.want)
		}
	}
}
