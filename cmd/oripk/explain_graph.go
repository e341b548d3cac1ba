package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/client"
	"github.com/ori-lang/registry/ident"
)

// explainMissing is for several dependencies that are not there.
func explainMissing(err error) (explanation, error) {
	missing, ok := errors.AsType[*client.MissingError](err)
	if !ok {
		return explanation{}, nil
	}
	e := explanation{
		Code: string(api.DependencyNotFound), Message: fmt.Sprintf("%d dependencies are not in the registry", len(missing.Errs)),
		Hint: "correct their names and versions in oripk.toml, or name the registry that has them", ExitCode: exitNotFound,
	}
	for _, one := range missing.Errs {
		e.Details = append(e.Details, client.Printable(one.Error()))
		if fetch, ok := errors.AsType[*client.FetchError](one); ok && fetch.By.Root.Position.Line > 0 {
			e.Places = append(e.Places, newPlace(fetch.By.Root.Position, way(fetch.By, fetch.Ref)))
		}
	}
	return e, missing
}

// explainGraph is for dependencies that do not go together.
func explainGraph(err error) (explanation, error) {
	for _, kind := range []func(error) (explanation, error){explainConflict, explainCycle, explainFeature, explainSource} {
		if e, cause := kind(err); cause != nil {
			e.ExitCode = exitFailed
			return e, cause
		}
	}
	return explanation{}, nil
}

func explainConflict(err error) (explanation, error) {
	conflict, ok := errors.AsType[*client.ConflictError](err)
	if !ok {
		return explanation{}, nil
	}
	e := explanation{
		Code: "dependency_conflict", Message: conflictMessage(conflict),
		Hint: "choose versions of those who require it that agree; nothing overrides a requirement",
	}
	for _, c := range conflict.Conflicts {
		sources := map[string]bool{}
		for _, r := range c.Requirements {
			sources[r.Registry] = true
		}
		for _, r := range someOfEach(c.Requirements) {
			label := way(r, ident.Ref{Package: c.Package, Version: r.Version})
			if len(sources) > 1 {
				label += " from " + r.Registry
			}
			e.Places = append(e.Places, newPlace(r.Root.Position, label))
		}
	}
	return e, conflict
}

// someOfEach gives the first few who want the same, of each version.
func someOfEach(all []client.Requirement) (some []client.Requirement) {
	const few = 10
	type wish struct{ version, registry string }
	told := map[wish]int{}
	for _, r := range all {
		w := wish{r.Version.String(), r.Registry}
		if told[w]++; told[w] <= few {
			some = append(some, r)
		}
	}
	return some
}

func conflictMessage(e *client.ConflictError) string {
	names := make([]string, len(e.Conflicts))
	for i, c := range e.Conflicts {
		names[i] = c.Package.String()
	}
	if len(names) == 1 {
		return "the requirements of " + names[0] + " disagree, and a graph has one version of each package"
	}
	return fmt.Sprintf("the requirements of %d packages disagree (%s), and a graph has one version of each", len(names), strings.Join(names, ", "))
}

// way says how a line of the manifest leads to a requirement.
func way(r client.Requirement, ref ident.Ref) string {
	if len(r.Path()) == 0 {
		return "requires " + ref.String()
	}
	return "brings " + strings.Join(refNames(r.Path()), " → ") + ", which requires " + ref.String()
}

func explainCycle(err error) (explanation, error) {
	cycle, ok := errors.AsType[*client.CycleError](err)
	if !ok {
		return explanation{}, nil
	}
	e := explanation{
		Code: "dependency_cycle", Message: cycle.Error(),
		Hint: "move what both sides need into a package of its own",
	}
	if cycle.Root.Position.Line > 0 {
		e.Places = []place{newPlace(cycle.Root.Position, "leads into the circle")}
	}
	return e, cycle
}

func explainFeature(err error) (explanation, error) {
	feature, ok := errors.AsType[*client.FeatureError](err)
	if !ok {
		return explanation{}, nil
	}
	e := explanation{
		Code: "unknown_feature", Message: fmt.Sprintf("%s has no feature %q", feature.Package, client.Printable(feature.Feature)),
		Details: []string{client.Printable(feature.Error())}, Hint: feature.Package.String() + " has no features at all",
	}
	if len(feature.Has) > 0 {
		e.Hint = client.Printable("it has: " + strings.Join(feature.Has, ", "))
	}
	if at := feature.Asks.Root.Position; at.Line > 0 {
		e.Places = []place{newPlace(at, "asks for "+feature.Feature)}
	}
	return e, feature
}

func explainSource(err error) (explanation, error) {
	source, ok := errors.AsType[*client.SourceError](err)
	if !ok {
		return explanation{}, nil
	}
	return explanation{
		Code: "unknown_registry", Message: source.Error(),
		Hint: "if you trust that registry, name it in a [registries.NAME] of your own oripk.toml, or of your configuration",
	}, source
}
