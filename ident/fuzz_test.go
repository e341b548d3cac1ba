package ident_test

import (
	"strings"
	"testing"

	"github.com/ori-lang/registry/ident"
)

func seed(f *testing.F, texts ...string) {
	for _, text := range texts {
		f.Add(text)
	}
}

// texts gives those of a table of cases.
func texts[C any](cases []C, text func(C) string) (list []string) {
	for _, c := range cases {
		list = append(list, text(c))
	}
	return list
}

func FuzzPackage(f *testing.F) {
	seed(f, texts(packageCases(), func(c packageCase) string { return c.text })...)
	seed(f, "@/", "@a--b/c", "@о/x", "@"+strings.Repeat("a", 40)+"/b")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ident.ParsePackage(text)
		if err != nil {
			if !p.IsZero() {
				t.Fatalf("%q gave %q beside its error", text, p)
			}
			return
		}
		if p.String() != text {
			t.Fatalf("%q prints as %q", text, p)
		}
		if same, err := ident.NewPackage(p.Scope(), p.Name()); err != nil || same != p {
			t.Fatalf("the parts of %q make %q, %v", text, same, err)
		}
		if folded := ident.Fold(p.Name()); ident.CheckName(folded) != nil || ident.Fold(folded) != folded {
			t.Fatalf("the fold of %q is %q", p.Name(), folded)
		}
	})
}

// FuzzVersion checks that Compare is a total order on what is accepted, and
// that there is one spelling of every version.
func FuzzVersion(f *testing.F) {
	for _, s := range [][3]string{
		{"", "1", "1.2"},
		{"1.0.0", "1.0.0-rc.1", "1.0.1"},
		{"1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta"},
		{"1.0.0-2", "1.0.0-11", "1.0.0-1a"},
		{"1.0.0--", "1.0.0-a-b", "1.0.0-a.b"},
		{"9007199254740991.0.0", "9007199254740992.0.0", "1.0.0-99999999999999999999"},
		{"01.0.0", "1.0.0+b", "1.0.0-"},
	} {
		f.Add(s[0], s[1], s[2])
	}
	good := goodVersions()
	for i := range good {
		f.Add(good[i], good[(i+1)%len(good)], good[(i+5)%len(good)])
	}
	for _, bad := range badVersions() {
		for _, text := range bad {
			f.Add(good[0], text[:min(len(text), 100)], good[3])
		}
	}
	f.Fuzz(func(t *testing.T, a, b, c string) {
		var versions []ident.Version
		for _, text := range []string{a, b, c} {
			v, err := ident.ParseVersion(text)
			if err != nil {
				continue
			}
			if v.String() != text {
				t.Fatalf("%q prints as %q", text, v)
			}
			versions = append(versions, v)
		}
		checkPairs(t, versions)
		if len(versions) == 3 {
			checkTriples(t, versions)
		}
	})
}

func checkPairs(t *testing.T, versions []ident.Version) {
	for _, v := range versions {
		for _, w := range versions {
			if v.Compare(w) != -w.Compare(v) {
				t.Fatalf("%s and %s compare as %d and %d", v, w, v.Compare(w), w.Compare(v))
			}
			if (v.Compare(w) == 0) != (v == w) {
				t.Fatalf("%s and %s compare as %d", v, w, v.Compare(w))
			}
		}
	}
}

func checkTriples(t *testing.T, v []ident.Version) {
	for _, o := range [][3]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}} {
		low, mid, high := v[o[0]], v[o[1]], v[o[2]]
		if low.Compare(mid) <= 0 && mid.Compare(high) <= 0 && low.Compare(high) > 0 {
			t.Fatalf("%s ≤ %s ≤ %s, and yet %s > %s", low, mid, high, low, high)
		}
	}
}

func FuzzRef(f *testing.F) {
	seed(f, texts(refCases(), func(c refCase) string { return c.text })...)
	seed(f, "@@", "@a/b@1.0.0-rc.1", "@a/b@1.0.0@2.0.0")
	f.Fuzz(func(t *testing.T, text string) {
		ref, err := ident.ParseRef(text)
		switch {
		case err == nil && ref.String() != text:
			t.Fatalf("%q prints as %q", text, ref)
		case err != nil && ref != ident.Ref{}:
			t.Fatalf("%q gave %q beside its error", text, ref)
		}
	})
}

func FuzzChecksum(f *testing.F) {
	seed(f, texts(checksumCases(), func(c checksumCase) string { return c.text })...)
	f.Fuzz(func(t *testing.T, text string) {
		sum, err := ident.ParseChecksum(text)
		switch {
		case err == nil && sum.String() != text:
			t.Fatalf("%q prints as %s", text, sum)
		case err != nil && !sum.IsZero():
			t.Fatalf("%q gave %s beside its error", text, sum)
		}
	})
}
