package httpapi

import (
	"net/http"
	"testing"
)

func TestNoneMatch(t *testing.T) {
	for list, want := range map[string]bool{
		``:                     false,
		`*`:                    true,
		` * `:                  true,
		`"a"`:                  true,
		`W/"a"`:                true,
		`"b", "a"`:             true,
		`"b" ,W/"a"`:           true,
		`"b","c"`:              false,
		`"x, "a"`:              false, // the first tag is `x, `; then nothing that is one
		`"a`:                   false,
		`a`:                    false,
		`"a-gzip"`:             false,
		`,,"a"`:                true,
		`w/"a"`:                false,
		`"b", *`:               false,
		`""`:                   false,
		"\"b\",\t\"a\"":        true,
		`"b" junk "a"`:         false,
		`W/"b", W/"c", W/"a"`:  true,
		`"A"`:                  false,
		`"b,\"a\""`:            false,
		`W/W/"a"`:              false,
		`"b";"a"`:              false,
		`"very long tag","a" `: true,
	} {
		r := &http.Request{Header: http.Header{"If-None-Match": {list}}}
		if got := noneMatch(r, `"a"`); got != want {
			t.Errorf("If-None-Match %s: %t, want %t", list, got, want)
		}
	}
	if r := (&http.Request{Header: http.Header{"If-None-Match": {`"b"`, `"a"`}}}); !noneMatch(r, `"a"`) {
		t.Error("the second line of If-None-Match is not read")
	}
}

func TestTakesGzip(t *testing.T) {
	for accept, want := range map[string]bool{
		"":                     false,
		"gzip":                 true,
		"GZIP":                 true,
		"x-gzip":               true,
		"br, gzip;q=0.5":       true,
		"gzip;q=0":             false,
		"gzip; q=0.000":        false,
		"*":                    true,
		"*;q=0":                false,
		"*, gzip;q=0":          false,
		"gzip;q=0, *":          false,
		"br":                   false,
		"identity":             false,
		"gzip;q=nonsense":      false,
		"deflate , gzip ; q=1": true,
	} {
		r := &http.Request{Header: http.Header{"Accept-Encoding": {accept}}}
		if got := takesGzip(r); got != want {
			t.Errorf("Accept-Encoding %q: %t, want %t", accept, got, want)
		}
	}
}
