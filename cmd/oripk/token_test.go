package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestWrongWordsAboutTokens: nothing is sent for what cannot be.
func TestWrongWordsAboutTokens(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { t.Errorf("sent: %s", r.URL) }))
	defer server.Close()
	env := map[string]string{"ORI_REGISTRY_TOKEN": "ori_x", "ORI_REGISTRY_URL": server.URL}
	secret := "ori_" + strings.Repeat("s", 38)
	cases := []struct {
		args []string
		want []string
	}{
		{[]string{"token"}, []string{"oripk token needs a command", "try: oripk token list"}},
		{[]string{"token", "lsit"}, []string{`unknown command "lsit" for "oripk token"`, "try: oripk token list"}},
		{[]string{"token", "create"}, []string{"needs the argument NAME"}},
		{[]string{"token", "create", " "}, []string{"a token needs a name"}},
		{[]string{"token", "create", "ci", "--scope", "publsh"}, []string{`--scope cannot be "publsh"`, "why: it is one of read, publish, admin", "try: --scope publish"}},
		{[]string{"token", "create", "ci", "--scope", "everything"}, []string{"try: --scope read|publish|admin"}},
		{[]string{"token", "create", "ci", "--expires", "soon"}, []string{`--expires "soon" is no time`, "try: --expires 90d"}},
		{[]string{"token", "list", "ci"}, []string{"takes no argument"}},
		{[]string{"token", "revoke"}, []string{"needs the argument ID"}},
		{[]string{"token", "revoke", secret}, []string{"this is a token", "nothing was sent", "try: oripk token list"}},
	}
	for _, c := range cases {
		t.Run(strings.Join(c.args, " "), func(t *testing.T) { wantUsage(t, env, c.args, c.want...) })
	}
	got := oripk(t, env, "token", "revoke", secret)
	if strings.Contains(got.stderr, secret) {
		t.Errorf("the secret is shown: %s", got.stderr)
	}
}

func TestParseExpiry(t *testing.T) {
	now := time.Date(2026, 11, 26, 12, 30, 0, 0, time.UTC)
	cases := map[string]string{
		"1d":                    "2026-11-27T12:30:00Z",
		"366d":                  "2027-11-27T12:30:00Z",
		"2026-11-26":            "2026-11-26T23:59:59Z",
		"2027-01-31":            "2027-01-31T23:59:59Z",
		"2026-11-25":            "is over already",
		"0d":                    "is over already",
		"-5d":                   "is over already",
		"367d":                  "366 days at most",
		"99999999999999999999d": "is no time",
		"9999999999d":           "366 days at most",
		"2027-11-28":            "366 days at most",
		"2027-02-30":            "is no time",
		"d":                     "is no time",
		"90":                    "is no time",
		"":                      "is no time",
	}
	for text, want := range cases {
		got, err := parseExpiry(text, now)
		if err != nil {
			said := explain(err)
			if !strings.Contains(said.Message+strings.Join(said.Details, " "), want) || said.Hint != "--expires 90d, or --expires 2027-02-24" {
				t.Errorf("%q: %+v, want %q", text, said, want)
			}
			continue
		}
		if got.Format(time.RFC3339) != want {
			t.Errorf("%q: %s, want %s", text, got.Format(time.RFC3339), want)
		}
	}
}

func TestTable(t *testing.T) {
	cases := map[string]string{
		"short": "short", "a longer text": "a longe…", "日本語の文": "日本語…", "wide 日本": "wide 日…", "x": "x", "ends her e": "ends he…", "ends he re": "ends he…", "1234567 9": "1234567…",
	}
	for text, want := range cases {
		if got := cut(text, 8); got != want {
			t.Errorf("%q is cut to %q, want %q", text, got, want)
		}
	}
	var b strings.Builder
	table(&b, [][]string{{"A", "B", "C"}, {"日本", "\x1b[31mred\n", "end"}, {"x", "", ""}})
	if want := "A     B    C\n日本  red  end\nx\n"; b.String() != want {
		t.Errorf("table:\n%s, want\n%s", b.String(), want)
	}
}
