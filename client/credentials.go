package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// Token is what a registry knows its user by.
type Token struct {
	Secret string // "": none
	From   string // where it was found, in words for the user
}

// Credentials are the tokens that a user has left on this machine, each for the
// one URL of its registry and in no way for another:
//
//	["https://registry.example"]
//	keyring = true               # the token is in the system's keyring
//
//	["https://packages.corp.example"]
//	token = "ori_…"
//
// That is credentials.toml, beside config.toml. Nobody but its owner may be
// able to read it, or it is not used at all.
type Credentials struct {
	path    string
	keyring Keyring
}

// CredentialsName is the name of the file of Credentials.
const CredentialsName = "credentials.toml"

// Keyring keeps secrets by name for the user of a machine; package keyring has
// that of the operating system.
type Keyring interface {
	Name() string // in words for the user
	Get(ctx context.Context, name string) (secret string, err error)
	Set(ctx context.Context, name, secret string) error
	Delete(ctx context.Context, name string) error // nil when there is none
}

// NewCredentials gives the credentials in a folder, which need not exist yet,
// "" for none. A nil keyring is none.
func NewCredentials(folder string, keyring Keyring) *Credentials {
	if folder == "" {
		return &Credentials{}
	}
	return &Credentials{filepath.Join(folder, CredentialsName), keyring}
}

// credential is what the file has of one registry.
type credential struct {
	Token   string `toml:"token,omitempty"`
	Keyring bool   `toml:"keyring,omitempty"`
}

// CredentialsError says that the kept tokens cannot be used.
type CredentialsError struct {
	Path   string // of the file; "": the keyring
	Reason string
	Hint   string
}

func (e *CredentialsError) Error() string {
	if e.Path == "" {
		return e.Reason
	}
	return e.Path + " " + e.Reason
}

// Token gives the token that is kept for the registry at url, the zero Token
// when there is none.
func (c *Credentials) Token(ctx context.Context, url string) (Token, error) {
	all, err := c.read()
	if err != nil {
		return Token{}, err
	}
	name, err := registryName(url)
	if err != nil {
		return Token{}, err
	}
	kept, ok := all[name]
	switch {
	case !ok:
		return Token{}, nil
	case !kept.Keyring:
		return Token{kept.Token, c.path}, nil
	case c.keyring == nil:
		return Token{}, &CredentialsError{c.path, "says that the token is in the system's keyring, and there is none here", "oripk login keeps it in the file instead"}
	}
	secret, err := c.keyring.Get(ctx, name)
	if err != nil {
		return Token{}, &CredentialsError{
			Reason: fmt.Sprintf("the system's keyring does not give the token for %s: %v", name, err),
			Hint:   "unlock the keyring, or keep the token anew: oripk login",
		}
	}
	return Token{secret, c.keyring.Name()}, nil
}

// has reports whether a token is kept for the registry at url.
func (c *Credentials) has(url string) (bool, error) {
	all, err := c.read()
	if err != nil {
		return false, err
	}
	name, err := registryName(url)
	_, there := all[name]
	return there && err == nil, nil
}

// Keep keeps the token for the registry at url: in the keyring, else in the
// file. It says where, and why not in the keyring ("" when it is there).
func (c *Credentials) Keep(ctx context.Context, url, secret string) (where, why string, err error) {
	if c.path == "" {
		return "", "", &CredentialsError{"", "there is no folder to keep a token in: neither XDG_CONFIG_HOME nor HOME is set to an absolute path", "set XDG_CONFIG_HOME to a folder that stays"}
	}
	name, err := registryName(url)
	if err != nil {
		return "", "", err
	}
	entry := credential{Token: secret}
	where, why = c.path, "there is no keyring here"
	if c.keyring != nil {
		if err := c.keyring.Set(ctx, name, secret); err != nil {
			why = fmt.Sprintf("the keyring did not take it: %v", err)
		} else {
			entry, where, why = credential{Keyring: true}, c.keyring.Name(), ""
		}
	}
	return where, why, c.change(ctx, func(all map[string]credential) { all[name] = entry })
}

