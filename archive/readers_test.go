package archive

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ori-lang/registry/ident"
)

// Four programs that share no code must find the same files in everything that
// Check lets through: that is what the format is for.

// reader lists archives with a program.
type reader struct {
	name    string
	program string // "" when it is a library
	list    func(t *testing.T, archives []string) [][]FileInfo
}

func readers() []reader {
	gnu := tarProgram{
		listing: []string{"tar", "--list", "--gzip", "--verbose", "--full-time", "--numeric-owner", "--quoting-style=literal", "--file"},
		content: []string{"tar", "--extract", "--gzip", "--to-stdout", "--file"},
		line:    "-rw-r--r-- 0/0 SIZE 1980-01-01 00:00:00 PATH",
	}
	bsd := tarProgram{
		listing: []string{"bsdtar", "--numeric-owner", "-tvf"},
		content: []string{"bsdtar", "-xOf"},
		line:    "-rw-r--r-- 0 0 0 SIZE Jan 1 1980 PATH",
	}
	return []reader{
		{"archive/tar", "", listWithGo},
		{"GNU tar", "tar", gnu.list},
		{"bsdtar", "bsdtar", bsd.list},
		{"tarfile of Python", "python3", listWithPython},
	}
}

func TestReadersAgree(t *testing.T) {
	dir := t.TempDir()
	var archives, names []string
	var want [][]FileInfo
	for _, c := range readableCases(t) {
		r := mustCheck(t, c.data)
		if !readAlike(r) {
			t.Fatalf("%s: %v", c.name, r.Err())
		}
		at := filepath.Join(dir, fmt.Sprintf("%03d.oripk", len(archives)))
		if err := os.WriteFile(at, c.data, 0o600); err != nil {
			t.Fatal(err)
		}
		archives, names, want = append(archives, at), append(names, c.name), append(want, r.Files)
	}
	t.Logf("%d archives", len(archives))
	for _, reader := range readers() {
		t.Run(reader.name, func(t *testing.T) {
			t.Parallel()
			if _, err := exec.LookPath(reader.program); reader.program != "" && err != nil {
				t.Fatalf("%s is needed for this test; scripts/test-deps.sh installs it: %v", reader.program, err)
			}
			for i, got := range reader.list(t, archives) {
				if diff := cmp.Diff(want[i], got); diff != "" {
					t.Errorf("%s (-check +%s):\n%s", names[i], reader.name, diff)
				}
			}
		})
	}
}

type readable struct {
	name string
	data []byte
}

// readableCases are all archives in the test data that are right, those that
// are wrong only for the paths of the files in them, and packages made at random.
func readableCases(t *testing.T) []readable {
	all := []readable{{"of the most bytes", sized(t, MaxCompressed)}, {"of the most memory", fullest()}}
	packed, _ := packed(t, folder(t, authored()))
	all = append(all, readable{"as Pack makes it", packed})
	right := slices.DeleteFunc(allLimits(), func(c hostileCase) bool { return len(c.want) > 0 })
	for _, c := range slices.Concat(goodCases(), right, pathCases(), contentCases()) {
		data := c.build()
		if readAlike(mustCheck(t, data)) {
			all = append(all, readable{c.name, data})
		}
	}
	random := rand.New(rand.NewPCG(3, 4))
	for i := range 40 {
		data := randomArchive(random)
		if err := mustCheck(t, data).Err(); err != nil {
			t.Errorf("random package %d: %v", i, err)
		}
		all = append(all, readable{fmt.Sprintf("random package %d", i), data})
	}
	return all
}

