package main

import (
	"errors"
	"fmt"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/archive"
	"github.com/ori-lang/registry/client"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/manifest"
)

// explainEdit is for changes of the dependencies that are not made.
func explainEdit(err error) (explanation, error) {
	if there, ok := errors.AsType[*thereError](err); ok {
		d := there.Dependency
		e := explanation{
			Code: "already_there", Message: there.Error(), ExitCode: exitFailed,
			Hint: fmt.Sprintf("for another version: oripk upgrade %s:VERSION; for other features change this line of %s", d.Package, archive.ManifestName),
		}
		if d.Position.Line > 0 {
			e.Places = []place{newPlace(d.Position, "is here")}
		}
		return e, there
	}
	if none, ok := errors.AsType[*notThereError](err); ok {
		e := explanation{Code: "not_a_dependency", Message: none.Error(), ExitCode: exitFailed, Hint: "oripk deps shows what it depends on"}
		if none.Brought {
			e.Details, e.Hint = []string{"another package brings it"}, fmt.Sprintf("oripk why %s shows which", none.Package)
		} else if near := nearestDependency(none.Package, none.Has); near != "" {
			e.Hint = "did you mean " + near + "?"
		}
		return e, none
	}
	if choose, ok := errors.AsType[*chooseError](err); ok {
		e := explanation{
			Code: string(api.VersionNotFound), Message: choose.Error(), Details: []string{client.Printable(choose.Why)},
			Hint: choose.available(), ExitCode: exitNotFound,
		}
		if choose.Yanked {
			e.Code, e.ExitCode = "yanked", exitFailed
			e.Hint += "; --allow-yanked takes it all the same"
		}
		return e, choose
	}
	if wrong, ok := errors.AsType[*manifest.EditError](err); ok {
		e := explanation{
			Code: "not_edited", Message: "oripk.toml cannot be changed without guessing", ExitCode: exitFailed,
			Details: []string{wrong.Detail}, Hint: "change it with an editor, and run: oripk sync",
		}
		if wrong.Line > 0 {
			e.Places = []place{newPlace(wrong.Position, "is in the way")}
		}
		return e, wrong
	}
	return explanation{}, nil
}

// nearestDependency gives a dependency of the same name in another scope, or of
// almost the same; "" when there is none.
func nearestDependency(p ident.Package, has []manifest.Dependency) string {
	var names []string
	for _, d := range has {
		if d.Package.Name() == p.Name() {
			return d.Package.String()
		}
		names = append(names, d.Package.String())
	}
	return ident.Nearest(p.String(), names...)
}