// Forget drops the token for the registry at url, and says whether there was one.
func (c *Credentials) Forget(ctx context.Context, url string) (had bool, err error) {
	name, err := registryName(url)
	if err != nil {
		return false, err
	}
	all, err := c.read()
	kept, had := all[name]
	if err != nil || !had {
		return false, err
	}
	if kept.Keyring && c.keyring != nil {
		if err := c.keyring.Delete(ctx, name); err != nil {
			return true, &CredentialsError{
				Reason: fmt.Sprintf("the system's keyring does not let go of the token for %s: %v", name, err),
				Hint:   "unlock the keyring and try again",
			}
		}
	}
	return true, c.change(ctx, func(all map[string]credential) { delete(all, name) })
}

// read gives what the file holds, nothing when there is none.
func (c *Credentials) read() (map[string]credential, error) {
	const maxCredentials = 256 << 10
	all := map[string]credential{}
	info, err := os.Stat(c.path)
	if c.path == "" || errors.Is(err, fs.ErrNotExist) {
		return all, nil
	}
	if err == nil && runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		reason := fmt.Sprintf("can be read by others (its mode is %04o), so its tokens are not used", info.Mode().Perm())
		return nil, &CredentialsError{c.path, reason, "chmod 600 " + quote(c.path) + "; and make new tokens if others may have read it"}
	}
	text, err := readFile(c.path, maxCredentials)
	if err != nil {
		return nil, &CredentialsError{c.path, "cannot be read: " + causeOfPath(err).Error(), "make it readable for your account"}
	}
	// The text is never part of an error: it holds secrets.
	decoder := toml.NewDecoder(bytes.NewReader(text)).DisallowUnknownFields()
	if err := decoder.Decode(&all); err != nil {
		return nil, &CredentialsError{c.path, "is damaged" + placeOf(err), "remove it, and oripk login again: rm " + quote(c.path)}
	}
	return all, nil
}

// placeOf gives " at line 3" for an error of the TOML library.
func placeOf(err error) string {
	if decode, ok := errors.AsType[*toml.DecodeError](err); ok {
		line, _ := decode.Position()
		return fmt.Sprintf(" at line %d", line)
	}
	if strict, ok := errors.AsType[*toml.StrictMissingError](err); ok && len(strict.Errors) > 0 {
		line, _ := strict.Errors[0].Position()
		return fmt.Sprintf(" at line %d", line)
	}
	return ""
}

// change writes the file anew, whole or not at all, for its owner alone.
func (c *Credentials) change(ctx context.Context, f func(map[string]credential)) error {
	path, err := prepare(c.path)
	if err == nil {
		err = withLock(ctx, filepath.Join(filepath.Dir(c.path), ".lock"), func() error {
			all, err := c.read()
			if err != nil {
				return err
			}
			f(all)
			text, err := toml.Marshal(all)
			if err != nil {
				return err
			}
			const head = "# Tokens that oripk login keeps. Who can read this file can publish as you.\n\n"
			return writeAtomic(path, append([]byte(head), text...))
		})
	}
	if _, own := errors.AsType[*CredentialsError](err); err == nil || own {
		return err
	}
	return &CredentialsError{c.path, "cannot be written: " + causeOfPath(err).Error(), hintToWrite(c.path, err)}
}

// prepare makes the folder of a file, and follows the link that the file may
// be: it is the target that is to be replaced.
func prepare(path string) (string, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", err
	}
	target, err := filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) {
		return path, nil
	}
	return target, err
}

// CheckToken refuses what no token is, without saying it; from says where it was
// found.
func CheckToken(secret, from string) error {
	const longest = 4 << 10
	if len(secret) > longest || strings.ContainsFunc(secret, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return &SettingError{What: from + " holds a character that no token has", Try: "set it again, without spaces and line breaks"}
	}
	return nil
}
