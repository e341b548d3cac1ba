package httpapi

import (
	"bytes"
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

// What a client has kept is asked for again as soon as one byte of it differs.
func TestTheTagFollowsTheBytes(t *testing.T) {
	for _, size := range []int{3, minZip} { // without a gzip form, and with one
		text := bytes.Repeat([]byte("a"), size)
		s, _ := routed(t, "GET", mutable, func(s *service, c *call, r *http.Request) error {
			return s.send(c, r, newDocument("text/plain; charset=utf-8", text))
		})
		for _, form := range []string{"identity", "gzip"} {
			tag := get(s, "Accept-Encoding", form).Header().Get("ETag")
			if w := get(s, "Accept-Encoding", form, "If-None-Match", tag); w.Code != http.StatusNotModified {
				t.Errorf("%d bytes as %s, unchanged: %d", size, form, w.Code)
			}
			text[size-1]++
			if w := get(s, "Accept-Encoding", form, "If-None-Match", tag); w.Code != http.StatusOK {
				t.Errorf("%d bytes as %s, the last of them changed: %d", size, form, w.Code)
			}
		}
	}
}
