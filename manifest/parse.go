package manifest

import (
	"slices"
	"strings"

	"github.com/ori-lang/registry/ident"
)

// Parse reads an oripk.toml in both spellings. The report has every fault, not
// only the first; with none, the manifest keeps every rule of the format. The
// manifest is nil when the text cannot be read as TOML.
func Parse(text []byte) (*Manifest, *Report) {
	doc, found := readDocument(text, loose)
	if doc.root == nil {
		return nil, found.report(doc.source)
	}
	r := newReader(doc, found)
	r.manifest()
	return r.m, found.report(doc.source)
}

// ParseStrict reads an oripk.toml as an archive holds it: TOML 1.0 without loose
// spellings and without [scripts]. CheckPublish adds what else an archive needs.
func ParseStrict(text []byte) (*Manifest, *Report) {
	doc, found := readDocument(text, strict)
	if doc.root == nil {
		return nil, found.report(doc.source)
	}
	r := newReader(doc, found)
	r.manifest()
	if n := r.root.get("scripts"); n != nil {
		r.atKey(n, CodeScripts, "an archive has no [scripts]; pack the package again, which takes them out")
	}
	return r.m, found.report(doc.source)
}

func newReader(doc *document, found *findings) *reader {
	return &reader{findings: found, document: doc, m: &Manifest{
		Features:   map[string][]string{},
		Registries: map[string]Registry{},
		Scripts:    map[string]string{},
	}}
}

// manifest reads all sections and then checks what takes more than one.
func (r *reader) manifest() {
	for _, n := range r.root.children {
		r.section(n)
	}
	if r.root.get("project") == nil {
		r.fault(CodeMissing, "/project", 0, "there is no [project] with name, version and ori, which are required")
	}
	r.settle()
	r.registryNames()
	r.featureEntries()
}

func (r *reader) section(n *node) {
	read := map[string]func(*node){
		"project":          r.project,
		"dependencies":     func(n *node) { r.dependencies(n, Normal, "") },
		"dev-dependencies": func(n *node) { r.dependencies(n, Dev, "") },
		"target":           r.targets,
		"features":         r.features,
		"registries":       r.registries,
		"workspace":        r.workspace,
		"scripts":          r.scripts,
		"publish":          r.publish,
	}[n.key]
	if read == nil {
		r.warn(CodeUnknownSection, n.pointer(), n.keyAt, "the section %s is not known and is ignored", shown(n.key))
		return
	}
	if r.is(n, kindTable) {
		read(n)
	}
}

func (r *reader) project(n *node) {
	m := r.m
	m.project = r.position(n.keyAt)
	for _, e := range n.children {
		switch e.key {
		case "name":
			m.Package = r.pkg(e)
		case "version":
			m.Version = r.version(e)
		case "description":
			r.line(e, MaxDescription)
			m.Description = e.text // also with a fault: CheckPublish must not call it missing
		case "license":
			m.License = r.license(e)
		case "authors":
			m.Authors = r.list(e, maxEntries, maxLine)
		case "repository":
			m.Repository = r.url(e)
		case "keywords":
			m.Keywords = r.list(e, MaxKeywords, MaxKeyword)
		case "categories":
			m.Categories = r.list(e, maxEntries, maxLine)
		case "funding":
			m.Funding = r.url(e)
		case "edition":
			m.Edition = r.line(e, maxEdition)
		case "ori":
			m.Ori = r.version(e).String()
		case "entry":
			r.entry(e)
		default:
			r.unknownKey(e)
		}
	}
	r.require(n, "name", "version", "ori")
}

func (r *reader) entry(n *node) {
	if !r.is(n, kindTable) {
		return
	}
	for _, e := range n.children {
		switch e.key {
		case "lib":
			r.m.Entry.Lib = r.file(e)
		case "main":
			r.m.Entry.Main = r.file(e)
		default:
			r.unknownKey(e)
		}
	}
}

func (r *reader) registries(n *node) {
	for _, e := range r.count(n, maxSections) {
		if r.word(e) && r.is(e, kindTable) {
			r.m.Registries[e.key] = r.registry(e)
		}
	}
}

func (r *reader) registry(n *node) (out Registry) {
	for _, e := range n.children {
		switch e.key {
		case "url":
			out.URL = r.registryURL(e)
		case "auth":
			out.Auth = r.line(e, maxLine)
		case "scopes":
			out.Scopes = r.scopes(e)
		default:
			r.unknownKey(e)
		}
	}
	r.require(n, "url")
	return out
}

func (r *reader) registryURL(n *node) string {
	text := r.line(n, maxURL)
	if text == "" {
		return ""
	}
	if err := checkURL(text, true); err != nil {
		r.at(n, CodeURL, "%v", err)
		return ""
	}
	if strings.ContainsAny(text, "?#") {
		r.at(n, CodeURL, "the URL of a registry ends with its path; leave out what starts with ? or #")
		return ""
	}
	return text
}

// scopes reads a list of scopes, of which each lives in one registry only.
func (r *reader) scopes(n *node) (out []string) {
	for _, e := range r.elements(n, MaxDependencies) {
		if !r.is(e, kindString) {
			continue
		}
		scope := strings.TrimPrefix(e.text, "@")
		if err := ident.CheckScope(scope); err != nil {
			r.at(e, CodeName, "%v", err)
			continue
		}
		if slices.Contains(out, scope) || r.m.registryOf(scope) != "" {
			r.at(e, CodeDuplicate, "the scope %s is listed twice; it lives in one registry", shown(scope))
			continue
		}
		out = append(out, scope)
	}
	return out
}

func (r *reader) workspace(n *node) {
	r.m.Workspace = &Workspace{}
	for _, e := range n.children {
		if e.key != "members" {
			r.unknownKey(e)
			continue
		}
		r.m.Workspace.Members = r.list(e, maxEntries, maxLine)
	}
}

func (r *reader) scripts(n *node) {
	for _, e := range n.children {
		if r.is(e, kindString) {
			r.m.Scripts[e.key] = e.text
		}
	}
}

func (r *reader) publish(n *node) {
	for _, e := range n.children {
		switch e.key {
		case "registry":
			r.m.Publish.Registry = r.line(e, maxLine)
		case "include":
			r.m.Publish.Include = r.list(e, maxEntries, maxLine)
		case "exclude":
			r.m.Publish.Exclude = r.list(e, maxEntries, maxLine)
		default:
			r.unknownKey(e)
		}
	}
}

// registryNames finds names of registries that no section defines.
func (r *reader) registryNames() {
	sections := r.root.get("registries")
	for _, d := range r.declared {
		if d.Registry != "" && sections.get(d.Registry) == nil {
			r.at(d.node.get("registry"), CodeDependency, "there is no section [registries.%s]", d.Registry)
		}
	}
	if name := r.m.Publish.Registry; name != "" && sections.get(name) == nil {
		r.at(r.root.get("publish").get("registry"), CodeValue, "there is no section [registries.%s]", name)
	}
}
