package httpapi

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestCheckPath(t *testing.T) {
	for path, ok := range map[string]bool{
		"/":                             true,
		"/v1/":                          true,
		"/v1/packages/ori/http":         true,
		"/v1/packages/%40ori/http":      true,
		"/v1/packages/ori/h%74tp":       true,
		"/v1/packages/ori/1.0.0-a..b":   true,
		"/v1/packages/ori/...":          true,
		"/v1/packages/%252F/x":          true, // a percent sign, which no name has
		"//v1/":                         false,
		"/v1//packages":                 false,
		"/v1/./packages":                false,
		"/v1/../packages":               false,
		"/v1/packages/..":               false,
		"/v1/%2e/packages":              false,
		"/v1/%2E%2e/packages":           false,
		"/v1/.%2e/packages":             false,
		"/v1/packages/a%2Fb":            false,
		"/v1/packages/a%2fb/versions":   false,
		"/v1/packages/a%5Cb":            false,
		"/v1/packages/a\\b":             false,
		"/v1/packages/a%00b":            false,
		"/v1/packages/a%0Ab":            false,
		"/v1/packages/a%7F":             false,
		"/v1/packages/a%2F%2F..%2F/etc": false,
	} {
		u, err := url.ParseRequestURI(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := checkPath(u); (err == nil) != ok {
			t.Errorf("%s: %v, want ok %t", path, err, ok)
		}
	}
	for _, u := range []*url.URL{{}, {Path: "*"}, {Opaque: "x"}} {
		if checkPath(u) == nil {
			t.Errorf("%+v passes", u)
		}
	}
}

func FuzzCheckPath(f *testing.F) {
	f.Add("/v1/packages/%40ori/http")
	f.Add("/a/%2e%2e/b")
	f.Fuzz(func(t *testing.T, path string) {
		u, err := url.ParseRequestURI(path)
		if err != nil || checkPath(u) != nil {
			return
		}
		if strings.Count(u.Path, "/") != strings.Count(u.EscapedPath(), "/") {
			t.Errorf("%q has other segments decoded than encoded", path)
		}
		if again, err := url.Parse("http://x" + u.Path); err == nil && again.JoinPath().Path != u.Path && !strings.ContainsAny(u.Path, "?#%") {
			t.Errorf("%q is not clean: %q", u.Path, again.JoinPath().Path)
		}
	})
}

func TestQueryTime(t *testing.T) {
	zero := time.Time{}
	refused := zero.Add(-1)
	for query, want := range map[string]time.Time{
		"":                                   zero,
		"other=1":                            zero,
		"t=2026-11-23T18:06:31Z":             time.Date(2026, 11, 23, 18, 6, 31, 0, time.UTC),
		"t=2026-11-23T18:06:31.5Z":           time.Date(2026, 11, 23, 18, 6, 31, 5e8, time.UTC),
		"t=2026-11-23T18:06:31%2B01:00":      time.Date(2026, 11, 23, 17, 6, 31, 0, time.UTC),
		"t=0001-01-01T00:00:00Z":             zero.Add(time.Microsecond),
		"t=2026-11-23T18:06:31Z&other=%2zz":  refused,
		"t=2026-11-23T18:06:31+01:00":        refused,
		"t=2026-11-23":                       refused,
		"t=":                                 refused,
		"t=2026-11-23T18:06:31Z&t=x":         refused,
		"t=2026-02-30T00:00:00Z":             refused,
		"t=1764000000":                       refused,
		"t=2026-11-23T18:06:31Z;other":       refused,
		"t=2026-11-23T18:06:31Z&a=" + "b%00": time.Date(2026, 11, 23, 18, 6, 31, 0, time.UTC),
	} {
		r := &http.Request{URL: &url.URL{RawQuery: query}}
		got, err := queryTime(r, "t")
		if wantErr := want.Equal(refused); (err != nil) != wantErr || !wantErr && !got.Equal(want) {
			t.Errorf("?%s: %v, %v; want %v", query, got, err, want)
		}
	}
}
