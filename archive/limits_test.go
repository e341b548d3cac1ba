package archive

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/ori-lang/registry/manifest"
)

func noiseOf(n int) []byte {
	noise := make([]byte, n)
	rand.NewChaCha8([32]byte{1}).Read(noise)
	return noise
}

// stored gives a gzip file of exactly n bytes that holds a tar: the tar is kept
// in stored blocks of deflate, and empty ones of five bytes fill up. ok is false
// when these do not fit.
func stored(tar []byte, n int) (data []byte, ok bool) {
	const block, header, trailer = 65535, 10, 8
	out := bytes.NewBuffer([]byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff})
	add := func(p []byte, last byte) {
		size := uint16(len(p))
		out.Write([]byte{last})
		binary.Write(out, binary.LittleEndian, []uint16{size, ^size})
		out.Write(p)
	}
	for p := range slices.Chunk(tar, block) {
		add(p, 0)
	}
	for out.Len()+5+trailer < n {
		add(nil, 0)
	}
	add(nil, 1)
	binary.Write(out, binary.LittleEndian, []uint32{crc32.ChecksumIEEE(tar), uint32(len(tar))})
	return out.Bytes(), out.Len() == n
}

func sized(t *testing.T, n int) []byte {
	t.Helper()
	for trim := range 5 {
		content := strings.Repeat("x", n-64<<10-trim*blockSize)
		if data, ok := stored(tarOf(shapes(file{path: "src/x", content: content})...), n); ok {
			return data
		}
	}
	t.Fatalf("no archive of %d bytes", n)
	return nil
}

func TestCompressedLimit(t *testing.T) {
	if r := mustCheck(t, sized(t, MaxCompressed)); !r.OK() || r.Size != MaxCompressed {
		t.Errorf("an archive of exactly the limit: %v", r.Err())
	}
	if r := mustCheck(t, sized(t, MaxCompressed+1)); !slices.Equal(codes(r), []string{"too_large"}) || r.Size != MaxCompressed+1 {
		t.Errorf("an archive of one byte more: %v", r.Err())
	}
}

// allLimits are the cases at a limit and one over it; those that want no code
// are right archives.
func allLimits() []hostileCase {
	return slices.Concat(sizeLimits(), pathLimits(), manifestLimits())
}

func long(n int) string { return strings.Repeat("x", n) }

// filesInAll is a package of n files.
func filesInAll(n int) []file {
	var more []file
	for i := range n - len(shapes()) {
		more = append(more, file{path: fmt.Sprintf("src/%05d", i)})
	}
	return shapes(more...)
}

// tarSize is a package with a tar of n bytes.
func tarSize(n int) []file {
	const each = 8 << 20
	var more []file
	rest := n - len(tarOf(shapes()...))
	for i := 0; rest > 0; i++ {
		size := min(rest-blockSize, each-blockSize)
		more = append(more, file{path: fmt.Sprintf("src/x%d", i), content: long(size)})
		rest -= size + blockSize
	}
	// CHECKSUM has grown by a line for each: shrink the first by as many blocks.
	over := len(tarOf(shapes(more...)...)) - n
	more[0].content = long(len(more[0].content) - over)
	return shapes(more...)
}

func sizeLimits() []hostileCase {
	one := func(size int) []file { return shapes(file{path: "src/x", content: long(size)}) }
	filled := func(name, text string, size int) []file {
		return replaced(shapes(), name, text+"#"+long(size-len(text)-1))
	}
	return []hostileCase{
		filesCase("a file of the limit", one(MaxFile)),
		filesCase("a file one over", one(MaxFile+1), "too_large"),
		filesCase("as many files as allowed", filesInAll(MaxFiles)),
		filesCase("one file more", filesInAll(MaxFiles+1), "too_many_files"),
		filesCase("a tar of the limit", tarSize(MaxUnpacked)),
		filesCase("a tar one block over", tarSize(MaxUnpacked+blockSize), "too_large"),
		{"a byte behind a tar of the limit", func() []byte { return gz(tarOf(tarSize(MaxUnpacked)...), zeros(1)) }, []string{"too_large"}},
		filesCase("manifest of the limit", filled(ManifestName, goodManifest, MaxManifest)),
		filesCase("manifest one over", filled(ManifestName, goodManifest, MaxManifest+1), "manifest"),
		filesCase("lock of the limit", filled(LockName, goodLock, MaxLock)),
		filesCase("lock one over", filled(LockName, goodLock, MaxLock+1), "lock_file"),
	}
}

