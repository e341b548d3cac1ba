package archive

import (
	"slices"
	"strings"

	"github.com/ori-lang/registry/ident"
)

func contentCases() []hostileCase {
	return []hostileCase{
		filesCase("no source", replaced(without(shapes(file{path: "README.md"}), "src/lib.ori"), ManifestName, strings.Replace(goodManifest, "lib = \"src/lib.ori\"\n", "", 1)), "empty"),
		filesCase("no manifest", without(shapes(), ManifestName), "missing_file"),
		filesCase("no lock", without(shapes(), LockName), "missing_file"),
		filesCase("no CHECKSUM", []file{shapes()[0], shapes()[1], shapes()[3]}, "missing_file"),
		filesCase("manifest twice", withSums(append([]file{{path: ManifestName, content: goodManifest}}, shapes()...)), "duplicate_path"),
		filesCase("manifest twice, the second empty", withSums(append([]file{shapes()[0], {path: ManifestName}}, shapes()[1:]...)), "duplicate_path"),
		filesCase("lock twice", withSums(append([]file{shapes()[0], shapes()[1]}, shapes()[1:]...)), "duplicate_path"),
		filesCase("CHECKSUM twice", append(shapes()[:3:3], shapes()[2:]...), "duplicate_path"),
		filesCase("manifest in a subfolder", withSums([]file{{path: LockName, content: goodLock}, {path: "shapes/oripk.toml", content: goodManifest}, {path: "src/lib.ori"}}), "unexpected_path", "missing_file"),
		filesCase("a second manifest in a subfolder", shapes(file{path: "src/x/Oripk.toml", content: goodManifest}), "unexpected_path"),
		filesCase("manifest in upper case", withSums([]file{{path: LockName, content: goodLock}, {path: "ORIPK.toml", content: goodManifest}, {path: "src/lib.ori"}}), "unexpected_path", "missing_file"),
		filesCase("entry file missing", replaced(shapes(), ManifestName, strings.Replace(goodManifest, "src/lib.ori", "src/main.ori", 1)), "manifest:entry"),
		filesCase("entry file in another case", replaced(shapes(), ManifestName, strings.Replace(goodManifest, "src/lib.ori", "src/Lib.ori", 1)), "manifest:entry"),
	}
}

func manifestCases() []hostileCase {
	with := func(name, text string, want ...string) hostileCase {
		return filesCase(name, replaced(shapes(), ManifestName, text), want...)
	}
	return []hostileCase{
		with("manifest: no TOML", "[project\n", "manifest"),
		with("manifest: BOM", "\ufeff"+goodManifest, "manifest"),
		with("manifest: not UTF-8", goodManifest+"# \xff\n", "manifest"),
		with("manifest: too large", goodManifest+strings.Repeat("#", MaxManifest), "manifest"),
		with("manifest: a loose spelling", goodManifest+"@orilib/other = \"1.0.0\"\n", "manifest"),
		with("manifest: scripts", goodManifest+"[scripts]\nbuild = \"x\"\n", "manifest"),
		with("manifest: empty scripts", goodManifest+"[scripts]\n", "manifest"),
		with("manifest: escaped scripts", goodManifest+"[\"\\u0073cripts\"]\nbuild = \"x\"\n", "manifest"),
		with("manifest: dotted scripts", "scripts.build = \"x\"\n"+goodManifest, "manifest"),
		with("manifest: inline scripts", "scripts = { build = \"x\" }\n"+goodManifest, "manifest"),
		with("manifest: quoted scripts", goodManifest+"[\"scripts\"]\nbuild = \"x\"\n", "manifest"),
		with("manifest: a table in scripts", goodManifest+"[scripts.x]\n", "manifest", "manifest:type"),
		with("manifest: escaped and dotted scripts", "'scripts'.\"\\U00000062uild\" = \"x\"\n"+goodManifest, "manifest"),
		with("manifest: scripts in an array of tables", goodManifest+"[[scripts]]\nbuild = \"x\"\n", "manifest", "manifest:type"),
		with("manifest: git dependency", goodManifest+"[dependencies.\"@a/b\"]\ngit = \"https://git.test/a/b\"\nrev = \"0123456789abcdef0123456789abcdef01234567\"\n", "manifest:dependency"),
		with("manifest: path dependency", goodManifest+"\"@a/b\" = { path = \"../b\" }\n", "manifest:dependency"),
		with("manifest: no description", strings.Replace(goodManifest, "description = \"Points and boxes.\"\n", "", 1), "manifest:missing"),
		with("manifest: no name and no version", "[project]\ndescription = \"x\"\nori = \"0.4.0\"\n", "manifest:missing", "manifest:missing"),
		with("manifest: empty", "", "manifest:missing", "manifest:missing"),
		with("manifest: licence", strings.Replace(goodManifest, "\"MIT\"", "\"my own\"", 1), "manifest:license"),
		with("manifest: plain http", strings.Replace(goodManifest, "license", "repository = \"http://git.test/a\"\nlicense", 1), "manifest:url"),
		with("manifest: bidi", strings.Replace(goodManifest, "Points", "\u202ePoints", 1), "manifest:text"),
		with("manifest: long description", strings.Replace(goodManifest, "Points", strings.Repeat("x", 500), 1), "manifest:limit"),
	}
}

