package manifest

import (
	"strings"

	"github.com/ori-lang/registry/ident"
)

// features reads [features]: names and what each of them switches on.
func (r *reader) features(n *node) {
	for _, e := range r.count(n, maxSections) {
		if r.word(e) {
			r.m.Features[e.key] = r.list(e, maxEntries, maxLine)
		}
	}
}

// featureEntries finds entries of features that lead nowhere. It runs last,
// when all features and dependencies are known.
func (r *reader) featureEntries() {
	wanted := map[string]bool{}
	for _, d := range r.m.Dependencies {
		wanted[d.Package.String()] = true
	}
	for _, module := range r.m.Std {
		wanted[module] = true
	}
	features := r.root.get("features")
	if features == nil || features.kind != kindTable {
		return
	}
	for _, f := range features.children {
		if f.kind != kindArray {
			continue
		}
		for _, e := range f.children {
			if e.kind == kindString {
				r.featureEntry(e, features, wanted)
			}
		}
	}
}

// featureEntry checks one entry: a feature of this package, "@scope/name",
// "@scope/name/feature" or "std.module". No feature has a dot or an @ in its
// name, so the four cannot be taken for one another.
func (r *reader) featureEntry(e, features *node, wanted map[string]bool) {
	name := e.text
	switch {
	case strings.HasPrefix(name, "@"):
		p, ok := r.packageOf(e)
		if !ok {
			return
		}
		name = p.String()
	case !strings.HasPrefix(name, "std."):
		if features.get(name) == nil {
			r.at(e, CodeValue, "there is no feature %s in this package", shown(name))
		}
		return
	case !isModule(name):
		r.at(e, CodeName, "%s is not a module of the standard library; write std and a name, such as std.json", shown(name))
		return
	}
	if !wanted[name] {
		r.at(e, CodeValue, "%s is not a dependency of this package; add it to [dependencies] or leave it out", name)
	}
}

// packageOf gives the package in "@scope/name" or "@scope/name/feature".
func (r *reader) packageOf(e *node) (p ident.Package, ok bool) {
	name := e.text
	if parts := strings.SplitN(name, "/", 3); len(parts) == 3 {
		name = parts[0] + "/" + parts[1]
		if err := ident.CheckName(parts[2]); err != nil {
			r.at(e, CodeName, "%v", err)
			return p, false
		}
	}
	p, err := ident.ParsePackage(name)
	if err != nil {
		r.at(e, CodeName, "%v", err)
	}
	return p, err == nil
}

// featureNames reads the features that a dependency is to have.
func (r *reader) featureNames(n *node) (out []string) {
	for _, e := range r.elements(n, maxEntries) {
		if !r.is(e, kindString) || !r.once(n, e) {
			continue
		}
		if err := ident.CheckName(e.text); err != nil {
			r.at(e, CodeName, "%v", err)
			continue
		}
		out = append(out, e.text)
	}
	return out
}
