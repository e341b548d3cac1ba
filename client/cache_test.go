package client

import (
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/archive"
	"github.com/ori-lang/registry/ident"
)

// filled gives a user whose cache has the packages of chain.
func filled(t *testing.T) (*fake, *user, *Cache, string) {
	t.Helper()
	f, u := newFake(t), newUser(t)
	dir := chain(f)
	if _, err := u.sync(dir, f.server.URL); err != nil {
		t.Fatal(err)
	}
	return f, u, NewCache(u.options.CacheDir), dir
}

// TestCacheVerify: every way in which a package can be damaged is seen, the
// damaged one alone goes, and comes back with the next sync.
func TestCacheVerify(t *testing.T) {
	replace := func(t *testing.T, path, text string) {
		t.Helper()
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		writeFile(t, path, text)
	}
	cases := map[string]func(t *testing.T, k *Cache, one Cached){
		"an archive that was changed": func(t *testing.T, k *Cache, one Cached) {
			replace(t, k.archivePath(one.Checksum), "no archive")
		},
		"an archive of another package": func(t *testing.T, k *Cache, one Cached) {
			replace(t, k.archivePath(one.Checksum), string(packageBytes(t, "@a/other@1.0.0", "")))
		},
		"a file that was changed": func(t *testing.T, k *Cache, one Cached) {
			replace(t, filepath.Join(k.Dir(one.Checksum), "src", "lib.ori"), "// evil\n")
		},
		"a file that is gone": func(t *testing.T, k *Cache, one Cached) {
			if err := os.Remove(filepath.Join(k.Dir(one.Checksum), "src", "lib.ori")); err != nil {
				t.Fatal(err)
			}
		},
		"an archive that is gone": func(t *testing.T, k *Cache, one Cached) {
			if err := os.Remove(k.archivePath(one.Checksum)); err != nil {
				t.Fatal(err)
			}
		},
		"a file too many": func(t *testing.T, k *Cache, one Cached) {
			replace(t, filepath.Join(k.Dir(one.Checksum), "src", "more.ori"), "")
		},
	}
	for name, damage := range cases {
		t.Run(name, func(t *testing.T) {
			f, u, k, dir := filled(t)
			all, err := k.List()
			if err != nil || len(all) != 4 || all[0].Ref.String() != "@a/base@1.0.0" {
				t.Fatalf("%+v, %v", all, err)
			}
			damage(t, k, all[0])
			whole, damaged, err := k.Verify()
			if err != nil || whole != 3 || len(damaged) != 1 || !strings.HasPrefix(damaged[0], "@a/base@1.0.0 ") {
				t.Fatalf("%d whole, damaged %q, %v", whole, damaged, err)
			}
			if _, err := u.sync(dir, f.server.URL); err != nil {
				t.Error(err)
			}
			if whole, damaged, err := k.Verify(); whole != 4 || damaged != nil || err != nil {
				t.Errorf("afterwards: %d whole, damaged %q, %v", whole, damaged, err)
			}
		})
	}
}

