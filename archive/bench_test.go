package archive

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// Most benchmarks work on one package of about 5 MB compressed: sources made of
// words, and noise as pictures and the like are. MB/s counts the bytes of the archive.

func benchFiles() map[string]string {
	files := map[string]string{"oripk.toml": goodManifest, "oripk.lock": goodLock, "README.md": goodSource}
	random := rand.New(rand.NewPCG(1, 2))
	var words []string
	for range 2000 {
		words = append(words, fmt.Sprintf("%x", random.Uint64N(1<<(4*(2+random.Uint64N(8))))))
	}
	for i := range 400 {
		var b strings.Builder
		for b.Len() < 16<<10 {
			fmt.Fprintf(&b, "pub @%s (%s: int) -> %s = ", words[random.IntN(2000)], words[random.IntN(200)], words[random.IntN(20)])
			for range 8 {
				b.WriteString(words[random.IntN(2000)] + " ")
			}
			b.WriteString(";\n")
		}
		files[fmt.Sprintf("src/m%03d.ori", i)] = b.String()
	}
	files["src/lib.ori"] = goodSource
	files["src/data.bin"] = string(noiseOf(2 << 20))
	return files
}

func benchArchive(b *testing.B) (*os.Root, []byte) {
	b.Helper()
	root := folder(b, benchFiles())
	data, r := packed(b, root)
	if err := r.Err(); err != nil {
		b.Fatal(err)
	}
	b.Logf("%d bytes, %d unpacked", r.Size, r.UnpackedSize)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	b.ResetTimer()
	return root, data
}

func BenchmarkPack(b *testing.B) {
	root, _ := benchArchive(b)
	for b.Loop() {
		if _, err := Pack(root, io.Discard); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCheck(b *testing.B) {
	_, data := benchArchive(b)
	for b.Loop() {
		if r, err := Check(bytes.NewReader(data)); err != nil || !r.OK() {
			b.Fatal(err)
		}
	}
}

// BenchmarkBombs refuses what would unpack to 10 GB, or has no end. peak-B is the
// most that was on the heap above what was there before, garbage counted;
// B/op is all that was allocated, which the peak cannot be over; read-B is how
// much of the source was read.
func BenchmarkBombs(b *testing.B) {
	for _, c := range bombs() {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if r, err := Check(c.src()); err != nil || r.OK() {
					b.Fatal("it is not refused", err)
				}
			}
			src := &counting{r: c.src()}
			heap := &sampled{r: src, most: 2048}
			runtime.GC()
			heap.begin()
			if _, err := Check(heap); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(heap.highest), "peak-B")
			b.ReportMetric(float64(src.n), "read-B")
		})
	}
}

// BenchmarkSHA256 and BenchmarkGunzip are yardsticks: the least that a check has to do.

func BenchmarkSHA256(b *testing.B) {
	_, data := benchArchive(b)
	for b.Loop() {
		sha256.Sum256(data)
	}
}

func BenchmarkGunzip(b *testing.B) {
	_, data := benchArchive(b)
	for b.Loop() {
		zr, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, zr); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCommands runs the tools that people would use, start of the process
// included, on the same archive in a file.
func BenchmarkCommands(b *testing.B) {
	for _, command := range [][]string{{"sha256sum"}, {"gzip", "-dc"}} {
		b.Run(command[0], func(b *testing.B) {
			_, data := benchArchive(b)
			path := filepath.Join(b.TempDir(), "package.oripk")
			if err := os.WriteFile(path, data, 0o600); err != nil {
				b.Fatal(err)
			}
			input, err := os.Open(path)
			if err != nil {
				b.Fatal(err)
			}
			defer input.Close()
			for b.Loop() {
				if _, err := input.Seek(0, io.SeekStart); err != nil {
					b.Fatal(err)
				}
				tool := exec.Command(command[0], command[1:]...)
				tool.Stdin = input
				if err := tool.Run(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkLevels is what the choice of level rests on.
func BenchmarkLevels(b *testing.B) {
	_, data := benchArchive(b)
	zr, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		b.Fatal(err)
	}
	plain, err := io.ReadAll(zr)
	if err != nil {
		b.Fatal(err)
	}
	for _, level := range []int{1, 3, 4, 5, 6, 7, 9} {
		b.Run(fmt.Sprint(level), func(b *testing.B) {
			var out bytes.Buffer
			b.SetBytes(int64(len(plain)))
			for b.Loop() {
				out.Reset()
				w, _ := gzip.NewWriterLevel(&out, level)
				w.Write(plain)
				w.Close()
			}
			b.ReportMetric(float64(out.Len()), "bytes")
		})
	}
}