// goodCases are right archives that a reader might stumble over.
func goodCases() []hostileCase {
	var named []file
	for _, path := range []string{"-rf", "--help", "-C/x", "@x", "~", "~x/y", "=", ",", "+", "_", "src/0", "src/00000000005", "src/-", "ustar"} {
		named = append(named, file{path: path, content: path})
	}
	inner := string(archiveOf(shapes()...))
	header := file{path: "src/evil.ori", content: "x"}.header()
	free := patched(patched(archiveOf(shapes()...), 8, 0xff), 9, 0xff)
	return []hostileCase{
		filesCase("the least", shapes()),
		bytesCase("XFL and OS of any value", free),
		bytesCase("not compressed", gzLevel(gzip.NoCompression, tarOf(shapes()...))),
		bytesCase("compressed with Huffman codes alone", gzLevel(gzip.HuffmanOnly, tarOf(shapes()...))),
		filesCase("paths that look like options", shapes(named...)),
		filesCase("empty files", shapes(file{path: "LICENSE"}, file{path: "src/a"}, file{path: "src/b"}, file{path: "z"})),
		filesCase("a tar in a file", shapes(file{path: "src/x.tar", content: string(tarOf(shapes()...))})),
		filesCase("an archive in a file", shapes(file{path: "src/x.oripk", content: inner})),
		filesCase("an end marker in a file", shapes(file{path: "src/x", content: string(zeros(4 * blockSize))}, file{path: "src/y", content: "y"})),
		filesCase("a header in a file", shapes(file{path: "src/x", content: string(header[:])}, file{path: "src/y", content: string(header[:100])})),
		filesCase("PAX records in a file", shapes(file{path: "src/x", content: paxRecords("size", "0", "path", "src/evil.ori")})),
		filesCase("sizes around a block", shapes(file{path: "src/a", content: long(511)}, file{path: "src/b", content: long(512)}, file{path: "src/c", content: long(513)})),
	}
}

func TestGoodCases(t *testing.T) {
	for _, c := range goodCases() {
		data := c.build()
		r := mustCheck(t, data)
		if err := r.Err(); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		sameAsTar(t, data, r)
	}
}

func gzLevel(level int, tar []byte) []byte {
	var out bytes.Buffer
	w, _ := gzip.NewWriterLevel(&out, level)
	w.Write(tar)
	w.Close()
	return out.Bytes()
}

// randomArchive is a right archive of files with any paths and contents.
func randomArchive(random *rand.Rand) []byte {
	seen := newPathSet()
	for _, f := range shapes() {
		seen.add(f.path)
	}
	var more []file
	for range random.IntN(30) {
		path := randomPath(random)
		if pathFault(path) == "" && unexpected(path) == "" && seen.add(path) == "" {
			more = append(more, file{path: path, content: randomContent(random)})
		}
	}
	data := gzLevel(random.IntN(12)-2, tarOf(shapes(more...)...))
	data[8], data[9] = byte(random.Uint32()), byte(random.Uint32())
	return data
}

func randomPath(random *rand.Rand) string {
	const characters = "ABCXYZabcxyz019._+-@=,~"
	var b strings.Builder
	for i := range 1 + random.IntN(6) {
		if i > 0 {
			b.WriteByte('/')
		}
		longest := []int{3, 20, MaxElement}[random.IntN(3)]
		for range 1 + random.IntN(longest) {
			b.WriteByte(characters[random.IntN(len(characters))])
		}
	}
	return b.String()
}

func randomContent(random *rand.Rand) string {
	size := []int{0, 1, 511, 512, 513, 1024, random.IntN(5000)}[random.IntN(7)]
	switch random.IntN(4) {
	case 0:
		return string(zeros(size))
	case 1:
		tar := tarOf(shapes()...)
		return string(tar[:min(size, len(tar))])
	}
	return string(noiseOf(size))
}

func listWithGo(t *testing.T, archives []string) (all [][]FileInfo) {
	for _, at := range archives {
		f, err := os.Open(at)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		gz, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		var files []FileInfo
		for in := tar.NewReader(gz); ; {
			h, err := in.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, FileInfo{h.Name, h.Size, hashOf(t, in, h.Size)})
		}
		all = append(all, files)
	}
	return all
}

// hashOf reads just so many bytes.
func hashOf(t *testing.T, in io.Reader, size int64) (sum ident.Checksum) {
	t.Helper()
	h := sha256.New()
	if n, err := io.CopyN(h, in, size); err != nil {
		t.Errorf("the content ends after %d bytes of %d: %v", n, size, err)
	}
	h.Sum(sum[:0])
	return sum
}

