package server

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// applyText sets what the config file's text gives. Every setting is a string
// there, as on the command line, so that "30s" has one spelling.
func (c *Config) applyText(path string, text []byte) error {
	var all map[string]any // the parser below sees no line that stands there twice
	if err := toml.Unmarshal(text, &all); err != nil {
		if malformed, ok := errors.AsType[*toml.DecodeError](err); ok {
			line, column := malformed.Position()
			return fmt.Errorf("%s:%d:%d: %s", path, line, column, strings.TrimPrefix(malformed.Error(), "toml: "))
		}
		return fmt.Errorf("reading config file %s: %w", path, err)
	}
	var parser unstable.Parser
	parser.Reset(text)
	for parser.NextExpression() {
		if at, err := c.applyLine(parser.Expression()); err != nil {
			start := parser.Shape(at).Start
			return fmt.Errorf("%s:%d:%d: %w", path, start.Line, start.Column, err)
		}
	}
	return parser.Error()
}

// applyLine sets what one line gives; at is where an error is.
func (c *Config) applyLine(line *unstable.Node) (at unstable.Range, err error) {
	var key []string
	for part := line.Key(); part.Next(); {
		if len(key) == 0 {
			at = part.Node().Raw
		}
		key = append(key, string(part.Node().Data))
	}
	name := strings.Join(key, ".")
	settings := Settings()
	field := slices.IndexFunc(settings, func(s Setting) bool { return s.Key == name })
	switch {
	case name == ConfigFile().Key:
		return at, errors.New("a config file cannot name another one; only --config and " + ConfigFile().Env + " do")
	case field < 0 || line.Kind != unstable.KeyValue:
		return at, fmt.Errorf("%q is not a setting%s", name, nearest(name, func(s Setting) string { return s.Key }))
	}
	value := line.Value()
	if value.Raw.Length > 0 {
		at = value.Raw
	}
	if value.Kind != unstable.String {
		return at, fmt.Errorf("%s is not a string; write it in quotes: %s = %q", name, name, settings[field].example())
	}
	if err := c.set(field, string(value.Data)); err != nil {
		return at, fmt.Errorf("%s: %w", name, err)
	}
	return at, nil
}

// example is a value that the setting can have.
func (s Setting) example() string {
	if s.Default == "" {
		return "…"
	}
	return s.Default
}
