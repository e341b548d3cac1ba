package manifest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/manifest"
)

// line is a line of a lock file for a package and version.
func line(ref string) string {
	return fmt.Sprintf("%q = %q\n", ref, "sha256:"+strings.Repeat("0a", 32))
}

func TestFaultsOfLock(t *testing.T) {
	runFaults(t, faultsOfLock(), func(text string) []manifest.Fault {
		_, faults := manifest.ParseLock([]byte(text))
		return faults
	})
}

func faultsOfLock() []faultCase {
	sum := strings.Repeat("0a", 32)
	return []faultCase{
		{"nothing locked", "[checksums]\n", nil},
		{"two packages, unsorted", "# c\n[checksums]\n" + line("@b/a:1.0.0") + line("@a/b:1.0.0-rc.1"), nil},
		{"as an inline table", "checksums = { \"@a/b:1.0.0\" = 'sha256:" + sum + "' }\n", nil},
		{"empty", "", []string{"1:1 missing /checksums"}},
		{"byte order mark", "\ufeff[checksums]\n", []string{"1:1 syntax"}},
		{"not UTF-8", "[checksums]\n# \xe4\n", []string{"2:3 syntax"}},
		{"no TOML", "[checksums]\n" + line("@a/b:1.0.0") + "x\n", []string{"3:2 syntax"}},
		{"loose key", "[checksums]\n@a/b = 1\n", []string{"2:1 syntax"}},
		{"other keys", "version = 1\n[checksums]\n[metadata]\n", []string{"1:1 unknown_key /version", "3:2 unknown_key /metadata"}},
		{"no table", "checksums = 1\n", []string{"1:13 type /checksums"}},
		{"tables", "[[checksums]]\n", []string{"1:3 type /checksums"}},
		{"not strings", "[checksums]\n\"@a/b:1.0.0\" = 1\n[checksums.\"@a/c:1.0.0\"]\n", []string{
			"2:16 type /checksums/@a~1b:1.0.0", "3:12 type /checksums/@a~1c:1.0.0",
		}},
		{"keys", "[checksums]\n" + line("a/b:1.0.0") + line("@a/b") + line("@a/b:1.0") + line("@a/b@1.0.0") + line("@a/B:1.0.0") + line("@a/b:1.0.0:2") + line("@a/b: 1.0.0"), []string{
			"2:1 name /checksums/a~1b:1.0.0", "3:1 version /checksums/@a~1b", "4:1 version /checksums/@a~1b:1.0",
			"5:1 name /checksums/@a~1b@1.0.0", "6:1 name /checksums/@a~1B:1.0.0", "7:1 version /checksums/@a~1b:1.0.0:2",
			"8:1 version /checksums/@a~1b: 1.0.0",
		}},
		{"values", "[checksums]\n\"@a/b:1.0.0\" = \"md5:" + sum[:32] + "\"\n\"@a/c:1.0.0\" = \"sha256:" + strings.ToUpper(sum) + "\"\n\"@a/d:1.0.0\" = \"sha256:" + sum[1:] + "\"\n\"@a/e:1.0.0\" = \"" + sum + "\"\n", []string{
			"2:16 value /checksums/@a~1b:1.0.0", "3:16 value /checksums/@a~1c:1.0.0", "4:16 value /checksums/@a~1d:1.0.0", "5:16 value /checksums/@a~1e:1.0.0",
		}},
		{"the same twice", "[checksums]\n" + line("@a/b:1.0.0") + line("@a/b:1.0.0"), []string{"3:1 duplicate /checksums/@a~1b:1.0.0"}},
		{"two versions of one package", "[checksums]\n" + line("@a/b:1.0.0") + line("@a/b:2.0.0"), []string{"3:1 duplicate /checksums/@a~1b:2.0.0"}},
		{"too large", strings.Repeat("#", manifest.MaxLockText+1), []string{"0:0 too_large"}},
		{"too many keys", "[checksums]\n" + strings.Repeat("a=1\n", 1<<17), []string{"16385:1 limit"}},
		{"too many values", "a = [" + strings.Repeat("1,", 1<<18), []string{"1:32772 limit"}},
	}
}

func TestLockBytes(t *testing.T) {
	empty := "# Checksums of the packages that this one was built with. Made by oripk; do not edit.\n\n[checksums]\n"
	if got := string((&manifest.Lock{}).Bytes()); got != empty {
		t.Errorf("%s", got)
	}
	lock := &manifest.Lock{Checksums: map[ident.Ref]ident.Checksum{}}
	for _, s := range []string{"@b/a@1.0.0", "@a/b@10.0.0", "@a/b@9.0.0", "@a/b@9.0.0-rc.1", "@a/a@1.0.0"} {
		ref, err := ident.ParseRef(s)
		if err != nil {
			t.Fatal(err)
		}
		lock.Checksums[ref] = ident.ChecksumOf([]byte(s))
	}
	var order []string
	for _, l := range strings.Split(strings.TrimPrefix(string(lock.Bytes()), empty), "\n") {
		key, _, _ := strings.Cut(l, " = ")
		order = append(order, key)
	}
	want := []string{`"@a/a:1.0.0"`, `"@a/b:9.0.0-rc.1"`, `"@a/b:9.0.0"`, `"@a/b:10.0.0"`, `"@b/a:1.0.0"`, ""}
	if diff := cmp.Diff(want, order); diff != "" {
		t.Error(diff)
	}
}

func TestLockRoundTrip(t *testing.T) {
	text := string((&manifest.Lock{}).Bytes()) + line("@a/b:1.0.0-rc.1") + line("@b/a:1.0.0")
	lock, faults := manifest.ParseLock([]byte(text))
	if len(faults) > 0 || len(lock.Checksums) != 2 {
		t.Fatal(lock, faults)
	}
	if got := string(lock.Bytes()); got != text {
		t.Errorf("got\n%s\nwant\n%s", got, text)
	}
}
