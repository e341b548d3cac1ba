package manifest_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/ori-lang/registry/manifest"
)

// edit makes one edit on text. It is written as
//
//	[dev|cfg(…)] +|- NAME [VERSION] [key=value …]
//
// where + sets, - removes, NAME is a package or a module, and the keys are those
// of a dependency; features are separated by commas.
func edit(t testing.TB, e *manifest.Editor, line string) error {
	t.Helper()
	words := strings.Fields(line)
	section := manifest.Section{Kind: manifest.Normal}
	switch {
	case words[0] == "dev":
		section.Kind, words = manifest.Dev, words[1:]
	case strings.HasPrefix(words[0], "cfg("):
		section.Kind, section.Target, words = manifest.Target, words[0], words[1:]
	}
	sign, name := words[0], words[1]
	module := strings.HasPrefix(name, "std.")
	var err error
	switch {
	case sign == "+" && module:
		err = e.SetModule(section, name)
	case sign == "+":
		err = e.SetDependency(section, dependencyOf(t, name, words[2:]))
	case module:
		_, err = e.RemoveModule(section, name)
	default:
		_, err = e.RemoveDependency(section, pkg(t, name))
	}
	return err
}

func dependencyOf(t testing.TB, name string, words []string) manifest.Dependency {
	t.Helper()
	d := manifest.Dependency{Package: pkg(t, name), DefaultFeatures: true}
	for _, w := range words {
		switch key, value, _ := strings.Cut(w, "="); key {
		case "features":
			d.Features = strings.Split(value, ",")
		case "default-features":
			d.DefaultFeatures = value == "true"
		case "registry":
			d.Registry = value
		case "git":
			d.Git = value
		case "rev":
			d.Rev = value
		case "path":
			d.Path = value
		default:
			d.Version = version(t, w)
		}
	}
	return d
}

type editCase struct{ name, text, edit, want string }

// runEdits holds edits to their exact result, in the text as it is and with
// every line ended by CRLF, and checks that doing one twice is doing it once.
func runEdits(t *testing.T, cases []editCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			checkEdit(t, c.text, c.edit, c.want)
			crlf := strings.NewReplacer("\n", "\r\n")
			if strings.Contains(c.text, "\n") {
				checkEdit(t, crlf.Replace(c.text), c.edit, crlf.Replace(c.want))
			}
		})
	}
}

func checkEdit(t *testing.T, text, line, want string) {
	t.Helper()
	e, report := manifest.Edit([]byte(text))
	if e == nil {
		t.Fatal(report.Err("oripk.toml"))
	}
	for range 2 {
		if err := edit(t, e, line); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, string(e.Bytes())); diff != "" {
			t.Fatalf("%q (-want +got):\n%s", line, diff)
		}
	}
}