func sumsCases() []hostileCase {
	with := func(name string, change func(string) string, want ...string) hostileCase {
		return filesCase("CHECKSUM: "+name, withSumsText(shapes(file{path: "src/x"}), change), want...)
	}
	const one = "checksum_file"
	digits := strings.Repeat("0", 64)
	return []hostileCase{
		with("empty", func(string) string { return "" }, one, one, one, one),
		with("a wrong digest", func(s string) string { return digits + s[64:] }, one),
		with("two wrong digests", func(s string) string {
			return digits + s[64:strings.Index(s, "\n")+1] + digits + s[strings.Index(s, "\n")+65:]
		}, one, one),
		with("without its last line", func(s string) string { return s[:strings.LastIndex(strings.TrimSpace(s), "\n")+1] }, one),
		with("incomplete", func(s string) string { return s[:strings.Index(s, "\n")+1] }, one, one, one),
		with("lists itself", func(s string) string { return s + digits + "  CHECKSUM\n" }, one),
		with("lists itself rightly", func(s string) string { return s + ident.ChecksumOf([]byte(s)).Hex() + "  CHECKSUM\n" }, one),
		with("a comment", func(s string) string { return "# SHA-256\n" + s }, one),
		with("an empty line", func(s string) string { return s + "\n" }, one),
		with("BOM", func(s string) string { return "\ufeff" + s }, one, one),
		with("the form of BSD", func(s string) string { return "SHA256 (src/x) = " + digits + "\n" + s }, one),
		with("an escaped name", func(s string) string { return "\\" + s }, one, one),
		with("MD5", func(s string) string { return "d41d8cd98f00b204e9800998ecf8427e" + s[64:] }, one, one),
		with("lists more", func(s string) string { return s + digits + "  src/y\n" }, one),
		with("lists a file twice", func(s string) string { return s + s[:strings.Index(s, "\n")+1] }, one),
		with("another order", func(s string) string { i := strings.Index(s, "\n") + 1; return s[i:] + s[:i] }, one),
		with("no newline at the end", func(s string) string { return strings.TrimSuffix(s, "\n") }, one, one),
		with("CRLF", func(s string) string { return strings.Replace(s, "\n", "\r\n", 1) }, one, one),
		with("upper-case digits", func(s string) string { return strings.ToUpper(s[:64]) + s[64:] }, one, one),
		with("binary mode", func(s string) string { return strings.Replace(s, "  ", " *", 1) }, one, one),
		with("one space", func(s string) string { return strings.Replace(s, "  ", " ", 1) }, one, one),
		with("too large", func(s string) string { return s + strings.Repeat("\n", MaxChecksum) }, one),
		with("too many lines", func(s string) string { return s + strings.Repeat("\n", MaxFiles) }, slices.Repeat([]string{one}, MaxFaults+1)...),
		filesCase("CHECKSUM: of a file that changed", withSumsText(replaced(shapes(), "src/lib.ori", "x"), func(string) string { return shapes()[2].content }), one),
	}
}

func lockCases() []hostileCase {
	with := func(name, text string, want ...string) hostileCase {
		return filesCase("lock: "+name, replaced(shapes(), LockName, text), want...)
	}
	const sum = `"sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"`
	return []hostileCase{
		with("no TOML", "[checksums\n", "lock_file"),
		with("MD5", goodLock+`"@a/b:1.0.0" = "md5:d41d8cd98f00b204e9800998ecf8427e"`+"\n", "lock_file"),
		with("upper-case digits", goodLock+`"@a/b:1.0.0" = `+strings.Replace(sum, "9f86d", "9F86D", 1)+"\n", "lock_file"),
		with("two versions of one package", goodLock+`"@orilib/utils:2.0.0" = `+sum+"\n", "lock_file"),
		with("one version twice", goodLock+`"@orilib/utils:2.0.1" = `+sum+"\n", "lock_file"),
		with("one version twice in two spellings", goodLock+`"@orilib/\u0075tils:2.0.1" = `+sum+"\n", "lock_file"),
		with("a digest without its algorithm", goodLock+`"@a/b:1.0.0" = `+strings.Replace(sum, "sha256:", "", 1)+"\n", "lock_file"),
		with("SHA-512", goodLock+`"@a/b:1.0.0" = `+strings.Replace(sum, "sha256:", "sha512:", 1)+"\n", "lock_file"),
		with("a digest cut off", goodLock+`"@a/b:1.0.0" = `+strings.Replace(sum, "9f86d", "9f86", 1)+"\n", "lock_file"),
		with("BOM", "\ufeff"+goodLock, "lock_file"),
		with("empty", "", "lock_file", "lock_file"),
		with("not the version of the manifest", strings.Replace(goodLock, "2.0.1", "2.0.0", 1), "lock_file"),
		with("a dependency is missing", "[checksums]\n", "lock_file"),
		with("too large", goodLock+strings.Repeat("#", MaxLock), "lock_file"),
	}
}
