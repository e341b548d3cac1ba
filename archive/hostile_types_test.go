package archive

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// The cases here are about headers that are not those of a file: the ones that
// change what the next header means, links, and every other type.

// paxRecord gives "LENGTH KEY=VALUE\n"; the length counts its own digits.
func paxRecord(key, value string) string {
	rest := fmt.Sprintf(" %s=%s\n", key, value)
	length := len(rest)
	for length != len(rest)+len(fmt.Sprint(length)) {
		length = len(rest) + len(fmt.Sprint(length))
	}
	return fmt.Sprint(length) + rest
}

func paxRecords(pairs ...string) string {
	var b strings.Builder
	for i := 0; i < len(pairs); i += 2 {
		b.WriteString(paxRecord(pairs[i], pairs[i+1]))
	}
	return b.String()
}

func typed(flag byte) func(*block) { return func(b *block) { b[156] = flag } }

func extended(flag byte, content string) file {
	return file{path: "src/x", content: content, edit: typed(flag)}
}

// gnu makes the header one of GNU tar, which has no prefix but fields of its own there.
func gnu(flag byte) func(*block) {
	return func(b *block) {
		copy(b[257:], "ustar  \x00")
		b[156] = flag
	}
}

func extensionCases() []hostileCase {
	pax := extended('x', paxRecord("path", "src/other.ori"))
	global := extended('g', paxRecord("path", "src/other.ori"))
	long := file{path: "././@LongLink", content: "src/long.ori\x00", edit: gnu('L')}
	link := file{path: "././@LongLink", content: "target\x00", edit: gnu('K')}
	hello := file{path: "src/y.ori", content: "hello"}
	build := func(name string, more ...file) hostileCase {
		return filesCase(name, append(append(shapes(), more...), hello), "extended_header")
	}
	all := []hostileCase{
		build("PAX path", pax),
		build("PAX size that differs from the ustar size", extended('x', paxRecord("size", "1024"))),
		build("PAX record that is no record", extended('x', "99999999999999999999 size=1\n")),
		build("PAX without records", extended('x', "")),
		build("two PAX headers in a row", pax, pax),
		build("PAX global", global),
		build("PAX global and PAX", global, pax),
		build("PAX of Solaris", extended('X', paxRecord("path", "src/other.ori"))),
		build("GNU long name", long),
		build("GNU long name without GNU magic", extended('L', "src/long.ori\x00")),
		build("GNU long link", link),
		build("GNU long link without GNU magic", extended('K', "target\x00")),
		build("GNU long name twice", long, long),
		build("GNU long name and long link", long, link),
		build("GNU long name and PAX", long, pax),
		build("PAX and GNU long name", pax, long),
		build("a PAX header of 64 MiB", file{path: "src/x", edit: func(b *block) { b[156] = 'x'; copy(b.size(), "00400000000\x00") }}),
		filesCase("PAX at the very beginning", append([]file{pax}, shapes()...), "extended_header"),
		filesCase("PAX with nothing behind it", append(shapes(), pax), "extended_header"),
	}
	return append(append(all, tarmageddon()), sparseCases()...)
}

// tarmageddon is the tar of CVE-2025-62518: the PAX header gives the size of the
// file, and its own header says 0. A reader that goes by the latter takes what
// is in the file, a whole tar, for entries of this one.
func tarmageddon() hostileCase {
	inner := string(tarOf(file{path: "src/evil.ori", content: "x"}))
	outer := extended('x', paxRecord("size", fmt.Sprint(len(inner))))
	zero := file{path: "src/inner.tar", content: inner, edit: func(b *block) { copy(b.size(), "00000000000\x00") }}
	return filesCase("PAX size of a file whose header says 0", append(shapes(), outer, zero), "extended_header")
}

