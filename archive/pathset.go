package archive

import (
	"fmt"
	"hash/maphash"
)

// pathSet holds the paths of an archive and the folders above them, by the form
// in which they are one for a file system that does not tell upper from lower
// case. An archive can have 4,096 files in 60,000 folders: so the set keeps no
// text for a folder, but points into the path of a file.
type pathSet struct {
	seed  maphash.Seed
	paths []string
	at    map[uint64]pathUse
}

// pathUse is the first length bytes of a path, which are a folder unless they are all of it.
type pathUse struct {
	index  uint16 // in paths
	length uint8
	folder bool
}

func newPathSet() *pathSet {
	return &pathSet{seed: maphash.MakeSeed(), at: map[uint64]pathUse{}}
}

// add takes a path that has passed pathFault, and says what it collides with; "" when with nothing.
func (s *pathSet) add(path string) string {
	s.paths = append(s.paths, path)
	index := uint16(len(s.paths) - 1)
	for i := range len(path) {
		if path[i] != '/' {
			continue
		}
		if detail := s.take(pathUse{index, uint8(i), true}); detail != "" {
			return detail
		}
	}
	return s.take(pathUse{index, uint8(len(path)), false})
}

// hasFile reports whether the path was added, in this very spelling.
func (s *pathSet) hasFile(path string) bool {
	old, ok := s.at[s.slot(path)]
	return ok && !old.folder && s.text(old) == path
}

func (s *pathSet) take(use pathUse) string {
	text := s.text(use)
	slot := s.slot(text)
	old, ok := s.at[slot]
	switch before := s.text(old); {
	case !ok:
		s.at[slot] = use
		return ""
	case old.folder != use.folder:
		return fmt.Sprintf("%s is a file and a folder", text)
	case before != text:
		return fmt.Sprintf("%s differs from %s only in upper and lower case", text, before)
	case use.folder:
		return ""
	}
	return "the file is in the archive twice"
}

func (s *pathSet) text(use pathUse) string { return s.paths[use.index][:use.length] }

// slot is where the text is in the set, or belongs. Two texts may have one hash:
// then the second is found, or goes, behind the first.
func (s *pathSet) slot(text string) uint64 {
	var folded [MaxPath]byte
	slot := maphash.Bytes(s.seed, appendFold(folded[:0], text))
	for {
		old, ok := s.at[slot]
		if !ok || equalFold(s.text(old), text) {
			return slot
		}
		slot++
	}
}

func appendFold(dst []byte, path string) []byte {
	for i := range len(path) {
		dst = append(dst, lower(path[i]))
	}
	return dst
}

func equalFold(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

// lower folds ASCII; a path that has passed pathFault has nothing else.
func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
