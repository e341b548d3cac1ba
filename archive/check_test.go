package archive

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/ori-lang/registry/ident"
)

func TestHostile(t *testing.T) {
	for _, c := range hostileCases() {
		t.Run(c.name, func(t *testing.T) {
			data := c.build()
			r := mustCheck(t, data)
			if diff := cmp.Diff(c.want, codes(r)); diff != "" {
				t.Errorf("codes (-want +got):\n%s\n%v", diff, r.Err())
			}
			if r.Checksum != ident.ChecksumOf(data) || r.Size != int64(len(data)) {
				t.Errorf("checksum and size are not those of the whole input")
			}
			checkFaultTexts(t, r)
		})
	}
}

// checkFaultTexts holds what every message must be.
func checkFaultTexts(t *testing.T, r *Report) {
	t.Helper()
	for _, f := range r.Faults {
		if f.Detail == "" || strings.Contains(f.Detail, "%!") || !slices.Contains(FaultCodes, f.Code) {
			t.Errorf("a fault that says nothing: %+v", f)
		}
		for _, c := range f.Path + f.Detail {
			if c < ' ' || c == 0x7f || c == '\uFFFD' {
				t.Errorf("the fault has an unprintable character: %q", f)
			}
		}
	}
}

// TestEveryCodeHasACase keeps the list of cases complete.
func TestEveryCodeHasACase(t *testing.T) {
	seen := map[FaultCode]bool{TooLarge: true, TooManyFiles: true} // in limits_test.go
	for _, c := range hostileCases() {
		for _, code := range c.want {
			seen[FaultCode(code)] = true
		}
	}
	for _, code := range FaultCodes {
		if !seen[code] {
			t.Errorf("no case for %s", code)
		}
	}
}

func TestGood(t *testing.T) {
	deep := strings.Repeat("d/", MaxDepth-2) + "x"
	long := "src/" + strings.Repeat("l", 96) + "/" + strings.Repeat("m", 99)
	files := shapes(
		file{path: "README.md", content: "# Shapes\n"},
		file{path: "LICENSE"},
		file{path: "src/" + deep, content: strings.Repeat("x", 513)},
		file{path: long, content: strings.Repeat("x", 512)},
		file{path: "src/A-Za_z0+9.@=,~", content: "x"},
	)
	data := archiveOf(files...)
	r := mustCheck(t, data)
	if err := r.Err(); err != nil {
		t.Fatal(err)
	}
	var want []FileInfo
	for _, f := range files {
		want = append(want, FileInfo{f.path, int64(len(f.content)), ident.ChecksumOf([]byte(f.content))})
	}
	if diff := cmp.Diff(want, r.Files); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if string(r.ManifestText) != goodManifest || r.ManifestChecksum != ident.ChecksumOf([]byte(goodManifest)) || string(r.Readme) != "# Shapes\n" {
		t.Error("the report does not hold the manifest and the README")
	}
	if r.Manifest.Package.String() != "@orilib/shapes" || len(r.Lock.Checksums) != 1 {
		t.Error("the report does not hold what manifest and lock file say")
	}
	if r.UnpackedSize != int64(len(tarOf(files...))) {
		t.Errorf("the tar has %d bytes, not %d", len(tarOf(files...)), r.UnpackedSize)
	}
	sameAsTar(t, data, r)
}

// gunzip gives what is in a gzip file.
func gunzip(data []byte) ([]byte, error) {
	zr, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(zr)
}