// tarProgram is a command that reads archives. It is run twice for each: for the
// listing, and for the contents of all files one after the other.
type tarProgram struct {
	listing, content []string // the name of the archive is put behind
	line             string   // of the listing, with SIZE and PATH; any number of spaces stands between its words
}

func (p tarProgram) list(t *testing.T, archives []string) (all [][]FileInfo) {
	for _, at := range archives {
		files := p.read(t, at)
		pipe(t, nil, append(p.content, at), func(content io.Reader) {
			for i, f := range files {
				files[i].Checksum = hashOf(t, content, f.Size)
			}
			if more, err := io.Copy(io.Discard, content); more > 0 || err != nil {
				t.Errorf("%s gives %d bytes more than it lists: %v", p.content[0], more, err)
			}
		})
		all = append(all, files)
	}
	return all
}

// read parses the listing. No accepted path has a space in it.
func (p tarProgram) read(t *testing.T, at string) (files []FileInfo) {
	pipeLines(t, nil, append(p.listing, at), func(words []string) {
		f, ok := p.parse(words)
		if !ok {
			t.Errorf("%s lists %q, not as %q", p.listing[0], words, p.line)
		}
		files = append(files, f)
	})
	return files
}

func (p tarProgram) parse(words []string) (f FileInfo, ok bool) {
	form := strings.Fields(p.line)
	ok = len(words) == len(form)
	for i := 0; ok && i < len(form); i++ {
		switch form[i] {
		case "SIZE":
			f.Size, ok = number(words[i])
		case "PATH":
			f.Path = words[i]
		default:
			ok = words[i] == form[i]
		}
	}
	return f, ok
}

func number(word string) (n int64, ok bool) {
	n, err := strconv.ParseInt(word, 10, 64)
	return n, err == nil
}

// pipe runs a command, which must neither fail nor warn, and hands its output on.
func pipe(t *testing.T, stdin io.Reader, args []string, use func(stdout io.Reader)) {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = append(os.Environ(), "LC_ALL=C", "TZ=UTC")
	cmd.Stdin, cmd.Stderr = stdin, &stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	use(stdout)
	if err := cmd.Wait(); err != nil || stderr.Len() > 0 {
		t.Errorf("%q: %v\n%s", args, err, stderr.Bytes())
	}
}

// pipeLines hands the words of each line on.
func pipeLines(t *testing.T, stdin io.Reader, args []string, use func(words []string)) {
	t.Helper()
	pipe(t, stdin, args, func(stdout io.Reader) {
		lines := bufio.NewScanner(stdout)
		for lines.Scan() {
			use(strings.Fields(lines.Text()))
		}
		if err := lines.Err(); err != nil {
			t.Error(err)
		}
	})
}

// pythonLister writes a line for each file: number of the archive, size,
// SHA-256, path.
const pythonLister = `
import hashlib, sys, tarfile
for number, archive in enumerate(sys.argv[1:]):
    with tarfile.open(archive, "r:gz", errorlevel=2) as tar:
        for entry in tar:
            if entry.type != tarfile.REGTYPE or entry.mode != 0o644 or entry.mtime != 315532800:
                sys.exit(f"{archive}: {entry.name} is no plain file")
            content = hashlib.sha256()
            with tar.extractfile(entry) as file:
                while chunk := file.read(1 << 20):
                    content.update(chunk)
            print(number, entry.size, content.hexdigest(), entry.name)
`

func listWithPython(t *testing.T, archives []string) [][]FileInfo {
	all := make([][]FileInfo, len(archives))
	args := append([]string{"python3", "-I", "-"}, archives...)
	pipeLines(t, strings.NewReader(pythonLister), args, func(words []string) {
		if len(words) != 4 {
			t.Errorf("Python lists %q", words)
			return
		}
		at, known := number(words[0])
		size, sized := number(words[1])
		sum, err := ident.ParseHex(words[2])
		if !known || !sized || err != nil || at >= int64(len(all)) {
			t.Errorf("Python lists %q", words)
			return
		}
		all[at] = append(all[at], FileInfo{words[3], size, sum})
	})
	return all
}