// TestVerifyKept: what has become of an archive in the cache accuses neither its
// author nor the registry.
func TestVerifyKept(t *testing.T) {
	f, u := newFake(t), newUser(t)
	f.publish(httpRef)
	f.publish("@acme/other@1.0.0")
	c := u.client(f.server.URL)
	kept, err := c.Obtain(t.Context(), mustRef(t, httpRef), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.VerifyKept(t.Context(), kept); err != nil {
		t.Error(err)
	}
	data := f.archives[httpRef]
	for name, damaged := range map[string][]byte{
		"nothing": nil, "one bit changed": flipped(data, 40), "half of it": data[:len(data)/2],
		"another package": f.archives["@acme/other@1.0.0"], "something huge": make([]byte, archive.MaxCompressed+1),
	} {
		if err := os.WriteFile(c.cache.archivePath(kept.Checksum), damaged, 0o644); err != nil {
			t.Fatal(err)
		}
		verdict, err := c.VerifyKept(t.Context(), kept)
		if failure, ok := errors.AsType[*TrustError](err); !ok || failure.Failure != LocalStateDamaged || verdict == nil || !strings.Contains(failure.Hint, "oripk cache verify") {
			t.Errorf("%s: %v, want %v", name, err, LocalStateDamaged)
		}
	}
	if err := os.Remove(c.cache.archivePath(kept.Checksum)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.VerifyKept(t.Context(), kept); err != nil {
		t.Errorf("without the archive: %v", err)
	}
}

// TestCacheClean removes what is older than a time, with its proofs.
func TestCacheClean(t *testing.T) {
	_, _, k, _ := filled(t)
	all, err := k.List()
	if err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-48 * time.Hour)
	if err := os.Chtimes(k.archivePath(all[1].Checksum), old, old); err != nil {
		t.Fatal(err)
	}
	removed, err := k.Clean(time.Now(), day)
	if err != nil || len(removed) != 1 || removed[0].Ref != all[1].Ref || k.has(all[1].Checksum) {
		t.Errorf("removed %+v, %v", removed, err)
	}
	if removed, err := k.Clean(time.Now().Add(day), 0); err != nil || len(removed) != 3 {
		t.Errorf("removed %+v, %v", removed, err)
	}
	proofs, err := filepath.Glob(filepath.Join(k.dir, "proofs", "*", "*", "*"))
	if err != nil || len(proofs) > 0 {
		t.Errorf("left: %v, %v", proofs, err)
	}
}

// TestSweep: what killed programs have left goes after a day, and nothing sooner.
func TestSweep(t *testing.T) {
	f, u, k, dir := filled(t)
	leave := func(name string, at time.Time) string {
		path := filepath.Join(k.dir, name)
		writeFile(t, filepath.Join(path, "file"), "")
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
		return path
	}
	now := u.options.Now()
	gone := []string{leave("packages/.unpack-OLD", now.Add(-2*day)), leave("packages/.removed-OLD", now.Add(-2*day))}
	kept := leave("packages/.unpack-NEW", now.Add(-time.Hour))
	f.publish("@a/late@1.0.0")
	writeFile(t, filepath.Join(dir, "oripk.toml"), "[project]\nname = \"@me/app\"\nversion = \"0.1.0\"\ndescription = \"A test.\"\nori = \"1.0.0\"\n\n[dependencies]\n\"@a/late\" = \"1.0.0\"\n")
	if _, err := u.sync(dir, f.server.URL); err != nil {
		t.Fatal(err)
	}
	for _, path := range gone {
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is still there: %v", path, err)
		}
	}
	if _, err := os.Stat(kept); err != nil {
		t.Error(err)
	}
}

// A folder that another program names at this very moment is there or not.
func TestManifestOfAFolderThatComes(t *testing.T) {
	k := NewCache(t.TempDir())
	sum, text := ident.Checksum{1}, []byte("[project]\nname = \"@a/left\"\nversion = \"1.0.0\"\ndescription = \"x\"\nori = \"0.5.0\"\n")
	nameless := filepath.Join(k.dir, "packages", unpackPrefix+"x")
	if err := errors.Join(os.MkdirAll(nameless, 0o755), os.WriteFile(filepath.Join(nameless, "oripk.toml"), text, 0o600)); err != nil {
		t.Fatal(err)
	}
	for range 3000 {
		var other sync.WaitGroup
		other.Go(func() {
			if err := os.Rename(nameless, k.Dir(sum)); err != nil {
				t.Error(err)
			}
		})
		if _, err := k.manifest(sum, ident.ChecksumOf(text)); err != nil {
			t.Fatal(err)
		}
		other.Wait()
		if err := os.Rename(k.Dir(sum), nameless); err != nil {
			t.Fatal(err)
		}
	}
}

