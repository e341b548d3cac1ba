package httpapi

import (
	"errors"
	"strings"
	"testing"

	"github.com/ori-lang/registry/api"
)

func TestUnmarshal(t *testing.T) {
	nested := func(depth int) string {
		return `{"name":"ok","x":` + strings.Repeat("[", depth-1) + strings.Repeat("]", depth-1) + "}"
	}
	for name, test := range map[string]struct{ text, fault string }{
		"plain":                {`{"name":"ok"}`, ""},
		"unknown member":       {`{"name":"ok","later":{"a":[1,2]}}`, ""},
		"other case is other":  {`{"name":"ok","Name":"no","NAME":"no"}`, ""},
		"folded letters":       {"{\"name\":\"ok\",\"expire\u017f_at\":5}", ""},
		"spaces around":        {" \n{\"name\":\"ok\"}\r\n ", ""},
		"deep enough":          {nested(maxDepth), ""},
		"too deep":             {nested(maxDepth + 1), "32 levels"},
		"much too deep":        {strings.Repeat("[", 60000), "32 levels"},
		"twice":                {`{"name":"a","name":"ok"}`, `"name" stands there twice`},
		"twice by escape":      {`{"name":"a","\u006eame":"ok"}`, "twice"},
		"twice inside":         {`{"name":"ok","x":[{"a":1,"a":2}]}`, `"a" stands there twice`},
		"trailing bytes":       {`{"name":"ok"} x`, "follows"},
		"second object":        {`{"name":"ok"}{}`, "follows"},
		"truncated":            {`{"name":"ok"`, "ends early"},
		"comma at the end":     {`{"name":"ok",}`, "malformed"},
		"no comma":             {`{"name":"ok" "x":1}`, "malformed"},
		"wrong bracket":        {`{"name":"ok"]`, "malformed"},
		"comment":              {`{"name":"ok"/**/}`, "malformed"},
		"single quotes":        {`{'name':'ok'}`, "malformed"},
		"not UTF-8":            {"{\"name\":\"\xff\"}", "not UTF-8"},
		"byte order mark":      {"\ufeff{}", "malformed"},
		"empty":                {"", "ends early"},
		"array":                {"[]", "not a JSON object"},
		"null":                 {"null", "not a JSON object"},
		"string":               {`"x"`, "not a JSON object"},
		"number":               {"1", "not a JSON object"},
		"wrong type":           {`{"name":5}`, `"name" of the body has a value of the wrong form`},
		"wrong type in a list": {`{"scopes":[5]}`, `"scopes"`},
		"time of a number":     {`{"expires_at":5}`, `"expires_at"`},
		"time without zone":    {`{"expires_at":"2026-11-23"}`, `"expires_at"`},
		"huge number":          {`{"name":1e999}`, `"name"`},
		"half a character":     {`{"name":"\ud800"}`, "half a character"},
		"second half":          {`{"name":"\uDC00x"}`, "half a character"},
		"first half twice":     {`{"name":"\ud83d\ud83d\ude00"}`, "half a character"},
		"half in a name":       {`{"name":"ok","\ud800":1}`, "half a character"},
		"half and text":        {`{"name":"\ud83d_ude00"}`, "half a character"},
		"whole character":      {`{"name":"ok","x":"\ud83d\ude00\ud83d\ude00\u00e9"}`, ""},
		"escaped backslash":    {`{"name":"ok","x":"\\ud800"}`, ""},
		"NaN":                  {`{"name":NaN}`, "malformed"},
	} {
		t.Run(name, func(t *testing.T) {
			var got api.NewToken
			err := unmarshal([]byte(test.text), &got)
			switch {
			case test.fault == "" && (err != nil || got.Name != "ok"):
				t.Errorf("%+v, %v", got, err)
			case test.fault != "" && (!errors.Is(err, api.InvalidRequest) || !strings.Contains(err.Error(), test.fault)):
				t.Errorf("%v, want invalid_request with %q", err, test.fault)
			}
		})
	}
}

// A member's letters count at every depth.
func TestUnmarshalInside(t *testing.T) {
	var got api.Resolve
	err := unmarshal([]byte(`{"proofs":false,"PROOFS":true,"dependencies":[{"package":"@a/b","PACKAGE":"@x/y","version":"1.0.0","Version":{"of":[2]},"ver\u017fion":"3.0.0"}]}`), &got)
	if want := (api.Root{Package: "@a/b", Version: "1.0.0"}); err != nil || got.Proofs || len(got.Dependencies) != 1 || got.Dependencies[0] != want {
		t.Errorf("%+v, %v", got, err)
	}
}

func FuzzUnmarshal(f *testing.F) {
	for _, text := range []string{`{"name":"ok"}`, `{"a":[{"b":null}]}`, `[]`, `{"a":1,"a":2}`, "{\"\u017f\":1}"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var token api.NewToken
		if err := unmarshal(text, &token); err != nil && !errors.Is(err, api.InvalidRequest) {
			t.Errorf("%v is no invalid_request", err)
		}
	})
}
