package translog

import (
	"bytes"
	"iter"
	"slices"
)

// mutations gives every text that differs from the given one by one byte
// (changed, doubled, dropped), by one line (dropped, doubled, swapped with the
// next), or by its end.
func mutations(text []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		_ = mutateBytes(text, yield) && mutateLines(text, yield)
	}
}

func mutateBytes(text []byte, yield func([]byte) bool) bool {
	for i, b := range text {
		for _, c := range []byte{b ^ 1, b ^ 0x20, b + 1, 0, ' ', '\n', '\r', '0', '-', 0xff} {
			if c == b {
				continue
			}
			m := bytes.Clone(text)
			m[i] = c
			if !yield(m) {
				return false
			}
		}
		if !yield(slices.Delete(bytes.Clone(text), i, i+1)) || !yield(slices.Insert(bytes.Clone(text), i, b)) {
			return false
		}
		if i > 0 && !yield(bytes.Clone(text[:i])) {
			return false
		}
	}
	return true
}

func mutateLines(text []byte, yield func([]byte) bool) bool {
	lines := bytes.SplitAfter(text, []byte("\n"))
	for i := range lines {
		dropped := slices.Delete(slices.Clone(lines), i, i+1)
		doubled := slices.Insert(slices.Clone(lines), i, lines[i])
		swapped := slices.Clone(lines)
		if i > 0 {
			swapped[i-1], swapped[i] = swapped[i], swapped[i-1]
		}
		for _, m := range [][][]byte{dropped, doubled, swapped} {
			joined := bytes.Join(m, nil)
			if !bytes.Equal(joined, text) && !yield(joined) {
				return false
			}
		}
	}
	return true
}