// sparseCases has the forms in which tar keeps files with holes, each of a file
// of 10 bytes of which the first 5 are there.
func sparseCases() []hostileCase {
	build := func(name, want string, records string, more file) hostileCase {
		return filesCase(name, append(shapes(), extended('x', records), more), want)
	}
	data := file{path: "src/y", content: "hello"}
	mapped := file{path: "GNUSparseFile.0/y", content: fmt.Sprintf("%-512s", "1\n0\n5\n") + "hello"}
	all := []hostileCase{
		build("PAX sparse 0.0", "extended_header", paxRecords("GNU.sparse.size", "10", "GNU.sparse.numblocks", "1", "GNU.sparse.offset", "0", "GNU.sparse.numbytes", "5"), data),
		build("PAX sparse 0.1", "extended_header", paxRecords("GNU.sparse.name", "src/y", "GNU.sparse.size", "10", "GNU.sparse.numblocks", "1", "GNU.sparse.map", "0,5"), data),
		build("PAX sparse 1.0", "extended_header", paxRecords("GNU.sparse.major", "1", "GNU.sparse.minor", "0", "GNU.sparse.name", "src/y", "GNU.sparse.realsize", "10"), mapped),
		build("PAX sparse of star", "extended_header", paxRecords("SCHILY.filetype", "sparse", "SCHILY.realsize", "10"), data),
	}
	sparse := func(more string) func(*block) {
		return func(b *block) {
			gnu('S')(b)
			copy(b[386:], "00000000000\x0000000000005\x00") // the first of four pieces: where, how many bytes
			copy(b[482:], more)                             // whether more pieces follow in a block of their own
			copy(b[483:], "00000000012\x00")
		}
	}
	pieces := "00000000010\x0000000000000\x00" + string(zeros(488))
	for _, c := range []struct {
		name, content string
		edit          func(*block)
	}{
		{"old GNU sparse", "hello", sparse("\x00")},
		{"old GNU sparse with more pieces", pieces + "hello", func(b *block) { sparse("\x01")(b); copy(b.size(), "00000000005\x00") }},
		{"old GNU sparse, all a hole", "", sparse("\x00")},
		{"sparse without GNU magic", "hello", typed('S')},
		{"sparse of star", "hello", func(b *block) { b[156] = 'S'; copy(b[508:], "tar\x00") }},
	} {
		all = append(all, filesCase(c.name, append(shapes(), file{path: "src/y", content: c.content, edit: c.edit}), "entry_type"))
	}
	return all
}

func linkCases() []hostileCase {
	link := func(flag byte, path, target string) file {
		return file{path: path, edit: func(b *block) { b[156] = flag; copy(b.linkname(), target) }}
	}
	x := file{path: "src/n/x", content: "x"}
	return []hostileCase{
		filesCase("symbolic link out of the folder", append(shapes(), link('2', "src/out", "../../etc/passwd")), "entry_type"),
		filesCase("symbolic link to an absolute path", append(shapes(), link('2', "src/out", "/etc")), "entry_type"),
		filesCase("symbolic link to itself", append(shapes(), link('2', "src/out", "out")), "entry_type"),
		filesCase("symbolic link and a file of one name", slices.Insert(shapes(file{path: "src/x", content: "x"}), 4, link('2', "src/x", "../../x")), "entry_type"),
		filesCase("chain of symbolic links", append(shapes(), link('2', "src/m", ".."), link('2', "src/n", "m/.."), x), "entry_type", "entry_type", "checksum_file"),
		filesCase("chain of hard links", append(shapes(), link('1', "src/m", "src/lib.ori"), link('1', "src/n", "src/m")), "entry_type", "entry_type"),
		filesCase("hard link to a symbolic link", append(shapes(), link('2', "src/m", "/etc"), link('1', "src/n", "src/m"), x), "entry_type", "entry_type", "checksum_file"),
		filesCase("hard link out of the folder", append(shapes(), link('1', "src/m", "../../etc/passwd")), "entry_type"),
		filesCase("hard link with content", append(shapes(), file{path: "src/m", content: "x", edit: typed('1')}, file{path: "src/n", content: "x"}), "entry_type"),
		filesCase("folder entries", append(shapes(), file{path: "src/", edit: typed('5')}, file{path: "docs/", edit: typed('5')}), "entry_type", "entry_type"),
		filesCase("folder entry of type 0", append(shapes(), file{path: "docs/"}), "path", "not_canonical", "checksum_file"),
		filesCase("nothing but folder entries", slices.Repeat([]file{{path: "src/", edit: typed('5')}}, 3), "entry_type", "entry_type", "entry_type", "missing_file", "missing_file", "missing_file", "empty"),
	}
}

// typeCases has every type flag there is, with and without content.
func typeCases() []hostileCase {
	var all []hostileCase
	for n := range 256 {
		flag := byte(n)
		if flag == '0' {
			continue
		}
		want := "entry_type"
		if bytes.IndexByte([]byte("xgXLK"), flag) >= 0 {
			want = "extended_header"
		}
		for _, content := range []string{"", "hello"} {
			f := file{path: "src/x", content: content, edit: typed(flag)}
			files := shapes(f)
			if flag != 0 && flag != '7' { // those two are read as files, and so have a line in CHECKSUM
				files = append(shapes(), f)
			}
			all = append(all, filesCase(fmt.Sprintf("type %#02x with %d bytes", flag, len(content)), files, want))
		}
	}
	return all
}
