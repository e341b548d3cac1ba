package translog

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ori-lang/registry/ident"
)

func equalEntries(a, b *Entry) bool {
	return cmp.Equal(a, b, cmp.Comparer(func(a, b ident.Package) bool { return a == b }),
		cmp.Comparer(func(a, b ident.Version) bool { return a == b }))
}

func TestEntryRoundTrip(t *testing.T) {
	seen := map[Kind]bool{}
	for i, e := range vectorLog(t) {
		seen[e.Kind] = true
		text := mustBytes(t, e)
		parsed, err := ParseEntry(text)
		if err != nil {
			t.Fatalf("entry %d: %v\n%s", i, err, text)
		}
		if !equalEntries(parsed, e) {
			t.Errorf("entry %d is %+v, read back %+v", i, e, parsed)
		}
	}
	for _, k := range Kinds() {
		if !seen[k] {
			t.Errorf("no vector of kind %s", k)
		}
	}
	if len(Kinds()) != 15 {
		t.Errorf("%d kinds; they are fixed for ever at 15", len(Kinds()))
	}
}

// TestEntryText holds the first encoding of 4-log.md byte for byte.
func TestEntryText(t *testing.T) {
	hex := strings.Repeat("0123456789abcdef", 4)
	text := "ori-log/v1 publish\npackage @acme/http\nversion 1.4.0\narchive sha256:" + hex +
		"\nsize 48213\nmanifest sha256:" + hex + "\nactor u_7f3k2m9q\ntime 2026-11-23T18:06:31Z\nseq 17\nprev 48211\n"
	e, err := ParseEntry([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if got := string(mustBytes(t, e)); got != text {
		t.Errorf("got\n%s", got)
	}
	if e.Size != 48213 || e.Seq != 17 || e.Prev != 48211 || e.Subject() != "@acme/http" {
		t.Errorf("got %+v", e)
	}
}

func TestSubject(t *testing.T) {
	p, v := mustPackage(t, "@a/b"), mustVersion(t, "1.0.0")
	cases := []struct {
		entry Entry
		want  string
	}{
		{Entry{Kind: KindPublish, Package: p, Version: v}, "@a/b"},
		{Entry{Kind: KindTransfer, Package: p}, "@a/b"},
		{Entry{Kind: KindMemberAdd, Scope: "a"}, "scope @a"},
		{Entry{Kind: KindAdvisory, Advisory: "X-1"}, "advisory X-1"},
		{Entry{Kind: KindClose}, "log"},
		{Entry{Kind: "rename", Package: p}, ""},
	}
	for _, c := range cases {
		if got := c.entry.Subject(); got != c.want {
			t.Errorf("%s: got %q, want %q", c.entry.Kind, got, c.want)
		}
	}
}

// refusedTexts are made of the first vector of a kind by one replacement.
var refusedTexts = []struct {
	kind     Kind
	old, new string
}{
	{KindPublish, "ori-log/v1 publish\n", "ori-log/v1  publish\n"},
	{KindPublish, "ori-log/v1 publish\n", "ori-log/v1 publish \n"},
	{KindPublish, "ori-log/v1 publish\n", "\nori-log/v1 publish\n"},
	{KindPublish, "ori-log/v1 publish\n", "\ufeffori-log/v1 publish\n"},
	{KindPublish, "\n", "\r\n"},
	{KindPublish, "package @acme/http\nversion 1.4.0\n", "version 1.4.0\npackage @acme/http\n"},
	{KindPublish, "package @acme/http", "package @Acme/http"},
	{KindPublish, "package @acme/http", "package acme/http"},
	{KindPublish, "package @acme/http", "package -"},
	{KindPublish, "version 1.4.0", "version 01.4.0"},
	{KindPublish, "version 1.4.0", "version 1.4.0+b"},
	{KindPublish, "size 48213", "size 048213"},
	{KindPublish, "size 48213", "size +48213"},
	{KindPublish, "size 48213", "size 0"},
	{KindPublish, "size 48213", "size -1"},
	{KindPublish, "size 48213", "size 9007199254740992"},
	{KindPublish, "size 48213", "size 99999999999999999999"},
	{KindPublish, "size 48213", "size  48213"},
	{KindPublish, "size 48213", "size 48213 "},
	{KindPublish, "size 48213", "size\t48213"},
	{KindPublish, "size 48213", "size"},
	{KindPublish, "archive sha256:", "archive SHA256:"},
	{KindPublish, "archive sha256:", "archive sha512:"},
	{KindPublish, "archive sha256:", "archive sha256:0"},
	{KindPublish, "actor " + alice, "actor -"},
	{KindPublish, "actor " + alice, "actor u_7f3k2m9"},
	{KindPublish, "actor " + alice, "actor u_7f3k2m9Q"},
	{KindPublish, "actor " + alice, "actor alice"},
	{KindPublish, "actor " + alice, "actor u_" + strings.Repeat("a", 27)},
	{KindPublish, "33Z\n", "33.0Z\n"},
	{KindPublish, "33Z\n", "33,5Z\n"},
	{KindPublish, "33Z\n", "33z\n"},
	{KindPublish, "33Z\n", "33+00:00\n"},
	{KindPublish, "time 2026", "time 1926"},
	{KindPublish, "time 2026", "time 02026"},
	{KindPublish, "time 2026-11", "time 2026-13"},
	{KindPublish, "T18", "t18"},
	{KindPublish, "seq 1\n", "seq 0\n"},
	{KindPublish, "seq 1\n", "seq 2\n"},
	{KindPublish, "prev -\n", "prev 1\n"},
	{KindPublish, "prev -\n", "prev -1\n"},
	{KindPublish, "prev -\n", "prev -"},
	{KindPublish, "prev -\n", "prev -\n\n"},
	{KindPublish, "prev -\n", "prev -\nnote x\n"},
	{KindPublish, "prev -\n", ""},
	{KindYank, "reason broken", "reason malware"},
	{KindYank, "reason broken", "reason BROKEN"},
	{KindYank, "reason broken", "reason "},
	{KindYank, "prev 2\n", "prev 02\n"},
	{KindRemove, "reason malware", "reason broken"},
	{KindRemove, "reason malware", "reason -"},
	{KindDeprecate, "@acme/http@2.0.0", "acme/http"},
	{KindDeprecate, "@acme/http@2.0.0", "@acme/http@2"},
	{KindDeprecate, "@acme/http@2.0.0", "@acme/http@"},
	{KindDeprecate, "@acme/http@2.0.0", "@"},
	{KindTransfer, "to " + bob, "to -"},
	{KindStatus, "status quarantined", "status gone"},
	{KindScopeClaim, "scope @acme", "scope acme"},
	{KindScopeClaim, "scope @acme", "scope @ac--me"},
	{KindMemberAdd, "role member", "role admin"},
	{KindMemberAdd, "member " + bob, "member bob"},
	{KindAdvisory, "advisory x_ORI-2026-0001", "advisory x/y"},
	{KindAdvisory, "advisory x_ORI-2026-0001", "advisory -"},
	{KindAdvisory, "advisory x_ORI-2026-0001", "advisory " + strings.Repeat("x", 65)},
	{KindAdvisory, "record sha256:", "record -"},
	{KindOpen, "\nlog\n", "\nlog -\n"},
	{KindOpen, "\nlog\n", "\nlog \n"},
	{KindOpen, "\nlog\n", "\n"},
	{KindOpen, "actor -", "actor " + alice},
	{KindOpen, "key registry", "key Registry"},
	{KindOpen, "key registry.example/log+", "key registry.example/log "},
	{KindClose, "successor registry.example/log-2", "successor registry example"},
	{KindClose, "successor registry.example/log-2", "successor a+b"},
	{KindClose, "successor registry.example/log-2", "successor -"},
	{KindClose, "successor registry.example/log-2", "successor " + strings.Repeat("a", 256)},
}

// textsByKind gives the text of the first entry of each kind in the vectors.
func textsByKind(t testing.TB) map[Kind]string {
	texts := map[Kind]string{}
	for _, e := range vectorLog(t) {
		if _, ok := texts[e.Kind]; !ok {
			texts[e.Kind] = string(mustBytes(t, e))
		}
	}
	return texts
}

func TestParseEntryRefuses(t *testing.T) {
	texts := textsByKind(t)
	for _, c := range refusedTexts {
		text := strings.Replace(texts[c.kind], c.old, c.new, 1)
		if text == texts[c.kind] {
			t.Errorf("%s: %q is not there to be replaced", c.kind, c.old)
			continue
		}
		e, err := ParseEntry([]byte(text))
		if !errors.Is(err, ErrMalformed) || errors.Is(err, ErrUnsupported) || e != nil {
			t.Errorf("%s: %q → %q: got %v, %v", c.kind, c.old, c.new, e, err)
		}
	}
}

func TestParseEntryBounds(t *testing.T) {
	cases := map[string]string{
		"empty":       "",
		"newline":     "\n",
		"other":       "hello\n",
		"too long":    "ori-log/v1 publish\n" + strings.Repeat("x", MaxEntry),
		"many lines":  strings.Repeat("\n", MaxEntry),
		"header only": "ori-log/v1 publish\n",
		"no family":   "ori-log\n",
		"no kind":     "ori-log/v1\n",
		"empty kind":  "ori-log/v1 \n",
		"upper case":  "ori-log/v1 Publish\n",
		"no version":  "ori-log/vx publish\n",
	}
	for name, text := range cases {
		if e, err := ParseEntry([]byte(text)); !errors.Is(err, ErrMalformed) || errors.Is(err, ErrUnsupported) || e != nil {
			t.Errorf("%s: got %v, %v", name, e, err)
		}
	}
}

func TestParseEntryUnsupported(t *testing.T) {
	cases := map[string]string{
		"ori-log/v2 publish\npackage @a/b\n": "ori-log/v2",
		"ori-log/v10 sell\n":                 "ori-log/v10",
		"ori-log/v1 rename\npackage @a/b\n":  `"rename"`,
	}
	for text, want := range cases {
		_, err := ParseEntry([]byte(text))
		if !errors.Is(err, ErrUnsupported) || !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v", text, err)
		}
	}
}

func TestEntryBytesRefuses(t *testing.T) {
	zero := ident.Checksum{}
	cases := map[string]struct {
		kind   Kind
		change func(*Entry)
		want   string
	}{
		"no package":         {KindPublish, func(e *Entry) { e.Package = ident.Package{} }, "package"},
		"no version":         {KindPublish, func(e *Entry) { e.Version = ident.Version{} }, "version"},
		"no archive":         {KindPublish, func(e *Entry) { e.Archive = zero }, "archive"},
		"no size":            {KindPublish, func(e *Entry) { e.Size = 0 }, "size"},
		"big size":           {KindPublish, func(e *Entry) { e.Size = MaxNumber + 1 }, "size"},
		"no actor":           {KindPublish, func(e *Entry) { e.Actor = "" }, "actor"},
		"no time":            {KindPublish, func(e *Entry) { e.Time = time.Time{} }, "time"},
		"fraction":           {KindPublish, func(e *Entry) { e.Time = e.Time.Add(time.Microsecond) }, "time"},
		"far year":           {KindPublish, func(e *Entry) { e.Time = e.Time.AddDate(9000, 0, 0) }, "time"},
		"no seq":             {KindPublish, func(e *Entry) { e.Seq = 0 }, "seq"},
		"prev of first":      {KindPublish, func(e *Entry) { e.Prev = 0 }, "prev"},
		"no prev of another": {KindYank, func(e *Entry) { e.Prev = NoPrev }, "prev"},
		"negative prev":      {KindYank, func(e *Entry) { e.Prev = -2 }, "prev"},
		"surplus reason":     {KindPublish, func(e *Entry) { e.Reason = "broken" }, "reason"},
		"surplus version":    {KindTransfer, func(e *Entry) { e.Version = mustVersion(t, "1.0.0") }, "version"},
		"surplus message":    {KindUnyank, func(e *Entry) { e.Message = &zero }, "message"},
		"zero message":       {KindYank, func(e *Entry) { e.Message = &zero }, "message"},
		"dash":               {KindYank, func(e *Entry) { e.Actor = "-" }, "actor"},
		"reason of yank":     {KindRemove, func(e *Entry) { e.Reason = "broken" }, "reason"},
		"newline":            {KindAdvisory, func(e *Entry) { e.Advisory = "a\nb" }, "advisory"},
		"scope with @":       {KindScopeClaim, func(e *Entry) { e.Scope = "@acme" }, "scope"},
		"actor of the log":   {KindOpen, func(e *Entry) { e.Actor = alice }, "actor"},
		"kind":               {KindOpen, func(e *Entry) { e.Kind = "reopen" }, "reopen"},
	}
	for name, c := range cases {
		e := *entryOfKind(t, c.kind)
		c.change(&e)
		text, err := e.Bytes()
		if !errors.Is(err, ErrMalformed) || text != nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %q, %v", name, text, err)
		}
	}
}

func entryOfKind(t testing.TB, k Kind) *Entry {
	t.Helper()
	for _, e := range vectorLog(t) {
		if e.Kind == k {
			return e
		}
	}
	t.Fatalf("no entry of kind %s", k)
	return nil
}

// TestEntryMutations changes every byte of every vector in several ways: what
// is still accepted is the one text of another entry.
func TestEntryMutations(t *testing.T) {
	for _, e := range vectorLog(t) {
		text := mustBytes(t, e)
		for m := range mutations(text) {
			parsed, err := ParseEntry(m)
			if err != nil {
				continue
			}
			if again := mustBytes(t, parsed); !bytes.Equal(again, m) {
				t.Fatalf("%q is accepted and written as %q", m, again)
			}
			if equalEntries(parsed, e) {
				t.Fatalf("%q is another spelling of %q", m, text)
			}
		}
	}
}

// TestEntryTime accepts any location of the same moment.
func TestEntryTime(t *testing.T) {
	e := *entryOfKind(t, KindPublish)
	want := mustBytes(t, &e)
	e.Time = e.Time.In(time.FixedZone("", 3600))
	if got := mustBytes(t, &e); !bytes.Equal(got, want) {
		t.Errorf("got %s", got)
	}
}
