package lying

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
)

func documentLies() []Lie {
	return []Lie{
		replaced("null", func() string { return "null" }),
		replaced("a list", func() string { return "[]" }),
		replaced("a number", func() string { return "7" }),
		replaced("a document without members", func() string { return "{}" }),
		replaced("a document without end", func() string { return strings.Repeat(`{"a":`, 1<<18) }),
		replaced("lists in lists", func() string { return strings.Repeat("[", 1<<19) + strings.Repeat("]", 1<<19) }),
		rewritten("escapes in all texts", func(value any) any {
			if text, ok := value.(string); ok {
				return Escape + text
			}
			return value
		}),
		rewritten("escapes where texts are free", func(value any) any {
			if text, ok := value.(string); ok && strings.Contains(text, " ") {
				return text + Escape
			}
			return value
		}),
		rewritten("numbers beyond numbers", func(value any) any {
			if _, ok := value.(float64); ok {
				return json.Number("1e400")
			}
			return value
		}),
		rewritten("numbers below nothing", func(value any) any {
			if _, ok := value.(float64); ok {
				return -1
			}
			return value
		}),
		rewritten("nothing but null", func(value any) any {
			switch value.(type) {
			case map[string]any:
				return value
			}
			return nil
		}),
		crowded(),
	}
}

// crowded has millions of elements in one list: far more in memory than on the
// wire.
func crowded() Lie {
	return changed("a list of millions", Document, func(body []byte) []byte {
		var value any
		if json.Unmarshal(body, &value) != nil {
			return body
		}
		const mark = "the list"
		isFirst := true
		text, err := json.Marshal(rewrite(value, func(value any) any {
			if _, ok := value.([]any); ok && isFirst {
				isFirst = false
				return mark
			}
			return value
		}))
		if err != nil {
			return body
		}
		crowd := "[" + strings.Repeat("{},", 3_000_000) + "{}]"
		return bytes.Replace(text, []byte(`"`+mark+`"`), []byte(crowd), 1)
	})
}

func replaced(name string, text func() string) Lie {
	return changed(name, Document, func([]byte) []byte { return []byte(text()) })
}

// rewritten changes every value of a document.
func rewritten(name string, change func(value any) any) Lie {
	return changed(name, Document, func(body []byte) []byte {
		var value any
		if json.Unmarshal(body, &value) != nil {
			return body
		}
		text, err := json.Marshal(rewrite(value, change))
		if err != nil {
			return body
		}
		return text
	})
}

func rewrite(value any, change func(value any) any) any {
	value = change(value)
	switch holder := value.(type) {
	case map[string]any:
		for name, member := range holder {
			holder[name] = rewrite(member, change)
		}
	case []any:
		for i, element := range holder {
			holder[i] = rewrite(element, change)
		}
	}
	return value
}

func sendJSON(w http.ResponseWriter, media string, status int, value any) {
	w.Header().Set("Content-Type", media)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value)
}
