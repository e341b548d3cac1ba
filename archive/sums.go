package archive

import (
	"bytes"
	"encoding/hex"
	"iter"
	"maps"
	"slices"

	"github.com/ori-lang/registry/ident"
)

// listed gives the files that CHECKSUM lists: all but itself.
func listed(files []FileInfo) iter.Seq[FileInfo] {
	return func(yield func(FileInfo) bool) {
		for _, f := range files {
			if f.Path != ChecksumName && !yield(f) {
				return
			}
		}
	}
}

// appendSum adds a line as sha256sum writes it.
func appendSum(text []byte, f FileInfo) []byte {
	text = hex.AppendEncode(text, f.Checksum[:])
	return append(append(append(text, "  "...), f.Path...), '\n')
}

// checksumText gives the text of CHECKSUM for these files.
func checksumText(files []FileInfo) (text []byte) {
	for f := range listed(files) {
		text = appendSum(text, f)
	}
	return text
}

// sumsMatch reports whether text is the CHECKSUM of the files.
func sumsMatch(text []byte, files []FileInfo) bool {
	var line []byte
	for f := range listed(files) {
		line = appendSum(line[:0], f)
		rest, ok := bytes.CutPrefix(text, line)
		if !ok {
			return false
		}
		text = rest
	}
	return len(text) == 0
}

// diagnoseSums says how CHECKSUM differs from the one that the files give.
func diagnoseSums(text []byte, files []FileInfo, say func(format string, args ...any)) {
	d := sumsDiagnosis{listed: map[string]ident.Checksum{}, say: say}
	number := 0
	for line := range bytes.Lines(text) {
		if number++; number > MaxFiles {
			d.add("it has more lines than the %d files that an archive has at most", MaxFiles)
			break
		}
		d.readLine(number, line)
	}
	d.compare(files)
	if !d.found {
		say("its lines are not in the order of the archive")
	}
}

type sumsDiagnosis struct {
	listed map[string]ident.Checksum
	say    func(format string, args ...any)
	found  bool // something was said
}

func (d *sumsDiagnosis) add(format string, args ...any) {
	d.found = true
	d.say(format, args...)
}

func (d *sumsDiagnosis) readLine(number int, line []byte) {
	const digits, gap = 64, 2
	text, ended := bytes.CutSuffix(line, []byte("\n"))
	if !ended || len(text) <= digits+gap || string(text[digits:digits+gap]) != "  " {
		d.add("line %d is not 64 hexadecimal digits, two spaces, a path and a newline", number)
		return
	}
	sum, err := ident.ParseHex(string(text[:digits]))
	if err != nil {
		d.add("line %d: %s", number, err)
		return
	}
	path := string(text[digits+gap:])
	switch _, twice := d.listed[path]; {
	case path == ChecksumName:
		d.add("line %d lists %s itself", number, ChecksumName)
	case twice:
		d.add("line %d lists %s again", number, printable(path))
	default:
		d.listed[path] = sum
	}
}

func (d *sumsDiagnosis) compare(files []FileInfo) {
	for f := range listed(files) {
		sum, ok := d.listed[f.Path]
		switch {
		case !ok:
			d.add("%s is not listed", printable(f.Path))
		case sum != f.Checksum:
			d.add("%s has another content than the one listed: its SHA-256 is %s", printable(f.Path), f.Checksum.Hex())
		}
		delete(d.listed, f.Path)
	}
	for _, path := range slices.Sorted(maps.Keys(d.listed)) {
		d.add("%s is listed but not in the archive", printable(path))
	}
}
