package api_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	mathrand "math/rand/v2"
	"strings"
	"testing"

	"github.com/ori-lang/registry/api"
)

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

func secret(t testing.TB, random io.Reader) string {
	t.Helper()
	s, err := api.NewSecret(random)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func fixed() io.Reader { return mathrand.NewChaCha8([32]byte{1}) }

func TestNewSecret(t *testing.T) {
	s := secret(t, rand.Reader)
	if len(s) != 42 || !strings.HasPrefix(s, "ori_") || strings.Trim(s[4:], base62) != "" {
		t.Error("a secret is not ori_ and 38 base62 characters")
	}
	if err := api.CheckSecret(s); err != nil {
		t.Errorf("a new secret is refused: %v", err)
	}
	if s == secret(t, rand.Reader) {
		t.Error("two secrets are the same")
	}
	if first, second := secret(t, fixed()), secret(t, fixed()); first != second {
		t.Error("the same random bytes give different secrets")
	}
}

// The checksum is part of the protocol: other programs compute it as well.
// These two come from another implementation of CRC-32.
func TestSecretChecksum(t *testing.T) {
	for _, s := range []string{
		"ori_" + strings.Repeat("0", 32) + "1JijXE",
		"ori_0123456789ABCDEFGHIJKLMNOPQRSTUV3QZWwl",
	} {
		if err := api.CheckSecret(s); err != nil {
			t.Errorf("%s: %v", s, err)
		}
	}
}

func TestNewSecretWithoutRandomness(t *testing.T) {
	for _, random := range []io.Reader{strings.NewReader(""), bytes.NewReader(make([]byte, 31))} {
		if s, err := api.NewSecret(random); err == nil || s != "" {
			t.Errorf("NewSecret gave %q, %v", s, err)
		}
	}
}

// Every way to mistype one character is found.
func TestSecretSubstitutions(t *testing.T) {
	s := secret(t, fixed())
	for i := range s {
		for c := range 256 {
			mistyped := s[:i] + string([]byte{byte(c)}) + s[i+1:]
			if mistyped != s && api.CheckSecret(mistyped) == nil {
				t.Errorf("with %q at %d the secret is accepted", mistyped[i:i+1], i)
			}
		}
	}
}

func TestSecretMutations(t *testing.T) {
	s := secret(t, fixed())
	for i := range s {
		if api.CheckSecret(s[:i]+s[i+1:]) == nil {
			t.Errorf("without the character at %d the secret is accepted", i)
		}
		if api.CheckSecret(s[:i]+"0"+s[i:]) == nil {
			t.Errorf("with one more character at %d the secret is accepted", i)
		}
		if i > 0 && s[i] != s[i-1] && api.CheckSecret(s[:i-1]+s[i:i+1]+s[i-1:i]+s[i+1:]) == nil {
			t.Errorf("with the characters before and at %d swapped the secret is accepted", i)
		}
	}
}

// badSecrets are spoiled copies of a good one, and what is none at all.
func badSecrets(good string) map[string]string {
	return map[string]string{
		"nothing":         "",
		"the prefix":      "ori_",
		"another prefix":  "ghp_" + good[4:],
		"upper case":      strings.ToUpper(good),
		"a space before":  " " + good,
		"a line end":      good + "\n",
		"two":             good + good,
		"no base62":       "ori_" + strings.Repeat("é", 19),
		"a zero checksum": good[:36] + "000000",
		"very long":       "ori_" + strings.Repeat("a", 1<<20),
	}
}

func TestCheckSecretRefuses(t *testing.T) {
	good := secret(t, fixed())
	for name, s := range badSecrets(good) {
		err := api.CheckSecret(s)
		if !errors.Is(err, api.TokenInvalid) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(s) > 10 && strings.Contains(err.Error(), s[4:10]) {
			t.Errorf("%s: the error quotes the secret: %v", name, err)
		}
	}
	if !strings.HasPrefix(good, good[:api.SecretShown]) || api.SecretShown != 10 {
		t.Errorf("%d characters of a secret are shown", api.SecretShown)
	}
}

func FuzzSecret(f *testing.F) {
	good := secret(f, fixed())
	for _, s := range []string{good, good[:41], good + "0", strings.ToLower(good), good[:36] + "zzzzzz"} {
		f.Add(s)
	}
	for _, s := range badSecrets(good) {
		f.Add(s[:min(len(s), 100)])
	}
	f.Fuzz(func(t *testing.T, s string) {
		err := api.CheckSecret(s)
		if err == nil {
			if len(s) != 42 || strings.Trim(strings.TrimPrefix(s, "ori_"), base62) != "" {
				t.Fatalf("%q is accepted", s)
			}
			return
		}
		if !errors.Is(err, api.TokenInvalid) {
			t.Fatalf("%q: %v", s, err)
		}
	})
}
