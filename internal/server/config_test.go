package server

import (
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestPrecedence(t *testing.T) {
	file := writeConfig(t, "listen = \"file:1\"\ndata = \"file\"\nshutdown_timeout = \"5s\"\nlog_level = \"debug\"\n")
	for name, test := range map[string]struct {
		flags   map[string]string
		environ []string
		want    string // of listen
	}{
		"default":         {nil, nil, "127.0.0.1:8080"},
		"file":            {map[string]string{"config": file}, nil, "file:1"},
		"file by env":     {nil, []string{"ORIREG_CONFIG=" + file}, "file:1"},
		"env over file":   {map[string]string{"config": file}, []string{"ORIREG_LISTEN=env:1"}, "env:1"},
		"flag over env":   {map[string]string{"config": file, "listen": "flag:1"}, []string{"ORIREG_LISTEN=env:1"}, "flag:1"},
		"empty env":       {map[string]string{"config": file}, []string{"ORIREG_LISTEN="}, "file:1"},
		"foreign env":     {nil, []string{"LISTEN=x", "ORI_LISTEN=x"}, "127.0.0.1:8080"},
		"flag of default": {map[string]string{"listen": "127.0.0.1:8080"}, []string{"ORIREG_LISTEN=env:1"}, "127.0.0.1:8080"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, warnings, err := Load(test.flags, test.environ)
			if err != nil || len(warnings) > 0 {
				t.Fatalf("err %v, warnings %q", err, warnings)
			}
			if cfg.Listen != test.want {
				t.Errorf("listen = %q, want %q", cfg.Listen, test.want)
			}
		})
	}
}

func TestTypedSettings(t *testing.T) {
	file := writeConfig(t, "shutdown_timeout = \"5s\"\nlog_level = \"debug\"\n")
	cfg, _, err := Load(map[string]string{"config": file}, nil)
	if err != nil || cfg.ShutdownTimeout != Duration(5*time.Second) || cfg.LogLevel != slog.LevelDebug {
		t.Errorf("from the file: %+v, %v", cfg, err)
	}
	cfg, _, err = Load(map[string]string{"shutdown-timeout": "2m"}, []string{"ORIREG_LOG_LEVEL=warn"})
	if err != nil || cfg.ShutdownTimeout != Duration(2*time.Minute) || cfg.LogLevel != slog.LevelWarn {
		t.Errorf("from flag and variable: %+v, %v", cfg, err)
	}
}

func TestRateSettings(t *testing.T) {
	cfg, _, err := Load(nil, nil)
	if err != nil || cfg.RateAnonymous != 100 || cfg.RateAuthenticated != 1000 || len(cfg.TrustedProxies) > 0 {
		t.Errorf("by default: %+v, %v", cfg, err)
	}
	cfg, _, err = Load(
		map[string]string{"rate-anonymous": "1", "trusted-proxies": "127.0.0.1, ::1,10.0.0.0/8 ,"},
		[]string{"ORIREG_RATE_AUTHENTICATED=10000000", "ORIREG_TRUSTED_PROXIES=192.0.2.1"},
	)
	want := Networks{netip.MustParsePrefix("127.0.0.1/32"), netip.MustParsePrefix("::1/128"), netip.MustParsePrefix("10.0.0.0/8")}
	if err != nil || cfg.RateAnonymous != 1 || cfg.RateAuthenticated != MaxRate || !slices.Equal(cfg.TrustedProxies, want) {
		t.Errorf("as set: %+v, %v", cfg, err)
	}
	cfg, _, err = Load(map[string]string{"trusted-proxies": ""}, []string{"ORIREG_TRUSTED_PROXIES=192.0.2.1"})
	if err != nil || len(cfg.TrustedProxies) > 0 {
		t.Errorf("an empty flag: %+v, %v", cfg.TrustedProxies, err)
	}
}

