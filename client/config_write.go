package client

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
)

// AddDefault writes a registry into the config.toml of a folder, which has no
// default yet, and makes it that. What stands there stays, with its comments.
func AddDefault(ctx context.Context, folder, name, url string) error {
	file := filepath.Join(folder, ConfigName)
	path, err := prepare(file)
	if err == nil {
		err = withLock(ctx, filepath.Join(folder, ".lock"), func() error {
			text, err := readFile(path, maxConfig)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			text, err = withDefault(path, text, name, url)
			if err != nil {
				return err
			}
			return writeAtomic(path, text)
		})
	}
	if _, own := errors.AsType[*ConfigError](err); err == nil || own {
		return err
	}
	return &ConfigError{File: file, Detail: "the file cannot be written: " + causeOfPath(err).Error(), Hint: hintToWrite(file, err)}
}

// withDefault adds the registry to the text of a Config. A key of no section
// has to stand before the first one, so the default goes to the top.
func withDefault(path string, text []byte, name, url string) ([]byte, error) {
	before, err := parseConfig(path, text)
	if err != nil {
		return nil, err
	}
	if _, taken := before.Registries[name]; taken || before.Default != "" {
		return nil, &ConfigError{File: path, Detail: "it was changed meanwhile, or has another registry of that name"}
	}
	rest := strings.TrimRight(string(text), "\n")
	if rest != "" {
		rest = "\n" + rest + "\n"
	}
	after := []byte(fmt.Sprintf("default = %q\n%s\n[registries.%s]\nurl = %q\n", name, rest, name, url))
	if made, err := parseConfig(path, after); err != nil || made.Default != name || made.Registries[name].URL != url {
		return nil, &ConfigError{File: path, Detail: "a registry cannot be added to it; add it by hand"}
	}
	return after, nil
}
