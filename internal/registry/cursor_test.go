package registry

import (
	"errors"
	"strings"
	"testing"

	"github.com/ori-lang/registry/api"
)

type place struct {
	Name string
	N    int64
}

func TestCursor(t *testing.T) {
	want := place{"@ori/http", 7}
	cursor, err := encodeCursor(want)
	if err != nil || strings.Trim(cursor, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
		t.Fatalf("the cursor is %q, %v", cursor, err)
	}
	var got place
	if err := decodeCursor(cursor, &got); err != nil || got != want {
		t.Errorf("read back as %v, %v", got, err)
	}
	if err := decodeCursor("", &got); err != nil || got != want {
		t.Errorf("the empty cursor gives %v, %v", got, err)
	}
	for _, bad := range []string{"!", cursor + "=", cursor[1:], strings.Repeat("A", 2000), "e30 ", "eyJOIjoiYSJ9"} {
		at := &place{}
		if err := decodeCursor(bad, at); !errors.Is(err, api.InvalidRequest) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// FuzzCursor: whatever somebody sends as a cursor is a place of the list or invalid_request.
func FuzzCursor(f *testing.F) {
	good, err := encodeCursor(place{"@ori/http", 7})
	if err != nil {
		f.Fatal(err)
	}
	for _, cursor := range []string{"", good, good[1:], good + "=", "e30", "eyJOIjoiYSJ9", "W10", "bnVsbA"} {
		f.Add(cursor)
	}
	f.Fuzz(func(t *testing.T, cursor string) {
		var at place
		if err := decodeCursor(cursor, &at); err != nil && !errors.Is(err, api.InvalidRequest) {
			t.Errorf("%q: %v", cursor, err)
		}
	})
}