func TestConfigErrors(t *testing.T) {
	for name, test := range map[string]struct {
		file  string
		flags map[string]string
		env   string
		want  string
	}{
		"unknown key":      {"data = \"x\"\n\nbase_ur = \"y\"\n", nil, "", `:3:1: "base_ur" is not a setting; did you mean base_url?`},
		"nothing like it":  {"colour = \"x\"\n", nil, "", `:1:1: "colour" is not a setting`},
		"syntax":           {"data = \n", nil, "", ":1:"},
		"wrong type":       {"listen = 8080\n", nil, "", `:1:10: listen is not a string; write it in quotes: listen = "127.0.0.1:8080"`},
		"number of ns":     {"\nshutdown_timeout = 5\n", nil, "", `:2:20: shutdown_timeout is not a string; write it in quotes: shutdown_timeout = "30s"`},
		"number of level":  {"log_level = 3\n", nil, "", `:1:13: log_level is not a string; write it in quotes: log_level = "info"`},
		"list":             {"data = [\"x\"]\n", nil, "", `: data is not a string`},
		"table":            {"[data]\nx = \"y\"\n", nil, "", `:1:2: "data" is not a setting`},
		"twice":            {"data = \"x\"\ndata = \"y\"\n", nil, "", ":2:"},
		"config in a file": {"config = \"x\"\n", nil, "", ":1:1: a config file cannot name another one"},
		"level in a file":  {"log_level = \"loud\"\n", nil, "", `:1:13: log_level: "loud" is no level of messages; debug, info, warn and error`},
		"no time at all":   {"", map[string]string{"shutdown-timeout": "0s"}, "", "--shutdown-timeout"},
		"address as name":  {"", map[string]string{"log-origin": "https://x/log"}, "", "--log-origin): it is a name, not an address; write it without the scheme: x/log"},
		"bad origin":       {"", nil, "ORIREG_LOG_ORIGIN=x y", "--log-origin"},
		"bad duration":     {"shutdown_timeout = \"soon\"\n", nil, "", `"soon" is no duration`},
		"bad flag":         {"", map[string]string{"shutdown-timeout": "soon"}, "", "--shutdown-timeout: "},
		"bad variable":     {"", nil, "ORIREG_LOG_LEVEL=loud", "ORIREG_LOG_LEVEL: "},
		"bad format":       {"", map[string]string{"log-format": "xml"}, "", "--log-format"},
		"bad access":       {"", map[string]string{"access": "Private"}, "", `--access) is "Private"; public and private`},
		"no access":        {"", map[string]string{"access": ""}, "", "--access) is empty"},
		"bad base URL":     {"", map[string]string{"base-url": "ftp://x"}, "", "--base-url"},
		"password in URL":  {"", map[string]string{"base-url": "http://me:secret@x"}, "", "--base-url"},
		"no data":          {"", map[string]string{"data": ""}, "", "--data"},
		"no address":       {"", map[string]string{"listen": ""}, "", "--listen) is empty; write one such as 127.0.0.1:8080"},
		"no address, file": {"listen = \"\"\n", nil, "", "--listen) is empty"},
		"negative timeout": {"", map[string]string{"shutdown-timeout": "-1s"}, "", "--shutdown-timeout"},
		"no calls":         {"rate_anonymous = \"0\"\n", nil, "", `:1:18: rate_anonymous: "0" is no number of calls from 1 to 10000000`},
		"bare number":      {"rate_anonymous = 5\n", nil, "", `rate_anonymous is not a string; write it in quotes: rate_anonymous = "100"`},
		"no limit":         {"", map[string]string{"rate-authenticated": "off"}, "", `--rate-authenticated: "off" is no number`},
		"negative rate":    {"", nil, "ORIREG_RATE_ANONYMOUS=-1", "ORIREG_RATE_ANONYMOUS: "},
		"too high a rate":  {"", nil, "ORIREG_RATE_ANONYMOUS=10000001", "ORIREG_RATE_ANONYMOUS: "},
		"no network":       {"", map[string]string{"trusted-proxies": "127.0.0.1,proxy.example"}, "", `--trusted-proxies: "proxy.example" is no address and no network`},
		"network of hosts": {"", map[string]string{"trusted-proxies": "10.1.2.3/8"}, "", "did you mean 10.0.0.0/8?"},
		"IPv4 in IPv6":     {"", map[string]string{"trusted-proxies": "::ffff:10.0.0.0/104"}, "", "write it as IPv4"},
		"zone":             {"", map[string]string{"trusted-proxies": "fe80::1%eth0"}, "", "is no address and no network"},
		"no such file":     {"", map[string]string{"config": "nowhere.toml"}, "", "nowhere.toml: no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			flags := test.flags
			if test.file != "" {
				flags = map[string]string{"config": writeConfig(t, test.file)}
			}
			_, _, err := Load(flags, []string{test.env})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("error shows a password: %v", err)
			}
		})
	}
}

func TestUnknownVariableIsAWarning(t *testing.T) {
	for variable, want := range map[string]string{
		"ORIREG_BASEURL=x":         "did you mean ORIREG_BASE_URL?",
		"ORIREG_LISTENS=x":         "did you mean ORIREG_LISTEN?",
		"ORIREG_COLOUR_OF_LOG=red": "the variable ORIREG_COLOUR_OF_LOG is not a setting and is ignored",
	} {
		_, warnings, err := Load(nil, []string{variable})
		if err != nil || len(warnings) != 1 || !strings.Contains(warnings[0], want) {
			t.Errorf("%s: warnings %q, error %v; want %q", variable, warnings, err, want)
		}
	}
}

func TestEverySettingIsDescribed(t *testing.T) {
	for _, setting := range Settings() {
		if setting.Key == "" || setting.Usage == "" {
			t.Errorf("a field of Config has no key or no usage: %+v", setting)
		}
	}
}

func writeConfig(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