// sameAsTar compares a report with what archive/tar reads, and the bytes of the
// tar with what archive/tar writes for these files.
func sameAsTar(t *testing.T, data []byte, r *Report) {
	t.Helper()
	plain, err := gunzip(data)
	if err != nil {
		t.Fatal(err)
	}
	var got []FileInfo
	var again bytes.Buffer
	tr, tw := tar.NewReader(bytes.NewReader(plain)), tar.NewWriter(&again)
	for h, err := tr.Next(); err != io.EOF; h, err = tr.Next() {
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(tr)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, FileInfo{h.Name, h.Size, ident.ChecksumOf(content)})
		if err := tw.WriteHeader(&tar.Header{Name: h.Name, Size: h.Size, Mode: 0o644, ModTime: h.ModTime, Format: tar.FormatUSTAR, Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if h.ModTime.Unix() != 315532800 {
			t.Errorf("%s has the time %s", h.Name, h.ModTime)
		}
		if _, err := tw.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := tw.Close(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(r.Files, got); diff != "" {
		t.Errorf("archive/tar lists other files (-check +tar):\n%s", diff)
	}
	if !bytes.Equal(plain, again.Bytes()) {
		t.Error("archive/tar writes another tar for the same files")
	}
}

func TestCutOff(t *testing.T) {
	noise := noiseOf(64 << 10)
	data := archiveOf(shapes(file{path: "src/noise", content: string(noise)})...)
	for n := 0; n < len(data); n += 512 {
		want := []string{"gzip_corrupt"}
		if n == 0 {
			want = []string{"not_gzip"}
		}
		if got := codes(mustCheck(t, data[:n])); !slices.Equal(got, want) {
			t.Errorf("cut at %d: %q", n, got)
		}
	}
	for n := len(data) - 20; n < len(data); n++ {
		if got := codes(mustCheck(t, data[:n])); !slices.Equal(got, []string{"gzip_corrupt"}) {
			t.Errorf("cut at %d of %d: %q", n, len(data), got)
		}
	}
}

func TestTarCutOff(t *testing.T) {
	plain := tarOf(shapes()...)
	body := len(plain) - 2*blockSize
	between := map[int][]string{ // entries end here
		0:    {"missing_file", "missing_file", "missing_file", "empty"},
		1024: {"missing_file", "missing_file", "empty", "manifest:entry"},
		2048: {"missing_file", "empty", "manifest:entry"},
		3072: {"empty", "checksum_file", "manifest:entry"},
	}
	if body != 4096 {
		t.Fatalf("the entries have %d bytes", body)
	}
	for n := 0; n < len(plain); n += 32 {
		want := append([]string{"tar_framing"}, between[n]...)
		if got := codes(mustCheck(t, gz(plain[:n]))); !slices.Equal(got, want) {
			t.Errorf("tar cut at %d: %q, want %q", n, got, want)
		}
	}
}

func TestSourceFails(t *testing.T) {
	data := archiveOf(shapes()...)
	broken := errors.New("broken")
	for n := range data {
		src := io.MultiReader(bytes.NewReader(data[:n]), iotest.ErrReader(broken))
		if r, err := Check(src); !errors.Is(err, broken) || r != nil {
			t.Fatalf("failure behind %d bytes: %v", n, err)
		}
	}
	if r, err := Check(io.MultiReader(bytes.NewReader(data), iotest.ErrReader(io.ErrUnexpectedEOF))); err == nil {
		t.Errorf("a source that is cut off is taken for its end: %v", codes(r))
	}
}

func TestSmallReads(t *testing.T) {
	data := archiveOf(shapes()...)
	for _, src := range []io.Reader{iotest.OneByteReader(bytes.NewReader(data)), iotest.DataErrReader(bytes.NewReader(data))} {
		r, err := Check(src)
		if err != nil || !r.OK() {
			t.Errorf("%v %v", err, r.Err())
		}
	}
}

func TestFaultsAreBounded(t *testing.T) {
	for n, last := range map[int]string{
		MaxFaults:     "symbolic link",
		MaxFaults + 1: "1 more",
		500:           "400 more",
	} {
		files := append(shapes(), slices.Repeat([]file{{path: "src/x", edit: typed('2')}}, n)...)
		faults := mustCheck(t, archiveOf(files...)).Faults
		if len(faults) != min(n, MaxFaults+1) {
			t.Fatalf("%d faults of %d", len(faults), n)
		}
		if f := faults[len(faults)-1]; !strings.Contains(f.Detail, last) || f.Code != EntryType {
			t.Errorf("the last one of %d is %s", n, f)
		}
	}
}

func TestManifestFaultsAreBounded(t *testing.T) {
	var bad, local strings.Builder
	for i := range 250 {
		fmt.Fprintf(&bad, "\"@a/b%d\" = \"1\"\n", i)
		fmt.Fprintf(&local, "\"@a/b%d\" = { path = \"../b%d\" }\n", i, i)
	}
	for _, more := range []string{bad.String(), local.String()} {
		r := mustCheck(t, archiveOf(replaced(shapes(), ManifestName, goodManifest+more)...))
		if len(r.ManifestFaults) != MaxFaults+1 {
			t.Fatalf("%d faults", len(r.ManifestFaults))
		}
		if last := r.ManifestFaults[MaxFaults]; !strings.Contains(last.Detail, "150 more") {
			t.Errorf("the last one is %s", last)
		}
	}
}

func TestPointersAndPlaces(t *testing.T) {
	lock := strings.Replace(goodLock, "sha256:9f", "sha256:zz", 1)
	r := mustCheck(t, archiveOf(replaced(shapes(), LockName, lock)...))
	if f := r.Faults[0]; f.Path != LockName || f.Pointer != "/checksums/@orilib~1utils:2.0.1" {
		t.Errorf("the fault has no place: %+v", f)
	}
	text := strings.Replace(goodManifest, "src/lib.ori", "src/no.ori", 1)
	r = mustCheck(t, archiveOf(replaced(shapes(), ManifestName, text)...))
	if f := r.ManifestFaults[0]; f.Pointer != "/project/entry/lib" {
		t.Errorf("the fault has no place: %+v", f)
	}
}
