package manifest_test

import (
	"bytes"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/ori-lang/registry/manifest"
	"github.com/pelletier/go-toml/v2"
)

func seeds(f *testing.F) {
	f.Helper()
	for _, text := range slices.Concat(validTexts(), []string{
		full,
		head + "[dependencies]\nstd.json\n@a/b = \"1.0.0\"\n[dependencies.@a/c]\nversion = \"1.0.0\"\n",
		"[dependencies]\r\nstd.json # c\r\n@a/b\r\n",
		"scripts.x = 'y'\n[[scripts]]\n[\"\\u0073cripts\".x]\n",
		"a = {\n}\nb = \"\\e\\x41\"\nc = 07:32\n",
		"x = [ {@a/b = '''\n'''}, \"]\" ] # ]\n",
	}) {
		f.Add([]byte(text))
	}
	seedFaults(f, faultsOfTOML(), faultsOfNewerTOML(), faultsOfProject(), faultsOfDependencies(), faultsOfOtherSections())
}

// seedFaults adds the texts that the tests of faults read, but for the long ones
// of the limits, which would make every try slow.
func seedFaults(f *testing.F, tables ...[]faultCase) {
	f.Helper()
	for _, c := range slices.Concat(tables...) {
		if len(c.text) < 4<<10 {
			f.Add([]byte(c.text))
		}
	}
}

func FuzzParse(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		m, report := manifest.Parse(text)
		checkPlaces(t, text, report.Faults, manifest.FaultCodes())
		checkPlaces(t, text, report.Warnings, manifest.WarningCodes())
		if report.OK() && m == nil {
			t.Fatal("no manifest and no fault")
		}
		if m != nil {
			m.CheckPublish()
			m.Locked()
		}
		if _, strict := manifest.ParseStrict(text); strict.OK() && !report.OK() {
			t.Fatalf("strict takes what loose refuses: %v", report.Faults)
		}
	})
}

// checkPlaces holds every fault to a known code, a place inside of the text
// and the order of the text.
func checkPlaces(t *testing.T, text []byte, faults []manifest.Fault, codes []string) {
	t.Helper()
	lines := bytes.Split(text, []byte("\n"))
	before := manifest.Position{}
	for _, f := range faults {
		if !slices.Contains(codes, f.Code) && f.Code != manifest.CodeLimit {
			t.Fatalf("unknown code: %v", f)
		}
		if f.Line > len(lines) || f.Line > 0 && (f.Column < 1 || f.Column > 1+len([]rune(string(lines[f.Line-1])))) {
			t.Fatalf("outside of the text: %v", f)
		}
		if f.Line < before.Line || f.Line == before.Line && f.Column < before.Column {
			t.Fatalf("out of order: %v after %v", f, before)
		}
		before = f.Position
	}
}

func FuzzNormalize(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		out, err := manifest.Normalize(text)
		if err != nil {
			return
		}
		var values map[string]any
		if err := toml.Unmarshal(out, &values); err != nil {
			t.Fatalf("not TOML: %v\n%q", err, out)
		}
		if again, err := manifest.Normalize(out); err != nil || !bytes.Equal(again, out) {
			t.Fatalf("not stable: %v\n%q\n%q", err, out, again)
		}
		if toml.Unmarshal(text, &map[string]any{}) == nil && !bytes.Equal(text, out) {
			t.Fatalf("changed TOML:\n%q\n%q", text, out)
		}
		sameManifest(t, text, out)
	})
}

// sameManifest holds two spellings to the same meaning.
func sameManifest(t *testing.T, text, out []byte) {
	t.Helper()
	m, report := manifest.Parse(text)
	n, other := manifest.Parse(out)
	for _, m := range []*manifest.Manifest{m, n} {
		for i := range m.Dependencies {
			m.Dependencies[i].Position = manifest.Position{}
		}
	}
	if !reflect.DeepEqual(m, n) || len(report.Faults) != len(other.Faults) || len(report.Warnings) != len(other.Warnings) {
		t.Fatalf("another meaning:\n%+v %v\n%+v %v", m, report, n, other)
	}
}

func FuzzForArchive(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		out, err := manifest.ForArchive(text)
		if err != nil {
			return
		}
		normal, err := manifest.Normalize(text)
		if err != nil {
			t.Fatal(err)
		}
		var before, after map[string]any
		if err := toml.Unmarshal(normal, &before); err != nil {
			t.Fatal(err)
		}
		if err := toml.Unmarshal(out, &after); err != nil {
			t.Fatalf("not TOML: %v\n%q", err, out)
		}
		delete(before, "scripts")
		if !alike(before, after) {
			t.Fatalf("more than scripts has changed:\n%q\n%q", text, out)
		}
		if _, report := manifest.ParseStrict(out); slices.ContainsFunc(report.Faults, func(f manifest.Fault) bool {
			return f.Code == manifest.CodeScripts || f.Code == manifest.CodeSyntax
		}) {
			t.Fatal(report.Faults)
		}
	})
}

// alike compares what was parsed; NaN is like itself here.
func alike(a, b map[string]any) bool {
	x, errX := toml.Marshal(a)
	y, errY := toml.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

func FuzzLock(f *testing.F) {
	for _, text := range []string{
		"", string((&manifest.Lock{}).Bytes()),
		"[checksums]\n" + line("@b/a:1.0.0") + line("@a/b:1.0.0-rc.1"),
		"checksums.\"@a/b:1.0.0\" = 'sha256:" + strings.Repeat("00", 32) + "'\n",
		"[checksums]\n" + line("@a/b:1.0.0") + line("@a/b:2.0.0") + line("x"),
	} {
		f.Add([]byte(text))
	}
	seedFaults(f, faultsOfLock())
	f.Fuzz(func(t *testing.T, text []byte) {
		lock, faults := manifest.ParseLock(text)
		checkPlaces(t, text, faults, append(manifest.FaultCodes(), manifest.CodeUnknownKey))
		if len(faults) > 0 {
			return
		}
		again, faults := manifest.ParseLock(lock.Bytes())
		if len(faults) > 0 || !reflect.DeepEqual(lock, again) {
			t.Fatalf("%v\n%v\n%v", faults, lock, again)
		}
		if !bytes.Equal(lock.Bytes(), again.Bytes()) {
			t.Fatal("not canonical")
		}
	})
}
