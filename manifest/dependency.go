package manifest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/ori-lang/registry/ident"
)

// declared is a dependency with its place in the text.
type declared struct {
	Dependency
	node *node
}

// isLocal reports whether d is a form for work on one machine.
func (d Dependency) isLocal() bool { return d.Git != "" || d.Path != "" }

func (d Dependency) localDetail() string {
	form := "git"
	if d.Path != "" {
		form = "path"
	}
	return fmt.Sprintf("%s is a %s dependency, which is for local work: a published package names a version of a registry", d.Package, form)
}

// source says where d comes from; two dependencies on one package agree when
// their sources are equal.
func (d Dependency) source() string {
	switch {
	case d.Path != "":
		return "the path " + shown(d.Path)
	case d.Git != "":
		return "git " + shown(d.Git) + " at " + shown(d.Rev)
	case d.Registry != "":
		return d.Version.String() + " of the registry " + d.Registry
	}
	return d.Version.String()
}

// targets reads [target."cfg(…)".dependencies].
func (r *reader) targets(n *node) {
	for _, t := range n.children {
		if !r.is(t, kindTable) || !r.condition(t) {
			continue
		}
		for _, e := range t.children {
			switch {
			case e.key != "dependencies":
				r.unknownKey(e)
			case r.is(e, kindTable):
				r.dependencies(e, Target, t.key)
			}
		}
	}
}

// condition reports whether the key of n has the outer form of a condition;
// what is inside is the compiler's.
func (r *reader) condition(n *node) bool {
	if bad, found := hiddenCharacter(n.key); found {
		r.atKey(n, CodeText, "the character %U is not allowed in a condition", bad)
		return false
	}
	if !isCondition(n.key) {
		r.atKey(n, CodeValue, `%s is not a condition; write [target."cfg(…)".dependencies]`, shown(n.key))
		return false
	}
	return true
}

// isCondition reports whether s has the outer form of a condition and no
// character that shows nothing.
func isCondition(s string) bool {
	inner, opened := strings.CutPrefix(s, "cfg(")
	inner, closed := strings.CutSuffix(inner, ")")
	_, hidden := hiddenCharacter(s)
	return opened && closed && strings.TrimSpace(inner) != "" && !hidden
}

// dependencies reads one table of dependencies.
func (r *reader) dependencies(n *node, k Kind, target string) {
	modules := map[string]*node{}
	for _, e := range n.children {
		switch {
		case e.key == "std" || strings.HasPrefix(e.key, "std."):
			r.std(e, e.key, modules)
		case len(r.declared) == MaxDependencies:
			r.atKey(e, CodeLimit, "there are more than %d dependencies", MaxDependencies)
			return
		default:
			r.dependency(e, k, target)
		}
	}
}

// std reads a module of the standard library: `"std.json" = true`, or the
// dotted key `std.json = true`, which TOML reads as a table. The modules are
// those of the same table so far.
func (r *reader) std(n *node, name string, modules map[string]*node) {
	if n.kind == kindTable && n.form == formDotted {
		for _, e := range n.children {
			r.std(e, name+"."+e.key, modules)
		}
		return
	}
	earlier := modules[name]
	modules[name] = n
	switch {
	case !isModule(name):
		r.atKey(n, CodeName, "%s is not a module of the standard library; write std and a name, such as std.json", shown(name))
	case earlier != nil:
		r.atKey(n, CodeDuplicate, "%s is given here and, in another spelling, at line %d; keep one of them", name, r.position(earlier.keyAt).Line)
	case n.kind != kindBool || n.text != "true":
		r.at(n, CodeDependency, "%s comes with the compiler and takes nothing but true", name)
	case len(r.m.Std) == MaxDependencies:
		r.atKey(n, CodeLimit, "there are more than %d modules of the standard library", MaxDependencies)
	case !slices.Contains(r.m.Std, name):
		r.m.Std = append(r.m.Std, name)
	}
}

// isModule reports whether name is "std" and one or more words after dots.
func isModule(name string) bool {
	parts := strings.Split(name, ".")
	odd := func(c rune) bool { return !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '_') }
	for _, p := range parts {
		if p == "" || strings.ContainsFunc(p, odd) {
			return false
		}
	}
	return len(parts) > 1 && len(name) <= ident.MaxName
}

func (r *reader) dependency(n *node, k Kind, target string) {
	p, err := ident.ParsePackage(n.key)
	if err != nil {
		r.atKey(n, CodeName, "%v", err)
		return
	}
	d := Dependency{
		Package: p, DefaultFeatures: true, Kind: k, Target: target,
		Pointer: n.pointer(), Position: r.position(n.keyAt),
	}
	switch n.kind {
	case kindString:
		d.Version = r.version(n)
	case kindTable:
		r.dependencyTable(n, &d)
	case kindBool:
		r.at(n, CodeDependency, `%s needs a version; write "%s" = "1.2.3"`, p, p)
		return
	default:
		r.at(n, CodeType, "a dependency is a version or a table, not %s", n.kind)
		return
	}
	r.declared = append(r.declared, declared{d, n})
}

func (r *reader) dependencyTable(n *node, d *Dependency) {
	for _, e := range n.children {
		switch e.key {
		case "version":
			d.Version = r.version(e)
		case "features":
			d.Features = r.featureNames(e)
		case "default-features":
			d.DefaultFeatures = r.boolean(e)
		case "registry":
			d.Registry = r.line(e, maxLine)
		case "git":
			d.Git = r.line(e, maxURL)
		case "rev":
			d.Rev = r.line(e, maxLine)
		case "path":
			d.Path = r.line(e, maxLine)
		default:
			r.unknownKey(e)
		}
	}
	r.oneForm(n)
}

// oneForm finds tables that mix the forms of a dependency, or have none.
func (r *reader) oneForm(n *node) {
	has := func(key string) bool { return n.get(key) != nil }
	switch {
	case has("git") && has("path"):
		r.atKey(n.get("path"), CodeDependency, "a dependency has either git or path")
	case has("git") || has("path"):
		for _, key := range []string{"version", "registry"} {
			if has(key) {
				r.atKey(n.get(key), CodeDependency, "a git or path dependency has no %s: what is at that place counts", key)
			}
		}
	case !has("version"):
		r.fault(CodeMissing, n.pointer()+"/version", n.keyAt, "%s has no version, which is required", shown(n.key))
	}
	switch {
	case has("git") && !has("rev"):
		r.fault(CodeMissing, n.pointer()+"/rev", n.keyAt, "a git dependency names its rev, the commit")
	case has("rev") && !has("git"):
		r.atKey(n.get("rev"), CodeDependency, "rev belongs to a git dependency")
	}
}

// settle puts the dependencies into the author's order and finds those that
// cannot be together: two sources of one package, and the package itself.
func (r *reader) settle() {
	slices.SortStableFunc(r.declared, func(a, b declared) int { return cmp.Compare(a.node.keyAt, b.node.keyAt) })
	first := map[ident.Package]declared{}
	for _, d := range r.declared {
		r.m.Dependencies = append(r.m.Dependencies, d.Dependency)
		if d.Package == r.m.Package {
			r.atKey(d.node, CodeDependency, "the package depends on itself")
		}
		earlier, ok := first[d.Package]
		if !ok {
			first[d.Package] = d
			continue
		}
		if a, b := earlier.source(), d.source(); a != b && a != "" && b != "" {
			r.atKey(d.node, CodeDependency, "%s is %s here (line %d) but %s at line %d; there is one version of a package",
				d.Package, b, d.Position.Line, a, earlier.Position.Line)
		}
	}
}
