package manifest

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ori-lang/registry/ident"
)

// Lock is an oripk.lock: the checksum of every archive that a package was
// built with. It is there for security, not for choosing versions.
type Lock struct {
	Checksums map[ident.Ref]ident.Checksum // one version of each package; never nil after ParseLock
}

// ParseLock reads an oripk.lock: TOML 1.0 with the table [checksums] and
// nothing else, of `"@scope/name:version" = "sha256:…"`, in any order. The
// lock has what could be read, and is nil when the text is not TOML; the
// faults are those of a Report.
func ParseLock(text []byte) (*Lock, []Fault) {
	doc, found := parseDocument(text, strict, MaxLockText, maxLockElements)
	if doc.root == nil {
		return nil, found.report(doc.source).Faults
	}
	r := &lockReader{found, doc, &Lock{map[ident.Ref]ident.Checksum{}}, map[ident.Package]*node{}}
	r.sections()
	return r.lock, found.report(doc.source).Faults
}

type lockReader struct {
	*findings
	*document
	lock     *Lock
	versions map[ident.Package]*node
}

func (r *lockReader) at(n *node, offset int, code, format string, args ...any) {
	r.fault(code, n.pointer(), offset, format, args...)
}

func (r *lockReader) sections() {
	for _, n := range r.root.children {
		switch {
		case n.key != "checksums":
			r.at(n, n.keyAt, CodeUnknownKey, "a lock file has the table [checksums] and nothing else")
		case n.kind != kindTable:
			r.at(n, n.at, CodeType, "[checksums] is a table, not %s", n.kind)
		default:
			r.checksums(n)
		}
	}
	if r.root.get("checksums") == nil {
		r.fault(CodeMissing, "/checksums", 0, "there is no table [checksums]")
	}
}

func (r *lockReader) checksums(n *node) {
	for _, e := range n.children {
		ref, ok := r.ref(e)
		sum, good := r.checksum(e)
		if ok && good {
			r.lock.Checksums[ref] = sum
		}
	}
}

// ref reads the key "@scope/name:version" and sees to it that it is the only
// version of the package.
func (r *lockReader) ref(e *node) (ident.Ref, bool) {
	name, number, _ := strings.Cut(e.key, ":")
	p, err := ident.ParsePackage(name)
	if err != nil {
		r.at(e, e.keyAt, CodeName, `the key is not "@scope/name:version": %v`, err)
		return ident.Ref{}, false
	}
	v, err := ident.ParseVersion(number)
	if err != nil {
		r.at(e, e.keyAt, CodeVersion, `the key is not "@scope/name:version": %v`, err)
		return ident.Ref{}, false
	}
	if earlier, ok := r.versions[p]; ok {
		r.at(e, e.keyAt, CodeDuplicate, "another version of %s is locked at line %d; there is one version of a package",
			p, r.position(earlier.keyAt).Line)
		return ident.Ref{}, false
	}
	r.versions[p] = e
	return ident.Ref{Package: p, Version: v}, true
}

func (r *lockReader) checksum(e *node) (ident.Checksum, bool) {
	if e.kind != kindString {
		r.at(e, e.at, CodeType, "a checksum is a string, not %s", e.kind)
		return ident.Checksum{}, false
	}
	sum, err := ident.ParseChecksum(e.text)
	if err != nil {
		r.at(e, e.at, CodeValue, "%v", err)
	}
	return sum, err == nil
}

const lockHeader = "# Checksums of the packages that this one was built with. Made by oripk; do not edit.\n"

// Bytes gives the canonical text of the lock: a comment, [checksums], and one
// line for each package, by package and then version.
func (l *Lock) Bytes() []byte {
	var out bytes.Buffer
	out.WriteString(lockHeader + "\n[checksums]\n")
	for _, ref := range slices.SortedFunc(maps.Keys(l.Checksums), compareRefs) {
		fmt.Fprintf(&out, "\"%s:%s\" = \"%s\"\n", ref.Package, ref.Version, l.Checksums[ref])
	}
	return out.Bytes()
}

func compareRefs(a, b ident.Ref) int {
	return cmp.Or(
		strings.Compare(a.Package.String(), b.Package.String()),
		a.Version.Compare(b.Version),
	)
}
