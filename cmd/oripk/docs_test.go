package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestDocsAreFresh: docs/cli.md says what the commands say.
func TestDocsAreFresh(t *testing.T) {
	got := oripk(t, nil, "docs")
	got.want(t, exitOK)
	kept, err := os.ReadFile("../../docs/cli.md")
	if err != nil {
		t.Fatal(err)
	}
	if got.stdout != string(kept) {
		t.Error("docs/cli.md is not what the commands say of themselves; run: make docs")
	}
}

// TestEveryCommandIsDescribed: each has a line for the list, and a text and
// flags that begin like those of the others.
func TestEveryCommandIsDescribed(t *testing.T) {
	for _, c := range documented((&app{}).rootCommand()) {
		if c.Short == "" || strings.HasSuffix(c.Short, ".") || strings.Contains(c.Short, "\n") {
			t.Errorf("%s: the short text %q is not one line without a full stop", c.CommandPath(), c.Short)
		}
		for _, o := range optionsOf(c.NonInheritedFlags()) {
			if o.does == "" || strings.HasSuffix(o.does, ".") {
				t.Errorf("%s: %s is described as %q", c.CommandPath(), o.typed, o.does)
			}
		}
	}
}

// TestManualPages: every line is text or a request that these pages have.
func TestManualPages(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "man1")
	oripk(t, nil, "man", dir).want(t, exitOK)
	pages, err := filepath.Glob(filepath.Join(dir, "oripk*.1"))
	if err != nil || len(pages) < 30 {
		t.Fatalf("%d pages, %v", len(pages), err)
	}
	request := regexp.MustCompile(`^\.(TH|SH|PP|TP|B|BR|nf|fi)\b`)
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if strings.HasPrefix(line, "'") || strings.HasPrefix(line, ".") && !request.MatchString(line) {
				t.Errorf("%s: %q would be obeyed", filepath.Base(page), line)
			}
		}
		if !bytes.Contains(text, []byte("\n.SH NAME\n")) || !bytes.Contains(text, []byte("\n.SH DESCRIPTION\n.PP\n")) {
			t.Errorf("%s lacks a section:\n%s", filepath.Base(page), text)
		}
	}
}

func TestParagraphs(t *testing.T) {
	got := paragraphs("One\ntwo.\n\nList:\n  a\n    b\n\nThree.")
	want := []paragraph{{"One\ntwo.", false}, {"List:", false}, {"a\n  b", true}, {"Three.", false}}
	if len(got) != len(want) {
		t.Fatalf("%+v", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%+v, want %+v", got[i], want[i])
		}
	}
}
