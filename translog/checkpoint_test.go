package translog

import (
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func TestKeys(t *testing.T) {
	skey, vkey, err := NewKey(rand.Reader, testOrigin)
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	v, err := NewVerifier(vkey)
	if err != nil {
		t.Fatal(err)
	}
	if s.VerifierKey() != vkey || v.Key() != vkey || s.Origin() != testOrigin || v.Origin() != testOrigin {
		t.Errorf("signer %s of %s, verifier %s of %s", s.VerifierKey(), s.Origin(), v.Key(), v.Origin())
	}
}

func TestKeysRefuse(t *testing.T) {
	for _, origin := range []string{"", "-", "a b", "a+b", "a\nb", "ä", "a\x7f", strings.Repeat("a", 256)} {
		if _, _, err := NewKey(rand.Reader, origin); err == nil {
			t.Errorf("a key for the origin %q", origin)
		}
	}
	skey, vkey, err := NewKey(testSeed(), testOrigin)
	if err != nil {
		t.Fatal(err)
	}
	for m := range mutations([]byte(vkey)) {
		if v, err := NewVerifier(string(m)); err == nil {
			t.Errorf("%q is accepted as the key %s", m, v.Key())
		}
	}
	secret := skey[strings.LastIndex(skey, "+")+1:]
	for _, bad := range []string{"", "x", vkey, skey[1:], skey + "x", skey[:len(skey)-4], "PRIVATE+KEY+a b+00000000+AAAA"} {
		_, err := NewSigner(bad)
		if err == nil {
			t.Errorf("%q is accepted", bad)
		} else if strings.Contains(err.Error(), secret[:8]) {
			t.Errorf("the error shows the key: %v", err)
		}
	}
}

func TestCheckpointRoundTrip(t *testing.T) {
	s, v := testKey(t)
	trees := []tlog.Tree{
		{N: 0, Hash: emptyRoot()},
		{N: 1, Hash: numberedLeaf(1)},
		{N: MaxNumber, Hash: numberedLeaf(2)},
	}
	for _, tree := range trees {
		signed, err := s.Checkpoint(tree)
		if err != nil {
			t.Fatal(err)
		}
		if again, _ := s.Checkpoint(tree); string(again) != string(signed) {
			t.Errorf("two notes of one tree:\n%s\n%s", signed, again)
		}
		if got, err := v.OpenCheckpoint(signed); err != nil || got != tree {
			t.Errorf("got %v, %v", got, err)
		}
	}
	for _, tree := range []tlog.Tree{{N: -1}, {N: MaxNumber + 1}, {N: 0}} {
		if signed, err := s.Checkpoint(tree); err == nil {
			t.Errorf("signed an impossible tree:\n%s", signed)
		}
	}
}

// signText signs any text with the test key, and with a stranger's when asked.
func signText(t testing.TB, text string, stranger bool) []byte {
	t.Helper()
	skey, _, err := NewKey(testSeed(), testOrigin)
	if err != nil {
		t.Fatal(err)
	}
	if stranger {
		if skey, _, err = NewKey(rand.Reader, testOrigin); err != nil {
			t.Fatal(err)
		}
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := note.Sign(&note.Note{Text: text}, signer)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

type checkpointCase struct {
	name, text string
	stranger   bool
	want       error
}

func checkpointCases() []checkpointCase {
	root := numberedLeaf(7).String()
	alias := root[:42] + string(root[42]+1) + "=" // the same 32 bytes for a lax reader
	return []checkpointCase{
		{"good", testOrigin + "\n5\n" + root + "\n", false, nil},
		{"extension lines", testOrigin + "\n5\n" + root + "\nmore\nand more\n", false, nil},
		{"other key", testOrigin + "\n5\n" + root + "\n", true, ErrSignature},
		{"other origin", "registry.example/log-2\n5\n" + root + "\n", false, ErrSignature},
		{"no origin", "\n5\n" + root + "\n", false, ErrSignature},
		{"leading zero", testOrigin + "\n05\n" + root + "\n", false, ErrMalformed},
		{"sign", testOrigin + "\n+5\n" + root + "\n", false, ErrMalformed},
		{"negative", testOrigin + "\n-5\n" + root + "\n", false, ErrMalformed},
		{"too large", testOrigin + "\n9007199254740992\n" + root + "\n", false, ErrMalformed},
		{"end of int64", testOrigin + "\n9223372036854775807\n" + root + "\n", false, ErrMalformed},
		{"empty tree, other root", testOrigin + "\n0\n" + root + "\n", false, ErrMalformed},
		{"short hash", testOrigin + "\n5\n" + root[:40] + "\n", false, ErrMalformed},
		{"alias of the hash", testOrigin + "\n5\n" + alias + "\n", false, ErrMalformed},
		{"empty extension line", testOrigin + "\n5\n" + root + "\n\nmore\n", false, ErrMalformed},
		{"two lines", testOrigin + "\n5\n", false, ErrMalformed},
		{"too long", testOrigin + "\n5\n" + root + "\n" + strings.Repeat("x", MaxCheckpoint) + "\n", false, ErrMalformed},
	}
}

func TestOpenCheckpoint(t *testing.T) {
	_, v := testKey(t)
	for _, c := range checkpointCases() {
		tree, err := v.OpenCheckpoint(signText(t, c.text, c.stranger))
		switch {
		case !errors.Is(err, c.want), err == nil && tree != tlog.Tree{N: 5, Hash: numberedLeaf(7)}, err != nil && tree != tlog.Tree{}:
			t.Errorf("%s: got %v, %v", c.name, tree, err)
		}
	}
}

// TestOpenCheckpointStrangers allows signatures of unknown keys, before and
// after the log's, and refuses anything else there.
func TestOpenCheckpointStrangers(t *testing.T) {
	s, v := testKey(t)
	tree := tlog.Tree{N: 5, Hash: numberedLeaf(7)}
	signed, err := s.Checkpoint(tree)
	if err != nil {
		t.Fatal(err)
	}
	text, own, _ := strings.Cut(string(signed), "\n\n")
	witness := "— witness.example " + strings.Repeat("A", 96) + "\n"
	cases := map[string]struct {
		sigs string
		want error
	}{
		"after":              {own + witness, nil},
		"before":             {witness + own, nil},
		"alone":              {witness, ErrSignature},
		"none":               {"", ErrMalformed},
		"junk":               {own + "junk\n", ErrMalformed},
		"blank line":         {own + "\n", ErrMalformed},
		"no newline":         {strings.TrimSuffix(own, "\n"), ErrMalformed},
		"too many":           {own + strings.Repeat(witness, 101), ErrMalformed},
		"forged":             {strings.Replace(own, own[len(own)-20:len(own)-15], "AAAAA", 1), ErrSignature},
		"alias of signature": {own[:len(own)-3] + string(own[len(own)-3]+1) + "=\n", ErrMalformed},
	}
	for name, c := range cases {
		got, err := v.OpenCheckpoint([]byte(text + "\n\n" + c.sigs))
		if !errors.Is(err, c.want) || (err == nil) != (got == tree) {
			t.Errorf("%s: got %v, %v", name, got, err)
		}
	}
}

func TestCheckpointMutations(t *testing.T) {
	s, v := testKey(t)
	tree := tlog.Tree{N: 123456, Hash: numberedLeaf(7)}
	signed, err := s.Checkpoint(tree)
	if err != nil {
		t.Fatal(err)
	}
	for m := range mutations(signed) {
		got, err := v.OpenCheckpoint(m)
		if err == nil && got != tree {
			t.Fatalf("%v is read from\n%s", got, m)
		}
		if err == nil && !repeatsSignature(string(m)) {
			t.Fatalf("accepted:\n%s", m)
		}
		if err != nil && !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrSignature) {
			t.Fatalf("an error of no kind: %v", err)
		}
	}
}

// repeatsSignature tells the one harmless mutation: a signature line twice.
func repeatsSignature(text string) bool {
	_, sigs, _ := strings.Cut(text, "\n\n")
	first, second, ok := strings.Cut(strings.TrimSuffix(sigs, "\n"), "\n")
	return ok && first == second
}

func ExampleVerifier_OpenCheckpoint() {
	_, vkey, _ := NewKey(strings.NewReader(strings.Repeat("k", 32)), "registry.example/log")
	v, _ := NewVerifier(vkey)
	_, err := v.OpenCheckpoint([]byte("not a note"))
	fmt.Println(v.Origin(), errors.Is(err, ErrMalformed))
	// Output: registry.example/log true
}