func pathLimits() []hostileCase {
	one := func(name, path string, want ...string) hostileCase {
		return filesCase(name, shapes(file{path: path, content: "x"}), want...)
	}
	return []hostileCase{
		one("path of the limit", "src/"+long(96)+"/"+long(99)),
		one("path one over", "src/"+long(96)+"/"+long(100), "path"),
		one("the longest path that is not divided", "src/"+long(96)),
		one("the shortest path that is divided", "src/"+long(97)),
		one("prefix of the limit", "src/"+long(51)+"/"+long(99)+"/"+long(44)),
		one("prefix one over, a rest of the limit", "src/"+long(95)+"/"+long(56)+"/"+long(43)),
		one("prefix one over, a rest one over", "src/"+long(94)+"/"+long(57)+"/"+long(43), "path", "checksum_file", "checksum_file"), // no header can hold it
		one("element of the limit", "src/x/"+long(MaxElement)),
		one("element one over", "src/"+long(MaxElement+1)+"/x", "path"),
		one("depth of the limit", "src/"+strings.Repeat("x/", MaxDepth-2)+"x"),
		one("depth one over", "src/"+strings.Repeat("x/", MaxDepth-1)+"x", "path"),
	}
}

// manifestLimits are the limits of what a manifest says.
func manifestLimits() []hostileCase {
	with := func(name, line string, want ...string) hostileCase {
		text := strings.Replace(goodManifest, "description = \"Points and boxes.\"\n", line+"\n", 1)
		return filesCase(name, replaced(shapes(), ManifestName, text), want...)
	}
	described := func(n int) string { return `description = "` + long(n) + `"` }
	keywords := func(n, size int) string {
		var all []string
		for i := range n {
			all = append(all, fmt.Sprintf("%q", long(size-1)+fmt.Sprint(i)))
		}
		return described(1) + "\nkeywords = [" + strings.Join(all, ", ") + "]"
	}
	return []hostileCase{
		with("description of the limit", described(manifest.MaxDescription)),
		with("description one over", described(manifest.MaxDescription+1), "manifest:limit"),
		with("description of the limit in letters of 4 bytes", `description = "`+strings.Repeat("\U0001F600", manifest.MaxDescription)+`"`),
		with("keywords of the limit", keywords(manifest.MaxKeywords, manifest.MaxKeyword)),
		with("one keyword more", keywords(manifest.MaxKeywords+1, 1), "manifest:limit"),
		with("keyword one over", keywords(1, manifest.MaxKeyword+1), "manifest:limit"),
		dependent("as many dependencies as allowed", manifest.MaxDependencies),
		dependent("one dependency more", manifest.MaxDependencies+1, "manifest:limit"),
	}
}

// dependent is a package with this many dependencies, all in its lock file.
func dependent(name string, n int, want ...string) hostileCase {
	text, lock := goodManifest, goodLock
	for i := range n - 1 {
		text += fmt.Sprintf("\"@a/b%d\" = \"1.0.0\"\n", i)
		lock += fmt.Sprintf("\"@a/b%d:1.0.0\" = \"sha256:%064x\"\n", i, i)
	}
	return filesCase(name, replaced(replaced(shapes(), ManifestName, text), LockName, lock), want...)
}

func TestLimits(t *testing.T) {
	for _, c := range allLimits() {
		t.Run(c.name, func(t *testing.T) {
			data := c.build()
			r := mustCheck(t, data)
			if r.OK() {
				sameAsTar(t, data, r)
			}
			if !slices.Equal(codes(r), append([]string{}, c.want...)) {
				t.Errorf("got %q, want %q: %v", codes(r), c.want, r.Err())
			}
		})
	}
}

// TestChecksumLimit tells a CHECKSUM of the limit, of which the lines are read,
// from one that is a byte over. Neither can be right: 4,095 lines of the longest
// paths are not as much.
func TestChecksumLimit(t *testing.T) {
	for n, want := range map[int]string{MaxChecksum: "line 4 is not", MaxChecksum + 1: "the file has 1310721 bytes"} {
		files := withSumsText(shapes(), func(s string) string { return s + strings.Repeat("x", n-len(s)) })
		r := mustCheck(t, archiveOf(files...))
		if !slices.Equal(codes(r), []string{"checksum_file"}) || !strings.Contains(r.Faults[0].Detail, want) {
			t.Errorf("%d bytes: %v, want %q", n, r.Err(), want)
		}
	}
}

func TestReadmeIsKeptInPart(t *testing.T) {
	for _, n := range []int{0, MaxReadme - 1, MaxReadme, MaxReadme + 1} {
		r := mustCheck(t, archiveOf(shapes(file{path: ReadmeName, content: strings.Repeat("x", n)})...))
		if !r.OK() || r.Readme == nil || len(r.Readme) != min(n, MaxReadme) {
			t.Errorf("%d bytes of %d are kept: %v", len(r.Readme), n, r.Err())
		}
	}
}
