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
	wanted := map[ident.Package]bool{}
	for _, d := range r.m.Dependencies {
		wanted[d.Package] = true
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

// featureEntry checks one entry: a feature of this package, "@scope/name" or
// "@scope/name/feature".
func (r *reader) featureEntry(e, features *node, wanted map[ident.Package]bool) {
	if !strings.HasPrefix(e.text, "@") {
		if features.get(e.text) == nil {
			r.at(e, CodeValue, "there is no feature %s in this package", shown(e.text))
		}
		return
	}
	name, feature := e.text, ""
	if parts := strings.SplitN(e.text, "/", 3); len(parts) == 3 {
		name, feature = parts[0]+"/"+parts[1], parts[2]
		if err := ident.CheckName(feature); err != nil {
			r.at(e, CodeName, "%v", err)
			return
		}
	}
	p, err := ident.ParsePackage(name)
	switch {
	case err != nil:
		r.at(e, CodeName, "%v", err)
	case !wanted[p]:
		r.at(e, CodeValue, "%s is not a dependency of this package", p)
	}
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
