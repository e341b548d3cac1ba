package archive

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
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

// allLimits are the cases at a limit and one over it.
func allLimits() []hostileCase {
	big := func(n int) string { return strings.Repeat("x", n) }
	many := func(n int) []file {
		files := make([]file, 0, n)
		for i := range n {
			files = append(files, file{path: fmt.Sprintf("src/%05d", i)})
		}
		return files
	}
	total := func(n int64) []file {
		const each = 8 << 20
		var more []file
		rest := n - int64(len(tarOf(shapes()...)))
		for i := 0; rest > 0; i++ {
			// a header, and a line of CHECKSUM that stays in its last block
			size := min(rest-blockSize, each-blockSize)
			more = append(more, file{path: fmt.Sprintf("src/x%d", i), content: big(int(size))})
			rest -= size + blockSize
		}
		for { // CHECKSUM has grown: shrink the first file by as many blocks
			over := int64(len(tarOf(shapes(more...)...))) - n
			if over == 0 {
				return shapes(more...)
			}
			more[0].content = big(len(more[0].content) - int(over))
		}
	}
	return []hostileCase{
		filesCase("a file of the limit", shapes(file{path: "src/x", content: big(MaxFile)})),
		filesCase("a file one over", shapes(file{path: "src/x", content: big(MaxFile + 1)}), "too_large"),
		filesCase("as many files as allowed", shapes(many(MaxFiles-4)...)),
		filesCase("one file more", shapes(many(MaxFiles-3)...), "too_many_files"),
		filesCase("a tar of the limit", total(MaxUnpacked)),
		filesCase("a tar one block over", total(MaxUnpacked+blockSize), "too_large"),
		filesCase("path of the limit", shapes(file{path: "src/" + big(96) + "/" + big(99)})),
		filesCase("path one over", shapes(file{path: "src/" + big(96) + "/" + big(100)}), "path"),
		filesCase("element of the limit", shapes(file{path: "src/x/" + big(100)})),
		filesCase("element one over", shapes(file{path: "src/" + big(101) + "/x"}), "path"),
		filesCase("depth of the limit", shapes(file{path: "src/" + strings.Repeat("x/", MaxDepth-2) + "x"})),
		filesCase("depth one over", shapes(file{path: "src/" + strings.Repeat("x/", MaxDepth-1) + "x"}), "path"),
		filesCase("manifest of the limit", replaced(shapes(), ManifestName, goodManifest+"#"+big(MaxManifest-len(goodManifest)-1))),
		filesCase("manifest one over", replaced(shapes(), ManifestName, goodManifest+"#"+big(MaxManifest-len(goodManifest))), "manifest"),
		filesCase("lock of the limit", replaced(shapes(), LockName, goodLock+"#"+big(MaxLock-len(goodLock)-1))),
		filesCase("lock one over", replaced(shapes(), LockName, goodLock+"#"+big(MaxLock-len(goodLock))), "lock_file"),
	}
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

func TestReadmeIsKeptInPart(t *testing.T) {
	r := mustCheck(t, archiveOf(shapes(file{path: ReadmeName, content: strings.Repeat("x", MaxReadme+1)})...))
	if !r.OK() || len(r.Readme) != MaxReadme {
		t.Errorf("%d bytes are kept: %v", len(r.Readme), r.Err())
	}
}

// counting is a source that tells how much was taken from it.
type counting struct {
	r io.Reader
	n int64
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// bomb gives a gzip member that unpacks to head and then so many times a piece
// of 4 MiB. The compressed piece is made once and repeated.
func bomb(head, piece []byte, times int) []byte {
	var one bytes.Buffer
	fw, _ := flate.NewWriter(&one, flate.BestCompression)
	fw.Write(piece)
	fw.Flush()
	first := one.Len()
	fw.Write(piece)
	fw.Flush()
	again := bytes.Clone(one.Bytes()[first:])

	out := bytes.NewBuffer([]byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff})
	hw, _ := flate.NewWriter(out, flate.BestCompression)
	hw.Write(head)
	hw.Write(piece) // the window that the repeated piece refers to
	hw.Flush()
	for range times - 1 {
		out.Write(again)
	}
	return append(out.Bytes(), zeros(8)...) // no checker comes to the trailer
}

// TestMemory checks that neither bombs nor an endless source need memory, and
// that the reading stops at the limit. What is measured is all that was
// allocated, also what was free again.
func TestMemory(t *testing.T) {
	const tenGB = 2440 // pieces of 4 MiB
	nothing := zeros(4 << 20)
	empty := entries(file{path: "src/x"})
	huge := file{path: "src/x", edit: func(b *block) { copy(b.size(), "77777777777\x00") }}.header()
	for _, c := range []struct {
		name string
		src  io.Reader
		want []string
		read int64 // at most so much of the source
	}{
		{"zeros", bytes.NewReader(bomb(nil, nothing, tenGB)), []string{"trailing_data", "too_large"}, 256 << 10},
		{"one huge file", bytes.NewReader(bomb(huge[:], nothing, tenGB)), []string{"too_large"}, 256 << 10},
		{"4.7 million empty entries", bytes.NewReader(bomb(nil, bytes.Repeat(empty, 8192), 574)), []string{"too_many_files"}, 256 << 10},
		{"endless source", endless{}, []string{"not_gzip", "too_large"}, MaxCompressed + 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			src := &counting{r: c.src}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			r, err := Check(src)
			runtime.ReadMemStats(&after)
			if err != nil {
				t.Fatal(err)
			}
			got := slices.DeleteFunc(codes(r), func(s string) bool { return !slices.Contains(c.want, s) })
			if !slices.Equal(got, c.want) {
				t.Errorf("got %q", codes(r))
			}
			if src.n > c.read {
				t.Errorf("%d bytes were read", src.n)
			}
			if n := after.TotalAlloc - before.TotalAlloc; n > 16<<20 {
				t.Errorf("%d bytes were allocated", n)
			}
		})
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return copy(p, "an endless text "), nil }

// fullest is an archive that needs as much memory as one can: all files, all
// folders different, the longest paths, and every kept file at its limit.
func fullest() []byte {
	var more []file
	for i := range MaxFiles - 5 {
		path := fmt.Sprintf("src/%04d/%s%s/x", i, strings.Repeat("Ab/", MaxDepth-4), strings.Repeat("C", 99))
		more = append(more, file{path: path})
	}
	more = append(more, file{path: ReadmeName, content: strings.Repeat("x", MaxReadme)})
	files := shapes(more...)
	var lock strings.Builder
	lock.WriteString(goodLock)
	for i := 0; lock.Len() < MaxLock-200; i++ {
		fmt.Fprintf(&lock, "\"@a/b%05d:1.2.3\" = \"sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\"\n", i)
	}
	return archiveOf(replaced(files, LockName, lock.String())...)
}

// TestMemoryOfFullArchive samples the heap while the archive is read.
func TestMemoryOfFullArchive(t *testing.T) {
	data := fullest()
	runtime.GC()
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	highest := uint64(0)
	src := readFunc(func(p []byte) (int, error) {
		runtime.GC() // so that the live bytes are seen, not the garbage between two collections
		runtime.ReadMemStats(&now)
		highest = max(highest, now.HeapAlloc-min(now.HeapAlloc, before.HeapAlloc))
		n := copy(p, data)
		data = data[n:]
		if n == 0 {
			return 0, io.EOF
		}
		return n, nil
	})
	r, err := Check(src)
	if err != nil || !r.OK() {
		t.Fatal(err, r.Err())
	}
	t.Logf("%d bytes live at most", highest)
	if highest > 16<<20 {
		t.Errorf("%d bytes were live", highest)
	}
}

type readFunc func([]byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }
