package client

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"

	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/translog"
)

// Config is what a user has written down about registries, in config.toml:
//
//	default = "main"
//
//	[registries.main]
//	url = "https://registry.example"
//
//	[registries.corp]
//	url = "https://packages.corp.example"
//	scopes = ["@corp"]    # these live there and nowhere else
//	log-key = "…"         # trusted instead of the first key seen
//
// Nothing else may stand in it, and no token: see Credentials.
type Config struct {
	Default    string                        // the NAME of a registry; "": none
	Registries map[string]ConfiguredRegistry // never nil
}

// ConfiguredRegistry is a [registries.NAME] of a Config.
type ConfiguredRegistry struct {
	URL    string
	Scopes []string // without "@"
	LogKey string
}

// ConfigFolder is where a user's config.toml and credentials.toml are; "" when
// the environment names no home.
func ConfigFolder(getenv func(string) string) string {
	return configFolder(getenv, runtime.GOOS)
}

func configFolder(getenv func(string) string, system string) string {
	if dir := getenv("XDG_CONFIG_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "oripk")
	}
	if dir := getenv("AppData"); system == "windows" && filepath.IsAbs(dir) {
		return filepath.Join(dir, "oripk")
	}
	if dir := getenv("HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, ".config", "oripk")
	}
	return ""
}

// ConfigName is the name of a Config's file.
const ConfigName = "config.toml"

const maxConfig = 64 << 10 // bytes of it

// ConfigError is a place of a config.toml that is not right.
type ConfigError struct {
	File         string
	Line, Column int // from 1; 0: the whole file
	Detail       string
	Hint         string // what to do where not the text is wrong; "": correct it
}

func (e *ConfigError) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %s", e.File, e.Detail)
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Detail)
}

// ReadConfig reads the config.toml of a folder; without one, nothing is
// configured. What is wrong with it is a *ConfigError.
func ReadConfig(folder string) (*Config, error) {
	path := filepath.Join(folder, ConfigName)
	text, err := readFile(path, maxConfig)
	switch {
	case folder == "" || errors.Is(err, fs.ErrNotExist):
		return parseConfig(path, nil)
	case err != nil:
		return nil, &ConfigError{File: path, Detail: "the file cannot be read: " + causeOfPath(err).Error(), Hint: "make it a file that your account can read"}
	}
	return parseConfig(path, text)
}

// causeOfPath gives what is wrong with a file, without its path.
func causeOfPath(err error) error {
	if failure, ok := errors.AsType[*fs.PathError](err); ok {
		return failure.Err
	}
	return err
}

func parseConfig(file string, text []byte) (*Config, error) {
	var all map[string]any // the parser below sees no key that stands there twice
	if err := toml.Unmarshal(text, &all); err != nil {
		broken := &ConfigError{File: file, Detail: strings.TrimPrefix(err.Error(), "toml: ")}
		if place, ok := errors.AsType[*toml.DecodeError](err); ok {
			broken.Line, broken.Column = place.Position()
		}
		return nil, broken
	}
	r := &configReader{file: file, config: &Config{Registries: map[string]ConfiguredRegistry{}}, places: map[string]unstable.Range{}}
	r.parser.Reset(text)
	var table []string
	for r.parser.NextExpression() && r.err == nil {
		line := r.parser.Expression()
		switch line.Kind {
		case unstable.Table:
			table = r.table(line)
		case unstable.KeyValue:
			r.keyValue(table, line)
		default:
			r.fail(line.Raw, "this has no meaning here")
		}
	}
	r.whole()
	if r.err != nil {
		return nil, r.err
	}
	return r.config, nil
}

// configReader reads one expression of TOML after the other, until the first
// that is wrong.
type configReader struct {
	file   string
	parser unstable.Parser
	config *Config
	places map[string]unstable.Range // of the registries' names, and of "" for the default's
	err    error
}

func (r *configReader) fail(at unstable.Range, format string, args ...any) {
	if r.err == nil {
		start := r.parser.Shape(at).Start
		r.err = &ConfigError{File: r.file, Line: start.Line, Column: start.Column, Detail: Printable(fmt.Sprintf(format, args...))}
	}
}

// keyOf gives the parts of a key, and where its first and its last one are.
func keyOf(n *unstable.Node) (key []string, first, last unstable.Range) {
	for part := n.Key(); part.Next(); {
		key, last = append(key, string(part.Node().Data)), part.Node().Raw
		if len(key) == 1 {
			first = last
		}
	}
	return key, first, last
}

func (r *configReader) table(n *unstable.Node) []string {
	key, first, at := keyOf(n)
	switch {
	case key[0] != "registries":
		r.fail(first, "there is no section [%s]%s", strings.Join(key, "."), didYouMean(key[0], "registries"))
	case len(key) > 2:
		r.fail(at, "[registries.%s] has no sections", key[1])
	case len(key) == 2:
		r.name(key[1], at)
	}
	return key
}

// name takes the name of a registry, at its first place.
func (r *configReader) name(name string, at unstable.Range) {
	if err := ident.CheckName(name); err != nil {
		r.fail(at, "the name of a registry: %v", err)
	}
	if _, known := r.places[name]; !known {
		r.places[name] = at
		r.config.Registries[name] = ConfiguredRegistry{}
	}
}

func (r *configReader) keyValue(table []string, n *unstable.Node) {
	key, _, at := keyOf(n)
	key = slices.Concat(table, key)
	value := n.Value()
	if value.Kind == unstable.InlineTable {
		if len(key) == 2 && key[0] == "registries" {
			r.name(key[1], at)
		}
		for member := value.Children(); member.Next(); {
			r.keyValue(key, member.Node())
		}
		return
	}
	switch {
	case len(key) == 1 && key[0] == "default":
		r.config.Default, r.places[""] = r.text(at, value), at
	case len(key) == 3 && key[0] == "registries":
		r.name(key[1], at)
		r.setting(key[1], key[2], at, value)
	case len(key) == 1:
		r.fail(at, "%q is not a setting%s", key[0], didYouMean(key[0], "default", "registries"))
	default:
		r.fail(at, "%q is not a setting", strings.Join(key, "."))
	}
}

// setting takes one key of a [registries.NAME].
func (r *configReader) setting(name, key string, at unstable.Range, value *unstable.Node) {
	one := r.config.Registries[name]
	switch key {
	case "url":
		one.URL = r.text(at, value)
		if _, err := registryName(one.URL); err != nil {
			r.fail(at, "%v", err)
		}
	case "scopes":
		one.Scopes = r.scopes(at, value)
	case "log-key":
		one.LogKey = r.text(at, value)
		if _, err := translog.NewVerifier(one.LogKey); err != nil {
			r.fail(at, "this is no key of a log: %v", err)
		}
	default:
		r.fail(at, "%q is not a setting of a registry%s", key, didYouMean(key, "url", "scopes", "log-key"))
	}
	r.config.Registries[name] = one
}

func (r *configReader) text(at unstable.Range, value *unstable.Node) string {
	if value.Kind != unstable.String {
		r.fail(at, "this is not a string; write it in quotes")
		return ""
	}
	return string(value.Data)
}

// scopes reads a list of scopes, of which each lives in one registry only.
func (r *configReader) scopes(at unstable.Range, value *unstable.Node) (scopes []string) {
	if value.Kind != unstable.Array {
		r.fail(at, `this is not a list; write it as ["@scope"]`)
		return nil
	}
	for element := value.Children(); element.Next(); {
		if element.Node().Kind == unstable.Comment {
			continue
		}
		scope := strings.TrimPrefix(r.text(at, element.Node()), "@")
		if err := ident.CheckScope(scope); err != nil {
			r.fail(at, "%v", err)
		}
		if owner := r.config.registryOf(scope); owner != "" || slices.Contains(scopes, scope) {
			r.fail(at, "the scope @%s is claimed twice; it lives in one registry", scope)
		}
		scopes = append(scopes, scope)
	}
	return scopes
}

// whole checks what takes more than one line.
func (r *configReader) whole() {
	if err := r.parser.Error(); err != nil && r.err == nil {
		r.err = &ConfigError{File: r.file, Detail: err.Error()}
	}
	for name, one := range r.config.sorted() {
		if one.URL == "" {
			r.fail(r.places[name], "the registry %q has no url", name)
		}
	}
	if name := r.config.Default; name != "" && r.config.Registries[name].URL == "" {
		names := slices.Sorted(maps.Keys(r.config.Registries))
		r.fail(r.places[""], "there is no section [registries.%s] for the default%s", name, didYouMean(name, names...))
	}
}

// sorted gives the registries in the order of their names.
func (c *Config) sorted() func(yield func(string, ConfiguredRegistry) bool) {
	return func(yield func(string, ConfiguredRegistry) bool) {
		for _, name := range slices.Sorted(maps.Keys(c.Registries)) {
			if !yield(name, c.Registries[name]) {
				return
			}
		}
	}
}

// registryOf gives the name of the registry that a scope (without "@") lives in,
// "" when that is the default.
func (c *Config) registryOf(scope string) string {
	for name, one := range c.sorted() {
		if slices.Contains(one.Scopes, scope) {
			return name
		}
	}
	return ""
}
