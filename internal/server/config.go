package server

import (
	"encoding"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/translog"
)

// Config is everything that can be set. Each field is a flag (--base-url), an
// environment variable (ORIREG_BASE_URL) and a line of the config file
// (base_url = "…"); the first of these that is there decides, then the default.
// Relative paths are relative to the working folder.
type Config struct {
	Data            string     `toml:"data" default:"data" usage:"folder that holds everything the registry keeps"`
	Listen          string     `toml:"listen" default:"127.0.0.1:8080" usage:"address and port to listen on"`
	BaseURL         string     `toml:"base_url" usage:"URL that clients reach the registry at; empty: http://<listen>"`
	Database        string     `toml:"database" usage:"database, as sqlite:PATH or postgres://USER@HOST/NAME; empty: sqlite:<data>/registry.db"`
	KeyDir          string     `toml:"key_dir" usage:"folder of the log's key and anchor; empty: <data>/keys"`
	LogOrigin       string     `toml:"log_origin" usage:"name of a log that is made anew; empty: the base URL's, followed by /log"`
	Access          string     `toml:"access" default:"public" usage:"who may read: public (everybody) or private (every read needs a token)"`
	ShutdownTimeout Duration   `toml:"shutdown_timeout" default:"30s" usage:"time that running calls get when the registry stops"`
	LogLevel        slog.Level `toml:"log_level" default:"info" usage:"least level of messages: debug, info, warn or error"`
	LogFormat       string     `toml:"log_format" default:"text" usage:"form of messages: text or json"`

	RateAnonymous     Rate     `toml:"rate_anonymous" default:"100" usage:"calls in any 60 seconds from one address without a token"`
	RateAuthenticated Rate     `toml:"rate_authenticated" default:"1000" usage:"calls in any 60 seconds of one user, with all of their tokens"`
	TrustedProxies    Networks `toml:"trusted_proxies" usage:"addresses and networks of proxies in front, such as 127.0.0.1,10.0.0.0/8, whose X-Forwarded-For is believed; empty: none"`
}

// Duration is a time.Duration written like "30s" or "5m".
type Duration time.Duration

// UnmarshalText reads what time.ParseDuration reads.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("%q is no duration such as 30s or 5m", text)
	}
	*d = Duration(parsed)
	return nil
}

// Setting is one field of Config as it is set from outside.
type Setting struct {
	Key     string // in the config file
	Flag    string // without dashes in front
	Env     string
	Default string // "" when it follows from other settings
	Usage   string
}

// ConfigFile is the setting that names the config file; it is a flag and a variable only.
func ConfigFile() Setting {
	return newSetting("config", "", "file with settings, in TOML; empty: none")
}

const envPrefix = "ORIREG_"

func newSetting(key, fallback, usage string) Setting {
	return Setting{
		Key: key, Flag: strings.ReplaceAll(key, "_", "-"), Env: envPrefix + strings.ToUpper(key),
		Default: fallback, Usage: usage,
	}
}

// Settings lists the fields of Config in their order.
func Settings() []Setting {
	var list []Setting
	for field := range reflect.TypeFor[Config]().Fields() {
		list = append(list, newSetting(field.Tag.Get("toml"), field.Tag.Get("default"), field.Tag.Get("usage")))
	}
	return list
}

// Load puts a Config together from flags (those that were given, by name), the
// environment ("NAME=value") and the config file that one of them names. The
// warnings name variables that look like settings and are none.
func Load(flags map[string]string, environ []string) (cfg Config, warnings []string, err error) {
	env := map[string]string{}
	for _, line := range environ {
		if name, value, _ := strings.Cut(line, "="); strings.HasPrefix(name, envPrefix) && value != "" {
			env[name] = value
		}
	}
	file, ok := flags[ConfigFile().Flag]
	if !ok {
		file = env[ConfigFile().Env]
	}
	if err := cfg.applyDefaults(); err != nil {
		return Config{}, nil, err
	}
	if file != "" {
		if err := cfg.applyFile(file); err != nil {
			return Config{}, nil, err
		}
	}
	if err := cfg.applyStrings(flags, env); err != nil {
		return Config{}, nil, err
	}
	return cfg, unknownVariables(env), cfg.check()
}

func (c *Config) applyDefaults() error {
	for i, setting := range Settings() {
		if err := c.set(i, setting.Default); setting.Default != "" && err != nil {
			return fmt.Errorf("default of %s: %w", setting.Key, err)
		}
	}
	return nil
}

func (c *Config) applyFile(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		if pathError, ok := errors.AsType[*fs.PathError](err); ok {
			err = pathError.Err
		}
		return fmt.Errorf("reading config file %s: %w", path, err)
	}
	return c.applyText(path, text)
}

// applyStrings sets what the environment gives, then what the flags give.
func (c *Config) applyStrings(flags, env map[string]string) error {
	for i, setting := range Settings() {
		value, name := env[setting.Env], setting.Env
		if flag, ok := flags[setting.Flag]; ok {
			value, name = flag, "--"+setting.Flag
		} else if value == "" {
			continue
		}
		if err := c.set(i, value); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// set reads a text into the field with this number.
func (c *Config) set(field int, value string) error {
	target := reflect.ValueOf(c).Elem().Field(field)
	if level, ok := target.Addr().Interface().(*slog.Level); ok {
		return setLevel(level, value)
	}
	if reader, ok := target.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return reader.UnmarshalText([]byte(value))
	}
	target.SetString(value)
	return nil
}

func setLevel(level *slog.Level, value string) error {
	switch strings.ToLower(value) {
	case "debug", "info", "warn", "error":
		return level.UnmarshalText([]byte(value))
	}
	return fmt.Errorf("%q is no level of messages; debug, info, warn and error are those that there are", value)
}

func (c *Config) check() error {
	switch {
	case c.Data == "":
		return errors.New("the data folder (--data) is empty")
	case c.Listen == "":
		return errors.New("the address to listen on (--listen) is empty; write one such as 127.0.0.1:8080")
	case c.LogFormat != "text" && c.LogFormat != "json":
		return fmt.Errorf("the log format (--log-format) is %q; text and json are those that there are", c.LogFormat)
	case c.Access == "":
		return errors.New("the access (--access) is empty; write public or private")
	case c.ShutdownTimeout <= 0:
		return errors.New("the shutdown timeout (--shutdown-timeout) is not longer than 0; write a duration such as 30s")
	}
	if _, err := c.private(); err != nil {
		return err
	}
	if err := c.checkOrigin(); err != nil {
		return fmt.Errorf("the log origin (--log-origin): %w", err)
	}
	if c.BaseURL == "" {
		return nil
	}
	if _, err := api.NewURLs(c.BaseURL); err != nil {
		return fmt.Errorf("the base URL (--base-url): %w", err)
	}
	return nil
}

// private reports whether every read needs a token; not given means public.
func (c *Config) private() (bool, error) {
	switch api.Access(c.Access) {
	case api.Public, "":
		return false, nil
	case api.Private:
		return true, nil
	}
	return false, fmt.Errorf("the access (--access) is %q; public and private are those that there are", c.Access)
}

// checkOrigin checks the name before a log bears it for ever.
func (c *Config) checkOrigin() error {
	if c.LogOrigin == "" {
		return nil
	}
	if _, rest, ok := strings.Cut(c.LogOrigin, "://"); ok {
		return fmt.Errorf("it is a name, not an address; write it without the scheme: %s", rest)
	}
	return translog.CheckOrigin(c.LogOrigin)
}
