package client

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/manifest"
)

// defaultFeature is on unless a requirement turns it off.
const defaultFeature = "default"

// FeatureError says that a package is asked for a feature that it has not.
type FeatureError struct {
	Package ident.Ref
	Feature string
	Asks    Requirement
	Has     []string // sorted
}

func (e *FeatureError) Error() string {
	return fmt.Sprintf("%s asks %s for the feature %q, which it has not", e.Asks.By(), e.Package, Printable(e.Feature))
}

// switchOn finds the features that are on: those that a requirement asks for,
// the default unless all requirements turn it off, and what those switch on in
// turn. Of the project itself the default is on.
func (w *walk) switchOn() error {
	project := &node{on: map[string]bool{}}
	project.Manifest = w.root
	if err := w.askAll(project, rootDependencies(w.root)); err != nil {
		return err
	}
	if _, has := w.root.Features[defaultFeature]; has {
		if err := w.on(project, defaultFeature, Requirement{}); err != nil {
			return err
		}
	}
	for _, n := range w.order {
		if err := w.askAll(n, buildDependencies(n.Manifest)); err != nil {
			return err
		}
	}
	for _, n := range w.order {
		n.Features = append([]string{}, slices.Sorted(maps.Keys(n.on))...)
	}
	return nil
}

// askAll turns on what dependencies ask of their packages.
func (w *walk) askAll(by *node, dependencies []manifest.Dependency) error {
	for _, d := range dependencies {
		n, asks := w.nodes[d.Package], w.asking(by, d)
		for _, feature := range d.Features {
			if err := w.on(n, feature, asks); err != nil {
				return err
			}
		}
		if _, has := n.Manifest.Features[defaultFeature]; has && d.DefaultFeatures {
			if err := w.on(n, defaultFeature, asks); err != nil {
				return err
			}
		}
	}
	return nil
}

// asking names who asks.
func (w *walk) asking(by *node, d manifest.Dependency) Requirement {
	if by.parent == nil && by.Ref.Package.IsZero() {
		return Requirement{Root: d}
	}
	return Requirement{Root: by.root, by: by}
}

// on turns a feature on, with all that it switches on.
func (w *walk) on(n *node, feature string, asks Requirement) error {
	if n.on[feature] {
		return nil
	}
	entries, has := n.Manifest.Features[feature]
	if !has {
		return &FeatureError{Package: n.Ref, Feature: feature, Asks: asks, Has: slices.Sorted(maps.Keys(n.Manifest.Features))}
	}
	n.on[feature] = true
	for _, entry := range entries {
		if err := w.entry(n, entry); err != nil {
			return err
		}
	}
	return nil
}

// entry carries out what a feature of n lists: another feature of n, or
// "@scope/name/feature"; a package or module alone needs no more than to be
// there. What n is only tested with is none of its business in this graph, though
// others may have brought it there.
func (w *walk) entry(n *node, entry string) error {
	if _, own := n.Manifest.Features[entry]; own {
		return w.on(n, entry, w.asking(n, manifest.Dependency{}))
	}
	name, feature, ok := cutFeature(entry)
	if !ok {
		return nil
	}
	p, err := ident.ParsePackage(name)
	if err != nil {
		return fmt.Errorf("reading the features of %s: %w", n.Ref, err)
	}
	if !w.dependsOn(n, p) {
		return nil
	}
	return w.on(w.nodes[p], feature, w.asking(n, manifest.Dependency{}))
}

// dependsOn reports whether n itself brings p into the graph.
func (w *walk) dependsOn(n *node, p ident.Package) bool {
	brings := buildDependencies
	if n.Manifest == w.root {
		brings = rootDependencies
	}
	return slices.ContainsFunc(brings(n.Manifest), func(d manifest.Dependency) bool { return d.Package == p })
}

// cutFeature divides "@scope/name/feature".
func cutFeature(entry string) (name, feature string, ok bool) {
	if strings.Count(entry, "/") != 2 {
		return "", "", false
	}
	end := strings.LastIndex(entry, "/")
	return entry[:end], entry[end+1:], true
}
