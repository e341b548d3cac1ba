package archive

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/ori-lang/registry/manifest"
)

// PlannedFile is one file that Pack would take from the folder.
type PlannedFile struct {
	Path string
	Size int64 // in bytes, as it was when the plan was made
}

// Plan says what Pack would put into an archive.
type Plan struct {
	Manifest     *manifest.Manifest // nil when oripk.toml cannot be read
	Report       *manifest.Report   // what publishing finds wrong with oripk.toml, at the author's own lines
	ManifestText []byte             // oripk.toml as the author wrote it
	LockText     []byte             // oripk.lock; nil when there is none
	Files        []PlannedFile      // in archive order, without oripk.toml, oripk.lock and CHECKSUM; empty unless Report is OK
	Faults       []Fault            // of the files: paths that are not allowed, limits passed; at most MaxFaults

	paths *pathSet
}

// NewPlan reads the manifest and the lock file of the package in root, and
// lists the files that Pack would take. What is wrong with them is in the plan;
// the error is for a folder that is no package, a file that cannot be read, and
// a symbolic link or special file among the chosen ones.
func NewPlan(root *os.Root) (*Plan, error) {
	text, err := readSmall(root, ManifestName, MaxManifest)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no %s in this folder: a package has one in its root", ManifestName)
	}
	if err != nil {
		return nil, err
	}
	lock, err := readSmall(root, LockName, MaxLock)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	p := &Plan{ManifestText: text, LockText: lock, paths: newPathSet()}
	p.Manifest, p.Report = manifest.Parse(text)
	p.Report.Faults = publishFaults(p.Manifest, p.Report)
	chosen, ok := p.selection()
	if !ok {
		return p, nil
	}
	if err := p.list(root, chosen); err != nil {
		return nil, err
	}
	p.checkWhole()
	return p, nil
}

// publishFaults joins what reading a manifest found with what publishing asks
// for, and says nothing twice about one place.
func publishFaults(m *manifest.Manifest, found *manifest.Report) []manifest.Fault {
	if m == nil || len(found.Faults) > MaxFaults {
		return found.Faults
	}
	all := slices.Clone(found.Faults)
	for _, f := range m.CheckPublish() {
		if !slices.ContainsFunc(all, func(g manifest.Fault) bool { return g.Pointer == f.Pointer }) {
			all = append(all, f)
		}
	}
	return all
}

// OK reports whether nothing was found that keeps the package from being packed.
func (p *Plan) OK() bool { return p.Report.OK() && len(p.Faults) == 0 }

// Unknown is the size of a file that is made when the package is packed.
const Unknown = -1

// All gives every file of the archive with its size there, in archive order. Of
// the lock file it is the size of the one that is there, and Unknown when one has
// yet to be made. The plan must be OK.
func (p *Plan) All() ([]PlannedFile, error) {
	text, err := manifest.ForArchive(p.ManifestText)
	if err != nil {
		return nil, fmt.Errorf("preparing %s for the archive: %w", ManifestName, err)
	}
	all := []PlannedFile{{ManifestName, int64(len(text))}, {LockName, p.lockSize()}}
	sums := PlannedFile{Path: ChecksumName}
	for _, f := range slices.Concat(all, p.Files) {
		sums.Size += int64(len(appendSum(nil, FileInfo{Path: f.Path})))
	}
	return slices.Concat(all, []PlannedFile{sums}, p.Files), nil
}

func (p *Plan) lockSize() int64 {
	switch {
	case p.LockText != nil:
		return int64(len(p.LockText))
	case len(p.Manifest.Locked()) == 0:
		return int64(len((&manifest.Lock{}).Bytes()))
	}
	return Unknown
}

// readSmall reads a file that must be a regular one of at most limit bytes.
func readSmall(root *os.Root, name string, limit int) ([]byte, error) {
	info, err := root.Lstat(name)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	if !info.Mode().IsRegular() {
		return nil, notRegular(name, info.Mode())
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, int64(limit)+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading %s: %w", name, err)
	case len(text) > limit:
		return nil, fmt.Errorf("%s has more than %d bytes, which is the most that is allowed", name, limit)
	}
	return text, nil
}

func notRegular(name string, mode fs.FileMode) error {
	kind := "a special file"
	if mode&fs.ModeSymlink != 0 {
		kind = "a symbolic link"
	}
	return fmt.Errorf("%s is %s, and an archive holds only files: put the file itself there, or leave it out with [publish] exclude", printable(name), kind)
}

// selection says which paths are packed.
type selection struct{ include, exclude []pattern }

// Patterns that stand before those of [publish] include and exclude.
func defaultInclude() []string {
	return []string{"/src/**", "/README.md", "/LICENSE*", "/NOTICE*", "/CHANGELOG.md"}
}

func defaultExclude() []string { return []string{"/target/", "*.oripk"} }

// selection reads the patterns of the manifest; ok is false when the manifest
// does not say for sure what to pack.
func (p *Plan) selection() (s *selection, ok bool) {
	if !p.Report.OK() || p.Manifest == nil {
		return nil, false
	}
	s = &selection{}
	s.include = p.patterns(defaultInclude(), p.Manifest.Publish.Include, "/publish/include")
	s.exclude = p.patterns(defaultExclude(), p.Manifest.Publish.Exclude, "/publish/exclude")
	return s, p.Report.OK()
}

func (p *Plan) patterns(first, own []string, pointer string) []pattern {
	var all []pattern
	for i, text := range slices.Concat(first, own) {
		one, err := parsePattern(text)
		if err != nil {
			p.Report.Faults = append(p.Report.Faults, manifest.Fault{
				Code:    manifest.CodeValue,
				Pointer: fmt.Sprintf("%s/%d", pointer, i-len(first)),
				Detail:  fmt.Sprintf("the pattern %q is not right: %s", text, err),
			})
			continue
		}
		all = append(all, one)
	}
	return all
}

// takes reports whether the file at this path is packed. The three files that
// are there in any case are not among these.
func (s *selection) takes(name string) bool {
	switch name {
	case ManifestName, LockName, ChecksumName:
		return false
	}
	return matchAny(s.include, name, false) && !matchAny(s.exclude, name, false)
}

// enters reports whether there may be files to pack in this folder.
func (s *selection) enters(name string) bool {
	for i := range s.include {
		if s.include[i].reaches(name) {
			return !matchAny(s.exclude, name, true)
		}
	}
	return false
}

// list walks through the folder.
func (p *Plan) list(root *os.Root, chosen *selection) error {
	err := fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case name == ".":
			return nil
		case d.IsDir() && (isHidden(name) || !chosen.enters(name)):
			return fs.SkipDir
		case d.IsDir(), isHidden(name):
			return nil
		case d.Type().IsRegular():
			return p.addFile(d, name, chosen)
		case chosen.takesLink(name):
			return notRegular(name, d.Type())
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("listing the files of the package: %w", err)
	}
	slices.SortFunc(p.Files, func(a, b PlannedFile) int { return comparePaths(a.Path, b.Path) })
	return nil
}

func isHidden(name string) bool { return strings.HasPrefix(path.Base(name), ".") }

// takesLink reports whether a symbolic link stands for a chosen file, or for a
// folder of which all is chosen.
func (s *selection) takesLink(name string) bool {
	return s.takes(name) || s.takes(name+"/any file")
}

func (p *Plan) addFile(d fs.DirEntry, name string, chosen *selection) error {
	if !chosen.takes(name) {
		return nil
	}
	info, err := d.Info()
	if err != nil {
		return err
	}
	p.checkFile(name, info.Size())
	p.Files = append(p.Files, PlannedFile{Path: name, Size: info.Size()})
	if len(p.Files) > MaxFiles-3 {
		p.fault(TooManyFiles, "", "there are more than %d files; [publish] exclude leaves files out", MaxFiles)
		return fs.SkipAll
	}
	return nil
}

func (p *Plan) fault(code FaultCode, name, format string, args ...any) {
	if len(p.Faults) < MaxFaults {
		p.Faults = append(p.Faults, Fault{Code: code, Path: printable(name), Detail: fmt.Sprintf(format, args...)})
	}
}

func (p *Plan) checkFile(name string, size int64) {
	if detail := pathFault(name); detail != "" {
		p.fault(Path, name, "%s", detail)
		return
	}
	if detail := p.paths.add(name); detail != "" {
		p.fault(DuplicatePath, name, "%s", detail)
	}
	if detail := unexpected(name); detail != "" {
		p.fault(UnexpectedPath, name, "%s; leave it out with [publish] exclude", detail)
	}
	if size > MaxFile {
		p.fault(TooLarge, name, "the file has %d bytes, at most %d are allowed", size, MaxFile)
	}
}

func (p *Plan) checkWhole() {
	total, sources := int64(0), 0
	for _, f := range p.Files {
		total += f.Size
		if strings.HasPrefix(f.Path, SourceFolder+"/") {
			sources++
		}
	}
	if sources == 0 {
		p.fault(Empty, "", "there is no file below %s/: a package has at least one", SourceFolder)
	}
	if total > MaxUnpacked {
		p.fault(TooLarge, "", "the files have %d bytes together, at most %d are allowed; [publish] exclude leaves files out", total, MaxUnpacked)
	}
}
