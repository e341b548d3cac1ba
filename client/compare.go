package client

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/ori-lang/registry/archive"
)

// FileDiff is a file that differs between two versions.
type FileDiff struct {
	Path   string
	Status string // "added", "removed" or "changed"
	Diff   string // unified; "" when it is no text, or too long to be compared line by line
}

// Compare gives the files that differ between two packages, by path.
func Compare(before, after *Kept) ([]FileDiff, error) {
	old, err := filesIn(before.Dir)
	if err != nil {
		return nil, fmt.Errorf("reading the files of %s: %w", before.Ref, err)
	}
	now, err := filesIn(after.Dir)
	if err != nil {
		return nil, fmt.Errorf("reading the files of %s: %w", after.Ref, err)
	}
	var differ []FileDiff
	for path, text := range old {
		if other, kept := now[path]; !kept {
			differ = append(differ, FileDiff{path, "removed", unified(path, text, nil)})
		} else if !bytes.Equal(text, other) {
			differ = append(differ, FileDiff{path, "changed", unified(path, text, other)})
		}
	}
	maps.DeleteFunc(now, func(path string, _ []byte) bool { return old[path] != nil })
	for path, text := range now {
		differ = append(differ, FileDiff{path, "added", unified(path, nil, text)})
	}
	slices.SortFunc(differ, func(a, b FileDiff) int { return strings.Compare(a.Path, b.Path) })
	return differ, nil
}

// filesIn reads a package's files, but for the checksums of the others.
func filesIn(dir string) (map[string][]byte, error) {
	all, err := textsIn(os.DirFS(dir))
	delete(all, archive.ChecksumName)
	return all, err
}

// unified gives a diff for people and for patch.
func unified(path string, before, after []byte) string {
	const longest = 1 << 20
	if bytes.IndexByte(before, 0) >= 0 || bytes.IndexByte(after, 0) >= 0 || len(before)+len(after) > longest {
		return ""
	}
	return string(diff.Diff("a/"+path, before, "b/"+path, after))
}
