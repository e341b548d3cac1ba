package ident

import (
	"strings"
	"testing"
)

func TestNearest(t *testing.T) {
	known := []string{"listen", "list", "base-url", "data", "security"}
	for wrong, want := range map[string]string{
		"list":                      "list",
		"liste":                     "listen", // as near to both: the first
		"lisetn":                    "listen",
		"base_url":                  "base-url",
		"BASE-URL":                  "base-url",
		"dat":                       "data",
		"sec":                       "security",
		"s":                         "",
		"":                          "",
		"zebra":                     "",
		strings.Repeat("x", 10_000): "",
	} {
		if got := Nearest(wrong, known...); got != want {
			t.Errorf("%.20q: %q, want %q", wrong, got, want)
		}
	}
	if got := Nearest("list"); got != "" {
		t.Errorf("of nothing: %q", got)
	}
}
