package archive

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// maxMemory is what a check may hold above what was there before.
const maxMemory = 16 << 20

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

// endless repeats a piece without end behind a head.
type endless struct{ head, piece []byte }

func (e *endless) Read(p []byte) (int, error) {
	if len(e.head) == 0 {
		e.head = e.piece
	}
	n := copy(p, e.head)
	e.head = e.head[n:]
	return n, nil
}

// bomb gives a gzip member that unpacks to head and then so many times a piece
// of at least 32 KiB. The compressed piece is made once and repeated. The
// trailer is wrong: no checker comes to it.
func bomb(head, piece []byte, times int) []byte {
	var one bytes.Buffer
	fw, _ := flate.NewWriter(&one, flate.BestCompression)
	fw.Write(piece)
	fw.Flush()
	first := one.Len()
	fw.Write(piece)
	fw.Flush()
	again := bytes.Clone(one.Bytes()[first:])

	out := bytes.NewBuffer(gz()[:gzipHeaderSize])
	hw, _ := flate.NewWriter(out, flate.BestCompression)
	hw.Write(head)
	hw.Write(piece) // the window that the repeated piece refers to
	hw.Flush()
	for range times - 1 {
		out.Write(again)
	}
	hw.Close()
	return append(out.Bytes(), zeros(8)...)
}

// TestBomb checks that a bomb is what it claims to be, with a few pieces.
func TestBomb(t *testing.T) {
	head, piece, times := []byte("head"), noiseOf(40<<10), 3
	data := bomb(head, piece, times)
	got, err := io.ReadAll(flate.NewReader(bytes.NewReader(data[gzipHeaderSize:])))
	if err != nil || !bytes.Equal(got, join(head, bytes.Repeat(piece, times))) {
		t.Errorf("it unpacks to %d bytes: %v", len(got), err)
	}
}

// bombCase is an input that is far more than it looks, or has no end.
type bombCase struct {
	name string
	src  func() io.Reader
	want []string
	read int64 // at most so much of it is read
}

// tenGB gives how often a piece makes 10 GB.
func tenGB(piece []byte) int { return int(math.Ceil(10e9 / float64(len(piece)))) }

func bombs() []bombCase {
	const early = 256 << 10 // of 10 MiB
	nothing := zeros(4 << 20)
	huge := file{path: "src/x", edit: func(b *block) { copy(b.size(), "77777777777\x00") }}.header()
	empty := func(f file) []byte { return bomb(nil, bytes.Repeat(entries(f), 8192), 572) } // 4.7 million of them
	from := func(data []byte) func() io.Reader {
		return func() io.Reader { return bytes.NewReader(data) }
	}
	repeat := func(head, piece []byte) func() io.Reader {
		return func() io.Reader { return &endless{head, piece} }
	}
	many := func(code string) []string {
		return append(slices.Repeat([]string{code}, MaxFaults), "too_many_files", code)
	}
	good := archiveOf(shapes()...)
	return []bombCase{
		{"10 GB of zeros", from(bomb(nil, nothing, tenGB(nothing))), []string{"trailing_data", "too_large", "missing_file", "missing_file", "missing_file", "empty"}, early},
		{"10 GB behind the end", from(bomb(tarOf(shapes()...), nothing, tenGB(nothing))), []string{"trailing_data", "too_large"}, early},
		{"one file of 10 GB", from(bomb(huge[:], nothing, tenGB(nothing))), []string{"too_large"}, early},
		{"4.7 million empty files", from(empty(file{path: "src/x"})), many("duplicate_path"), early},
		{"4.7 million folders", from(empty(file{path: "src/", edit: typed('5')})), many("entry_type"), early},
		{"endless text", repeat(nil, []byte("an endless text ")), []string{"not_gzip", "too_large"}, MaxCompressed + 1},
		{"endless empty blocks of deflate", repeat(good[:gzipHeaderSize], []byte("\x00\x00\x00\xff\xff")), []string{"too_large"}, MaxCompressed + 1},
		{"endless gzip members", repeat(good, gz()), []string{"gzip_multiple_members", "too_large"}, MaxCompressed + 1},
		{"endless zeros behind", repeat(good, zeros(512)), []string{"trailing_data", "too_large"}, MaxCompressed + 1},
	}
}

