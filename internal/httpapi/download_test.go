package httpapi

import (
	"errors"
	"net/http"
	"testing"

	"github.com/ori-lang/registry/api"
)

const testTag = `"sha256-00"`

func TestRequestedRange(t *testing.T) {
	whole := byteRange{0, 1000, false}
	for spec, want := range map[string]byteRange{
		"":                              whole,
		"bytes=0-0":                     {0, 1, true},
		"bytes=0-":                      {0, 1000, true},
		"bytes=999-":                    {999, 1, true},
		"bytes=10-19":                   {10, 10, true},
		"bytes=990-5000":                {990, 10, true},
		"bytes=-1":                      {999, 1, true},
		"bytes=-5000":                   {0, 1000, true},
		"bytes=0-99999999999999999999":  {0, 1000, true},
		"bytes=-99999999999999999999":   {0, 1000, true},
		"bytes= 10-19 ":                 {10, 10, true},
		"bytes=19-10":                   whole,
		"bytes=-":                       whole,
		"bytes=":                        whole,
		"bytes=a-b":                     whole,
		"bytes=1":                       whole,
		"bytes=0-1,5-6":                 whole,
		"bytes=+1-2":                    whole,
		"bytes=--1":                     whole,
		"items=0-1":                     whole,
		"bytes 0-1":                     whole,
		"bytes=99999999999999999999-10": whole,
	} {
		got, err := requestedRange(rangeRequest(spec), testTag, 1000)
		if err != nil || got != want {
			t.Errorf("Range %q: %+v, %v; want %+v", spec, got, err, want)
		}
	}
	for _, spec := range []string{"bytes=1000-", "bytes=1000-2000", "bytes=99999999999999999999-", "bytes=-0"} {
		if _, err := requestedRange(rangeRequest(spec), testTag, 1000); !errors.Is(err, api.RangeNotSatisfiable) {
			t.Errorf("Range %q: %v, want range_not_satisfiable", spec, err)
		}
	}
}

func TestRangeConditions(t *testing.T) {
	for name, test := range map[string]struct {
		method, header, value string
		partial               bool
	}{
		"If-Range that holds":       {"GET", "If-Range", testTag, true},
		"If-Range of other bytes":   {"GET", "If-Range", `"sha256-01"`, false},
		"If-Range that is weak":     {"GET", "If-Range", "W/" + testTag, false},
		"If-Range with a date":      {"GET", "If-Range", "Mon, 23 Nov 2026 18:06:31 GMT", false},
		"HEAD":                      {"HEAD", "X", "", false},
		"If-None-Match that holds":  {"GET", "If-None-Match", testTag, false},
		"If-None-Match that does't": {"GET", "If-None-Match", `"x"`, true},
	} {
		r := rangeRequest("bytes=5-9")
		r.Method = test.method
		r.Header.Set(test.header, test.value)
		if got, err := requestedRange(r, testTag, 1000); err != nil || got.partial != test.partial {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func FuzzRequestedRange(f *testing.F) {
	for _, spec := range []string{"bytes=0-0", "bytes=-5", "bytes=5-", "bytes=9-1", "bytes=0-1,2-3"} {
		f.Add(spec, int64(10))
	}
	f.Fuzz(func(t *testing.T, spec string, size int64) {
		if size < 1 {
			return // an archive is never empty
		}
		got, err := requestedRange(rangeRequest(spec), testTag, size)
		if err == nil && (got.start < 0 || got.length < 1 || got.start > size-got.length) {
			t.Errorf("Range %q of %d bytes: %+v", spec, size, got)
		}
	})
}

func rangeRequest(spec string) *http.Request {
	return &http.Request{Method: "GET", Header: http.Header{"Range": {spec}}}
}