// TestStageLeavesNothing: an archive that is not right leaves no folder, named
// or not; what had arrived before it stays.
func TestStageLeavesNothing(t *testing.T) {
	f, u := newFake(t), newUser(t)
	f.publish("@a/good@1.0.0")
	f.publishBytes("@a/bad@1.0.0", append(packageBytes(t, "@a/bad@1.0.0", ""), "junk"...))
	dir := writeProject(t, "@me/app@0.1.0", "", "@a/good 1.0.0", "@a/bad 1.0.0")
	_, err := u.sync(dir, f.server.URL)
	if _, ok := errors.AsType[*ArchiveError](err); !ok {
		t.Errorf("error: %v, want an *ArchiveError", err)
	}
	good := ident.ChecksumOf(f.archives["@a/good@1.0.0"])
	entries, err := os.ReadDir(filepath.Join(u.options.CacheDir, "packages"))
	for _, e := range entries {
		if e.Name() != good.Hex() {
			t.Errorf("%s is in the cache", e.Name())
		}
	}
	if parts, _ := filepath.Glob(filepath.Join(u.options.CacheDir, "archives", ".*")); len(parts) > 0 || err != nil {
		t.Errorf("left: %v, %v", parts, err)
	}
}

// TestUnusableCache says which folder it is about.
func TestUnusableCache(t *testing.T) {
	f, u := newFake(t), newUser(t)
	dir := chain(f)
	writeFile(t, filepath.Join(u.options.CacheDir, "archives"), "a file is in the way")
	_, err := u.sync(dir, f.server.URL)
	if unusable, ok := errors.AsType[*CacheError](err); !ok || !strings.Contains(unusable.Error(), u.options.CacheDir) {
		t.Errorf("error: %v, want a *CacheError", err)
	}
	u.options.CacheDir = ""
	if _, err := u.sync(dir, f.server.URL); !errors.Is(err, ErrNoCache) {
		t.Errorf("error: %v, want %v", err, ErrNoCache)
	}
}

// TestAudit asks a registry that tells whole graphs, and one that does not.
func TestAudit(t *testing.T) {
	for name, tells := range map[string]bool{"whole graphs": true, "one by one": false} {
		t.Run(name, func(t *testing.T) {
			f, u, _, dir := filled(t)
			p := openProject(t, dir)
			graph, err := p.Resolve(t.Context(), u.registries(p, f.server.URL), SyncOptions{})
			if err != nil {
				t.Fatal(err)
			}
			reason := "security"
			life := func(v *api.Version) {
				switch v.Checksum {
				case ident.ChecksumOf(f.archives["@a/base@1.0.0"]):
					v.Advisories = []string{"x_ORI-2026-0001"}
				case ident.ChecksumOf(f.archives["@a/left@1.0.0"]):
					v.Yanked = &api.Yanked{Reason: &reason}
				}
			}
			f.tellLife(t, tells, life, "@a/right")
			f.instead["/v1/advisories/x_ORI-2026-0001"] = func(w http.ResponseWriter, _ *http.Request) {
				writeJSON(w, 200, Advisory{ID: "x_ORI-2026-0001", Summary: "Bad."})
			}
			audit, err := graph.Audit(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if len(audit.Advisories) != 1 || audit.Advisories[0].Ref.String() != "@a/base@1.0.0" || audit.Advisories[0].Advisory.Summary != "Bad." {
				t.Errorf("advisories: %+v", audit.Advisories)
			}
			if len(audit.Versions) != 2 || audit.Versions[0].Yanked == nil || audit.Versions[1].Gone == nil || *audit.Versions[1].Gone != api.VersionGone {
				t.Errorf("versions: %+v", audit.Versions)
			}
		})
	}
}

func TestCompare(t *testing.T) {
	f, u := newFake(t), newUser(t)
	f.publishBytes("@a/x@1.0.0", packageBytes(t, "@a/x@1.0.0", "# one\n"))
	f.publishBytes("@a/x@1.1.0", packageBytes(t, "@a/x@1.1.0", "# two\n"))
	c := u.client(f.server.URL)
	one, err := c.Obtain(t.Context(), mustRef(t, "@a/x@1.0.0"), nil)
	if err != nil {
		t.Fatal(err)
	}
	two, err := c.Obtain(t.Context(), mustRef(t, "@a/x@1.1.0"), nil)
	if err != nil {
		t.Fatal(err)
	}
	files, err := Compare(one, two)
	if err != nil || len(files) != 2 || files[0].Path != "oripk.toml" || !strings.Contains(files[0].Diff, "-# one\n+# two\n") {
		t.Errorf("%+v, %v", files, err)
	}
	if files, err := Compare(one, one); err != nil || len(files) != 0 {
		t.Errorf("with itself: %+v, %v", files, err)
	}
}