// TestMemory checks that neither bombs nor an endless source need memory, and
// that the reading stops at the limit. What is measured is all that was
// allocated, also what was free again.
func TestMemory(t *testing.T) {
	for _, c := range bombs() {
		t.Run(c.name, func(t *testing.T) {
			src := &counting{r: c.src()}
			if data, ok := src.r.(*bytes.Reader); ok && data.Len() > MaxCompressed {
				t.Fatalf("a bomb of %d bytes is no threat: it is over the limit itself", data.Len())
			}
			var r *Report
			allocated := allocates(func() { r, _ = Check(src) })
			if r == nil || !slices.Equal(codes(r), c.want) {
				t.Errorf("got %q", codes(r))
			}
			if src.n > c.read {
				t.Errorf("%d bytes were read", src.n)
			}
			if allocated > maxMemory {
				t.Errorf("%d bytes were allocated", allocated)
			}
		})
	}
}

// allocates gives the bytes that f allocates, also those that are free again:
// it cannot have held more at any time.
func allocates(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestMemoryOfTexts feeds each file that is read as text with the most of what
// is dear to read.
func TestMemoryOfTexts(t *testing.T) {
	numbered := func(form string, size int) string {
		var b strings.Builder
		for i := 0; b.Len() < size-100; i++ {
			fmt.Fprintf(&b, form, i)
		}
		return b.String()
	}
	for path, size := range map[string]int{ManifestName: MaxManifest, LockName: MaxLock, ChecksumName: MaxChecksum} {
		half := size/2 - 8
		for _, text := range []string{
			strings.Repeat("\n", size),
			strings.Repeat("#\n", half),
			strings.Repeat("=\n", half),
			strings.Repeat("a=1\n", half/2),
			numbered("%x=1\n", size),
			numbered("[%x]\n", size),
			numbered("%064[1]x  %[1]d\n", size),
			strings.Repeat("[[a]]\n", half/3),
			"a=" + strings.Repeat("[", half) + strings.Repeat("]", half),
			"a=[" + strings.Repeat("1,", half) + "]",
			strings.Repeat("a.", half) + "a=1",
			strings.Repeat("a={", half/2) + strings.Repeat("}", half/2),
			`a="` + strings.Repeat(`\u0041`, half/3) + `"`,
		} {
			files := replaced(shapes(), path, text)
			if path == ChecksumName {
				files = withSumsText(shapes(), func(string) string { return text })
			}
			data := archiveOf(files...)
			var r *Report
			allocated := allocates(func() { r = mustCheck(t, data) })
			if r.OK() || allocated > maxMemory {
				t.Errorf("%s of %.20q…: %d bytes were allocated: %q", path, text, allocated, codes(r))
			}
		}
	}
}

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
	src := &sampled{r: bytes.NewReader(fullest()), collect: true}
	src.begin()
	r, err := Check(src)
	if err != nil || !r.OK() {
		t.Fatal(err, r.Err())
	}
	t.Logf("%d bytes live at most", src.highest)
	if src.highest > maxMemory {
		t.Errorf("%d bytes were live", src.highest)
	}
}

// sampled is a source that looks at the heap whenever it is read.
type sampled struct {
	r               io.Reader
	most            int  // bytes a read; 0 for any number
	collect         bool // collect the garbage first, so that only live bytes are seen
	before, highest uint64
}

func (s *sampled) begin() { s.before = s.heap() }

func (s *sampled) heap() uint64 {
	if s.collect {
		runtime.GC()
	}
	var now runtime.MemStats
	runtime.ReadMemStats(&now)
	return now.HeapAlloc
}

func (s *sampled) Read(p []byte) (int, error) {
	now := s.heap()
	s.highest = max(s.highest, now-min(now, s.before))
	if s.most > 0 {
		p = p[:min(len(p), s.most)]
	}
	return s.r.Read(p)
}
