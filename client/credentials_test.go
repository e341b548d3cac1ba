package client

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// memoryKeyring keeps secrets for a test; err is what every call ends with.
type memoryKeyring struct {
	secrets map[string]string
	err     error
}

func (k *memoryKeyring) Name() string { return "the test's keyring" }

func (k *memoryKeyring) Get(_ context.Context, name string) (string, error) {
	return k.secrets[name], k.err
}

func (k *memoryKeyring) Set(_ context.Context, name, secret string) error {
	if k.err == nil {
		k.secrets[name] = secret
	}
	return k.err
}

func (k *memoryKeyring) Delete(_ context.Context, name string) error {
	if k.err == nil {
		delete(k.secrets, name)
	}
	return k.err
}

const keptURL = "https://registry.example/ori"

// kept gives what the file holds.
func kept(t *testing.T, folder string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, CredentialsName))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestCredentialsInAFile(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "config", "oripk")
	c := NewCredentials(folder, nil)
	path := filepath.Join(folder, CredentialsName)
	if token, err := c.Token(t.Context(), keptURL); err != nil || token.Secret != "" {
		t.Errorf("before: %v, %v", token, err)
	}
	where, why, err := c.Keep(t.Context(), keptURL, "ori_1")
	if err != nil || where != path || why != "there is no keyring here" {
		t.Errorf("kept in %s because %s: %v", where, why, err)
	}
	if _, _, err := c.Keep(t.Context(), "https://other.example", "ori_2"); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	for url, want := range map[string]Token{
		keptURL: {"ori_1", path}, "https://REGISTRY.example:443/ori/": {"ori_1", path}, "https://other.example": {"ori_2", path},
		"https://registry.example": {}, "http://registry.example/ori": {}, "https://registry.example:444/ori": {},
	} {
		if got, err := NewCredentials(folder, nil).Token(t.Context(), url); err != nil || got != want {
			t.Errorf("%s: %v, %v; want %v", url, got, err, want)
		}
	}
	for _, want := range []bool{true, false} {
		if had, err := c.Forget(t.Context(), keptURL+"/"); err != nil || had != want {
			t.Errorf("forgotten: %v, %v", had, err)
		}
	}
	if text := kept(t, folder); strings.Contains(text, "ori_1") || !strings.Contains(text, "ori_2") {
		t.Errorf("the file holds\n%s", text)
	}
}

func TestCredentialsInAKeyring(t *testing.T) {
	folder, ring := t.TempDir(), &memoryKeyring{secrets: map[string]string{}}
	c := NewCredentials(folder, ring)
	where, why, err := c.Keep(t.Context(), keptURL, "ori_1")
	if err != nil || where != ring.Name() || why != "" || strings.Contains(kept(t, folder), "ori_1") {
		t.Errorf("kept in %s because %s: %v\n%s", where, why, err, kept(t, folder))
	}
	if token, err := c.Token(t.Context(), keptURL); err != nil || token != (Token{"ori_1", ring.Name()}) {
		t.Errorf("%v, %v", token, err)
	}

	_, err = NewCredentials(folder, nil).Token(t.Context(), keptURL)
	wantCredentialsError(t, err, "there is none here")
	ring.err = errors.New("it is locked")
	_, err = c.Token(t.Context(), keptURL)
	wantCredentialsError(t, err, "it is locked")
	_, err = c.Forget(t.Context(), keptURL)
	wantCredentialsError(t, err, "it is locked")
	ring.err = nil
	if had, err := c.Forget(t.Context(), keptURL); err != nil || !had || len(ring.secrets) > 0 {
		t.Errorf("forgotten: %v, %v; %v", had, err, ring.secrets)
	}
}

// TestCredentialsWithoutTheKeyring: one that does not work is no reason to keep
// nothing.
func TestCredentialsWithoutTheKeyring(t *testing.T) {
	folder, ring := t.TempDir(), &memoryKeyring{err: errors.New("nobody answers")}
	where, why, err := NewCredentials(folder, ring).Keep(t.Context(), keptURL, "ori_1")
	if err != nil || where != filepath.Join(folder, CredentialsName) || why != "the keyring did not take it: nobody answers" {
		t.Errorf("kept in %s because %s: %v", where, why, err)
	}
	// It is not asked for what it does not hold.
	if token, err := NewCredentials(folder, ring).Token(t.Context(), keptURL); err != nil || token.Secret != "ori_1" {
		t.Errorf("%v, %v", token, err)
	}
	if _, err := NewCredentials(folder, ring).Token(t.Context(), "https://other.example"); err != nil {
		t.Error(err)
	}
}

// TestCredentialsRefused: a file that is not right is not used, not changed,
// and not shown.
func TestCredentialsRefused(t *testing.T) {
	const right = "[\"https://registry.example/ori\"]\ntoken = \"ori_secret\"\n"
	cases := []struct {
		name, text string
		mode       os.FileMode
		want       string
	}{
		{"read by the group", right, 0o640, "its mode is 0640"},
		{"read by all", right, 0o604, "its mode is 0604"},
		{"written by the group", right, 0o620, "its mode is 0620"},
		{"no TOML", right + "token = \"ori_secret\n", 0o600, "is damaged at line 3"},
		{"an unknown key", right + "tokn = \"ori_secret\"\n", 0o600, "is damaged at line 3"},
		{"another form", "token = \"ori_secret\"\n", 0o600, "is damaged"},
		{"too much", right + strings.Repeat("#", 256<<10), 0o600, "larger than"},
	}
	for _, c := range cases {
		if runtime.GOOS == "windows" && c.mode != 0o600 {
			continue
		}
		folder := t.TempDir()
		path := filepath.Join(folder, CredentialsName)
		writeFile(t, path, c.text)
		if err := os.Chmod(path, c.mode); err != nil {
			t.Fatal(err)
		}
		credentials := NewCredentials(folder, nil)
		_, err := credentials.Token(t.Context(), keptURL)
		wantCredentialsError(t, err, c.want)
		_, _, err = credentials.Keep(t.Context(), keptURL, "ori_new")
		wantCredentialsError(t, err, c.want)
		if text := kept(t, folder); text != c.text {
			t.Errorf("%s: the file was changed:\n%s", c.name, text)
		}
	}
	_, _, err := NewCredentials("", nil).Keep(t.Context(), keptURL, "ori_new")
	wantCredentialsError(t, err, "no folder to keep a token in")
}

func wantCredentialsError(t *testing.T, err error, want string) {
	t.Helper()
	failure, ok := errors.AsType[*CredentialsError](err)
	if !ok || !strings.Contains(err.Error(), want) || failure.Hint == "" || strings.Contains(err.Error()+failure.Hint, "secret\"") {
		t.Errorf("error: %v (%+v), want …%s…", err, failure, want)
	}
}

// TestCredentialsAtOnce: of two logins none is lost.
func TestCredentialsAtOnce(t *testing.T) {
	folder := t.TempDir()
	urls := []string{"https://a.example", "https://b.example", "https://c.example", "https://d.example"}
	errs := make(chan error)
	for _, url := range urls {
		go func() {
			_, _, err := NewCredentials(folder, nil).Keep(t.Context(), url, "ori_"+url[8:9])
			errs <- err
		}()
	}
	for range urls {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	for _, url := range urls {
		if token, err := NewCredentials(folder, nil).Token(t.Context(), url); err != nil || token.Secret != "ori_"+url[8:9] {
			t.Errorf("%s: %v, %v", url, token, err)
		}
	}
}
